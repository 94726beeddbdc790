package stat

import "math"

// heavyLaw says how the t of a single new value is distributed where values
// have heavy tails: a·t follows about Student's t with nu degrees of freedom.
type heavyLaw struct {
	degrees float64 // of the spread that the t rests on
	nu, a   float64
}

// heavyLaws are learned by simulation, of values that follow Student's t with 4
// degrees of freedom: nu and a give the exact t at 0.01 and at 0.001, one-sided.
// `stats tails`, of this project's tools, prints them; its seed is none of those
// by which verdicts are scored. The last line is the limit, where the spread is
// known: 4 degrees of freedom with a variance of 2.
func heavyLaws() []heavyLaw {
	return []heavyLaw{
		{2, 1.953, 0.9092},
		{3, 2.656, 0.9383},
		{4, 3.073, 0.9775},
		{5, 3.329, 1.0150},
		{6, 3.476, 1.0510},
		{7, 3.602, 1.0722},
		{8, 3.669, 1.0965},
		{9, 3.695, 1.1209},
		{11, 3.759, 1.1499},
		{14, 3.819, 1.1864},
		{19, 3.880, 1.2262},
		{29, 3.926, 1.2717},
		{59, 4.002, 1.3139},
		{math.Inf(1), 4, math.Sqrt2},
	}
}

// heavyLawOf is the law between those learned, in 1/degrees.
func heavyLawOf(degrees float64) heavyLaw {
	laws := heavyLaws()
	if degrees <= laws[0].degrees {
		return laws[0]
	}
	at := 1
	for degrees > laws[at].degrees {
		at++
	}
	low, high := laws[at-1], laws[at]
	share := (1/low.degrees - 1/degrees) / (1/low.degrees - 1/high.degrees)
	return heavyLaw{degrees, low.nu + share*(high.nu-low.nu), low.a + share*(high.a-low.a)}
}

// PredictionTail returns the probability that a new value lies so far over the
// mean of others: t is its distance by the standard deviation of the others and
// √(1 + 1/n), degrees those of freedom of that deviation. It is the larger of
// two: that of values with a normal distribution, which is Student's t, and that
// of values with heavy tails. Times of computers have heavy tails more often than
// not (Maricq et al., "Taming Performance Variability", OSDI 2018), and where the
// spread rests on few values the normal distribution then finds twice as many
// outliers as there should be. NaN when either is NaN or there are no degrees.
func PredictionTail(t, degrees float64) float64 {
	normal := StudentTail(t, degrees)
	if !(t > 0) || math.IsNaN(normal) {
		return normal
	}
	law := heavyLawOf(degrees)
	return max(normal, StudentTail(law.a*t, law.nu))
}

// PredictionQuantile is the t that a new value exceeds with probability 1 − p,
// 0.5 < p < 1, at most; see [PredictionTail]. NaN outside these ranges.
func PredictionQuantile(p, degrees float64) float64 {
	normal := StudentQuantile(p, degrees)
	if !(p > 0.5) || math.IsNaN(normal) {
		return math.NaN()
	}
	law := heavyLawOf(degrees)
	return max(normal, StudentQuantile(p, law.nu)/law.a)
}
