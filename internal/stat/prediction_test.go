package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// heavyNoise draws from Student's t with 4 degrees of freedom.
func heavyNoise(rng *rand.Rand) float64 {
	chi := 0.0
	for range 4 {
		x := rng.NormFloat64()
		chi += x * x
	}
	return rng.NormFloat64() / math.Sqrt(chi/4)
}

// New values of both kinds of noise lie over the quantiles no more often than
// these say, and with heavy tails about as often.
func TestPredictionAgainstSimulation(t *testing.T) {
	rng := rand.New(rand.NewPCG(20261127, 4))
	rounds := 60_000
	if testing.Short() {
		rounds = 15_000
	}
	for _, n := range []int{4, 5, 8, 11, 25} {
		degrees := float64(n - 1)
		critical := []float64{PredictionQuantile(0.95, degrees), PredictionQuantile(0.99, degrees), PredictionQuantile(0.999, degrees)}
		for name, noise := range map[string]func() float64{"normal": rng.NormFloat64, "heavy": func() float64 { return heavyNoise(rng) }} {
			over := make([]int, len(critical))
			values := make([]float64, n)
			for range rounds {
				for i := range values {
					values[i] = noise()
				}
				at := math.Abs(noise()-Mean(values)) / (PooledSpread(values).SD * math.Sqrt(1+1/float64(n)))
				for i, c := range critical {
					if at > c {
						over[i]++
					}
				}
			}
			for i, p := range []float64{0.05, 0.01, 0.001} {
				// Both sides were counted; four standard errors of chance.
				got, err := float64(over[i])/float64(2*rounds), 4*math.Sqrt(p/float64(2*rounds))
				if got > p*1.05+err {
					t.Errorf("%s noise, %d runs: %v lie over the quantile of %v", name, n, got, p)
				}
				if name == "heavy" && p <= 0.01 && got < p*0.9-err {
					t.Errorf("%s noise, %d runs: only %v lie over the quantile of %v", name, n, got, p)
				}
			}
		}
	}
}

// The quantile is where the tail has its probability; neither is ever nearer
// than that of the normal distribution, and both move evenly with the degrees.
func TestPrediction(t *testing.T) {
	for degrees := 1.0; degrees < 300; degrees *= 1.07 {
		last := 0.0
		for _, p := range []float64{0.6, 0.9, 0.95, 0.99, 0.999, 0.99999} {
			q := PredictionQuantile(p, degrees)
			closeTo(t, "the tail beyond the quantile", PredictionTail(q, degrees)/(1-p), 1, 1e-5)
			if q < StudentQuantile(p, degrees)-1e-9 || q <= last {
				t.Errorf("%v degrees: the quantile of %v is %v", degrees, p, q)
			}
			last = q
		}
		if a, b := PredictionQuantile(0.99, degrees), PredictionQuantile(0.99, degrees*1.07); b > a+1e-9 || b < 0.7*a {
			t.Errorf("from %v degrees to %v the quantile goes from %v to %v", degrees, degrees*1.07, a, b)
		}
	}
	closeTo(t, "the limit", PredictionQuantile(0.99, 1e12), 3.746947/math.Sqrt2, 1e-4)
	closeTo(t, "the tail under the mean", PredictionTail(-1, 4), StudentTail(-1, 4), 0)
	for _, v := range []float64{PredictionTail(math.NaN(), 4), PredictionTail(1, 0), PredictionQuantile(0.5, 4), PredictionQuantile(0.99, 0)} {
		if !math.IsNaN(v) {
			t.Errorf("%v where there is no answer", v)
		}
	}
}
