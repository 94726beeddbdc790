package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// MonotonicTrend is what a series does over time.
type MonotonicTrend struct {
	// P is the two-sided probability of a trend as clear in a series without
	// one, corrected for autocorrelation; NaN when it can't be told.
	P float64
	// Slope is the median of the slopes between all pairs of points, per unit of
	// time, and Start the fitted value at time 0.
	Slope, Start float64
}

// minTrend is the fewest values that a trend is looked for in.
const minTrend = 10

// FindTrend looks for a monotonic trend of values at ascending times. NaN values
// must be left out before. P is NaN for fewer than 10 values.
//
// Sources: the test of Mann (Econometrica 13, 1945) and Kendall (Rank
// Correlation Methods, 1955) with ties; the variance corrected for
// autocorrelation as in Hamed and Rao, "A Modified Mann-Kendall Trend Test for
// Autocorrelated Data", Journal of Hydrology 204 (1998): of the ranks of what
// is left without the slope, at lags at which it is significant at 5 %; the
// slope of Theil (1950) and Sen, "Estimates of the Regression Coefficient Based
// on Kendall's Tau", JASA 63 (1968).
func FindTrend(times, values []float64) MonotonicTrend {
	n := len(values)
	out := MonotonicTrend{P: math.NaN(), Slope: math.NaN(), Start: math.NaN()}
	if n < 2 || len(times) != n {
		return out
	}
	slopes := make([]float64, 0, n*(n-1)/2)
	s := 0.0
	for i := range values {
		for j := i + 1; j < n; j++ {
			if dt := times[j] - times[i]; dt > 0 {
				slopes = append(slopes, (values[j]-values[i])/dt)
			}
			switch {
			case values[j] > values[i]:
				s++
			case values[j] < values[i]:
				s--
			}
		}
	}
	if len(slopes) == 0 {
		return out
	}
	slices.Sort(slopes)
	out.Slope = Quantile(slopes, 0.5)
	rest := make([]float64, n)
	for i, v := range values {
		rest[i] = v - out.Slope*times[i]
	}
	sorted := slices.Clone(rest)
	slices.Sort(sorted)
	out.Start = Quantile(sorted, 0.5)
	if n < minTrend {
		return out
	}
	variance := kendallVariance(values) * hamedRao(rest)
	if s == 0 || variance <= 0 {
		out.P = 1
		return out
	}
	z := (math.Abs(s) - 1) / math.Sqrt(variance) // with the correction for continuity
	out.P = math.Erfc(z / math.Sqrt2)            // of both tails
	return out
}

// Decorrelate averages neighbours in pairs, again and again, until what lies next
// to each other no longer resembles each other, or fewer than twice the values
// that a trend is looked for in are left: the correction of [FindTrend] alone
// finds trends in short correlated noise too often.
func Decorrelate(times, values []float64) (t, v []float64) {
	for len(values) >= 2*minTrend && resembling(detrended(times, values)) {
		times, values = halve(times), halve(values)
	}
	return times, values
}

// FindRelation looks for what y does with x beside what both do over time: where
// both are above or below their own trend, that is their relation and not time's.
// Neighbours are averaged as by [Decorrelate], as long as what x leaves of y
// resembles its neighbour. span is by how much x varies beside its trend.
//
// Source: partial regression, Frisch and Waugh, "Partial Time Regressions as
// Compared with Individual Trends", Econometrica 1 (1933), with the slopes and the
// test of [FindTrend].
func FindRelation(times, x, y []float64) (t MonotonicTrend, span float64) {
	for {
		ofX, ofY := detrended(times, x), detrended(times, y)
		order := ascending(ofX)
		sortedX, sortedY := make([]float64, len(order)), make([]float64, len(order))
		for i, at := range order {
			sortedX[i], sortedY[i] = ofX[at], ofY[at]
		}
		t = FindTrend(sortedX, sortedY)
		if math.IsNaN(t.Slope) {
			return t, 0
		}
		span = sortedX[len(order)-1] - sortedX[0]
		for i := range ofY {
			ofY[i] -= t.Slope * ofX[i]
		}
		if len(times) < 2*minTrend || !resembling(ofY) {
			return t, span
		}
		times, x, y = halve(times), halve(x), halve(y)
	}
}

// detrended is values without their slope over time.
func detrended(times, values []float64) []float64 {
	slope := FindTrend(times, values).Slope
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v - slope*times[i]
	}
	return out
}

// resembling reports whether neighbours resemble each other by more than chance.
func resembling(values []float64) bool {
	return math.Abs(lagOne(ranksOf(values))) >= mathext.NormalQuantile(0.95)/math.Sqrt(float64(len(values)))
}

// halve averages neighbours in pairs; of an odd number the first, the youngest of
// the system, is left out.
func halve(values []float64) []float64 {
	half := make([]float64, len(values)/2)
	for i := range half {
		at := len(values) - 2*len(half) + 2*i
		half[i] = (values[at] + values[at+1]) / 2
	}
	return half
}

// lagOne is the autocorrelation of neighbours; 0 of a constant.
func lagOne(values []float64) float64 {
	mean := Mean(values)
	var squares, neighbours float64
	for i, v := range values {
		squares += (v - mean) * (v - mean)
		if i > 0 {
			neighbours += (v - mean) * (values[i-1] - mean)
		}
	}
	if squares == 0 {
		return 0
	}
	return neighbours / squares
}

// kendallVariance is that of Kendall's S of independent values, with ties.
func kendallVariance(values []float64) float64 {
	n := float64(len(values))
	sum := n * (n - 1) * (2*n + 5)
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to] == sorted[from] {
			to++
		}
		t := float64(to - from)
		sum -= t * (t - 1) * (2*t + 5)
		from = to
	}
	return sum / 18
}

// hamedRao is the factor by which autocorrelation raises the variance of S; it
// is held to 1 and more, for negative correlation is as often an accident of a
// short series, and would make trends of noise.
func hamedRao(rest []float64) float64 {
	ranks := ranksOf(rest)
	n := len(ranks)
	mean := Mean(ranks)
	denominator := 0.0
	for _, r := range ranks {
		denominator += (r - mean) * (r - mean)
	}
	if denominator == 0 {
		return 1
	}
	size := float64(n)
	sum := 0.0
	limit := mathext.NormalQuantile(0.975) / math.Sqrt(size)
	for lag := 1; lag < n-2; lag++ {
		r := 0.0
		for i := range n - lag {
			r += (ranks[i] - mean) * (ranks[i+lag] - mean)
		}
		r /= denominator
		if math.Abs(r) < limit {
			continue
		}
		k := size - float64(lag)
		sum += k * (k - 1) * (k - 2) * r
	}
	return max(1, 1+2/(size*(size-1)*(size-2))*sum)
}

// ascending is the places of values in their order.
func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	return order
}

// ranksOf are the ranks of values from 1, ties at the mean of theirs.
func ranksOf(values []float64) []float64 {
	order := ascending(values)
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to+1) / 2
		}
		from = to
	}
	return ranks
}
