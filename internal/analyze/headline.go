package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/report"
)

// compared are the statuses that a comparison adds, in the contract's order.
func compared(c *report.Comparison) []report.Status {
	if c == nil {
		return nil
	}
	if len(c.Differences) > 0 && !c.Forced {
		return []report.Status{report.NotComparable}
	}
	n := countVerdicts(c)
	total := len(c.Gates)
	var out []report.Status
	if n[report.GateRegressed] > 0 {
		out = append(out, report.Regressed)
	}
	if total > 0 && n[report.GateNotComparable] == total {
		out = append(out, report.NotComparable)
	}
	if n[report.GateSuspected] > 0 {
		out = append(out, report.Suspected)
	}
	if total > 0 && n[report.GateInconclusive]+n[report.GateNotComparable] == total && n[report.GateInconclusive] > 0 {
		out = append(out, report.Inconclusive)
	}
	if n[report.GateImproved] > 0 && n[report.GateRegressed] == 0 && n[report.GateSuspected] == 0 {
		out = append(out, report.Improved)
	}
	return out
}

// baselineNamed tells a baseline's name from a word of the sentence.
func baselineNamed(c *report.Comparison) string {
	return strings.TrimSpace("the baseline " + c.Baseline.Name)
}

func countVerdicts(c *report.Comparison) map[string]int {
	n := make(map[string]int)
	for _, g := range c.Gates {
		n[g.Verdict]++
	}
	return n
}

// comparedHeadline is the sentence on a status that a comparison gave.
func comparedHeadline(status report.Status, c *report.Comparison) phrase {
	against := c.Baseline.Name
	if against == "" {
		against = "the baseline"
	}
	switch status {
	case report.NotComparable:
		if len(c.Differences) > 0 {
			return phrase{text: fmt.Sprintf("not comparable with %s: %s", against, differenceText(c.Differences[0], "the baseline"))}
		}
		return phrase{text: fmt.Sprintf("not comparable with %s: %s", against, c.Gates[0].Reason)}
	case report.Regressed:
		return gatesHeadline(c, report.GateRegressed, against, "is")
	case report.Suspected:
		says := gatesHeadline(c, report.GateSuspected, against, "looks")
		if c.CandidateName == "" && len(c.Candidate) < 2 && c.Baseline.Runs >= c.Baseline.Wanted {
			says.text += "; a second run has to confirm it"
		}
		return says
	case report.Inconclusive:
		return phrase{text: fmt.Sprintf("can't tell whether anything is worse than %s: %s", baselineNamed(c), c.Gates[0].Reason)}
	case report.Improved:
		return gatesHeadline(c, report.GateImproved, against, "is")
	}
	return phrase{}
}

// gatesHeadline tells of the first gate with a verdict, and how many more have
// it.
func gatesHeadline(c *report.Comparison, verdict, against, verb string) phrase {
	var says phrase
	more := -1
	for i := range c.Gates {
		if c.Gates[i].Verdict != verdict {
			continue
		}
		if more++; more == 0 {
			says = gateSentence(&c.Gates[i], against, verb)
		}
	}
	if more > 0 {
		says.text += fmt.Sprintf(" (and %s)", plural(more, "more gate", "more gates"))
	}
	return says
}

// gateSentence says how a gate moved, in words.
func gateSentence(g *report.Gate, against, verb string) phrase {
	if g.Metric == metricLoad {
		return phrase{text: g.Reason}
	}
	name := report.GateName(g.Metric, g.Endpoint, g.Statistic)
	says := phrase{named: g.Endpoint != "" || strings.HasPrefix(name, g.Metric)}
	if g.Change == nil || g.Baseline == nil || g.Candidate == nil {
		says.text = name + ": " + g.Reason
		return says
	}
	higher, lower := "higher", "lower"
	if g.Unit == report.UnitMS {
		higher, lower = "slower", "faster"
	}
	word := higher
	if *g.Change < 0 {
		word = lower
	}
	says.text = fmt.Sprintf("%s %s %s %s than %s: %s, was %s", name, verb, percentChange(*g.Change), word, against, amountOf(*g.Candidate, g.Unit), amountOf(*g.Baseline, g.Unit))
	if g.Unit == report.UnitShare {
		says.text = fmt.Sprintf("%s %s %s than %s: %s, was %s", name, verb, word, against, percent(*g.Candidate), percent(*g.Baseline))
	}
	return says
}

// percentChange is the size of a relative change.
func percentChange(change float64) string {
	change = math.Abs(change)
	if change < 0.1 {
		return report.Digits(math.Round(change*1000)/10, 2) + " %"
	}
	return report.Digits(math.Round(change*100), 3) + " %"
}

func amountOf(v float64, unit string) string {
	switch unit {
	case "":
		return report.Digits(v, 3)
	case report.UnitPerS:
		return report.Digits(v, 4) + unit
	}
	return report.Digits(v, 3) + " " + unit
}

// excludedText says what a comparison without findings excludes; "" when
// nothing.
func excludedText(c *report.Comparison) string {
	if c == nil || len(c.Gates) == 0 {
		return ""
	}
	var worst float64
	known := false
	n := countVerdicts(c)
	for _, g := range c.Gates {
		if g.Excluded == nil || g.Unit == report.UnitShare || slices.Contains([]string{report.GateInconclusive, report.GateNotComparable}, g.Verdict) {
			continue
		}
		bound := *g.Excluded
		if g.LowerIsWorse {
			bound = -bound // a fall
		}
		worst, known = max(worst, bound), true
	}
	against := c.Baseline.Name
	if against == "" {
		against = "the baseline"
	}
	text := "no worse than " + against
	switch {
	case n[report.GateInconclusive] > 0:
		i := slices.IndexFunc(c.Gates, func(g report.Gate) bool { return g.Verdict == report.GateInconclusive })
		return fmt.Sprintf("%d of %s can't tell (%s), the rest is no worse than %s", n[report.GateInconclusive], plural(len(c.Gates), "gate", "gates"), c.Gates[i].Reason, against)
	case n[report.GateAccepted] > 0:
		text = fmt.Sprintf("%s as accepted, otherwise no worse than %s", plural(n[report.GateAccepted], "gate changed", "gates changed"), against)
	case known && worst >= 0.0005:
		text += fmt.Sprintf(": a change for the worse above %s is excluded", percentChange(worst))
	case !known:
		text = fmt.Sprintf("nothing large is worse than %s (%s)", against, plural(c.Baseline.Runs, "run", "runs"))
	}
	return text
}
