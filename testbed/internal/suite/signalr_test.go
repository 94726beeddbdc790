package suite

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// signalrClient finds the folder that scripts/signalr.sh installed the
// official client in.
func signalrClient(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../.tools/signalr")
	if err != nil {
		t.Fatal(err)
	}
	_, missing := os.Stat(filepath.Join(dir, "node_modules", "@microsoft", "signalr"))
	_, noNode := exec.LookPath("node")
	if err := errors.Join(missing, noNode); err != nil {
		if os.Getenv("K6REPORT_REQUIRE_ALL") == "1" {
			t.Fatalf("the official SignalR client is not installed; testbed/scripts/signalr.sh does it: %v", err)
		}
		t.Skip("the official SignalR client is not installed; testbed/scripts/signalr.sh does it")
	}
	return dir
}

func TestTheOfficialSignalRClient(t *testing.T) {
	modules := signalrClient(t)
	e := startEngine(t)
	out, err := exec.CommandContext(t.Context(), "node", "testdata/signalr-client.cjs", modules, e.URL).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	var seen struct {
		Events        map[string]int
		Gaps, Tasks   int
		Success       bool
		SameExecution bool
		Stopped       bool
		Error         string
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	for kind, want := range map[string]int{"WorkflowStarted": 1, "TaskStarted": 6, "TaskCompleted": 6, "WorkflowCompleted": 1} {
		if seen.Events[kind] != want {
			t.Errorf("%d %s, want %d", seen.Events[kind], kind, want)
		}
	}
	if !seen.Success || seen.Tasks != 6 || seen.Gaps != 0 || !seen.SameExecution || !seen.Stopped {
		t.Errorf("seen %s", out)
	}
	if !strings.Contains(seen.Error, "not found") {
		t.Errorf("an absent workflow: %q", seen.Error)
	}
}
