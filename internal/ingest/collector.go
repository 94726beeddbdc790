package ingest

import (
	"slices"

	"k6report/internal/run"
)

// joinWindow is how many requests back a sample may look for the one that it
// belongs to.
const joinWindow = 4096

// collector takes samples in the order of a file and puts them into a Builder:
// each into its series, the samples of a request rejoined, a server's times
// joined with their request. It works on a segment of a file; what crosses the
// borders of segments is kept for the seam (see seam.go).
type collector struct {
	b    *run.Builder
	late *run.Builder // takes the definitions on the way; see reader.late
	n    *normalizer
	// excluded are the groups whose requests go into no table.
	excluded []string
	// opening is how a metric's lines begin in the format; nil where they have
	// nothing in common.
	opening func(name string) string

	metrics map[string]*metric
	segment *segment
	open    *fragment // the request whose samples are arriving
	// known says that requests can be told apart: the segment did not begin
	// inside the present one. Until then its samples go into segment.chain.
	known bool
	count int // requests of this segment so far
	// byJoin finds the latest request of a reference in segment.recents, of
	// which the first trimmed are gone.
	byJoin  map[uint64]int
	trimmed int

	spare fragment // saves an allocation for each request
}

// metric is a metric as a collector knows it.
type metric struct {
	name     string
	id       int // in the Builder
	index    int // in entries
	role     role
	part     int
	protocol string
	// next is the metric that followed last time: k6 writes in a fixed order.
	next *metric
	// opening is how its lines begin; see collector.opening.
	opening string
	// plain says that the name stands in a line as it is, without escapes.
	plain bool
}

// entry is a distinct tag set with what was found out about it.
type entry struct {
	normalTags
	handle     *run.Tags
	generation int
	series     []*run.SeriesBuilder // by metric.index
	outside    bool                 // of set-up, teardown or an excluded group: in no table
	endpoint   string               // the name of the request that a sample is about

	set run.TagSet
	// How the tags say that an HTTP request ended.
	failed, timeout bool
}

// segment is what a stretch of lines leaves for the seam.
type segment struct {
	source   string
	lines    int64
	badLines int64
	// chain is how the segment begins, if nothing in it ended the request
	// before: closes says that something did. chainOpen says that nothing
	// ended the chain. tail is the last request behind the chain, still open.
	chain             *chain
	closes, chainOpen bool
	tail              *fragment

	orphans  []orphan
	lost     uint64   // samples without a request beyond those kept
	recents  []recent // the last of them, in order
	requests int
	problems []run.Problem
	samples  uint64
	grouped  bool // URLs were
	clipped  bool // tags were
	tooMany  bool // metrics
}

// recent is a request that samples may still refer to.
type recent struct {
	join   uint64
	number int // of the request in its segment
	place  run.Place
	joined bool
}

// orphan is a sample that refers to a request not seen in its segment.
type orphan struct {
	join   uint64
	after  int // requests seen in the segment before
	metric string
	ms     float64
}

// Limits on what a source may make k6report hold in memory, beyond those of
// run.Builder.
const (
	// maxMetrics is how many metrics a run may have.
	maxMetrics = 10_000
	// maxName is the length of a name of a metric or tag, in bytes. k6 allows
	// 128 for a metric's.
	maxName = 256
	// maxTagValue is the length to which a tag's value is cut.
	maxTagValue = 1024
)

func newCollector(b, late *run.Builder, o Options) *collector {
	return &collector{
		b:        b,
		late:     late,
		n:        &normalizer{endpointName: o.EndpointName, named: b.Named, namedTag: b.NamedTag, masked: b.Text},
		metrics:  make(map[string]*metric),
		excluded: o.ExcludedGroups,
	}
}

// begin starts a segment.
func (c *collector) begin(source string) {
	c.segment = &segment{source: source}
	c.open, c.known = nil, false
	c.byJoin = make(map[uint64]int)
	c.count, c.trimmed = 0, 0
}

