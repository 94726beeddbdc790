package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"k6report/internal/run"
)

// memFile plays a regular file.
type memFile struct {
	*bytes.Reader
	size    int64
	changed time.Time
}

func newFile(data []byte) *memFile {
	return &memFile{Reader: bytes.NewReader(data), size: int64(len(data))}
}

func (f *memFile) Stat() (fs.FileInfo, error) { return memInfo{f}, nil }

type memInfo struct{ *memFile }

func (i memInfo) Name() string       { return "file" }
func (i memInfo) Size() int64        { return i.size }
func (i memInfo) Mode() fs.FileMode  { return 0o644 }
func (i memInfo) ModTime() time.Time { return i.changed }
func (i memInfo) IsDir() bool        { return false }
func (i memInfo) Sys() any           { return nil }

// linesOf reads k6 JSON without detection, so that any bytes may come. A
// segment size of 0 reads as a stream.
func linesOf(t testing.TB, data []byte, o Options) (*run.Run, error) {
	t.Helper()
	o.Progress = func(int64) {}
	rd := &reader{options: o}
	rd.b = rd.builder()
	f := rd.begin(format{id: "x"})
	in := &input{name: "x", stream: bytes.NewReader(data), size: int64(len(data))}
	if o.segmentSize > 0 {
		in.file = newFile(data)
	}
	if err := readJSON(context.Background(), in, rd); err != nil {
		return nil, err
	}
	f.spans = []span{spanOf("x", rd.parts)}
	if err := rd.combine(); err != nil {
		return nil, err
	}
	return rd.finish([]Source{{Name: "x"}})
}

// equalRuns holds two results of reading against each other.
func equalRuns(t *testing.T, what string, a, b *run.Run, errA, errB error) {
	t.Helper()
	if fmt.Sprint(errA) != fmt.Sprint(errB) {
		t.Fatalf("%s: errors differ: %v and %v", what, errA, errB)
	}
	if errA != nil || reflect.DeepEqual(a, b) {
		return
	}
	if !bytes.Equal(encoded(t, a), encoded(t, b)) {
		t.Fatalf("%s: the runs differ:\n%+v\n%+v", what, a, b)
	}
}

const (
	aTime = `2026-11-23T11:45:53.947199415Z`
	aTags = `{"expected_response":"true","group":"::g1","method":"GET","name":"ping","scenario":"a","status":"204","url":"ping"}`
)

// aPoint is a line as k6 writes it today.
func aPoint(metric, at, value, rest string) string {
	return `{"metric":"` + metric + `","type":"Point","data":{"time":"` + at + `","value":` + value + `,"tags":` + rest + "}}\n"
}

// aRequest is all lines of a request.
func aRequest(at, tags string, duration float64) string {
	var b strings.Builder
	ms := strconv.FormatFloat(duration, 'f', -1, 64)
	for _, part := range partNames {
		value := "0"
		switch part {
		case "http_reqs":
			value = "1"
		case "http_req_duration", "http_req_waiting":
			value = ms
		}
		b.WriteString(aPoint(part, at, value, tags))
	}
	return b.String()
}

