package analyze

import (
	"cmp"
	"maps"
	"slices"

	"k6report/internal/run"
)

// observed is the requests of one block of time, by cell: an endpoint at a
// level of load.
type observed struct {
	at      int64 // the block's index
	seconds float64
	cells   []cellSums // in order of cell
}

// cellSums adds up requests of one cell. The parts, in milliseconds, add up to
// what their users waited.
type cellSums struct {
	cell     int
	n        float64
	joined   float64 // requests with times of the server
	overlong float64 // ms by which parts would have exceeded the whole, taken off them
	parts    []float64
}

// segment is blocks of one run at one level of load, in the order of time.
type segment struct {
	run    int // which of the sample's runs
	blocks []observed
}

// sample is one side of a question: the hard case, or its reference.
type sample struct {
	segments []segment
	runs     int
}

// size is how much a sample rests on.
type size struct {
	requests float64
	joined   float64 // of them, with times of the server
	overlong float64 // ms, see cellSums
	ms       float64 // that users waited in all
	blocks   int     // of time
}

// coverage is the share of requests with times of the server; NaN without any
// request.
func (s size) coverage() float64 { return s.joined / s.requests }

func (s *sample) size() size {
	var out size
	for _, g := range s.segments {
		out.blocks += len(g.blocks)
		for _, b := range g.blocks {
			for i := range b.cells {
				c := &b.cells[i]
				out.requests += c.n
				out.joined += c.joined
				out.overlong += c.overlong
				for _, p := range c.parts {
					out.ms += p
				}
			}
		}
	}
	return out
}

// add adds another sample of the same runs.
func (s *sample) add(other sample) {
	s.segments = append(s.segments, other.segments...)
	s.runs = max(s.runs, other.runs)
}

// changed is a copy of a sample with its cells changed; false leaves one out.
func (s *sample) changed(change func(cellSums) (cellSums, bool)) sample {
	out := sample{runs: s.runs}
	for _, g := range s.segments {
		to := segment{run: g.run}
		for _, b := range g.blocks {
			block := observed{at: b.at, seconds: b.seconds}
			for _, c := range b.cells {
				if c, ok := change(c); ok {
					block.cells = append(block.cells, c)
				}
			}
			if len(block.cells) > 0 {
				to.blocks = append(to.blocks, block)
			}
		}
		out.segments = append(out.segments, to)
	}
	return out
}

// weighing is a sample that stands for so many requests: of a band, for all of its
// endpoint, beside others that are whole.
func (s *sample) weighing(requests float64) sample {
	own := s.size().requests
	return s.changed(func(c cellSums) (cellSums, bool) {
		by := requests / own
		c.n, c.joined, c.overlong = c.n*by, c.joined*by, c.overlong*by
		c.parts = slices.Clone(c.parts)
		for i := range c.parts {
			c.parts[i] *= by
		}
		return c, own > 0
	})
}

// of is the part of a sample that is of some endpoints.
func (s *sample) of(cells *cellIndex, kept func(run.Endpoint) bool) sample {
	return s.changed(func(c cellSums) (cellSums, bool) { return c, kept(cells.keys[c.cell].Endpoint) })
}

// cellKey is what requests are compared within: like with like.
type cellKey struct {
	run.Endpoint
	level int // of load; 0 where there is only one, or levels are what is compared
}

// cellIndex numbers cells.
type cellIndex struct {
	keys []cellKey
	of   map[cellKey]int
}

func (x *cellIndex) number(k cellKey) int {
	if n, ok := x.of[k]; ok {
		return n
	}
	if x.of == nil {
		x.of = make(map[cellKey]int)
	}
	x.of[k] = len(x.keys)
	x.keys = append(x.keys, k)
	return len(x.keys) - 1
}

func (x *cellIndex) clone() *cellIndex {
	return &cellIndex{keys: slices.Clone(x.keys), of: maps.Clone(x.of)}
}

// byEndpoint are the cells of each endpoint.
func (x *cellIndex) byEndpoint() map[run.Endpoint][]int {
	out := make(map[run.Endpoint][]int)
	for i, k := range x.keys {
		out[k.Endpoint] = append(out[k.Endpoint], i)
	}
	return out
}

// band is which requests of an endpoint count, by their place in the order of
// its times: from one quantile to another. It is made once, of all requests
// under look, and then holds for each block and replicate.
type band struct {
	first uint32
	part  []float64 // of each row's requests, by bin after the first
}

func (b *band) weight(bin uint32) float64 {
	if b == nil {
		return 1
	}
	if bin < b.first || bin-b.first >= uint32(len(b.part)) {
		return 0
	}
	return b.part[bin-b.first]
}

