package stat

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func closeTo(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Textbook tables of Student's t.
func TestStudent(t *testing.T) {
	for _, tt := range []struct{ p, degrees, want float64 }{
		{0.99, 4, 3.746947}, {0.99, 7, 2.997952}, {0.95, 7, 1.894579}, {0.8, 4, 0.940965}, {0.95, 1, 6.313752}, {0.5, 3, 0}, {0.05, 7, -1.894579}, {0.01, 4, -3.746947},
	} {
		closeTo(t, "the quantile", StudentQuantile(tt.p, tt.degrees), tt.want, 1e-5)
		closeTo(t, "the tail beyond it", StudentTail(tt.want, tt.degrees), 1-tt.p, 1e-6)
		closeTo(t, "the tail beyond its mirror", StudentTail(-tt.want, tt.degrees), tt.p, 1e-6)
	}
	for _, v := range []float64{StudentQuantile(0, 4), StudentQuantile(1, 4), StudentQuantile(0.5, 0), StudentTail(math.NaN(), 4), StudentTail(1, 0)} {
		if !math.IsNaN(v) {
			t.Errorf("%v where there is no answer", v)
		}
	}
	if a, b := StudentTail(math.Inf(1), 4), StudentTail(math.Inf(-1), 4); a != 0 || b != 1 {
		t.Errorf("tails at the ends are %v and %v", a, b)
	}
	if p := StudentTail(60, 19); !(p > 0 && p < 1e-20) {
		t.Errorf("a far tail is %v", p)
	}
}

func TestPooledSpread(t *testing.T) {
	s := PooledSpread([]float64{1, 2, 3}, []float64{101, 103}, []float64{7}, nil)
	closeTo(t, "the spread", s.SD, math.Sqrt(4.0/3), 1e-12)
	closeTo(t, "its degrees of freedom", s.Degrees, 3, 0)
	if s := PooledSpread([]float64{1}); !math.IsNaN(s.SD) || s.Degrees != 0 {
		t.Errorf("of one value: %+v", s)
	}
}

// A drift inflates the plain standard deviation, and hardly that of successive
// differences.
func TestSuccessiveSD(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	drifting := make([]float64, 400)
	for i := range drifting {
		drifting[i] = rng.NormFloat64() + float64(i)/20
	}
	sd, n := SuccessiveSD(drifting[:200], drifting[200:])
	closeTo(t, "the standard deviation", sd, 1, 0.1)
	if n != 398 {
		t.Errorf("%d differences, want 398: none across groups", n)
	}
	if plain := PooledSpread(drifting).SD; plain < 3 {
		t.Errorf("the plain one is %v: the series does not drift", plain)
	}
	if sd, n := SuccessiveSD([]float64{1}, nil); !math.IsNaN(sd) || n != 0 {
		t.Errorf("without differences: %v, %d", sd, n)
	}
}

// The example of R's p.adjust documentation, by hand.
func TestMultiple(t *testing.T) {
	p := []float64{0.01, 0.04, 0.03, 0.005, math.NaN()}
	holm, bh := Holm(p), BenjaminiHochberg(p)
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		closeTo(t, "Holm", holm[i], want, 1e-12)
	}
	for i, want := range []float64{0.02, 0.04, 0.04, 0.02} {
		closeTo(t, "Benjamini-Hochberg", bh[i], want, 1e-12)
	}
	if !math.IsNaN(holm[4]) || !math.IsNaN(bh[4]) || len(Holm(nil)) != 0 {
		t.Error("what is no number took part")
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		holm, bh := Holm(p), BenjaminiHochberg(p)
		for i := range p {
			if rounding := 1e-12; !(p[i] <= bh[i]+rounding && bh[i] <= holm[i]+rounding && holm[i] <= 1) {
				t.Fatalf("%v: Holm %v, Benjamini-Hochberg %v", p[i], holm[i], bh[i])
			}
		}
	})
}

