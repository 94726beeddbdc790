package stat

import (
	"math"
	"testing"
)

func TestQuantile(t *testing.T) {
	ten := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 100}
	tests := []struct {
		sorted  []float64
		q, want float64
	}{
		{ten, 0, 1},
		{ten, 1, 100},
		{ten, 0.5, 5.5},
		{ten, 0.9, 18.1},
		{ten, 0.95, 59.05},
		{[]float64{7}, 0.3, 7},
		{[]float64{1, 3}, 0.25, 1.5},
		{[]float64{math.Inf(-1), math.Inf(-1), 3}, 0.25, math.Inf(-1)},
		{nil, 0.5, math.NaN()},
		{ten, -0.1, math.NaN()},
		{ten, 1.1, math.NaN()},
		{ten, math.NaN(), math.NaN()},
	}
	for _, tt := range tests {
		if got := Quantile(tt.sorted, tt.q); !near(got, tt.want) {
			t.Errorf("Quantile(%v, %v) = %v, want %v", tt.sorted, tt.q, got, tt.want)
		}
	}
}

func TestOfferedQuantile(t *testing.T) {
	tests := []struct {
		p, dropped, want float64
		bounded          bool
	}{
		{0.95, 0, 0.95, true},
		{0.95, 0.01, 0.95959596, true},
		{0.95, 0.049, 0.99894848, true},
		{0.95, 0.05, math.NaN(), false},
		{0.95, 5.0 / 100, math.NaN(), false},
		{0.95, 0.2, math.NaN(), false},
		{0.99, 0.01, math.NaN(), false},
		{0.5, 0.49, 0.98039216, true},
		{1, 0, 1, true},
		{0.95, 1, math.NaN(), false},
		{0.95, -0.1, math.NaN(), false},
		{math.NaN(), 0, math.NaN(), false},
	}
	for _, tt := range tests {
		got, bounded := OfferedQuantile(tt.p, tt.dropped)
		if bounded != tt.bounded || !near(got, tt.want) {
			t.Errorf("OfferedQuantile(%v, %v) = %v, %v, want %v, %v", tt.p, tt.dropped, got, bounded, tt.want, tt.bounded)
		}
	}
}

// The offered quantile of the completed values is the quantile of all, with the
// dropped as infinite, but for the interpolation between two ranks.
func TestOfferedQuantileByRank(t *testing.T) {
	const completed, dropped = 9700, 300
	all := make([]float64, completed+dropped)
	for i := range all {
		all[i] = float64(i)
		if i >= completed {
			all[i] = math.Inf(1)
		}
	}
	q, bounded := OfferedQuantile(0.95, dropped/float64(len(all)))
	got, want := Quantile(all[:completed], q), Quantile(all, 0.95)
	if !bounded || math.Abs(got-want) > 1 {
		t.Errorf("offered p95 = %v, %v, want about %v", got, bounded, want)
	}
}

// near is equality within 1e-8 of the wanted value, NaN and infinities included.
func near(got, want float64) bool {
	return got == want || math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= 1e-8*math.Abs(want)
}
