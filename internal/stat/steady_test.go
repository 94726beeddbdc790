package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// noise is a kind of stationary series: requests whose logarithms are normal,
// on a level that wanders, with rare slow ones among them.
type noise struct {
	name     string
	batches  int
	requests int     // in a batch
	sigma    float64 // of a request's logarithm
	wander   float64 // SD of the level's logarithm from batch to batch
	memory   float64 // correlation of neighbouring levels
	slow     float64 // share of requests that take 20 times as long

	falseCuts float64 // at most this share of stationary series may be cut
}

var noises = []noise{
	{"few requests", 100, 4, 0.3, 0, 0, 0, 0.02},
	{"many requests", 100, 60, 0.5, 0, 0, 0, 0.02},
	{"wandering", 100, 25, 0.3, 0.05, 0.5, 0, 0.02},
	{"wandering slowly", 100, 25, 0.3, 0.05, 0.8, 0, 0.06},
	{"outliers", 100, 20, 0.3, 0.02, 0.3, 0.01, 0.05},
	{"rare outliers", 100, 20, 0.3, 0.02, 0.3, 0.001, 0.02},
	{"few batches", 30, 20, 0.4, 0.03, 0.3, 0.002, 0.05},
}

// series draws batches whose i-th level is multiplied by level(i).
func (n noise) series(rng *rand.Rand, level func(i int) float64) []Batch {
	batches := make([]Batch, n.batches)
	wander := rng.NormFloat64() * n.wander
	for i := range batches {
		var sum, squares float64
		for range n.requests {
			x := level(i) * math.Exp(wander+n.sigma*rng.NormFloat64())
			if rng.Float64() < n.slow {
				x *= 20
			}
			sum += x
			squares += x * x
		}
		mean := sum / float64(n.requests)
		variance := (squares - sum*mean) / float64(n.requests-1)
		batches[i] = Batch{Mean: mean, Variance: max(variance, 0), Count: float64(n.requests)}
		wander = n.memory*wander + math.Sqrt(1-n.memory*n.memory)*n.wander*rng.NormFloat64()
	}
	return batches
}

// outcome counts what FindSteadyState said of many series.
type outcome struct {
	cut, unsteady float64 // shares of the series
	length        float64 // mean number of batches cut
}

func simulate(t *testing.T, n noise, trials int, level func(i int) float64) outcome {
	t.Helper()
	const seed = 20260301
	rng := rand.New(rand.NewPCG(seed, 1))
	var o outcome
	for range trials {
		s := FindSteadyState(n.series(rng, level))
		if s.Cut > n.batches/2 {
			t.Fatalf("cut %d of %d batches", s.Cut, n.batches)
		}
		if s.Cut > 0 {
			o.cut += 1 / float64(trials)
		}
		if !s.Steady {
			o.unsteady += 1 / float64(trials)
		}
		o.length += float64(s.Cut) / float64(trials)
	}
	t.Logf("seed %d, %d trials of %+v: %+v", seed, trials, n, o)
	return o
}

func TestSteadyStateLeavesStationarySeriesAlone(t *testing.T) {
	for _, n := range noises {
		t.Run(n.name, func(t *testing.T) {
			o := simulate(t, n, 1000, func(int) float64 { return 1 })
			if o.cut > n.falseCuts {
				t.Errorf("%.1f %% of stationary series are cut, want at most %.1f %%", 100*o.cut, 100*n.falseCuts)
			}
			if o.unsteady > 0.03 {
				t.Errorf("%.1f %% of stationary series have no steady state, want at most 3 %%", 100*o.unsteady)
			}
		})
	}
}

func TestSteadyStateFindsWarmUps(t *testing.T) {
	step := func(length int, factor float64) func(int) float64 {
		return func(i int) float64 {
			if i < length {
				return factor
			}
			return 1
		}
	}
	decay := func(extra, length float64) func(int) float64 {
		return func(i int) float64 { return 1 + extra*math.Exp(-float64(i)/length) }
	}
	warmUps := []struct {
		name     string
		level    func(int) float64
		found    float64 // at least this share
		from, to float64 // mean batches cut
	}{
		{"30 % for 10 batches", step(10, 1.3), 0.80, 8, 15},
		{"50 % for 10 batches", step(10, 1.5), 0.95, 9, 17},
		{"double for 3 batches", step(3, 2), 0.90, 2.5, 9},
		{"double for 20 batches", step(20, 2), 0.99, 20, 28},
		{"a third less for 20 batches", step(20, 0.67), 0.95, 19, 28},
		{"triple, fading over 5 batches", decay(2, 5), 0.99, 12, 30},
		{"double, fading over 10 batches", decay(1, 10), 0.99, 18, 42},
	}
	for _, w := range warmUps {
		for _, n := range noises {
			if n.slow == 0.01 || n.batches < 100 {
				continue // too noisy for the smaller ones, by design
			}
			t.Run(w.name+", "+n.name, func(t *testing.T) {
				o := simulate(t, n, 200, w.level)
				if o.cut < w.found {
					t.Errorf("%.1f %% are found, want at least %.1f %%", 100*o.cut, 100*w.found)
				}
				if o.length < w.from || o.length > w.to {
					t.Errorf("%.1f batches are cut, want %g to %g", o.length, w.from, w.to)
				}
				if o.unsteady > 0.08 {
					t.Errorf("%.1f %% have no steady state after it, want at most 8 %%", 100*o.unsteady)
				}
			})
		}
	}
}

