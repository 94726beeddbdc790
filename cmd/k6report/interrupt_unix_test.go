//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"k6report/internal/report"
)

// program is k6report, started in a folder of its own.
type program struct {
	*exec.Cmd
	stdout bytes.Buffer
	stderr *bufio.Reader
}

// prepare makes the command in dir with the fake k6 and these variables.
func prepare(t *testing.T, dir string, env []string, args ...string) *program {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := putK6(bin); err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: exec.CommandContext(t.Context(), "k6report", args...)}
	p.Dir = dir
	p.Env = slices.Concat(os.Environ(), []string{endAtOnce, "K6REPORT_FORMATS=summary,json,snapshot", "PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH")}, env)
	p.Stdout = &p.stdout
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = bufio.NewReader(stderr)
	return p
}

func (p *program) start(t *testing.T) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

// await reads standard error up to a line that has to come, with any of the texts.
func (p *program) await(t *testing.T, wanted ...string) {
	t.Helper()
	for {
		line, err := p.stderr.ReadString('\n')
		if slices.ContainsFunc(wanted, func(want string) bool { return strings.Contains(line, want) }) {
			return
		}
		if err != nil {
			t.Fatalf("standard error ended (%v) without %q", err, wanted)
		}
	}
}

func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the exit code and returns the rest of standard error.
func (p *program) ends(t *testing.T, code int) string {
	t.Helper()
	rest, err := io.ReadAll(p.stderr)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the state says it
	if got := p.ProcessState.ExitCode(); got != code {
		t.Fatalf("exit code %d, want %d\n%s", got, code, rest)
	}
	return string(rest)
}

// TestInterruptReading ends reading of a standard input that never does.
func TestInterruptReading(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]os.Signal{"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := prepare(t, dir, nil, "analyze", "-", "--out", "out")
			stdin, err := p.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			p.start(t)
			// More than a pipe holds: once it is written, the program reads.
			var samples bytes.Buffer
			if err := (generated{seconds: 10, rate: 60}).write(&samples); err != nil {
				t.Fatal(err)
			}
			if n := samples.Len(); n < 1<<20 {
				t.Fatalf("only %d bytes of samples", n)
			}
			if _, err := samples.WriteTo(stdin); err != nil {
				t.Fatal(err)
			}
			p.signal(t, s)
			if said := p.ends(t, 130); said != "k6report: interrupted\n" {
				t.Errorf("standard error %q", said)
			}
			if p.stdout.Len() > 0 {
				t.Errorf("standard output %q", &p.stdout)
			}
			wantFiles(t, dir, "bin/k6")
		})
	}
}

// TestInterruptPipe ends waiting for the first byte of a named pipe.
func TestInterruptPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "run.json")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	p := prepare(t, dir, nil, "snapshot", "run.json", "-o", "x.k6run")
	p.start(t)
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0) // returns when the program opens it
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.signal(t, syscall.SIGINT)
	p.ends(t, 130)
	wantFiles(t, dir, "bin/k6", "run.json")
}

// TestInterruptOpening ends waiting for a pipe that nobody writes to.
func TestInterruptOpening(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openFile(ctx, fifo); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	// Whoever still waits is let go. It may not have come as far yet, so the
	// pipe stays open until the test's end.
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
}

