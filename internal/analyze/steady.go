package analyze

import (
	"fmt"
	"math"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
)

// steady is the stretch that comparisons use. Where the load changes there is
// none: levels are compared instead.
func (s *subject) steady() *report.Span {
	if s.changes() || len(s.Requests.Tables) == 0 {
		return nil
	}
	if warmUp := s.config.Exclude.WarmUp; warmUp != nil {
		return s.configuredSteady(warmUp.Seconds())
	}
	state, starts := s.steadyState()
	switch state.Reason {
	case stat.TooFewBatches, stat.NotFinite:
		s.note("steady_unknown", report.Info, fmt.Sprintf("a warm-up can't be told from the rest, so nothing is cut: %s", s.whyUnsteady(state.Reason, len(starts))), "")
		return nil
	case stat.NeverSteady:
		s.note("no_steady_state", report.Warning, fmt.Sprintf("latency never settled: it differs by %s between the two halves of the run; a longer run, or one at constant load, would tell more", percent(math.Abs(state.Halves.Change))), "")
		return nil
	}
	from := 0.0
	if state.Cut > 0 {
		from = starts[state.Cut]
		s.note("warm_up_cut", report.Info, fmt.Sprintf("the first %.1f s are taken for a warm-up: latency there differs by %s from the rest; comparisons of constant loads leave them out, the tables show the whole run", from, percent(math.Abs(state.WarmUp.Change))), "")
	}
	return &report.Span{FromS: from, ToS: s.end}
}

// whyUnsteady says why no steady state was looked for in so many batches.
func (s *subject) whyUnsteady(reason stat.SteadyReason, batches int) string {
	length := s.Requests.BlockLength.Seconds()
	found := fmt.Sprintf(" (%s of %s s with requests, %d are needed)", plural(batches, "block", "blocks"), number(length), stat.MinSteadyBatches)
	switch {
	case reason == stat.NotFinite:
		return "some durations are too large to be compared"
	case s.end < stat.MinSteadyBatches*shortestBlock:
		return "the run is too short" + found
	case s.end < stat.MinSteadyBatches*length:
		return "its blocks of time are too long, as the requests are of too many kinds or durations to keep shorter ones" + found
	}
	return "requests came too seldom" + found
}

// shortestBlock is the length of the blocks of a short run, in seconds.
const shortestBlock = 1

// configuredSteady cuts what the configuration says; 0 cuts nothing.
func (s *subject) configuredSteady(warmUp float64) *report.Span {
	switch {
	case warmUp >= s.end:
		s.note("warm_up_configured", report.Warning, fmt.Sprintf("the configured warm-up of %s s is as long as the run: nothing is left to compare", number(warmUp)), "")
		return nil
	case warmUp > 0:
		s.note("warm_up_configured", report.Info, fmt.Sprintf("the first %s s are cut as a warm-up, as configured", number(warmUp)), "")
	}
	return &report.Span{FromS: warmUp, ToS: s.end}
}

// steadyState looks for a warm-up, in what users waited. starts are those of
// the batches.
func (s *subject) steadyState() (state stat.SteadyState, starts []float64) {
	batches, starts := s.batches()
	return stat.FindSteadyState(batches), starts
}

// batches are the blocks of the run without the drain: the mean of what users
// waited, each request over its endpoint's median, by start.
func (s *subject) batches() (batches []stat.Batch, starts []float64) {
	type sums struct{ weighted, count float64 }
	byBlock := make(map[int64]*sums)
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		median := medianOf(t)
		if !(median > 0) {
			continue
		}
		for j := range t.Blocks {
			b := &t.Blocks[j]
			if byBlock[b.Index] == nil {
				byBlock[b.Index] = &sums{}
			}
			byBlock[b.Index].count += float64(b.Count)
			byBlock[b.Index].weighted += waited(b) / median
		}
	}
	for _, index := range sortedKeys(byBlock) {
		start := s.blockStart(index)
		if start+s.Requests.BlockLength.Seconds() > s.end+1 {
			continue // the drain: nothing starts any more, or little does
		}
		b := byBlock[index]
		batches = append(batches, stat.Batch{Mean: b.weighted / b.count, Count: b.count})
		starts = append(starts, max(0, start))
	}
	return batches, starts
}

// blockStart is when a block starts.
func (s *subject) blockStart(index int64) float64 {
	return s.since(index * int64(s.Requests.BlockLength))
}

// waited is what the users of a block waited, in milliseconds.
func waited(b *run.Block) float64 {
	sum := int64(0)
	for _, row := range b.Rows.List {
		sum += row.Total
	}
	return float64(sum) / 1000
}

func medianOf(t *run.Table) float64 {
	parts := make([]*run.Sketch, len(t.Blocks))
	for i := range t.Blocks {
		parts[i] = t.Blocks[i].Durations
	}
	v, _ := run.MergeSketches(run.BlockBits, parts).Quantile(0.5, math.Inf(-1), math.Inf(1))
	return v
}

