package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// ChangePointOptions say which changes of level count.
type ChangePointOptions struct {
	// Smallest is the smallest difference between the means before and after
	// that counts, in the unit of the values; 0: every one.
	Smallest float64
	// Alpha bounds the share of series without a change that get one, over 0 and
	// below 1; 0 is 0.005.
	Alpha float64
	// Window is how many values are looked at together, at least 10; 0 is 50.
	// Longer windows find smaller changes that last longer, shorter ones more of
	// those that follow each other closely.
	Window int
	// Seed is that of the permutations: the same values and seed give the same
	// change points.
	Seed uint64
}

// ChangePoint is where the level of a series changed.
type ChangePoint struct {
	// Index is of the first value after the change.
	Index int
	// Before and After are the means between the neighbouring change points.
	Before, After float64
	// Low and High hold After − Before with 95 %, by Welch's t; NaN where one of
	// the sides has no spread to tell it from.
	Low, High float64
	// P is the permutation test's: the share of reordered series in which some
	// split looks as much like a change as this one; of clear changes by the
	// extreme value distribution of the reorderings.
	P float64
}

// Defaults of ChangePointOptions, and the fewest values that stand between two
// change points: fewer are outliers.
const (
	changeAlpha   = 0.005
	changeWindow  = 50
	leastWindow   = 10
	leastSegment  = 3
	exceedancesOf = 3 // permutations are so many divided by alpha
	// After so many permutations a change is clear whose p is so much below alpha.
	clearAfter   = 100
	clearlyBelow = 100
)

// ChangePoints finds where the level of a series changed, in order. Values are
// finite.
//
// The method is E-divisive with windows: the split of a window at which the
// energy distance between its sides is largest is a change if hardly any
// reordering of the values has as good a split in any window (max-T over the
// windows, so that a long series has no more false changes than a short one);
// the series is divided there, and each part is searched alike. Where the means
// on both sides then differ by less than the smallest change, the weakest such
// change point is taken out, until none is left.
//
// Sources: Matteson and James, "A Nonparametric Approach for Multiple Change
// Point Analysis of Multivariate Data", Journal of the American Statistical
// Association 109 (2014); Székely and Rizzo, "Testing for Equal Distributions in
// High Dimension", InterStat 5 (2004), for the statistic; Fleming et al.,
// "Hunter: Using Change Point Detection to Hunt for Performance Regressions",
// ICPE 2023, for windows and the smallest change; Westfall and Young,
// "Resampling-Based Multiple Testing" (1993), for max-T; Besag and Clifford,
// "Sequential Monte Carlo p-values", Biometrika 78 (1991), for ending early;
// Dudbridge and Koeleman, "Efficient Computation of Significance Levels for
// Multiple Associations", American Journal of Human Genetics 75 (2004), for the
// extreme value distribution of permutation maxima.
func ChangePoints(values []float64, o ChangePointOptions) []ChangePoint {
	if o.Alpha == 0 {
		o.Alpha = changeAlpha
	}
	if o.Window == 0 {
		o.Window = changeWindow
	}
	o.Window = max(o.Window, leastWindow)
	if len(values) < fewestForChange(o.Alpha) {
		return nil
	}
	s := &changeSearch{
		options: o, values: values,
		rng:   rand.New(rand.NewPCG(o.Seed, uint64(len(values)))),
		order: make([]int32, o.Window), maxima: make([]float64, 0, clearAfter),
	}
	s.search(0, len(values))
	slices.SortFunc(s.found, func(a, b ChangePoint) int { return a.Index - b.Index })
	s.describe()
	s.dropSmall()
	return s.found
}

// FewestForChange is how many values ChangePoints with the usual alpha needs at
// least to find a change of any size. With fewer, more than that share of all
// reorderings has the values of both levels as neatly apart as the series itself.
func FewestForChange() int { return fewestForChange(changeAlpha) }

func fewestForChange(alpha float64) int {
	n, ways := 2, 2.0 // ways to choose n/2 of n values
	for 2/ways > alpha {
		n++
		ways *= float64(n) / float64((n+1)/2)
	}
	return n
}

// changeSearch is one search at work.
type changeSearch struct {
	options ChangePointOptions
	values  []float64
	rng     *rand.Rand
	order   []int32   // of a window's values, reused
	maxima  []float64 // of permutations, reused
	found   []ChangePoint
}

// search finds the change points of the values from one index to before
// another.
func (s *changeSearch) search(from, to int) {
	windows := s.windows(from, to)
	best, at := 0.0, -1
	for _, w := range windows {
		if stat, split := w.best(w.inOrder(s.order)); stat > best {
			best, at = stat, w.from+split
		}
	}
	if at < 0 {
		return
	}
	p, ok := s.significant(windows, best)
	if !ok {
		return
	}
	s.found = append(s.found, ChangePoint{Index: at, P: p})
	s.search(from, at)
	s.search(at, to)
}

// windows cover the values from one index to before another, each overlapping
// half of the next, so that no change is near the border of all that hold it.
func (s *changeSearch) windows(from, to int) []*window {
	var out []*window
	length := s.options.Window
	for start := from; ; start += length / 2 {
		end := min(start+length, to)
		if end == to {
			start = max(from, end-length) // the last is as long as the others
		}
		if w := newWindow(s.values[start:end]); w != nil {
			w.from = start
			out = append(out, w)
		}
		if end == to {
			return out
		}
	}
}