// runFiles are what the runs of these tests leave, which ask for few formats.
var runFiles = []string{
	"out/execution.json", "out/k6.log", "out/plan.json", "out/report.json",
	"out/run.json.gz", "out/run.k6run", "out/summary.json", "out/summary.txt",
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	got, err := filesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

type executionRecord struct {
	ExitCode    int    `json:"exit_code"`
	Signal      string `json:"signal"`
	Interrupted bool   `json:"interrupted"`
}

func readRecord(t *testing.T, path string) (r executionRecord) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestInterruptRun reports on what there is when k6 was interrupted.
func TestInterruptRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := prepare(t, dir, []string{"FAKE_MODE=hang"}, "run", "--out", "out", "--", "k6", "run", "s.js")
	p.start(t)
	p.await(t, "fake message")
	p.signal(t, syscall.SIGINT)
	said := p.ends(t, 130)
	if strings.Count(said, "fake was interrupted") != 1 || !strings.Contains(said, "the run and its reports are in out") || strings.Contains(said, "hint") {
		t.Errorf("standard error %q", said)
	}
	if out := p.stdout.String(); !strings.Contains(out, "exit code 105: the run was interrupted") {
		t.Errorf("standard output %q", out)
	}
	wantFiles(t, dir, append([]string{"bin/k6"}, runFiles...)...)
	if r := readRecord(t, filepath.Join(dir, "out", executionFile)); r.ExitCode != 105 || !r.Interrupted {
		t.Errorf("record %+v", r)
	}
}

// TestInterruptTwice ends a k6 that does not listen, and reports all the same.
func TestInterruptTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := prepare(t, dir, []string{"FAKE_MODE=stuck"}, "run", "--out", "out", "--", "k6", "run", "s.js")
	p.start(t)
	p.await(t, "fake message")
	p.signal(t, syscall.SIGINT)
	p.await(t, "fake was interrupted")
	p.signal(t, syscall.SIGINT)
	p.ends(t, 130)
	wantFiles(t, dir, append([]string{"bin/k6"}, runFiles...)...)
	if r := readRecord(t, filepath.Join(dir, "out", executionFile)); r.ExitCode != -1 || r.Signal != "killed" {
		t.Errorf("record %+v", r)
	}
}

// TestInterruptEmpty says what is missing when nothing was measured.
func TestInterruptEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := prepare(t, dir, []string{"FAKE_MODE=silent hang"}, "run", "--out", "out", "--", "k6", "run", "s.js")
	p.start(t)
	p.await(t, "fake message")
	p.signal(t, syscall.SIGINT)
	if said := p.ends(t, 130); !strings.Contains(said, "left nothing to report on") {
		t.Errorf("standard error %q", said)
	}
	if p.stdout.Len() > 0 {
		t.Errorf("standard output %q", &p.stdout)
	}
	wantFiles(t, dir, "bin/k6", "out/execution.json", "out/k6.log", "out/plan.json")
}

// runConfirmed is the command line of a run with --confirm.
var runConfirmed = []string{"run", "--baseline", "main", "--confirm", "--out", "out", "--", "k6", "run", "s.js"}

// suspicious prepares a command line whose run its baseline will suspect. Of the two
// runs the one in this folder goes on until it is interrupted.
func suspicious(t *testing.T, dir, hangs string, line ...string) *program {
	t.Helper()
	args := []string{"baseline", "add", "-q", "--baseline", "main"}
	for seed := range uint64(6) {
		m := usual(seed + 1)
		name := fmt.Sprintf("%d.k6run", m.seed)
		if m.seed == 6 {
			m.slow, name = 1.2, "slow.k6run"
		} else {
			args = append(args, name)
		}
		if err := m.writeFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	add := prepare(t, dir, nil, args...)
	add.start(t)
	add.ends(t, exitOK)
	return prepare(t, dir, []string{
		"FAKE_PLAN=" + usualPlan, "FAKE_MODE=hang", "FAKE_ONLY=json=" + hangs + "/run.json.gz", "FAKE_SAMPLES=slow.k6run", "FAKE_CONFIRM=slow.k6run",
	}, line...)
}

// TestInterruptBeforeSecondRun reports on what the first run measured, and does not
// begin the second one.
func TestInterruptBeforeSecondRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := suspicious(t, dir, "out", runConfirmed...)
	p.start(t)
	p.await(t, "fake message")
	p.signal(t, syscall.SIGINT)
	if said := p.ends(t, 130); strings.Contains(said, "second run") || !strings.Contains(said, "the run and its reports are in out") {
		t.Errorf("standard error %q", said)
	}
	if r := readReport(t, filepath.Join(dir, "out", reportFile)); !suspected(r) {
		t.Error("the run is not suspected: the test shows nothing")
	}
	if isFile(filepath.Join(dir, "out-confirm", samplesFile)) {
		t.Error("a second run was made")
	}
}

