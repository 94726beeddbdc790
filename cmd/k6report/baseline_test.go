package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"k6report/internal/baseline"
)

// historyCommand adds so many runs to a baseline of the default store, each
// later than those that are there: history BASELINE COUNT NAME=VALUE...
func historyCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: history BASELINE COUNT NAME=VALUE...")
	}
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	store, err := baseline.Open(baseline.Dir(ts.MkAbs(defaultStore)), args[0])
	ts.Check(err)
	ids, err := store.IDs(context.Background())
	ts.Check(err)
	for i := range count {
		name := fmt.Sprintf("history-%s-%d.k6run", args[0], len(ids)+i+1)
		madeCommand(ts, false, append([]string{name, fmt.Sprintf("seed=%d", len(ids)+i+1)}, args[2:]...))
		keepCommand(ts, false, []string{args[0], "first", name})
	}
}

// commitCommand makes a commit and puts its hash into $COMMIT_NAME: commit NAME.
func commitCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: commit NAME")
	}
	ts.Check(ts.Exec("git", "commit", "-q", "--allow-empty", "-m", args[0]))
	ts.Check(ts.Exec("git", "rev-parse", "HEAD"))
	ts.Setenv("COMMIT_"+args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

func TestOpenStore(t *testing.T) {
	a, _, _ := terminal(t, 100)
	for store, want := range map[string]string{
		"results/baselines": "results/baselines", "/abs/": "/abs", "./a:b": "a:b", "C:\\x": "C:\\x", "dir/a:b": "dir/a:b",
		"file:a/b": "a/b", "file:///a/b": "/a/b", "file://localhost/a": "/a", "file:///with%20space": "/with space",
	} {
		got, err := a.openFolder(store)
		if dir, ok := got.(baseline.Dir); err != nil || !ok || string(dir) != filepath.FromSlash(want) {
			t.Errorf("%s is %v, %v, want %s", store, got, err, want)
		}
	}
	for _, store := range []string{"s3://bucket", "file://host/a", "file://", "file:///a?b=c", "https://user:secret@host/x"} {
		_, err := a.openFolder(store)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", store, err)
		}
	}
}

// A thousand runs of ten gates, from the folder to the terminal, are to take
// less than a second.
func BenchmarkTrend(b *testing.B) {
	dir := b.TempDir()
	store, err := baseline.Open(baseline.Dir(dir), "main")
	if err != nil {
		b.Fatal(err)
	}
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		e := &baseline.Entry{ID: fmt.Sprintf("run-%04d", i), Started: start.Add(time.Duration(i) * time.Hour), Status: "passed", Commit: fmt.Sprintf("%040x", i)}
		for k := range 30 {
			for j, statistic := range []string{"avg(95)", "med", "p(95)", "p(99)"} {
				// Each gate has a spread of its own and changes four times.
				noise := math.Sin(float64(i*(7*k+3*j+13))) * 0.03
				e.Values = append(e.Values, baseline.Value{
					Metric: "http_req_duration", Endpoint: fmt.Sprintf("endpoint_%02d", k), Statistic: statistic,
					Value: 20 * math.Exp(noise+0.1*float64((i/200)%2)), Count: 5000,
				})
			}
		}
		e.Values = append(e.Values,
			baseline.Value{Metric: "http_req_failed", Statistic: "rate", Value: 0.001, Count: 100_000, Events: 100},
			baseline.Value{Metric: "http_reqs", Statistic: "rate", Value: 100, Count: 100_000},
		)
		if err := store.Add(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		var out, problems bytes.Buffer
		a := &app{stdout: &out, stderr: &problems, now: time.Now, env: os.Environ()}
		if code := a.run(b.Context(), []string{"trend", "--store", dir}); code != 0 || !strings.Contains(out.String(), "1,000 runs") {
			b.Fatalf("exit code %d\n%s%s", code, &out, &problems)
		}
	}
}
