package report

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestCheckNamesTheFault(t *testing.T) {
	nan, two := math.NaN(), 2.0
	for _, tc := range []struct {
		want  string
		spoil func(*Report)
	}{
		{"schema is", func(r *Report) { r.Schema = "v0" }},
		{`unknown status ""`, func(r *Report) { r.Verdict.Status = "" }},
		{"repeats the status", func(r *Report) { r.Verdict.Also = []Status{Passed} }},
		{`notes[0] has the code "No baseline"`, func(r *Report) { r.Notes = []Note{{Code: "No baseline", Severity: Info}} }},
		{"unknown severity", func(r *Report) { r.Notes = []Note{{Code: "x", Severity: "fatal"}} }},
		{"run.load.drop_share is 2", func(r *Report) { r.Run.Load.DropShare = &two }},
		{"run.endpoints[0].rate_per_s is NaN", func(r *Report) { r.Run.Endpoints = []Endpoint{{RatePerS: &nan}} }},
		{"run.endpoints[0].error_rate is 2", func(r *Report) { r.Run.Endpoints = []Endpoint{{ErrorRate: &two}} }},
		{"run.metrics[0].values[0].value is +Inf", func(r *Report) {
			r.Run.Metrics = []Metric{{Values: Values{{"avg", math.Inf(1)}}}}
		}},
		{"charts[0] has 2 values", func(r *Report) {
			r.Charts = []Chart{{Kind: KindLine, X: Points{1}, Series: []Series{{Y: Points{1, 2}}}}}
		}},
		{"not ascending at point 1", func(r *Report) { r.Charts = []Chart{{Kind: KindLine, X: Points{1, 0}}} }},
		{"has 301 points", func(r *Report) { r.Charts = []Chart{{Kind: KindLine, X: make(Points, 301)}} }},
		{"has 1 labels for 2", func(r *Report) {
			r.Charts = []Chart{{Kind: KindBar, X: Points{0, 1}, XLabels: []string{"a"}}}
		}},
		{"unknown kind", func(r *Report) { r.Charts = []Chart{{Kind: "pie"}} }},
		{"charts[0].series[0].y[0] is infinite", func(r *Report) {
			r.Charts = []Chart{{Kind: KindLine, X: Points{0}, Series: []Series{{Y: Points{math.Inf(1)}}}}}
		}},
		{"trend.series[0] has 1 values", func(r *Report) { r.Trend = &Trend{Series: []TrendSeries{{Y: Points{1}}}} }},
		{"change point at run 3", func(r *Report) {
			r.Trend = &Trend{Series: []TrendSeries{{Changes: []Change{{Index: 3}}}}}
		}},
		{"run.started is in the year 10000", func(r *Report) {
			r.Run.Started = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		}},
	} {
		r := &Report{Schema: SchemaID, Verdict: Verdict{Status: Passed}}
		if err := r.Check(); err != nil {
			t.Fatalf("a minimal report: %v", err)
		}
		tc.spoil(r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want %s", err, tc.want)
		}
	}
	if (*Report)(nil).Check() == nil {
		t.Error("no report at all passed")
	}
}

func TestCheckNamesAtMostTen(t *testing.T) {
	r := &Report{Schema: SchemaID, Verdict: Verdict{Status: Passed}, Notes: make([]Note, 100)}
	if n := strings.Count(r.Check().Error(), "\n") + 1; n != 10 {
		t.Errorf("%d faults named, want 10", n)
	}
}

func TestNum(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if Num(v) != nil {
			t.Errorf("Num(%v) is a number", v)
		}
	}
	if p := Num(0); p == nil || *p != 0 {
		t.Error("Num(0) is no number")
	}
}
