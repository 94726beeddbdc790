package stat

import "math"

// JainIndex returns the fairness of an allocation, (Σx)² / (n·Σx²), for values
// from 0 up: 1 when all get the same, 1/n when one gets everything.
// NaN when there is nothing to share: no values, all 0, or one that is
// negative or not finite.
// Source: Jain, Chiu and Hawe, "A Quantitative Measure of Fairness and
// Discrimination", DEC TR-301 (1984).
func JainIndex(values []float64) float64 {
	largest := 0.0
	for _, x := range values {
		if !(x >= 0) || math.IsInf(x, 0) {
			return math.NaN()
		}
		largest = max(largest, x)
	}
	if largest == 0 {
		return math.NaN()
	}
	var sum, squares float64
	for _, x := range values {
		x /= largest // so that no square overflows
		sum += x
		squares += x * x
	}
	return sum * sum / (float64(len(values)) * squares)
}
