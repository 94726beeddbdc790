package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k6report/internal/analyze"
	"k6report/internal/run"
)

// This file is what a new format takes: how its content is known, where in time it
// lies, and how it is read. The other thing is its row in the table, which the tests
// below add. The format is a log with a line for each request, as other load
// generators write: when it ended, how long it took, its name, whether all was well,
// and how long the server says that it took. It has none of k6's samples.

// aLogFormat is the row.
func aLogFormat() format {
	return format{
		name: "log of requests", id: "log", match: isLog, read: readLog, samples: true, rank: 60,
		files: []string{"requests.log"}, start: logStart,
	}
}

const logHeader = "# requests: end, duration, name, verdict, time in the server\n"

func isLog(head []byte) bool { return hasPrefix(head, logHeader) }

func readLog(ctx context.Context, in *input, rd *reader) error {
	return readText(ctx, in, rd, text{
		reader: func(c *collector, _ Options) textReader { return &logReader{c, make(map[string]*entry)} },
		border: border,
		heads:  1,
		none:   "a line of a log of requests",
	})
}

func logStart(head []byte) start {
	s := start{part: parts}
	for line := range bytes.Lines(head) {
		if l, err := parseLog(line); err == nil {
			s.first, s.latest = cmp.Or(s.first, l.at), max(s.latest, l.at)
		}
	}
	return s
}

type logLine struct {
	at         int64
	ms, server float64
	name       string
	failed     bool
}

func parseLog(line []byte) (l logLine, err error) {
	fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
	if len(fields) != 5 {
		return l, errors.New("it has no five fields")
	}
	end, err1 := strconv.ParseInt(fields[0], 10, 64)
	ms, err2 := strconv.ParseFloat(fields[1], 64)
	server, err3 := strconv.ParseFloat(fields[4], 64)
	return logLine{end * 1e6, ms, server, fields[2], fields[3] != "OK"}, errors.Join(err1, err2, err3)
}

type logReader struct {
	*collector
	entries map[string]*entry
}

func (l *logReader) read(ctx context.Context, r io.Reader) error {
	s := splitter{buf: make([]byte, bufferSize)}
	return s.split(ctx, r, func(line []byte) bool { l.line(line); return true }, func(line []byte, _ bool) { l.line(line) })
}

func (l *logReader) line(line []byte) {
	l.segment.lines++
	q, err := parseLog(line)
	if err != nil {
		if string(line) != logHeader {
			l.segment.badLines++
			l.note(run.Problem{Code: "bad_line", Line: l.segment.lines, Count: 1, Message: "a line was left out"})
		}
		return
	}
	e := l.entries[q.name]
	if e == nil {
		e = l.entry(validTags(map[string]string{"name": q.name, "method": "GET"}))
		l.entries[q.name] = e
	}
	id := reference{rid: line}.of(e)
	l.request(q.at, e, id, run.Request{Duration: q.ms, Failed: q.failed})
	l.sample(l.metric("workflow_server_ms"), q.at, q.server, e, id)
}

// request counts an HTTP request that ended at a time. It becomes those of k6's
// samples that all parts of a report rest on, and a row in the tables of requests;
// its start follows from its end.
func (l *logReader) request(at int64, e *entry, join uint64, q run.Request) {
	failed := 0.0
	if q.Failed {
		failed = 1
	}
	for _, sample := range []partSample{{partCount, 1}, {partDuration, q.Duration}, {partFailed, failed}} {
		l.seriesOf(l.metric(partNames[sample.part]), e).Add(at, sample.value)
		l.segment.samples++
	}
	if !e.outside {
		q.Total = q.Duration
		l.ended(run.ProtocolHTTP, at, e, join, &q)
	}
}

// aLog are so many requests, a hundred a second, of which one in fifty failed.
func aLog(n int) string {
	var b strings.Builder
	for i := range n {
		verdict := "OK"
		if i%50 == 7 {
			verdict = "KO"
		}
		fmt.Fprintf(&b, "%d\t%d\tpage %d\t%s\t%d\n", 1795729158000+10*i, 5+i%40, i%3, verdict, 3+i%40)
	}
	return b.String()
}

