package analyze

import (
	"math"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/stat"
	"k6report/internal/threshold"
)

// What a decision on a gate rests on.
const (
	// gateLevel is the chance of a false alarm that the screen and the
	// confirmation take each: of a gate, and of all that are confirmed together.
	gateLevel = 0.01
	// boundLevel is the confidence of the bound above which a change is excluded.
	boundLevel = 0.95
	// power is how often a detectable change is found.
	power = 0.80
	// widestBound is the largest bound, as a ratio, that still tells something.
	widestBound = 1.25
	// enoughDifferences are those of successive runs from which the noise of
	// unchanged code is learned.
	enoughDifferences = 10

	// DefaultWanted is how many baseline runs it takes to fail a build.
	DefaultWanted = 5
	// fewestForT is the degrees of freedom from which the spread between runs is
	// known well enough for a test.
	fewestForT = 2
	// FreshEpoch is how many runs of a new epoch it takes to fail a build.
	FreshEpoch = 2
)

// Guards stand in for a test while the spread between runs is unknown.
const (
	guardAverage = 1.25 // as a ratio, for averages, medians and rates
	guardTail    = 1.40 // for percentiles
	guardSE      = 4    // standard errors of the difference of two runs
	guardErrors  = 5    // times the smallest rise that matters
)

// GateInput is one gate with what was measured of it.
type GateInput struct {
	config.Gate
	// Accepted is the change for the worse that the configuration accepts; nil:
	// none.
	Accepted *config.Accepted
	// Base are the baseline's runs of this epoch, oldest first.
	Base []GateValue
	// Carried are runs of the epoch before, where this one has few: they tell the
	// spread between runs, not the mean.
	Carried []GateValue
	// Earlier are older runs in the order of time, a list an epoch: they tell the
	// noise of unchanged code.
	Earlier [][]GateValue
	// Candidates are the candidate's runs: one, or a second that confirms; with
	// Rules.Group any number.
	Candidates []GateValue
}

// Rules are those of a comparison, for all its gates.
type Rules struct {
	Wanted      int  // baseline runs from which a build can fail; 0 is 5
	ConfirmRuns int  // runs that a regression takes, 1 or 2; 0 is 2
	Group       bool // the candidates are a group, not a run and its confirmation
	// Doubtful says why nothing may be confirmed, such as "the run is invalid";
	// "" when nothing stands against it.
	Doubtful string

	student *quantiles // remembered; nil computes each
}

func (r Rules) wanted() int {
	if r.Wanted == 0 {
		return DefaultWanted
	}
	return r.Wanted
}

// Decide judges all gates of a comparison together.
//
// Each is screened on the first candidate run: suspected when its one-sided p is
// under 0.01, also were the noise to have heavy tails, and the change at least
// the smallest that matters. What is suspected is tested again on the second run, with Holm's correction over all
// that is, and regressed only when it fails that, too. Improvements are the
// mirror of this. The order of the result is that of the input.
func Decide(gates []GateInput, rules Rules) []report.Gate {
	out := make([]report.Gate, len(gates))
	judged := make([]*judgement, len(gates))
	rules.student = &quantiles{known: make(map[quantileKey]float64)}
	for i := range gates {
		j := newJudgement(&gates[i], rules)
		j.screen()
		judged[i] = j
	}
	for _, side := range []*side{worse, better} {
		confirm(judged, side)
	}
	for i, j := range judged {
		out[i] = j.gate()
	}
	return out
}

// A side is a direction in which a gate may have moved.
type side struct{ sign float64 }

var (
	worse  = &side{1}
	better = &side{-1}
)

// judgement is the work on one gate.
type judgement struct {
	*GateInput
	rules Rules
	test  gateTest
	first finding // of the first run, or of the group
	moved *side   // nil: within the noise, or too little to matter
	// confirmed says that the second run moved, too, refuted that it didn't.
	confirmed, refuted bool
	adjusted           float64 // the confirmation's p; NaN without one
	reason             string
	broken             string // a verdict that stands before any test
}

// A gateTest compares candidate runs with the baseline. Changes are in the test's
// own scale, where larger is worse: of logarithms, or of shares of failures.
type gateTest interface {
	// screen tests the first candidate run, or a group of them; confirm a second
	// run, of what the first was suspected of.
	screen(runs []GateValue) finding
	confirm(runs []GateValue) finding
	// degrees of freedom of the spread between runs; 0: unknown.
	degrees() float64
	// smallest is the smallest change that matters.
	smallest() float64
	// accepted is a change that the configuration accepts, in the test's scale;
	// beyond reports whether runs are clearly further off than a change.
	accepted(upTo float64) float64
	beyond(runs []GateValue, change float64) bool
	// describe fills the numbers of a gate.
	describe(g *report.Gate, runs []GateValue)
}

