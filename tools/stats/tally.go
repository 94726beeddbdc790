package main

import (
	"fmt"
	"math"

	"k6report/internal/report"
	"k6report/internal/stat"
)

// tally counts reports of one kind.
type tally struct {
	of, suspected, regressed, improved, improvedFirst int
	changed                                           int // in which a changed gate was confirmed
	changedBetter                                     int
	held, bounds                                      int // bounds of latency gates
}

func (t *tally) add(o tally) {
	t.of += o.of
	t.suspected += o.suspected
	t.regressed += o.regressed
	t.improved += o.improved
	t.improvedFirst += o.improvedFirst
	t.changed += o.changed
	t.changedBetter += o.changedBetter
	t.held += o.held
	t.bounds += o.bounds
}

func (t *tally) count(m *model, o outcome) {
	one := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	t.of++
	t.suspected += one(o.has(o.first, report.GateSuspected))
	t.regressed += one(o.has(o.final, report.GateRegressed))
	t.improvedFirst += one(o.has(o.first, report.GateImproved))
	t.improved += one(o.has(o.final, report.GateImproved))
	worse, better := false, false
	for i := range o.final {
		if m.changed != nil && m.changed(i) {
			worse = worse || o.final[i].Verdict == report.GateRegressed
			better = better || o.final[i].Verdict == report.GateImproved
		}
	}
	t.changed += one(worse)
	t.changedBetter += one(better)
	for i := range o.first[:latencies] {
		change := 0.0
		if m.changed != nil && m.changed(i) {
			change = m.change
		}
		if e := o.first[i].Excluded; e != nil {
			t.bounds++
			t.held += one(*e >= math.Expm1(change))
		}
	}
}

// rate is a share with the interval in which it lies with 95 %.
func rate(n, of int) string {
	if of == 0 {
		return "–"
	}
	c := stat.Counts{Events: float64(n), Trials: float64(of)}
	low, high := stat.RateBounds(c, 1, 0.975)
	return fmt.Sprintf("%s (%s–%s)", percent(c.Rate()), percent(low), percent(high))
}

// percent shows a share: with one decimal, below 1 % with two. A share of nothing
// is a dash, and one that is there is never shown as 0.
func percent(share float64) string {
	switch {
	case math.IsNaN(share):
		return "–"
	case share > 0 && share < 0.00005:
		return "< 0.01"
	case share != 0 && share < 0.00995: // what rounds to 1.0 is shown so
		return fmt.Sprintf("%.2f", 100*share)
	}
	return fmt.Sprintf("%.1f", 100*share)
}

// goal marks a goal as met or missed.
func goal(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}
