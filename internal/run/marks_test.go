package run

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMarks: numbers come out as sorting gives them, and each has the place it has
// there, whatever was marked before.
func TestMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		highest := rapid.Uint32Range(0, 1000).Draw(t, "highest")
		m := newMarks(highest)
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			numbers := rapid.SliceOf(rapid.Uint32Range(0, highest)).Draw(t, "numbers")
			for _, number := range numbers {
				m.mark(number)
			}
			slices.Sort(numbers)
			want := slices.Compact(numbers)
			if got := slices.Collect(m.inOrder()); !slices.Equal(got, want) {
				t.Fatalf("in order: %d, want %d", got, want)
			}
			for at, number := range want {
				if got := m.placeOf(number); got != at {
					t.Fatalf("the place of %d of %d is %d, want %d", number, want, got, at)
				}
			}
			m.clear()
		}
	})
}
