package analyze

import (
	"slices"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/stat"
)

// chosen are the gates: the configured ones, else those of the three endpoints
// with most time in the baseline, the error rate and the throughput.
func (c *comparing) chosen() []config.Gate {
	if len(c.config.Gates) > 0 {
		return c.config.Gates
	}
	var out []config.Gate
	add := func(k config.GateKey) {
		change := config.DefaultSmallestChange
		if k.Absolute() {
			change = config.DefaultSmallestRise
		}
		out = append(out, config.Gate{GateKey: k, SmallestChange: change})
	}
	for _, e := range c.heaviest() {
		add(gateKey(e.metric, e.name, statFastest))
		add(gateKey(e.metric, e.name, statP95))
	}
	add(gateKey(metricFailed, "", statRate))
	add(c.values[c.base[len(c.base)-1]].throughput())
	return out
}

// gatedEndpoints is how many endpoints have gates by default.
const gatedEndpoints = 3

// heaviest are the endpoints with most time in the baseline's runs and enough
// requests in each.
func (c *comparing) heaviest() []gated {
	type key [2]string
	sums := make(map[key]*gated)
	for _, s := range c.base {
		for _, e := range c.values[s].endpoints() {
			k := key{e.metric, e.name}
			if sums[k] == nil {
				sums[k] = &gated{metric: e.metric, name: e.name, count: e.count}
			}
			sums[k].waited += e.waited
			sums[k].count = min(sums[k].count, e.count)
		}
	}
	var out []gated
	for _, g := range sums {
		if g.count >= minGated {
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, compareGated)
	return out[:min(gatedEndpoints, len(out))]
}

// inputs are the gates with their values in all runs.
func (c *comparing) inputs() []GateInput {
	out := make([]GateInput, len(c.gates))
	for i, g := range c.gates {
		out[i] = GateInput{
			Gate: g, Base: c.measured(c.base, g.GateKey, true), Candidates: c.measured(c.candidates, g.GateKey, true),
			Carried: valuesOf(c.carried(), g.GateKey), Earlier: c.earlier(g.GateKey),
		}
		for j := range c.config.Accepted {
			if a := &c.config.Accepted[j]; c.config.Accepts(a, g.GateKey) && !slices.Contains(c.baseline.Settled, a.Fingerprint()) {
				out[i].Accepted = a
			}
		}
	}
	return out
}

// measured are a gate's values of runs, without those that have none.
func (c *comparing) measured(runs []*subject, k config.GateKey, se bool) []GateValue {
	var out []GateValue
	for _, s := range runs {
		if v, ok := c.values[s].value(k, se); ok {
			out = append(out, v)
			continue
		}
		recorded := c.baseline.Recorded[s.ID]
		if i := slices.IndexFunc(recorded, func(v GateValue) bool { return v.is(k) }); i >= 0 {
			out = append(out, recorded[i])
		}
	}
	return out
}

// As many runs tell the spread between them where a new epoch has fewer, and of so
// many the noise is learned: more would tell of machines that are long gone.
const (
	spreadRuns = 20
	noiseRuns  = 40
)

// carried are the newest runs of the epoch before, where this one has few.
func (c *comparing) carried() []PastRun { return c.baseline.carried(len(c.base)) }

func (b *Baseline) carried(runs int) []PastRun {
	var out []PastRun
	for _, p := range slices.Backward(b.History) {
		if p.Epoch == b.Epoch {
			continue
		}
		if runs+len(out) >= spreadRuns || len(out) > 0 && p.Epoch != out[0].Epoch {
			break
		}
		out = append(out, p)
	}
	return out
}

// valuesOf are a gate's values, recorded of runs that have it.
func valuesOf(past []PastRun, k config.GateKey) []GateValue {
	var out []GateValue
	for _, p := range past {
		if i := slices.IndexFunc(p.Values, func(v GateValue) bool { return v.is(k) }); i >= 0 {
			out = append(out, p.Values[i])
		}
	}
	return out
}

// earlier are a gate's recorded values before the baseline's runs, by epoch.
// Those of the current epoch and the baseline's own belong together, but what
// lies between them may be missing.
func (c *comparing) earlier(k config.GateKey) [][]GateValue {
	var out [][]GateValue
	epoch := ""
	past := c.baseline.History
	for _, p := range past[min(len(past), max(0, len(past)+len(c.base)-noiseRuns)):] {
		i := slices.IndexFunc(p.Values, func(v GateValue) bool { return v.is(k) })
		if i < 0 {
			continue
		}
		if len(out) == 0 || p.Epoch != epoch {
			out, epoch = append(out, nil), p.Epoch
		}
		out[len(out)-1] = append(out[len(out)-1], p.Values[i])
	}
	return out
}

// noise is the spread between runs that the gates saw.
func (c *comparing) noise(inputs []GateInput) report.Noise {
	out := report.Noise{Definition: "standard deviation between baseline runs of ln(statistic)", Runs: len(c.base)}
	var each, learned []float64
	for i := range inputs {
		in := &inputs[i]
		if in.Absolute() {
			if len(in.Base) > 0 {
				out.Dispersion = report.Num(stat.Dispersion((&countTest{sign: 1}).counts(in.Base)))
			}
			continue
		}
		t := newRatioTest(in, Rules{Group: c.baseline.Group})
		if sd := t.spread.SD; t.spread.Degrees > 0 {
			each = append(each, sd)
		}
		if t.learned > 0 {
			learned = append(learned, t.floor)
			out.LearnedRuns = max(out.LearnedRuns, t.learned+1)
		}
	}
	if slices.Sort(learned); len(learned) > 0 {
		out.Learned = report.Num(stat.Quantile(learned, 0.5))
	}
	if slices.Sort(each); len(each) > 0 {
		out.Median, out.Largest = report.Num(stat.Quantile(each, 0.5)), report.Num(each[len(each)-1])
	}
	return out
}
