package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"k6report/internal/run"
)

// text is how a format of many lines is read: in segments on several
// goroutines where the source is a plain file, else as a stream.
type text struct {
	reader func(c *collector, o Options) textReader
	// border is where the first line or record starts that does not start
	// before to; one starts at from.
	border func(ctx context.Context, in *input, from, to int64) (int64, error)
	// heads is how many lines hold no samples by design.
	heads int64
	// none says of a source that nothing could be read of.
	none string
}

// textReader reads text into a collector.
type textReader interface {
	begin(source string)
	read(ctx context.Context, r io.Reader) error
	note(p run.Problem)
	end() *segment
}

// note adds a problem of the present segment.
func (c *collector) note(p run.Problem) { c.segment.problem(p) }

// readText reads a source of samples.
func readText(ctx context.Context, in *input, rd *reader, t text) error {
	s := rd.seam
	s.begin()
	var err error
	if in.file != nil && !in.gzipped && in.size > rd.options.segmentSize {
		err = readSegments(ctx, in, rd, t)
	} else {
		err = readStream(ctx, in, rd, t)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	rd.b.Source(run.Source{
		Name: in.name, Format: in.format.id,
		Lines: s.lines, Samples: int64(s.samples), Skipped: s.bad,
	})
	if p, changed := in.change(); changed {
		rd.b.Problem(p)
	}
	if s.samples == 0 && s.bad > 0 && s.bad+t.heads >= s.lines {
		return fmt.Errorf("read %s: none of its %d lines is %w", in.name, s.lines, errors.New(t.none))
	}
	return nil
}
