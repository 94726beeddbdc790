package run_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/run"
)

// TestThinSize holds what a baseline keeps of a run to 1 MB for half an hour of
// 20 endpoints at 500/s.
func TestThinSize(t *testing.T) {
	needs.Time(t, "takes seconds")
	b := run.NewBuilder(run.Options{})
	l := load{seed: 1, duration: 30 * time.Minute, rate: 500, endpoints: 20, components: true}
	feed(b, l)
	r := b.Finish()
	before := encode(t, r)
	thin := run.Thin(r, []string{"http_reqs"})
	size := len(encode(t, thin))
	t.Logf("seed %d: %d bytes, blocks of %v instead of %v", l.seed, size, thin.Requests.BlockLength, r.Requests.BlockLength)
	if size > 1_000_000 {
		t.Errorf("seed %d: the thin snapshot takes %d bytes", l.seed, size)
	}
	if !bytes.Equal(encode(t, r), before) {
		t.Error("the run was changed")
	}
	// Longer blocks hold the same.
	for i := range r.Requests.Tables {
		a, b := &r.Requests.Tables[i], &thin.Requests.Tables[i]
		if a.Endpoint != b.Endpoint || a.First != b.First || a.Last != b.Last || sumOf(a) != sumOf(b) {
			t.Errorf("table %v: %+v became %+v", a.Endpoint, sumOf(a), sumOf(b))
		}
		if !bytes.Equal(all(a), all(b)) {
			t.Errorf("table %v has another distribution", a.Endpoint)
		}
	}
}

// A thin run comes back from its snapshot, and the run itself is as before.
func TestThin(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	b.Label("commit", "abc")
	b.SetPlan(&run.Plan{MaxVUs: 5})
	feed(b, load{seed: 2, duration: 20 * time.Second, rate: 50, endpoints: 3, components: true})
	r := b.Finish()
	before := encode(t, r)
	thin := run.Thin(r, []string{"http_reqs"})
	if !bytes.Equal(encode(t, r), before) {
		t.Error("the run was changed")
	}
	back, err := run.Decode(bytes.NewReader(encode(t, thin)))
	if err != nil {
		t.Fatal(err)
	}
	if back.ID != r.ID || back.Started != r.Started || back.Plan == nil || len(back.Labels) != 1 {
		t.Errorf("%+v", back)
	}
	if len(back.Requests.Tables) != len(r.Requests.Tables) || len(back.Requests.Tables) == 0 {
		t.Errorf("%d tables of %d", len(back.Requests.Tables), len(r.Requests.Tables))
	}
	for _, s := range back.Series {
		if s.Metric != "http_reqs" {
			t.Errorf("a series of %s was kept", s.Metric)
		}
	}
	if len(back.Series) == 0 || len(back.Metrics) != 1 {
		t.Errorf("%d series of %d metrics", len(back.Series), len(back.Metrics))
	}
}

// sums are what a table holds in all.
type sums struct {
	count, failed, timeouts, joined uint64
	total                           int64
	parts                           [24]int64
}

func sumOf(t *run.Table) (s sums) {
	for _, b := range t.Blocks {
		s.count += b.Count
		s.failed += b.Failed
		s.timeouts += b.Timeouts
		for k, row := range b.Rows.List {
			s.joined += row.Joined
			s.total += row.Total
			for i, v := range b.Rows.SumsOf(k) {
				s.parts[i] += v
			}
		}
	}
	return s
}

// all is the distribution of a table's durations, as text.
func all(t *run.Table) []byte {
	merged := run.NewSketch(run.BlockBits)
	for _, b := range t.Blocks {
		merged.Merge(b.Durations)
	}
	var out []byte
	for bin, n := range merged.Bins() {
		out = fmt.Appendln(out, bin, n)
	}
	return out
}
