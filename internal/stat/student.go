package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// StudentQuantile returns the p-quantile, 0 < p < 1, of Student's t with so
// many degrees of freedom, over 0. NaN outside these ranges.
func StudentQuantile(p, degrees float64) float64 {
	if !(p > 0 && p < 1) || !(degrees > 0) {
		return math.NaN()
	}
	// The tail behind t is I(x; ν/2, 1/2)/2 with x = ν/(ν+t²).
	x := mathext.InvRegIncBeta(degrees/2, 0.5, 2*min(p, 1-p))
	t := math.Sqrt(degrees * (1 - x) / x)
	if p < 0.5 {
		return -t
	}
	return t
}

// StudentTail returns the probability that Student's t with so many degrees of
// freedom, over 0, is at least t. NaN when either is NaN or there are none.
func StudentTail(t, degrees float64) float64 {
	if math.IsNaN(t) || !(degrees > 0) {
		return math.NaN()
	}
	if math.IsInf(t, 0) {
		return map[bool]float64{true: 0, false: 1}[t > 0]
	}
	// Of |t|, so that a small tail keeps its digits.
	tail := mathext.RegIncBeta(degrees/2, 0.5, degrees/(degrees+t*t)) / 2
	if t < 0 {
		return 1 - tail
	}
	return tail
}

// Spread is a pooled standard deviation: of groups that each have their own
// mean.
type Spread struct {
	SD      float64 // NaN without degrees of freedom
	Degrees float64 // of freedom: values less groups
}

// PooledSpread returns the standard deviation within groups of values. Groups
// of fewer than two values add nothing.
func PooledSpread(groups ...[]float64) Spread {
	squares, degrees := 0.0, 0.0
	for _, g := range groups {
		if len(g) < 2 {
			continue
		}
		mean := Mean(g)
		for _, y := range g {
			squares += (y - mean) * (y - mean)
		}
		degrees += float64(len(g) - 1)
	}
	if degrees == 0 {
		return Spread{SD: math.NaN()}
	}
	return Spread{SD: math.Sqrt(squares / degrees), Degrees: degrees}
}

// Mean returns the arithmetic mean, NaN without values.
func Mean(values []float64) float64 {
	sum := 0.0
	for _, y := range values {
		sum += y
	}
	return sum / float64(len(values))
}

// SuccessiveSD returns the standard deviation of values in the order of time
// from their successive differences, so that a slow drift or a few steps hardly
// raise it, and how many differences it rests on. Differences are taken within
// groups only. NaN without any.
// Source: von Neumann, Kent, Bellinson and Hart, "The Mean Square Successive
// Difference", Annals of Mathematical Statistics 12 (1941).
func SuccessiveSD(groups ...[]float64) (sd float64, differences int) {
	squares := 0.0
	for _, g := range groups {
		for i := 1; i < len(g); i++ {
			squares += (g[i] - g[i-1]) * (g[i] - g[i-1])
			differences++
		}
	}
	if differences == 0 {
		return math.NaN(), 0
	}
	return math.Sqrt(squares / float64(differences) / 2), differences
}
