package ingest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k6report/internal/run"
)

// vus is a line as k6 writes it every second.
func vus(ms int) string { return aPoint("vus", at(ms), "1", `{}`) }

// TestRefused is every input that can't be read, with the message a user sees.
func TestRefused(t *testing.T) {
	good := aRequest(at(0), aTags, 5)
	zipped := string(packed(t, []byte(good)))
	tests := []struct{ name, content, want string }{
		{"empty", "", "read f: it is empty: k6 wrote nothing there; run k6 with --out json=FILE, and look at the free space of the disk"},
		{"empty gzip", string(packed(t, nil)), "read f: it is empty: k6 wrote nothing there; run k6 with --out json=FILE, and look at the free space of the disk"},
		{"picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "read f: it is nothing that k6report reads (image/png): give " + fileFormats(formats())},
		{"text", "hello\n", "read f: it is nothing that k6report reads (text/plain): give " + fileFormats(formats())},
		{"other JSON", strings.Repeat(`{"level":"info","msg":"x"}`+"\n", 5000), "read f: it is nothing that k6report reads (text/plain): give " + fileFormats(formats())},
		{"UTF-16", "\xff\xfe{\x00\"\x00", "read f: it is UTF-16, as PowerShell writes with >: let k6 write the file with --out json=FILE"},
		{"gzip head only", zipped[:5], "read f: it starts like gzip, but is damaged (unexpected EOF): copy it again from where it came"},
		{"gzip of nothing whole", zipped[:10] + "\xff\xff\xff", "read f: it starts like gzip, but nothing can be unpacked (flate: corrupt input before offset 1): copy it again from where it came"},
		{"definitions only", `{"type":"Metric","data":{"name":"x","type":"trend"},"metric":"x"}` + "\n", "read f: there are no samples in it: give the file that k6 wrote with --out json=FILE, or its summary"},
		{"nothing but bad lines", strings.Repeat(`{"metric":"x","type":"Point","data":1}`+"\n", 3), "read f: none of its 3 lines is a line of k6 JSON: give the file that k6 wrote with --out json=FILE"},
		{"two tests with ids", aPoint("x", at(0), "1", `{"testid":"b"}`) + aPoint("x", at(1), "1", `{"testid":"a"}`), "read f: it holds several runs (testid a, b): give each a file of its own"},
		{"broken summary", "{\"root_group\":{},\n\"metrics\":{]}", "read f (k6 summary): it is not JSON: invalid character ']' looking for beginning of object key string (line 2)"},
		{"what k6report printed", run.MagicPrefix + ": error: read f: no such file or directory\n", "read f: it is nothing that k6report reads (text/plain): give " + fileFormats(formats())},
		{"its name in a line", run.MagicPrefix + "\n", "read f: it is nothing that k6report reads (text/plain): give " + fileFormats(formats())},
		{"its name in a table", run.MagicPrefix + "\t1.0\n", "read f: it is nothing that k6report reads (text/plain): give " + fileFormats(formats())},
		{"its name alone", run.MagicPrefix, "read f: it is nothing that k6report reads (text/plain): give " + fileFormats(formats())},
		{"snapshot of a newer version", run.MagicPrefix + "\x02and what that has", "read f: read snapshot: it has format 2, this k6report reads up to format 1: update k6report"},
		{"snapshot of a much newer version", run.MagicPrefix + "\x1f", "read f: read snapshot: it has format 31, this k6report reads up to format 1: update k6report"},
		{"snapshot of no version", run.MagicPrefix + "\x00", "read f: read snapshot: there is no format 0: the file is damaged; take it again from where it came"},
		{"cut snapshot", run.MagicPrefix + "\x01012", "read f: read snapshot: it is cut off: take it again from where it came"},
		{"damaged snapshot", run.MagicPrefix + "\x010123456789abcdef", "read f: read snapshot: the checksum does not match: …"},
	}
	for _, tt := range tests {
		_, err := Read(t.Context(), []Source{{Name: "f", Reader: strings.NewReader(tt.content)}}, Options{})
		t.Logf("%s -> %v", tt.name, err)
		begin, more := strings.CutSuffix(tt.want, "…") // the rest is of another package
		if err == nil || err.Error() != tt.want && !(more && strings.HasPrefix(err.Error(), begin)) {
			t.Errorf("%s:\n%v\nwant\n%s", tt.name, err, tt.want)
		}
	}
}

// TestDoubtful is every input of which something can be used: what is said of
// the rest, and how many samples count.
func TestDoubtful(t *testing.T) {
	good := aRequest(at(0), aTags, 5)
	zipped := string(packed(t, []byte(strings.Repeat(vus(0), 5000))))
	bad := func(line string) string { return good + line + "\n" + vus(0) }
	tests := []struct {
		name, content string
		samples       uint64
		want          []string // code line count: message
	}{
		{"half a line at the end", good + vus(0)[:40], 9, []string{"truncated 10 1: the last line is cut off: k6 was still writing, was stopped, or the file was copied too early; what comes before it counts"}},
		{"no newline at the end", strings.TrimSuffix(good, "\n"), 9, nil},
		{"other JSON without newline at the end", good + "{}", 9, []string{"bad_line 10 1: a line was left out: it is JSON, but no line of k6: neither a Metric nor a Point; give k6 a file of its own"}},
		{"gzip of several members", string(packed(t, []byte(good))) + string(packed(t, []byte(vus(0)))), 10, nil},
		{"garbage behind gzip", string(packed(t, []byte(good))) + "garbage, no gzip", 9, []string{"truncated 0 1: behind the compressed data comes something that is not gzip: it was left out"}},
		{"gzip without its end", string(packed(t, []byte(good)))[:len(packed(t, []byte(good)))-3], 9, []string{"truncated 0 1: the compressed data end too early: k6 was still writing, was stopped, or the file was copied too early; what comes before counts"}},
		{"gzip with a wrong checksum", zipped[:len(zipped)-8] + "\x00\x00\x00\x00" + zipped[len(zipped)-4:], 5000, []string{"truncated 0 1: reading stopped early (gzip: invalid checksum): what comes before counts; copy the file again from where it came"}},
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), 9, nil},
		{"byte order mark", byteOrderMark + good, 9, nil},
		{"byte order mark in gzip", string(packed(t, []byte(byteOrderMark+good))), 9, nil},
		{"empty lines", "\n\n" + good + "\n  \n", 9, nil},
		{"NaN", bad(strings.TrimSuffix(aPoint("x", at(0), "NaN", "{}"), "\n")), 10, []string{"bad_line 10 1: a line was left out: it is not JSON: invalid character 'N' looking for beginning of value; give k6 a file of its own"}},
		{"infinite", bad(strings.TrimSuffix(aPoint("x", at(0), "1e999", "{}"), "\n")), 10, []string{"bad_line 10 1: a line was left out: the value 1e999 is not a finite number; give k6 a file of its own"}},
		{"text as value", bad(strings.TrimSuffix(aPoint("x", at(0), `"1"`, "{}"), "\n")), 10, []string{`bad_line 10 1: a line was left out: the value "1" is not a finite number; give k6 a file of its own`}},
		{"no value", bad(`{"metric":"x","type":"Point","data":{"time":"` + aTime + `"}}`), 10, []string{"bad_line 10 1: a line was left out: the sample has no value; give k6 a file of its own"}},
		{"no time", bad(`{"metric":"x","type":"Point","data":{"value":1}}`), 10, []string{"bad_line 10 1: a line was left out: the sample has no time; give k6 a file of its own"}},
		{"no such time", bad(strings.TrimSuffix(aPoint("x", "2026-02-30T00:00:00Z", "1", "{}"), "\n")), 10, []string{`bad_line 10 1: a line was left out: "2026-02-30T00:00:00Z" is not a time; give k6 a file of its own`}},
		{"no data", bad(`{"metric":"x","type":"Point"}`), 10, []string{"bad_line 10 1: a line was left out: the line has no data; give k6 a file of its own"}},
		{"no metric", bad(`{"type":"Point","data":{}}`), 10, []string{"bad_line 10 1: a line was left out: the sample names no metric; give k6 a file of its own"}},
		{"metric without a name", bad(`{"type":"Metric","data":{"type":"trend"},"metric":""}`), 10, []string{"bad_line 10 1: a line was left out: the metric has no name; give k6 a file of its own"}},
		{"endless name", bad(strings.TrimSuffix(aPoint(strings.Repeat("x", 300), at(0), "1", "{}"), "\n")), 10, []string{`bad_line 10 1: a line was left out: the metric's name "` + strings.Repeat("x", 80) + `…" is longer than 256 bytes; give k6 a file of its own`}},
		{"number as tag", bad(strings.TrimSuffix(aPoint("x", at(0), "1", `{"a":1}`), "\n")), 10, []string{`bad_line 10 1: a line was left out: "tags" is a number where k6 writes something else; give k6 a file of its own`}},
		{"other JSON", good + strings.Repeat(`{"level":"info"}`+"\n", 200), 9, []string{"bad_line 10 200: a line was left out: it is JSON, but no line of k6: neither a Metric nor a Point; give k6 a file of its own"}},
		{"negative duration", aRequest(at(0), aTags, -5) + good, 18, []string{"request_implausible 0 1: a request has a time below zero or above 24 days: it counts in its metrics, not in the tables of requests; look at the clock of the load generator"}},
		{"extreme values", aPoint("x", at(0), "1e-300", "{}") + aPoint("x", at(0), "1e300", "{}") + aPoint("x", at(0), "-1e300", "{}"), 3, nil},
		{"incomplete request", aPoint("http_reqs", at(0), "1", aTags) + good, 10, []string{"request_incomplete 0 1: a request lacks some of k6's samples of it: they count in their metrics, not in the tables of requests; give all parts of the run, unfiltered"}},
		{"time going backwards", vus(5000) + aRequest(at(9000), aTags, 5) + vus(3000) + good, 20, nil},
		{"two tests in one file", vus(0) + vus(1000) + vus(60_000) + vus(61_000), 4, []string{"time_gap 0 1: there are no samples from 2026-11-23 11:00:02 to 2026-11-23 11:01:00 (UTC): if these are two tests in one file, give each a file of its own"}},
		{"rare samples", aPoint("x", at(0), "1", "{}") + aPoint("x", at(30_000), "1", "{}"), 2, nil},
		{"strange tags", aPoint("x", at(0), "1", `{"__proto__":"a","\u0000\n":"\u001b[31m","constructor":"b"}`), 1, nil},
		{"invalid UTF-8", aPoint("x", at(0), "1", "{\"a\":\"\xff\"}"), 1, nil},
		{"long tag", aPoint("x", at(0), "1", `{"a":"`+strings.Repeat("ä", 1000)+`","`+strings.Repeat("n", 300)+`":"v"}`), 1, []string{"tag_too_long 0 0: values of tags longer than 1024 bytes are cut there, and tags with names longer than 256 left out: put long texts into the log"}},
		{"unknown type", `{"type":"Metric","data":{"name":"x","type":"histogram"},"metric":"x"}` + "\n" + aPoint("x", at(0), "1", "{}"), 1, []string{`metric_type 1 1: metric "x" has a type "histogram" that k6report doesn't know: it is read as a trend; update k6report if a newer k6 wrote it`}},
		{"type that changes", `{"type":"Metric","data":{"name":"x","type":"gauge"},"metric":"x"}` + "\n" + aPoint("x", at(0), "1", "{}") + `{"type":"Metric","data":{"name":"x","type":"trend"},"metric":"x"}` + "\n", 1, []string{`metric_type 0 0: metric "x" is declared with several types; it is read as a gauge: rename one of the two in the script`}},
		{"unreadable threshold", `{"type":"Metric","data":{"name":"x","type":"rate","thresholds":[3,"rate<1"]},"metric":"x"}` + "\n" + aPoint("x", at(0), "1", "{}"), 1, []string{`bad_threshold 1 1: metric "x": a threshold is neither text nor an object: 3: it was left out, the rest of the definition counts`}},
		{"long tag of a line that is none", vus(0) + aPoint("vus", at(0), "1", `{"a":"`+strings.Repeat("b", 2000)+`"}!`), 1, []string{"bad_line 2 1: a line was left out: it is not JSON: invalid character '!' after object key:value pair; give k6 a file of its own"}},
		{"urls", aPoint("x", at(0), "1", `{"url":"http://h/a/12"}`), 1, []string{"urls_grouped 0 0: requests without a name tag are grouped by URL, with numbers and ids replaced; tag them with a name, or list patterns under endpoints in k6report.yaml"}},
	}
	for _, tt := range tests {
		for _, o := range []Options{{}, {Workers: 2, segmentSize: 100}} {
			r, err := Read(t.Context(), []Source{{Name: "f", Reader: newFile([]byte(tt.content))}}, o)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if o.Workers == 0 {
				t.Logf("%s -> %d samples; %s", tt.name, samplesOf(r), cmp.Or(problemsOf(r), "nothing to say"))
			}
			if got := samplesOf(r); got != tt.samples {
				t.Errorf("%s: %d samples count, want %d", tt.name, got, tt.samples)
			}
			if got, want := problemsOf(r), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, want)
			}
			for _, p := range r.Problems {
				if ofFile := p.Line > 0 || p.Code == "truncated"; ofFile && p.Source != "f" {
					t.Errorf("%s: %s names the file %q", tt.name, p.Code, p.Source)
				}
			}
		}
	}
}

