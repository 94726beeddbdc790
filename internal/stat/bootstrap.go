package stat

import (
	"math"
	"math/rand/v2"
)

// BlockBootstrap draws one replicate of a series of len(weights) values: how
// often each value is in it. Stretches of neighbours are drawn together, so that
// the replicate is as correlated as the series; the series is closed to a ring,
// so that every value is drawn alike. The stretches are as long as the cube root
// of the length, the order that keeps the error of a variance least.
// Source: Politis and Romano, "A Circular Block-Resampling Procedure for
// Stationary Data", in: Exploring the Limits of Bootstrap (1992).
func BlockBootstrap(rng *rand.Rand, weights []float64) {
	clear(weights)
	n := len(weights)
	stretch := max(1, int(math.Round(math.Cbrt(float64(n)))))
	for drawn := 0; drawn < n; {
		start := rng.IntN(n)
		for k := 0; k < stretch && drawn < n; k++ {
			weights[(start+k)%n]++
			drawn++
		}
	}
}
