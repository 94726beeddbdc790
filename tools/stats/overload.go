package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"k6report/internal/analyze"
	"k6report/internal/report"
	"k6report/internal/run"
)

// overloads is how many overloaded candidates are made up.
const overloads = 100

// overload counts how often a candidate that does not carry the load of its
// baseline is found, over all shares dropped or failed that are too many.
func (s *simulation) overload(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Overload** of a load that the baseline carried (whole runs of 50/s for 10 s through the analysis, 0.6 to 60 %% of the iterations dropped, %d candidates):\n\n", overloads)
	fmt.Fprintln(w, "| baselines | suspected by one run | regressed by two | goal |")
	fmt.Fprintln(w, "|---|---|---|---|")
	for _, runs := range []int{5, 8} {
		suspected, regressed := 0, 0
		for i := range overloads {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			rng := rand.New(rand.NewPCG(s.seed, 4000<<32|uint64(i)))
			drop := 0.006 * math.Pow(100, float64(i)/(overloads-1))
			var base []*run.Run
			for range runs {
				base = append(base, madeRun(rng, 0))
			}
			o := analyze.Options{Baseline: &analyze.Baseline{Name: "main", Runs: base}}
			candidate := madeRun(rng, drop)
			if analyze.Analyze(candidate, o).Verdict.Status == report.Suspected {
				suspected++
			}
			o.Rerun = madeRun(rng, drop)
			if analyze.Analyze(candidate, o).Verdict.Status == report.Regressed {
				regressed++
			}
		}
		fmt.Fprintf(w, "| %d | %d of %d | %d of %d | always: %s |\n", runs, suspected, overloads, regressed, overloads, goal(suspected == overloads && regressed == overloads))
	}
	return nil
}

// madeRun is a run of 50 iterations a second for 10 s, of one request each, of
// which a share is dropped.
func madeRun(rng *rand.Rand, drop float64) *run.Run {
	const perS, seconds = 50, 10
	b := run.NewBuilder(run.Options{})
	for name, kind := range map[string]run.MetricType{
		"http_reqs": run.Counter, "iterations": run.Counter, "dropped_iterations": run.Counter,
		"http_req_failed": run.Rate, "http_req_duration": run.Trend, "iteration_duration": run.Trend,
	} {
		b.Define(run.Metric{Name: name, Type: kind})
	}
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano() + rng.Int64N(1e15)
	b.SetPlan(&run.Plan{Scenarios: []run.Scenario{{Name: "s", Executor: "constant-arrival-rate", Rate: perS, TimeUnit: time.Second, Duration: seconds * time.Second, VUs: 5, MaxVUs: 5}}})
	iteration := b.Tags([]run.Tag{{Name: "scenario", Value: "s"}})
	request := b.Tags([]run.Tag{{Name: "scenario", Value: "s"}, {Name: "name", Value: "get"}, {Name: "status", Value: "200"}, {Name: "expected_response", Value: "true"}})
	add := func(metric string, tags *run.Tags, at int64, v float64) { b.Series(b.Metric(metric), tags).Add(at, v) }
	dropped := 0
	for i := range perS * seconds {
		at := start + int64(i)*int64(time.Second)/perS
		if float64(dropped) < drop*float64(i+1) && i > 0 {
			dropped++
			add("dropped_iterations", iteration, at, 1)
			continue
		}
		ms := 10 + rng.ExpFloat64()
		end := at + int64(ms*1e6)
		add("http_req_duration", request, end, ms)
		add("http_reqs", request, end, 1)
		add("http_req_failed", request, end, 0)
		b.AddRequest("http", request, &run.Request{Start: at, Duration: ms, Total: ms})
		add("iterations", iteration, end, 1)
		add("iteration_duration", iteration, end, ms)
		b.AddRequest(run.ProtocolIteration, iteration, &run.Request{Start: at, Duration: ms, Total: ms})
	}
	return b.Finish()
}
