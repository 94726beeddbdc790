package report

import (
	"math"
	"testing"
)

func TestDigits(t *testing.T) {
	for _, tc := range []struct {
		v      float64
		digits int
		want   string
	}{
		{0, 3, "0"},
		{math.Copysign(0, -1), 3, "0"},
		{1e-7, 3, "1e-07"},
		{1e21, 3, "1e+21"},
		{0.000012345, 3, "1.2e-05"},
		{0.0001, 3, "0.0001"},
		{0.71, 3, "0.71"},
		{38.249, 3, "38.2"},
		{999.96, 3, "1,000"},
		{1204.6, 3, "1,205"},
		{1234567.8, 4, "1,234,568"},
		{-1204.6, 3, "-1,205"},
		{1234.5678, 6, "1,234.57"},
		{999_999_999_999_999, 3, "999,999,999,999,999"},
	} {
		if got := Digits(tc.v, tc.digits); got != tc.want {
			t.Errorf("Digits(%v, %d) = %s, want %s", tc.v, tc.digits, got, tc.want)
		}
	}
}