// end finishes a segment.
func (c *collector) end() *segment {
	s := c.segment
	if c.open != nil {
		s.tail = c.open.clone()
	}
	s.chainOpen = !c.known
	s.requests = c.count
	return s
}

// metric finds or makes what is known of a metric.
func (c *collector) metric(name string) *metric {
	m := c.metrics[name]
	if m != nil {
		return m
	}
	m = &metric{name: name, index: len(c.metrics), plain: isPlain(name)}
	if c.opening != nil {
		m.opening = c.opening(name)
	}
	m.role, m.part, m.protocol = roleOf(name)
	m.next = m
	if len(c.metrics) >= maxMetrics {
		c.segment.tooMany = true // Read will fail: the rest is only read over
		m.id = c.b.Metric("")
		return m
	}
	m.id = c.b.Metric(name)
	c.metrics[name] = m
	if own, ok := builtin(name); ok {
		c.b.Define(own)
	}
	return m
}

// define takes a definition that comes between samples.
func (c *collector) define(m run.Metric) {
	c.metric(m.Name)
	if c.metrics[m.Name] != nil {
		c.late.Define(m)
	}
}

// isPlain reports whether JSON writes a text as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// entry makes an entry of decoded tags.
func (c *collector) entry(raw map[string]string) *entry {
	e := &entry{generation: -1, normalTags: c.n.tags(raw)}
	set := run.NewTagSet(e.tags...)
	e.tags, e.set = set.List(), set
	e.failed, e.timeout = run.Failed(run.ProtocolHTTP, set), run.TimedOut(run.ProtocolHTTP, set)
	group := raw["group"] // as the configuration names it
	e.outside = run.IsSetup(group) || run.InGroups(group, c.excluded)
	if e.endpoint = set.Value("endpoint"); e.endpoint == "" {
		e.endpoint = set.Value("name")
	}
	return e
}

// seriesOf is the series of an entry, also after the Builder folded tags.
func (c *collector) seriesOf(m *metric, e *entry) *run.SeriesBuilder {
	if e.generation == c.b.Generation() && m.index < len(e.series) && e.series[m.index] != nil {
		return e.series[m.index]
	}
	handle := c.handleOf(e)
	for len(e.series) <= m.index {
		e.series = append(e.series, nil)
	}
	s := c.b.Series(m.id, handle)
	e.series[m.index] = s
	return s
}

// handleOf is the handle of an entry that a sample has. What became of its tags is
// noted only then, for its line may have proved to be none behind them.
func (c *collector) handleOf(e *entry) *run.Tags {
	if e.generation != c.b.Generation() {
		c.segment.grouped = c.segment.grouped || e.grouped
		c.segment.clipped = c.segment.clipped || e.clipped
		clear(e.series)
		e.handle = c.b.Tags(e.tags) // may itself begin a new generation
		e.generation = c.b.Generation()
	}
	return e.handle
}

// sample takes one sample. join refers to its request; 0 is none.
func (c *collector) sample(m *metric, at int64, v float64, e *entry, join uint64) {
	c.seriesOf(m, e).Add(at, v)
	c.segment.samples++
	switch m.role {
	case rolePart:
		if !e.outside {
			c.part(m.part, at, v, e, join)
		}
	case roleDirect:
		if !e.outside {
			c.direct(m, at, v, e, join)
		}
	case roleJoin:
		if join != 0 && !e.outside {
			c.join(m, v, join)
		}
	}
}

// part takes one of the samples of an HTTP request.
func (c *collector) part(part int, at int64, v float64, e *entry, join uint64) {
	k := requestKey{at, e, join}
	if !c.known {
		s := c.segment
		if s.chain == nil {
			s.chain = &chain{requestKey: k}
		}
		if s.chain.add(k, part, v) {
			return
		}
		c.known = true
	}
	if c.open == nil || !c.open.add(k, part, v) {
		c.close()
		c.spare = fragment{requestKey: k}
		c.open = &c.spare
		c.open.add(k, part, v)
	}
}

