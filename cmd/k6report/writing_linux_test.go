package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k6report/internal/needs"
)

// writing is a command line that writes below out.
type writing struct {
	name   string
	args   []string   // of k6report
	every  int        // of its steps one of so many is tried; 0 is all
	before [][]string // command lines that make what is there before it
	sweep  [][]string // those that take halves away, where it does not itself
	same   bool       // it writes the same bytes each time
	all    bool       // reports in all formats, where others write two
}

// codeKilled is how a shell tells of a program that was killed, and killAt, too.
const codeKilled = 128 + int(syscall.SIGKILL)

// slowRun is the folder of a run that is suspected, among the inputs.
const slowRun = "slow"

// writingsOf are command lines on the inputs in a folder.
func writingsOf(in string) []writing {
	k6report := func(args ...string) []string { return append([]string{"k6report"}, args...) }
	snapshot := func(seed int) string { return filepath.Join(in, fmt.Sprintf("%d.k6run", seed)) }
	store := []string{"--baseline", "main", "--store", "out"}
	add := slices.Concat([]string{"baseline", "add"}, store)
	four := k6report(append(slices.Clone(add), snapshot(1), snapshot(2), snapshot(3), snapshot(4))...)
	prune := slices.Concat([]string{"baseline", "prune", "--keep", "1"}, store)
	return []writing{
		{name: "analyze", all: true, every: 7, args: []string{"analyze", "-q", snapshot(1), "--out", "out"}, before: [][]string{k6report("analyze", "-q", snapshot(2), "--out", "out")}},
		{name: "snapshot", same: true, args: []string{"snapshot", snapshot(1), "-o", "out/run.k6run"}, before: [][]string{k6report("snapshot", snapshot(2), "-o", "out/run.k6run")}},
		{name: "add", args: append(slices.Clone(add), snapshot(2)), before: [][]string{k6report(append(slices.Clone(add), snapshot(1))...)}, sweep: [][]string{k6report(append(prune, "--keep", "9")...)}},
		{name: "prune", same: true, args: prune, before: [][]string{four}},
		{name: "accept", same: true, args: []string{"baseline", "accept", filepath.Join(in, slowRun), "--reason", "signed", "--config", "out/k6report.yaml"}, before: [][]string{{"cp", filepath.Join(in, defaultConfig), "out"}}},
		{
			name: "accept from", same: true, args: slices.Concat([]string{"baseline", "accept", "--from", "20261101T15", "--reason", "signed"}, store),
			before: [][]string{four}, sweep: [][]string{k6report(append(prune, "--keep", "9")...)},
		},
		{name: "run", every: 3, args: []string{"run", "--out", "out", "--", "k6", "run", "s.js"}, before: [][]string{k6report("run", "--out", "out", "--", "k6", "run", "s.js")}},
		{
			name: "ci", args: []string{"ci", "--out", "out", "--join", "always", "--baseline", "main", "--store", "out/store", "--", "k6", "run", "s.js"},
			sweep: [][]string{k6report("baseline", "prune", "--store", "out/store")},
		},
	}
}

// inputsOfWritings makes what the command lines read.
func inputsOfWritings(t *testing.T) string {
	t.Helper()
	in := t.TempDir()
	for seed := range uint64(6) {
		m := usual(seed)
		if err := m.writeFile(filepath.Join(in, fmt.Sprintf("%d.k6run", seed))); err != nil {
			t.Fatal(err)
		}
	}
	slow := usual(9)
	slow.slow = 1.2
	if err := errors.Join(slow.writeFile(filepath.Join(in, "slow.k6run")), os.WriteFile(filepath.Join(in, defaultConfig), []byte("# ours\n"), 0o600), putK6(filepath.Join(in, "bin"))); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"k6report baseline add --baseline main --store store [1-5].k6run",
		"k6report analyze -q slow.k6run --baseline main --store store --formats json --out " + slowRun,
	} {
		if _, stderr, code := shell(t, in, line); code != exitOK {
			t.Fatalf("%s: exit code %d\n%s", line, code, stderr)
		}
	}
	return in
}

// trial is a writing that can be done again and again.
type trial struct {
	writing
	in            string
	start         string            // a folder as it is before
	before, after map[string][]byte // the files below out
	takes         time.Duration
}

