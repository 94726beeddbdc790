package ingest

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/ingest/influx"
	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6gen"
	"k6report/internal/run"
)

// generated are samples of 40 seconds with 40 requests a second. Their tags
// begin with more.
func generated(t *testing.T, seed uint64, more string) []byte {
	t.Helper()
	var samples bytes.Buffer
	if _, err := k6gen.Write(&samples, k6gen.Options{
		Seed: seed, Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Duration: 40 * time.Second, Rate: 40, Endpoints: 4,
	}); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(samples.Bytes(), []byte(`"tags":{`), []byte(`"tags":{`+more))
}

// thinned drops all samples of a request, by its number and time.
func thinned(t *testing.T, samples []byte, drop func(n int, at time.Time) bool) []byte {
	t.Helper()
	var kept []byte
	n, last := 0, ""
	for line := range bytes.Lines(samples) {
		_, rest, ok := bytes.Cut(line, []byte(`"time":"`))
		if text, _, _ := bytes.Cut(rest, []byte{'"'}); ok {
			if string(text) != last {
				n, last = n+1, string(text)
			}
			at, err := time.Parse(time.RFC3339Nano, last)
			if err != nil {
				t.Fatal(err)
			}
			if drop(n, at) {
				continue
			}
		}
		kept = append(kept, line...)
	}
	if len(kept) == len(samples) {
		t.Fatal("nothing was dropped")
	}
	return kept
}

// losses are how a database loses samples of a run.
var losses = map[string]func(n int, at time.Time) bool{
	"every 50th request":   func(n int, _ time.Time) bool { return n%50 == 0 },
	"every other second":   func(_ int, at time.Time) bool { return at.Unix()%2 == 0 },
	"two of three batches": func(_ int, at time.Time) bool { return at.Add(500*time.Millisecond).Unix()%3 != 0 },
	"every other request":  func(n int, _ time.Time) bool { return n%2 == 0 },
}

// TestRecognised: what is left of a run is known again, and another run with as
// many samples at the same times is not.
func TestRecognised(t *testing.T) {
	whole := generated(t, 5, "")
	file := []*run.Run{read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(whole)})}
	for name, drop := range losses {
		left := []*run.Run{read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(thinned(t, whole, drop))})}
		if !recognised(file, left) || !recognised(left, file) {
			t.Errorf("without %s it is not known again", name)
		}
	}
	for seed := range uint64(5) {
		other := []*run.Run{read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(generated(t, 100+seed, ""))})}
		if recognised(file, other) {
			t.Errorf("another run (seed %d) is taken for this one", 100+seed)
		}
	}
}

// TestSharedButForFew: windows of many samples that each lost one are the same,
// those that lost one in a hundred are not.
func TestSharedButForFew(t *testing.T) {
	const seconds, samples = 4, 4000
	text := func(lost int) []*run.Run {
		var b strings.Builder
		for i := range seconds * samples {
			if i%samples >= lost {
				b.WriteString(aPoint("wait_ms", at(i*1000/samples), fmt.Sprint(2.25+float64(i%7)/1024), `{}`))
			}
		}
		return []*run.Run{read(t, Options{}, Source{Name: "a", Reader: strings.NewReader(b.String())})}
	}
	for lost, want := range map[int]bool{1: true, 40: false} {
		if got := shared(text(0), text(lost)); got != want {
			t.Errorf("%d of %d samples a second lost: shared is %v", lost, samples, got)
		}
	}
}

// TestLossyDatabase gives a run as a file and as a database that lost much of
// it: it counts once, and what was lost is said.
func TestLossyDatabase(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	whole := generated(t, 5, "")
	for i, name := range slices.Sorted(maps.Keys(losses)) {
		id := fmt.Sprint("loss", i)
		left := thinned(t, whole, losses[name])
		if _, err := s.WriteK6(t.Context(), "k6", bytes.NewReader(left), map[string]string{"testid": id}); err != nil {
			t.Fatal(err)
		}
		file := bytes.ReplaceAll(whole, []byte(`"tags":{`), []byte(`"tags":{"testid":"`+id+`",`))
		for _, u := range urls(s, "testid="+id) {
			r := read(t, Options{Instances: 1}, Source{Name: "run.json", Reader: bytes.NewReader(file)}, database(t, u, influx.Credentials{}))
			if n := r.Select("http_reqs", nil).Count; n != 1600 {
				t.Errorf("%s, %s: %d requests, want 1600", u, name, n)
			}
			p, _ := problem(r, "sources_differ")
			if p.Count != 9 || !strings.Contains(p.Message, "has 1600 samples in run.json and ") || !strings.HasSuffix(p.Message, "run.json is used, which is the more complete or the more exact") {
				t.Errorf("%s, %s: %+v", u, name, p)
			}
			for _, code := range []string{codeAdded, "instances_unexpected"} {
				if p, said := problem(r, code); said {
					t.Errorf("%s, %s: %+v", u, name, p)
				}
			}
		}
	}
	// Of too little no claim is made, and the load is not doubled.
	left := thinned(t, whole, func(n int, _ time.Time) bool { return n%200 != 1 })
	if _, err := s.WriteK6(t.Context(), "k6", bytes.NewReader(left), map[string]string{"testid": "little"}); err != nil {
		t.Fatal(err)
	}
	for _, u := range urls(s, "testid=little") {
		_, err := Read(t.Context(), []Source{{Name: "run.json", Reader: bytes.NewReader(whole)}, database(t, u, influx.Credentials{})}, Options{})
		if err == nil || !strings.Contains(err.Error(), "are the same run, of which many samples were lost, or two load generators") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// TestFileBesideOtherDatabase: a file and a database with nothing in common are
// two load generators if their tags say so, else refused.
func TestFileBesideOtherDatabase(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	for id, tags := range map[string]map[string]string{"plain": {"testid": "plain"}, "named": {"testid": "named", "instance": "2"}} {
		if _, err := s.WriteK6(t.Context(), "k6", bytes.NewReader(generated(t, 6, "")), tags); err != nil {
			t.Fatal(err)
		}
		for _, u := range urls(s, "testid="+id) {
			for _, c := range []struct {
				tags  string
				added bool
			}{{"", id == "named"}, {`"instance":"1",`, true}, {`"instance":"2",`, id == "plain"}} {
				file := generated(t, 5, c.tags)
				r, err := Read(t.Context(), []Source{{Name: "run.json", Reader: bytes.NewReader(file)}, database(t, u, influx.Credentials{})}, Options{})
				if c.added {
					if err != nil {
						t.Errorf("%s beside %s: %v", u, c.tags, err)
						continue
					}
					if p, said := problem(r, codeAdded); !said || !strings.Contains(p.Message, " 2 load generators added up") || r.Select("http_reqs", nil).Count != 3200 {
						t.Errorf("%s beside %s: %+v, %d requests", u, c.tags, p, r.Select("http_reqs", nil).Count)
					}
					continue
				}
				hint, ok := err.(interface{ Hint() string })
				if !ok || !strings.Contains(err.Error(), "run.json") || !strings.Contains(err.Error(), "no instance tag tells them apart") || !strings.Contains(hint.Hint(), "--tag instance=NAME") {
					t.Errorf("%s beside %s: %v", u, c.tags, err)
				}
			}
		}
	}
}
