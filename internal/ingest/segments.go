package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"k6report/internal/run"
)

// segmentSize is the length of the stretches in which plain files are read. It
// is fixed, so that the same file gives the same segments on any machine. Short
// ones share the work of a small file evenly.
const segmentSize = 4 << 20

// worker is what one goroutine reads into.
type worker struct {
	b, late *run.Builder
	text    textReader
}

func (rd *reader) worker(t text) *worker {
	w := &worker{b: rd.builder(), late: run.NewBuilder(run.Options{})}
	w.text = t.reader(newCollector(w.b, w.late, rd.options), rd.options)
	return w
}

// take puts in order what was read.
func (rd *reader) take(w *worker) {
	rd.parts = append(rd.parts, w.b.Finish())
	rd.late = append(rd.late, w.late.Finish())
}

// gathering puts together what workers read. Those that end find one another.
type gathering struct {
	mu   sync.Mutex
	idle *worker // has ended
}

// add takes a worker that has ended, on its goroutine: while two are put together,
// others read.
func (g *gathering) add(w *worker) {
	w.text = nil // its memory is free for putting together
	for o := g.swap(w); o != nil; o = g.swap(w) {
		w.b.Absorb(o.b)
		w.late.Absorb(o.late)
	}
}

// swap leaves a worker where there is none, else it takes the one that is there.
func (g *gathering) swap(w *worker) *worker {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.idle
	if g.idle = nil; o == nil {
		g.idle = w
	}
	return o
}

// readSegments reads the segments of a plain file on several goroutines. Each
// has its own Builder; sums are exact, so it does not matter which one took
// which segment. The seam takes segments in order.
func readSegments(ctx context.Context, in *input, rd *reader, t text) error {
	size := rd.options.segmentSize
	count := int((in.size + size - 1) / size)
	var read gathering
	order := &inOrder{seam: rd.seam, waiting: make([]*segment, count)}
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan stretch)
	group.Go(func() error {
		defer close(next)
		s := stretch{}
		for s.number = range count {
			var err error
			if s.from, s.to = s.to, max(s.to, int64(s.number+1)*size); s.to > s.from {
				s.to, err = t.border(ctx, in, s.from, s.to)
			}
			if err != nil {
				return err
			}
			select {
			case next <- s:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(rd.options.Workers, count) {
		w := rd.worker(t)
		group.Go(func() error {
			for s := range next {
				if err := readSegment(ctx, in, w.text, s, rd.options.Progress); err != nil {
					return err
				}
				order.put(s.number, w.text.end())
			}
			read.add(w)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	rd.take(read.idle)
	return nil
}

// stretch is a part of a file: whole lines. A line longer than a segment leaves
// the ones after it empty.
type stretch struct {
	number   int
	from, to int64
}

// readSegment reads a stretch of the file.
func readSegment(ctx context.Context, in *input, l textReader, s stretch, progress func(int64)) error {
	l.begin(in.name)
	var r io.Reader = &counted{io.NewSectionReader(in.file, s.from, s.to-s.from), progress}
	if s.from == 0 {
		r = skipBOM(r)
	}
	err := l.read(ctx, r)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		l.note(cutOff(err))
	}
	return nil
}

// border is where the first line starts that does not start before a place: a
// line begins behind the newline of the one before.
func border(_ context.Context, in *input, _, at int64) (int64, error) {
	at--
	buf := make([]byte, 4096)
	for at < in.size {
		n, err := in.file.ReadAt(buf[:min(int64(len(buf)), in.size-at)], at)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if len(buf) < bufferSize {
			buf = make([]byte, bufferSize)
		}
	}
	return in.size, nil
}

// inOrder hands segments to the seam in the order of the file.
type inOrder struct {
	mu      sync.Mutex
	seam    *seam
	waiting []*segment
	next    int
}

func (o *inOrder) put(k int, s *segment) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[k] = s
	for o.next < len(o.waiting) && o.waiting[o.next] != nil {
		o.seam.add(o.waiting[o.next])
		o.waiting[o.next] = nil
		o.next++
	}
}