func TestSteadyStateSeesWhatNeverSettles(t *testing.T) {
	for _, n := range noises {
		t.Run(n.name, func(t *testing.T) {
			o := simulate(t, n, 200, func(i int) float64 {
				if i >= n.batches*3/4 {
					return 2
				}
				return 1
			})
			if o.cut > 0.01 || o.unsteady < 0.85 {
				t.Errorf("doubled for the last quarter: %+v, want no cut and no steady state", o)
			}
			o = simulate(t, n, 200, func(i int) float64 { return 1 + 2*float64(i)/float64(n.batches) })
			if o.unsteady < 0.60 {
				t.Errorf("growing threefold: %+v, want no steady state", o)
			}
		})
	}
}

// made returns batches with the given means, of 10 values each.
func made(means ...float64) []Batch {
	batches := make([]Batch, len(means))
	for i, m := range means {
		batches[i] = Batch{Mean: m, Count: 10}
	}
	return batches
}

func repeat(n int, mean float64) []float64 {
	means := make([]float64, n)
	for i := range means {
		means[i] = mean
	}
	return means
}

func TestSteadyStateByHand(t *testing.T) {
	withSpike := repeat(40, 1)
	withSpike[15] = 50
	tests := []struct {
		name    string
		batches []Batch
		cut     int
		steady  bool
		reason  SteadyReason
	}{
		{"none", nil, 0, false, TooFewBatches},
		{"too few", made(repeat(19, 1)...), 0, false, TooFewBatches},
		{"constant", made(repeat(20, 0.1)...), 0, true, SteadyThroughout},
		{"zero", made(repeat(20, 0)...), 0, true, SteadyThroughout},
		{"step", made(append(repeat(7, 2), repeat(33, 1)...)...), 7, true, SteadyAfterCut},
		{"step of 4 %", made(append(repeat(7, 1.04), repeat(33, 1)...)...), 0, true, SteadyThroughout},
		{"first batch only", made(append(repeat(1, 9), repeat(33, 1)...)...), 0, true, SteadyThroughout},
		{"spike", made(withSpike...), 0, true, SteadyThroughout},
		{"step beyond half", made(append(repeat(25, 2), repeat(15, 1)...)...), 0, false, NeverSteady},
		{"not finite", made(append(repeat(30, 1), math.NaN())...), 0, false, NotFinite},
		{"infinite", made(append(repeat(30, 1), math.Inf(1))...), 0, false, NotFinite},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := FindSteadyState(tt.batches)
			if s.Cut != tt.cut || s.Steady != tt.steady || s.Reason != tt.reason {
				t.Errorf("%+v, want cut %d, steady %v, %s", s, tt.cut, tt.steady, tt.reason)
			}
		})
	}

	s := FindSteadyState(made(append(repeat(7, 2), repeat(33, 1)...)...))
	if s.WarmUp.First != 2 || s.WarmUp.Second != 1 || s.WarmUp.Change != 1 || s.Halves.Change != 0 {
		t.Errorf("the contrasts of a step are %+v and %+v", s.WarmUp, s.Halves)
	}
}

// A scatter within the batches that explains the difference keeps the cut away,
// and batches without values count in the cut's index but not otherwise.
func TestSteadyStateVarianceAndGaps(t *testing.T) {
	batches := made(append(repeat(7, 1.2), repeat(33, 1)...)...)
	for i := range batches {
		batches[i].Variance = 25
	}
	if s := FindSteadyState(batches); s.Cut != 0 {
		t.Errorf("a difference within the noise is cut: %+v", s)
	}

	batches = made(append(repeat(7, 2), repeat(33, 1)...)...)
	gap := Batch{Mean: math.NaN()}
	batches = append([]Batch{gap, batches[0], gap}, batches[1:]...)
	if s := FindSteadyState(batches); s.Cut != 9 || !s.Steady {
		t.Errorf("with two empty batches: %+v, want cut 9", s)
	}
}
