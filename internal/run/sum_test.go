package run_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"k6report/internal/run"
)

// exact is a sum in units of 1e-9.
func exact(s run.Sum) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(s.Hi), 64)
	return n.Add(n, new(big.Int).SetUint64(s.Lo))
}

// units are a value in units of 1e-9, unrounded.
func units(v float64) *big.Float {
	x := new(big.Float).SetPrec(2000).SetFloat64(v)
	return x.Mul(x, big.NewFloat(1e9))
}

func sumValues(rng *rand.Rand, n int) []float64 {
	magnitudes := []float64{1e-10, 1e-9, 1e-3, 1, 1e3, 1 << 22, 1 << 23, 1 << 33, 1 << 40}
	values := []float64{
		0, 1 << 33, -(1 << 33), math.Nextafter(1<<33, 0), math.Nextafter(1<<22, 0), 1 << 22, -(1 << 22),
		math.Nextafter(1<<40, 0), -math.Nextafter(1<<40, 0), 0.5e-9, 1.5e-9, 8589934592.3, 1e7 + 0.1,
	}
	for len(values) < n {
		values = append(values, (2*rng.Float64()-1)*magnitudes[rng.IntN(len(magnitudes))])
	}
	return values
}

// TestSumRounds: each value is off by at most half a unit, and what a product of
// 53 bits adds to that.
func TestSumRounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	limit := big.NewFloat(0.75)
	for _, v := range sumValues(rng, 20_000) {
		var s run.Sum
		s.Add(v)
		off := new(big.Float).SetPrec(2000).SetInt(exact(s))
		if off.Sub(off, units(v)).Abs(off).Cmp(limit) > 0 {
			t.Errorf("%v is %s units off", v, off.Text('g', 5))
		}
	}
}

func TestSumIsOrderless(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	values := sumValues(rng, 5000)
	var want run.Sum
	oracle := new(big.Int)
	for _, v := range values {
		var one run.Sum
		one.Add(v)
		want.Add(v)
		oracle.Add(oracle, exact(one))
	}
	if exact(want).Cmp(oracle) != 0 {
		t.Errorf("the sum is %v units, not %v", exact(want), oracle)
	}
	for range 20 {
		parts := make([]run.Sum, 7)
		for _, i := range rng.Perm(len(values)) {
			parts[rng.IntN(len(parts))].Add(values[i])
		}
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		var got run.Sum
		for _, p := range parts {
			got.Merge(p)
		}
		if got != want {
			t.Fatalf("another order gives %v, not %v", got, want)
		}
	}
}

// TestSumFloat holds Float to 2 units in the last place.
func TestSumFloat(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	sums := []run.Sum{
		{},
		{Lo: 1},
		{Lo: math.MaxInt64},
		{Lo: 1 << 63},
		{Lo: math.MaxUint64},
		{Hi: -1, Lo: math.MaxUint64},
		{Hi: -1, Lo: 1 << 63},
		{Hi: -1, Lo: 1<<63 - 1},
		{Hi: math.MaxInt64, Lo: math.MaxUint64},
		{Hi: math.MinInt64},
	}
	for range 20_000 {
		sums = append(sums, run.Sum{Hi: int64(rng.Uint64()) >> rng.IntN(64), Lo: rng.Uint64()})
	}
	for _, s := range sums {
		want := new(big.Float).SetPrec(2000).SetInt(exact(s))
		nearest, _ := want.Quo(want, big.NewFloat(1e9)).Float64()
		got := s.Float()
		if ulp := math.Abs(math.Nextafter(nearest, math.Inf(1)) - nearest); math.Abs(got-nearest) > 2*ulp {
			t.Errorf("%v: %v, want %v", s, got, nearest)
		}
	}
}