// significant reports whether hardly any reordering has a split as good as the
// best one, and in which share of them. It ends as soon as too many have, and as
// soon as those tried leave no doubt: the largest statistics of reorderings
// follow an extreme value distribution, and the best one is far beyond it.
func (s *changeSearch) significant(windows []*window, best float64) (p float64, ok bool) {
	tries := int(math.Ceil(exceedancesOf / s.options.Alpha))
	allowed := int(math.Floor(s.options.Alpha*float64(tries))) - 1 // besides the series itself
	as := 0
	maxima := s.maxima[:0]
	for i := range tries - 1 {
		largest := 0.0
		for _, w := range windows {
			stat, _ := w.best(s.shuffled(w))
			if largest = max(largest, stat); largest >= best*(1-1e-12) {
				as++
				break
			}
		}
		if as > allowed {
			return 1, false
		}
		if i < clearAfter {
			maxima = append(maxima, largest)
		}
		if i == clearAfter-1 && as == 0 {
			if p := gumbelTail(maxima, best); p < s.options.Alpha/clearlyBelow {
				return p, true
			}
		}
	}
	return float64(1+as) / float64(tries), true
}

// gumbelTail is the probability of at least a value by the extreme value
// distribution of the same mean and spread as those seen.
func gumbelTail(seen []float64, value float64) float64 {
	scale := PooledSpread(seen).SD * math.Sqrt(6) / math.Pi
	const euler = 0.57721566490153286 // the mean of the standard distribution
	location := Mean(seen) - euler*scale
	return -math.Expm1(-math.Exp(-(value - location) / scale))
}

// shuffled is an order of a window's values drawn by chance.
func (s *changeSearch) shuffled(w *window) []int32 {
	order := w.inOrder(s.order)
	for i := len(order) - 1; i > 0; i-- {
		// 32 random bits are far more than a window has values.
		j := int(uint64(s.rng.Uint32()) * uint64(i+1) >> 32)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// window holds the distances between some successive values.
type window struct {
	from      int // of the first value in the series
	n         int
	distances []float64 // n × n
	rows      []float64 // sums of them by value
	mean      float64   // of the distances between two values, itself included
}

// newWindow returns nil for values among which nothing can have changed.
func newWindow(values []float64) *window {
	n := len(values)
	if n < 2*leastSegment {
		return nil
	}
	w := &window{n: n, distances: make([]float64, n*n), rows: make([]float64, n)}
	total := 0.0
	for i, x := range values {
		for j, y := range values {
			d := math.Abs(x - y)
			w.distances[i*n+j] = d
			w.rows[i] += d
		}
		total += w.rows[i]
	}
	if total == 0 {
		return nil
	}
	w.mean = total / float64(n*n)
	return w
}

func (w *window) inOrder(room []int32) []int32 {
	order := room[:w.n]
	for i := range order {
		order[i] = int32(i)
	}
	return order
}

// best is the largest energy statistic of all splits of the values in an order,
// in units of the mean distance, whose expectation without a change is the same
// at each split; and the split, as the number of values before it.
func (w *window) best(order []int32) (largest float64, split int) {
	n := w.n
	total := w.mean * float64(n*n)
	// within is the sum of the distances between the values before the split,
	// rows that of those from them to all.
	within, rows := 0.0, 0.0
	for i, at := range order[:n-leastSegment] {
		row := w.distances[int(at)*n : int(at)*n+n]
		sum := 0.0
		for _, before := range order[:i] {
			sum += row[before]
		}
		within += 2 * sum
		rows += w.rows[at]
		left, right := float64(i+1), float64(n-i-1)
		if i+1 < leastSegment {
			continue
		}
		across := rows - within
		rest := total - within - 2*across
		energy := 2*across/(left*right) - within/(left*left) - rest/(right*right)
		if stat := left * right / (left + right) * energy / w.mean; stat > largest {
			largest, split = stat, i+1
		}
	}
	return largest, split
}

// describe computes the levels on both sides of each change point.
func (s *changeSearch) describe() {
	for i := range s.found {
		c := &s.found[i]
		before, after := s.sides(i)
		c.Before, c.After = Mean(before), Mean(after)
		c.Low, c.High = welch(before, after, 0.975)
	}
}

// sides are the values on both sides of a change point, up to its neighbours.
func (s *changeSearch) sides(i int) (before, after []float64) {
	from, to := 0, len(s.values)
	if i > 0 {
		from = s.found[i-1].Index
	}
	if i+1 < len(s.found) {
		to = s.found[i+1].Index
	}
	at := s.found[i].Index
	return s.values[from:at], s.values[at:to]
}

// dropSmall takes out change points of too small a change, the smallest first,
// as each one makes its neighbours' sides longer.
func (s *changeSearch) dropSmall() {
	for len(s.found) > 0 {
		least := 0
		for i := range s.found {
			if s.found[i].size() < s.found[least].size() {
				least = i
			}
		}
		if s.found[least].size() >= s.options.Smallest {
			return
		}
		s.found = slices.Delete(s.found, least, least+1)
		s.describe()
	}
}

func (c *ChangePoint) size() float64 { return math.Abs(c.After - c.Before) }

// welch is the interval of the difference of two means, whose spreads may
// differ.
// Source: Welch, "The Generalization of Student's Problem when Several Different
// Population Variances are Involved", Biometrika 34 (1947).
func welch(a, b []float64, p float64) (low, high float64) {
	sa, sb := PooledSpread(a), PooledSpread(b)
	va, vb := sa.SD*sa.SD/float64(len(a)), sb.SD*sb.SD/float64(len(b))
	difference := Mean(b) - Mean(a)
	if va+vb == 0 {
		return difference, difference
	}
	degrees := (va + vb) * (va + vb) / (va*va/sa.Degrees + vb*vb/sb.Degrees)
	t := StudentQuantile(p, degrees)
	half := t * math.Sqrt(va+vb)
	return difference - half, difference + half
}
