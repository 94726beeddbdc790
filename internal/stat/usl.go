package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// LoadPoint is a system at one load: how many requests were in it on average,
// and how many a unit of time it completed. Both are over 0.
type LoadPoint struct{ Concurrency, Throughput float64 }

// Scalability is the Universal Scalability Law X(N) = λN / (1 + σ(N−1) + κN(N−1))
// fitted to points: λ is the throughput of one request alone, σ contention, κ
// coherency, all from 0 up.
type Scalability struct{ Lambda, Sigma, Kappa float64 }

// Throughput is X(n).
func (s Scalability) Throughput(n float64) float64 {
	return s.Lambda * n / (1 + s.Sigma*(n-1) + s.Kappa*n*(n-1))
}

// Peak is the concurrency of the highest throughput, √((1−σ)/κ); infinite
// without coherency, and 1 where contention leaves nothing to gain.
func (s Scalability) Peak() float64 {
	if s.Sigma >= 1 {
		return 1
	}
	if s.Kappa <= 0 {
		return math.Inf(1)
	}
	return math.Sqrt((1 - s.Sigma) / s.Kappa)
}

// minScalability is the fewest points of different concurrency for a fit.
const minScalability = 3

// FitScalability fits the law by non-negative least squares of its linear form
// N/X = a + b(N−1) + cN(N−1), a = 1/λ, σ = b/a, κ = c/a, weighting each point
// by (X/N)², so that relative errors of throughput count alike, and by Huber's
// weights, so that one odd point doesn't bend the curve; the estimate is then
// refined by Gauss-Newton steps on ln X. It is false for fewer than 3 points of
// different concurrency, or where no fit makes sense.
//
// Sources: Gunther, Guerrilla Capacity Planning (2007), ch. 4-6; Lawson and
// Hanson, Solving Least Squares Problems (1974), ch. 23; Huber, "Robust
// Estimation of a Location Parameter", Annals of Mathematical Statistics 35
// (1964), with k = 1.345 and the scale by the median absolute deviation.
func FitScalability(points []LoadPoint) (Scalability, bool) {
	different := make(map[float64]bool)
	for _, p := range points {
		if !(p.Concurrency > 0 && p.Throughput > 0) || math.IsInf(p.Concurrency, 0) || math.IsInf(p.Throughput, 0) {
			return Scalability{}, false
		}
		different[p.Concurrency] = true
	}
	if len(different) < minScalability {
		return Scalability{}, false
	}
	robust := make([]float64, len(points))
	for i := range robust {
		robust[i] = 1
	}
	var fit Scalability
	for range 10 {
		next, ok := fitWeighted(points, robust)
		if !ok {
			return Scalability{}, false
		}
		fit = refine(points, robust, next)
		residuals := make([]float64, len(points))
		for i, p := range points {
			residuals[i] = math.Log(p.Throughput / fit.Throughput(p.Concurrency))
		}
		before := slices.Clone(robust)
		huber(residuals, robust)
		moved := 0.0
		for i := range robust {
			moved = max(moved, math.Abs(robust[i]-before[i]))
		}
		if moved < 1e-6 {
			break
		}
	}
	return fit, true
}

// huber sets Huber's weights of residuals.
func huber(residuals, weights []float64) {
	magnitudes := make([]float64, len(residuals))
	for i, r := range residuals {
		magnitudes[i] = math.Abs(r)
	}
	slices.Sort(magnitudes)
	const toSigma, k = 1.4826, 1.345
	limit := k * toSigma * Quantile(magnitudes, 0.5)
	for i, r := range residuals {
		weights[i] = 1
		if m := math.Abs(r); limit > 1e-12 && m > limit {
			weights[i] = limit / m
		}
	}
}

// fitWeighted solves the linear form for a > 0, b ≥ 0, c ≥ 0: of the fits with
// any of b and c held at 0, the best one that is not negative, which for so few
// unknowns is the solution of non-negative least squares.
func fitWeighted(points []LoadPoint, robust []float64) (Scalability, bool) {
	best, least, found := Scalability{}, math.Inf(1), false
	for _, use := range [][]int{{0, 1, 2}, {0, 1}, {0, 2}, {0}} {
		var normal [3][4]float64
		for i, p := range points {
			n := p.Concurrency
			row := [3]float64{1, n - 1, n * (n - 1)}
			y := n / p.Throughput
			w := robust[i] / (y * y)
			for j, a := range use {
				for k, b := range use {
					normal[j][k] += w * row[a] * row[b]
				}
				normal[j][3] += w * row[a] * y
			}
		}
		solution, ok := solve(normal, len(use))
		if !ok {
			continue
		}
		var abc [3]float64
		for j, a := range use {
			abc[a] = solution[j]
		}
		if !(abc[0] > 0) || abc[1] < 0 || abc[2] < 0 {
			continue
		}
		s := Scalability{Lambda: 1 / abc[0], Sigma: abc[1] / abc[0], Kappa: abc[2] / abc[0]}
		sum := 0.0
		for i, p := range points {
			y := p.Concurrency / p.Throughput
			d := (abc[0] + abc[1]*(p.Concurrency-1) + abc[2]*p.Concurrency*(p.Concurrency-1) - y) / y
			sum += robust[i] * d * d
		}
		if sum < least*(1-1e-12) {
			best, least, found = s, sum, true
		}
	}
	return best, found
}

