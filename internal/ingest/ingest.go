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
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"k6report/internal/run"
)

// Source is an input of a run.
type Source struct {
	// Name is shown in reports and messages: a path, or "-".
	Name string
	// Reader is the content. A regular *os.File is read by several goroutines
	// at once; anything else as a stream.
	Reader io.Reader
}

// Options configure reading. The zero value reads on one goroutine.
type Options struct {
	// Workers is the number of goroutines that parse. It changes no result.
	Workers int
	// Dimensions are tags that keep up to 1,000 values; see run.Options.
	Dimensions []string
	// EndpointName may name the endpoint of a request by its method ("" when
	// unknown) and its URL or name tag; false leaves the value to the usual
	// grouping. It must not depend on anything else.
	EndpointName func(method, url string) (name string, ok bool)
	// Labels are what the user says of the run.
	Labels map[string]string
	// Progress is called with bytes read, from several goroutines; nil is none.
	Progress func(bytes int64)
}

// reader is what the formats read into.
type reader struct {
	options  Options
	b        *run.Builder // takes what is not read in parallel
	seam     *seam
	parts    []*run.Run
	known    []run.Metric // definitions that every Builder starts with
	progress func(int64)
}

// builder makes a Builder for one goroutine.
func (rd *reader) builder() *run.Builder {
	b := run.NewBuilder(run.Options{Dimensions: rd.options.Dimensions})
	for _, m := range rd.known {
		b.Define(m)
	}
	return b
}

func (rd *reader) define(metrics ...run.Metric) {
	for _, m := range metrics {
		rd.b.Define(m)
	}
	rd.known = append(rd.known, metrics...)
}

// input is an opened source.
type input struct {
	name    string
	format  format
	gzipped bool
	stream  io.Reader
	at      io.ReaderAt // nil for streams
	size    int64       // of a regular file
	first   int64       // time of the first sample; 0 if unknown
	head    []byte      // unpacked
}

// headSize is how much of a source detection looks at.
const headSize = 256 << 10

// Read reads all sources as parts of one run. It fails when a source is no
// format that it knows, holds nothing but lines it can't read, or belongs to
// another run than the ones before; all lesser troubles are Problems of the
// Run. Sources are read in order of time, whatever the order they come in.
func Read(ctx context.Context, sources []Source, o Options) (*run.Run, error) {
	o.Workers = max(o.Workers, 1)
	rd := &reader{options: o, progress: o.Progress}
	if rd.progress == nil {
		rd.progress = func(int64) {}
	}
	rd.b = rd.builder()
	rd.seam = newSeam(rd.b)
	var inputs []*input
	for _, s := range sources {
		in, err := open(s)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", s.Name, err)
		}
		inputs = append(inputs, in)
	}
	slices.SortStableFunc(inputs, func(a, b *input) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.first, b.first), cmp.Compare(a.name, b.name))
	})
	for _, in := range inputs {
		if in.format.samples {
			rd.define(definitions(in.head)...)
		}
	}
	var spans []span
	for _, in := range inputs {
		before := len(rd.parts)
		if err := in.format.read(ctx, in, rd); err != nil {
			return nil, err
		}
		if s := spanOf(in.name, rd.parts[before:]); s.parts > 0 {
			spans = append(spans, s)
		}
	}
	if err := checkOneRun(spans); err != nil {
		return nil, err
	}
	rd.seam.close()
	if rd.seam.grouped {
		rd.b.Problem(run.Problem{
			Code:    "urls_grouped",
			Message: "requests without a name tag are grouped by URL, with numbers and ids replaced; tag them with a name, or list patterns under endpoints in k6report.yaml",
		})
	}
	for name, value := range o.Labels {
		rd.b.Label(name, value)
	}
	for _, part := range rd.parts {
		rd.b.AddRun(part)
	}
	r := rd.b.Finish()
	if err := r.Check(); err != nil {
		return nil, err
	}
	if len(r.Series) == 0 && r.Reported == nil {
		return nil, errors.New("the sources hold no samples: " + names(sources))
	}
	return r, nil
}

func rank(in *input) int {
	if in.format.samples {
		return 1
	}
	return 0
}

