package k6exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k6report/internal/needs"
)

func TestRunArguments(t *testing.T) {
	plan := []byte(`{"tags":{"suite":"adr-0003","testid":"script"}}`)
	ours := map[string]string{"testid": "ours", "b": "2"}
	tests := []struct {
		name    string
		line    string
		env     []string
		opts    RunOptions // Samples, Summary, Tags, Plan
		want    string
		samples string // as planned
		summary string
		tagged  bool
	}{
		{
			name: "bare", line: "run x.js", opts: RunOptions{Samples: "s.json.gz", Summary: "s.json"},
			want:    "run --address <> --out json=s.json.gz --summary-export s.json x.js",
			samples: "s.json.gz", summary: "s.json",
		},
		{name: "nothing to add", line: "run -a :6566 x.js", want: "run -a :6566 x.js"},
		{
			name: "globals first", line: "-q run x.js", opts: RunOptions{Samples: "s"},
			want: "-q run --address <> --out json=s x.js", samples: "s",
		},
		{
			name: "own files are used", line: "run --out json=own.json --summary-export=own-s.json x.js",
			opts: RunOptions{Samples: "s", Summary: "y"},
			want: "run --address <> --out json=own.json --summary-export=own-s.json x.js", samples: "own.json", summary: "own-s.json",
		},
		{
			name: "json to standard output is no file", line: "run --out json x.js", opts: RunOptions{Samples: "s"},
			want: "run --address <> --out json=s --out json x.js", samples: "s",
		},
		{
			name: "K6_OUT is kept", line: "run x.js", env: []string{"K6_OUT=influxdb=http://h/k6,csv=c.csv"},
			opts: RunOptions{Samples: "s"},
			want: "run --address <> --out influxdb=http://h/k6 --out csv=c.csv --out json=s x.js", samples: "s",
		},
		{
			name: "K6_OUT with JSON is enough", line: "run x.js", env: []string{"K6_OUT=json=e.json"},
			opts: RunOptions{Samples: "s"}, want: "run --address <> x.js", samples: "e.json",
		},
		{
			name: "K6_OUT is void beside --out", line: "run -o csv=c x.js", env: []string{"K6_OUT=json=e.json"},
			opts: RunOptions{Samples: "s"}, want: "run --address <> --out json=s -o csv=c x.js", samples: "s",
		},
		{
			name: "K6_SUMMARY_EXPORT is used", line: "run x.js", env: []string{"K6_SUMMARY_EXPORT=e.json"},
			opts: RunOptions{Summary: "y"}, want: "run --address <> x.js", summary: "e.json",
		},
		{
			name: "another output", line: "run x.js", opts: RunOptions{Samples: "s", Outputs: []string{"influxdb=http://h/k6"}},
			want: "run --address <> --out influxdb=http://h/k6 --out json=s x.js", samples: "s",
		},
		{
			name: "another output beside own samples", line: "run --out json=o x.js",
			opts: RunOptions{Samples: "s", Outputs: []string{"influxdb=u"}},
			want: "run --address <> --out influxdb=u --out json=o x.js", samples: "o",
		},
		{
			name: "another output beside K6_OUT", line: "run x.js", env: []string{"K6_OUT=json=e.json,csv=c"},
			opts: RunOptions{Samples: "s", Outputs: []string{"influxdb=u"}},
			want: "run --address <> --out json=e.json --out csv=c --out influxdb=u x.js", samples: "e.json",
		},
		{
			name: "the script's tags are repeated and win", line: "run x.js", opts: RunOptions{Tags: ours, Plan: plan},
			want:   "run --address <> --tag b=2 --tag suite=adr-0003 --tag testid=script x.js",
			tagged: true,
		},
		{
			name: "the user's tags come last", line: "run --tag testid=user x.js", opts: RunOptions{Tags: ours, Plan: plan},
			want:   "run --address <> --tag b=2 --tag testid=ours --tag testid=user x.js",
			tagged: true,
		},
		{
			name: "no tags without a plan", line: "run -", opts: RunOptions{Tags: ours},
			want: "run --address <> -",
		},
		{
			name: "no tags when the script's can't be repeated", line: "run x.js",
			opts: RunOptions{Tags: ours, Plan: []byte(`{"tags":{"a":""}}`)},
			want: "run --address <> x.js",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.opts
			o.Command, o.Env = mustParse(t, strings.Fields(tt.line)...), tt.env
			p, err := planRun(o)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Fields(tt.want)
			for i := range want {
				want[i] = strings.Replace(want[i], "<>", "", 1)
			}
			wantArgs(t, p.args, want...)
			if p.samples != tt.samples || p.summary != tt.summary || p.tagged != tt.tagged {
				t.Errorf("samples %q, summary %q, tagged %t; want %q, %q, %t",
					p.samples, p.summary, p.tagged, tt.samples, tt.summary, tt.tagged)
			}
		})
	}
}

