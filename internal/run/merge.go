package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// Merge joins parts of one run, such as the files of several load generators
// or what several goroutines read. It is associative and commutative to the
// byte, given that the parts were built with the same dimensions, the same
// submetrics and the same wanted columns. Gauges of different generators (tag
// instance) stay apart in their series and are combined where they are read; see
// [Run.Select].
func Merge(parts ...*Run) *Run {
	b := NewBuilder(Options{})
	for _, p := range parts {
		b.takeRules(p)
	}
	for _, p := range parts {
		b.AddRun(p)
	}
	return b.Finish()
}

// takeRules takes over what decides about tags and columns.
func (b *Builder) takeRules(r *Run) {
	b.fold.addDimensions(r.Folding.Dimensions)
	for _, m := range r.Metrics {
		b.define(m)
	}
}

// AddRun adds all of a run. The run stays as it is.
func (b *Builder) AddRun(r *Run) { b.addRun(r, false) }

// Take is AddRun for a run that nobody uses any more: what the Builder lacks it
// keeps instead of copying it. The run must not be used afterwards.
func (b *Builder) Take(r *Run) { b.addRun(r, true) }

// Absorb adds all that another Builder of the same Options was given, as if this one
// had been given it. The other must not be used afterwards; it is emptied, for places
// of its requests still lead to it.
func (b *Builder) Absorb(o *Builder) {
	for name, value := range o.id.own {
		b.id.own[name] = max(b.id.own[name], value)
	}
	b.addRun(o.finishRest(), true)
	b.started, b.ended = min(b.started, o.started), max(b.ended, o.ended) // requests may have no series
	b.requests.absorb(&o.requests, &b.fold)
	*o = Builder{}
}

func (b *Builder) addRun(r *Run, own bool) {
	r = masked(&b.mask, r) // nothing of it is masked again below
	b.takeRules(r)
	b.fold.merge(r.Folding)
	b.refold()
	timed := func(t Table) bool { return t.First <= t.Last } // others only hold times of requests elsewhere
	if len(r.Series) > 0 || slices.ContainsFunc(r.Requests.Tables, timed) {
		b.started = min(b.started, r.Started)
		b.ended = max(b.ended, r.Ended)
	}
	b.addSeries(r, own)
	b.requests.addRequests(&r.Requests, &b.fold, own)
	for _, l := range r.Labels {
		b.id.labels[l.Name] = max(l.Value, b.id.labels[l.Name])
	}
	for _, s := range r.Sources {
		b.source(s)
	}
	for _, p := range r.Problems {
		b.problem(p)
	}
	b.addKnowledge(r)
}

func (b *Builder) addSeries(r *Run, own bool) {
	if len(r.Series) == 0 {
		return
	}
	shift := shiftOf(r.WindowLength)
	if shift > b.windowShift {
		b.lengthenWindows(shift)
	}
	whole := r.Folding.Level == 0 && len(r.Folding.Tags) == 0
	known, generation := make(map[TagSet]*Tags), b.generation // most sets have many metrics
	for i := range r.Series {
		s := &r.Series[i]
		t := known[s.Tags]
		if t == nil || generation != b.generation {
			if tags := s.Tags.List(); whole {
				t = b.seen(tags)
			} else {
				t = b.foldedTags(tags)
			}
			if generation != b.generation {
				clear(known)
				generation = b.generation
			}
			known[s.Tags] = t
		}
		to := b.Series(b.metric(s.Metric).id, t)
		for _, w := range s.Windows { // before they are taken
			b.windows[w.Index>>(b.windowShift-shift)] = struct{}{}
		}
		to.absorb(s, b.windowShift-shift, own)
	}
	b.limitWindows()
}

// foldedTags is Tags for a set of which something is missing: its combination
// has been counted before, when it was whole.
func (b *Builder) foldedTags(tags []Tag) *Tags {
	changed := false
	for _, t := range tags {
		changed = b.fold.seeValue(t.Name, t.Value) || changed
	}
	if changed {
		b.refold()
	}
	return b.handle(tags)
}

