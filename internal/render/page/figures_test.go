package page

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"k6report/internal/analyze"
	"k6report/internal/ingest"
	"k6report/internal/k6gen"
	"k6report/internal/needs"
	"k6report/internal/render/chart"
	"k6report/internal/report"
	"k6report/internal/run"
)

// halfAnHour is a made-up run of 30 minutes with 20 endpoints and a server's
// times.
func halfAnHour(t testing.TB, seed uint64) *run.Run {
	t.Helper()
	var samples bytes.Buffer
	_, err := k6gen.Write(&samples, k6gen.Options{
		Seed: seed, Start: time.Date(2026, 11, 23, 8, int(40*seed), 0, 0, time.UTC), Duration: 30 * time.Minute,
		Rate: 6, Endpoints: 20, Components: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ingest.Read(t.Context(), []ingest.Source{{Name: "run.json", Reader: &samples}}, ingest.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A page of half an hour with 20 endpoints has room for all it shows, the
// comparison with a baseline and its pictures included.
func TestSizeOfThePage(t *testing.T) {
	needs.Time(t, "it makes up and reads runs of half an hour")
	const limit = 500_000
	r := analyze.Analyze(halfAnHour(t, 1), analyze.Options{Baseline: &analyze.Baseline{Name: "main", Runs: []*run.Run{halfAnHour(t, 2), halfAnHour(t, 3)}}})
	if n := len(r.Run.Endpoints); n != 20 {
		t.Fatalf("%d endpoints", n)
	}
	if c := r.Chart(report.ChartDistribution); c == nil || len(c.Series) != 2 || r.Comparison == nil || len(r.Comparison.Gates) == 0 {
		t.Fatal("nothing was compared")
	}
	size := len(pageOf(t, r))
	t.Logf("%d kB: %d kB of them pictures", size/1000, pictureBytes(r)/1000)
	if size > limit {
		t.Errorf("the page has %d bytes, want at most %d", size, limit)
	}
}

func pictureBytes(r *report.Report) int {
	n := 0
	for _, p := range chart.Pictures(r) {
		n += len(p.SVG())
		if data, err := json.Marshal(p.Data); err == nil {
			n += len(data)
		}
	}
	return n
}
