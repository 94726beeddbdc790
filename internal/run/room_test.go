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

// TestLonger: a list keeps what it holds, has no more room than a quarter of it, and
// none at first.
func TestLonger(t *testing.T) {
	var list []int
	made := 0
	for n := 1; len(list) < 1000; n = n%3 + 1 {
		before, length := cap(list), len(list)
		list = run.Longer(list, n)
		for i := range n {
			list[length+i] = length + i
		}
		if cap(list) == before {
			continue
		}
		made++
		if most := max(len(list), length+length/4) * 5 / 4; cap(list) > most { // sizes of memory come in steps
			t.Errorf("%d elements have room for %d, want %d at most", len(list), cap(list), most)
		}
	}
	for i, got := range list {
		if got != i {
			t.Fatalf("element %d became %d", i, got)
		}
	}
	if made > 40 {
		t.Errorf("a list of 1000 was made %d times", made)
	}
}