// seeds are lines of every shape that k6 writes or that somebody may make of
// them.
func seeds() []string {
	point := aPoint("http_reqs", aTime, "1", aTags)
	lines := []string{
		aRequest(aTime, aTags, 12.5),
		aRequest(aTime, aTags+`,"metadata":{"rid":"r1"}`, 3) + aPoint("db_ms", aTime, "1.5", `{"endpoint":"ping"},"metadata":{"rid":"r1"}`),
		aPoint("x", aTime, "1", `{},"metadata":{"vu":"1","iter":"0"}`) + aPoint("x", aTime, "1", `{}`),
		`{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":["p(95)<500"],"submetrics":[{"name":"http_req_duration{persona:dev}","suffix":"persona:dev","tags":{"persona":"dev"}}]},"metric":"http_req_duration"}` + "\n",
		`{"type":"Point","data":{"time":"` + aTime + `","value":1,"tags":` + aTags + `},"metric":"http_reqs"}` + "\n",
		`{"metric":"my metric","type":"Point","data":{"value":1,"time":"` + aTime + `","tags":{"b":"2","a":"1"}}}` + "\n",
		` { "metric" : "a" , "type" : "Point" , "data" : { "time" : "` + aTime + `" , "value" : 1 } } ` + "\n",
		aPoint(`a\nb`, aTime, "1", `{"a":"\u003e\n\"\\"}`) + aPoint("a\nb", aTime, "1", `{}`),
		aPoint(`a\\b`, aTime, "1", `{}`) + aPoint(`a\b`, aTime, "1", `{}`) + aPoint(`a\\b`, aTime, "2", `{}`),
		aPoint("größe", aTime, "1", `{"ü":"\u00fc\ud83d\ude00","lone":"\ud83d"}`) + aPoint("größe", aTime, "1", `{}`),
		strings.Replace(point, "\n", "\r\n", 1) + point,
		byteOrderMark + point,
		aPoint("x", "2026-11-23T12:45:53.9+01:00", "1", `{}`) + aPoint("x", "2026-11-23T11:45:53-00:30", "1", `{}`) + aPoint("x", "2026-11-23T11:45:53Z", "1", `{}`),
		aPoint("x", strings.Repeat("\x00", 19)+"Z", "1", `{}`) + aPoint("x", strings.Repeat(`\u0000`, 19)+"Z", "1", `{}`),
		aPoint("x", aTime, "1", `{"a":"1","a":"2"}`) + aPoint("x", aTime, "1", `{"a":"2"}`),
		aPoint("x", aTime, "1", "{\"a\":\"\xff\xfe\"}") + aPoint("x\xff", aTime, "1", `{}`),
		aPoint("x", aTime, "1", `{"a":{"b":"c"}}`) + aPoint("x", aTime, "1", `{"a":["b"]}`) + aPoint("x", aTime, "1", `{"a":1}`) + aPoint("x", aTime, "1", `{"a":null}`),
		aPoint("x", aTime, "1", `{"a":"1"},"tags":{"b":"1"}`) + aPoint("x", aTime, "1", `{},"value":2`),
		aPoint("x", aTime, "1", `{,}`) + aPoint("x", aTime, "1", `{"a""b"}`) + aPoint("x", aTime, "1", `{"a":"b",}`) + aPoint("x", aTime, "1", `{"a":"\`+"\n"),
		// Braces in strings, and what follows something like it.
		aPoint("x", aTime, "1", `{"a":"}"}`) + aPoint("x", aTime, "1", `{"a":"}","b":"{"}`) + aPoint("x", aTime, "1", `{"a":"}"}`) + aPoint("x", aTime, "1", `{"a":"}\"}"}`),
		aPoint("x", aTime, "1", `{"a":"1"},"metadata":{"rid":"}"}`) + aPoint("x", aTime, "1", `{"a":"1"},"metadata":{"rid":"a}","vu":"{"}`) + aPoint("x", aTime, "1", `{"a":"1"},"metadata":{}`),
		aRequest(aTime, aTags, 1) + aPoint("y", aTime, "1", `{"a":"1"}!`) + aRequest(aTime, aTags, 2) +
			aPoint("y", aTime, "1", `{"a":"1"},"metadata":{"rid":"7"}!`) + aRequest(aTime, aTags, 3) + aPoint("y", aTime, "1", `{"a":"1"},"metadata":{"rid":"7"}`),
		// Tags worth a note, of lines that prove to be none behind them.
		aPoint("x", aTime, "1", `{}`) + aPoint("x", aTime, "1", `{"a":"`+strings.Repeat("b", maxTagValue+1)+`"}!`),
		aPoint("x", aTime, "1", `{}`) + aPoint("x", aTime, "1", `{"url":"/a/12"}!`),
		point + point[:len(point)/2],
		"{}\n[]\n1\nnull\n\n \t\r\n",
	}
	var values strings.Builder
	for _, v := range []string{
		"0", "-0", "0.0", "-0.0", "00", "01", "1.", ".5", "-", "+1", "1e3", "1E+03", "1e-3", "1e999", "-1e999", "1e-999", "1e-300", "1e300",
		"0.1", "123456789012345", "1234567890123456", "0.12345678901234567890", "9007199254740993", "NaN", "null", `"1"`, "1 ", "-1.5", "true", "5e-324",
	} {
		values.WriteString(aPoint("x", aTime, v, `{}`))
	}
	return append(lines, values.String())
}

// FuzzFastAgainstStrict: any bytes give the same Run with the fast path and
// without.
func FuzzFastAgainstStrict(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fast, errFast := linesOf(t, data, Options{})
		strict, errStrict := linesOf(t, data, Options{strictOnly: true})
		equalRuns(t, "fast and strict", fast, strict, errFast, errStrict)
	})
}

// FuzzSegmentsAgainstStream: any bytes give the same Run in one piece and in
// segments so short that borders fall everywhere.
func FuzzSegmentsAgainstStream(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s), uint16(300))
	}
	f.Add([]byte(strings.Repeat(aRequest(aTime, aTags, 1), 3)), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		if len(data) > 1<<16 {
			return
		}
		whole, errWhole := linesOf(t, data, Options{})
		cut, errCut := linesOf(t, data, Options{Workers: 2, segmentSize: max(int64(size), int64(len(data)/64), 1)})
		equalRuns(t, "stream and segments", whole, cut, errWhole, errCut)
	})
}

// FuzzParseDecimal holds the reading of numbers against strconv.
func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0", "1.5", "00", "1.", ".5", "-", "1e5", "1E-5", "1e", "123456789012345.6", "0.1", "1e400", "4.35", "0.000001", "9007199254740993"} {
		f.Add(s, "}")
		f.Add(s, `,"tags":{"name":"x"}}}`)
	}
	for _, s := range []string{"0.019347", "1.394779", "1234567.1234567", "12345678.1", "1.12345678", "01.5", "1..5", "1.5:", "1/.5", "-1.5", "9999999.9999999", "0.0"} {
		f.Add(s, `,"tags":{"name":"x"}}}`)
	}
	f.Fuzz(func(t *testing.T, s, behind string) {
		got, n := parseDecimal([]byte(s + behind))
		slow, m := parseNumber([]byte(s + behind))
		if n != m || math.Float64bits(got) != math.Float64bits(slow) {
			t.Fatalf("%q: %v after %d bytes, the slow way gives %v after %d", s+behind, got, n, slow, m)
		}
		if n == 0 {
			return
		}
		want, err := strconv.ParseFloat((s + behind)[:n], 64)
		if err != nil || got != want {
			t.Fatalf("%q: %v, strconv says %v, %v", (s + behind)[:n], got, want, err)
		}
	})
}

// FuzzClock holds the reading of times against the time package, also where
// the second before was the same.
func FuzzClock(f *testing.F) {
	for _, s := range []string{aTime, "2026-11-23T11:45:53Z", "2026-11-23T12:45:53.5+01:00", "2024-02-29T23:59:59.999999999-23:59", "2023-02-29T00:00:00Z", "1677-12-31T00:00:00Z", "2262-01-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T11:45:53,5Z", "2026-11-23t11:45:53z"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var c clock
		for _, s := range []string{first, second} {
			got, ok := c.parse([]byte(s))
			want, err := time.Parse(time.RFC3339Nano, s)
			switch {
			case ok && err != nil:
				t.Fatalf("%q is read as %d; time says %v", s, got, err)
			case ok && got != want.UnixNano():
				t.Fatalf("%q is read as %d, want %d", s, got, want.UnixNano())
			case !ok && err == nil && usualTime.MatchString(s) && want.Year() > 1678 && want.Year() < 2261:
				t.Fatalf("%q is refused", s)
			}
		}
	})
}

// usualTime is the form that clock promises to read; time.Parse takes more.
var usualTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// FuzzGroupURL: grouping twice changes nothing, and what is no URL stays.
func FuzzGroupURL(f *testing.F) {
	for _, s := range []string{"", "/", "/a/1", "http://h/1?q#f", "https://h", "://", "checkout 12", "/u/0b8f5a0e-7d1c-4a43-9b58-0a8d5e3c9a10/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := groupURL(s)
		if twice := groupURL(once); twice != once {
			t.Fatalf("%q becomes %q, then %q", s, once, twice)
		}
		if !strings.Contains(s, "://") && !strings.HasPrefix(s, "/") && once != s {
			t.Fatalf("%q is no URL, but became %q", s, once)
		}
	})
}

// FuzzPlainReference holds the short cut for metadata against encoding/json.
func FuzzPlainReference(f *testing.F) {
	for _, s := range []string{`{}`, `{"rid":"1"}`, `{"vu":"1","iter":"0","rid":"x"}`, `{"rid":"\u0031"}`, `{"rid":"1","rid":"2"}`, `{"rid":"ä"}`, `{"rid" :"1"}`, `{"rid""1"}`, `{"rid":"1",}`, `{,"rid":"1"}`, `{"rid":"1""vu":"2"}`, `{"rid"}`, `{"rid":}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := objectLength(b)
		if n == 0 {
			return
		}
		got, ok := plainReference(b[:n])
		if !ok {
			return
		}
		raw, err := decodeStrings(b[:n])
		if err != nil {
			t.Fatalf("%q is no JSON: %v", b[:n], err)
		}
		if want := referenceOf(raw); string(got.rid) != string(want.rid) || string(got.vu) != string(want.vu) || string(got.iter) != string(want.iter) {
			t.Fatalf("%q: %q, want %q", b[:n], got, want)
		}
	})
}