// TestInterruptSecondRun keeps what the first run showed, with its files.
func TestInterruptSecondRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := suspicious(t, dir, "out-confirm", runConfirmed...)
	p.start(t)
	p.await(t, "a second run confirms or clears it")
	p.await(t, "fake message")
	p.signal(t, syscall.SIGINT)
	if said := p.ends(t, 130); !strings.Contains(said, "the run and its reports are in out") {
		t.Errorf("standard error %q", said)
	}
	if out := p.stdout.String(); !strings.Contains(out, "SUSPECTED") {
		t.Errorf("standard output %q", out)
	}
	var want []string
	for _, name := range runFiles {
		want = append(want, strings.TrimPrefix(name, "out/"))
	}
	wantFiles(t, filepath.Join(dir, "out"), want...)
	if r := readReport(t, filepath.Join(dir, "out", reportFile)); !suspected(r) {
		t.Errorf("verdict %+v", r.Verdict)
	}
}

// TestInterruptSecondRunOfAnotherJob says where the first job's run is, and what is left
// of the second one confirms nothing.
func TestInterruptSecondRunOfAnotherJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := suspicious(t, dir, "out-confirm", "ci", "--baseline", "main", "--confirm=false", "--out", "out", "--", "k6", "run", "s.js")
	again := usual(7)
	again.slow = 1.2
	if err := again.writeFile(filepath.Join(dir, "again.k6run")); err != nil {
		t.Fatal(err)
	}
	first.Env = append(first.Env, "GITLAB_CI=", "FAKE_CONFIRM=again.k6run")
	first.start(t)
	first.ends(t, exitOK)
	second := prepare(t, dir, first.Env, "ci", "--baseline", "main", "--first", "out", "--", "k6", "run", "s.js")
	second.start(t)
	second.await(t, "a second run confirms or clears it")
	second.await(t, "fake message")
	second.signal(t, syscall.SIGINT)
	if said := second.ends(t, exitInterrupted); !strings.HasSuffix(said, "k6report: the run is kept in out: k6report analyze out\nk6report: interrupted\n") {
		t.Errorf("standard error %q", said)
	}
	later := prepare(t, dir, first.Env, "ci", "--baseline", "main", "out")
	later.start(t)
	later.ends(t, exitOK)
	r := readReport(t, filepath.Join(dir, "out", reportFile))
	unused := slices.ContainsFunc(r.Notes, func(n report.Note) bool {
		return n.Code == "rerun_unused" && strings.Contains(n.Message, "the run was interrupted")
	})
	if !suspected(r) || !unused {
		t.Errorf("verdict %+v, notes %+v", r.Verdict, r.Notes)
	}
}

func readReport(t *testing.T, path string) *report.Report {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return decodeReport(t, content)
}

// TestRunWhereOneIsBeingMade is refused, and takes nothing from that one.
func TestRunWhereOneIsBeingMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"run", "--out", "out", "--", "k6", "run", "s.js"}
	first := prepare(t, dir, []string{"FAKE_MODE=hang"}, args...)
	first.start(t)
	first.await(t, "fake message")
	second := prepare(t, dir, nil, args...)
	second.start(t)
	said := second.ends(t, exitFailed)
	if !strings.Contains(said, "k6report: error: another k6report is making a run in out\nk6report: hint: wait for its end, or name another folder with --out\n") {
		t.Errorf("standard error %q", said)
	}
	first.signal(t, syscall.SIGINT)
	first.ends(t, 130)
	wantFiles(t, dir, append([]string{"bin/k6"}, runFiles...)...)
	third := prepare(t, dir, nil, args...)
	third.start(t)
	third.ends(t, exitOK)
}
