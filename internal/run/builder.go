package run

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// maxWindows and maxBlocks are how many windows and blocks may hold data before
// their length doubles; with more than someSets tag sets it is someWindows, with
// more than manySets fewWindows.
//
// k6 emits about 8 metrics with a tag set. So up to someSets give 2,000 series
// of 300 windows of 32 bytes, up to manySets 4,000 of 128, and up to maxTagSets
// 24,000 of 64: 19, 16 and 49 MB. A series itself takes 0.3 kB and up to 0.5 kB
// of values collected: 2, 3 and 19 MB. Sketches come on top, with 8 bytes for
// each sample of another bin of up to maxListed; see bank. Each goroutine that
// reads has a Builder of its own.
const (
	maxWindows  = 300
	someWindows = 128
	fewWindows  = 64
	maxBlocks   = 120
)

// Builder makes a Run of samples. Its memory is bounded by the limits on tags
// (see [Folding]), windows, blocks and rows, whatever is added. It is not safe
// for concurrent use: give each goroutine its own, and merge them or their Runs.
type Builder struct {
	metrics []*metricBuilder
	byName  map[string]*metricBuilder

	tags       map[TagSet]*Tags
	mask       masker
	wanted     func(metric string) int
	fold       folder
	generation int

	windowShift uint8 // windows are 1<<windowShift seconds
	windows     map[int64]struct{}

	requests requestsBuilder

	started, ended int64

	id struct {
		labels    map[string]string // of parts
		own       map[string]string // given here
		sources   []Source
		plan      *Plan
		reported  *Reported
		execution *Execution
	}
	problems map[problemKey]*Problem
}

// Options configure what a Builder keeps.
type Options struct {
	// Dimensions are tags that keep up to 1,000 values instead of 64.
	Dimensions []string
	// ExcludedGroups are groups whose requests are not added, in any order: the
	// Builder can't see to it, but the Run tells. See [InGroups].
	ExcludedGroups []string
	// Wanted says how much the column of a metric in the request tables is wanted:
	// where there are more metrics than columns, the most wanted have one. nil wants
	// none more than others. It must not depend on anything but the name, which it
	// sees as the Run keeps it.
	Wanted func(metric string) int
	// Mask changes every text that enters, but for codes of problems, before
	// anything is made of it, such as secrets into asterisks; nil leaves them. It
	// must not depend on anything but the text, nor change what it gave.
	Mask func(string) string
	// MaskMetric does so to the names of metrics and submetrics; nil is Mask.
	MaskMetric func(string) string
}

// NewBuilder returns an empty Builder.
func NewBuilder(o Options) *Builder {
	b := &Builder{
		byName:   make(map[string]*metricBuilder),
		tags:     make(map[TagSet]*Tags),
		windows:  make(map[int64]struct{}),
		started:  math.MaxInt64,
		ended:    math.MinInt64,
		problems: make(map[problemKey]*Problem),
	}
	b.mask = newMasker(o.Mask, o.MaskMetric)
	b.fold = newFolder()
	b.fold.addDimensions(masked(&b.mask, o.Dimensions))
	b.wanted = o.Wanted
	b.requests = newRequestsBuilder()
	b.requests.wanted = b.wantedColumn
	b.requests.leaves = slices.Compact(slices.Sorted(slices.Values(masked(&b.mask, o.ExcludedGroups))))
	b.id.labels = make(map[string]string)
	b.id.own = make(map[string]string)
	return b
}

type metricBuilder struct {
	id          int
	name        string
	kind        MetricType
	contains    string
	thresholds  map[string]struct{}
	submetrics  map[string]TagSet
	typeUnclear bool
	wanted      int  // how much its column is, as definitions and joins tell
	weighed     bool // Options.Wanted was asked
	noColumn    bool // as definitions tell
}

// Tags is a handle on a tag set in a Builder.
type Tags struct {
	set    TagSet
	series []*SeriesBuilder // by metric id; nil where there is none yet
	tables map[string]*tableBuilder
}

// Set is the tag set after folding.
func (t *Tags) Set() TagSet { return t.set }

// Metric returns the id of a metric, for [Builder.Series].
func (b *Builder) Metric(name string) int { return b.metric(b.mask.metric(clean(name))).id }

