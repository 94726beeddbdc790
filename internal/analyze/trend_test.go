package analyze

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/stat"
)

// history is runs of two endpoints, whose level changes as told by run.
func history(n int, level func(i int) float64) []PastRun {
	rng := rand.New(rand.NewPCG(5, 5))
	var out []PastRun
	for i := range n {
		noise := func(sd float64) float64 { return math.Exp(sd * rng.NormFloat64()) }
		out = append(out, PastRun{
			ID: fmt.Sprintf("run-%02d", i), Commit: fmt.Sprintf("c%02d", i), Status: report.Passed,
			Started: time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC),
			Values: []GateValue{
				{Metric: "http_req_duration", Endpoint: "order", Statistic: "avg(95)", Value: 20 * level(i) * noise(0.01)},
				{Metric: "http_req_duration", Endpoint: "order", Statistic: "med", Value: 18 * noise(0.01)},
				{Metric: "http_req_duration", Endpoint: "order", Statistic: "p(95)", Value: 40 * level(i) * noise(0.02)},
				{Metric: "http_req_duration", Endpoint: "browse", Statistic: "avg(95)", Value: 8 * noise(0.01)},
				{Metric: "http_req_failed", Statistic: "rate", Value: 0.002 * float64(i/20)},
				{Metric: "http_reqs", Statistic: "rate", Value: 100 / level(i) * noise(0.001)},
			},
		})
	}
	return out
}

func step(i int) float64 {
	if i >= 15 {
		return 1.2
	}
	return 1
}

func TestTrend(t *testing.T) {
	runs := history(40, step)
	runs[3].Values = runs[3].Values[3:] // order was not called
	got := Trend("main", runs, nil)
	if got.Baseline != "main" || len(got.Runs) != 40 || got.Runs[15].Commit != "c15" {
		t.Errorf("%+v", got.Runs)
	}
	type found struct {
		statistic, unit string
		at              []int
	}
	want := []found{
		{"avg(95)", report.UnitMS, []int{15}},
		{"p(95)", report.UnitMS, []int{15}},
		{"avg(95)", report.UnitMS, nil},
		{"rate", report.UnitShare, []int{20}},
		{"rate", report.UnitPerS, []int{15}},
	}
	if len(got.Series) != len(want) {
		t.Fatalf("%d series: %+v", len(got.Series), got.Series)
	}
	for i, w := range want {
		s := &got.Series[i]
		var at []int
		for _, c := range s.Changes {
			at = append(at, c.Index)
		}
		if s.Statistic != w.statistic || s.Unit != w.unit || fmt.Sprint(at) != fmt.Sprint(w.at) || len(s.Y) != 40 {
			t.Errorf("series %d of %s is %s in %q and changes at %v, want %+v", i, s.Endpoint, s.Statistic, s.Unit, at, w)
		}
	}
	if y := got.Series[0].Y; !math.IsNaN(y[3]) || math.IsNaN(y[4]) {
		t.Errorf("the run without a value is not missing: %v", y)
	}
	c := got.Series[0].Changes[0]
	if c.ID != "run-15" || c.Commit != "c15" || math.Abs(*c.Change-0.2) > 0.02 || math.Abs(c.Before-20) > 0.3 || math.Abs(c.After-24) > 0.4 {
		t.Errorf("%+v", c)
	}
	if c.Interval == nil || *c.Interval.Low > *c.Change || *c.Interval.High < *c.Change || *c.Interval.High-*c.Interval.Low > 0.03 || *c.PValue > 0.005 {
		t.Errorf("%+v", c)
	}
	if errs := got.Series[3].Changes[0]; math.Abs(*errs.Change-0.002) > 1e-9 || errs.Before != 0 {
		t.Errorf("of the error rate: %+v", errs)
	}
	if !got.Series[4].LowerIsWorse || got.Series[0].LowerIsWorse {
		t.Error("which way is worse is wrong")
	}
}

// Where no change could be found, however large, none is claimed to be missing.
func TestTrendOfFewRuns(t *testing.T) {
	sudden := func(i int) float64 { return map[bool]float64{false: 1, true: 8}[i >= 5] }
	needed := stat.FewestForChange()
	for _, n := range []int{3, needed - 1} {
		if got := Trend("main", history(n, sudden), nil); got.Needed != needed || len(got.Series[0].Changes) > 0 {
			t.Errorf("of %d runs: %d are said to be needed, want %d; found %+v", n, got.Needed, needed, got.Series[0].Changes)
		}
	}
	for _, n := range []int{needed, 40} {
		if got := Trend("main", history(n, sudden), nil); got.Needed != 0 {
			t.Errorf("of %d runs: %d are said to be needed", n, got.Needed)
		}
	}
}

func TestTrendOfConfiguredGates(t *testing.T) {
	c := &config.Config{Gates: []config.Gate{
		{GateKey: gateKey("http_req_duration", "order", "med")},
		{GateKey: gateKey("http_req_duration", "nothing", "med")},
	}}
	got := Trend("main", history(10, step), c)
	if len(got.Series) != 1 || got.Series[0].Statistic != "med" {
		t.Errorf("%+v", got.Series)
	}
	if empty := Trend("main", nil, nil); len(empty.Runs)+len(empty.Series) != 0 {
		t.Errorf("%+v", empty)
	}
}
