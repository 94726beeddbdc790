package analyze

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
	"k6report/internal/threshold"
)

// What a fit of the scalability law needs.
const (
	minFitLevels  = 6 // of load
	minPastKnee   = 2 // of them, at which throughput no longer followed
	saturationSet = 200
)

// follows is the part of the expected throughput from which on a level follows
// the load, where the load doesn't wait for answers.
const follows = 0.90

// saturation is what a changing load shows of the system's capacity, and what of it
// was found, in words; it marks the levels. Nil where there are no two levels of load.
func (s *subject) saturation(out *report.Report) (sat *report.Saturation, found string) {
	planned, _ := s.plannedLevels()
	levels := s.loadSteps(planned, out.Run.Load.Levels)
	if len(levels) < 2 {
		return nil, ""
	}
	sat = &report.Saturation{Status: report.SatFewLevels}
	knee := s.markKnee(levels)
	if knee >= 0 {
		sat.KneePerS = report.Num(levels[knee].asked)
	}
	held, broken := capacityOf(levels)
	if held >= 0 {
		sat.CapacityPerS = report.Num(levels[held].asked)
	}
	s.fitSaturation(sat, levels, knee)
	sat.Spike = s.spike()
	found, missing := s.saturationHeadline(sat, levels, knee, held, broken)
	sat.Headline = phrase{text: found + missing}.sentence()
	out.Charts = append(out.Charts, saturationChart(sat, levels))
	return sat, found
}

// loadStep is a level of load with what was measured at it.
type loadStep struct {
	loadLevel
	shown *report.Level
	open  bool // the load doesn't wait for answers
}

// dropped is the share of the offered iterations that were not started.
func (l *loadStep) dropped() float64 {
	if l.shown.DropShare == nil {
		return 0
	}
	return *l.shown.DropShare
}

// text is an amount of the load that steps differ in.
func (l *loadStep) text(v float64) string {
	if l.open {
		return report.Digits(v, 4) + "/s"
	}
	return plural(int(math.Round(v)), "VU", "VUs")
}

// loadSteps joins planned levels with the shown ones, in order of the load; of
// several with the same load the first counts, for a system that was overloaded
// before may still suffer from it.
func (s *subject) loadSteps(planned []stretch, shown []report.Level) []loadStep {
	a := &attributed{subject: s, requests: &s.Requests}
	var out []loadStep
	for _, l := range planned {
		at := slices.IndexFunc(shown, func(x report.Level) bool { return x.FromS == l.from && x.ToS == l.to })
		if at < 0 {
			continue
		}
		step := loadStep{loadLevel: a.level(l), shown: &shown[at], open: l.perS > 0}
		if step.asked <= 0 || !(step.perS > 0) {
			continue
		}
		step.shown.TargetsMet = s.targetsAt(&step.loadLevel)
		if !slices.ContainsFunc(out, func(x loadStep) bool { return x.sameLoad(&step.loadLevel) }) {
			out = append(out, step)
		}
	}
	slices.SortStableFunc(out, func(x, y loadStep) int { return cmp.Compare(x.asked, y.asked) })
	return out
}

// capacityOf is the highest level up to which the system bore the load: at every
// level so far that could be judged all targets held, and at none did throughput
// stop following or k6 drop more iterations than a valid run may, for those who
// were let in wait less. -1 for none; broken is the first that was not borne, as many
// as there are for none.
func capacityOf(levels []loadStep) (held, broken int) {
	held = -1
	for i := range levels {
		l := levels[i].shown
		if l.Collapsed || levels[i].dropped() > maxDropped || l.TargetsMet != nil && !*l.TargetsMet {
			return held, i
		}
		if l.TargetsMet != nil {
			held = i
		}
	}
	return held, len(levels)
}