// TestNewFormat: a format that knows no more of requests than when they ended, how
// long they took and whether they failed gives endpoints, errors and distributions,
// however it is cut and read.
func TestNewFormat(t *testing.T) {
	const n = 3000
	content := logHeader + aLog(n)
	o := Options{formats: append(formats(), aLogFormat())}
	r := read(t, o, Source{Name: "x", Reader: strings.NewReader(content)})

	if columns := r.Requests.Columns; len(r.Requests.Tables) != 3 || columns[len(columns)-1] != "workflow_server_ms" {
		t.Fatalf("%d tables, columns %q", len(r.Requests.Tables), columns)
	}
	if got := totalsOf(r); got.count != n || got.joined != n || got.unjoined > 0 {
		t.Errorf("%+v", got)
	}
	for _, table := range r.Requests.Tables {
		if first := int64(1795729158000-5) * 1e6; table.Protocol != run.ProtocolHTTP || table.Name == "page 0" && table.First != first {
			t.Errorf("%v begins at %d, want %d", table.Endpoint, table.First, first)
		}
	}
	rep := analyze.Analyze(r, analyze.Options{})
	var names []string
	for _, e := range rep.Run.Endpoints {
		names = append(names, e.Name)
		if e.Count != n/3 || e.ErrorRate == nil || *e.ErrorRate != 0.02 || e.DurationMS.P95 == nil || *e.DurationMS.P95 < 40 || *e.DurationMS.P95 > 44 {
			t.Errorf("%s: %d requests, error rate %v, p95 %v", e.Name, e.Count, e.ErrorRate, e.DurationMS.P95)
		}
	}
	if slices.Sort(names); !slices.Equal(names, []string{"page 0", "page 1", "page 2"}) {
		t.Errorf("endpoints %q", names)
	}
	if len(r.Problems) > 0 {
		t.Errorf("problems %+v", r.Problems)
	}

	segments := o
	segments.Workers, segments.segmentSize = 3, 1000
	if !bytes.Equal(encoded(t, r), encoded(t, read(t, segments, Source{Name: "x", Reader: newFile([]byte(content))}))) {
		t.Error("segments give another run")
	}
	half := strings.Index(content, "\n1795729170") + 1
	parts := read(t, o, Source{Name: "a", Reader: strings.NewReader(logHeader + content[half:])}, Source{Name: "b", Reader: strings.NewReader(content[:half])})
	sameButSources(t, r, parts)

	bad := read(t, o, Source{Name: "x", Reader: strings.NewReader(content + "what?\n" + aLog(1) + "1795729158000\t-5\tpage 1\tOK\t0\n")})
	if got, want := problemsOf(bad), fmt.Sprintf("bad_line %d 1: a line was left out\nrequest_implausible 0 1: %s", n+2, implausible.Message); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestNewFormatBesideAnother: of the same requests as k6 JSON and in the new format,
// which keeps less of each, the JSON counts.
func TestNewFormatBesideAnother(t *testing.T) {
	var lines strings.Builder
	const n = 301 // so that sums of durations are no whole numbers
	for i := range n {
		tags := fmt.Sprintf(`{"method":"GET","name":"page %d"}`, i%3)
		lines.WriteString(aRequest(fmt.Sprintf("2026-11-26T21:39:%02d.%03dZ", 18+i/100, 10*i%1000), tags, float64(5+i%40)+0.25))
	}
	log := logHeader + strings.ReplaceAll(strings.ReplaceAll(aLog(n), "KO", "OK"), "\tpage", ".25\tpage")
	o := Options{formats: append(formats(), aLogFormat())}
	r := read(t, o, Source{Name: "a.log", Reader: strings.NewReader(log)}, Source{Name: "b.json", Reader: strings.NewReader(lines.String())})
	if got := r.Select("http_reqs", nil).Count; got != n {
		t.Errorf("%d requests, want %d", got, n)
	}
	p, said := problem(r, "sources_differ")
	if !said || p.Source != "a.log" || !strings.Contains(p.Message, "b.json is used") {
		t.Errorf("%+v", r.Problems)
	}
}

// TestTableOfFormats: every row says what reading relies on.
func TestTableOfFormats(t *testing.T) {
	ids, ranks, files := make(map[string]bool), make(map[int]string), make(map[string]string)
	for _, f := range append(formats(), aLogFormat()) {
		if ids[f.id] {
			t.Errorf("two formats are called %s", f.id)
		}
		ids[f.id] = true
		if f.samples != (f.rank > 0) {
			t.Errorf("%s holds samples: %v, and has rank %d", f.id, f.samples, f.rank)
		}
		if other := ranks[f.rank]; f.samples && other != "" {
			t.Errorf("%s and %s have the same rank", f.id, other)
		}
		ranks[f.rank] = f.id
		if f.asked() == (f.read != nil) || f.asked() && len(f.files) > 0 {
			t.Errorf("%s is neither a file nor a database", f.id)
		}
		for _, name := range f.files {
			if files[name] != "" || !f.samples {
				t.Errorf("%s is the name of samples in %s and %s", name, f.id, files[name])
			}
			files[name] = f.id
		}
	}
	if got, want := SampleFiles(), []string{"run.json.gz", "run.json", "run.k6run", "run.csv.gz", "run.csv"}; !slices.Equal(got, want) {
		t.Errorf("files of samples %q, want %q", got, want)
	}
}
