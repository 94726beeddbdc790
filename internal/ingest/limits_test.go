package ingest

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k6report/internal/run"
)

// stream is lines made up as they are read.
func stream(t testing.TB, lines int, line func(i int) string) io.Reader {
	r, w := io.Pipe()
	t.Cleanup(func() { r.Close() })
	go func() {
		b := bufio.NewWriterSize(w, 1<<16)
		for i := range lines {
			if _, err := b.WriteString(line(i)); err != nil {
				break
			}
		}
		w.CloseWithError(b.Flush()) // nil is the end of the stream
	}()
	return r
}

// peak measures the most memory in use while f runs, above that before, in MB.
func peak(f func()) float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	var highest atomic.Uint64
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest.Store(max(highest.Load(), m.HeapAlloc))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return float64(highest.Load()-min(before, highest.Load())) / (1 << 20)
}

// TestMemoryIsBounded reads what has no bound: the memory must not follow.
func TestMemoryIsBounded(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 10_000
	}
	longLine := aPoint("x", aTime, "1", `{"a":"`+strings.Repeat("x", 10<<20)+`"}`)
	tests := []struct {
		name string
		mb   float64
		line func(i int) string
		lost func(r *run.Run) bool // does the run tell what it lost?
	}{
		{"URLs", 250, func(i int) string {
			url := fmt.Sprintf("http://h/page-%d-of-all", i)
			return aPoint("http_req_duration", aTime, "1", `{"method":"GET","name":"`+url+`","url":"`+url+`"}`)
		}, func(r *run.Run) bool { return slices.Contains(r.Folding.Tags, "name") }},
		{"tag keys", 250, func(i int) string {
			return aPoint("x", aTime, "1", fmt.Sprintf(`{"key%d":"v"}`, i))
		}, func(r *run.Run) bool { return r.Folding.Level > 0 }},
		{"request ids", 100, func(i int) string {
			if i >= n/4 {
				return "\n"
			}
			return aPoint("db_ms", aTime, "1", fmt.Sprintf(`{},"metadata":{"rid":"%d"}`, i))
		}, func(r *run.Run) bool { return r.Requests.Unjoined == uint64(n/4) }},
		{"long tags", 250, func(i int) string {
			if i > min(n/100, 5000) {
				return "\n"
			}
			return aPoint("x", aTime, "1", fmt.Sprintf(`{"a":"%s%d"}`, strings.Repeat("x", 100_000), i))
		}, func(r *run.Run) bool { return strings.Contains(problemsOf(r), "tag_too_long") }},
		{"lines of 10 MB", 150, func(i int) string {
			if i > n/50_000 {
				return "\n"
			}
			return longLine
		}, func(r *run.Run) bool { return strings.Contains(problemsOf(r), "tag_too_long") }},
	}
	for _, tt := range tests {
		var r *run.Run
		used := peak(func() { r = read(t, Options{}, Source{Name: "f", Reader: stream(t, n, tt.line)}) })
		t.Logf("%d %s -> %.0f MB; %s", n, tt.name, used, problemsOf(r))
		if used > tt.mb {
			t.Errorf("%d %s take %.0f MB, more than %.0f", n, tt.name, used, tt.mb)
		}
		if !tt.lost(r) {
			t.Errorf("%d %s: the run does not tell that something was given up", n, tt.name)
		}
	}
}

// TestOtherJSON: ten million lines that are none of k6's, behind one that is, are
// counted at their first place, in little memory.
func TestOtherJSON(t *testing.T) {
	n := 10_000_000
	if testing.Short() {
		n = 100_000
	}
	other := `{"level":"info"}` + "\n"
	var got string
	used := peak(func() {
		got = problemsOf(read(t, Options{}, Source{Name: "f", Reader: stream(t, n+1, func(i int) string {
			if i == 0 {
				return vus(0)
			}
			return other
		})}))
	})
	want := fmt.Sprintf("bad_line 2 %d: a line was left out: it is JSON, but no line of k6: neither a Metric nor a Point; give k6 a file of its own", n)
	t.Logf("%d lines of other JSON -> %.0f MB; %s", n, used, got)
	if got != want || used > 50 {
		t.Errorf("%.0f MB and\n%s\nwant at most 50 and\n%s", used, got, want)
	}
}

// TestTooManyMetrics: a metric a line is no test; on any number of goroutines.
func TestTooManyMetrics(t *testing.T) {
	var b strings.Builder
	for i := range maxMetrics + 1 {
		b.WriteString(aPoint(fmt.Sprintf("metric_%d", i), aTime, "1", "{}"))
	}
	want := "read f: they hold more than 10000 metrics: put what varies into a tag, not into a metric's name"
	for _, o := range []Options{{}, {Workers: 2, segmentSize: 100_000}} {
		if _, err := Read(t.Context(), []Source{{Name: "f", Reader: newFile([]byte(b.String()))}}, o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestLongLines: a line may be as long as maxLine and not longer, however it is
// read.
func TestLongLines(t *testing.T) {
	t.Parallel()
	line := func(length int) string {
		short := aPoint("x", at(0), "1", `{"a":""}`)
		return strings.Replace(short, `""`, `"`+strings.Repeat("y", length-len(short))+`"`, 1)
	}
	lengths := []int{10 << 20, maxLine, maxLine + 1, maxLine + bufferSize}
	if testing.Short() {
		lengths = []int{1 << 20}
	}
	for _, length := range lengths {
		samples, problems := uint64(20), "tag_too_long 0 0: values of tags longer than 1024 bytes are cut there, and tags with names longer than 256 left out: put long texts into the log"
		if length > maxLine {
			samples, problems = 19, "line_too_long 10 1: a line was left out: it is longer than 32 MB; put long texts into the log, not into tags"
		}
		content := []byte(aRequest(at(0), aTags, 5) + line(length) + strings.Repeat(vus(0), 10))
		for _, o := range []Options{{}, {Workers: 2, segmentSize: 1 << 20}} {
			r := read(t, o, Source{Name: "f", Reader: newFile(content)})
			if samplesOf(r) != samples || problemsOf(r) != problems {
				t.Errorf("a line of %d bytes: %d samples and\n%s\nwant %d and\n%s", length, samplesOf(r), problemsOf(r), samples, problems)
			}
		}
	}
}

// Thousands of small sources take little room until they are read.
func TestManySmallSources(t *testing.T) {
	content := []byte(vus(0))
	zipped := packed(t, content)
	var sources []Source
	for range 500 {
		sources = append(sources, Source{Name: "f", Reader: newFile(content)}, Source{Name: "g", Reader: newFile(zipped)})
	}
	inputs, err := openAll(t.Context(), sources, Options{Progress: func(int64) {}, formats: formats()})
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, in := range inputs {
		held += cap(in.head)
	}
	if most := 100 * len(content) * len(sources); held > most {
		t.Errorf("%d sources of %d bytes hold %d, want %d at most", len(sources), len(content), held, most)
	}
}
