package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
)

// What makes a run invalid or doubtful, as shares.
const (
	maxDropped   = 0.005 // of the offered iterations
	maxMissed    = 0.02  // of the planned iterations
	maxTimeouts  = 0.05  // of the requests
	unusualError = 0.01  // of the requests, where nothing sets a budget
	mostFailed   = 0.5   // of the requests, where nothing sets a budget
	busyCPU      = 0.8   // of the generator's processors
)

// minGated is the fewest requests that a gate may rest on.
const minGated = 100

// exitThresholds is k6's exit code for a run that failed a threshold but is
// whole.
const exitThresholds = 99

// validity leaves a Note for each reason to doubt the run. The breakpoint
// level fails by design: what would make another run invalid is its result.
func (s *subject) validity(r *report.Run) {
	invalid := report.Invalid
	if s.capacityRun() {
		invalid = report.Info
	}
	s.checkDropped(r, invalid)
	s.checkOffered(r, invalid)
	s.checkEnd(invalid)
	s.checkErrors(r, invalid)
	s.checkGated(r)
	s.checkModel()
	s.checkGenerator(r)
	switch {
	case len(s.Series) == 0 && s.Reported == nil:
		s.note("no_samples", invalid, "no source holds a sample or a summary: k6 made no request, or wrote elsewhere", "")
	case len(s.Series) > 0 && !s.measuredAnything():
		s.note("nothing_measured", invalid, "iterations ran, but no request was made and no metric of the script has a sample: the script may have thrown, see k6's log", "")
	}
}

// measuredAnything reports whether there is a sample of the system under test:
// of a request, a check, or a metric of the script.
func (s *subject) measuredAnything() bool {
	own := []string{"data_received", "data_sent", "dropped_iterations", "group_duration", "iteration_duration", "iterations", "vus", "vus_max"}
	return slices.ContainsFunc(s.Series, func(series run.Series) bool { return !slices.Contains(own, series.Metric) })
}

// checkDropped judges by scenario where its tag tells them apart: iterations of
// others would make a scenario's share look small.
func (s *subject) checkDropped(r *report.Run, severity report.Severity) {
	const (
		noneFree = "no virtual user was free; the system was too slow for the load, or the scenario allows too few VUs"
		timeOver = "its time was over before they were started"
	)
	drop := func(done, dropped float64, why, where string) {
		if dropped == 0 {
			return
		}
		share, as, of := dropped/(done+dropped), severity, "the offered load"
		if where != "" {
			of = "the load that this scenario offered"
		}
		if share <= maxDropped {
			as = report.Info
		}
		s.note("dropped_iterations", as, fmt.Sprintf("k6 dropped %s, %s of %s: %s", plural(int(dropped), "iteration", "iterations"), percent(share), of, why), where)
	}
	if s.plan != nil && s.scenariosTold() {
		for i := range s.plan.scenarios {
			sc := &s.plan.scenarios[i]
			why := noneFree
			if sc.endsItself() {
				why = timeOver
			}
			done, dropped := s.iterationsOf(sc)
			drop(done, dropped, why, sc.Name)
		}
		return
	}
	if l := &r.Load; l.DropShare != nil {
		done := 0.0
		if l.Iterations != nil {
			done = float64(*l.Iterations)
		}
		drop(done, float64(*l.DroppedIterations), noneFree, "")
	}
}

