package analyze

import (
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// askShare says where the time goes.
func (a *attributor) askShare() {
	all := sample{runs: 1, segments: []segment{a.this.reader.segment(&a.cells, 0, a.this.whole(), nil)}}
	a.all = &all
	a.sizes = all.size()
	mean := make([]float64, len(a.partition.parts))
	for _, b := range all.segments[0].blocks {
		for i := range b.cells {
			for j, ms := range b.cells[i].parts {
				mean[j] += ms
			}
		}
	}
	for j := range mean {
		mean[j] /= max(1, a.sizes.requests)
	}
	a.share = contrast{reference: make([]float64, len(mean)), hard: mean, shared: 1}
}

// The bounds of the tail question, by endpoint.
const (
	tailFrom              = 0.95
	middleFrom, middleEnd = 0.40, 0.60
)

// askTail holds the slow requests of each endpoint against its ordinary ones.
func (a *attributor) askTail() {
	a.tail = question{name: report.QuestionTail, cells: &cellIndex{}}
	g := a.this.whole()
	between := func(from, to float64) func(*run.Table) (*band, bool) {
		return func(t *run.Table) (*band, bool) {
			b := bandOf(t, g.holds, from, to)
			return b, b != nil
		}
	}
	a.tail.hard = sample{runs: 1, segments: []segment{a.this.reader.segment(a.tail.cells, 0, g, between(tailFrom, 1))}}
	a.tail.reference = sample{runs: 1, segments: []segment{a.this.reader.segment(a.tail.cells, 0, g, between(middleFrom, middleEnd))}}
	a.tail.answer(a.partition)
}

// askLoad holds the highest level of load before collapse against the lowest
// steady one, over the run and, where there is one, its second run.
func (a *attributor) askLoad() {
	a.load = question{name: report.QuestionLoad, cells: &cellIndex{}}
	var ok bool
	if a.low, a.high, ok = a.this.extremes(); !ok {
		return
	}
	for i, of := range append([]*attributed{a.this}, a.rerun...) {
		low, high, ok := of.extremes()
		if !ok || !of.levels[low].sameLoad(&a.this.levels[a.low]) || !of.levels[high].sameLoad(&a.this.levels[a.high]) {
			continue
		}
		add := func(to *sample, level int) {
			g := of.reader.segment(a.load.cells, 0, of.levels[level].grid, nil)
			g.run = i
			to.segments = append(to.segments, g)
			to.runs = i + 1
		}
		add(&a.load.hard, high)
		add(&a.load.reference, low)
	}
	a.load.answer(a.partition)
}

// askRegression holds the run, with its second run where there is one, against
// the baseline: like level with like level where all runs have the same ones.
func (a *attributor) askRegression() {
	a.regression = question{name: report.QuestionRegression, cells: &cellIndex{}}
	if len(a.baseline) == 0 {
		return
	}
	hard := append([]*attributed{a.this}, a.rerun...)
	byLevel := sameLevels(slices.Concat(hard, a.baseline))
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
	a.regression.hard, a.regression.reference = collect(hard), collect(a.baseline)
	a.regression.answer(a.partition)
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