// metric is Metric for a masked name.
func (b *Builder) metric(name string) *metricBuilder {
	m := b.byName[name]
	if m == nil {
		if valid := clean(name); valid != name {
			return b.metric(valid)
		}
		m = &metricBuilder{
			id:         len(b.metrics),
			name:       strings.Clone(name),
			thresholds: make(map[string]struct{}),
			submetrics: make(map[string]TagSet),
		}
		b.metrics = append(b.metrics, m)
		b.byName[m.name] = m
	}
	return m
}

// Define adds what is known of a metric. Definitions that contradict each
// other leave the type that comes first in the order of MetricType, and a
// Problem. A submetric keeps the tags that it names from being folded only in
// samples that come after it: define what is known before the first sample,
// and the same in every Builder of a run.
func (b *Builder) Define(d Metric) { b.define(masked(&b.mask, d)) }

// define is Define for a masked definition.
func (b *Builder) define(d Metric) {
	m := b.metric(d.Name)
	if d.Type != Unknown {
		if m.kind != Unknown && m.kind != d.Type {
			m.typeUnclear = true
		}
		if m.kind == Unknown || d.Type < m.kind {
			m.kind = d.Type
		}
	}
	m.contains = max(m.contains, clean(d.Contains))
	m.wanted = max(m.wanted, d.Wanted)
	m.noColumn = m.noColumn || d.NoColumn
	for _, t := range d.Thresholds {
		m.thresholds[clean(t)] = struct{}{}
	}
	for _, s := range d.Submetrics {
		name, tags := clean(s.Name), NewTagSet(s.Tags...)
		if have, known := m.submetrics[name]; !known || tags.Compare(have) < 0 {
			m.submetrics[name] = tags
		}
		b.fold.keep(tags.List())
	}
}

// Generation changes when handles (Tags, SeriesBuilder) obtained before no
// longer hold, which only [Builder.Tags] and adding a Run or a Builder can cause.
func (b *Builder) Generation() int { return b.generation }

// Tags returns the handle of a tag set. The set counts towards the limits of
// folding, so it has to get a sample: a Run knows of sets by its series only.
func (b *Builder) Tags(tags []Tag) *Tags { return b.seen(b.mask.set(NewTagSet(tags...)).List()) }

// seen is Tags for masked tags in order.
func (b *Builder) seen(tags []Tag) *Tags {
	if b.fold.see(tags) {
		b.refold()
	}
	return b.handle(tags)
}

// handle folds a tag set and finds or makes its handle.
func (b *Builder) handle(tags []Tag) *Tags {
	set := NewTagSet(b.fold.apply(tags)...)
	t := b.tags[set]
	if t == nil {
		t = &Tags{set: set, tables: make(map[string]*tableBuilder)}
		b.tags[set] = t
	}
	return t
}

// Series returns the handle of a series, by a metric's id.
func (b *Builder) Series(metric int, t *Tags) *SeriesBuilder {
	if metric < len(t.series) && t.series[metric] != nil {
		return t.series[metric]
	}
	for len(t.series) <= metric {
		t.series = append(t.series, nil)
	}
	s := &SeriesBuilder{
		owner:  b,
		metric: b.metrics[metric],
		tags:   t.set,
		first:  math.MaxInt64,
		latest: Point{Time: math.MinInt64},
	}
	t.series[metric] = s
	return s
}

// Label sets a label of the run, whatever the parts of the run say. Of several
// values the greatest stays, as in [Merge].
func (b *Builder) Label(name, value string) {
	name, value = b.Text(clean(name)), b.Text(clean(value))
	b.id.own[name] = max(b.id.own[name], value)
}

// Text is a text as the Builder keeps it: without what Options.Mask takes out.
func (b *Builder) Text(s string) string { return b.mask.text(s) }

// Masks reports whether a run holds what the Builder would mask.
func (b *Builder) Masks(r *Run) bool { return masked(&b.mask, r) != r }

// Source notes an input.
func (b *Builder) Source(s Source) { b.source(masked(&b.mask, s)) }

// source is Source for a masked one.
func (b *Builder) source(s Source) {
	s.Name, s.Format = clean(s.Name), clean(s.Format)
	b.id.sources = append(b.id.sources, s)
}

type problemKey struct{ code, source string }

// Problem notes something lost or doubtful. Those of equal code and source are
// counted together, at the first line.
func (b *Builder) Problem(p Problem) { b.problem(masked(&b.mask, p)) }

