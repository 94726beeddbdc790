package ingest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"k6report/internal/run"
)

// Source is an input of a run: a Reader, or a Database.
type Source struct {
	// Name is shown in reports and messages: a path, or such as "standard input".
	Name string
	// Reader is the content. A regular *os.File is read by several goroutines
	// at once; anything else as a stream. When Read is cancelled while a
	// stream has nothing to give, it returns without waiting for that stream:
	// closing it ends what is left.
	Reader io.Reader
	// Database is asked for the run; nil where there is a Reader.
	Database Database
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
	// ExcludedGroups are groups of the script whose requests go into no table, as
	// those of set-up: for sources of samples, since a snapshot has its tables.
	ExcludedGroups []string
	// Instances is how many load generators the run had; 0 is unknown. A
	// number that the sources don't hold becomes a Problem.
	Instances int
	// Metrics are definitions, for sources that tell no types.
	Metrics []run.Metric
	// Wanted says how much the column of a metric joined to requests is wanted,
	// where there are more than fit; see run.Options.
	Wanted func(metric string) int
	// Labels are what the user says of the run.
	Labels map[string]string
	// Mask takes secrets out of all texts of the sources and of these options; nil
	// leaves them. It must not depend on anything else. k6's own words stay, and
	// rules (EndpointName, ExcludedGroups) see texts as the sources hold them.
	Mask func(string) string
	// Patterns is what Mask does without the values that it knows: it goes by the
	// looks of a secret. The names of metrics that k6 allows pass it alone, for
	// rules and gates name them, too. nil is Mask.
	Patterns func(string) string
	// Progress is called with bytes read of the sources as they are (packed,
	// where they are packed), from several goroutines; nil is none.
	Progress func(bytes int64)

	// Tests lower the length of segments, switch the fast path off, and add rows to
	// the table of formats.
	segmentSize int64
	strictOnly  bool
	formats     []format
}

// reader is what the formats read into.
type reader struct {
	options Options
	b       *run.Builder // takes what is not read in parallel
	seam    *seam
	parts   []*run.Run
	// late are definitions found on the way. They name no tags to be kept:
	// by then samples may have been folded, by other goroutines too.
	late  []*run.Run
	known []run.Metric // definitions that every Builder starts with
	// untyped are the sources that don't tell the types of metrics.
	untyped []string

	forms                     []*form
	generatorsFound           int
	grouped, clipped, tooMany bool // see segment
}

