package run_test

import (
	"slices"
	"testing"

	"k6report/internal/run"
)

// TestWithRoom: lists grow by a quarter, keep what they hold, and are made anew
// only where there is no room.
func TestWithRoom(t *testing.T) {
	var list []int
	made := 0
	for i := range 1000 {
		before := cap(list)
		list = append(run.WithRoom(list), i)
		if cap(list) == before {
			continue
		}
		made++
		if most := len(list) + len(list)/4 + 4; cap(list) > most {
			t.Errorf("%d elements have room for %d, want %d at most", len(list), cap(list), most)
		}
	}
	if !slices.IsSorted(list) || len(list) != 1000 || list[999] != 999 {
		t.Error("elements are lost")
	}
	if made > 30 {
		t.Errorf("a list of 1000 was made %d times", made)
	}
}
