package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Counts are events among trials, such as failed requests among all.
type Counts struct{ Events, Trials float64 }

// Rate is events per trial, NaN without trials.
func (c Counts) Rate() float64 { return c.Events / c.Trials }

// MoreEvents returns the probability of at least so many events in a, were its
// rate that of b: the exact conditional test, in which the events of both,
// taken together, fall on a as often as its share of the trials. Every count is
// divided by the dispersion, 1 or more: events that come in bursts tell less.
// 1 without events, NaN without trials.
// Source: Przyborowski and Wilenski, "Homogeneity of Results in Testing Samples
// from Poisson Series", Biometrika 31 (1940); between whole numbers the
// binomial distribution is continued by the incomplete beta function.
func MoreEvents(a, b Counts, dispersion float64) float64 {
	if !(a.Trials > 0) || !(b.Trials > 0) {
		return math.NaN()
	}
	events, total := a.Events/dispersion, (a.Events+b.Events)/dispersion
	return binomialAtLeast(events, total, a.Trials/(a.Trials+b.Trials))
}

// FewerEvents is the mirror of [MoreEvents]: at most so many events in a.
func FewerEvents(a, b Counts, dispersion float64) float64 {
	if !(a.Trials > 0) || !(b.Trials > 0) {
		return math.NaN()
	}
	// As many of the events, or more, fall on b.
	events, total := b.Events/dispersion, (a.Events+b.Events)/dispersion
	return binomialAtLeast(events, total, b.Trials/(a.Trials+b.Trials))
}

// binomialAtLeast is the probability of k or more of n.
func binomialAtLeast(k, n, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case p <= 0 || k > n:
		return 0
	case p >= 1:
		return 1
	}
	return mathext.RegIncBeta(k, n-k+1, p)
}

// Dispersion returns how much more the rates of several counts scatter than
// chance alone would make them, as a ratio of variances: Pearson's χ² by its
// degrees of freedom, at least 1. It is 1 where that can't be told: fewer than
// two counts, or no events.
func Dispersion(counts []Counts) float64 {
	var all Counts
	n := 0
	for _, c := range counts {
		if c.Trials > 0 {
			all.Events, all.Trials, n = all.Events+c.Events, all.Trials+c.Trials, n+1
		}
	}
	rate := all.Rate()
	if n < 2 || !(rate > 0 && rate < 1) {
		return 1
	}
	chi := 0.0
	for _, c := range counts {
		if c.Trials > 0 {
			d := c.Events - rate*c.Trials
			chi += d * d / (rate * (1 - rate) * c.Trials)
		}
	}
	return max(1, chi/float64(n-1))
}

// DifferenceBounds returns the one-sided bounds of the rate of a less that of b, each
// of which holds with the given confidence or more: as far from the difference as the
// bounds of both rates are from these, taken together. NaN without trials.
// Source: Zou and Donner, "Construction of Confidence Limits about Effect Measures: A
// General Approach", Statistics in Medicine 27 (2008).
func DifferenceBounds(a, b Counts, dispersion, confidence float64) (low, high float64) {
	lowA, highA := RateBounds(a, dispersion, confidence)
	lowB, highB := RateBounds(b, dispersion, confidence)
	change := a.Rate() - b.Rate()
	return change - math.Hypot(a.Rate()-lowA, highB-b.Rate()), change + math.Hypot(highA-a.Rate(), b.Rate()-lowB)
}

// RateBounds returns the one-sided bounds of a rate, each of which holds with
// the given confidence, over 0 and under 1; counts are divided by the
// dispersion. NaN without trials.
// Source: Clopper and Pearson, "The Use of Confidence or Fiducial Limits",
// Biometrika 26 (1934).
func RateBounds(c Counts, dispersion, confidence float64) (low, high float64) {
	if !(c.Trials > 0) {
		return math.NaN(), math.NaN()
	}
	k, n := c.Events/dispersion, c.Trials/dispersion
	low, high = 0, 1
	if k > 0 {
		low = mathext.InvRegIncBeta(k, n-k+1, 1-confidence)
	}
	if k < n {
		high = mathext.InvRegIncBeta(k+1, n-k, confidence)
	}
	return low, high
}
