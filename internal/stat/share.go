package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

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

// WilsonInterval returns the interval of a share of which count of total were
// seen, at a confidence between 0 and 1 (two-sided). Without observations it is
// 0 to 1: nothing is known. NaN when count is not within 0 to total, or the
// confidence not within its range.
// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical
// Inference", JASA 22 (1927), without continuity correction.
func WilsonInterval(count, total int64, confidence float64) (low, high float64) {
	if count < 0 || total < count || !(confidence > 0 && confidence < 1) {
		return math.NaN(), math.NaN()
	}
	if total == 0 {
		return 0, 1
	}
	z := distuv.UnitNormal.Quantile(0.5 + confidence/2)
	n, p := float64(total), float64(count)/float64(total)
	scale := 1 / (1 + z*z/n)
	centre := scale * (p + z*z/(2*n))
	half := scale * z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high = max(centre-half, 0), min(centre+half, 1)
	// The ends are exact where rounding would miss them.
	if count == 0 {
		low = 0
	}
	if count == total {
		high = 1
	}
	return low, high
}
