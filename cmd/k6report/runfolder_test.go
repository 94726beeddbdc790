package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/ingest"
)

// Runs that begin in the same second have folders of their own, made only when they
// begin; one that is there, be it empty, is never taken.
func TestSameSecond(t *testing.T) {
	t.Chdir(t.TempDir())
	a, _, _ := terminal(t, 100)
	a.now = func() time.Time { return time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC) }
	var all []*series
	for range 3 {
		s, err := a.newSeries(&runFlags{repeat: 2}, []string{"k6", "run", "x.js"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if _, err := os.Stat(resultsFolder); err == nil {
		t.Error("a folder was made before anything ran")
	}
	for i, ending := range []string{"", "-2", "-3"} {
		for range 2 { // for each of its runs
			if err := all[i].claim(); err != nil {
				t.Fatal(err)
			}
		}
		root := filepath.Join(resultsFolder, "20261123T114553-x"+ending)
		if got, want := []string{all[i].jobs[0].dir, all[i].jobs[1].dir}, []string{filepath.Join(root, "1"), filepath.Join(root, "2")}; !slices.Equal(got, want) {
			t.Errorf("folders %q, want %q", got, want)
		}
	}
	if made, err := os.ReadDir(resultsFolder); err != nil || len(made) != 3 {
		t.Errorf("folders %v, %v", made, err)
	}
}

// A folder takes one run at a time; what is left of one that was killed keeps nobody out.
func TestFolderOfARun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, runningFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		release, err := begin(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := begin(dir); err == nil || !strings.Contains(err.Error(), "another k6report is making a run in "+filepath.ToSlash(dir)) {
			t.Errorf("a second run: %v", err)
		}
		release()
		if left, err := filesBelow(dir); err != nil || len(left) > 0 {
			t.Errorf("%q is left, %v", left, err)
		}
	}
}

// Nothing of an earlier run stays, in whatever format its samples were, and all else does.
func TestEarlierRunIsTakenAway(t *testing.T) {
	dir := t.TempDir()
	for _, name := range append(ingest.SampleFiles(), summaryFile, planFile, executionFile, logFile, reportFile, "notes.txt") {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	release, err := begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if left, err := filesBelow(dir); err != nil || !slices.Equal(left, []string{"notes.txt"}) {
		t.Errorf("%q is left, %v", left, err)
	}
}
