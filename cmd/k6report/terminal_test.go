package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// terminal is the program at a terminal, with a clock that runs fast.
func terminal(t *testing.T, width int, env ...string) (a *app, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	now := time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC)
	return &app{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, env: env,
		now: func() time.Time {
			now = now.Add(patience)
			return now
		},
		width: width, stdoutTerminal: true, stderrTerminal: true, version: "test", forges: forges(),
	}, stdout, stderr
}

func samplesFileFor(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.json")
	if err := (generated{seconds: 3, rate: 40, threshold: "p(95)<1000"}).writeFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestColorOfATerminal(t *testing.T) {
	path := samplesFileFor(t)
	for _, tc := range []struct {
		env  string
		flag string
		want bool
	}{
		{"TERM=xterm", "auto", true},
		{"TERM=xterm", "never", false},
		{"TERM=dumb", "auto", false},
		{"TERM=dumb", "always", true},
		{"NO_COLOR=1", "auto", false},
		{"NO_COLOR=1", "always", true},
		{"NO_COLOR=", "auto", true}, // empty is not set
		{"K6REPORT_COLOR=never", "", false},
	} {
		a, stdout, stderr := terminal(t, 100, tc.env)
		args := []string{"analyze", path}
		if tc.flag != "" {
			args = append(args, "--color", tc.flag)
		}
		if code := a.run(t.Context(), args); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if got := strings.Contains(stdout.String(), "\x1b["); got != tc.want {
			t.Errorf("%s, --color %s: colour is %v", tc.env, tc.flag, got)
		}
	}
}

func TestWidthOfATerminal(t *testing.T) {
	path := samplesFileFor(t)
	var widths []int
	for _, width := range []int{60, 80, 140, 500} {
		a, stdout, stderr := terminal(t, width, "NO_COLOR=1")
		if code := a.run(t.Context(), []string{"analyze", path, "-v"}); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		widest := 0
		for line := range strings.Lines(stdout.String()) {
			widest = max(widest, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
		}
		if widest > min(width, 200) {
			t.Errorf("a line has %d columns in a terminal of %d", widest, width)
		}
		widths = append(widths, widest)
	}
	if widths[0] >= widths[1] || widths[1] >= widths[2] {
		t.Errorf("widest lines %v: the width is not used", widths)
	}
}

// TestProgress shows how far reading has come, on a terminal and when wanted.
func TestProgress(t *testing.T) {
	path := samplesFileFor(t)
	for _, tc := range []struct {
		flag     string
		terminal bool
		want     bool
	}{
		{"--json", true, true},
		{"--quiet", true, false},
		{"--json", false, false},
	} {
		a, _, stderr := terminal(t, 100)
		a.stderrTerminal = tc.terminal
		if code := a.run(t.Context(), []string{"analyze", path, tc.flag}); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if got := strings.Contains(stderr.String(), "reading"); got != tc.want {
			t.Errorf("%s, terminal %v: standard error %q", tc.flag, tc.terminal, stderr)
		}
	}
}

// TestConfirm asks before a heavy level where somebody can answer.
func TestConfirm(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "Yes\n": true, "n\n": false, "\n": false, "": false} {
		a, _, stderr := terminal(t, 100)
		a.stdin = strings.NewReader(answer)
		if got := a.confirm("Go on?") == nil; got != want {
			t.Errorf("answer %q: %v", answer, got)
		}
		if stderr.String() != "Go on? [y/N] " {
			t.Errorf("asked %q", stderr)
		}
	}
}

// TestHostileNames keeps control characters of a file's name off the terminal.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{"\x1b]0;gotcha\x07.json", "a\u202eb.json", "a\u009b31m"} {
		a, stdout, stderr := terminal(t, 100)
		a.stderrTerminal = false
		if code := a.run(t.Context(), []string{"analyze", filepath.Join(t.TempDir(), name)}); code != exitFailed {
			t.Errorf("%q: exit code %d", name, code)
		}
		if strings.ContainsAny(stderr.String(), "\x1b\x07\u202e\u009b") || stdout.Len() > 0 {
			t.Errorf("%q: standard error %q", name, stderr)
		}
	}
}

// The environment is read as the programs that are started with it do.
func TestGetenv(t *testing.T) {
	a := &app{env: []string{"A=1", "A=2", "B=1", "B="}}
	for name, want := range map[string]string{"A": "2", "B": "", "C": ""} {
		if value, ok := a.getenv(name); value != want || ok != (want != "") {
			t.Errorf("%s is %q, %v; want %q", name, value, ok, want)
		}
	}
}
