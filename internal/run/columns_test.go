package run

import (
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

func backwards(names []string) []string {
	out := slices.Clone(names)
	slices.Reverse(out)
	return out
}