// builder makes a Builder for one goroutine.
func (rd *reader) builder() *run.Builder {
	o := run.Options{Dimensions: rd.options.Dimensions, ExcludedGroups: rd.options.ExcludedGroups, Wanted: rd.options.Wanted}
	o.Mask, o.MaskMetric = Masks(rd.options.Mask, rd.options.Patterns)
	b := run.NewBuilder(o)
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

// Read reads all sources as parts of one run. It fails when a source is no
// format that it knows, holds nothing but lines it can't read, holds the same
// samples as another, or belongs to another run than the ones before; all
// lesser troubles are Problems of the Run. Sources are read in order of time,
// whatever the order they come in.
func Read(ctx context.Context, sources []Source, o Options) (*run.Run, error) {
	o.Workers = max(o.Workers, 1)
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	if o.segmentSize == 0 {
		o.segmentSize = segmentSize
	}
	if o.formats == nil {
		o.formats = formats()
	}
	inputs, err := openAll(ctx, sources, o)
	defer func() {
		for _, in := range inputs {
			in.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	rd := &reader{options: o}
	rd.b = rd.builder()
	rd.define(o.Metrics...)
	for _, in := range inputs {
		if in.format.definitions != nil {
			rd.define(in.format.definitions(in.head)...)
		}
	}
	for _, in := range inputs {
		var f *form
		if in.format.samples {
			f = rd.begin(in.format)
		}
		before := len(rd.parts)
		if err := in.format.read(ctx, in, rd); err != nil {
			return nil, err
		}
		if s := spanOf(in.name, rd.parts[before:]); f != nil && len(s.parts) > 0 {
			s.database = in.format.asked()
			f.spans = append(f.spans, s)
		}
	}
	if err := rd.combine(); err != nil {
		return nil, err
	}
	if r := rd.alone(inputs); r != nil {
		return r, rd.usable(r, sources)
	}
	return rd.finish(sources)
}

// openAll opens the sources and puts them into the order of reading: first
// what only describes the run, then samples by time.
func openAll(ctx context.Context, sources []Source, o Options) ([]*input, error) {
	var inputs []*input
	for _, s := range sources {
		in, err := open(ctx, s, o)
		if in != nil {
			inputs = append(inputs, in)
		}
		if err != nil {
			if s.Database == nil { // whose errors say it
				err = fmt.Errorf("read %s: %w", s.Name, err)
			}
			return inputs, err
		}
	}
	if len(inputs) == 1 {
		return inputs, nil
	}
	for _, in := range inputs {
		if in.format.start != nil {
			in.start = in.format.start(in.head)
		}
	}
	rank := func(in *input) string {
		if in.format.samples {
			return in.format.id
		}
		return ""
	}
	slices.SortStableFunc(inputs, func(a, b *input) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.start.compare(b.start), cmp.Compare(a.name, b.name))
	})
	return inputs, nil
}

// alone is the run of a single snapshot, nil where there is more to put
// together. It is what finish would make of it: a run that was put together
// before stays as it is.
func (rd *reader) alone(inputs []*input) *run.Run {
	if len(inputs) != 1 || inputs[0].format.id != idSnapshot {
		return nil
	}
	r := rd.parts[0]
	lacks := func(name string) bool { return !slices.Contains(r.Folding.Dimensions, name) }
	if slices.ContainsFunc(rd.options.Dimensions, lacks) || rd.b.Masks(r) {
		return nil
	}
	labels := slices.Clone(r.Labels)
	for name, value := range rd.options.Labels {
		labels = append(labels, run.Tag{Name: rd.b.Text(name), Value: rd.b.Text(value)})
	}
	r.Labels = run.NewTagSet(labels...).List()
	return r
}

// finish puts the parts together.
func (rd *reader) finish(sources []Source) (*run.Run, error) {
	if len(rd.untyped) > 0 {
		rd.inferTypes()
	}
	if rd.grouped {
		rd.b.Problem(run.Problem{
			Code:    "urls_grouped",
			Message: "requests without a name tag are grouped by URL, with numbers and ids replaced; tag them with a name, or list patterns under endpoints in k6report.yaml",
		})
	}
	if rd.clipped {
		rd.b.Problem(run.Problem{
			Code:    "tag_too_long",
			Message: fmt.Sprintf("values of tags longer than %d bytes are cut there, and tags with names longer than %d left out: put long texts into the log", maxTagValue, maxName),
		})
	}
	for name, value := range rd.options.Labels {
		rd.b.Label(name, value)
	}
	rd.forms, rd.seam = nil, nil // they hold the parts, too
	for i, part := range rd.parts {
		rd.b.Take(part)
		rd.parts[i] = nil // nothing else holds it
	}
	for _, part := range rd.late {
		rd.b.AddRun(part)
	}
	r := rd.b.Finish()
	if err := rd.usable(r, sources); err != nil {
		return nil, err
	}
	if rd.generatorsFound > 1 {
		leaveSummary(r)
	}
	if err := checkReported(r, sources); err != nil {
		return nil, err
	}
	noteGap(r)
	noteLost(r)
	noteColumns(r)
	rd.noteAdded(r)
	return r, r.Check()
}

// usable reports why nothing can be said of a run.
func (rd *reader) usable(r *run.Run, sources []Source) error {
	switch {
	case rd.tooMany || len(r.Metrics) > maxMetrics:
		return fmt.Errorf("read %s: they hold more than %d metrics: put what varies into a tag, not into a metric's name", names(sources), maxMetrics)
	case len(r.Series) == 0 && slices.ContainsFunc(r.Problems, func(p run.Problem) bool { return p.Code == "several_summary" }):
		return fmt.Errorf("read %s: they hold several summaries and no samples: give one summary, or the samples of all parts", names(sources))
	case len(r.Series) == 0 && r.Reported == nil:
		return fmt.Errorf("read %s: there are no samples in it: give the file that k6 wrote with --out json=FILE, or its summary", names(sources))
	}
	return nil
}

func names(sources []Source) string {
	var list []string
	for _, s := range sources {
		list = append(list, s.Name)
	}
	return strings.Join(list, ", ")
}
