package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"k6report/internal/run"
)

// csvReader feeds a stream of whole records to a parser.
type csvReader struct {
	*csvParser
	buf []byte
}

const (
	// maxQuoted is how far behind the first line of a record a quote may be
	// closed. A quote that is not takes its line along, no more.
	maxQuoted = 256 << 10
	// maxCut is the length up to which what an open quote leaves at the end of
	// a file is one record cut off.
	maxCut = 4 << 10
)

var errLineTooLong = fmt.Errorf("it is longer than %d MB", maxLine>>20)

// read takes all records of r. What was read before an error counts.
func (c *csvReader) read(ctx context.Context, r io.Reader) error {
	if len(c.buf) != bufferSize {
		c.buf = make([]byte, bufferSize)
	}
	s := splitter{buf: c.buf}
	err := s.split(ctx, r, func(record []byte) bool {
		c.take(record)
		return true
	}, c.last)
	c.buf = s.buf
	return err
}

// take reads a whole record.
func (c *csvReader) take(record []byte) {
	c.segment.lines++
	if record == nil {
		c.bad("line_too_long", errLineTooLong)
		return
	}
	if err := c.record(record); err != nil {
		c.bad("bad_line", err)
	}
	if len(record) > 1 { // at the record's first line until here, for problems
		c.segment.lines += int64(bytes.Count(record[:len(record)-1], newline))
	}
}

// last takes what comes after the last newline of a source: a record if it is
// whole.
func (c *csvReader) last(b []byte, failed bool) {
	c.segment.lines++
	switch err := c.record(b); {
	case err == nil:
	case failed: // which is a problem already
		c.segment.lines--
	default:
		c.note(run.Problem{
			Code: "truncated", Line: c.segment.lines, Count: 1,
			Message: "the last line is cut off: k6 was still writing, was stopped, or the file was copied too early; what comes before it counts",
		})
	}
}

func (c *csvReader) bad(code string, err error) {
	c.segment.badLines++
	c.note(run.Problem{
		Code: code, Line: c.segment.lines, Count: 1,
		Message: leftOut(code, err),
	})
}

// splitter cuts a stream into records.
type splitter struct {
	buf []byte
	// skipping is set inside a line that is too long.
	skipping bool
}

var newline = []byte("\n")

// split hands each record with its newline to each, nil for one that is too
// long, until each returns false. What follows the last newline goes to last,
// with whether reading failed.
func (s *splitter) split(ctx context.Context, r io.Reader, each func(record []byte) bool, last func(b []byte, failed bool)) error {
	held := 0 // bytes at the start of buf, of a record that has not ended yet
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(s.buf[held:])
		b := s.buf[:held+n]
		used, more := s.records(b, err != nil, each)
		if !more {
			return nil
		}
		held = copy(s.buf, b[used:])
		if err != nil {
			switch {
			case s.skipping:
				each(nil)
			case held > 0:
				last(s.buf[:held], !errors.Is(err, io.EOF))
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if held == len(s.buf) {
			held = s.grow()
		}
	}
}

// grow makes room for a long line and returns how much of it is kept: nothing
// of one that is too long.
func (s *splitter) grow() int {
	if len(s.buf) >= maxLine {
		s.skipping = true
		return 0
	}
	held := len(s.buf)
	s.buf = append(s.buf, make([]byte, held)...)
	return held
}

// records takes the whole records at the start of b.
func (s *splitter) records(b []byte, end bool, each func([]byte) bool) (used int, more bool) {
	quotes := bytes.IndexByte(b, '"') >= 0
	for used < len(b) {
		n := 0
		if s.skipping || !quotes {
			n = bytes.IndexByte(b[used:], '\n') + 1
		} else {
			n = recordLength(b[used:], end)
		}
		if n == 0 {
			break
		}
		record := b[used : used+n]
		used += n
		if s.skipping {
			s.skipping, record = false, nil
		}
		if !each(record) {
			return used, false
		}
	}
	if s.skipping {
		used = len(b)
	}
	return used, true
}

// recordLength is the length of the record at the start of b, 0 where it is not
// whole. A newline between quotes is part of a record; a quote that is not
// closed in time is none. At the end of a source nothing more comes.
func recordLength(b []byte, end bool) int {
	first := bytes.IndexByte(b, '\n') + 1
	if first == 0 {
		return 0
	}
	open := func(line []byte) bool { return bytes.Count(line, []byte(`"`))%2 == 1 }
	if !open(b[:first]) {
		return first
	}
	for at := first; ; {
		quote := bytes.IndexByte(b[at:min(len(b), first+maxQuoted)], '"')
		switch {
		case quote < 0 && (len(b) >= first+maxQuoted || end && (len(b) > maxCut || b[len(b)-1] == '\n')):
			return first
		case quote < 0:
			return 0
		}
		at += quote + 1
		rest := bytes.IndexByte(b[at:], '\n') + 1
		if rest == 0 {
			return 0
		}
		if !open(b[at : at+rest]) {
			return at + rest
		}
		if at += rest; at >= first+maxQuoted {
			return first
		}
	}
}

// csvBorder is where the first record starts that does not start before to. It
// has to look at all of the file before, but hardly more than that where there
// are no quotes.
func csvBorder(ctx context.Context, in *input, from, to int64) (int64, error) {
	s := splitter{buf: make([]byte, bufferSize)}
	if plain, err := s.withoutQuotes(in, from, to); err != nil {
		return 0, err
	} else if plain {
		return border(ctx, in, from, to)
	}
	at, tooLong := from, false
	r := io.NewSectionReader(in.file, from, in.size-from)
	err := s.split(ctx, r, func(record []byte) bool {
		tooLong = tooLong || record == nil // how long is not told
		at += int64(len(record))
		return at < to
	}, func([]byte, bool) { at = in.size })
	if err != nil {
		return 0, err
	}
	if tooLong { // rather one long segment than a border in the wrong place
		return in.size, nil
	}
	return at, nil
}

// withoutQuotes reports whether a stretch of the file, and the line at its end,
// hold no quotes.
func (s *splitter) withoutQuotes(in *input, from, to int64) (bool, error) {
	for at := from; at < in.size; {
		n, err := in.file.ReadAt(s.buf[:min(int64(len(s.buf)), in.size-at)], at)
		b := s.buf[:n]
		if stop := max(to-1-at, 0); stop < int64(n) {
			if i := bytes.IndexByte(b[stop:], '\n'); i >= 0 {
				return bytes.IndexByte(b[:stop+int64(i)], '"') < 0, nil
			}
		}
		if bytes.IndexByte(b, '"') >= 0 {
			return false, nil
		}
		if at += int64(n); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if n == 0 {
			break
		}
	}
	return true, nil
}
