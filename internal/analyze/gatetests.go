package analyze

import (
	"math"
	"slices"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/stat"
	"k6report/internal/threshold"

	"gonum.org/v1/gonum/mathext"
)

// ratioTest compares ratios: y = ln(statistic), of which each run has one.
// Larger is worse; of metrics where lower is worse, y = −ln(statistic).
type ratioTest struct {
	sign     float64
	tolerate float64
	mean     float64
	runs     int
	// spread is the standard deviation between runs, scale what the test uses:
	// at least the floor, and at least what the requests within a run explain.
	spread  stat.Spread
	scale   float64
	within  float64 // standard error within a run, the median over runs; 0: unknown
	guard   float64 // of one or two baseline runs; 0: there is a test
	floor   float64 // the least spread that is believed
	learned int     // differences that the floor was learned from; 0: none
	// screened is the number of candidate runs that the screen looks at.
	screened int
	student  *quantiles
}

func newRatioTest(in *GateInput, rules Rules) *ratioTest {
	t := &ratioTest{sign: 1, tolerate: math.Log(1 + in.SmallestChange), runs: len(in.Base), screened: 1, student: rules.student}
	if lowerIsWorse(in.GateKey) {
		t.sign = -1
	}
	base := t.logs(in.Base)
	t.mean = stat.Mean(base)
	// Runs long ago say little of the spread now, and steps between them are none of
	// it: only what the baseline's runs differ by counts, and those it was carried from.
	t.spread = stat.PooledSpread(base, t.logs(in.Carried))
	within := slices.Clone(in.Base)
	if rules.Group {
		t.screened = len(in.Candidates)
		within = append(within, in.Candidates...)
		t.spread = stat.PooledSpread(base, t.logs(in.Candidates))
	}
	t.within = medianError(within)
	t.learn(in, base)
	t.scale = max(t.floor, t.within)
	if t.spread.Degrees < fewestForT {
		t.guard = math.Log(guardOf(in.GateKey))
		t.guard = max(t.guard, guardSE*math.Sqrt2*max(t.within, medianError(in.Candidates)))
		return t
	}
	t.scale = max(t.scale, t.spread.SD)
	return t
}

// learn takes the floor from what successive runs differ by, where there are enough.
func (t *ratioTest) learn(in *GateInput, base []float64) {
	t.floor = floorOf(in.GateKey)
	var series [][]float64
	for _, epoch := range in.Earlier {
		series = append(series, t.logs(epoch))
	}
	if sd, n := stat.SuccessiveSD(append(series, base)...); n >= enoughDifferences {
		t.floor, t.learned = sd, n
	}
}

func (t *ratioTest) logs(runs []GateValue) []float64 {
	out := make([]float64, len(runs))
	for i := range runs {
		out[i] = t.sign * math.Log(runs[i].Value)
	}
	return out
}

// floorOf is the least spread between runs that is believed without a history.
func floorOf(k config.GateKey) float64 {
	switch {
	case k.Statistic.Method != threshold.Percentile:
		return 0.01
	case k.Statistic.Percent >= 99:
		return 0.04
	}
	return 0.02
}

func guardOf(k config.GateKey) float64 {
	if k.Statistic.Method == threshold.Percentile {
		return guardTail
	}
	return guardAverage
}

// medianError is the median standard error within runs; 0 when none is known.
func medianError(runs []GateValue) float64 {
	var known []float64
	for _, v := range runs {
		if v.SE != nil {
			known = append(known, *v.SE)
		}
	}
	if len(known) == 0 {
		return 0
	}
	slices.Sort(known)
	return stat.Quantile(known, 0.5)
}

// factor turns the spread of a run into that of a difference between m
// candidate runs and the baseline.
func (t *ratioTest) factor(m int) float64 {
	return math.Sqrt(1/float64(m) + 1/float64(t.runs))
}

func (t *ratioTest) screen(runs []GateValue) finding { return t.against(runs, 0, true) }

func (t *ratioTest) confirm(runs []GateValue) finding { return t.against(runs, 0, false) }

