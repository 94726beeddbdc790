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
	c := stat.Counts{Events: float64(n), Trials: float64(of)}
	low, high := stat.RateBounds(c, 1, 0.975)
	return fmt.Sprintf("%s (%s–%s)", percent(c.Rate()), percent(low), percent(high))
}

func percent(share float64) string {
	switch {
	case share != 0 && share < 0.01:
		return fmt.Sprintf("%.2f", 100*share)
	case share < 0.1:
		return fmt.Sprintf("%.1f", 100*share)
	}
	return fmt.Sprintf("%.1f", 100*share)
}

// verdict marks a goal as met or missed.
func goal(met bool) string {
	if met {
		return "met"
	}
	return "**missed**"
}
