package analyze

import (
	"maps"
	"slices"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// askRegression holds the run, with its further runs where there are some, against
// the baseline: like level with like level where all runs have the same ones.
func (a *attributor) askRegression() {
	a.regression = question{name: report.QuestionRegression, cells: &cellIndex{}, apart: true}
	if len(a.baseline) == 0 {
		return
	}
	byLevel := a.levelsAlike()
	collect := func(runs []*attributed) sample {
		out := sample{runs: len(runs)}
		for i, of := range runs {
			if !byLevel {
				g := of.reader.segment(a.regression.cells, 0, of.whole(), nil)
				g.run = i
				out.segments = append(out.segments, g)
				continue
			}
			for level := range of.levels {
				g := of.reader.segment(a.regression.cells, level, of.levels[level].grid, nil)
				g.run = i
				out.segments = append(out.segments, g)
			}
		}
		return out
	}
	a.regression.hard, a.regression.reference = collect(a.candidates()), collect(a.baseline)
	a.regression.answer(a.partition)
}

// candidates are the runs of the build under test, this one first.
func (a *attributor) candidates() []*attributed {
	return append([]*attributed{a.this}, a.rerun...)
}

// levelsAlike reports whether all runs that are compared have the same levels.
func (a *attributor) levelsAlike() bool {
	return sameLevels(slices.Concat(a.candidates(), a.baseline))
}

// sameLevels reports whether all runs have the same levels of load.
func sameLevels(runs []*attributed) bool {
	for _, r := range runs {
		if len(r.levels) == 0 || len(r.levels) != len(runs[0].levels) {
			return false
		}
		for i := range r.levels {
			if !r.levels[i].sameLoad(&runs[0].levels[i]) || r.levels[i].ramp != runs[0].levels[i].ramp {
				return false
			}
		}
	}
	return true
}

// toExplain is the regression question that the verdict puts, and the verdict on
// the gates that it is put by: what regressed for certain; else, of runs that are
// compared side by side, whatever differs, unless all became faster but what is
// suspected; else what is suspected. Nil where times have nothing to explain: they
// don't explain gates on errors and throughput.
func (a *attributor) toExplain(whole *excess) (*excess, string) {
	regressed, suspected := a.against.latencyGates(report.GateRegressed), a.against.latencyGates(report.GateSuspected)
	switch {
	case whole == nil:
		return nil, ""
	case len(regressed) > 0:
		return a.gated(whole, regressed, report.GateRegressed)
	case a.against.direct && !whole.certain.holdZero() && (whole.certain.low > 0 || len(suspected) == 0):
		return whole, ""
	case len(suspected) > 0:
		return a.gated(whole, suspected, report.GateSuspected)
	}
	return nil, ""
}

// gated narrows the regression question to the requests that gates are on, so that
// what slows others isn't taken for their cause. Where none of these lies in the
// levels that are compared, the whole is asked, which confirms nothing.
func (a *attributor) gated(whole *excess, gates []report.Gate, verdict string) (*excess, string) {
	if e := a.excessOf(a.within(gates)); e != nil {
		return e, verdict
	}
	return whole, report.GateSuspected
}

// latencyGates are those on durations of requests with a verdict.
func (r *reference) latencyGates(verdict string) []report.Gate {
	return slices.DeleteFunc(slices.Clone(r.gates), func(g report.Gate) bool {
		return g.Verdict != verdict || !isDuration(g.Metric)
	})
}

// worse names the gates that are regressed or suspected.
func (r *reference) worse() []string {
	var names []string
	for _, g := range r.gates {
		if g.Verdict == report.GateRegressed || g.Verdict == report.GateSuspected {
			names = append(names, report.GateName(g.Metric, g.Endpoint, g.Statistic))
		}
	}
	return names
}

// within is the regression question of the endpoints that gates are on. Where they
// are on a percentile alone, it is asked of the requests around that, where they
// can be told apart, as the mean of all may not have moved.
func (a *attributor) within(gates []report.Gate) *question {
	q := &question{name: a.regression.name, cells: a.regression.cells.clone()}
	gated, banded := make(map[run.Endpoint]bool), make(map[run.Endpoint]bool)
	var names []string
	for _, endpoint := range slices.SortedFunc(maps.Keys(q.cells.byEndpoint()), run.Endpoint.Compare) {
		on := slices.DeleteFunc(slices.Clone(gates), func(g report.Gate) bool {
			return g.Metric != durationMetric(endpoint.Protocol) || g.Endpoint != "" && g.Endpoint != endpoint.Name
		})
		if len(on) == 0 {
			continue
		}
		gated[endpoint] = true
		name := endpoint.Name
		if at, ok := percentileAlone(on); ok && a.bands {
			hard, reference := a.sides(&a.regression, endpoint)
			if from, to, ok := bandAround(at, hard, reference); ok {
				banded[endpoint] = true
				name += " around its p" + report.Digits(100*at, 3)
				for _, side := range []struct {
					of *sample
					in []oneTable
				}{{&q.hard, hard}, {&q.reference, reference}} {
					band := a.bandSample(q.cells, side.in, from, to)
					side.of.add(band.weighing(countOf(side.in)))
				}
			}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	means := func(e run.Endpoint) bool { return gated[e] && !banded[e] }
	q.hard.add(a.regression.hard.of(q.cells, means))
	q.reference.add(a.regression.reference.of(q.cells, means))
	q.answer(a.partition)
	all := func(e run.Endpoint) bool { return gated[e] }
	hard, reference := a.regression.hard.of(q.cells, all), a.regression.reference.of(q.cells, all)
	q.hardSize, q.referenceSize = hard.size(), reference.size()
	if !slices.ContainsFunc(gates, func(g report.Gate) bool { return g.Endpoint == "" }) {
		q.where = ", in " + joinWords(names)
	}
	return q
}

// percentileAlone is the quantile that an endpoint has gates on, where they are all
// its own and on percentiles: the first of several.
func percentileAlone(gates []report.Gate) (float64, bool) {
	first := 0.0
	for i, g := range gates {
		s, err := config.ParseStatistic(g.Statistic)
		if err != nil || g.Endpoint == "" {
			return 0, false
		}
		q, ok := s.Quantile()
		if !ok {
			return 0, false
		}
		if i == 0 {
			first = q
		}
	}
	return first, len(gates) > 0
}