// against tests whether the candidate is further from the baseline than by a
// shift. Where heavy tails are allowed for, a single run also has to be further
// off, by the spread as it was measured, than they would have it: the floor and
// what the requests explain are there for a spread that was measured too small,
// which is what makes runs with heavy tails look far off.
func (t *ratioTest) against(runs []GateValue, shift float64, heavy bool) finding {
	change := stat.Mean(t.logs(runs)) - t.mean
	if t.guard > 0 {
		return finding{change: change, pWorse: math.NaN(), pBetter: math.NaN(), guarded: t.guard}
	}
	distance := (change - shift) / t.factor(len(runs))
	p := func(distance float64) float64 {
		normal := stat.StudentTail(distance/t.scale, t.spread.Degrees)
		if !heavy || len(runs) > 1 { // the mean of several has no heavy tails
			return normal
		}
		return max(normal, stat.PredictionTail(distance/max(t.spread.SD, tiny), t.spread.Degrees))
	}
	return finding{change: change, pWorse: p(distance), pBetter: p(-distance)}
}

// critical is the change from which on the screen takes it for more than noise.
func (t *ratioTest) critical() float64 {
	at := t.student.at(1-gateLevel, t.spread.Degrees) * t.scale
	if t.screened == 1 {
		at = max(at, t.student.prediction(1-gateLevel, t.spread.Degrees)*t.spread.SD)
	}
	return at * t.factor(t.screened)
}

func (t *ratioTest) degrees() float64 { return t.spread.Degrees }

func (t *ratioTest) smallest() float64 { return t.tolerate }

func (t *ratioTest) accepted(upTo float64) float64 {
	if t.sign < 0 {
		return -math.Log(max(1-upTo, 1e-9))
	}
	return math.Log(1 + upTo)
}

func (t *ratioTest) beyond(runs []GateValue, change float64) bool {
	return t.guard > 0 || t.against(runs, change, true).pWorse < gateLevel
}

// ratio is a change of y as one of the statistic.
func (t *ratioTest) ratio(y float64) *float64 { return report.Num(math.Expm1(t.sign * y)) }

func (t *ratioTest) interval(low, high float64) *report.Interval {
	if t.sign < 0 {
		low, high = high, low
	}
	return &report.Interval{Low: t.ratio(low), High: t.ratio(high)}
}

func (t *ratioTest) describe(g *report.Gate, runs []GateValue) {
	y := t.logs(runs)
	change := stat.Mean(y) - t.mean
	g.Baseline = report.Num(math.Exp(t.sign * t.mean))
	g.Candidate = report.Num(math.Exp(t.sign * stat.Mean(y)))
	g.Change = t.ratio(change)
	if len(runs) > 1 {
		g.CandidateSpread = report.Num(stat.PooledSpread(y).SD)
	}
	if t.runs > 1 {
		g.BaselineSpread = report.Num(t.spread.SD)
	}
	g.Noise = report.Num(t.scale)
	if t.guard > 0 {
		// Within the runs only: of the spread between them nothing is known.
		if se := math.Sqrt(2) * max(t.within, medianError(runs)); se > 0 {
			half := normal95 * se
			g.Interval = t.interval(change-half, change+half)
		}
		g.Detectable = t.ratio(max(t.guard, t.tolerate) + normal80*t.scale*t.factor(t.screened))
		return
	}
	// The bound rests on what was seen between runs: Student's t knows how
	// uncertain that is, so the floor would only make it too wide.
	quantile := func(p float64) float64 { return t.student.at(p, t.spread.Degrees) }
	half := quantile(boundLevel) * max(t.spread.SD, tiny) * t.factor(len(runs))
	g.Interval = t.interval(change-half, change+half)
	g.Excluded = t.ratio(change + half)
	se := t.scale * t.factor(t.screened)
	critical := max(t.critical(), t.tolerate)
	g.Detectable = t.ratio(critical + quantile(power)*se)
	// Two runs have to find it, one after the other; of a group all are one.
	found := math.Sqrt(power)
	if t.screened > 1 {
		found = power
	}
	g.Confirmable = t.ratio(critical + quantile(found)*se)
}

// quantiles remembers those of Student's t, which take long and are the same for
// most gates of a comparison.
type quantiles struct{ known map[quantileKey]float64 }

type quantileKey struct {
	p, degrees float64
	prediction bool // of one new run; else of a mean
}

func (q *quantiles) at(p, degrees float64) float64 {
	return q.find(quantileKey{p, degrees, false}, stat.StudentQuantile)
}

func (q *quantiles) prediction(p, degrees float64) float64 {
	return q.find(quantileKey{p, degrees, true}, stat.PredictionQuantile)
}

func (q *quantiles) find(key quantileKey, compute func(p, degrees float64) float64) float64 {
	if q == nil {
		return compute(key.p, key.degrees)
	}
	v, ok := q.known[key]
	if !ok {
		v = compute(key.p, key.degrees)
		q.known[key] = v
	}
	return v
}