func samplesOf(r *run.Run) (n uint64) {
	for i := range r.Series {
		n += r.Series[i].Count
	}
	return n
}

func problemsOf(r *run.Run) string {
	var lines []string
	for _, p := range r.Problems {
		lines = append(lines, fmt.Sprintf("%s %d %d: %s", p.Code, p.Line, p.Count, p.Message))
	}
	return strings.Join(lines, "\n")
}

// TestDefinitionKeepsRest: the rest of a definition with an unreadable
// threshold counts, and a metric of unknown type is read as a trend.
func TestDefinitionKeepsRest(t *testing.T) {
	text := `{"type":"Metric","data":{"name":"x","type":"rate","contains":"default","thresholds":[3,"rate<1"],"submetrics":[{"name":"x{a:b}","tags":{"a":"b"}}]},"metric":"x"}` + "\n" +
		aPoint("x", at(0), "1", `{"a":"b"}`) + aPoint("y", at(0), "1", `{}`)
	r := read(t, Options{}, Source{Name: "f", Reader: strings.NewReader(text)})
	m, _ := r.Metric("x")
	if m.Type != run.Rate || len(m.Thresholds) != 1 || len(m.Submetrics) != 1 {
		t.Errorf("the definition became %+v", m)
	}
	if s := r.Select("y", nil); s.Type != run.Unknown || s.Sketch == nil {
		t.Errorf("a metric that is not defined has type %q and distribution %v", s.Type, s.Sketch)
	}
}

