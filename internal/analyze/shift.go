package analyze

import (
	"math"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
	"k6report/internal/threshold"
)

// shiftQuantiles are those of the shift function.
var shiftQuantiles = []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99}

// falseShare is the expected share of false ones among exploratory findings.
const falseShare = 0.10

// shift fills how far each quantile of the gated endpoints moved.
func (c *comparing) shift() {
	var told [][2]string
	for _, g := range c.gates {
		key := [2]string{g.Metric, g.Endpoint}
		if slices.Contains(told, key) || c.values[c.subject].histogram(g.Metric, g.Endpoint) == nil {
			continue
		}
		told = append(told, key)
		there, here := c.histograms(c.base, key), c.histograms(c.candidates, key)
		if len(there) == 0 || len(here) == 0 {
			continue
		}
		for _, q := range shiftQuantiles {
			if s, ok := c.quantileShift(there, here, key, q); ok {
				c.out.Shift = append(c.out.Shift, s)
			}
		}
	}
}

func (c *comparing) histograms(runs []*subject, key [2]string) []*histogram {
	var out []*histogram
	for _, s := range runs {
		if h := c.values[s].histogram(key[0], key[1]); h != nil {
			out = append(out, h)
		}
	}
	return out
}

// quantileShift is of the requests of all runs of a side together; the interval
// is that of the runs' own quantiles, by the same method as that of gates. False
// where a side has too few requests for the quantile.
func (c *comparing) quantileShift(there, here []*histogram, key [2]string, q float64) (report.Shift, bool) {
	side := func(list []*histogram) (float64, uint64) {
		all := pooled(list)
		counts, total := all.weigh(nil)
		return all.quantile(counts, total, q), all.count
	}
	before, n := side(there)
	after, m := side(here)
	if least := 3 / (1 - q) * (1 - 1e-9); float64(min(n, m)) < least || !(before > 0) {
		return report.Shift{}, false
	}
	out := report.Shift{Endpoint: key[1], Quantile: q, Baseline: before, Candidate: after, Change: report.Num(after/before - 1)}
	in := GateInput{Gate: config.Gate{
		GateKey:        config.GateKey{Metric: key[0], Endpoint: key[1], Statistic: percentile(q)},
		SmallestChange: config.DefaultSmallestChange,
	}}
	se := len(c.base) <= fewestForT // else the spread between runs tells
	in.Base, in.Candidates = c.measured(c.base, in.GateKey, se), c.measured(c.candidates, in.GateKey, se)
	if len(in.Base) > 0 && len(in.Candidates) > 0 {
		var g report.Gate
		newRatioTest(&in, Rules{Group: c.baseline.Group}).describe(&g, in.Candidates)
		out.Interval = g.Interval
	}
	return out, true
}

func percentile(q float64) config.Statistic {
	return config.Statistic{Statistic: threshold.Statistic{Method: threshold.Percentile, Percent: math.Round(q*1e6) / 1e4}}
}

// endpointChanges fills how p95 of each endpoint moved, whether a gate is on it or not.
func (c *comparing) endpointChanges() {
	se := len(c.base) <= fewestForT // else the spread between runs tells
	for _, e := range c.comparedEndpoints() {
		in := GateInput{Gate: config.Gate{GateKey: gateKey(e.metric, e.name, statP95), SmallestChange: config.DefaultSmallestChange}}
		in.Base, in.Candidates = c.measured(c.base, in.GateKey, se), c.measured(c.candidates, in.GateKey, se)
		if len(in.Base) == 0 || len(in.Candidates) == 0 {
			continue
		}
		var g report.Gate
		newRatioTest(&in, Rules{Group: c.baseline.Group}).describe(&g, in.Candidates)
		c.out.Endpoints = append(c.out.Endpoints, report.EndpointChange{
			Metric: e.metric, Endpoint: e.name, Statistic: in.Statistic.String(),
			Baseline: g.Baseline, Candidate: g.Candidate, Change: g.Change, Interval: g.Interval,
		})
	}
}

// comparedEndpoints are the endpoints with most time and enough requests to be compared.
func (c *comparing) comparedEndpoints() []gated {
	endpoints := c.values[c.subject].endpoints()
	return slices.DeleteFunc(endpoints[:min(mostRecorded, len(endpoints))], func(e gated) bool { return e.count < minGated })
}

// explore lists differences outside the gates. There are many, so that some of
// them look large by chance: of those listed, about one in ten.
func (c *comparing) explore() {
	var list []report.Finding
	var p []float64
	for _, k := range c.exploratory() {
		in := GateInput{Gate: config.Gate{GateKey: k, SmallestChange: config.DefaultSmallestChange}}
		in.Base, in.Candidates = c.measured(c.base, k, false), c.measured(c.candidates, k, false)
		if len(in.Base) < 3 || len(in.Candidates) == 0 {
			continue
		}
		t := newGateTest(&in, Rules{Group: c.baseline.Group})
		f := t.screen(in.Candidates)
		var g report.Gate
		t.describe(&g, in.Candidates)
		twoSided := min(1, 2*min(f.pWorse, f.pBetter))
		if math.IsNaN(twoSided) {
			continue
		}
		p = append(p, twoSided)
		list = append(list, report.Finding{
			Metric: k.Metric, Endpoint: k.Endpoint, Statistic: k.Statistic.String(), Unit: unitOf(k),
			Baseline: g.Baseline, Candidate: g.Candidate, Change: g.Change, PValue: report.Num(twoSided),
		})
	}
	for i, q := range stat.BenjaminiHochberg(p) {
		if q <= falseShare {
			list[i].QValue = report.Num(q)
			c.out.Exploratory = append(c.out.Exploratory, list[i])
		}
	}
	slices.SortStableFunc(c.out.Exploratory, func(a, b report.Finding) int {
		switch {
		case *a.PValue < *b.PValue:
			return -1
		case *a.PValue > *b.PValue:
			return 1
		}
		return 0
	})
}

// exploratory are the statistics that are compared beside the gates: of every
// endpoint with enough requests, and of every metric of the script.
func (c *comparing) exploratory() []config.GateKey {
	var out []config.GateKey
	add := func(k config.GateKey) {
		if !slices.ContainsFunc(c.gates, func(g config.Gate) bool { return g.GateKey == k }) {
			out = append(out, k)
		}
	}
	for _, e := range c.comparedEndpoints() {
		add(gateKey(e.metric, e.name, statFastest))
		add(gateKey(e.metric, e.name, "med"))
		add(gateKey(e.metric, e.name, statP95))
		if e.count >= enoughForP99 {
			add(gateKey(e.metric, e.name, "p(99)"))
		}
		add(gateKey(metricFailed, e.name, statRate))
	}
	for _, m := range c.Metrics {
		if m.Type == run.Trend && !k6Own(m.Name) {
			add(gateKey(m.Name, "", "avg"))
		}
	}
	return out
}

// k6Own reports whether a metric is one of k6's own.
func k6Own(name string) bool {
	return slices.ContainsFunc([]string{"http_", "iteration_", "group_", "ws_", "grpc_", "browser_", "data_", "webrtc_"}, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}
