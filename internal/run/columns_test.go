package run

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// Gauges that are sampled with a request leave the room to its times, in
// whatever order they come.
func TestTimesComeBeforeGauges(t *testing.T) {
	var names []string
	for i := range 15 {
		names = append(names, fmt.Sprintf("a_gauge_%02d", i), fmt.Sprintf("t%02d_ms", i))
	}
	for _, order := range [][]string{names, slices.Sorted(slices.Values(names)), backwards(names)} {
		b := NewBuilder(Options{})
		at := b.AddRequest("http", b.Tags([]Tag{{"name", "get"}}), &Request{Start: 1e18, Duration: 5, Total: 5})
		for i, name := range order {
			b.Join(at, name, 1, i == 0)
		}
		columns := b.Finish().Requests.Columns
		for i := range 15 {
			if name := fmt.Sprintf("t%02d_ms", i); !slices.Contains(columns, name) {
				t.Errorf("%s gave way to %v", name, columns)
			}
		}
	}
}

// What is wanted has a column, whatever comes before it by name, in whatever order
// or parts it comes; what has none is told, also behind a snapshot.
func TestWantedColumnsStay(t *testing.T) {
	wanted := map[string]int{"z_total": 2, "y_wanted_ms": 1, "z_wanted_ms": 1}
	o := Options{Wanted: func(metric string) int { return wanted[metric] }}
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("a%02d_ms", i))
	}
	names = append(names, "y_wanted_ms", "z_total", "z_wanted_ms")
	build := func(names []string) *Run {
		b := NewBuilder(o)
		tags := b.Tags([]Tag{{"name", "get"}})
		at := b.AddRequest("http", tags, &Request{Start: 1e18, Duration: 5, Total: 5})
		for i, name := range names {
			b.Series(b.Metric(name), tags).Add(1e18, 1)
			b.Join(at, name, 1, i == 0)
		}
		return b.Finish()
	}
	kept := func(r *Run) *Run {
		var snapshot bytes.Buffer
		if err := Encode(&snapshot, r); err != nil {
			t.Fatal(err)
		}
		out, err := Decode(&snapshot)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	room := maxColumns - clientColumns
	for what, r := range map[string]*Run{
		"in order": build(names), "backwards": build(backwards(names)),
		"few more than fit":   build(names[30-room:]),
		"parts":               Merge(build(names[:5]), build(names[5:25]), build(names[25:])),
		"parts backwards":     Merge(build(names[25:]), build(names[5:25]), build(names[:5])),
		"parts of one metric": Merge(build(names[:room]), build(names[30:31]), build(names[31:32]), build(names[32:])),
		"snapshots":           Merge(kept(build(names[:room])), kept(build(names[20:]))),
	} {
		for name := range wanted {
			if !slices.Contains(r.Requests.Columns, name) {
				t.Errorf("%s: %s gave way to %v", what, name, r.Requests.Columns)
			}
		}
		if n := len(r.Requests.Columns); n != maxColumns {
			t.Errorf("%s: %d columns, want %d", what, n, maxColumns)
		}
		for _, m := range r.Metrics {
			if has := slices.Contains(r.Requests.Columns, m.Name); m.NoColumn == has {
				t.Errorf("%s: %s has a column: %v, and is told to have none: %v", what, m.Name, has, m.NoColumn)
			}
		}
	}
}

func backwards(names []string) []string {
	out := slices.Clone(names)
	slices.Reverse(out)
	return out
}