// finding is what a test says of a change.
type finding struct {
	change float64
	// p is one-sided, by side; NaN where there is no test, only a guard.
	pWorse, pBetter float64
	// guarded is the change from which on a guard suspects; 0 where there is a
	// test.
	guarded float64
}

func (f finding) p(s *side) float64 {
	if s == worse {
		return f.pWorse
	}
	return f.pBetter
}

// moved reports whether the change both matters and is more than noise, at a
// level.
func (f finding) moved(s *side, p, smallest float64) bool {
	change := s.sign * f.change
	if f.guarded > 0 {
		return change >= max(f.guarded, smallest)
	}
	return change >= smallest && p < gateLevel
}

func newJudgement(in *GateInput, rules Rules) *judgement {
	j := &judgement{GateInput: in, rules: rules, adjusted: math.NaN()}
	few := func(v GateValue) bool { return v.Count < j.enough() }
	switch {
	case len(in.Base) == 0:
		j.broken, j.reason = report.GateNotComparable, "the baseline has no value of it"
	case len(in.Candidates) == 0:
		j.broken, j.reason = report.GateNotComparable, "there is no value of it now"
	case slices.ContainsFunc(in.Candidates, few) || slices.ContainsFunc(in.Base, few):
		j.broken, j.reason = report.GateInconclusive, "fewer than "+report.Digits(float64(j.enough()), 6)+" requests in a run are too few"
	}
	if len(in.Base) == 0 || len(in.Candidates) == 0 {
		return j
	}
	j.test = newGateTest(in, rules)
	return j
}

// newGateTest is the test that fits a gate's metric. Base and Candidates must
// not be empty.
func newGateTest(in *GateInput, rules Rules) gateTest {
	if in.Absolute() {
		return newCountTest(in, rules)
	}
	return newRatioTest(in, rules)
}

// enough requests for the statistic.
func (j *judgement) enough() uint64 {
	if j.Statistic.Method == threshold.Percentile && j.Statistic.Percent >= 99 {
		return uint64(math.Ceil(3 / (1 - j.Statistic.Percent/100) * (1 - 1e-9)))
	}
	if !isDuration(j.Metric) {
		return 1
	}
	return minGated
}

func (j *judgement) screen() {
	if j.test == nil || j.broken != "" {
		return
	}
	j.first = j.test.screen(j.screened())
	for _, s := range []*side{worse, better} {
		if j.first.moved(s, j.first.p(s), j.test.smallest()) {
			j.moved = s
		}
	}
}

// capable reports whether there are runs enough to claim a change.
func (j *judgement) capable() bool {
	if j.rules.Doubtful != "" || j.test.degrees() < float64(j.rules.wanted()-1) {
		return false
	}
	if j.rules.Group {
		return len(j.Candidates) > 1 && len(j.Base) > 1
	}
	return len(j.Carried) == 0 || len(j.Base) >= FreshEpoch
}

// confirm tests again, on the second run, what the first was suspected of. Of a
// group all runs were tested already, so that its own p is corrected.
func confirm(all []*judgement, s *side) {
	var list []*judgement
	var p []float64
	var again []finding
	for _, j := range all {
		if j.moved != s {
			continue
		}
		second := j.first
		if !j.rules.Group {
			if len(j.Candidates) < 2 || j.rules.ConfirmRuns == 1 {
				continue
			}
			second = j.test.confirm(j.Candidates[1:2])
		}
		list, p, again = append(list, j), append(p, second.p(s)), append(again, second)
	}
	for i, adjusted := range stat.Holm(p) {
		j := list[i]
		j.adjusted = adjusted
		j.confirmed = again[i].moved(s, adjusted, j.test.smallest())
		j.refuted = !j.confirmed && !again[i].moved(s, p[i], j.test.smallest())
	}
}

// gate is the result.
func (j *judgement) gate() report.Gate {
	out := report.Gate{
		Metric: j.Metric, Endpoint: j.Endpoint, Statistic: j.Statistic.String(), Unit: unitOf(j.GateKey),
		LowerIsWorse: lowerIsWorse(j.GateKey), Tolerance: report.Num(j.SmallestChange), Reason: j.reason,
	}
	if j.test == nil {
		for _, side := range []struct {
			runs []GateValue
			to   **float64
		}{{j.Base, &out.Baseline}, {j.Candidates, &out.Candidate}} {
			if n := len(side.runs); n > 0 {
				*side.to = report.Num(side.runs[n-1].Value)
			}
		}
		out.Verdict = j.broken
		return out
	}
	j.test.describe(&out, j.Candidates)
	switch {
	case !math.IsNaN(j.adjusted):
		out.PValue = report.Num(j.adjusted)
	case j.first.change >= 0:
		out.PValue = report.Num(j.first.pWorse)
	default:
		out.PValue = report.Num(j.first.pBetter)
	}
	out.Verdict = j.verdict(&out)
	out.Reason = j.reason
	return out
}