// problem is Problem for a masked one.
func (b *Builder) problem(p Problem) {
	p.Code, p.Source, p.Message = clean(p.Code), clean(p.Source), clean(p.Message)
	key := problemKey{p.Code, p.Source}
	have := b.problems[key]
	if have == nil {
		b.problems[key] = &p
		return
	}
	count := have.Count + p.Count
	if cmp.Or(cmp.Compare(p.Line, have.Line), cmp.Compare(p.Message, have.Message)) < 0 {
		*have = p
	}
	have.Count = count
}

// Finish returns the Run. The Builder must not be used afterwards.
func (b *Builder) Finish() *Run {
	tables := b.requests.finish(b.isNoTime)
	r := b.finishRest()
	r.Requests = tables
	r.ID = identity(r)
	return r
}

// finishRest returns the Run but for its request tables and what it is called.
func (b *Builder) finishRest() *Run {
	b.limitWindows() // tag sets may have come since
	r := &Run{
		WindowLength: time.Second << b.windowShift,
		Folding:      b.fold.result(),
		Plan:         b.id.plan,
		Reported:     b.id.reported,
		Execution:    b.id.execution,
		Sources:      slices.Clone(b.id.sources),
	}
	for _, m := range b.metrics {
		m.noColumn = m.noColumn || b.requests.columnOf[m.name] < 0
		r.Metrics = append(r.Metrics, m.definition())
		if m.typeUnclear {
			b.Problem(Problem{
				Code:    "metric_type",
				Message: fmt.Sprintf("metric %q is declared with several types; it is read as a %s: rename one of the two in the script", m.name, m.kind),
			})
		}
	}
	slices.SortFunc(r.Metrics, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range b.tags {
		for _, s := range t.series {
			if s == nil {
				continue
			}
			if s.flush(); s.stats.Count > 0 {
				r.Series = append(r.Series, s.finish())
			}
		}
	}
	if b.started <= b.ended {
		r.Started, r.Ended = b.started, b.ended
	}
	slices.SortFunc(r.Series, func(a, b Series) int { return a.Key.Compare(b.Key) })
	maps.Copy(b.id.labels, b.id.own)
	for _, name := range slices.Sorted(maps.Keys(b.id.labels)) {
		r.Labels = append(r.Labels, Tag{name, b.id.labels[name]})
	}
	slices.SortFunc(r.Sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Format, b.Format), cmp.Compare(a.Lines, b.Lines),
			cmp.Compare(a.Samples, b.Samples), cmp.Compare(a.Skipped, b.Skipped))
	})
	for _, p := range b.problems {
		r.Problems = append(r.Problems, *p)
	}
	slices.SortFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source))
	})
	return r
}

// joined is a metric whose samples are joined to requests: it is asked how much its
// column is wanted.
func (b *Builder) joined(metric string) *metricBuilder {
	m := b.metric(metric)
	if !m.weighed && b.wanted != nil {
		m.wanted = max(m.wanted, b.wanted(m.name))
	}
	m.weighed = true
	return m
}

// wantedColumn is how much the column of a joined or merged metric is wanted.
func (b *Builder) wantedColumn(metric string) int {
	if m := b.byName[metric]; m != nil {
		return m.wanted
	}
	return 0
}

// isNoTime reports whether a metric joined to requests turned out to be no
// Trend, and so no time.
func (b *Builder) isNoTime(metric string) bool {
	m := b.byName[metric]
	return m != nil && m.kind != Trend && m.kind != Unknown
}

func (m *metricBuilder) definition() Metric {
	d := Metric{Name: m.name, Type: m.kind, Contains: m.contains, Wanted: m.wanted, NoColumn: m.noColumn}
	d.Thresholds = slices.Sorted(maps.Keys(m.thresholds))
	for _, name := range slices.Sorted(maps.Keys(m.submetrics)) {
		d.Submetrics = append(d.Submetrics, Submetric{Name: name, Tags: m.submetrics[name].List()})
	}
	return d
}

// Named reports whether a submetric defined so far names this tag and value.
func (b *Builder) Named(t Tag) bool {
	_, named := b.fold.named[t]
	return named
}

// NamedTag reports whether a submetric defined so far names a value of this tag.
func (b *Builder) NamedTag(name string) bool {
	_, named := b.fold.namedTags[name]
	return named
}
