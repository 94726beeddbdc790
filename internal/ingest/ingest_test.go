package ingest

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"

	"k6report/internal/run"
)

// realRun is the k6 JSON in testdata, unpacked; see testdata/README.md.
func realRun(t testing.TB) []byte {
	t.Helper()
	return unpacked(t, "k6.json.gz")
}

// unpacked is a gzip file of testdata.
func unpacked(t testing.TB, name string) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func testdata(t testing.TB, names ...string) []Source {
	t.Helper()
	var sources []Source
	for _, name := range names {
		f, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		sources = append(sources, Source{Name: name, Reader: f})
	}
	return sources
}

func read(t testing.TB, o Options, sources ...Source) *run.Run {
	t.Helper()
	r, err := Read(context.Background(), sources, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encoded(t testing.TB, r *run.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := run.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestNumbersOfK6 holds every number that can be had from samples against the
// summary that k6 made of the same run.
func TestNumbersOfK6(t *testing.T) {
	r := read(t, Options{}, testdata(t, "k6.json.gz", "summary.json", "plan.json")...)
	if r.Reported == nil || r.Plan == nil {
		t.Fatal("the summary or the plan is missing from the run")
	}
	compared := 0
	for _, m := range r.Reported.Metrics {
		name, match := m.Name, func(run.TagSet) bool { return true }
		if base, tags, ok := submetric(m.Name); ok {
			set := run.NewTagSet(tags...)
			name, match = base, func(have run.TagSet) bool { return have.Contains(set) }
		}
		s := r.Select(name, match)
		for _, v := range m.Values {
			got, tolerance, ok := statistic(&s, v.Name)
			if !ok {
				continue
			}
			compared++
			if math.Abs(got-v.Value) > tolerance*math.Abs(v.Value)+1e-9 {
				t.Errorf("%s %s: %v, k6 says %v", m.Name, v.Name, got, v.Value)
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d numbers were compared", compared)
	}
}

func statistic(s *run.Selection, name string) (v, tolerance float64, ok bool) {
	quantile := func(q float64) (float64, float64, bool) {
		v, ok := s.Quantile(q)
		return v, 0.001, ok
	}
	switch {
	case name == "count" && s.Type == run.Counter:
		return s.Sum.Float(), 0, true
	case name == "count":
		return float64(s.Count), 0, true
	case name == "passes":
		return float64(s.Nonzero), 0, true
	case name == "fails":
		return float64(s.Count - s.Nonzero), 0, true
	case name == "value" && s.Type == run.Gauge:
		return s.Value, 0, true
	case name == "value":
		v, ok := s.Mean()
		return v, 0, ok
	case name == "avg":
		v, ok := s.Mean()
		return v, 0, ok
	case name == "min":
		return s.Min, 0, true
	case name == "max":
		return s.Max, 0, true
	case name == "med":
		return quantile(0.5)
	case name == "p(90)":
		return quantile(0.9)
	case name == "p(95)":
		return quantile(0.95)
	case name == "p(99)":
		return quantile(0.99)
	}
	return 0, 0, false
}

// TestAnyCutGivesTheSameRun cuts the real run into two sources at places all
// over the file, lines of one request apart among them.
func TestAnyCutGivesTheSameRun(t *testing.T) {
	t.Parallel()
	data := realRun(t)
	n := 3000
	if testing.Short() {
		n = 500
	}
	lines := bytes.SplitAfter(data, []byte("\n"))[:n]
	whole := bytes.Join(lines, nil)
	source := func(name string, b []byte) Source { return Source{Name: name, Reader: bytes.NewReader(b)} }
	want := read(t, Options{}, source("x", whole))
	for cut := 1; cut < n; cut += 1 + cut%53 {
		head, tail := bytes.Join(lines[:cut], nil), bytes.Join(lines[cut:], nil)
		got := read(t, Options{}, source("x", head), source("x", tail))
		sameButSources(t, want, got)
		if t.Failed() {
			t.Fatalf("cut after line %d", cut)
		}
	}
}

// sameButSources compares runs by their bytes, leaving out what they say of
// their sources.
func sameButSources(t *testing.T, want, got *run.Run) {
	t.Helper()
	w, g := *want, *got
	w.Sources, g.Sources = nil, nil
	for _, r := range []*run.Run{&w, &g} {
		r.Problems = slices.Clone(r.Problems)
		for i := range r.Problems {
			r.Problems[i].Source = ""
		}
	}
	if !reflect.DeepEqual(w, g) && !bytes.Equal(encoded(t, &w), encoded(t, &g)) {
		t.Errorf("the runs differ: problems %+v and %+v, unjoined %d and %d, started %d and %d", w.Problems, g.Problems, w.Requests.Unjoined, g.Requests.Unjoined, w.Started, g.Started)
	}
}

func TestDetectionIsByContent(t *testing.T) {
	r := read(t, Options{}, testdata(t, "k6.json.gz", "summary.json", "plan.json")...)
	var kinds []string
	for _, s := range r.Sources {
		kinds = append(kinds, s.Format)
	}
	slices.Sort(kinds)
	if want := []string{"inspect", "k6-json", "summary"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %q, want %q", kinds, want)
	}
}

func TestPlan(t *testing.T) {
	r := read(t, Options{}, testdata(t, "k6.json.gz", "plan.json")...)
	if n := len(r.Plan.Scenarios); n != 5 {
		t.Fatalf("%d scenarios, want 5", n)
	}
	if s := r.Plan.Scenarios[0]; s.Name != "a" || s.Rate != 50 || s.Duration.Seconds() != 3 || s.TimeUnit.Seconds() != 1 {
		t.Errorf("scenario a is %+v", s)
	}
	if s := r.Plan.Scenarios[1]; s.Start.Seconds() != 1 || s.Duration.Seconds() != 2 || len(s.Stages) != 2 || s.MaxVUs != 3 {
		t.Errorf("scenario b is %+v", s)
	}
}
