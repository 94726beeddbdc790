package suite

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k6report/testbed/internal/needs"
)

// signalrClient finds the folder that tools/install.sh puts the official
// client into. Where everything is required, it is installed if npm is there.
func signalrClient(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../.tools/npm")
	if err != nil {
		t.Fatal(err)
	}
	_, noNode := exec.LookPath("node")
	_, noClient := os.Stat(filepath.Join(dir, "node_modules", "@microsoft", "signalr"))
	if err := errors.Join(noNode, noClient); err != nil {
		const remedy = "the official SignalR client can't run: `make tools` installs it, with Node.js"
		needs.LeaveOut(t, "%s: %v", remedy, err)
	}
	return dir
}

func TestTheOfficialSignalRClient(t *testing.T) {
	endToEnd(t)
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

func TestSignalRLibrary(t *testing.T) {
	k6Binary(t)
	e := startEngine(t)
	result, s := runScript(t, "lib/signalr.test.js", map[string]string{"BASE_URL": e.URL})
	if result.ExitCode != ExitOK {
		t.Errorf("exit code %d", result.ExitCode)
	}
	for _, metric := range []string{"ws_connecting", "ws_broadcast_delay_ms", "ws_dropped_messages"} {
		if len(s.points[metric]) == 0 {
			t.Errorf("%s has no samples", metric)
		}
	}
}
