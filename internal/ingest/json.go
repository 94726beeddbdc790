package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"k6report/internal/run"
)

// readJSON reads samples as k6 writes them with --out json.
func readJSON(ctx context.Context, in *input, rd *reader) error {
	return readText(ctx, in, rd, text{
		reader: func(c *collector, o Options) textReader {
			return &lines{parser: newParser(c, o.strictOnly)}
		},
		border: border,
		none:   "a line of k6 JSON: give the file that k6 wrote with --out json=FILE",
	})
}

// readStream reads what has to be read from start to end: standard input,
// gzip, short files. Unpacking has a goroutine of its own.
func readStream(ctx context.Context, in *input, rd *reader, t text) error {
	source := in.stream
	if in.gzipped {
		unzipped, err := gzip.NewReader(source)
		if err != nil {
			return err
		}
		packed := newAhead(ctx, filled{unzipped})
		if in.file != nil {
			defer packed.wait()
		} else {
			defer packed.leave()
		}
		source = packed
	}
	w := rd.worker(t)
	w.text.begin(in.name)
	err := w.text.read(ctx, skipBOM(source))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w.text.note(cutOff(err))
	}
	rd.seam.add(w.text.end())
	rd.take(w)
	return nil
}

// cutOff is the problem of a stream that ended in an error.
func cutOff(err error) run.Problem {
	p := run.Problem{Code: "truncated", Count: 1}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.Message = "the compressed data end too early: k6 was still writing, was stopped, or the file was copied too early; what comes before counts"
	case errors.Is(err, gzip.ErrHeader):
		p.Message = "behind the compressed data comes something that is not gzip: it was left out"
	default:
		p.Message = "reading stopped early (" + err.Error() + "): what comes before counts; copy the file again from where it came"
	}
	return p
}

const byteOrderMark = "\xef\xbb\xbf"

// skipBOM drops a byte order mark, which some editors put before UTF-8.
func skipBOM(r io.Reader) io.Reader {
	head := make([]byte, len(byteOrderMark))
	n, err := io.ReadFull(r, head)
	if err == nil && string(head) == byteOrderMark {
		return r
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.MultiReader(bytes.NewReader(head[:n]), failing{err})
	}
	return io.MultiReader(bytes.NewReader(head[:n]), r)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
