package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestJainIndex(t *testing.T) {
	tests := []struct {
		values []float64
		want   float64
	}{
		{[]float64{5}, 1},
		{[]float64{3, 3, 3}, 1},
		{[]float64{1, 0, 0, 0}, 0.25},
		{[]float64{1, 2, 3}, 36.0 / 42},
		{[]float64{1e300, 1e300}, 1},
		{nil, math.NaN()},
		{[]float64{0, 0}, math.NaN()},
		{[]float64{1, -1}, math.NaN()},
		{[]float64{1, math.NaN()}, math.NaN()},
		{[]float64{1, math.Inf(1)}, math.NaN()},
	}
	for _, tt := range tests {
		if got := JainIndex(tt.values); !near(got, tt.want) {
			t.Errorf("JainIndex(%v) = %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestWilsonInterval(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		count, total          int64
		confidence, low, high float64
	}{
		{0, 10, 0.95, 0, 0.27753279},
		{10, 10, 0.95, 0.72246721, 1},
		{5, 10, 0.95, 0.23659309, 0.76340691},
		{1, 1000, 0.95, 0.00017653, 0.00564256},
		{0, 0, 0.95, 0, 1},
		{-1, 10, 0.95, nan, nan},
		{11, 10, 0.95, nan, nan},
		{1, 10, 1, nan, nan},
		{1, 10, 0, nan, nan},
	}
	for _, tt := range tests {
		low, high := WilsonInterval(tt.count, tt.total, tt.confidence)
		if !(math.Abs(low-tt.low) < 1e-7 || math.IsNaN(low) && math.IsNaN(tt.low)) ||
			!(math.Abs(high-tt.high) < 1e-7 || math.IsNaN(high) && math.IsNaN(tt.high)) {
			t.Errorf("WilsonInterval(%d, %d, %v) = %.8f, %.8f, want %.8f, %.8f",
				tt.count, tt.total, tt.confidence, low, high, tt.low, tt.high)
		}
	}
}

// The ends solve the score equation (p̂ − p)² = z²·p(1 − p)/n, which is what
// defines them.
func TestWilsonIntervalSolvesItsEquation(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	const z = 1.959963984540054
	for range 1000 {
		total := 2 + rng.Int64N(100_000)
		count := 1 + rng.Int64N(total-1)
		low, high := WilsonInterval(count, total, 0.95)
		share := float64(count) / float64(total)
		if !(low > 0 && low < share && share < high && high < 1) {
			t.Fatalf("%d of %d: %v to %v", count, total, low, high)
		}
		for _, p := range []float64{low, high} {
			left, right := (share-p)*(share-p), z*z*p*(1-p)/float64(total)
			if math.Abs(left-right) > 1e-9*right {
				t.Fatalf("%d of %d: the end %v leaves %v against %v", count, total, p, left, right)
			}
		}
	}
}