func (j *judgement) verdict(out *report.Gate) string {
	switch {
	case j.broken != "":
		return j.broken
	case j.moved == worse:
		return j.worseVerdict()
	case j.moved == better:
		return j.betterVerdict()
	case out.Excluded != nil && !j.Absolute() && j.tooWide(*out.Excluded):
		j.reason = "too much noise between runs: not even a change of 25 % is excluded"
		return report.GateInconclusive
	case j.first.guarded > 0:
		j.reason = "within the guard for few baseline runs"
	}
	return report.GateOK
}

// tooWide reports whether a bound excludes too little to tell anything.
func (j *judgement) tooWide(excluded float64) bool {
	if lowerIsWorse(j.GateKey) {
		return 1+excluded < 1/widestBound
	}
	return 1+excluded > widestBound
}

func (j *judgement) worseVerdict() string {
	if a := j.Accepted; a != nil {
		// Noise must not carry an accepted change over its limit.
		if limit := j.test.accepted(a.UpTo); j.first.change <= limit || !j.test.beyond(j.screened(), limit) {
			j.reason = "accepted up to " + j.amount(a.UpTo) + ": " + a.Reason
			return report.GateAccepted
		}
		j.reason = "clearly more than the accepted " + j.amount(a.UpTo)
	}
	switch {
	case j.refuted:
		j.reason = "the second run did not confirm what the first one looked like"
		return report.GateOK
	case !j.capable():
		j.reason = join(j.reason, j.missing())
		return report.GateSuspected
	case j.confirmed && j.rules.Group:
		return report.GateRegressed
	case j.confirmed:
		j.reason = join(j.reason, "in both runs")
		return report.GateRegressed
	case j.rules.ConfirmRuns == 1:
		j.reason = join(j.reason, "by one run only, as --confirm-runs 1 allows: more false alarms")
		return report.GateRegressed
	case len(j.Candidates) > 1:
		j.reason = join(j.reason, "in both runs, but not clearly enough for so many gates")
	default:
		j.reason = join(j.reason, "by one run only: a second one has to confirm it")
	}
	return report.GateSuspected
}

func (j *judgement) betterVerdict() string {
	switch {
	case j.refuted:
		j.reason = "the second run did not confirm that it is better"
		return report.GateOK
	case !j.capable():
		j.reason = "looks better; " + j.missing()
		return report.GateOK
	case !math.IsNaN(j.adjusted) && !j.confirmed:
		j.reason = "better in both runs, but not clearly enough for so many gates"
		return report.GateOK
	case len(j.Candidates) < 2 && j.rules.ConfirmRuns != 1:
		j.reason = "by one run only"
	}
	return report.GateImproved
}

// screened are the candidate runs that the screen looks at.
func (j *judgement) screened() []GateValue {
	if j.rules.Group {
		return j.Candidates
	}
	return j.Candidates[:1]
}

// missing says what it takes to be sure.
func (j *judgement) missing() string {
	have, wanted := j.test.degrees()+1, float64(j.rules.wanted())
	switch {
	case j.rules.Doubtful != "":
		return j.rules.Doubtful
	case j.rules.Group && (len(j.Base) < 2 || len(j.Candidates) < 2):
		return "may be noise between runs: two runs or more of each side would tell"
	case j.rules.Group:
		return plural(int(math.Ceil(wanted-have)), "more run", "more runs") + " would tell"
	case have < wanted:
		n := int(math.Ceil(wanted - have))
		if len(j.Carried) == 0 {
			n = j.rules.wanted() - len(j.Base)
		}
		return plural(n, "more baseline run is", "more baseline runs are") + " needed before a build can fail"
	}
	return "the epoch is new: it takes two of its runs before a build can fail"
}

// amount is a change for a sentence.
func (j *judgement) amount(v float64) string {
	if j.Absolute() {
		return report.Digits(100*v, 3) + " points"
	}
	return percent(v)
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}

// lowerIsWorse reports whether a gate's metric is better when higher.
func lowerIsWorse(k config.GateKey) bool {
	return k.Statistic.Method == threshold.Rate && k.Metric != metricFailed && k.Metric != "dropped_iterations"
}

// unitOf is a gate's unit.
func unitOf(k config.GateKey) string {
	switch {
	case k.Absolute():
		return report.UnitShare
	case k.Statistic.Method == threshold.Rate:
		return report.UnitPerS
	case strings.HasSuffix(k.Metric, "_duration"), strings.HasPrefix(k.Metric, "http_req_"), strings.HasSuffix(k.Metric, "_ms"),
		k.Metric == "ws_connecting", k.Metric == "ws_ping":
		return report.UnitMS
	}
	return ""
}
