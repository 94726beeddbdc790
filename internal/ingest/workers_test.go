package ingest

import (
	"bytes"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"k6report/internal/ingest/influx"
	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6gen"
)

// sameBytesAnyway reads a run with 1, 2 and 8 processors, and as many goroutines
// of the reader: the snapshots must be the same, byte for byte.
func sameBytesAnyway(t *testing.T, open func() []Source) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []byte
	for _, processors := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(processors)
		for _, workers := range []int{1, 2, 8} {
			if testing.Short() && processors*workers != 1 && processors*workers != 16 {
				continue
			}
			got := encoded(t, read(t, Options{Workers: workers, segmentSize: 20_000}, open()...))
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d goroutines on %d processors give another run", workers, processors)
			}
		}
	}
}

// TestEveryInputOnAnyMachine reads each kind of file, and a file beside its
// summary. It can't run beside other tests, for it sets the processors.
func TestEveryInputOnAnyMachine(t *testing.T) {
	for _, names := range [][]string{
		{"k6.json.gz"},
		{"k6.csv.gz"},
		{"k6-unix_milli.csv.gz"},
		{"k6-rfc3339.csv.gz"},
		{"k6-rfc3339_nano.csv.gz"},
		{"summary-legacy.json"},
		{"summary-data.json"},
		{"summary-new.json"},
		{"k6csv.json.gz", "k6.csv.gz", "summary-legacy.json"},
		{"k6.json.gz", "summary.json", "plan.json"},
	} {
		t.Run(names[0], func(t *testing.T) {
			sameBytesAnyway(t, func() []Source { return testdata(t, names...) })
		})
	}
	for name, file := range map[string]string{"JSON": "k6.json.gz", "CSV": "k6.csv.gz"} {
		t.Run(name+" in segments", func(t *testing.T) {
			data := unpack(t, testdata(t, file)[0])
			sameBytesAnyway(t, func() []Source { return []Source{{Name: "x", Reader: newFile(data)}} })
		})
	}
	t.Run("snapshots", func(t *testing.T) {
		one := encoded(t, read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader([]byte(aGenerator(3, 10, 0, `{}`)))}))
		other := encoded(t, read(t, Options{}, Source{Name: "b", Reader: bytes.NewReader([]byte(aGenerator(4, 10, 0.3, `{}`)))}))
		sameBytesAnyway(t, func() []Source {
			return []Source{{Name: "a", Reader: bytes.NewReader(one)}, {Name: "b", Reader: bytes.NewReader(other)}}
		})
	})
}

// TestDatabaseOnAnyMachine reads a run of many slices of time in both languages.
func TestDatabaseOnAnyMachine(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	var samples bytes.Buffer
	if _, err := k6gen.Write(&samples, k6gen.Options{
		Seed: 5, Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Duration: 4 * time.Minute, Rate: 15, Endpoints: 6,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteK6(t.Context(), "k6", &samples, map[string]string{"testid": "one"}); err != nil {
		t.Fatal(err)
	}
	for _, u := range urls(s, "testid=one") {
		t.Run(u[:9], func(t *testing.T) {
			sameBytesAnyway(t, func() []Source { return []Source{database(t, u, influx.Credentials{})} })
		})
	}
}

// TestFileAndDatabase gives the same run as a file and as a database: it counts
// once, what the database lost is stated, and the database of another run is
// refused.
func TestFileAndDatabase(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	whole, other := plainSamples(t, "k6.json.gz", tagged("whole")), plainSamples(t, "k6csv.json.gz", tagged("other"))
	holed := plainSamples(t, "k6.json.gz", tagged("holed"))
	keep(t, s, whole, other, without(t, holed, 3))
	files := map[string][]byte{"whole": whole, "holed": holed}
	for id, file := range files {
		for _, u := range urls(s, "testid="+id) {
			r := read(t, Options{}, Source{Name: "run.json", Reader: bytes.NewReader(file)}, database(t, u, influx.Credentials{}))
			sameRun(t, r, file)
			p, differ := problem(r, "sources_differ")
			if differ != (id == "holed") {
				t.Errorf("%s: sources_differ is %v: %+v", u, differ, p)
			}
			if differ && (p.Count != 1 || !strings.Contains(p.Message, "http_req_waiting has ") || !strings.HasSuffix(p.Message, "run.json is used, which is the more complete or the more exact")) {
				t.Errorf("%s: %+v", u, p)
			}
		}
	}
	// Of a file that breaks off the database is used.
	cut := whole[:bytes.LastIndexByte(whole[:len(whole)*3/4], '\n')+1]
	for _, u := range urls(s, "testid=whole") {
		r := read(t, Options{}, Source{Name: "run.json", Reader: bytes.NewReader(cut)}, database(t, u, influx.Credentials{}))
		sameRun(t, r, whole)
		if p, _ := problem(r, "sources_differ"); !strings.Contains(p.Message, "influxdb") || !strings.HasSuffix(p.Message, " is used, which is the more complete or the more exact") || p.Source != "run.json" {
			t.Errorf("%s beside a file that breaks off: %+v", u, r.Problems)
		}
	}
	for _, u := range urls(s, "testid=other") {
		_, err := Read(t.Context(), []Source{{Name: "run.json", Reader: bytes.NewReader(whole)}, database(t, u, influx.Credentials{})}, Options{})
		if hint, ok := err.(interface{ Hint() string }); !ok || !strings.Contains(hint.Hint(), "k6report compare OLD NEW") {
			t.Errorf("%s beside a file of another run: %v", u, err)
		}
	}
}

// without drops some samples of http_req_waiting.
func without(t *testing.T, samples []byte, n int) []byte {
	t.Helper()
	var kept []byte
	for line := range bytes.Lines(samples) {
		if n > 0 && bytes.Contains(line, []byte(`"http_req_waiting"`)) {
			n--
			continue
		}
		kept = append(kept, line...)
	}
	if n > 0 {
		t.Fatal("there are not so many")
	}
	return kept
}
