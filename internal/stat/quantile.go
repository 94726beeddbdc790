package stat

import "math"

// Quantile returns the q-quantile, 0 ≤ q ≤ 1, of values in ascending order as
// k6 computes it: linearly between the two values around rank q·(n−1).
// NaN without values or with q outside its range.
// Source: type 7 of Hyndman and Fan, "Sample Quantiles in Statistical
// Packages", The American Statistician 50 (1996).
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	rank := q * float64(len(sorted)-1)
	below := math.Floor(rank)
	low, high := sorted[int(below)], sorted[int(math.Ceil(rank))]
	if low == high { // infinities too, whose difference is none
		return low
	}
	return low + (high-low)*(rank-below)
}

// OfferedQuantile returns which quantile of the completed requests is the
// p-quantile of the offered ones when a share of the offered was dropped, both
// from 0 to 1. Dropped requests count as infinitely slow; it is false, and the
// quantile unbounded, when they reach it: for p = 0.95, from a share of 5 % on.
func OfferedQuantile(p, dropped float64) (float64, bool) {
	q := p / (1 - dropped)
	if !(p >= 0 && p <= 1 && dropped >= 0 && dropped < 1) || dropped > 0 && q >= 1-1e-12 {
		return math.NaN(), false
	}
	return q, true
}
