package stat

import (
	"math"
	"slices"
)

// Batch sums up consecutive requests of a run: one point of a series that is
// looked at for a warm-up.
type Batch struct {
	Mean     float64 // of the values, which are comparable over the run (a value over its endpoint's median)
	Variance float64 // of the values within the batch, from 0 up; 0 when unknown
	Count    float64 // of values; batches without values are passed over
}

// Contrast compares the means of two stretches of batches, single spikes
// smoothed away. All are NaN when the comparison wasn't made.
type Contrast struct {
	First, Second  float64 // weighted means
	Change         float64 // (First − Second) / |Second|
	StandardErrors float64 // |First − Second| in standard errors of the difference
}

// Differs reports whether the difference both matters and is more than noise.
func (c Contrast) Differs() bool {
	return math.Abs(c.Change) > SteadyChange && c.StandardErrors > SteadyStandardErrors
}

// What a difference must exceed to count as a warm-up or as drift.
const (
	SteadyChange         = 0.05
	SteadyStandardErrors = 3.0
)

// MinSteadyBatches is the fewest batches that a steady state is looked for in.
const MinSteadyBatches = 20

// SteadyReason says how FindSteadyState came to its answer.
type SteadyReason string

// The reasons.
const (
	SteadyThroughout SteadyReason = "steady_throughout" // no cut is worth it
	SteadyAfterCut   SteadyReason = "steady_after_cut"  // a warm-up was found and cut
	NeverSteady      SteadyReason = "no_steady_state"   // what is left still drifts
	TooFewBatches    SteadyReason = "too_few_batches"   // not looked for
	NotFinite        SteadyReason = "values_not_finite" // not looked for
)

// SteadyState is where a run is steady.
type SteadyState struct {
	Cut    int // the first batches to leave out, at most half; 0: none
	Steady bool
	Reason SteadyReason

	WarmUp Contrast // the best cut's batches before and after it, cut or not
	Halves Contrast // the two halves of what is left
}

// FindSteadyState looks for a warm-up in batches in the order of time, about
// 100 of about equal count; the drain at the end must be left out already.
//
// The candidate is the cut, of at most half the batches, after which the mean
// is known best: the least marginal standard error, Σw(x−m)² / (Σw)². That rule
// cuts much where there is nothing to cut, so the cut is kept only when the
// means before and after it differ by more than SteadyChange and
// SteadyStandardErrors. By the same test the halves of the rest are compared:
// when they differ, there is no steady state.
//
// Each batch counts with the median of its own and its neighbours' means, lest a
// single slow batch be taken for the end of a warm-up, or hide one; a warm-up of
// one batch is thereby passed over. Noise is the scatter of the batches about
// their line, raised for the correlation of neighbours, and at least what the
// variance within the batches explains.
//
// Sources: the least marginal standard error, White, "An Effective Truncation
// Heuristic for Bias Reduction in Simulation Output", Simulation 69 (1997), on
// batch means as in White, Cobb and Spratt, "A Comparison of Five Steady-State
// Truncation Heuristics for Simulation", WSC 2000; the variance of a correlated
// mean as of a first-order autoregressive series; the bias of its estimate after
// Kendall, "Note on Bias in the Estimation of Autocorrelation", Biometrika 41
// (1954), for a series about a line.
func FindSteadyState(batches []Batch) SteadyState {
	kept, index := withValues(batches)
	state := SteadyState{WarmUp: noContrast(), Halves: noContrast()}
	for _, b := range kept {
		if !isFinite(b.Mean) || !isFinite(b.Count) || !isFinite(b.Variance) || b.Variance < 0 {
			state.Reason = NotFinite
			return state
		}
	}
	if len(kept) < MinSteadyBatches {
		state.Reason = TooFewBatches
		return state
	}

	kept = withoutSpikes(kept)
	state.Steady, state.Reason = true, SteadyThroughout
	if cut := leastMarginalError(kept, len(kept)/2); cut > 0 {
		// Without a warm-up both sides scatter alike. With one, those before
		// scatter more and would hide it.
		before, after := kept[:cut], kept[cut:]
		state.WarmUp = contrast(before, after, spread(after))
		if state.WarmUp.Differs() {
			state.Cut, state.Reason = index[cut], SteadyAfterCut
			kept = after
		}
	}

	first, second := kept[:len(kept)/2], kept[len(kept)/2:]
	// A change within one half makes that half scatter more.
	state.Halves = contrast(first, second, min(spread(first), spread(second)))
	if state.Halves.Differs() {
		state.Steady, state.Reason = false, NeverSteady
	}
	return state
}

