package run_test

import (
	"math"
	"testing"
	"time"

	"k6report/internal/run"
)

// TestGauges: what several generators say of one gauge.
func TestGauges(t *testing.T) {
	type sample struct {
		instance string
		at       int64
		value    float64
	}
	tests := []struct {
		name    string
		metric  string
		samples []sample
		want    float64
	}{
		{"one generator", "vus", []sample{{"", 1, 5}, {"", 2, 3}}, 3},
		{"vus add up", "vus", []sample{{"a", 1, 5}, {"a", 2, 3}, {"b", 9, 4}}, 7},
		{"vus_max adds up", "vus_max", []sample{{"a", 2, 10}, {"b", 1, 20}}, 30},
		{"others take the latest", "heap", []sample{{"a", 1, 5}, {"a", 3, 2}, {"b", 2, 9}}, 2},
		{"ties take the greatest", "heap", []sample{{"a", 3, 5}, {"b", 3, 9}, {"c", 3, 1}}, 9},
		{"negative ties", "heap", []sample{{"a", 3, -5}, {"b", 3, -9}}, -5},
		{"before the epoch", "heap", []sample{{"a", -3, 5}, {"b", -4, 9}}, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var parts []*run.Run
			for _, s := range test.samples {
				b := run.NewBuilder(run.Options{})
				b.Define(run.Metric{Name: test.metric, Type: run.Gauge})
				var tags []run.Tag
				if s.instance != "" {
					tags = []run.Tag{tag("instance", s.instance)}
				}
				b.Series(b.Metric(test.metric), b.Tags(tags)).Add(s.at*1e9, s.value)
				parts = append(parts, b.Finish())
			}
			r := run.Merge(parts...)
			got := r.Select(test.metric, nil)
			if got.Value != test.want || got.Type != run.Gauge || got.Sketch != nil {
				t.Errorf("the gauge is %v of type %q, want %v", got.Value, got.Type, test.want)
			}
			if got.Count != uint64(len(test.samples)) {
				t.Errorf("%d of %d samples", got.Count, len(test.samples))
			}
		})
	}
}

func TestSelect(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	b.Define(run.Metric{Name: "d", Type: run.Trend})
	for i, group := range []string{"", "::setup", "::setup::db", "::teardown", "::setup users", "::a::setup"} {
		b.Series(b.Metric("d"), b.Tags([]run.Tag{tag("group", group)})).Add(epoch, float64(1+i))
	}
	r := b.Finish()
	all := r.Select("d", nil)
	if median, ok := all.Quantile(0.5); !ok || all.Count != 6 || median < 3.49 || median > 3.51 {
		t.Errorf("the median of %d samples is %v", all.Count, median)
	}
	if mean, ok := all.Mean(); !ok || mean != 3.5 {
		t.Errorf("the mean is %v", mean)
	}
	real := r.Select("d", func(s run.TagSet) bool { return !run.IsSetup(s.Value("group")) })
	if real.Count != 3 || real.Min != 1 || real.Max != 6 {
		t.Errorf("without set-up and teardown there are %d samples from %v to %v", real.Count, real.Min, real.Max)
	}
	none := r.Select("no such", nil)
	if _, ok := none.Quantile(0.5); ok || none.Count != 0 {
		t.Error("a metric without samples has a median")
	}
	if _, ok := none.Mean(); ok {
		t.Error("a metric without samples has a mean")
	}
	var sum run.Selection
	sum.Merge(&none)
	sum.Merge(&real)
	sum.Merge(&none)
	if sum.Count != 3 || sum.Min != 1 || sum.Value != 6 {
		t.Errorf("selections add up to %d samples from %v, the latest %v", sum.Count, sum.Min, sum.Value)
	}
}

func TestTagSets(t *testing.T) {
	a := run.NewTagSet(tag("b", 2), tag("a", 1), tag("b", 3))
	if a != run.NewTagSet(tag("a", 1), tag("b", 3)) {
		t.Error("equal sets differ by the order of tags")
	}
	if got := a.String(); got != "a=1,b=3" {
		t.Errorf("the set is %q", got)
	}
	if _, ok := a.Get("c"); ok || a.Value("b") != "3" || !a.Contains(run.NewTagSet(tag("a", 1))) || a.Contains(run.NewTagSet(tag("a", 2))) {
		t.Error("tags are not found")
	}
	if (run.TagSet{}) != run.NewTagSet() || !a.Contains(run.TagSet{}) {
		t.Error("the zero value is not the empty set")
	}
	if run.NewTagSet(tag("a\xff", "\xfe")) != run.NewTagSet(tag("a\uFFFD", "\uFFFD")) {
		t.Error("a set holds bytes that are no text")
	}
}

// TestSelectionOfNothing must not look later than samples before the epoch.
func TestSelectionOfNothing(t *testing.T) {
	sel := run.Selection{}
	sel.Add(&run.Series{Stats: run.Stats{Count: 1, Min: 5, Max: 5}, Latest: run.Point{Time: -1, Value: 5}})
	sel.Merge(&run.Selection{})
	if sel.Value != 5 {
		t.Errorf("nothing changed the latest value to %v", sel.Value)
	}
}

// TestIDIsNoFolder: an id becomes the name of a file.
func TestIDIsNoFolder(t *testing.T) {
	for _, testid := range []string{".", "..", "..."} {
		b := run.NewBuilder(run.Options{})
		b.Series(b.Metric("m"), b.Tags([]run.Tag{tag("testid", testid)})).Add(0, 1)
		if id := b.Finish().ID; id == "" || id[0] == '.' {
			t.Errorf("testid %q gives the id %q", testid, id)
		}
	}
}

// TestDurationSaturates where the span is more than a Duration tells.
func TestDurationSaturates(t *testing.T) {
	for _, test := range []struct {
		from, to int64
		want     time.Duration
	}{{-3, 4, 7}, {epoch, epoch, 0}, {math.MinInt64, math.MaxInt64, math.MaxInt64}} {
		if got := (&run.Run{Started: test.from, Ended: test.to}).Duration(); got != test.want {
			t.Errorf("from %d to %d: %v, want %v", test.from, test.to, got, test.want)
		}
	}
}
