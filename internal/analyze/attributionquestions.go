package analyze

import (
	"fmt"

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

// askTail holds the slow requests of each endpoint against its ordinary ones. It
// changes nothing.
func (a *attributor) askTail() question {
	q := question{name: report.QuestionTail, cells: &cellIndex{}}
	g := a.this.whole()
	between := func(from, to float64) func(*run.Table) (*band, bool) {
		return func(t *run.Table) (*band, bool) {
			b := bandOf(t, g.holds, from, to)
			return b, b != nil
		}
	}
	q.hard = sample{runs: 1, segments: []segment{a.this.reader.segment(q.cells, 0, g, between(tailFrom, 1))}}
	q.reference = sample{runs: 1, segments: []segment{a.this.reader.segment(q.cells, 0, g, between(middleFrom, middleEnd))}}
	q.answer(a.partition)
	return q
}

// askLoad holds the highest level of load before collapse against the lowest
// steady one, over the run and those of its further runs that have both.
func (a *attributor) askLoad() {
	a.load = question{name: report.QuestionLoad, cells: &cellIndex{}, apart: true}
	var ok bool
	a.low, a.high, ok = a.this.extremes()
	a.collapsed = a.collapseAbove(max(a.low, a.high))
	if !ok {
		return
	}
	for _, of := range append([]*attributed{a.this}, a.rerun...) {
		low, high, ok := of.extremes()
		if !ok || !of.levels[low].sameLoad(&a.this.levels[a.low]) || !of.levels[high].sameLoad(&a.this.levels[a.high]) {
			continue
		}
		number := a.load.hard.runs
		add := func(to *sample, level int) {
			g := of.reader.segment(a.load.cells, 0, of.levels[level].grid, nil)
			g.run = number
			to.segments = append(to.segments, g)
			to.runs = number + 1
		}
		add(&a.load.hard, high)
		add(&a.load.reference, low)
	}
	a.load.answer(a.partition)
}

// collapseAbove says at which level of load above one the system gave way, and
// how; "" where it did at none.
func (a *attributor) collapseAbove(level int) string {
	best := 0.0
	for i := range a.this.levels {
		l := &a.this.levels[i]
		switch above := i > level && (level < 0 || !l.sameLoad(&a.this.levels[level])); {
		case above && l.errors > failing:
			return fmt.Sprintf("at %s %s of the requests failed", a.levelText(i), percent(l.errors))
		case above && l.perS < fell*best:
			return fmt.Sprintf("at %s throughput was down to %s/s, from %s/s at less load", a.levelText(i), report.Digits(l.perS, 3), report.Digits(best, 3))
		case l.errors <= failing:
			best = max(best, l.perS)
		}
	}
	return ""
}