// markKnee finds the first level at which throughput stopped following the
// load, -1 for none, and marks it and those above it that don't follow either.
// Where the load doesn't wait for answers, throughput should grow as the load
// does; where it does, by at least half as much.
func (s *subject) markKnee(levels []loadStep) int {
	knee := -1
	perAsked := levels[0].perS / levels[0].asked // requests of an iteration
	for i := 1; i < len(levels); i++ {
		l := &levels[i]
		following := l.perS >= follows*perAsked*l.asked
		if !l.open {
			below := &levels[i-1]
			following = l.perS/below.perS-1 >= (l.asked/below.asked-1)/2
		}
		if following {
			if l.open {
				perAsked = l.perS / l.asked
			}
			continue
		}
		l.shown.Collapsed = true
		if knee < 0 {
			knee = i
		}
	}
	return knee
}

// targetsAt holds the requests of a level against the targets: service levels
// of endpoints, the error budget, and thresholds on the same. Nil where none can
// be judged: a percentile needs its samples.
func (s *subject) targetsAt(l *loadLevel) *bool {
	type sums struct {
		durations []*run.Sketch
		ended     outcome
	}
	byName := map[string]*sums{"": {}}
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		for j := range t.Blocks {
			b := &t.Blocks[j]
			if !l.grid.holds(b.Index) {
				continue
			}
			if byName[t.Name] == nil {
				byName[t.Name] = &sums{}
			}
			for _, name := range slices.Compact([]string{"", t.Name}) {
				byName[name].durations = append(byName[name].durations, b.Durations)
				byName[name].ended.addBlock(t.Protocol, b)
			}
		}
	}
	judged, met := false, true
	judge := func(name string, e threshold.Expression) {
		of := byName[name]
		if of == nil {
			return
		}
		value, ok := 0.0, false
		if e.Statistic.Method == threshold.Rate {
			if rate := of.ended.errorRate(); rate != nil {
				value, ok = *rate, true
			}
		} else if q, is := e.Statistic.Quantile(); is {
			if all := run.MergeSketches(run.BlockBits, of.durations); float64(all.Count())*(1-q) >= 3 {
				value, ok = all.Quantile(q, math.Inf(-1), math.Inf(1))
			}
		}
		if ok {
			judged = true
			met = met && e.Eval(value)
		}
	}
	for _, e := range s.config.ServiceLevels.Endpoints {
		for _, t := range e.Targets {
			judge(e.Endpoint, t.Expression)
		}
	}
	if t, ok := s.config.ServiceLevels.ErrorBudget(s.level()); ok {
		judge("", t.Expression)
	}
	s.eachThreshold(judge)
	if !judged {
		return nil
	}
	return report.Bool(met)
}

// eachThreshold visits the thresholds on the requests' durations and failures,
// of all or by name.
func (s *subject) eachThreshold(judge func(name string, e threshold.Expression)) {
	for _, a := range s.asked {
		if a.key.name != "http_req_duration" && a.key.name != "http_req_failed" {
			continue
		}
		tags := a.key.tags.List()
		name := a.key.tags.Value("name")
		if len(tags) > 1 || len(tags) == 1 && name == "" {
			continue
		}
		if e, err := threshold.Parse(a.expression); err == nil {
			judge(name, e)
		}
	}
}

