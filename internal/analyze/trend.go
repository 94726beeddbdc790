package analyze

import (
	"math"
	"slices"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/stat"
)

// Of the trend in a report: k6report trend shows all of it.
const (
	fewestTrend = 3   // runs with which there is one
	mostTrend   = 300 // runs, the newest, as the points of a chart are
)

// trendSeed is that of the permutations that change points are tested by.
const trendSeed = 20261126

// trend is the history of the baseline with this run at its end; nil when there
// is hardly any.
func (s *subject) trend(o *Options) *report.Trend {
	if o.Baseline == nil || len(o.Baseline.All) == 0 {
		return nil
	}
	runs := slices.DeleteFunc(slices.Clone(o.Baseline.All), func(p PastRun) bool { return p.ID == s.ID })
	runs = runs[max(0, len(runs)-mostTrend+1):]
	this := PastRun{ID: s.ID, Commit: s.labelled("commit"), Values: GateValues(s.Run, s.config)}
	if s.Ended > 0 {
		this.Started = s.identity().Started
	}
	if len(this.Values) > 0 && len(invalidReasons(s.notes)) == 0 {
		runs = append(runs, this)
	}
	if len(runs) < fewestTrend {
		return nil
	}
	return Trend(o.Baseline.Name, runs, s.config)
}

// Trend is the history of a baseline, oldest run first: the configured gates,
// else those that are usual, of the newest run, each with its change points. A
// nil configuration is an empty one.
func Trend(name string, runs []PastRun, c *config.Config) *report.Trend {
	out := &report.Trend{Baseline: name, Needed: stat.FewestForChange()}
	for i := range runs {
		r := &runs[i]
		out.Runs = append(out.Runs, report.TrendRun{ID: r.ID, Commit: r.Commit, Started: r.Started, Status: r.Status, Epoch: r.Epoch})
	}
	for _, k := range trendGates(runs, c) {
		series, values := trendSeries(runs, k)
		if values > 0 {
			out.Series = append(out.Series, series)
		}
		if values >= out.Needed {
			out.Needed = 0
		}
	}
	return out
}

// trendGates are the gates whose history is shown.
func trendGates(runs []PastRun, c *config.Config) []config.GateKey {
	var out []config.GateKey
	if c != nil && len(c.Gates) > 0 {
		for _, g := range c.Gates {
			out = append(out, g.GateKey)
		}
		return out
	}
	// Values come with the endpoint first that has most time.
	if len(runs) == 0 {
		return nil
	}
	newest := &runs[len(runs)-1]
	var endpoints [][2]string
	for _, v := range newest.Values {
		of := [2]string{v.Metric, v.Endpoint}
		if v.Endpoint != "" && v.Statistic == statFastest && !slices.Contains(endpoints, of) && len(endpoints) < gatedEndpoints {
			endpoints = append(endpoints, of)
		}
	}
	for _, of := range endpoints {
		out = append(out, gateKey(of[0], of[1], statFastest), gateKey(of[0], of[1], statP95))
	}
	for _, v := range newest.Values {
		if v.Endpoint == "" && v.Statistic == statRate {
			out = append(out, gateKey(v.Metric, "", statRate))
		}
	}
	return out
}

// trendSeries is one gate's history, and how many runs have a value of it.
func trendSeries(runs []PastRun, k config.GateKey) (report.TrendSeries, int) {
	out := report.TrendSeries{
		Metric: k.Metric, Endpoint: k.Endpoint, Statistic: k.Statistic.String(), Unit: unitOf(k),
		LowerIsWorse: lowerIsWorse(k), Y: make(report.Points, len(runs)),
	}
	// Change points are found in what is there, as logarithms where changes are
	// ratios.
	var y []float64
	var at []int // the run of each
	for i := range runs {
		out.Y[i] = math.NaN()
		j := slices.IndexFunc(runs[i].Values, func(v GateValue) bool { return v.is(k) })
		if j < 0 {
			continue
		}
		v := runs[i].Values[j].Value
		out.Y[i] = v
		switch {
		case k.Absolute():
			y, at = append(y, v), append(at, i)
		case v > 0:
			y, at = append(y, math.Log(v)), append(at, i)
		}
	}
	smallest := math.Log1p(config.DefaultSmallestChange)
	if k.Absolute() {
		smallest = config.DefaultSmallestRise
	}
	for _, c := range stat.ChangePoints(y, stat.ChangePointOptions{Smallest: smallest, Seed: trendSeed}) {
		r := &runs[at[c.Index]]
		out.Changes = append(out.Changes, changeOf(&c, k, at[c.Index], r))
	}
	return out, len(y)
}

// changeOf is a change point in the gate's unit.
func changeOf(c *stat.ChangePoint, k config.GateKey, index int, r *PastRun) report.Change {
	back, ratio := math.Exp, math.Expm1
	if k.Absolute() {
		back = func(v float64) float64 { return v }
		ratio = back
	}
	out := report.Change{
		Index: index, ID: r.ID, Commit: r.Commit, Before: back(c.Before), After: back(c.After),
		Change: report.Num(ratio(c.After - c.Before)), PValue: report.Num(c.P),
	}
	if low, high := report.Num(ratio(c.Low)), report.Num(ratio(c.High)); low != nil && high != nil {
		out.Interval = &report.Interval{Low: low, High: high}
	}
	return out
}
