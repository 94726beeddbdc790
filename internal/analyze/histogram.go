package analyze

import (
	"math"
	"slices"

	"k6report/internal/config"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// histogram holds durations by block of time, so that a statistic can be
// computed of any selection of blocks.
type histogram struct {
	middles []float64 // of the bins that hold values, ascending
	blocks  [][]binCount
	count   uint64
	sums    []float64 // scratch, by bin
}

type binCount struct {
	bin   int
	count float64
}

// newHistogram adds up sketches by block; nil without values.
func newHistogram(byBlock map[int64]*run.Sketch) *histogram {
	h := &histogram{}
	binOf := make(map[float64]int)
	for _, s := range byBlock {
		for r := range s.Bins() {
			binOf[middle(r)] = 0
		}
	}
	h.middles = sortedKeys(binOf)
	for i, m := range h.middles {
		binOf[m] = i
	}
	for _, index := range sortedKeys(byBlock) {
		var block []binCount
		for r, n := range byBlock[index].Bins() {
			block = append(block, binCount{binOf[middle(r)], float64(n)})
			h.count += n
		}
		h.blocks = append(h.blocks, block)
	}
	h.sums = make([]float64, len(h.middles))
	if h.count == 0 {
		return nil
	}
	return h
}

// middle of a bin; of one without a bound, its other bound.
func middle(r run.Range) float64 {
	switch {
	case math.IsInf(r.Low, 0):
		return r.High
	case math.IsInf(r.High, 0):
		return r.Low
	}
	return (r.Low + r.High) / 2
}

// weigh adds the blocks up, each as often as its weight says; nil weighs each
// once. The result is valid until the next call.
func (h *histogram) weigh(weights []float64) (counts []float64, total float64) {
	clear(h.sums)
	for i, block := range h.blocks {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if w == 0 {
			continue
		}
		for _, b := range block {
			h.sums[b.bin] += w * b.count
			total += w * b.count
		}
	}
	return h.sums, total
}

// statisticOf computes a gate's statistic of weighted blocks; NaN where there is
// none.
func statisticOf(h *histogram, s config.Statistic, weights []float64) float64 {
	counts, total := h.weigh(weights)
	if q, ok := s.Quantile(); ok {
		return h.quantile(counts, total, q)
	}
	if s.Method == threshold.Avg {
		return h.fastest(counts, total, s.FastestPercent/100)
	}
	return math.NaN()
}

// quantile interpolates between ranks as k6 does.
func (h *histogram) quantile(counts []float64, total, q float64) float64 {
	if total == 0 {
		return math.NaN()
	}
	rank := q * (total - 1)
	below := math.Floor(rank)
	low, high := h.ranked(counts, below), h.ranked(counts, math.Ceil(rank))
	return low + (high-low)*(rank-below)
}

// ranked is the value of a rank, from 0.
func (h *histogram) ranked(counts []float64, rank float64) float64 {
	seen := 0.0
	for i, n := range counts {
		seen += n
		if rank < seen {
			return h.middles[i]
		}
	}
	return h.middles[len(h.middles)-1]
}

// fastest is the average of the fastest share of values.
func (h *histogram) fastest(counts []float64, total, share float64) float64 {
	left := total * share
	if left == 0 {
		return math.NaN()
	}
	sum, wanted := 0.0, left
	for i, n := range counts {
		n = min(n, left)
		sum += n * h.middles[i]
		if left -= n; left <= 0 {
			break
		}
	}
	return sum / wanted
}

// pooled puts histograms together as if they were one run's.
func pooled(list []*histogram) *histogram {
	var all histogram
	for _, h := range list {
		all.middles = append(all.middles, h.middles...)
	}
	slices.Sort(all.middles)
	all.middles = slices.Compact(all.middles)
	for _, h := range list {
		for _, block := range h.blocks {
			moved := make([]binCount, len(block))
			for i, b := range block {
				at, _ := slices.BinarySearch(all.middles, h.middles[b.bin])
				moved[i] = binCount{at, b.count}
			}
			all.blocks = append(all.blocks, moved)
		}
		all.count += h.count
	}
	all.sums = make([]float64, len(all.middles))
	return &all
}