// fitSaturation fits the scalability law to the levels. A peak is one within the
// concurrency that was tested, with levels past the knee that bear it out.
func (s *subject) fitSaturation(sat *report.Saturation, levels []loadStep, knee int) {
	var points []stat.LoadPoint
	least, most, past := math.Inf(1), 0.0, 0
	for i := range levels {
		c := levels[i].shown.Concurrency
		if c == nil || *c <= 0 || levels[i].errors > failing {
			continue
		}
		points = append(points, stat.LoadPoint{Concurrency: *c, Throughput: levels[i].perS})
		least, most = min(least, *c), max(most, *c)
		if levels[i].shown.Collapsed {
			past++
		}
	}
	if len(points) < minFitLevels || knee >= 0 && past < minPastKnee {
		return
	}
	fit, ok := stat.FitScalability(points)
	if !ok {
		return
	}
	sat.Status = report.SatNoPeak
	sat.Sigma, sat.Kappa, sat.Lambda = report.Num(fit.Sigma), report.Num(fit.Kappa), report.Num(fit.Lambda)
	interval, ok := stat.BootstrapScalability(rand.New(rand.NewPCG(attributionSeed, 1)), points, fit, saturationSet)
	if !ok {
		return
	}
	sat.SigmaInterval = &report.Interval{Low: report.Num(interval.Sigma[0]), High: report.Num(interval.Sigma[1])}
	sat.KappaInterval = &report.Interval{Low: report.Num(interval.Kappa[0]), High: report.Num(interval.Kappa[1])}
	peak := fit.Peak()
	if interval.Kappa[0] <= 0 || past < minPastKnee || peak < least || peak > most {
		return
	}
	sat.Status = report.SatPeak
	sat.PeakConcurrency = report.Num(peak)
	sat.PeakInterval = &report.Interval{Low: report.Num(interval.Peak[0]), High: report.Num(interval.Peak[1])}
	sat.PeakPerS = report.Num(fit.Throughput(peak))
}

// saturationHeadline says up to which load targets were met and throughput followed,
// and what is missing for more; "" for nothing.
func (s *subject) saturationHeadline(sat *report.Saturation, levels []loadStep, knee, held, broken int) (text, missing string) {
	judged := slices.ContainsFunc(levels, func(l loadStep) bool { return l.shown.TargetsMet != nil })
	met := slices.ContainsFunc(levels, func(l loadStep) bool { return l.shown.TargetsMet != nil && *l.shown.TargetsMet })
	lowest, last := &levels[0], &levels[len(levels)-1]
	switch {
	case !judged:
		text = "no target could be judged at a level of load"
	case held < 0 && broken > 0:
		text = fmt.Sprintf("no level of load below %s, which was not borne, could be judged", last.text(levels[broken].asked))
	case held < 0 && lowest.dropped() > maxDropped && (lowest.shown.TargetsMet == nil || *lowest.shown.TargetsMet):
		text = fmt.Sprintf("at the lowest load, %s, %s of the iterations were dropped", lowest.text(lowest.asked), percent(lowest.dropped()))
	case held < 0 && met:
		text = fmt.Sprintf("targets were missed already at the lowest load, %s", lowest.text(lowest.asked))
	case held < 0:
		text = fmt.Sprintf("at no level of load was every target met, the lowest being %s", lowest.text(lowest.asked))
	case held == len(levels)-1:
		text = fmt.Sprintf("every target was met up to %s, the highest load of this run", last.text(last.asked))
	default:
		text = fmt.Sprintf("every target was met up to %s", last.text(levels[held].asked))
	}
	switch {
	case sat.Status == report.SatPeak:
		return text + fmt.Sprintf("; throughput peaks at about %s requests/s, with %s of them at once", report.Digits(*sat.PeakPerS, 3), report.Digits(*sat.PeakConcurrency, 3)), ""
	case knee < 0:
		return text + "; throughput followed the load throughout, so there is no peak in the tested range", ""
	}
	text += fmt.Sprintf("; throughput stopped following the load at %s (%s requests/s completed)", last.text(levels[knee].asked), report.Digits(levels[knee].perS, 3))
	if sat.Status == report.SatNoPeak {
		return text + ", with no peak in the tested range", ""
	}
	few := ""
	if len(levels) >= minFitLevels {
		few = " at which nearly all succeeds"
	}
	return text, fmt.Sprintf("; a fit of the peak needs %d levels of load%s, %d of them past this one", minFitLevels, few, minPastKnee)
}

// The spike question.
const (
	burstFactor   = 2.0  // a burst asks at least so many times what was asked before and after
	backToNormal  = 1.10 // of the time before
	recoveryBatch = 3    // blocks that are looked at together, for one says little
)

