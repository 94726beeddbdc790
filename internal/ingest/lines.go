package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k6report/internal/run"
)

const (
	// bufferSize is what is read at once: small enough to stay in a core's
	// cache between reading and parsing.
	bufferSize = 256 << 10
	// maxLine bounds a line, and with it the memory of a buffer.
	maxLine = 32 << 20
)

// lines feeds a stream of whole lines to a parser.
type lines struct {
	*parser
	buf []byte
	// skipping is set inside a line that is too long.
	skipping bool
}

// read takes all lines of r. What was read before an error counts.
func (l *lines) read(ctx context.Context, r io.Reader) error {
	if len(l.buf) != bufferSize { // longer behind a long line
		l.buf = make([]byte, bufferSize)
	}
	l.skipping = false
	held := 0 // bytes at the start of buf, of a line that has not ended yet
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(l.buf[held:])
		whole := held + bytes.LastIndexByte(l.buf[held:held+n], '\n') + 1
		if whole == held {
			whole = 0
		}
		l.parse(l.buf[:whole])
		held = copy(l.buf, l.buf[whole:held+n])
		if err != nil {
			if !errors.Is(err, io.EOF) {
				l.broken(l.buf[:held])
				return err
			}
			l.last(l.buf[:held])
			return nil
		}
		if held == len(l.buf) {
			held = l.grow()
		}
	}
}

// grow makes room for a long line and returns how much of it is kept: nothing
// of one that is too long.
func (l *lines) grow() int {
	if len(l.buf) >= maxLine {
		l.skipping = true
		return 0
	}
	held := len(l.buf)
	l.buf = append(l.buf, make([]byte, held)...)
	return held
}

// parse takes whole lines.
func (l *lines) parse(b []byte) {
	for len(b) > 0 {
		l.segment.lines++
		n := 0
		if !l.skipping {
			n = l.line(b)
		}
		if n == 0 {
			n = bytes.IndexByte(b, '\n') + 1
			l.slow(b[:n])
		}
		b = b[n:]
	}
}

func (l *lines) slow(line []byte) {
	if l.skipping {
		l.skipping = false
		l.bad("line_too_long", fmt.Errorf("it is longer than %d MB", maxLine>>20))
		return
	}
	if err := l.strict(line); err != nil {
		l.bad("bad_line", err)
	}
}

// last takes what comes after the last newline.
func (l *lines) last(b []byte) {
	if len(b) == 0 && !l.skipping {
		return
	}
	l.segment.lines++
	if l.skipping {
		l.slow(b)
		return
	}
	err := l.strict(b)
	switch {
	case err == nil:
	case json.Valid(b):
		l.bad("bad_line", err)
	default:
		l.segment.problem(run.Problem{
			Code: "truncated", Line: l.segment.lines, Count: 1,
			Message: "the last line is cut off: k6 was still writing, was stopped, or the file was copied too early; what comes before it counts",
		})
	}
}

// broken takes what comes after the last newline where reading failed: a line
// only if it happens to be whole.
func (l *lines) broken(b []byte) {
	if len(b) > 0 && !l.skipping && l.strict(b) == nil {
		l.segment.lines++
	}
	l.skipping = false
}

func (l *lines) bad(code string, err error) {
	l.segment.badLines++
	l.segment.problem(run.Problem{
		Code: code, Line: l.segment.lines, Count: 1,
		Message: leftOut(code, err),
	})
}

// leftOut says why a line was left out, and what to do.
func leftOut(code string, err error) string {
	remedy := "give k6 a file of its own"
	if code == "line_too_long" {
		remedy = "put long texts into the log, not into tags"
	}
	return "a line was left out: " + err.Error() + "; " + remedy
}
