package analyze

import (
	"slices"
	"strings"

	"k6report/internal/report"
)

// metricLoad marks the gate on whether the load was carried.
const metricLoad = "load"

// overloadCodes are the notes that tell of a load that was not carried. They
// make a run invalid by itself; where the baseline carried the same load they
// are what the comparison is about.
var overloadCodes = []string{"dropped_iterations", "load_missed", "error_budget", "many_errors", "many_timeouts"}

func overloadReasons(notes []report.Note) []string {
	return invalidReasons(slices.DeleteFunc(slices.Clone(notes), func(n report.Note) bool {
		return !slices.Contains(overloadCodes, n.Code)
	}))
}

// overload reports whether the run is invalid for nothing but a load that it
// did not carry.
func (s *subject) overload() bool {
	n := len(overloadReasons(s.notes))
	return n > 0 && n == len(invalidReasons(s.notes))
}

// loadGate is the gate on the load, where the run did not carry it and a
// baseline run is known to have been asked for the same and to have carried it;
// else there is none. The run's notes then doubt the build, no longer the run.
func (c *comparing) loadGate() []report.Gate {
	if c.out.Forced || !c.subject.overload() || c.plan == nil {
		return nil
	}
	if !slices.ContainsFunc(c.base, (*subject).carriedItsLoad) {
		return nil
	}
	again := len(c.candidates) > 1
	for _, s := range c.candidates[1:] {
		again = again && len(overloadReasons(s.notes)) > 0
	}
	g := report.Gate{
		Metric: metricLoad, Statistic: "sustained", Verdict: report.GateSuspected,
		Reason: "load not sustained, which the baseline carried: " + strings.Join(overloadReasons(c.notes), "; "),
	}
	missing := c.missingRuns()
	switch {
	case missing > 0 && c.baseline.Group:
		g.Reason += "; " + plural(missing, "more run", "more runs") + " would tell"
	case missing > 0:
		g.Reason += "; " + plural(missing, "more baseline run is", "more baseline runs are") + " needed before a build can fail"
	case again && c.baseline.Group:
		g.Verdict = report.GateRegressed
	case again:
		g.Verdict, g.Reason = report.GateRegressed, g.Reason+"; so did the second run"
	case c.options.ConfirmRuns == 1:
		g.Verdict = report.GateRegressed
	case len(c.candidates) > 1 && c.baseline.Group:
		g.Reason += "; another run carried it"
	case len(c.candidates) > 1:
		g.Reason += "; the second run carried it"
	}
	for i := range c.notes {
		if n := &c.notes[i]; n.Severity == report.Invalid && slices.Contains(overloadCodes, n.Code) {
			n.Severity = report.Warning
		}
	}
	return []report.Gate{g}
}

// missingRuns is how many more it takes before a build can fail by its load; as many
// as for gates (see [judgement.capable]).
func (c *comparing) missingRuns() int {
	n, wanted, beside := len(c.base), c.baseline.wanted(), len(c.carried())
	switch {
	case c.baseline.Group:
		return max(wanted+1-n-len(c.candidates), 2-n, 2-len(c.candidates))
	case beside > 0:
		return max(FreshEpoch-n, wanted+1-n-beside)
	}
	return wanted - n
}

// carriedItsLoad reports whether a run of a known plan dropped next to nothing.
// That it kept its error budget, a run of a store had to show before it joined.
func (s *subject) carriedItsLoad() bool {
	if s.plan == nil || len(overloadReasons(s.notes)) > 0 {
		return false
	}
	done, dropped := s.iterations(nil)
	if done == 0 {
		done = s.iterationsStarted()
	}
	return done > 0 && dropped <= maxDropped*(done+dropped)
}

// iterationsStarted counts them in the request tables.
func (s *subject) iterationsStarted() float64 {
	n := uint64(0)
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if durationMetric(t.Protocol) == "iteration_duration" {
			for j := range t.Blocks {
				n += t.Blocks[j].Count
			}
		}
	}
	return float64(n)
}