// checkOffered holds what was offered against the plan, by scenario where its
// tag tells them apart.
func (s *subject) checkOffered(r *report.Run, severity report.Severity) {
	if s.plan == nil {
		s.note("plan_unknown", report.Info, "the planned load is unknown, so it can't be told whether it was reached: add the output of k6 inspect --execution-requirements, or run through k6report run", "")
		return
	}
	miss := func(done, dropped, planned float64, match func(run.TagSet) bool, where string) {
		// k6 starts the first iteration at once and none at the very end.
		missed := planned - done - dropped
		if missed <= maxMissed*planned || missed <= 2 {
			return
		}
		why := "the generator did not keep up, or the run ended early"
		if dropped > 0 || s.mayBeUnfinished(r, match) {
			why = "k6 started too few, or they did not finish: it counts iterations at their end, and some were slow, failed, were dropped or were interrupted"
		}
		s.note("load_missed", severity, fmt.Sprintf("%.0f of %.0f planned iterations were completed or dropped, %s too few: %s", done+dropped, planned, percent(missed/planned), why), where)
	}
	if s.scenariosTold() {
		for i := range s.plan.scenarios {
			sc := &s.plan.scenarios[i]
			if planned := sc.planned(); sc.open && planned >= 1 {
				done, dropped := s.iterationsOf(sc)
				miss(done, dropped, planned, sc.tagged, sc.Name)
			}
		}
		return
	}
	total := 0.0
	for i := range s.plan.scenarios {
		total += s.plan.scenarios[i].planned()
	}
	switch {
	case !s.plan.anyOpen():
	case s.plan.allOpen() && r.Load.Iterations != nil && r.Load.DroppedIterations != nil:
		miss(float64(*r.Load.Iterations), float64(*r.Load.DroppedIterations), total, nil, "")
	default:
		s.note("load_unknown", report.Info, "no tag tells which scenario an iteration is of, so it can't be told whether the planned load was reached", "")
	}
}

// longIteration is from when on an iteration, or the drain, counts as long, in
// seconds: then virtual users were busy when the schedule ended.
const longIteration = 1.0

// mayBeUnfinished reports whether iterations may have been started and not
// counted, for k6 counts them at their end: some took long, requests failed,
// k6 was interrupted, or waited for some when the schedule was over.
func (s *subject) mayBeUnfinished(r *report.Run, match func(run.TagSet) bool) bool {
	positive := func(rate *float64) bool { return rate != nil && *rate > 0 }
	longest := s.Select("iteration_duration", match)
	e := s.Execution
	return positive(r.Load.ErrorRate) || positive(r.Load.TimeoutRate) ||
		longest.Count > 0 && longest.Max > 1000*longIteration ||
		e != nil && e.ExitCode != 0 && e.ExitCode != exitThresholds ||
		!s.plan.openEnd && s.since(s.Ended) > s.plan.seconds+longIteration
}

// scenariosTold reports whether the scenario tag tells the plan's scenarios
// apart: a script may have overwritten it.
func (s *subject) scenariosTold() bool {
	for _, metric := range []string{"iterations", "iteration_duration", "dropped_iterations"} {
		series := s.SeriesOf(metric)
		for i := range series {
			name := series[i].Tags.Value("scenario")
			if !run.IsSetup(series[i].Tags.Value("group")) && !slices.ContainsFunc(s.plan.scenarios, func(sc scenario) bool { return sc.Name == name }) {
				return false
			}
		}
	}
	return len(s.Series) > 0
}

// codeK6Failed is the code of the note on a k6 that failed.
const codeK6Failed = "k6_failed"

// checkEnd finds runs that ended before their plan, or were aborted.
func (s *subject) checkEnd(severity report.Severity) {
	if e := s.Execution; e != nil && e.ExitCode != 0 && e.ExitCode != exitThresholds {
		text := strings.TrimSuffix(fmt.Sprintf("k6 ended with exit code %d: %s", e.ExitCode, e.Meaning), ": ")
		if e.ExitCode < 0 && e.Meaning != "" { // by a signal: it is no code of k6's
			text = e.Meaning
		}
		s.note(codeK6Failed, severity, text, "")
	}
	seen, known := s.since(s.Ended), true
	if len(s.Series) == 0 {
		seen, known = s.seconds, s.seconds > 0
	}
	if s.plan != nil && known && s.plan.endedEarly(seen) {
		s.note("ended_early", severity, fmt.Sprintf("the run lasted %.1f s of %.1f s planned: it was aborted, or its data are not whole", seen, s.plan.seconds), "")
	}
}

