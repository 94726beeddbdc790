package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// growing looks at runs of 0.1, 1 and 8 GB: memory must not grow with them, and
// time no faster than they do.
func (h *harness) growing(ctx context.Context) ([]row, error) {
	files, sizes, bigMissing, err := h.growingRuns(ctx)
	if err != nil {
		return nil, err
	}
	var total int64
	var programs []program
	for i, name := range files {
		total += sizes[i]
		programs = append(programs, h.k6report("analyze", "-q", name))
	}
	if h.machine.memory > 0 && total > h.machine.memory*7/10 {
		h.note("%s don't fit into the page cache of this machine: its disk was measured, too.", bytesOf(total))
	}
	fmt.Fprintf(h.log, "reading %s\n", bytesOf(total))
	results, err := h.compare(ctx, h.n, programs...)
	if err != nil {
		return nil, err
	}
	memory := skipped("peak memory, 8 GB", "–", bigMissing, memoryGoal)
	if bigMissing == "" {
		last := len(files) - 1
		memory = small(memoryOf(sizes[last], h.wanted(eightGB, 2)), results[last].memory)
	}
	return []row{memory, evenly(sizes, results), linearly(sizes, results)}, nil
}

// growingRuns are runs of about 0.1, 1 and 8 GB with their sizes in bytes, the
// last only where it is wanted and there is room; else why not.
func (h *harness) growingRuns(ctx context.Context) (files []string, sizes []int64, bigMissing string, err error) {
	for _, n := range []float64{tenthGB, oneGB, eightGB} {
		if n == eightGB && !h.big {
			return files, sizes, "left out, as asked for", nil
		}
		name, size, err := h.input(ctx, h.wanted(n, 2))
		if n == eightGB && errors.Is(err, errNoRoom) {
			h.note("The run of 8 GB was left out: %v.", err)
			return files, sizes, "no room on the disk", nil
		}
		if err != nil {
			return nil, nil, "", err
		}
		files, sizes = append(files, name), append(sizes, size)
	}
	return files, sizes, "", nil
}

// evenly is the row of the time per byte: the slowest against the fastest.
func evenly(sizes []int64, results []measured) row {
	values, ratio := perByte(sizes, results)
	return row{
		"time per byte, " + listed(sizes, ", "), values, "–",
		fmt.Sprintf("%.2f × between them", ratio), evenGoal, metIf(ratio <= 1.15),
	}
}

const evenGoal = "within 15 %"

// linearly is evenly without what does not depend on the size: of the bytes that
// each run has more than the one before.
func linearly(sizes []int64, results []measured) row {
	what := "time per further byte, " + listed(sizes, " → ")
	if len(sizes) < 3 {
		return skipped(what, "–", "it takes three sizes", evenGoal)
	}
	var more []int64
	var took []measured
	for i := 1; i < len(sizes); i++ {
		if results[i].time <= results[i-1].time || sizes[i] <= sizes[i-1] { // of runs that are all start
			return skipped(what, "–", "runs too short to tell", evenGoal)
		}
		more = append(more, sizes[i]-sizes[i-1])
		took = append(took, measured{time: results[i].time - results[i-1].time})
	}
	r := evenly(more, took)
	r.what = what
	return r
}

func listed(sizes []int64, by string) string {
	var names []string
	for _, size := range sizes {
		names = append(names, bytesOf(size))
	}
	return strings.Join(names, by)
}

// perByte shows the time that each byte took, and how often the shortest fits
// into the longest.
func perByte(sizes []int64, results []measured) (values string, ratio float64) {
	var shown []string
	least, most := math.Inf(1), 0.0
	for i, size := range sizes {
		each := results[i].time.Seconds() / float64(size)
		least, most = min(least, each), max(most, each)
		shown = append(shown, fmt.Sprintf("%.3f", each*1e9))
	}
	return strings.Join(shown, ", ") + " ns", most / least
}