// levels measure the plateaus and slices of a changing load.
func (s *subject) levels() []report.Level {
	levels, left := s.plannedLevels()
	s.noteLeftOut(left)
	s.noteSeen()
	var out []report.Level
	for _, l := range levels {
		if level, ok := s.measure(l); ok {
			out = append(out, level)
		}
	}
	return out
}

// plannedLevels are the levels of a changing load, and what is too short to be
// one. Without a plan they are those that were measured.
func (s *subject) plannedLevels() (levels, left []stretch) {
	if s.plan == nil || len(s.Requests.Tables) == 0 {
		return s.seen, nil
	}
	seen, length := s.since(s.Ended), s.Requests.BlockLength
	return s.plan.levels(func(l stretch) bool {
		return l.to > seen || s.grid(l, int64(length)).seconds > 0 // an early end is no fault of the plan
	})
}

// noteLeftOut says how much of the plan is in no level.
func (s *subject) noteLeftOut(left []stretch) {
	ramps := 0
	for _, l := range left {
		if l.ramp {
			ramps++
		}
	}
	var parts []string
	if plateaus := len(left) - ramps; plateaus > 0 {
		parts = append(parts, plural(plateaus, "plateau", "plateaus"))
	}
	if ramps > 0 {
		parts = append(parts, plural(ramps, "ramp", "ramps"))
	}
	if len(parts) > 0 {
		s.note("levels_left_out", report.Info, fmt.Sprintf("too short to be measured as levels of load: %s of the plan; a plateau takes %d s, a ramp %d s, and more where the blocks of time are long (here %s s)", strings.Join(parts, " and "), minLevel, minRamp, number(s.Requests.BlockLength.Seconds())), "")
	}
}

// grid is the blocks or windows that lie within a stretch as wholes.
type grid struct {
	first, last int64 // indexes, both included
	seconds     float64
}

func (s *subject) grid(l stretch, length int64) grid {
	from := float64(s.origin) + l.from*1e9
	to := min(float64(s.origin)+l.to*1e9, float64(s.Ended))
	const slack = 1e6 // a millisecond, for rounding
	g := grid{
		first: int64(math.Ceil((from - slack) / float64(length))),
		last:  int64(math.Floor((to+slack)/float64(length))) - 1,
	}
	g.seconds = max(0, float64(g.last-g.first+1)*float64(length)/1e9)
	return g
}

func (g grid) holds(index int64) bool { return index >= g.first && index <= g.last }

// measure measures one level. It rests on the blocks that lie within it as
// wholes; false when none does, or nothing was asked in them.
func (s *subject) measure(l stretch) (report.Level, bool) {
	g := s.grid(l, int64(s.Requests.BlockLength))
	var parts []*run.Sketch
	var all outcome
	started, requests, time, iterations := 0.0, uint64(0), 0.0, false
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		iterations = iterations || t.Protocol == run.ProtocolIteration
		for j := range t.Blocks {
			b := &t.Blocks[j]
			switch {
			case !g.holds(b.Index):
			case t.Protocol == run.ProtocolIteration:
				started += float64(b.Count)
			default:
				requests += b.Count
				time += waited(b)
				parts = append(parts, b.Durations)
				all.addBlock(t.Protocol, b)
			}
		}
	}
	if requests == 0 || g.seconds == 0 {
		return report.Level{}, false
	}
	durations := run.MergeSketches(run.BlockBits, parts)
	quantile := func(q float64) *float64 {
		v, _ := durations.Quantile(q, math.Inf(-1), math.Inf(1))
		return report.Num(v)
	}
	out := report.Level{
		FromS: l.from, ToS: l.to, Count: int64(requests), ErrorRate: all.errorRate(),
		Concurrency: report.Num(time / 1000 / g.seconds),
		P50:         quantile(0.5), P95: quantile(0.95), P99: quantile(0.99),
	}
	if l.perS > 0 && s.plan != nil {
		out.TargetPerS = report.Num(l.perS)
	}
	if iterations {
		out.AchievedPerS = report.Num(started / g.seconds)
	}
	if dropped, ok := s.droppedPerS(l); ok && iterations {
		offered := started/g.seconds + dropped
		out.OfferedPerS = report.Num(offered)
		if dropped > 0 {
			out.DropShare = report.Num(dropped / offered)
		}
	}
	return out, true
}

// droppedPerS is the rate of dropped iterations in a stretch, from the windows
// that lie within it as wholes; false when none does.
func (s *subject) droppedPerS(l stretch) (float64, bool) {
	g := s.grid(l, int64(s.WindowLength))
	if g.seconds == 0 {
		return 0, false
	}
	dropped := 0.0
	series := s.SeriesOf("dropped_iterations")
	for i := range series {
		for _, w := range series[i].Windows {
			if g.holds(w.Index) {
				dropped += w.Sum.Float()
			}
		}
	}
	return dropped / g.seconds, true
}
