package run

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Selection is samples of one metric, from one or more of its series.
type Selection struct {
	Type MetricType
	Stats
	// Value is a gauge's: the latest sample. Over several load generators (tag
	// instance), vus and vus_max add up; other gauges take the latest.
	Value float64
	// Sketch is nil for types other than Trend and Unknown.
	Sketch *Sketch
	latest Point
}

// Quantile estimates the q-quantile within 0.05 %; ok is false without
// samples, or for metrics that have no distribution.
func (s *Selection) Quantile(q float64) (value float64, ok bool) {
	if s.Sketch == nil || s.Count == 0 {
		return 0, false
	}
	return s.Sketch.Quantile(q, s.Min, s.Max)
}

// Select adds up the series of a metric whose tags match; nil matches all.
func (r *Run) Select(metric string, match func(TagSet) bool) Selection {
	m, _ := r.Metric(metric)
	out := Selection{Type: m.Type}
	latest := make(map[string]Point) // by instance
	var sketches []*Sketch
	series := r.SeriesOf(metric)
	for i := range series {
		s := &series[i]
		if match != nil && !match(s.Tags) {
			continue
		}
		out.addStats(s)
		if s.Sketch != nil {
			sketches = append(sketches, s.Sketch)
		}
		instance := s.Tags.Value("instance")
		if have, known := latest[instance]; !known || have.before(s.Latest) {
			latest[instance] = s.Latest
		}
	}
	if sketches != nil {
		out.Sketch = MergeSketches(FineBits, sketches)
	}
	if metric == "vus" || metric == "vus_max" {
		out.Value = 0
		for _, instance := range slices.Sorted(maps.Keys(latest)) {
			out.Value += latest[instance].Value
		}
	}
	return out
}

// SeriesOf is the series of a metric.
func (r *Run) SeriesOf(metric string) []Series {
	from, _ := slices.BinarySearchFunc(r.Series, metric, func(s Series, name string) int { return cmp.Compare(s.Metric, name) })
	to := from
	for to < len(r.Series) && r.Series[to].Metric == metric {
		to++
	}
	return r.Series[from:to]
}

// IsSetup reports whether samples of a group, by the value of their tag "group",
// belong to the set-up or teardown of a test.
func IsSetup(group string) bool {
	group += "::" // of groups inside them too
	return strings.HasPrefix(group, "::setup::") || strings.HasPrefix(group, "::teardown::")
}

// InGroups reports whether a group is one of some groups of a script, by their
// names with the leading "::", or within one.
func InGroups(group string, groups []string) bool {
	return slices.ContainsFunc(groups, func(out string) bool {
		return group == out || strings.HasPrefix(group, out+"::")
	})
}

// Add adds a series; see [Run.Select] for the rule about gauges, which Add
// follows for series of one generator only.
func (s *Selection) Add(o *Series) {
	s.addStats(o)
	if o.Sketch != nil {
		if s.Sketch == nil {
			s.Sketch = NewSketch(FineBits)
		}
		s.Sketch.Merge(o.Sketch)
	}
}

// addStats adds a series but for its distribution.
func (s *Selection) addStats(o *Series) {
	if o.Count == 0 {
		return
	}
	if s.Count == 0 || s.latest.before(o.Latest) {
		s.latest = o.Latest
		s.Value = o.Latest.Value
	}
	s.merge(o.Stats)
}

// Merge adds another selection, of this metric or one like it.
func (s *Selection) Merge(o *Selection) {
	s.Add(&Series{Stats: o.Stats, Latest: o.latest, Sketch: o.Sketch})
}
