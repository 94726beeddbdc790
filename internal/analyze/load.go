package analyze

import (
	"math"
	"slices"
	"strconv"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
)

// load is the plan beside what was offered and achieved.
func (s *subject) load() report.Load {
	out := report.Load{Plan: s.shownPlan()}
	iterations, dropped := s.iterations("")
	if len(s.SeriesOf("iterations"))+len(s.SeriesOf("iteration_duration")) > 0 {
		out.Iterations = report.Int(int64(iterations))
		out.DroppedIterations = report.Int(int64(dropped))
		if offered := iterations + dropped; offered > 0 {
			out.DropShare = report.Num(dropped / offered)
		}
		if window := s.offeredWindow(); window > 0 {
			out.OfferedPerS = report.Num((iterations + dropped) / window)
			out.AchievedPerS = report.Num(iterations / window)
		}
	}
	s.requestTotals(&out)
	if vus := s.Select("vus_max", nil); vus.Count > 0 {
		out.VUsMax = report.Int(int64(vus.Value))
	}
	if d := out.DropShare; d != nil && *d > 0 {
		out.OfferedP95 = s.offeredP95(*d)
	}
	out.BytesSent, out.BytesReceived = s.bytes("data_sent"), s.bytes("data_received")
	out.Steady = s.steady()
	out.Levels = s.loadLevels()
	return out
}

func (s *subject) bytes(metric string) *int64 {
	sel := s.Select(metric, nil)
	if sel.Count == 0 {
		return nil
	}
	return report.Int(int64(sel.Sum.Float()))
}

// shownPlan is the plan as the report shows it; nil when unknown.
func (s *subject) shownPlan() *report.Plan {
	if s.plan == nil {
		return nil
	}
	out := &report.Plan{}
	for _, sc := range s.plan.scenarios {
		e := report.Executor{Scenario: sc.Name, Type: sc.Executor, StartS: sc.Start.Seconds(), VUs: report.Int(max(sc.MaxVUs, sc.VUs))}
		if sc.open {
			e.TargetPerS = report.Num(sc.peak())
		}
		if sc.Duration > 0 {
			e.DurationS = report.Num(sc.Duration.Seconds())
		}
		out.Executors = append(out.Executors, e)
	}
	if s.plan.anyOpen() {
		out.TargetPerS = report.Num(s.plan.peak())
	}
	if s.plan.seconds > 0 {
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

// iterations counts those started and those dropped, of one scenario or, with
// "", of all. Set-up and teardown are no iterations.
func (s *subject) iterations(scenario string) (started, dropped float64) {
	of := func(t run.TagSet) bool {
		return scenario == "" || t.Value("scenario") == scenario
	}
	done := s.Select("iterations", of)
	lost := s.Select("dropped_iterations", of)
	return done.Sum.Float(), lost.Sum.Float()
}

// offeredWindow is the time over which iterations were started, in seconds:
// the schedule's, or what was seen of it when the run ended early or has no
// plan.
func (s *subject) offeredWindow() float64 {
	seen := float64(s.Ended-s.origin) / 1e9
	if s.plan == nil || s.plan.seconds == 0 {
		last := s.origin
		for _, t := range s.Requests.Tables {
			if t.Protocol == run.ProtocolIteration {
				last = max(last, t.Last)
			}
		}
		if last > s.origin {
			return float64(last-s.origin) / 1e9
		}
		return seen
	}
	return min(s.plan.seconds, max(seen, 0))
}

// requestTotals fills what is true of all requests together.
func (s *subject) requestTotals(out *report.Load) {
	var counts, judged run.Block
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		c, known := s.outcomes(t.Endpoint)
		counts.Count += c.Count
		if known {
			judged.Count += c.Count
			judged.Failed += c.Failed
			judged.Timeouts += c.Timeouts
		}
	}
	if counts.Count > 0 {
		out.Requests = report.Int(int64(counts.Count))
		if s.seconds > 0 {
			out.RequestsPerS = report.Num(float64(counts.Count) / s.seconds)
		}
	}
	if judged.Count > 0 {
		out.ErrorRate = report.Num(float64(judged.Failed) / float64(judged.Count))
		out.TimeoutRate = report.Num(float64(judged.Timeouts) / float64(judged.Count))
	}
	if counts.Count == 0 && s.Reported != nil {
		s.reportedTotals(out)
	}
}

// reportedTotals takes totals from a summary where there are no samples.
func (s *subject) reportedTotals(out *report.Load) {
	if m, ok := s.reported("http_reqs"); ok {
		if v, ok := m.Value("count"); ok {
			out.Requests = report.Int(int64(v))
		}
		if v, ok := m.Value("rate"); ok {
			out.RequestsPerS = report.Num(v)
		}
	}
	if m, ok := s.reported("http_req_failed"); ok {
		if v, ok := m.Value("value"); ok {
			out.ErrorRate = report.Num(v)
		}
	}
	if m, ok := s.reported("iterations"); ok {
		if v, ok := m.Value("count"); ok {
			out.Iterations = report.Int(int64(v))
		}
	}
	if m, ok := s.reported("vus_max"); ok {
		if v, ok := m.Value("value"); ok {
			out.VUsMax = report.Int(int64(v))
		}
	}
}

// offeredP95 is the p95 of what was offered, dropped iterations counted as
// infinitely slow; nil when that has no bound.
func (s *subject) offeredP95(dropped float64) *float64 {
	q, bounded := stat.OfferedQuantile(0.95, dropped)
	if !bounded {
		return nil
	}
	all := s.Select("http_req_duration", func(t run.TagSet) bool { return !run.IsSetup(t) })
	v, ok := all.Quantile(q)
	if !ok {
		return nil
	}
	return report.Num(v)
}

// steady is the stretch that comparisons use. Where the load changes by plan
// there is none: levels are compared instead.
func (s *subject) steady() *report.Span {
	if s.plan != nil && s.plan.changes() || len(s.Requests.Tables) == 0 {
		return nil
	}
	end := float64(s.Ended-s.origin) / 1e9
	if s.plan != nil && s.plan.seconds > 0 {
		end = min(end, s.plan.seconds)
	}
	if warmUp := s.config.Exclude.WarmUp; warmUp != nil {
		s.note("warm_up_configured", report.Info, "the warm-up is cut as configured, at "+warmUp.String(), "")
		return &report.Span{FromS: min(warmUp.Seconds(), end), ToS: end}
	}
	batches, starts := s.batches(end)
	state := stat.FindSteadyState(batches)
	switch state.Reason {
	case stat.TooFewBatches, stat.NotFinite:
		s.note("steady_unknown", report.Info, "the run is too short to tell a warm-up from the rest: nothing is cut", "")
		return nil
	case stat.NeverSteady:
		s.note("no_steady_state", report.Warning, "latency never settled: it differs between the two halves of the run; a longer run, or one at constant load, would tell more", "")
		return nil
	}
	from := 0.0
	if state.Cut > 0 {
		from = starts[state.Cut]
	}
	return &report.Span{FromS: from, ToS: end}
}

// batches are the blocks of the run up to an end in seconds: the mean of what
// users waited, each request over its endpoint's median, by start.
func (s *subject) batches(end float64) (batches []stat.Batch, starts []float64) {
	type sums struct{ weighted, count float64 }
	byBlock := make(map[int64]*sums)
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		median := medianOf(t)
		if median <= 0 {
			continue
		}
		for j := range t.Blocks {
			b := &t.Blocks[j]
			if byBlock[b.Index] == nil {
				byBlock[b.Index] = &sums{}
			}
			byBlock[b.Index].count += float64(b.Count)
			byBlock[b.Index].weighted += total(b) / median
		}
	}
	indexes := make([]int64, 0, len(byBlock))
	for index := range byBlock {
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		start := s.blockStart(index)
		if start+s.Requests.BlockLength.Seconds() > end+1 {
			continue // the drain: nothing starts any more, or little does
		}
		b := byBlock[index]
		batches = append(batches, stat.Batch{Mean: b.weighted / b.count, Count: b.count})
		starts = append(starts, max(0, start))
	}
	return batches, starts
}

