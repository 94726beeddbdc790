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
	// What it read, after finish.
	part, definitions *run.Run
}

func (rd *reader) worker(t text) *worker {
	w := &worker{b: rd.builder(), late: run.NewBuilder(run.Options{})}
	w.text = t.reader(newCollector(w.b, w.late, rd.options), rd.options)
	return w
}

// finish puts in order what was read; on the worker's goroutine, for it takes
// a tenth of the time.
func (w *worker) finish() {
	w.part, w.definitions = w.b.Finish(), w.late.Finish()
	w.b, w.late, w.text = nil, nil, nil // their memory is free for putting parts together
}

func (rd *reader) take(w *worker) {
	rd.parts = append(rd.parts, w.part)
	rd.late = append(rd.late, w.definitions)
}

// readSegments reads the segments of a plain file on several goroutines. Each
// has its own Builder; sums are exact, so it does not matter which one took
// which segment. The seam takes segments in order.
func readSegments(ctx context.Context, in *input, rd *reader, t text) error {
	size := rd.options.segmentSize
	count := int((in.size + size - 1) / size)
	workers := make([]*worker, min(rd.options.Workers, count))
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
	for i := range workers {
		w := rd.worker(t)
		workers[i] = w
		group.Go(func() error {
			for s := range next {
				if err := readSegment(ctx, in, w.text, s, rd.options.Progress); err != nil {
					return err
				}
				order.put(s.number, w.text.end())
			}
			w.finish()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, w := range workers {
		rd.take(w)
	}
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
