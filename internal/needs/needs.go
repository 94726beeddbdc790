// Package needs is how tests say what they can't do without: time, a tool, a
// system. Where K6REPORT_REQUIRE_ALL=1, as in CI, a test that would be left out
// fails: nobody would see there what is not tested.
package needs

import (
	"os"
	"testing"
)

// Time leaves a test out under -short, and says why it takes long.
func Time(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		LeaveOut(t, "not with -short: %s", why)
	}
}

// LeaveOut leaves a test out, and says what is missing.
func LeaveOut(t testing.TB, format string, args ...any) {
	t.Helper()
	if All() {
		t.Fatalf(format, args...)
	} else {
		t.Skipf(format, args...)
	}
}

// All reports whether no test may be left out.
func All() bool {
	return os.Getenv("K6REPORT_REQUIRE_ALL") == "1" //nolint:forbidigo // tests have no other way to be told
}
