package needs_test

import (
	"fmt"
	"testing"

	"k6report/internal/needs"
)

// recorder is a test that says how it ended.
type recorder struct {
	testing.TB
	ended string
}

func (*recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.ended = "skipped: " + fmt.Sprintf(format, args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.ended = "failed: " + fmt.Sprintf(format, args...)
}

func TestLeaveOut(t *testing.T) {
	for _, tc := range []struct{ all, want string }{
		{"", "skipped: k6 is missing"},
		{"0", "skipped: k6 is missing"},
		{"1", "failed: k6 is missing"},
	} {
		t.Setenv("K6REPORT_REQUIRE_ALL", tc.all)
		r := &recorder{}
		if needs.LeaveOut(r, "%s is missing", "k6"); r.ended != tc.want {
			t.Errorf("K6REPORT_REQUIRE_ALL=%s: %q, want %q", tc.all, r.ended, tc.want)
		}
		want := ""
		if testing.Short() {
			want = map[bool]string{true: "failed", false: "skipped"}[tc.all == "1"] + ": not with -short: it takes long"
		}
		r = &recorder{}
		if needs.Time(r, "it takes long"); r.ended != want {
			t.Errorf("K6REPORT_REQUIRE_ALL=%s: %q, want %q", tc.all, r.ended, want)
		}
	}
}
