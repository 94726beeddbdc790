package influxtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k6report/internal/needs"
)

// Run starts a server for a test, which ends with it. Without influxd the test
// is left out, or fails where K6REPORT_REQUIRE_ALL=1. root is the project's
// folder.
func Run(t testing.TB, root string, o Options) *Server {
	t.Helper()
	needs.Time(t, "it starts an InfluxDB")
	influxd, err := Find(root)
	switch {
	case err == nil:
	default:
		needs.LeaveOut(t, "%v; run `make tools`", err)
	}
	s, err := Start(t.Context(), influxd, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Find is the path of influxd: among the project's tools, else on PATH.
func Find(root string) (string, error) {
	path, err := filepath.Abs(filepath.Join(root, ".tools", "bin", "influxd"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return exec.LookPath("influxd")
}
