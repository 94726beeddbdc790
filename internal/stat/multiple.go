package stat

import (
	"math"
	"slices"
)

// Holm returns p-values adjusted for being several: rejecting what is at most
// α keeps the chance of any false rejection at most α, however the tests depend
// on each other. NaN stays NaN and doesn't count.
// Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
// Scandinavian Journal of Statistics 6 (1979).
func Holm(p []float64) []float64 {
	adjusted, order := inOrder(p)
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, p[i]*float64(len(order)-rank)))
		adjusted[i] = largest
	}
	return adjusted
}

// BenjaminiHochberg returns q-values: of what is at most q, an expected share of
// at most q is false. It holds for tests that are independent or positively
// dependent. NaN stays NaN and doesn't count.
// Source: Benjamini and Hochberg, "Controlling the False Discovery Rate",
// Journal of the Royal Statistical Society B 57 (1995).
func BenjaminiHochberg(p []float64) []float64 {
	adjusted, order := inOrder(p)
	smallest := 1.0
	for rank := len(order) - 1; rank >= 0; rank-- {
		i := order[rank]
		smallest = min(smallest, p[i]*float64(len(order))/float64(rank+1))
		adjusted[i] = smallest
	}
	return adjusted
}

// inOrder is a copy of p, and the places of its numbers from the smallest.
func inOrder(p []float64) (adjusted []float64, order []int) {
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	return slices.Clone(p), order
}
