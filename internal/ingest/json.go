package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/readahead"
	"golang.org/x/sync/errgroup"

	"k6report/internal/run"
)

// segmentSize is the length of the stretches in which plain files are read. It
// is fixed, so that the same file gives the same segments on any machine.
const segmentSize = 16 << 20

// readJSON reads samples as k6 writes them with --out json.
func readJSON(ctx context.Context, in *input, rd *reader) error {
	rd.seam.lines, rd.seam.bad, rd.seam.samples = 0, 0, 0
	var err error
	if in.at != nil && !in.gzipped && in.size > segmentSize {
		err = readSegments(ctx, in, rd)
	} else {
		err = readStream(ctx, in, rd)
	}
	rd.b.Source(run.Source{
		Name: in.name, Format: in.format.id,
		Lines: rd.seam.lines, Samples: int64(rd.seam.samples), Skipped: rd.seam.bad,
	})
	if err != nil {
		return err
	}
	if rd.seam.samples == 0 && rd.seam.bad > 0 && rd.seam.bad == rd.seam.lines {
		return fmt.Errorf("read %s: none of its %d lines is a line of k6 JSON", in.name, rd.seam.lines)
	}
	return nil
}

// readStream reads what has to be read from start to end: standard input,
// gzip, short files. The source is read ahead by a goroutine of its own.
func readStream(ctx context.Context, in *input, rd *reader) error {
	source := in.stream
	if in.gzipped {
		unzipped, err := gzip.NewReader(source)
		if err != nil {
			return fmt.Errorf("read %s: %w", in.name, err)
		}
		source = unzipped
	}
	ahead, err := readahead.NewReaderSize(source, 4, bufferSize)
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	defer ahead.Close()
	b := rd.builder()
	l := &lines{parser: newParser(newCollector(b, rd.options))}
	l.begin(in.name)
	err = l.read(ctx, skipBOM(ahead), rd.progress)
	if ctx.Err() == nil && err != nil {
		l.segment.problem(cutOff(err))
		err = nil
	}
	rd.seam.add(l.end())
	rd.parts = append(rd.parts, b.Finish())
	return err
}

// cutOff is the problem of a stream that ended in an error.
func cutOff(err error) run.Problem {
	p := run.Problem{Code: "truncated", Count: 1}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.Message = "the compressed data end too early: k6 was still writing, was stopped, or the file was copied too early; what comes before counts"
	case errors.Is(err, gzip.ErrHeader):
		p.Message = "behind the compressed data comes something that is not gzip: it was left out"
	case errors.Is(err, gzip.ErrChecksum):
		p.Message = "the compressed data are damaged (their checksum does not match); what could be read counts"
	default:
		p.Message = "reading stopped early: " + err.Error() + "; what comes before counts"
	}
	return p
}

// readSegments reads the segments of a plain file on several goroutines. Each
// has its own Builder; sums are exact, so it does not matter which one took
// which segment. The seam takes segments in order.
func readSegments(ctx context.Context, in *input, rd *reader) error {
	count := int((in.size + segmentSize - 1) / segmentSize)
	workers := min(rd.options.Workers, count)
	order := &inOrder{seam: rd.seam, waiting: make([]*segment, count)}
	parts := make([]*run.Run, workers)
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan int)
	group.Go(func() error {
		defer close(next)
		for k := range count {
			select {
			case next <- k:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for w := range workers {
		group.Go(func() error {
			b := rd.builder()
			l := &lines{parser: newParser(newCollector(b, rd.options))}
			for k := range next {
				if err := readSegment(ctx, in, l, k, rd.progress); err != nil {
					return err
				}
				order.put(k, l.end())
			}
			parts[w] = b.Finish()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	rd.parts = append(rd.parts, parts...)
	return nil
}

func readSegment(ctx context.Context, in *input, l *lines, k int, progress func(int64)) error {
	l.begin(in.name)
	from, err := border(in, k)
	if err != nil {
		return err
	}
	to, err := border(in, k+1)
	if err != nil {
		return err
	}
	var r io.Reader = io.NewSectionReader(in.at, from, to-from)
	if k == 0 {
		r = skipBOM(r)
	}
	err = l.read(ctx, r, progress)
	if ctx.Err() == nil && err != nil {
		l.segment.problem(cutOff(err))
		err = nil
	}
	return err
}

// border is where segment k of a file starts: behind the line that holds the
// byte before.
func border(in *input, k int) (int64, error) {
	at := int64(k) * segmentSize
	if k == 0 {
		return 0, nil
	}
	at--
	buf := make([]byte, 4096)
	for at < in.size {
		n, err := in.at.ReadAt(buf[:min(int64(len(buf)), in.size-at)], at)
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
		buf = make([]byte, bufferSize)
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

// skipBOM drops a byte order mark, which some editors put before UTF-8.
func skipBOM(r io.Reader) io.Reader {
	const bom = "\xef\xbb\xbf"
	head := make([]byte, len(bom))
	n, err := io.ReadFull(r, head)
	if err == nil && string(head) == bom {
		return r
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.MultiReader(bytes.NewReader(head[:n]), failing{err})
	}
	return io.MultiReader(bytes.NewReader(head[:n]), r)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