// withValues returns the batches that hold values, and where they stood.
func withValues(batches []Batch) (kept []Batch, index []int) {
	for i, b := range batches {
		if b.Count > 0 || math.IsNaN(b.Count) {
			kept, index = append(kept, b), append(index, i)
		}
	}
	return kept, index
}

// withoutSpikes replaces each mean by the median of it and its neighbours, the
// ends' by their two neighbours', which leaves steps and slopes where they are.
func withoutSpikes(batches []Batch) []Batch {
	smooth := slices.Clone(batches)
	for i := range smooth {
		at := min(max(i, 1), len(batches)-2)
		a, b, c := batches[at-1].Mean, batches[at].Mean, batches[at+1].Mean
		smooth[i].Mean = max(min(a, b), min(max(a, b), c))
	}
	return smooth
}

// leastMarginalError returns the cut from 0 to limit with the least marginal
// standard error of the rest. Of equal ones it takes the smallest.
func leastMarginalError(batches []Batch, limit int) int {
	var weight, mean, squares float64 // of batches[i:], growing from the end
	best, cut := math.Inf(1), 0
	for i := len(batches) - 1; i >= 0; i-- {
		b := batches[i]
		weight += b.Count
		delta := b.Mean - mean
		mean += delta * b.Count / weight
		squares += b.Count * delta * (b.Mean - mean)
		if i > limit {
			continue
		}
		if e := squares / weight / weight; e <= best {
			best, cut = e, i
		}
	}
	return cut
}

// spread returns the variance that one value must have for the mean of the
// stretch to be as uncertain as the scatter of its batches about their own
// line and the correlation of neighbours make it.
func spread(batches []Batch) float64 {
	weight, mean := weightedMean(batches)
	n := float64(len(batches))
	var slope, lever float64
	for i, b := range batches {
		t := float64(i) - (n-1)/2
		slope += t * (b.Mean - mean)
		lever += t * t
	}
	slope /= lever

	var squares, neighbours, previous, within float64
	for i, b := range batches {
		d := b.Mean - mean - slope*(float64(i)-(n-1)/2)
		squares += b.Count * d * d
		neighbours += b.Count * d * previous
		previous = d
		within += b.Count * b.Variance / weight
	}
	if squares == 0 {
		return within
	}
	correlation := max(neighbours/squares, 0)
	correlation += (2 + 4*correlation) / n // what short stretches underestimate it by
	// Beyond 0.9 the approximation explodes, and the stretch isn't steady anyway.
	correlation = min(correlation, 0.9)
	return max(within, squares/(n-2)*(1+correlation)/(1-correlation))
}

func contrast(first, second []Batch, spread float64) Contrast {
	n, x := weightedMean(first)
	m, y := weightedMean(second)
	if x == y { // also when nothing scatters: 0/0
		return Contrast{First: x, Second: y}
	}
	return Contrast{
		First: x, Second: y,
		Change:         (x - y) / math.Abs(y),
		StandardErrors: math.Abs(x-y) / math.Sqrt(spread/n+spread/m),
	}
}

func noContrast() Contrast {
	nan := math.NaN()
	return Contrast{nan, nan, nan, nan}
}

func weightedMean(batches []Batch) (weight, mean float64) {
	for _, b := range batches {
		weight += b.Count
		mean += b.Count * b.Mean
	}
	return weight, mean / weight
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