func names(sources []Source) string {
	var list []string
	for _, s := range sources {
		list = append(list, s.Name)
	}
	return strings.Join(list, ", ")
}

// open looks at the start of a source.
func open(s Source) (*input, error) {
	in := &input{name: s.Name}
	if file, ok := s.Reader.(interface {
		io.ReaderAt
		Stat() (fs.FileInfo, error)
	}); ok {
		info, err := file.Stat()
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, errors.New("it is a directory")
		case info.Mode().IsRegular():
			in.at, in.size = file, info.Size()
		}
	}
	buffered := bufio.NewReaderSize(s.Reader, headSize)
	head, err := buffered.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	in.stream = buffered
	if in.gzipped = bytes.HasPrefix(head, []byte{0x1f, 0x8b}); in.gzipped {
		if head, err = unzipHead(head); err != nil {
			return nil, err
		}
	}
	in.head = head
	if in.format, err = detect(head); err != nil {
		return nil, err
	}
	if m := firstTime.FindSubmatch(head); m != nil {
		var c clock
		in.first, _ = c.parse(m[1])
	}
	return in, nil
}

var firstTime = regexp.MustCompile(`"time"\s*:\s*"([^"]*)"`)

// unzipHead unpacks as much as the head of a gzip file gives.
func unzipHead(head []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return nil, fmt.Errorf("it starts like gzip, but is damaged: %w", err)
	}
	out := make([]byte, headSize)
	n, err := io.ReadFull(z, out)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it starts like gzip, but nothing can be unpacked: %w", err)
	}
	return out[:n], nil
}

// unpacked is the content without compression.
func (in *input) unpacked() io.Reader {
	if !in.gzipped {
		return in.stream
	}
	z, err := gzip.NewReader(in.stream)
	if err != nil {
		return failing{err}
	}
	return z
}

// definitions are the metrics that the head of k6 JSON defines. Every
// goroutine starts with them: what submetrics name must be kept from the first
// sample on.
func definitions(head []byte) []run.Metric {
	var metrics []run.Metric
	for line := range bytes.Lines(head) {
		var l jsonLine
		var d jsonMetric
		if !bytes.Contains(line, []byte(`"Metric"`)) || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		if unmarshal(line, &l) != nil || l.Type != "Metric" || unmarshal(l.Data, &d) != nil || d.Name == "" {
			continue
		}
		if m, err := d.definition(); err == nil {
			metrics = append(metrics, m)
		}
	}
	return metrics
}

// span is where a source lies in time.
type span struct {
	name           string
	testids        []string
	started, ended int64
	parts          int
}

func spanOf(name string, parts []*run.Run) span {
	s := span{name: name}
	for _, r := range parts {
		if len(r.Series) == 0 {
			continue
		}
		if s.parts == 0 {
			s.started, s.ended = r.Started, r.Ended
		}
		s.parts++
		s.started, s.ended = min(s.started, r.Started), max(s.ended, r.Ended)
		for i := range r.Series {
			if id := r.Series[i].Tags.Value("testid"); id != "" && !slices.Contains(s.testids, id) {
				s.testids = append(s.testids, id)
			}
		}
	}
	return s
}

// checkOneRun refuses sources of different runs: they must share a testid
// where they have one, and follow one another without a gap.
func checkOneRun(spans []span) error {
	const gap = int64(10 * time.Second)
	for i, s := range spans {
		if len(s.testids) > 1 {
			slices.Sort(s.testids)
			return fmt.Errorf("read %s: it holds several runs (testid %s): k6report analyzes one at a time; to hold runs against each other use k6report compare", s.name, strings.Join(s.testids, ", "))
		}
		if i == 0 {
			continue
		}
		last := spans[i-1]
		if len(s.testids) > 0 && len(last.testids) > 0 && s.testids[0] != last.testids[0] {
			return fmt.Errorf("%s and %s are different runs (testid %s and %s): to hold them against each other use k6report compare", last.name, s.name, last.testids[0], s.testids[0])
		}
		if s.started > last.ended+gap || s.ended < last.started-gap {
			return fmt.Errorf("%s and %s do not overlap in time, so they are not parts of one run: to hold runs against each other use k6report compare", last.name, s.name)
		}
	}
	return nil
}
