package ingest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"k6report/internal/ingest/influx"
	"k6report/internal/run"
)

// InfluxDB is the [Database] of a run in an InfluxDB.
type InfluxDB struct{ DB *influx.Database }

func (d InfluxDB) open(ctx context.Context, name string, progress func(int64)) (*input, error) {
	d.DB.OnProgress(progress)
	found, err := d.DB.Find(ctx, isOfK6)
	if err != nil {
		return nil, err
	}
	id := idInfluxQL
	if d.DB.Flux {
		id = idFlux
	}
	in := &input{name: name, start: start{latest: found.Started, first: found.Started, part: parts}}
	in.format, _ = formatOf(id)
	in.format.read = func(ctx context.Context, in *input, rd *reader) error { return d.read(ctx, found, in, rd) }
	return in, nil
}

// read reads a run that was found. Its points have no order that tells which belong
// to one request, but each series has its own tags, and two points of a series
// differ in time: the samples of a request are those of equal tags and time.
func (d InfluxDB) read(ctx context.Context, found influx.Found, in *input, rd *reader) error {
	rd.seam.begin()
	rd.untyped = append(rd.untyped, in.name)
	// While one goroutine puts its slice in order, the server fills another.
	workers := make([]*assembler, min(rd.options.Workers+1, 4))
	for i := range workers {
		p := &assembler{b: rd.builder(), late: run.NewBuilder(run.Options{}), entries: make(map[string]*entry)}
		p.collector = newCollector(p.b, p.late, rd.options)
		p.begin(in.name)
		workers[i] = p
	}
	err := d.DB.Fetch(ctx, found, len(workers), func(n int, b *influx.Block) error {
		workers[n].block(b)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	var read gathering
	for _, p := range workers {
		rd.seam.add(p.end())
		read.add(&worker{b: p.b, late: p.late})
	}
	rd.take(read.idle)
	s := rd.seam
	rd.b.Source(run.Source{Name: in.name, Format: in.format.id, Samples: int64(s.samples)})
	if left := found.Left; len(left) > 0 {
		rd.b.Problem(run.Problem{
			Code: "measurements_left_out", Source: in.name, Count: uint64(len(left)),
			Message: fmt.Sprintf("%s: points with the run's testid, but without k6's tags (scenario, or a group of k6), so they are not k6's", clip(strings.Join(left, ", "))),
		})
	}
	return nil
}

// assembler puts the series of a database into a collector.
type assembler struct {
	*collector
	b, late *run.Builder
	entries map[string]*entry // by tags
	bytes   int               // length of these texts
	key     []byte

	// Of the present block, by tags in order of appearance: the samples of
	// requests.
	order    []*entry
	requests map[*entry]*[parts]influx.Series
}

// block takes all points of a slice of time.
func (p *assembler) block(b *influx.Block) {
	p.order = p.order[:0]
	p.requests = make(map[*entry]*[parts]influx.Series)
	for s := range b.All() {
		m := p.metric(strings.ToValidUTF8(s.Measurement, "\uFFFD"))
		for e, piece := range p.pieces(s) {
			p.series(m, e, piece)
		}
	}
	for _, e := range p.order {
		p.join(e, p.requests[e])
	}
	if len(p.entries) > maxEntries || p.bytes > maxEntryText {
		clear(p.entries)
		p.bytes = 0
	}
}

// pieces yields a series under its tags. Where URLs take the place of names, it
// is a series for each of them.
func (p *assembler) pieces(s influx.Series) func(yield func(*entry, influx.Series) bool) {
	return func(yield func(*entry, influx.Series) bool) {
		if s.URLs == nil {
			yield(p.entryOf(s.Tags, ""), s)
			return
		}
		var order []*entry
		byURL := make(map[*entry]*influx.Series)
		for i, url := range s.URLs {
			e := p.entryOf(s.Tags, url)
			piece := byURL[e]
			if piece == nil {
				piece = &influx.Series{}
				byURL[e] = piece
				order = append(order, e)
			}
			piece.Times = append(piece.Times, s.Times[i])
			piece.Values = append(piece.Values, s.Values[i])
		}
		for _, e := range order {
			if !yield(e, *byURL[e]) {
				return
			}
		}
	}
}

// entryOf finds or makes the entry of tags.
func (p *assembler) entryOf(tags []influx.Tag, url string) *entry {
	p.key = append(p.key[:0], url...)
	for _, t := range tags {
		p.key = fmt.Appendf(p.key, "\x00%d,%d,%s%s", len(t.Name), len(t.Value), t.Name, t.Value)
	}
	if e := p.entries[string(p.key)]; e != nil {
		return e
	}
	raw := make(map[string]string, len(tags)+1)
	for _, t := range tags {
		raw[t.Name] = t.Value
	}
	if url != "" {
		raw["url"] = url
	}
	e := p.entry(validTags(raw))
	p.entries[string(p.key)] = e
	p.bytes += len(p.key)
	return e
}

// series takes the points of a series in a slice.
func (p *assembler) series(m *metric, e *entry, s influx.Series) {
	to := p.seriesOf(m, e)
	for i, at := range s.Times {
		to.Add(at, s.Values[i])
	}
	p.segment.samples += uint64(len(s.Times))
	switch {
	case e.outside:
	case m.role == roleDirect:
		for i, at := range s.Times {
			p.direct(m, at, s.Values[i], e, 0)
		}
	case m.role == rolePart:
		r := p.requests[e]
		if r == nil {
			r = new([parts]influx.Series)
			p.requests[e] = r
			p.order = append(p.order, e)
		}
		r[m.part] = together(r[m.part], s)
	}
}

// together puts two pieces of a series in order of time.
func together(a, b influx.Series) influx.Series {
	if len(a.Times) == 0 {
		return b
	}
	var out influx.Series
	for len(a.Times)+len(b.Times) > 0 {
		from := &a
		if len(a.Times) == 0 || len(b.Times) > 0 && b.Times[0] < a.Times[0] {
			from = &b
		}
		out.Times, out.Values = append(out.Times, from.Times[0]), append(out.Values, from.Values[0])
		from.Times, from.Values = from.Times[1:], from.Values[1:]
	}
	return out
}

// join counts the requests of one set of tags.
func (p *assembler) join(e *entry, series *[parts]influx.Series) {
	var next [parts]int
	for {
		at := int64(math.MaxInt64)
		for part := range series {
			if i := next[part]; i < len(series[part].Times) {
				at = min(at, series[part].Times[i])
			}
		}
		if at == math.MaxInt64 {
			return
		}
		f := fragment{requestKey: requestKey{time: at, entry: e}}
		for part := range series {
			if i := next[part]; i < len(series[part].Times) && series[part].Times[i] == at {
				f.mask |= 1 << part
				f.values[part] = series[part].Values[i]
				next[part]++
			}
		}
		p.rejoined(&f)
	}
}