// try does a writing once undisturbed.
func try(t *testing.T, in string, w writing) *trial {
	t.Helper()
	x := &trial{writing: w, in: in, start: t.TempDir()}
	if err := os.Mkdir(filepath.Join(x.start, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, line := range w.before {
		x.must(t, x.start, line)
	}
	x.before = contents(t, x.start)
	dir := x.afresh(t)
	began := time.Now()
	x.must(t, dir, append([]string{"k6report"}, w.args...))
	x.takes, x.after = time.Since(began), contents(t, dir)
	return x
}

// afresh is a new folder in which nothing was done yet.
func (x *trial) afresh(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(x.start)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (x *trial) command(ctx context.Context, dir string, line ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	said := new(bytes.Buffer)
	cmd.Dir, cmd.Stderr = dir, said
	formats := "json,snapshot"
	if x.all {
		formats = ""
	}
	cmd.Env = []string{
		endAtOnce, "K6REPORT_FORMATS=" + formats, "FAKE_SAMPLES=" + filepath.Join(x.in, "5.k6run"), "HOME=" + dir,
		"PATH=" + filepath.Join(x.in, "bin") + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"FAKE_PLAN=" + usualPlan,
	}
	return cmd, said
}

func (x *trial) must(t *testing.T, dir string, line []string) {
	t.Helper()
	cmd, said := x.command(t.Context(), dir, line...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v\n%s", line, err, said)
	}
}

// contents are the files below out.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	names, err := filesBelow(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if files[name], err = os.ReadFile(filepath.Join(dir, "out", filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// isHalf says that a file is one that is being written, which nobody reads.
func isHalf(name string) bool { return strings.HasSuffix(name, ".tmp") }

// sound checks that every file is what it was before, what it will be, or else whole,
// and that what k6 has measured can be read.
func (x *trial) sound(t *testing.T, dir string) {
	t.Helper()
	there := contents(t, dir)
	for name, content := range there {
		switch base := filepath.Base(name); {
		case bytes.Equal(content, x.before[name]), bytes.Equal(content, x.after[name]):
		case isHalf(name), base == runningFile, base == logFile: // k6 writes its log as it goes
		case base == samplesFile, base == defaultConfig:
			t.Errorf("%s, %d bytes, is neither what it was nor what it will be", name, len(content))
		default:
			if err := complete(name, content); err != nil {
				t.Errorf("%s, %d bytes: %v", name, len(content), err)
			}
		}
	}
	if _, measured := there[samplesFile]; measured {
		x.must(t, dir, []string{"k6report", "analyze", "-q", "out"})
	}
}

// amiss are the files that are not as the writing leaves them: missing, too many, still
// what they were before, not whole.
func (x *trial) amiss(there map[string][]byte) (names []string) {
	for name, content := range there {
		after, wanted := x.after[name]
		switch {
		case wanted && bytes.Equal(content, after):
		case !wanted, x.same, bytes.Equal(content, x.before[name]), complete(name, content) != nil:
			names = append(names, name)
		}
	}
	for name := range x.after {
		if _, ok := there[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// again does it once more, undisturbed and an hour later: all is there, and no half.
func (x *trial) again(t *testing.T, dir string) {
	t.Helper()
	old := time.Now().Add(-2 * abandoned)
	for name := range contents(t, dir) {
		if isHalf(name) {
			if err := os.Chtimes(filepath.Join(dir, "out", filepath.FromSlash(name)), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	x.must(t, dir, append([]string{"k6report"}, x.args...))
	for _, line := range x.sweep {
		x.must(t, dir, line)
	}
	if amiss := x.amiss(contents(t, dir)); len(amiss) > 0 {
		t.Errorf("done once more, %q are not as they should be", amiss)
	}
}

// Killed behind any change that it makes to files, a program leaves whole files, and
// doing it again does the rest and takes away what was half written.
func TestKilledAtEveryStep(t *testing.T) {
	needs.Time(t, "starts many programs")
	in := inputsOfWritings(t)
	for _, w := range writingsOf(in) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			x := try(t, in, w)
			killed, halves := 0, 0
			for n := 1; ; n += max(w.every, 1) {
				dir := x.afresh(t)
				cmd, said := x.command(t.Context(), dir, append([]string{"killat", strconv.Itoa(n), "k6report"}, w.args...)...)
				_ = cmd.Run() // the state says it
				if text, ok := strings.CutPrefix(said.String(), "killat: "); ok {
					needs.LeaveOut(t, "missing: the right to trace programs: %s", text)
				}
				if code := cmd.ProcessState.ExitCode(); code == exitOK {
					break // it makes fewer changes
				} else if code != codeKilled {
					t.Fatalf("killed at step %d: exit code %d\n%s", n, code, said)
				}
				killed++
				x.sound(t, dir)
				if slices.ContainsFunc(slices.Collect(maps.Keys(contents(t, dir))), isHalf) {
					halves++
					if halves%3 == 1 {
						x.again(t, dir)
					}
				}
			}
			t.Logf("killed behind %d changes, %d times amid a file", killed, halves)
			if halves < 2 {
				t.Error("it was not killed amid a file: the test shows nothing")
			}
		})
	}
}

// interruptedWords are how a program that was interrupted may end: what is left, or
// what to do.
var interruptedWords = []string{"k6report: interrupted\n", "k6report: the run and its reports are in out\n", "k6report: hint: k6's log is out/k6.log\n"}

// Ctrl-C at any time leaves whole files, no half, what k6 measured, and a word.
func TestInterruptedAtAnyTime(t *testing.T) {
	needs.Time(t, "starts many programs")
	const seed, times = 20261128, 8
	in := inputsOfWritings(t)
	for i, w := range writingsOf(in) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			x := try(t, in, w)
			t.Logf("seed %d, undisturbed it takes %v", seed, x.takes)
			moments := rand.New(rand.NewPCG(seed, uint64(i)))
			for range times {
				dir := x.afresh(t)
				cmd, said := x.command(t.Context(), dir, append([]string{"k6report"}, w.args...)...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				at := time.Duration(moments.Int64N(int64(x.takes)))
				interrupt := time.AfterFunc(at, func() { _ = cmd.Process.Signal(syscall.SIGINT) })
				_ = cmd.Wait() // the state says it
				interrupt.Stop()
				ended, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
				amiss := x.amiss(contents(t, dir))
				switch code := cmd.ProcessState.ExitCode(); {
				case code == exitInterrupted:
					text := said.String()
					last := text[strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n')+1:]
					if !slices.Contains(interruptedWords, last) {
						t.Errorf("interrupted after %v it ends with\n%s", at, text)
					}
				case code == exitOK && len(amiss) == 0: // before
				case ended.Signaled() && ended.Signal() == syscall.SIGINT: // before it listened
				default:
					t.Errorf("interrupted after %v: %v, %q are not as they should be\n%s", at, cmd.ProcessState, amiss, said)
				}
				x.sound(t, dir)
				for name := range contents(t, dir) {
					if isHalf(name) || filepath.Base(name) == runningFile {
						t.Errorf("interrupted after %v it leaves %s", at, name)
					}
				}
			}
		})
	}
}