// solve solves a small system by elimination with pivots; false if singular.
func solve(m [3][4]float64, n int) (x [3]float64, ok bool) {
	// The right side stands in column 3 whatever n is.
	for col := range n {
		pivot := col
		for r := col + 1; r < n; r++ {
			if math.Abs(m[r][col]) > math.Abs(m[pivot][col]) {
				pivot = r
			}
		}
		m[col], m[pivot] = m[pivot], m[col]
		if math.Abs(m[col][col]) < 1e-300 {
			return x, false
		}
		for r := range n {
			if r == col {
				continue
			}
			f := m[r][col] / m[col][col]
			for c := col; c < n; c++ {
				m[r][c] -= f * m[col][c]
			}
			m[r][3] -= f * m[col][3]
		}
	}
	for i := range n {
		x[i] = m[i][3] / m[i][i]
		if !isFinite(x[i]) {
			return x, false
		}
	}
	return x, true
}

// refine takes Gauss-Newton steps on ln X, each kept only when it lowers the
// weighted squares and leaves the coefficients where they make sense.
func refine(points []LoadPoint, robust []float64, s Scalability) Scalability {
	squares := func(s Scalability) float64 {
		sum := 0.0
		for i, p := range points {
			r := math.Log(p.Throughput / s.Throughput(p.Concurrency))
			sum += robust[i] * r * r
		}
		return sum
	}
	for range 20 {
		var normal [3][4]float64
		var use []int
		for k, v := range []float64{1, s.Sigma, s.Kappa} {
			if v > 0 { // what is at its bound stays there
				use = append(use, k)
			}
		}
		for i, p := range points {
			n := p.Concurrency
			d := 1 + s.Sigma*(n-1) + s.Kappa*n*(n-1)
			gradient := [3]float64{1, -(n - 1) / d, -n * (n - 1) / d} // of ln λ, σ, κ
			r := math.Log(p.Throughput / s.Throughput(n))
			for j, a := range use {
				for k, b := range use {
					normal[j][k] += robust[i] * gradient[a] * gradient[b]
				}
				normal[j][3] += robust[i] * gradient[a] * r
			}
		}
		step, ok := solve(normal, len(use))
		if !ok {
			return s
		}
		var by [3]float64
		for j, a := range use {
			by[a] = step[j]
		}
		before, improved := squares(s), false
		for scale := 1.0; scale > 1e-3; scale /= 2 {
			next := Scalability{Lambda: s.Lambda * math.Exp(scale*by[0]), Sigma: max(0, s.Sigma+scale*by[1]), Kappa: max(0, s.Kappa+scale*by[2])}
			if after := squares(next); after < before {
				improved = before-after > 1e-12*before
				s = next
				break
			}
		}
		if !improved {
			return s
		}
	}
	return s
}

// ScalabilityInterval is 95 % intervals of a fit.
type ScalabilityInterval struct {
	Sigma, Kappa, Peak [2]float64 // low and high; a peak may be infinite
}

// BootstrapScalability draws points anew around the fit and fits again: with
// errors of ln X as large as the points' own, which so few of them tell only
// roughly, so that their size is drawn as well, as Student's t does. It is false
// where half of the replicates have no fit.
// Source: the generalized pivotal quantities of Weerahandi, "Generalized
// Confidence Intervals", JASA 88 (1993), of a regression with normal errors; n−3
// degrees of freedom, for the fit has taken three from the residuals.
func BootstrapScalability(rng *rand.Rand, points []LoadPoint, fit Scalability, draws int) (ScalabilityInterval, bool) {
	degrees := len(points) - minScalability
	if degrees <= 0 {
		return ScalabilityInterval{}, false
	}
	squares := 0.0
	for _, p := range points {
		r := math.Log(p.Throughput / fit.Throughput(p.Concurrency))
		squares += r * r
	}
	var sigma, kappa, peak []float64
	again := make([]LoadPoint, len(points))
	for range draws {
		chi := 0.0
		for range degrees {
			z := rng.NormFloat64()
			chi += z * z
		}
		sd := math.Sqrt(squares / chi)
		for i, p := range points {
			again[i] = LoadPoint{p.Concurrency, fit.Throughput(p.Concurrency) * math.Exp(sd*rng.NormFloat64())}
		}
		f, ok := FitScalability(again)
		if !ok {
			continue
		}
		sigma, kappa, peak = append(sigma, f.Sigma), append(kappa, f.Kappa), append(peak, f.Peak())
	}
	if 2*len(sigma) < draws {
		return ScalabilityInterval{}, false
	}
	interval := func(values []float64) [2]float64 {
		slices.Sort(values)
		outside := int(0.025 * float64(len(values))) // infinities have no middle
		return [2]float64{values[outside], values[len(values)-1-outside]}
	}
	return ScalabilityInterval{interval(sigma), interval(kappa), interval(peak)}, true
}