// bandOf finds the requests of a table, within blocks that count, from one
// quantile to another. A row that lies across a bound counts with a part of
// its requests. It is nil when there are none.
func bandOf(t *run.Table, counts func(int64) bool, from, to float64) *band {
	rows := make(map[uint32]uint64)
	total := uint64(0)
	for i := range t.Blocks {
		if !counts(t.Blocks[i].Index) {
			continue
		}
		for _, row := range t.Blocks[i].Rows.List {
			rows[row.Bin] += row.Count
			total += row.Count
		}
	}
	if total == 0 {
		return nil
	}
	bins := sortedKeys(rows)
	low, high := from*float64(total), to*float64(total)
	out := &band{first: bins[0], part: make([]float64, bins[len(bins)-1]-bins[0]+1)}
	seen := 0.0
	for _, bin := range bins {
		n := float64(rows[bin])
		inside := min(seen+n, high) - max(seen, low)
		out.part[bin-out.first] = max(0, inside) / n
		seen += n
	}
	return out
}

// reader cuts the requests of one run into parts.
type reader struct {
	*partition
	requests *run.Requests
	columns  []column
}

func (p *partition) reader(r *run.Requests) *reader {
	return &reader{partition: p, requests: r, columns: p.columns(r)}
}

// segment reads blocks of time of all endpoints; only narrows an endpoint's
// requests to a band, and may leave it out with false.
func (r *reader) segment(cells *cellIndex, level int, g grid, only func(*run.Table) (*band, bool)) segment {
	byBlock := make(map[int64]*observed)
	seconds := r.requests.BlockLength.Seconds()
	for i := range r.requests.Tables {
		t := &r.requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		var within *band
		if only != nil {
			var ok bool
			if within, ok = only(t); !ok {
				continue
			}
		}
		cell := -1
		for j := range t.Blocks {
			b := &t.Blocks[j]
			if !g.holds(b.Index) {
				continue
			}
			sums := cellSums{parts: make([]float64, len(r.parts))}
			for k := range b.Rows.List {
				if w := within.weight(b.Rows.List[k].Bin); w > 0 {
					r.add(&sums, t.Protocol, &b.Rows, k, w)
				}
			}
			if sums.n == 0 {
				continue
			}
			if cell < 0 {
				cell = cells.number(cellKey{t.Endpoint, level})
			}
			sums.cell = cell
			if byBlock[b.Index] == nil {
				byBlock[b.Index] = &observed{at: b.Index, seconds: seconds}
			}
			byBlock[b.Index].cells = append(byBlock[b.Index].cells, sums)
		}
	}
	var out segment
	for _, index := range sortedKeys(byBlock) {
		b := byBlock[index]
		slices.SortFunc(b.cells, func(x, y cellSums) int { return cmp.Compare(x.cell, y.cell) })
		out.blocks = append(out.blocks, *b)
	}
	return out
}

// add cuts the requests of the row at a place into parts, which add up to its time.
//
// T = client + connecting + TLS + sending + receiving + waiting, and waiting =
// what the server tells of + transit. Requests of the row without times of the
// server have waited about as long as the others, their row is one of like
// times: of the waiting, their share is untimed.
//
// What the server tells of can't be more than the waiting, nor its parts more
// than its total. Where they are, they are cut down, and how much of it is kept.
func (r *reader) add(to *cellSums, protocol string, rows *run.Rows, at int, weight float64) {
	row, sums := &rows.List[at], rows.SumsOf(at)
	n := float64(row.Count) * weight
	scale := weight / 1000 // to milliseconds
	total := max(0, float64(row.Total)*scale)
	to.n += n
	if protocol == run.ProtocolWebsocket {
		to.joined += n
		to.parts[partAccept] += total
		return
	}
	sum := func(i int) float64 {
		if i >= len(sums) {
			return 0
		}
		return max(0, float64(sums[i])*scale)
	}
	waiting := total
	for _, c := range []struct{ column, part int }{
		{run.ColumnClient, partClient},
		{run.ColumnConnecting, partConnecting},
		{run.ColumnTLS, partTLS},
		{run.ColumnSending, partSending},
		{run.ColumnReceiving, partReceiving},
	} {
		ms := min(sum(c.column), waiting)
		to.parts[c.part] += ms
		waiting -= ms
	}
	joined := float64(row.Joined) * weight
	to.joined += joined
	timed := waiting
	if row.Joined < row.Count {
		timed = waiting * joined / n
	}
	to.parts[partUntimed] += waiting - timed
	if joined == 0 {
		return
	}
	named, whole, told := 0.0, 0.0, false
	for _, c := range r.columns {
		ms := sum(c.at)
		if c.part == wholeServer {
			whole += ms
			told = told || ms > 0
		} else {
			named += ms
		}
	}
	if !told { // what is left may be the server's or the network's: nobody knows
		whole = max(named, timed)
	}
	to.overlong += max(0, max(named, whole)-timed)
	whole = min(whole, timed)
	shrink := 1.0
	if named > whole {
		to.overlong += max(0, min(named, timed)-whole)
		shrink = whole / named
	}
	for _, c := range r.columns {
		if c.part != wholeServer {
			to.parts[c.part] += sum(c.at) * shrink
		}
	}
	to.parts[partUnattributed] += whole - named*shrink
	to.parts[partTransit] += timed - whole
}
