package stat

import (
	"math"
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
