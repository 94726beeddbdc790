package ingest

import (
	"bytes"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"k6report/internal/run"
)

// TestGapSurvivesASnapshot reads a run with a hole, and its snapshot.
func TestGapSurvivesASnapshot(t *testing.T) {
	lines := aPoint("vus", "2026-11-23T12:00:00Z", "1", `{}`) + aPoint("vus", "2026-11-23T12:01:00Z", "1", `{}`)
	r := read(t, Options{}, Source{Name: "x", Reader: strings.NewReader(lines)})
	again := read(t, Options{}, Source{Name: "x", Reader: bytes.NewReader(encoded(t, r))})
	if !slices.ContainsFunc(r.Problems, func(p run.Problem) bool { return p.Code == codeGap }) {
		t.Fatalf("no gap was found: %+v", r.Problems)
	}
	if !slices.Equal(r.Problems, again.Problems) {
		t.Errorf("problems %+v became %+v", r.Problems, again.Problems)
	}
}

// TestFailuresWithoutK6sJudgement reads requests of a script that switched
// k6's judgement of responses off, and gRPC calls, which k6 never judges.
func TestFailuresWithoutK6sJudgement(t *testing.T) {
	request := aRequest(aTime, `{"name":"a","method":"GET","status":"500"}`, 5)
	var http strings.Builder
	for line := range strings.Lines(request) {
		if !strings.Contains(line, "http_req_failed") {
			http.WriteString(line)
		}
	}
	grpc := aPoint("grpc_req_duration", aTime, "5", `{"name":"b","status":"4"}`)
	r := read(t, Options{}, Source{Name: "x", Reader: strings.NewReader(http.String() + grpc)})
	want := map[string][2]uint64{"http": {1, 0}, "grpc": {1, 1}}
	for _, table := range r.Requests.Tables {
		b := table.Blocks[0]
		if got := [2]uint64{b.Failed, b.Timeouts}; got != want[table.Protocol] {
			t.Errorf("%s: failed and timed out %v, want %v", table.Protocol, got, want[table.Protocol])
		}
		delete(want, table.Protocol)
	}
	if len(want) > 0 {
		t.Errorf("no tables for %v", want)
	}
}

// TestLongLineIsScannedOnce counts what is read of a file without newlines, as
// a crash leaves it: its size, not its size for every segment.
func TestLongLineIsScannedOnce(t *testing.T) {
	const size = 1 << 20
	data := append([]byte(aPoint("x", aTime, "1", `{}`)), bytes.Repeat([]byte{0}, size)...)
	f := &countingFile{memFile: newFile(data)}
	read(t, Options{segmentSize: 4096, Workers: 2}, Source{Name: "x", Reader: f})
	if most := int64(3 * size); f.read.Load() > most {
		t.Errorf("%d bytes were read of a file of %d", f.read.Load(), len(data))
	}
}

// countingFile counts what is read of a file at places.
type countingFile struct {
	*memFile
	read atomic.Int64
}

func (f *countingFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.memFile.ReadAt(p, at)
	f.read.Add(int64(n))
	return n, err
}

// TestSeveralSummariesAlone asks for one of them, or for samples.
func TestSeveralSummariesAlone(t *testing.T) {
	summary := func(count string) Source {
		return Source{Name: "s" + count, Reader: strings.NewReader(`{"root_group":{},"metrics":{"http_reqs":{"count":` + count + `,"rate":1}}}`)}
	}
	_, err := Read(t.Context(), []Source{summary("1"), summary("2")}, Options{})
	if want := "read s1, s2: they hold several summaries and no samples: give one summary, or the samples of all parts"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
