package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/run"
)

// made is a run made up for scripts: requests to two endpoints at a constant
// rate, fast or slow, dropped or failed as wanted.
type made struct {
	seed    uint64
	rate    float64 // iterations per second
	seconds float64
	slow    float64 // factor on the endpoint order
	drop    float64 // share of iterations dropped
	errors  float64 // share of requests failed
	noise   float64 // standard deviation of ln(duration) between runs
	plan    bool
	tags    []run.Tag // of all samples
	labels  []run.Tag
}

// madeCommand writes a snapshot: made FILE seed=1 slow=1.2 label:commit=abc
// level=load. Runs of different seeds start at different times.
func madeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: made FILE NAME=VALUE...")
	}
	m := usual(1)
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		if label, ok := strings.CutPrefix(name, "label:"); ok {
			m.labels = append(m.labels, run.Tag{Name: label, Value: value})
			continue
		}
		to := map[string]*float64{"rate": &m.rate, "seconds": &m.seconds, "slow": &m.slow, "drop": &m.drop, "errors": &m.errors, "noise": &m.noise}[name]
		switch {
		case name == "seed":
			seed, err := strconv.ParseUint(value, 10, 64)
			ts.Check(err)
			m.seed = seed
		case name == "plan":
			m.plan = value == "yes"
		case to != nil:
			v, err := strconv.ParseFloat(value, 64)
			ts.Check(err)
			*to = v
		default:
			m.tags = append(m.tags, run.Tag{Name: name, Value: value})
		}
	}
	ts.Check(m.writeFile(ts.MkAbs(args[0])))
}

// usualPlan is the plan of such a run as k6 inspect prints it.
const usualPlan = `{"scenarios":{"s":{"executor":"constant-arrival-rate","rate":100,"timeUnit":"1s","duration":"10s","preAllocatedVUs":5,"maxVUs":10}},"totalDuration":"40s","maxVUs":10}`

// usual is a run like most.
func usual(seed uint64) made {
	return made{seed: seed, rate: 100, seconds: 10, slow: 1, noise: 0.005, plan: true}
}

// writeFile writes the run's snapshot.
func (m *made) writeFile(path string) error {
	var content bytes.Buffer
	if err := run.Encode(&content, m.run()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o644)
}

// keepCommand puts snapshots into the default store: keep BASELINE EPOCH
// FILE...
func keepCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: keep BASELINE EPOCH FILE...")
	}
	store, err := baseline.Open(baseline.Dir(ts.MkAbs(defaultStore)), args[0])
	ts.Check(err)
	for _, name := range args[2:] {
		r, err := run.Decode(strings.NewReader(ts.ReadFile(name)))
		ts.Check(err)
		e := baseline.NewEntry(r, analyze.ThinMetrics())
		e.Status = "passed"
		if args[1] != "first" {
			e.Epoch = args[1]
		}
		for _, v := range analyze.GateValues(r, nil) {
			e.Values = append(e.Values, baseline.Value(v))
		}
		ts.Check(store.Add(context.Background(), e))
	}
}

func (m *made) run() *run.Run {
	rng := rand.New(rand.NewPCG(m.seed, 99))
	b := run.NewBuilder(run.Options{})
	for name, kind := range map[string]run.MetricType{
		"http_reqs": run.Counter, "iterations": run.Counter, "dropped_iterations": run.Counter,
		"http_req_failed": run.Rate, "http_req_duration": run.Trend, "iteration_duration": run.Trend,
	} {
		b.Define(run.Metric{Name: name, Type: kind})
	}
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(m.seed) * time.Hour).UnixNano()
	for _, l := range m.labels {
		b.Label(l.Name, l.Value)
	}
	if m.plan {
		b.SetPlan(&run.Plan{Scenarios: []run.Scenario{{
			Name: "s", Executor: "constant-arrival-rate", Rate: m.rate, TimeUnit: time.Second,
			Duration: time.Duration(m.seconds * float64(time.Second)), VUs: 5, MaxVUs: 10,
		}}})
	}
	tags := func(more ...run.Tag) *run.Tags {
		return b.Tags(append(append([]run.Tag{{Name: "scenario", Value: "s"}}, m.tags...), more...))
	}
	add := func(metric string, t *run.Tags, at int64, v float64) { b.Series(b.Metric(metric), t).Add(at, v) }
	level := math.Exp(m.noise * rng.NormFloat64())
	dropped, failed := 0, 0
	for i := range int(m.rate * m.seconds) {
		at := start + int64(float64(i)/m.rate*1e9)
		if float64(dropped) < m.drop*float64(i) {
			dropped++
			add("dropped_iterations", tags(), at, 1)
			continue
		}
		name, ms := "browse", 8*level*math.Exp(0.2*rng.NormFloat64())
		if i%2 == 0 {
			name, ms = "order", 20*level*m.slow*math.Exp(0.2*rng.NormFloat64())
		}
		fail, status := 0.0, "200"
		if float64(failed) < m.errors*float64(i) {
			failed++
			fail, status = 1, "503"
		}
		end := at + int64(ms*1e6)
		request := tags(run.Tag{Name: "name", Value: name}, run.Tag{Name: "status", Value: status},
			run.Tag{Name: "expected_response", Value: fmt.Sprint(fail == 0)})
		add("http_req_duration", request, end, ms)
		add("http_reqs", request, end, 1)
		add("http_req_failed", request, end, fail)
		b.AddRequest("http", request, &run.Request{Start: at, Duration: ms, Total: ms, Failed: fail > 0})
		add("iterations", tags(), end, 1)
		add("iteration_duration", tags(), end, ms)
		b.AddRequest(run.ProtocolIteration, tags(), &run.Request{Start: at, Duration: ms, Total: ms})
	}
	return b.Finish()
}
