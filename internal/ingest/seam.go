package ingest

import (
	"slices"

	"k6report/internal/run"
)

// seam puts together what crosses the borders of segments. Given the segments
// in order, it leaves the same as if they had been one.
type seam struct {
	b       *run.Builder
	tail    *fragment // the last request, still open
	carried []recent  // with numbers counted over all segments
	byJoin  map[uint64]int
	count   int // requests so far

	// Of the present source, so far:
	lines   int64
	bad     int64 // of the lines
	samples uint64
	begun   bool // a request was seen

	// loose are incomplete requests at the ends of sources. The rest may be in
	// a source that comes later where times don't tell the order.
	loose []*fragment

	grouped, clipped, tooMany bool // see segment
}

func newSeam(b *run.Builder) *seam {
	return &seam{b: b, byJoin: make(map[uint64]int)}
}

// begin starts a source.
func (s *seam) begin() {
	s.lines, s.bad, s.samples, s.begun = 0, 0, 0, false
	if s.tail != nil {
		s.tail.edge = true
	}
}

// finish ends the last source.
func (s *seam) finish() {
	s.begin()
	s.close()
	for _, f := range s.loose {
		s.problem(incomplete, f.source)
	}
}

// add takes the next segment.
func (s *seam) add(g *segment) {
	if g.closes {
		s.close()
	}
	if g.chain != nil {
		s.replay(g.chain, g.source)
		if !g.chainOpen {
			s.close()
		}
	}
	s.begun = s.begun || !g.chainOpen
	base := s.count
	if g.tail != nil {
		s.tail = g.tail
		s.tail.source = g.source
	}
	for _, o := range g.orphans {
		s.join(o, base+o.after)
	}
	for range g.lost {
		s.b.Unjoined()
	}
	s.count = base + g.requests
	for _, r := range g.recents {
		r.number += base
		s.carry(r)
	}
	s.trim()
	for _, p := range g.problems {
		if p.Line > 0 {
			p.Line += s.lines
		}
		s.problem(p, g.source)
	}
	s.lines += g.lines
	s.bad += g.badLines
	s.samples += g.samples
	s.grouped = s.grouped || g.grouped
	s.clipped = s.clipped || g.clipped
	s.tooMany = s.tooMany || g.tooMany
}

// replay takes the samples at the start of a segment as if they came behind
// those of the segment before.
func (s *seam) replay(c *chain, source string) {
	for _, sample := range c.samples {
		if s.tail == nil || !s.tail.add(c.requestKey, sample.part, sample.value) {
			s.close()
			s.tail = &fragment{requestKey: c.requestKey, source: source}
			s.tail.add(c.requestKey, sample.part, sample.value)
		}
		s.tail.edge = s.tail.edge || !s.begun
		s.begun = true
	}
}

func (s *seam) problem(p run.Problem, source string) {
	p.Source = source
	s.b.Problem(p)
}

// close counts the open request.
func (s *seam) close() {
	f := s.tail
	if f == nil {
		return
	}
	s.tail = nil
	s.count++
	if f.edge && !f.complete() {
		if f = s.mend(f); f == nil {
			return
		}
	}
	q, flaw := f.request()
	if flaw != nil {
		s.problem(*flaw, f.source)
		return
	}
	place := s.b.AddRequest(run.ProtocolHTTP, s.b.Tags(f.entry.tags), &q)
	if f.join != 0 {
		s.carry(recent{join: f.join, number: s.count, place: place})
	}
}

// mend completes a request with what other sources left loose. It returns nil
// while something is still missing.
func (s *seam) mend(f *fragment) *fragment {
	for i, have := range s.loose {
		if !have.absorb(f) {
			continue
		}
		if have.complete() {
			s.loose = slices.Delete(s.loose, i, i+1)
			return have
		}
		return nil
	}
	s.loose = append(s.loose, f)
	return nil
}

func (s *seam) carry(r recent) {
	s.byJoin[r.join] = len(s.carried)
	s.carried = append(s.carried, r)
}

// join adds a server's time to a request of a segment before, or of the chain
// that the segment began with.
func (s *seam) join(o orphan, after int) {
	at, ok := s.byJoin[o.join]
	if !ok || after-s.carried[at].number >= joinWindow {
		s.b.Unjoined()
		return
	}
	r := &s.carried[at]
	s.b.Join(r.place, o.metric, o.ms, !r.joined)
	r.joined = true
}

// trim forgets requests that no sample may refer to any more.
func (s *seam) trim() {
	if len(s.carried) <= 4*joinWindow {
		return
	}
	s.carried = slices.Clone(s.carried[len(s.carried)-joinWindow:])
	clear(s.byJoin)
	for i, r := range s.carried {
		s.byJoin[r.join] = i
	}
}
