package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"k6report/internal/needs"
)

// TestSameBytes gives the same report on 1, 2 and 7 processors, plain, packed
// and from the snapshot, of a run that is read in several pieces.
func TestSameBytes(t *testing.T) {
	needs.Time(t, "reads some hundred megabytes")
	for name, g := range map[string]generated{
		"requests":   {seconds: 120, rate: 260, seed: 1, threshold: "p(95)<1"},
		"components": {seconds: 120, rate: 150, seed: 2, threshold: "p(95)<1", components: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "run.json")
			if err := g.writeFile(path); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Size() < 64<<20 {
				t.Fatalf("the run has %d bytes (%v), want several segments", info.Size(), err)
			}
			want := reportBytes(t, dir, 1, "run.json")
			for _, processors := range []int{2, 7} {
				if !bytes.Equal(reportBytes(t, dir, processors, "run.json"), want) {
					t.Errorf("another report on %d processors", processors)
				}
			}
			// A snapshot says of its sources what they were.
			for _, processors := range []int{1, 7} {
				k6report(t, dir, processors, 0, "snapshot", "run.json", "-o", "run.k6run", "-q")
				if !bytes.Equal(reportBytes(t, dir, processors, "run.k6run"), want) {
					t.Errorf("another report from the snapshot on %d processors", processors)
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			packed := filepath.Join(dir, "packed")
			if err := g.writeFile(filepath.Join(packed, "run.json.gz")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(packed, "run.json.gz"), path); err != nil {
				t.Fatal(err)
			}
			for _, processors := range []int{1, 2, 7} {
				if !bytes.Equal(reportBytes(t, dir, processors, "run.json"), want) {
					t.Errorf("another report of the packed run on %d processors", processors)
				}
			}
		})
	}
}

func reportBytes(t *testing.T, dir string, processors int, source string) []byte {
	t.Helper()
	return k6report(t, dir, processors, 4, "analyze", source, "--json")
}

// k6report runs the program on some processors and returns standard output.
func k6report(t *testing.T, dir string, processors, code int, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "k6report", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), endAtOnce, "GOMAXPROCS="+strconv.Itoa(processors))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("k6report %q: %v, want exit code %d\n%s", args, err, code, &stderr)
	}
	return stdout.Bytes()
}