func TestTestID(t *testing.T) {
	ours := map[string]string{"testid": "ours"}
	for _, tt := range []struct{ line, plan, want string }{
		{"run x.js", `{}`, "ours"},
		{"run x.js", `{"tags":{"testid":"script"}}`, "script"},
		{"run --tag testid=user x.js", `{"tags":{"testid":"script"}}`, "user"},
		{"run --tag a=b x.js", `{}`, "ours"},
		{"run -", "", ""},
	} {
		o := RunOptions{Command: mustParse(t, strings.Fields(tt.line)...), Tags: ours}
		if tt.plan != "" {
			o.Plan = []byte(tt.plan)
		}
		p, err := planRun(o)
		if err != nil || p.testID != tt.want {
			t.Errorf("%s with %s: testid %q, %v; want %q", tt.line, tt.plan, p.testID, err, tt.want)
		}
	}
}

func TestRunRecordsWhatHappened(t *testing.T) {
	dir := t.TempDir()
	record := filepath.Join(t.TempDir(), "invocation")
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))
	now := start.Add(-90 * time.Second)
	var progress, messages bytes.Buffer
	res, err := Run(t.Context(), RunOptions{
		K6: self(t), Version: "v1.8.1", Dir: dir,
		Command: mustParse(t, "run", "-e", "API_TOKEN=geheim", "x.js"),
		Env:     fake("print", "FAKE_EXIT=99", "FAKE_RECORD="+record, "FAKE_STDOUT=progress", "FAKE_STDERR=log line"),
		Samples: "s.json", Summary: "never-written.json", Log: "k6.log",
		Progress: &progress, Messages: &messages,
		Labels: map[string]string{"commit": "abc"},
		Now:    func() time.Time { now = now.Add(90 * time.Second); return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Samples != filepath.Join(dir, "s.json") || res.Summary != "" || res.Tagged || res.LogErr != nil {
		t.Errorf("result %+v", res)
	}
	ex := res.Execution
	if ex.CPUSeconds <= 0 || ex.CPUs < 1 {
		t.Errorf("%v s of CPU on %d processors", ex.CPUSeconds, ex.CPUs)
	}
	ex.CPUSeconds, ex.CPUs = 0.5, 2
	got, err := json.MarshalIndent(ex, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "schema": "k6report.execution/v1",
 "k6_version": "v1.8.1",
 "args": [
  "run",
  "--address",
  "",
  "--out",
  "json=s.json",
  "--summary-export",
  "never-written.json",
  "-e",
  "API_TOKEN=***",
  "x.js"
 ],
 "exit_code": 99,
 "meaning": "at least one threshold failed",
 "remedy": "see the thresholds in the report",
 "interrupted": false,
 "cpu_s": 0.5,
 "wall_s": 90,
 "cpus": 2,
 "started": "2026-11-23T11:00:00Z",
 "ended": "2026-11-23T11:01:30Z",
 "labels": {
  "commit": "abc"
 }
}`
	if string(got) != want {
		t.Errorf("record\n%s\nwant\n%s", got, want)
	}
	log, err := os.ReadFile(filepath.Join(dir, "k6.log"))
	if err != nil {
		t.Fatal(err)
	}
	if progress.String() != "progress\n" || messages.String() != "log line\n" || string(log) != "log line\n" {
		t.Errorf("progress %q, messages %q, log %q", &progress, &messages, log)
	}
	inv := readInvocation(t, record)
	if inv.Dir != dir && filepath.Base(inv.Dir) != filepath.Base(dir) {
		t.Errorf("ran in %s, want %s", inv.Dir, dir)
	}
	if !slices.Contains(inv.Args, "API_TOKEN=geheim") {
		t.Errorf("k6 did not get the user's own argument: %q", inv.Args)
	}
	for _, v := range []string{"K6_AUTO_EXTENSION_RESOLUTION=false", "K6_NO_USAGE_REPORT=true"} {
		if !slices.Contains(inv.Env, v) {
			t.Errorf("k6 ran without %s", v)
		}
	}
}

func TestRunKeepsTheUsersEnvironment(t *testing.T) {
	record := filepath.Join(t.TempDir(), "invocation")
	_, err := Run(t.Context(), RunOptions{
		K6: self(t), Command: mustParse(t, "run", "x.js"), Now: time.Now,
		Env: fake("print", "FAKE_RECORD="+record, "K6_NO_USAGE_REPORT=false", "K6_AUTO_EXTENSION_RESOLUTION=true"),
	})
	if err != nil {
		t.Fatal(err)
	}
	inv := readInvocation(t, record)
	for _, v := range []string{"K6_NO_USAGE_REPORT=false", "K6_AUTO_EXTENSION_RESOLUTION=true"} {
		if !slices.Contains(inv.Env, v) {
			t.Errorf("k6 ran without the user's %s", v)
		}
	}
}

func TestRunStdin(t *testing.T) {
	var out bytes.Buffer
	if _, err := Run(t.Context(), RunOptions{
		K6: self(t), Command: mustParse(t, "run", "-"), Env: fake("stdin"), Now: time.Now,
		Stdin: strings.NewReader("12345"), Progress: &out,
	}); err != nil {
		t.Fatal(err)
	}
	if out.String() != "script of 5 bytes\n" {
		t.Errorf("k6 said %q", &out)
	}
}

// TestLeftoverIsNotAResult runs a k6 that refuses to start over the files of an
// earlier run.
func TestLeftoverIsNotAResult(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.json"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(mode string) RunResult {
		res, err := Run(t.Context(), RunOptions{
			K6: self(t), Command: mustParse(t, "run", "x.js"), Env: fake(mode), Now: time.Now, Dir: dir, Samples: "s.json",
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := run("refuse"); res.Samples != "" || res.Execution.ExitCode != ExitConfig {
		t.Errorf("samples %q of a run with exit code %d", res.Samples, res.Execution.ExitCode)
	}
	if res := run("print"); res.Samples == "" {
		t.Error("a file that was written anew is not a result")
	}
}

func TestRunErrors(t *testing.T) {
	ok := RunOptions{K6: self(t), Command: mustParse(t, "run", "x.js"), Env: fake("print"), Now: time.Now}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(cancelled, ok); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	absent := ok
	absent.K6 = filepath.Join(t.TempDir(), "k6")
	if _, err := Run(t.Context(), absent); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without k6: %v", err)
	}
	badLog := ok
	badLog.Log = filepath.Join(t.TempDir(), "absent", "k6.log")
	if _, err := Run(t.Context(), badLog); err == nil || !strings.Contains(err.Error(), "keep its log") {
		t.Errorf("with an impossible log: %v", err)
	}
	badPlan := ok
	badPlan.Tags, badPlan.Plan = map[string]string{"a": "b"}, []byte("nonsense")
	if _, err := Run(t.Context(), badPlan); err == nil || !strings.Contains(err.Error(), "plan") {
		t.Errorf("with a broken plan: %v", err)
	}
	if _, err := Run(t.Context(), RunOptions{K6: self(t), Now: time.Now}); err == nil {
		t.Error("ran without a command")
	}
}

// brokenWriter is a terminal that went away.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestLostReaderDoesNotStopK6(t *testing.T) {
	res, err := Run(t.Context(), RunOptions{
		K6: self(t), Command: mustParse(t, "run", "x.js"), Now: time.Now,
		Env:      fake("print", "FAKE_STDOUT="+strings.Repeat("x", 1<<16), "FAKE_STDERR=y"),
		Progress: brokenWriter{}, Messages: brokenWriter{},
	})
	if err != nil || res.Execution.ExitCode != 0 {
		t.Errorf("exit code %d, error %v", res.Execution.ExitCode, err)
	}
}

// watcher is a writer that tells when a text has passed.
type watcher struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // capacity 1
}

func newWatcher() *watcher { return &watcher{more: make(chan struct{}, 1)} }

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
	return w.text.Write(p)
}

func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await returns once the text has been written.
func (w *watcher) await(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for !strings.Contains(w.String(), text) {
		select {
		case <-w.more:
		case <-timeout:
			t.Fatalf("no %q in %q", text, w)
		}
	}
}

func TestCancelInterruptsOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "needs a console")
	}
	ctx, cancel := context.WithCancel(t.Context())
	out := newWatcher()
	go func() {
		defer cancel()
		out.await(t, "running")
	}()
	res, err := Run(ctx, RunOptions{
		K6: self(t), Command: mustParse(t, "run", "x.js"), Env: fake("hang"), Now: time.Now, Progress: out,
	})
	if err != nil {
		t.Fatal(err)
	}
	if ex := res.Execution; ex.ExitCode != ExitAborted || !ex.Interrupted || ex.Signal != "" {
		t.Errorf("execution %+v", ex)
	}
	if !strings.Contains(out.String(), "summary") {
		t.Errorf("what k6 said after the interrupt is lost: %q", out)
	}
}

func TestKillEndsAStubbornRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "needs a console")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kill := make(chan struct{})
	out := newWatcher()
	go func() {
		defer close(kill)
		out.await(t, "running")
		cancel()
		out.await(t, "interrupt ignored")
	}()
	res, err := Run(ctx, RunOptions{
		K6: self(t), Command: mustParse(t, "run", "x.js"), Env: fake("stubborn"), Now: time.Now, Progress: out, Kill: kill,
	})
	if err != nil {
		t.Fatal(err)
	}
	if ex := res.Execution; ex.ExitCode != -1 || ex.Signal != "killed" || !ex.Interrupted {
		t.Errorf("execution %+v", ex)
	}
}

func TestOneWriterForBothStreams(t *testing.T) {
	var both bytes.Buffer // the race detector watches it
	if _, err := Run(t.Context(), RunOptions{
		K6: self(t), Command: mustParse(t, "run", "x.js"), Now: time.Now,
		Env:      fake("print", "FAKE_STDOUT=out", "FAKE_STDERR=err"),
		Progress: &both, Messages: &both,
	}); err != nil {
		t.Fatal(err)
	}
	if s := both.String(); !strings.Contains(s, "out\n") || !strings.Contains(s, "err\n") {
		t.Errorf("got %q", s)
	}
}

func TestLogErrorIsReported(t *testing.T) {
	if runtime.GOOS != "linux" {
		needs.LeaveOut(t, "needs /dev/full")
	}
	res, err := Run(t.Context(), RunOptions{
		K6: self(t), Command: mustParse(t, "run", "x.js"), Env: fake("print"), Now: time.Now, Log: "/dev/full",
		Progress: io.Discard,
	})
	if err != nil || res.Execution.ExitCode != 0 {
		t.Fatalf("exit code %d, error %v: a full disk under the log must not stop the run", res.Execution.ExitCode, err)
	}
	if res.LogErr == nil || !strings.Contains(res.LogErr.Error(), "/dev/full") {
		t.Errorf("LogErr %v, want one that names the file", res.LogErr)
	}
}

func TestLostTags(t *testing.T) {
	plan := []byte(`{"tags":{"suite":"adr-0003","level":"smoke"}}`)
	for line, want := range map[string]string{
		"run x.js": "", "run --tag testid=1 x.js": "level suite", "run --tag testid=1 --tag level=smoke x.js": "suite",
		"run --tag suite=a --tag level=b x.js": "",
	} {
		if got := strings.Join(LostTags(mustParse(t, strings.Fields(line)...), plan), " "); got != want {
			t.Errorf("%s loses %q, want %q", line, got, want)
		}
	}
	if got := LostTags(mustParse(t, "run", "--tag", "a=b", "x.js"), nil); got != nil {
		t.Errorf("without a plan %q are lost", got)
	}
}