func TestCounts(t *testing.T) {
	// P(X ≥ 8) of Binomial(10, 1/2) = 56/1024.
	closeTo(t, "8 of 10 events on half of the trials", MoreEvents(Counts{8, 100}, Counts{2, 100}, 1), 56.0/1024, 1e-12)
	closeTo(t, "its mirror", FewerEvents(Counts{2, 100}, Counts{8, 100}, 1), 56.0/1024, 1e-12)
	closeTo(t, "no events", MoreEvents(Counts{0, 100}, Counts{0, 100}, 1), 1, 0)
	closeTo(t, "a side without events", MoreEvents(Counts{3, 100}, Counts{0, 300}, 1), 1.0/64, 1e-12)
	if a, b := MoreEvents(Counts{8, 100}, Counts{2, 100}, 1), MoreEvents(Counts{8, 100}, Counts{2, 100}, 2); !(b > a) {
		t.Errorf("bursts tell as much as single events: %v and %v", a, b)
	}
	if !math.IsNaN(MoreEvents(Counts{}, Counts{1, 2}, 1)) || !math.IsNaN(FewerEvents(Counts{1, 2}, Counts{}, 1)) {
		t.Error("a p-value without trials")
	}

	low, high := RateBounds(Counts{5, 100}, 1, 0.975) // Clopper and Pearson's 95 %
	closeTo(t, "the lower bound", low, 0.01643, 1e-5)
	closeTo(t, "the upper bound", high, 0.11284, 1e-5)
	if low, high := RateBounds(Counts{0, 60}, 1, 0.95); low != 0 || math.Abs(high-0.0487) > 1e-4 {
		t.Errorf("none of 60: %v to %v", low, high)
	}
	if low, high := RateBounds(Counts{60, 60}, 1, 0.95); high != 1 || math.Abs(low-0.9513) > 1e-4 {
		t.Errorf("all of 60: %v to %v", low, high)
	}
	if low, _ := RateBounds(Counts{}, 1, 0.95); !math.IsNaN(low) {
		t.Error("a bound without trials")
	}

	closeTo(t, "the dispersion of equal counts", Dispersion([]Counts{{10, 100}, {10, 100}, {10, 100}}), 1, 0)
	// χ² = ((5-10)²+(15-10)²)/(0.1·0.9·100) = 50/9, by 1 degree of freedom.
	closeTo(t, "the dispersion of unequal ones", Dispersion([]Counts{{5, 100}, {15, 100}, {}}), 50.0/9, 1e-12)
	closeTo(t, "that of one", Dispersion([]Counts{{5, 100}}), 1, 0)
}

// The bounds of a difference hold as often as they say or more, however many trials
// the sides have, and are those of a single rate where the other is known.
func TestDifferenceBoundsHold(t *testing.T) {
	low, high := RateBounds(Counts{20, 1000}, 1, 0.95)
	gotLow, gotHigh := DifferenceBounds(Counts{20, 1000}, Counts{0.01e12, 1e12}, 1, 0.95)
	closeTo(t, "the lower bound against a known rate", gotLow, low-0.01, 1e-5)
	closeTo(t, "the upper bound against a known rate", gotHigh, high-0.01, 1e-5)
	if low, high := DifferenceBounds(Counts{}, Counts{1, 100}, 1, 0.95); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("without trials %v to %v", low, high)
	}
	rng := rand.New(rand.NewPCG(8, 8))
	draw := func(rate float64, trials int) Counts {
		c := Counts{Trials: float64(trials)}
		for range trials {
			if rng.Float64() < rate {
				c.Events++
			}
		}
		return c
	}
	const tries = 2000
	for _, tc := range []struct {
		rate, base         float64
		trials, baseTrials int
	}{{0.03, 0.03, 1000, 1000}, {0.02, 0.01, 500, 2500}, {0.002, 0.001, 1000, 5000}} {
		under, over := 0, 0
		for range tries {
			low, high := DifferenceBounds(draw(tc.rate, tc.trials), draw(tc.base, tc.baseTrials), 1, 0.95)
			switch change := tc.rate - tc.base; {
			case change > high:
				under++
			case change < low:
				over++
			}
		}
		if most := 0.06 * tries; float64(under) > most || float64(over) > most {
			t.Errorf("%+v: of %d bounds at 95 %% %d are too low, %d too high", tc, tries, under, over)
		}
	}
}

// Of independent values the bootstrap's standard error of a mean is the known
// one; of values in stretches it is larger, as it should be.
func TestBlockBootstrap(t *testing.T) {
	const n, series = 120, 30
	rng := rand.New(rand.NewPCG(7, 7))
	standardError := func(values []float64) float64 {
		weights := make([]float64, len(values))
		var means []float64
		for range 300 {
			BlockBootstrap(rng, weights)
			sum, drawn := 0.0, 0.0
			for i, w := range weights {
				sum, drawn = sum+w*values[i], drawn+w
			}
			if drawn != float64(len(values)) {
				t.Fatalf("%v values drawn of %d", drawn, len(values))
			}
			means = append(means, sum/drawn)
		}
		return PooledSpread(means).SD
	}
	var single, stretched float64
	for range series {
		values, stretches := make([]float64, n), make([]float64, n)
		for i := range values {
			values[i] = rng.NormFloat64()
			stretches[i] = values[i/8*8]
		}
		single += standardError(values) / series
		stretched += standardError(stretches) / series
	}
	closeTo(t, "the standard error", single, 1/math.Sqrt(n), 0.01)
	if stretched < 1.5*single {
		t.Errorf("stretches of equal values: %v, single ones %v", stretched, single)
	}
}
