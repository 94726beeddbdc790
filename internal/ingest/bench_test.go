package ingest

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"k6report/internal/k6gen"
	"k6report/internal/redact"
)

// asUsual are the options that the program always reads with.
func asUsual() Options {
	return Options{Workers: runtime.GOMAXPROCS(0), Mask: redact.New([]string{secret}).Text, Patterns: redact.Patterns}
}

// steady is a parser that has seen some lines, and those lines.
func steady(t testing.TB, data []byte) *parser {
	t.Helper()
	rd := reader{options: asUsual()}
	c := newCollector(rd.builder(), rd.builder(), rd.options)
	p := newParser(c, false)
	c.begin("x")
	p.feed(t, data)
	return p
}

// feed reads whole lines and returns how many took the slow path.
func (p *parser) feed(t testing.TB, data []byte) (slow int) {
	for len(data) > 0 {
		n := p.line(data)
		if n == 0 {
			slow++
			n = bytes.IndexByte(data, '\n') + 1
			if err := p.strict(data[:n]); err != nil {
				t.Fatal(err)
			}
		}
		data = data[n:]
	}
	return slow
}

// points are the lines of real data without definitions and metadata.
func points(t testing.TB) []byte {
	var out []byte
	for line := range bytes.Lines(firstLines(realRun(t), 5000)) {
		if !bytes.Contains(line, []byte(`"type":"Metric"`)) && !bytes.Contains(line, []byte("metadata")) {
			out = append(out, line...)
		}
	}
	return out
}

// TestNoAllocationPerLine: on a steady stream the fast path takes every line
// and allocates nothing.
func TestNoAllocationPerLine(t *testing.T) {
	var data []byte
	for i := range 200 {
		data = append(data, aRequest(at(i*5), aTags, float64(i))...)
	}
	if len(points(t)) > 100_000 { // recorded without metadata
		data = points(t)
	}
	p := steady(t, data)
	slow := 0
	if allocs := testing.AllocsPerRun(5, func() { slow += p.feed(t, data) }); allocs > 0 {
		t.Errorf("%v allocations for %d lines", allocs, bytes.Count(data, []byte("\n")))
	}
	if slow > 0 {
		t.Errorf("%d lines took the slow path", slow)
	}
}

// BenchmarkLines parses lines of one endpoint's requests: the rate of a core.
func BenchmarkLines(b *testing.B) {
	var data []byte
	for i := range 2000 {
		data = append(data, aRequest(at(i*3), aTags, float64(i%50)+0.25)...)
	}
	p := steady(b, data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p.feed(b, data)
	}
}

// BenchmarkStrict parses the same lines by the rules of JSON.
func BenchmarkStrict(b *testing.B) {
	data := []byte(aRequest(at(0), aTags, 12.5))
	p := steady(b, data)
	p.strictOnly = true
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p.feed(b, data)
	}
}

// BenchmarkJoin parses requests with nine times of the server each.
func BenchmarkJoin(b *testing.B) {
	data := madeUp(b, 2000)
	p := steady(b, data)
	data = data[bytes.Index(data, []byte(pointOpen)):]
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p.feed(b, data)
	}
	b.ReportMetric(float64(b.N)*2000/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkRead reads files of made-up requests on all cores: with a server's
// times, the same packed, of 5,004 series, and with another URL in each request.
func BenchmarkRead(b *testing.B) {
	plain := madeUp(b, 20_000)
	var many bytes.Buffer
	if _, err := k6gen.Write(&many, k6gen.Options{
		Seed: 3, Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Duration: time.Minute, Rate: 600, Endpoints: 556, NoFailures: true,
	}); err != nil {
		b.Fatal(err)
	}
	var urls []byte
	for i := range 20_000 {
		tags := strings.Replace(aTags, `"url":"ping"`, fmt.Sprintf(`"url":"https://shop.example/orders/%d?page=%d"`, i, i%7), 1)
		urls = append(urls, aRequest(at(i*3), tags, float64(i%50)+0.25)...)
	}
	for name, data := range map[string][]byte{"plain": plain, "gzip": packed(b, plain), "series": many.Bytes(), "urls": urls} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				read(b, asUsual(), Source{Name: "x", Reader: newFile(data)})
			}
		})
	}
}
