package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// runFolders makes folders of runs, and works above them.
func runFolders(t *testing.T, dirs ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, summaryFile), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Both verbs that take what is under results/ find the same runs there: all but
// those of the default store.
func TestRunsBelow(t *testing.T) {
	runFolders(t, "results/a/1", "results/b", "results/baselines", "results/baselines/main", "results/baselines-of-old", "results/baselines-of-old/1", "results/a/b/too-deep")
	got, err := runsBelow(resultsFolder)
	for i := range got {
		got[i] = filepath.ToSlash(got[i])
	}
	want := []string{"results/a/1", "results/b", "results/baselines-of-old", "results/baselines-of-old/1"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if newest, err := newestRun(resultsFolder); err != nil || !slices.Contains(got, filepath.ToSlash(newest)) {
		t.Errorf("the newest is %s, %v", newest, err)
	}
}

// A second run is newer than its first, and yet not the run that is meant.
func TestTheNewestRunIsNoSecondOne(t *testing.T) {
	runFolders(t, "results/a", "results/b", "results/b-confirm", "results/lone-confirm")
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, dir := range []string{"lone-confirm", "a", "b", "b-confirm"} { // the oldest first
		at = at.Add(time.Hour)
		if err := os.Chtimes(filepath.Join(resultsFolder, dir, summaryFile), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"results/b", "results/a", "results/lone-confirm"} {
		newest, err := newestRun(resultsFolder)
		if err != nil || filepath.ToSlash(newest) != want {
			t.Fatalf("the newest is %s, %v, want %s", newest, err, want)
		}
		for _, dir := range []string{want, confirmFolder(want)} {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestUnits(t *testing.T) {
	runFolders(t, "results/ci", "results/ci-confirm", "results/a/main", "results/b/main", "results/lone-confirm")
	for _, tc := range []struct {
		args string
		out  string
		want []string // name, folder, second run
	}{
		{"results/ci", "", []string{"ci results/ci results/ci-confirm"}},
		{"results/ci results/ci-confirm", "", []string{"ci results/ci results/ci-confirm"}},
		{"results/ci/ results/ci-confirm/ results/ci", "", []string{"ci results/ci results/ci-confirm"}},
		{"results/ci-confirm", "", []string{"ci-confirm results/ci-confirm "}}, // it is what was asked for
		{"results/lone-confirm", "", []string{"lone-confirm results/lone-confirm "}},
		{"results/a/main results/b/main", "", []string{"a/main results/a/main ", "b/main results/b/main "}},
		{"results/a results/b", "out", []string{"a/main out/a/main ", "b/main out/b/main "}},
		{"", "", []string{"a/main results/a/main ", "b/main results/b/main ", "ci results/ci results/ci-confirm", "lone-confirm results/lone-confirm "}},
		{"results/ci results/a/main", "out", []string{"ci out/ci results/ci-confirm", "main out/main "}},
	} {
		units, err := unitsOf(strings.Fields(tc.args), tc.out)
		var got []string
		for _, u := range units {
			got = append(got, strings.Join([]string{u.name, filepath.ToSlash(u.dir), filepath.ToSlash(u.rerun)}, " "))
		}
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%q: %q, %v, want %q", tc.args, got, err, tc.want)
		}
	}
	if err := os.MkdirAll("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := unitsOf([]string{"empty"}, ""); err == nil {
		t.Error("a folder without a run is taken")
	}
	t.Chdir("empty")
	var usage usageError
	if units, err := unitsOf(nil, ""); !errors.As(err, &usage) {
		t.Errorf("nothing to judge: %v, %v", units, err)
	}
}

func TestUniqueNames(t *testing.T) {
	for in, want := range map[string]string{
		"results/main":              "main",
		"a/main b/main":             "a/main b/main",
		"x/a/main y/a/main z/other": "x/a/main y/a/main other",
		"a/main a/main":             "a/main a/main-2",
		"main a/main":               "main a/main",
		"../../main ../main":        "main main-2",
		". ..":                      "run run-2",
		"/srv/one/results/ci /srv/two/results/ci/": "one/results/ci two/results/ci",
	} {
		if got := strings.Join(uniqueNames(strings.Fields(in)), " "); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