// blockStart is when a block starts, in seconds after the schedule's start.
func (s *subject) blockStart(index int64) float64 {
	return float64(index*int64(s.Requests.BlockLength)-s.origin) / 1e9
}

// total is what the users of a block waited, in milliseconds.
func total(b *run.Block) float64 {
	sum := int64(0)
	for _, row := range b.Rows {
		sum += row.Total
	}
	return float64(sum) / 1000
}

func medianOf(t *run.Table) float64 {
	all := run.NewSketch(run.BlockBits)
	for i := range t.Blocks {
		all.Merge(t.Blocks[i].Durations)
	}
	v, _ := all.Quantile(0.5, math.Inf(-1), math.Inf(1))
	return v
}

// loadLevels measure the plateaus and slices of a changing load. A level rests
// on the blocks that lie within it as wholes.
func (s *subject) loadLevels() []report.Level {
	if s.plan == nil || len(s.Requests.Tables) == 0 {
		return nil
	}
	var out []report.Level
	for _, l := range s.plan.levels() {
		level, ok := s.measured(l)
		if ok {
			out = append(out, level)
		}
	}
	return out
}

func (s *subject) measured(l stretch) (report.Level, bool) {
	out := report.Level{FromS: l.from, ToS: l.to, TargetPerS: report.Num(l.perS)}
	durations := run.NewSketch(run.BlockBits)
	var requests run.Block
	iterations, waited, seconds := 0.0, 0.0, 0.0
	length := s.Requests.BlockLength.Seconds()
	seen := make(map[int64]bool)
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		for j := range t.Blocks {
			b := &t.Blocks[j]
			if at := s.blockStart(b.Index); at < l.from-0.001 || at+length > l.to+0.001 {
				continue
			}
			if !seen[b.Index] {
				seen[b.Index] = true
				seconds += length
			}
			if t.Protocol == run.ProtocolIteration {
				iterations += float64(b.Count)
				continue
			}
			requests.Count += b.Count
			requests.Failed += b.Failed
			waited += total(b)
			durations.Merge(b.Durations)
		}
	}
	if requests.Count == 0 || seconds == 0 {
		return out, false
	}
	quantile := func(q float64) *float64 {
		v, _ := durations.Quantile(q, math.Inf(-1), math.Inf(1))
		return report.Num(v)
	}
	out.Count = int64(requests.Count)
	out.AchievedPerS = report.Num(iterations / seconds)
	out.Concurrency = report.Num(waited / 1000 / seconds)
	out.P50, out.P95, out.P99 = quantile(0.5), quantile(0.95), quantile(0.99)
	out.ErrorRate = report.Num(float64(requests.Failed) / float64(requests.Count))
	return out, true
}