func (s *subject) checkErrors(r *report.Run, severity report.Severity) {
	timeouts := severity
	const flattery = "failures answer fast and make latency look better than it is"
	_, budget := s.config.ServiceLevels.ErrorBudget(s.level())
	for _, t := range r.ServiceLevels {
		if t.Metric == metricErrors && t.OK != nil && !*t.OK {
			limit := strings.TrimPrefix(t.Text, metricErrors+" ")
			s.note("error_budget", severity, fmt.Sprintf("%s of the requests failed, the budget is %s: %s", percent(*t.Observed), limit, flattery), "")
		}
	}
	if rate := r.Load.ErrorRate; rate != nil && !budget && *rate > unusualError {
		if *rate <= mostFailed {
			severity = report.Warning
		}
		s.note("many_errors", severity, fmt.Sprintf("%s of the requests failed: %s", percent(*rate), flattery), "")
	}
	if rate := r.Load.TimeoutRate; rate != nil && *rate > maxTimeouts {
		s.note("many_timeouts", timeouts, fmt.Sprintf("%s of the requests ran into a time limit", percent(*rate)), "")
	}
}

// checkGated finds endpoints with too few requests for the gates that the
// configuration sets on them.
func (s *subject) checkGated(r *report.Run) {
	var told []string
	for _, g := range s.config.Gates {
		if g.Endpoint == "" || slices.Contains(told, g.Endpoint) || len(s.Series) == 0 {
			continue
		}
		told = append(told, g.Endpoint)
		count := int64(0)
		for _, e := range r.Endpoints {
			if e.Name == g.Endpoint {
				count += e.Count
			}
		}
		if count < minGated {
			s.note("few_requests", report.Warning, fmt.Sprintf("%s: a gate on this endpoint needs at least %d", plural(int(count), "request", "requests"), minGated), g.Endpoint)
		}
	}
}

// checkModel warns of closed models: when answers come late, they ask less.
func (s *subject) checkModel() {
	if s.plan == nil || s.plan.changes() {
		return
	}
	closed := make(map[string]bool)
	for _, sc := range s.plan.scenarios {
		if !sc.open {
			closed[sc.Name] = true
		}
	}
	if len(closed) == 0 {
		return
	}
	state, _ := s.steadyState()
	rise := 0.0
	if c := state.WarmUp; c.Differs() {
		rise = c.Second/c.First - 1
	}
	if c := state.Halves; c.Differs() {
		rise = max(rise, c.Second/c.First-1)
	}
	if rise <= 0 || math.IsInf(rise, 0) {
		return
	}
	fall := s.startsFell(closed)
	if !(fall > maxMissed) {
		return
	}
	s.note("coordinated_omission", report.Warning,
		fmt.Sprintf("latency rose by %s during the run, and as virtual users wait for an answer before they ask again (%s), the offered load fell by %s with it: the slowdown is worse than it looks; an arrival-rate executor keeps the load up", percent(rise), strings.Join(sortedKeys(closed), ", "), percent(fall)), "")
}

// startsFell is by how much fewer iterations of some scenarios started in the
// second half of the load than in the first; NaN without any.
func (s *subject) startsFell(scenarios map[string]bool) float64 {
	length := int64(s.Requests.BlockLength)
	g := s.grid(stretch{from: 0, to: s.end}, length)
	half := (g.last - g.first + 1) / 2
	first, second := 0.0, 0.0
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol != run.ProtocolIteration || !scenarios[t.Name] && len(s.plan.scenarios) > 1 {
			continue
		}
		for _, b := range t.Blocks {
			switch {
			case b.Index >= g.first && b.Index < g.first+half:
				first += float64(b.Count)
			case b.Index > g.last-half && b.Index <= g.last:
				second += float64(b.Count)
			}
		}
	}
	return 1 - second/first
}

func (s *subject) checkGenerator(r *report.Run) {
	if r.K6 != nil && r.K6.CPU != nil && *r.K6.CPU > busyCPU {
		s.note("generator_busy", report.Warning, fmt.Sprintf("k6 used %s of its machine's processors: some of the latency may be its own; use a larger machine or several", percent(*r.K6.CPU)), "")
	}
}