// same reports whether two entries are of equal tags.
func (e *entry) same(o *entry) bool { return e == o || slices.Equal(e.tags, o.tags) }

// close counts the open request.
func (c *collector) close() {
	f := c.open
	if f == nil {
		return
	}
	c.open = nil
	c.rejoined(f)
}

// rejoined counts the request of k6's samples.
func (c *collector) rejoined(f *fragment) {
	c.count++
	q, flaw := f.request()
	if flaw != nil {
		c.segment.problem(*flaw)
		return
	}
	c.remember(f.join, c.b.AddRequest(run.ProtocolHTTP, c.handleOf(f.entry), &q))
}

// closeBefore closes the open request because of a sample that is not of it,
// perhaps in the segment before.
func (c *collector) closeBefore() {
	if !c.known {
		c.known = true
		c.segment.closes = c.segment.chain == nil
	}
	c.close()
}

// direct counts a sample that is a request of its own.
func (c *collector) direct(m *metric, at int64, v float64, e *entry, join uint64) {
	q := run.Request{Duration: v, Total: v}
	if m.protocol != run.ProtocolIteration {
		q.Failed, q.Timeout = run.Failed(m.protocol, e.set), run.TimedOut(m.protocol, e.set)
	}
	c.ended(m.protocol, at, e, join, &q)
}

// ended counts a request of which all is known but its start.
func (c *collector) ended(protocol string, at int64, e *entry, join uint64, q *run.Request) {
	if !plausible(q.Duration) || !plausible(q.Total) {
		c.segment.problem(implausible)
		return
	}
	q.Start = at - nanos(q.Total)
	if protocol == run.ProtocolIteration { // it ends no request, and no sample refers to it
		c.b.AddRequest(protocol, c.handleOf(e), q)
		return
	}
	c.closeBefore()
	c.count++
	c.remember(join, c.b.AddRequest(protocol, c.handleOf(e), q))
}

// remember makes a request known to the samples that follow.
func (c *collector) remember(join uint64, place run.Place) {
	if join == 0 {
		return
	}
	s := c.segment
	if len(s.recents) >= 2*joinWindow {
		s.recents = append(s.recents[:0], s.recents[joinWindow:]...)
		c.trimmed += joinWindow
	}
	c.byJoin[join] = c.trimmed + len(s.recents)
	s.recents = append(s.recents, recent{join: join, number: c.count, place: place})
	if len(c.byJoin) > 4*joinWindow {
		for join, at := range c.byJoin {
			if at < c.trimmed {
				delete(c.byJoin, join)
			}
		}
	}
}

// join adds a server's time to its request.
func (c *collector) join(m *metric, ms float64, join uint64) {
	c.closeBefore()
	s := c.segment
	if at, ok := c.byJoin[join]; ok && at >= c.trimmed {
		if r := &s.recents[at-c.trimmed]; c.count-r.number < joinWindow {
			c.b.Join(r.place, m.name, ms, !r.joined)
			r.joined = true
			return
		}
	}
	s.orphan(orphan{join: join, after: c.count, metric: m.name, ms: ms})
}

// maxOrphans bounds what a segment keeps of samples without a request. It is
// more than belong to the requests of a join window.
const maxOrphans = 1 << 18

// orphan keeps a sample for the seam, unless so many requests lie before it in
// this segment that none of a segment before is near enough.
func (s *segment) orphan(o orphan) {
	if o.after >= joinWindow || len(s.orphans) == maxOrphans {
		s.lost++
		return
	}
	s.orphans = append(s.orphans, o)
}

// problem notes something; its Line, if any, counts from 1 in the segment.
func (s *segment) problem(p run.Problem) {
	for i := range s.problems {
		if s.problems[i].Code == p.Code {
			s.problems[i].Count += p.Count
			return
		}
	}
	s.problems = append(s.problems, p)
}
