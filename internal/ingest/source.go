package ingest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/klauspost/compress/gzip"

	"k6report/internal/run"
)

// input is an opened source.
type input struct {
	name    string
	format  format
	gzipped bool
	stream  io.Reader
	ahead   *ahead   // below stream, where reading may block
	file    statFile // nil for streams
	size    int64    // of a regular file, when it was opened
	changed time.Time
	start   start
	head    []byte // unpacked, without a byte order mark
}

// statFile is what a regular file offers beyond reading.
type statFile interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// headSize is how much of a source detection looks at.
const headSize = 256 << 10

// open looks at the start of a source. The input has to be closed even when
// there is an error.
func open(ctx context.Context, s Source, o Options) (*input, error) {
	if s.Database != nil {
		return s.Database.open(ctx, s.Name, o.Progress)
	}
	in := &input{name: s.Name, start: start{part: parts}}
	if file, ok := s.Reader.(statFile); ok {
		info, err := file.Stat()
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, errors.New("it is a directory: give the files in it")
		case info.Mode().IsRegular():
			in.file, in.size, in.changed = file, info.Size(), info.ModTime()
		}
	}
	source, looked := s.Reader, headSize
	if in.file == nil {
		in.ahead = newAhead(ctx, source)
		source = in.ahead
	} else { // there may be thousands of small ones
		looked = int(min(headSize, in.size))
	}
	buffered := bufio.NewReaderSize(source, looked)
	head, err := buffered.Peek(looked)
	if err != nil && !errors.Is(err, io.EOF) {
		return in, err
	}
	in.stream = &counted{buffered, o.Progress}
	if in.gzipped = bytes.HasPrefix(head, []byte{0x1f, 0x8b}); in.gzipped {
		if head, err = unzipHead(head); err != nil {
			return in, err
		}
	}
	in.head = bytes.TrimPrefix(head, []byte(byteOrderMark))
	in.format, err = detect(in.head, o.formats)
	return in, err
}

// close ends what open began. It does not close the source.
func (in *input) close() {
	if in.ahead != nil {
		in.ahead.leave()
	}
}

// counted reports what is read.
type counted struct {
	r        io.Reader
	progress func(int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.progress(int64(n))
	return n, err
}

// start says where among the sources of a run one belongs. Where a database lies
// in time it says itself.
type start struct {
	// latest and first are times in the head, 0 if unknown. k6 does not write
	// strictly in order of time, but of two parts of a file the first one's
	// head ends before the other's. Parts shorter than that disorder may be
	// read in the wrong order: then requests are still whole, see seam.mend,
	// but a server's time may miss its request and counts as unjoined.
	latest, first int64
	// part is the first HTTP part in the head, for files that were cut inside
	// a request: k6 writes the parts in a fixed order.
	part int
}

func (s start) compare(o start) int {
	return cmp.Or(cmp.Compare(s.latest, o.latest), cmp.Compare(s.first, o.first), cmp.Compare(s.part, o.part))
}

// unzipHead unpacks as much as the head of a gzip file gives.
func unzipHead(head []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil, fmt.Errorf("it starts like gzip, but is damaged (%w): copy it again from where it came", err)
	}
	out := make([]byte, headSize)
	n, err := io.ReadFull(z, out)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it starts like gzip, but nothing can be unpacked (%w): copy it again from where it came", err)
	}
	return bytes.Clone(out[:n]), nil
}

// unpacked is the content without compression.
func (in *input) unpacked() (io.Reader, error) {
	if !in.gzipped {
		return in.stream, nil
	}
	return gzip.NewReader(in.stream)
}

// change notes that a file was written to while it was read.
func (in *input) change() (p run.Problem, changed bool) {
	if in.file == nil {
		return p, false
	}
	p = run.Problem{Code: "file_changed", Source: in.name, Count: 1}
	info, err := in.file.Stat()
	switch {
	case err != nil:
		return p, false
	case info.Size() > in.size:
		p.Message = "the file grew while it was read, so k6 was still writing it: what had been read counts; read it again when the test is over"
	case info.Size() < in.size:
		p.Message = "the file became shorter while it was read: what was still there counts; read it again when nothing writes to it"
	case !info.ModTime().Equal(in.changed):
		p.Message = "the file was written to while it was read: what was read counts; read it again when nothing writes to it"
	default:
		return p, false
	}
	return p, true
}