// spike is how a burst of load went; nil where the plan has none: a load that
// at least doubles and comes back.
func (s *subject) spike() *report.Spike {
	if s.plan == nil {
		return nil
	}
	all := s.plan.stretches()
	var plateaus []stretch
	for _, l := range all {
		if !l.ramp {
			plateaus = append(plateaus, l)
		}
	}
	for i := 1; i+1 < len(plateaus); i++ {
		before, top, after := plateaus[i-1], plateaus[i], plateaus[i+1]
		if before.perS <= 0 || after.perS <= 0 || top.perS < burstFactor*max(before.perS, after.perS) {
			continue
		}
		out := &report.Spike{PeakPerS: report.Num(s.completedPerS(top))}
		if level, ok := s.measure(top); ok {
			out.PeakP95 = level.P95
		}
		out.RecoveryS = s.recovery(before, after, top.to)
		return out
	}
	return nil
}

// moreErrors is how unlikely so many more errors than before are by chance,
// where they count as more.
const moreErrors = 0.01

// recovery is how long after a burst's end the system is as it was before, and
// stays so until the load changes again: latency within a tenth, and no more
// errors, for fast refusals are no recovery. Both in the blocks that follow at
// once, and in all that are left. Nil where it is not within the run, or nothing
// tells.
func (s *subject) recovery(before, after stretch, end float64) *float64 {
	batches, starts := s.batches()
	length := s.Requests.BlockLength.Seconds()
	const slack = 1e-9
	within := func(from, to float64) (first, last int) {
		first, _ = slices.BinarySearch(starts, from-slack)
		last, _ = slices.BinarySearch(starts, to-length+slack)
		return first, last
	}
	mean := func(from, to int) float64 {
		sum, n := 0.0, 0.0
		for _, b := range batches[from:to] {
			sum += b.Mean * b.Count
			n += b.Count
		}
		return sum / n
	}
	ended := s.ended()
	failures := func(from, to int) stat.Counts {
		var o outcome
		for index, one := range ended {
			if at := max(0, s.blockStart(index)); at >= starts[from] && at <= starts[to-1] {
				o.add(one)
			}
		}
		return stat.Counts{Events: float64(o.failed), Trials: float64(o.judged)}
	}
	first, last := within(before.from, before.to)
	if last <= first {
		return nil
	}
	usual, failed := mean(first, last), failures(first, last)
	asBefore := func(from, to int) bool {
		return mean(from, to) <= backToNormal*usual && !(stat.MoreEvents(failures(from, to), failed, 1) < moreErrors)
	}
	first, last = within(end, after.to)
	for i := first; i+recoveryBatch <= last; i++ {
		if asBefore(i, i+recoveryBatch) && asBefore(i, last) {
			return report.Num(max(0, starts[i]-end))
		}
	}
	return nil
}

// saturationChart is latency over load.
func saturationChart(sat *report.Saturation, levels []loadStep) report.Chart {
	c := report.Chart{ID: report.ChartSaturation, Title: "Latency over load", Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitPerS}
	if !levels[0].open {
		c.XUnit = report.UnitCount
	}
	p50, p95 := report.Series{Name: "p50"}, report.Series{Name: "p95"}
	value := func(v *float64) float64 {
		if v == nil {
			return math.NaN()
		}
		return *v
	}
	for i := range levels {
		c.X = append(c.X, levels[i].asked)
		p50.Y = append(p50.Y, value(levels[i].shown.P50))
		p95.Y = append(p95.Y, value(levels[i].shown.P95))
	}
	c.Series = []report.Series{p50, p95}
	if sat.CapacityPerS != nil {
		c.Marks = append(c.Marks, report.Mark{X: *sat.CapacityPerS, Label: "every target met"})
	}
	if sat.KneePerS != nil {
		c.Marks = append(c.Marks, report.Mark{X: *sat.KneePerS, Label: "knee"})
	}
	return c
}