// Quantiles of the normal distribution, and the least spread of logarithms.
const (
	normal95 = 1.6448536269514722
	normal80 = 0.8416212335729143
	tiny     = 1e-12
)

// countTest compares shares of failures by their counts. Larger is worse.
type countTest struct {
	sign       float64 // −1 where the gate shows the share that did not fail
	tolerate   float64
	runs       int
	base       stat.Counts
	spread     float64 // degrees of freedom of the dispersion
	dispersion float64
	guard      bool
	most       float64 // trials of a candidate run, for what is detectable
}

func newCountTest(in *GateInput, rules Rules) *countTest {
	t := &countTest{sign: 1, tolerate: in.SmallestChange, runs: len(in.Base)}
	if lowerIsWorse(in.GateKey) {
		t.sign = -1
	}
	each := t.counts(in.Base)
	for _, c := range each {
		t.base.Events += c.Events
		t.base.Trials += c.Trials
	}
	beside := t.counts(in.Carried)
	if rules.Group {
		beside = t.counts(in.Candidates)
	}
	t.dispersion = max(stat.Dispersion(each), stat.Dispersion(beside))
	t.spread = float64(len(each) - 1 + max(0, len(beside)-1))
	t.most = float64(in.Candidates[0].Count)
	if t.spread < fewestForT {
		t.guard = true
		t.tolerate *= guardErrors
	}
	return t
}

// counts are those of failures.
func (t *countTest) counts(runs []GateValue) []stat.Counts {
	out := make([]stat.Counts, len(runs))
	for i := range runs {
		out[i] = runs[i].counts()
		if t.sign < 0 {
			out[i].Events = out[i].Trials - out[i].Events
		}
	}
	return out
}

func (t *countTest) sum(runs []GateValue) stat.Counts {
	var all stat.Counts
	for _, c := range t.counts(runs) {
		all.Events, all.Trials = all.Events+c.Events, all.Trials+c.Trials
	}
	return all
}

func (t *countTest) confirm(runs []GateValue) finding { return t.screen(runs) }

func (t *countTest) screen(runs []GateValue) finding {
	all := t.sum(runs)
	return finding{
		change:  all.Rate() - t.base.Rate(),
		pWorse:  stat.MoreEvents(all, t.base, t.dispersion),
		pBetter: stat.FewerEvents(all, t.base, t.dispersion),
	}
}

func (t *countTest) degrees() float64 { return t.spread }

func (t *countTest) smallest() float64 { return t.tolerate }

func (t *countTest) accepted(upTo float64) float64 { return upTo }

func (t *countTest) beyond(runs []GateValue, change float64) bool {
	low, _ := stat.DifferenceBounds(t.sum(runs), t.base, t.dispersion, 1-gateLevel)
	return low > change
}

// show turns a share of failures into what the gate shows.
func (t *countTest) show(rate float64) float64 {
	if t.sign < 0 {
		return 1 - rate
	}
	return rate
}

func (t *countTest) describe(g *report.Gate, runs []GateValue) {
	all := t.sum(runs)
	rate := t.base.Rate()
	g.Baseline, g.Candidate = report.Num(t.show(rate)), report.Num(t.show(all.Rate()))
	g.Change = report.Num(t.sign * (all.Rate() - rate))
	low, high := stat.DifferenceBounds(all, t.base, t.dispersion, boundLevel)
	g.Interval = &report.Interval{Low: report.Num(low), High: report.Num(high)}
	if t.sign < 0 {
		g.Interval = &report.Interval{Low: report.Num(-high), High: report.Num(-low)}
	}
	g.Excluded = report.Num(t.sign * high)
	found := func(p float64) *float64 {
		k := t.critical() / t.dispersion
		n := t.most / t.dispersion
		if k > n {
			return nil
		}
		return report.Num(t.sign * (mathext.InvRegIncBeta(k, n-k+1, p) - rate))
	}
	g.Detectable = found(power)
	if !t.guard {
		g.Confirmable = found(math.Sqrt(power))
	}
}

// critical is the least number of failures of a candidate run that would be
// suspected.
func (t *countTest) critical() float64 {
	low, high := 0.0, t.most+1
	for high-low > 1 {
		k := math.Floor((low + high) / 2)
		c := stat.Counts{Events: k, Trials: t.most}
		if c.Rate()-t.base.Rate() >= t.tolerate && stat.MoreEvents(c, t.base, t.dispersion) < gateLevel {
			high = k
		} else {
			low = k
		}
	}
	return high
}
