package analyze

import (
	"math"
	"strconv"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
)

// load is the plan beside what was offered and achieved.
func (s *subject) load() report.Load {
	out := report.Load{Plan: s.shownPlan()}
	if len(s.Series) > 0 {
		s.measuredTotals(&out)
	} else {
		s.reportedTotals(&out)
	}
	s.offered(&out)
	if d := out.DropShare; d != nil && *d > 0 {
		out.OfferedP95 = s.offeredP95(*d)
	}
	out.Steady = s.steady()
	out.Levels = s.levels()
	return out
}

// measuredTotals fills what samples tell of the whole run.
func (s *subject) measuredTotals(out *report.Load) {
	if s.has("iterations") || s.has("iteration_duration") || s.has("dropped_iterations") {
		started, dropped := s.iterations(nil)
		out.Iterations, out.DroppedIterations = whole(started), whole(dropped)
	}
	if vus := s.Select("vus_max", nil); vus.Count > 0 {
		out.VUsMax = whole(vus.Value)
	}
	bytes := func(metric string) *int64 {
		sel := s.Select(metric, nil)
		if sel.Count == 0 || sel.Outside > 0 {
			return nil
		}
		return whole(sel.Sum.Float())
	}
	out.BytesSent, out.BytesReceived = bytes("data_sent"), bytes("data_received")

	requests := s.requests()
	if requests > 0 {
		out.Requests = report.Int(int64(requests))
		if s.seconds > 0 {
			out.RequestsPerS = report.Num(float64(requests) / s.seconds)
		}
	}
	var all outcome
	for _, o := range s.endpointOutcomes() {
		all.add(o)
	}
	out.ErrorRate, out.TimeoutRate = all.errorRate(), all.timeoutRate()
}

// reportedTotals takes totals from a summary where there are no samples. Set-up
// is in them, which a summary does not tell apart.
func (s *subject) reportedTotals(out *report.Load) {
	value := func(metric, name string) *float64 {
		if m := s.reported(metric); m != nil {
			if v, ok := m.Value(name); ok {
				return &v
			}
		}
		return nil
	}
	count := func(v *float64) *int64 {
		if v == nil {
			return nil
		}
		return whole(*v)
	}
	out.Requests, out.RequestsPerS = count(value("http_reqs", "count")), value("http_reqs", "rate")
	if m := s.reported("http_req_failed"); m != nil && !s.empty(m) {
		out.ErrorRate = firstOf(value("http_req_failed", "value"), value("http_req_failed", "rate"))
	}
	out.Iterations = count(value("iterations", "count"))
	out.DroppedIterations = count(value("dropped_iterations", "count"))
	if out.Iterations != nil && out.DroppedIterations == nil {
		out.DroppedIterations = report.Int(0) // k6 leaves out what never happened
	}
	out.VUsMax = count(firstOf(value("vus_max", "value"), value("vus_max", "max")))
	out.BytesSent, out.BytesReceived = count(value("data_sent", "count")), count(value("data_received", "count"))
}

// offered fills the rates of iterations.
func (s *subject) offered(out *report.Load) {
	if out.DroppedIterations == nil {
		return
	}
	started, dropped := 0.0, float64(*out.DroppedIterations)
	if out.Iterations != nil {
		started = float64(*out.Iterations)
	}
	if started < 0 || dropped < 0 || started+dropped == 0 {
		return
	}
	out.DropShare = report.Num(dropped / (started + dropped))
	if window := s.offeredWindow(started); window > 0 {
		out.OfferedPerS = report.Num((started + dropped) / window)
		out.AchievedPerS = report.Num(started / window)
	}
}

// offeredWindow is the time over which iterations were started, in seconds:
// the scheduled time, or what was seen of it. Without a plan the last start is
// no end yet: one more gap between iterations belongs to the window.
func (s *subject) offeredWindow(started float64) float64 {
	switch {
	case len(s.Series) == 0 && s.plan != nil && s.plan.seconds > 0 && !s.plan.openEnd:
		return min(s.plan.seconds, s.seconds)
	case len(s.Series) == 0:
		return 0
	case s.plan == nil && started > 1 && s.end < s.since(s.Ended):
		return s.end * started / (started - 1)
	}
	return s.end
}

// shownPlan is the plan as the report shows it; nil when unknown.
func (s *subject) shownPlan() *report.Plan {
	if s.plan == nil {
		return nil
	}
	out := &report.Plan{Changes: s.plan.changes()}
	for i := range s.plan.scenarios {
		sc := &s.plan.scenarios[i]
		e := report.Executor{Scenario: sc.Name, Type: sc.Executor, StartS: sc.Start.Seconds()}
		if vus := max(sc.MaxVUs, sc.VUs); vus > 0 {
			e.VUs = report.Int(vus)
		}
		if sc.open {
			e.TargetPerS = report.Num(sc.peak())
		}
		if sc.Duration > 0 && !sc.endsItself() {
			e.DurationS = report.Num(sc.Duration.Seconds())
		}
		out.Executors = append(out.Executors, e)
	}
	if s.plan.anyOpen() {
		out.TargetPerS = report.Num(s.plan.peak())
	}
	if s.plan.seconds > 0 && !s.plan.openEnd {
		out.PlannedS = report.Num(s.plan.seconds)
	}
	out.RateScale, out.TimeScale = s.scale("rate_scale"), s.scale("time_scale")
	return out
}

// scale is a tag of the suite that shrinks it; nil at full size.
func (s *subject) scale(tag string) *float64 {
	v, err := strconv.ParseFloat(s.tags[tag], 64)
	if err != nil || v == 1 {
		return nil
	}
	return report.Num(v)
}

// iterationsOf counts the iterations of a scenario.
func (s *subject) iterationsOf(sc *scenario) (done, dropped float64) {
	return s.iterations(sc.tagged)
}

// iterations counts those completed and those dropped, of the series that match;
// nil matches all. Set-up and teardown are no iterations.
func (s *subject) iterations(match func(run.TagSet) bool) (done, dropped float64) {
	completed := s.Select("iterations", match)
	done = completed.Sum.Float()
	if !s.has("iterations") { // filtered out at the source: each has a duration, too
		durations := s.Select("iteration_duration", func(t run.TagSet) bool {
			return !run.IsSetup(t.Value("group")) && (match == nil || match(t))
		})
		done = float64(durations.Count)
	}
	lost := s.Select("dropped_iterations", match)
	return done, lost.Sum.Float()
}

// has reports whether there are samples of a metric.
func (s *subject) has(metric string) bool { return len(s.SeriesOf(metric)) > 0 }

// offeredP95 is the p95 of what was offered, dropped iterations counted as
// infinitely slow; nil when that has no bound.
func (s *subject) offeredP95(dropped float64) *float64 {
	q, bounded := stat.OfferedQuantile(0.95, dropped)
	if !bounded {
		return nil
	}
	var all run.Selection
	for _, p := range protocols {
		sel := s.Select(p.Duration, s.counted)
		if sel.Count > 0 {
			all.Merge(&sel)
		}
	}
	v, ok := all.Quantile(q)
	if !ok {
		return nil
	}
	return report.Num(v)
}

// whole is a count; nil when v is too large to be one.
func whole(v float64) *int64 {
	if math.Abs(v) > 1<<53 || math.IsNaN(v) {
		return nil
	}
	return report.Int(int64(v))
}

// firstOf is the first number that exists.
func firstOf(numbers ...*float64) *float64 {
	for _, n := range numbers {
		if n != nil {
			return n
		}
	}
	return nil
}
