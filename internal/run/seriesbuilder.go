package run

import (
	"cmp"
	"slices"
	"time"
)

// batchSize is how many values are collected: enough to spread the cost of a visit.
const batchSize = 64

// SeriesBuilder takes the samples of one series. Values are collected and
// added in batches: the bins of a distribution are spread over memory, and one
// visit to them for many values costs little more than one for a single value.
type SeriesBuilder struct {
	owner  *Builder
	from   int64 // the current window, in nanoseconds
	to     int64
	first  int64
	latest Point
	held   int
	values []float64 // room for those held: it grows up to batchSize

	metric  *metricBuilder
	tags    TagSet
	stats   Stats
	sketch  *Sketch  // nil while empty, and where the metric can't be a Trend
	windows []Window // by ascending index
	at      int      // the current window's place
}

// Add counts a sample: a finite value at a time in nanoseconds since the Unix
// epoch.
func (s *SeriesBuilder) Add(at int64, v float64) {
	v += 0 // −0 becomes 0: they compare as equal, but not their bytes
	if at < s.from || at >= s.to || s.held >= len(s.values) {
		s.turn(at)
	}
	s.values[s.held] = v
	s.held++
	s.first = min(s.first, at)
	if p := (Point{at, v}); s.latest.before(p) {
		s.latest = p
	}
}

// turn makes room, and goes to the window of a time.
func (s *SeriesBuilder) turn(at int64) {
	if at < s.from || at >= s.to {
		s.flush()
		s.enter(at)
	}
	switch {
	case s.held < len(s.values):
	case s.held < batchSize:
		s.values = append(s.values, make([]float64, max(s.held, 4))...)
	default:
		s.flush()
	}
}

// enter goes to the window of a time.
func (s *SeriesBuilder) enter(at int64) {
	b := s.owner
	b.windows[floorSeconds(at)>>b.windowShift] = struct{}{}
	b.limitWindows()
	index := floorSeconds(at) >> b.windowShift
	s.at = s.window(index)
	length := int64(time.Second) << b.windowShift
	s.from, s.to = index*length, (index+1)*length
}

// flush adds the values collected.
func (s *SeriesBuilder) flush() {
	if s.held == 0 {
		return
	}
	s.owner.started = min(s.owner.started, s.first)
	s.owner.ended = max(s.owner.ended, s.latest.Time)
	st := &s.stats
	values := s.values[:s.held]
	s.held = 0
	if st.Count == 0 {
		st.Min, st.Max = values[0], values[0]
	}
	st.Count += uint64(len(values))
	if sketch := s.distribution(); sketch != nil {
		sketch.addAll(values)
	}
	var sum Sum
	units := int64(0) // batchSize values below exactBelow fit in it
	for _, v := range values {
		st.Min = min(st.Min, v)
		st.Max = max(st.Max, v)
		if v != 0 {
			st.Nonzero++
		}
		switch {
		case v < exactBelow && v > -exactBelow:
			units += unitsOf(v)
		case v >= maxMagnitude || v <= -maxMagnitude:
			st.Outside++
		default:
			sum.Add(v)
		}
	}
	sum.addInt(units)
	st.Sum.Merge(sum)
	w := &s.windows[s.at]
	w.Count += uint64(len(values))
	w.Sum.Merge(sum)
}

// distribution is the sketch of a series that may have one. A metric of another
// type than Trend never becomes one: see [Builder.Define].
func (s *SeriesBuilder) distribution() *Sketch {
	if s.sketch == nil && s.metric.hasDistribution() {
		s.sketch = NewSketch(FineBits)
	}
	return s.sketch
}

func (m *metricBuilder) hasDistribution() bool { return m.kind == Trend || m.kind == Unknown }

// window finds or makes the window of an index.
func (s *SeriesBuilder) window(index int64) int {
	if n := len(s.windows); n == 0 || s.windows[n-1].Index < index {
		s.windows = append(withRoom(s.windows), Window{Index: index})
		return n
	}
	i, found := slices.BinarySearchFunc(s.windows, index, func(w Window, index int64) int { return cmp.Compare(w.Index, index) })
	if !found {
		s.windows = slices.Insert(withRoom(s.windows), i, Window{Index: index})
	}
	return i
}

// limitWindows makes all windows longer when too many hold data.
func (b *Builder) limitWindows() {
	for limit := b.fold.windows(); len(b.windows) > limit; {
		b.lengthenWindows(b.windowShift + 1)
	}
}

// lengthenWindows merges windows until they are 1<<shift seconds long.
func (b *Builder) lengthenWindows(shift uint8) {
	by := shift - b.windowShift
	b.windowShift = shift
	b.windows = shiftKeys(b.windows, by)
	for _, t := range b.tags {
		for _, s := range t.series {
			if s != nil {
				s.flush()
				s.windows = mergeWindows(nil, s.windows, by)
				s.from, s.to = 0, 0
			}
		}
	}
}

// mergeWindows adds the windows of from, made longer by 1<<by, to those of to.
// Both are in order.
func mergeWindows(to, from []Window, by uint8) []Window {
	merged := make([]Window, 0, countMerged(to, from, by))
	push := func(w Window) {
		if n := len(merged); n > 0 && merged[n-1].Index == w.Index {
			merged[n-1].Count += w.Count
			merged[n-1].Sum.Merge(w.Sum)
			return
		}
		merged = append(merged, w)
	}
	for len(to) > 0 || len(from) > 0 {
		if len(from) == 0 || len(to) > 0 && to[0].Index <= from[0].Index>>by {
			push(to[0])
			to = to[1:]
			continue
		}
		w := from[0]
		w.Index >>= by
		push(w)
		from = from[1:]
	}
	return merged
}

// countMerged is the number of windows that mergeWindows leaves.
func countMerged(to, from []Window, by uint8) int {
	n, i, last := len(to), 0, int64(0)
	for k := range from {
		index := from[k].Index >> by
		if k > 0 && index == last {
			continue
		}
		last = index
		for i < len(to) && to[i].Index < index {
			i++
		}
		if i == len(to) || to[i].Index != index {
			n++
		}
	}
	return n
}

func shiftKeys(set map[int64]struct{}, by uint8) map[int64]struct{} {
	shifted := make(map[int64]struct{}, len(set)/2)
	for index := range set {
		shifted[index>>by] = struct{}{}
	}
	return shifted
}

// floorSeconds is the whole second that a time lies in.
func floorSeconds(ns int64) int64 {
	s := ns / int64(time.Second)
	if ns < 0 && s*int64(time.Second) != ns {
		s--
	}
	return s
}

func (s *SeriesBuilder) finish() Series {
	out := Series{Key: Key{Metric: s.metric.name, Tags: s.tags}, Stats: s.stats, Latest: s.latest, Windows: s.windows}
	if s.metric.hasDistribution() {
		out.Sketch = s.sketch
	}
	return out
}