// TestDefinitionBehindPoints: the order of definitions and points is free.
func TestDefinitionBehindPoints(t *testing.T) {
	definition := `{"type":"Metric","data":{"name":"x","type":"counter","contains":"data"},"metric":"x"}` + "\n"
	points := strings.Repeat(aPoint("x", at(0), "2", "{}"), 3000)
	want := read(t, Options{}, Source{Name: "f", Reader: strings.NewReader(definition + points)})
	got := read(t, Options{Workers: 3, segmentSize: 10_000}, Source{Name: "f", Reader: newFile([]byte(points + definition))})
	if !bytes.Equal(encoded(t, want), encoded(t, got)) {
		t.Error("a definition behind the points gives another run")
	}
}

func TestDirectory(t *testing.T) {
	f, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = Read(t.Context(), []Source{{Name: "results", Reader: f}}, Options{})
	if want := "read results: it is a directory: give the files in it"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestGivenTwice: the same samples must not count double, whether it is the
// same file, a copy, or the same content packed or as a snapshot.
func TestGivenTwice(t *testing.T) {
	data := firstLines(realRun(t), 3000)
	one := read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(data)})
	for name, again := range map[string][]byte{"copy": data, "gzip": packed(t, data), "snapshot": encoded(t, one)} {
		_, err := Read(t.Context(), []Source{{Name: "a", Reader: bytes.NewReader(data)}, {Name: "b", Reader: newFile(again)}}, Options{Workers: 2, segmentSize: 50_000})
		want := "read b: it holds the same samples as a: give them once"
		swapped := "read a: it holds the same samples as b: give them once"
		if err == nil || err.Error() != want && err.Error() != swapped {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestDifferentRuns(t *testing.T) {
	tests := []struct{ name, a, b, want string }{
		{"testids", aPoint("x", at(0), "1", `{"testid":"1"}`), aPoint("x", at(1), "1", `{"testid":"2"}`), "a and b are different runs (testid 1 and 2): give the parts of one run only"},
		{"times", vus(0), vus(60_000), "a and b do not overlap in time, so they are not parts of one run: give the parts of one run only"},
	}
	for _, tt := range tests {
		_, err := Read(t.Context(), []Source{{Name: "b", Reader: strings.NewReader(tt.b)}, {Name: "a", Reader: strings.NewReader(tt.a)}}, Options{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	// A short part inside a long one leaves no gap behind it.
	long := vus(0) + vus(5000) + vus(60_000)
	if _, err := Read(t.Context(), []Source{{Name: "a", Reader: strings.NewReader(long)}, {Name: "b", Reader: strings.NewReader(vus(100))}, {Name: "c", Reader: strings.NewReader(vus(50_000))}}, Options{}); err != nil {
		t.Error(err)
	}
}

// writtenFile changes while it is read.
type writtenFile struct {
	mu sync.Mutex
	*memFile
	after int64            // bytes read until then
	now   func(f *memFile) // what happens
}

func (f *writtenFile) count(n int) {
	if f.after -= int64(n); f.after <= 0 && f.now != nil {
		f.now(f.memFile)
		f.now = nil
	}
}

func (f *writtenFile) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.memFile.Read(p)
	f.count(n)
	return n, err
}

func (f *writtenFile) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.memFile.ReadAt(p, off)
	f.count(n)
	return n, err
}

func TestFileChanges(t *testing.T) {
	data := []byte(strings.Repeat(vus(0), 1000))
	longer := append(bytes.Clone(data), strings.Repeat(vus(500), 10)...)
	grew := "file_changed 0 1: the file grew while it was read, so k6 was still writing it: what had been read counts; read it again when the test is over"
	shrank := "file_changed 0 1: the file became shorter while it was read: what was still there counts; read it again when nothing writes to it"
	touched := "file_changed 0 1: the file was written to while it was read: what was read counts; read it again when nothing writes to it"
	tests := []struct {
		name    string
		size    int64
		now     func(f *memFile)
		samples uint64
		want    string
	}{
		{"grows, segments", 4096, func(f *memFile) { *f = *newFile(longer) }, 1000, grew},
		{"shrinks, segments", 4096, func(f *memFile) { *f = *newFile(data[:len(vus(0))*500]) }, 500, shrank},
		{"is written over", 4096, func(f *memFile) { f.changed = time.Unix(1, 0) }, 1000, touched},
		{"grows, stream", 1 << 20, func(f *memFile) { f.size++ }, 1000, grew},
	}
	for _, tt := range tests {
		f := &writtenFile{memFile: newFile(data), after: 1, now: tt.now}
		if tt.size < headSize {
			f.after = int64(len(data)) + 1 // behind the head
		}
		r := read(t, Options{Workers: 1, segmentSize: tt.size}, Source{Name: "f", Reader: f})
		t.Logf("%s -> %d samples; %s", tt.name, samplesOf(r), problemsOf(r))
		if got := problemsOf(r); got != tt.want || samplesOf(r) != tt.samples {
			t.Errorf("%s: %d samples and\n%s\nwant %d and\n%s", tt.name, samplesOf(r), got, tt.samples, tt.want)
		}
	}
}

// TestBrokenDisk: what was read before an error counts.
func TestBrokenDisk(t *testing.T) {
	data := strings.Repeat(vus(0), 10_000)
	broken := io.MultiReader(strings.NewReader(data), failing{fmt.Errorf("input/output error")})
	r := read(t, Options{}, Source{Name: "f", Reader: broken})
	want := "truncated 0 1: reading stopped early (input/output error): what comes before counts; copy the file again from where it came"
	if got := problemsOf(r); got != want || samplesOf(r) != 10_000 {
		t.Errorf("%d samples and\n%s\nwant 10000 and\n%s", samplesOf(r), got, want)
	}
}

// TestCutGzip: a compressed file that was cut anywhere is read up to the cut.
func TestCutGzip(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "k6.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for _, size := range []int{len(whole) / 4, len(whole) / 2, len(whole) - 100} {
		r, err := Read(context.Background(), []Source{{Name: "f", Reader: bytes.NewReader(whole[:size])}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := samplesOf(r)
		if got <= last || len(r.Problems) == 0 || r.Problems[0].Code == "" || !strings.Contains(problemsOf(r), "truncated 0 1: the compressed data end too early") {
			t.Errorf("cut after %d bytes: %d samples, %s", size, got, problemsOf(r))
		}
		last = got
	}
}
