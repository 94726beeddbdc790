//go:build unix

package baseline_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k6report/internal/baseline"
)

// writerVariable makes the test binary a writer: its value is the folder, a
// name of its own, and how many entries it adds.
const writerVariable = "K6REPORT_TEST_WRITER"

func TestMain(m *testing.M) {
	if told := os.Getenv(writerVariable); told != "" {
		if err := write(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// write adds entries and says which, each after it was added. Each tenth is of a
// run that all writers add.
func write(told string) error {
	parts := strings.SplitN(told, ":", 3)
	if len(parts) != 3 {
		return fmt.Errorf("want NAME:COUNT:DIR, not %q", told)
	}
	count, err := strconv.Atoi(parts[1])
	if err != nil {
		return err
	}
	s, err := baseline.Open(baseline.Dir(parts[2]), "main")
	if err != nil {
		return err
	}
	for i := range count {
		id := fmt.Sprintf("%s-%d", parts[0], i)
		if i%10 == 0 {
			id = fmt.Sprintf("shared-%d", i)
		}
		if err := s.Add(context.Background(), big(id)); err != nil {
			return err
		}
		fmt.Println(id)
	}
	return nil
}

// big is an entry whose bytes take a while to write, and tell whether they are
// all there.
func big(id string) *baseline.Entry {
	e := &baseline.Entry{ID: id, Started: time.Unix(1_700_000_000, 0).UTC(), Labels: make(map[string]string)}
	for i := range 200 {
		e.Labels[fmt.Sprint(i)] = strings.Repeat(id, 10)
	}
	return e
}

func writer(t *testing.T, name string, count int, dir string) (cmd *exec.Cmd, added io.ReadCloser) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d:%s", writerVariable, name, count, dir))
	cmd.Stderr = os.Stderr
	if added, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, added
}

// checkWhole says that the store holds the entries and that none is damaged.
func checkWhole(t *testing.T, dir string, ids map[string]bool) {
	t.Helper()
	entries, damaged, err := open(t, dir).List(t.Context())
	if err != nil || len(damaged) > 0 {
		t.Fatalf("%v, damaged: %v", err, damaged)
	}
	there := make(map[string]bool)
	for _, e := range entries {
		there[e.ID] = true
		if len(e.Labels) != 200 || e.Labels["199"] != strings.Repeat(e.ID, 10) {
			t.Errorf("%s is not whole", e.ID)
		}
	}
	for id := range ids {
		if !there[id] {
			t.Errorf("%s was added and is not there", id)
		}
	}
}

func TestTwoProcessesAddAtOnce(t *testing.T) {
	count := 1000
	if testing.Short() {
		count = 40
	}
	dir := t.TempDir()
	ids := make(map[string]bool)
	names := []string{"a", "b"}
	var commands []*exec.Cmd
	var outputs []io.ReadCloser
	for _, name := range names {
		cmd, added := writer(t, name, count, dir)
		commands, outputs = append(commands, cmd), append(outputs, added)
	}
	for i, cmd := range commands {
		for lines := bufio.NewScanner(outputs[i]); lines.Scan(); {
			ids[lines.Text()] = true
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if want := 2*count - count/10; len(ids) != want {
		t.Errorf("%d entries were added, want %d", len(ids), want)
	}
	checkWhole(t, dir, ids)
	left, err := filepath.Glob(filepath.Join(dir, "main", ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A writer that is killed at any moment leaves nothing half, and nothing that it
// said was added is lost.
func TestKilledWriters(t *testing.T) {
	times := 200
	if testing.Short() {
		times = 10
	}
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	ids := make(map[string]bool)
	for i := range times {
		cmd, added := writer(t, fmt.Sprintf("w%d", i), 1_000_000, dir)
		lines := bufio.NewScanner(added)
		for range 1 + rng.IntN(2) {
			if !lines.Scan() {
				t.Fatal("the writer ended by itself")
			}
			ids[lines.Text()] = true
		}
		// The moment is any within the next additions.
		time.Sleep(time.Duration(rng.Int64N(int64(3 * time.Millisecond))))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			ids[lines.Text()] = true
		}
		_ = cmd.Wait() // it was killed
		if i%20 == 19 || i == times-1 {
			checkWhole(t, dir, ids)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "main", ".*.tmp"))
	if err != nil {
		t.Fatal(err)
	}
	halves := len(left)
	t.Logf("seed %d: killed %d times, in %d of them amid a file; %d entries", seed, times, halves, len(ids))
	if times == 200 && halves == 0 {
		t.Error("no writer was killed amid a file: the test tells nothing")
	}
	swept, err := baseline.Dir(dir).Sweep(t.Context(), time.Now().Add(time.Minute))
	if err != nil || swept != halves {
		t.Errorf("swept %d of %d, %v", swept, halves, err)
	}
	checkWhole(t, dir, ids)
}