// absorb adds a series, whose windows become longer by 1<<by. It may keep parts
// of one of its own.
func (s *SeriesBuilder) absorb(from *Series, by uint8, own bool) {
	s.flush()
	s.stats.merge(from.Stats)
	if s.latest.before(from.Latest) {
		s.latest = from.Latest
	}
	switch {
	case from.Sketch == nil || !s.metric.hasDistribution():
	case s.sketch == nil && own:
		s.sketch = from.Sketch
	default:
		s.distribution().Merge(from.Sketch)
	}
	if own && by == 0 && len(s.windows) == 0 {
		s.windows = from.Windows
	} else {
		s.windows = mergeWindows(s.windows, from.Windows, by)
	}
	s.from, s.to = 0, 0
	if own {
		from.Sketch, from.Windows = nil, nil // not held until the last series is done
	}
}

func (s *Stats) merge(o Stats) {
	switch {
	case o.Count == 0:
		return
	case s.Count == 0:
		*s = o
		return
	}
	s.Count += o.Count
	s.Nonzero += o.Nonzero
	s.Outside += o.Outside
	s.Sum.Merge(o.Sum)
	s.Min = min(s.Min, o.Min)
	s.Max = max(s.Max, o.Max)
}

// refold applies the present folding to all that was added before.
func (b *Builder) refold() {
	if b.fold.level == 0 && len(b.fold.folded) == 0 {
		return
	}
	b.generation++
	old := b.tags
	b.tags = make(map[TagSet]*Tags, len(old))
	for _, t := range old {
		to := b.handle(t.set.List())
		for id, s := range t.series {
			if s != nil {
				s.flush()
				from := s.finish()
				b.Series(id, to).absorb(&from, 0, true)
			}
		}
	}
	b.requests.refold(&b.fold)
}

// addKnowledge takes over what no sample tells. Of different plans or
// executions the run keeps one, of different summaries none, and a Problem says
// so.
func (b *Builder) addKnowledge(r *Run) {
	b.id.plan = either(b.id.plan, r.Plan, func(x, y *Plan) *Plan {
		b.several("several_plan", "the sources hold more than one plan; only one is used: leave the others out")
		return firstText(x, y)
	})
	b.id.execution = either(b.id.execution, r.Execution, func(x, y *Execution) *Execution {
		b.several("several_execution_record", "the sources hold more than one execution record; only the one with the worst exit code is used")
		switch order := cmp.Compare(x.severity(), y.severity()); {
		case order > 0:
			return x
		case order < 0:
			return y
		}
		return firstText(x, y)
	})
	const codeSeveral = "several_summary"
	b.id.reported = either(b.id.reported, r.Reported, func(x, y *Reported) *Reported {
		b.several(codeSeveral, "the sources hold more than one summary; none is used, since what k6 says of a part is not true of the whole: leave all but one out")
		return nil
	})
	if b.problems[problemKey{code: codeSeveral}] != nil { // here, or in a part: one more is still one of several
		b.id.reported = nil
	}
}

func (b *Builder) several(code, message string) { b.problem(Problem{Code: code, Message: message}) }

// either returns the one that is not nil, or of two that differ what choose
// makes of them.
func either[T any](x, y *T, choose func(x, y *T) *T) *T {
	switch {
	case x == nil:
		return y
	case y == nil, asText(x) == asText(y):
		return x
	}
	return choose(x, y)
}

// firstText returns what comes first as text.
func firstText[T any](x, y *T) *T {
	if asText(y) < asText(x) {
		return y
	}
	return x
}

// severity orders exit codes: success, then failed thresholds, then the rest.
func (e *Execution) severity() int {
	switch e.ExitCode {
	case 0:
		return 0
	case 99:
		return 1
	}
	return 2
}

// asText makes any two different values comparable.
func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// SetPlan, SetReported and SetExecution say what no sample tells.
func (b *Builder) SetPlan(p *Plan) { b.addKnowledge(&Run{Plan: masked(&b.mask, p)}) }

// SetReported adds what k6 reported; see [Builder.SetPlan].
func (b *Builder) SetReported(p *Reported) {
	b.addKnowledge(&Run{Reported: masked(&b.mask, p)})
}

// SetExecution adds how k6 went; see [Builder.SetPlan].
func (b *Builder) SetExecution(e *Execution) {
	b.addKnowledge(&Run{Execution: masked(&b.mask, e)})
}

// shiftOf is the power of two in a length of windows or blocks.
func shiftOf(length time.Duration) uint8 {
	return uint8(bits.TrailingZeros64(uint64(length / time.Second)))
}
