package stat_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"k6report/internal/stat"
)

// levels is a series of normal values around levels, each of so many values.
func levels(seed uint64, sd float64, each int, means ...float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	var y []float64
	for _, mean := range means {
		for range each {
			y = append(y, mean+sd*rng.NormFloat64())
		}
	}
	return y
}

func indices(points []stat.ChangePoint) []int {
	out := []int{}
	for _, c := range points {
		out = append(out, c.Index)
	}
	return out
}

func TestChangePointsFindSteps(t *testing.T) {
	for name, tc := range map[string]struct {
		y    []float64
		want []int
	}{
		"one":                   {levels(1, 0.01, 30, 0, 0.2), []int{30}},
		"two, up and down":      {levels(2, 0.01, 20, 0, 0.2, 0), []int{20, 40}},
		"stairs":                {levels(3, 0.01, 100, 0, 0.2, 0.4, 0.6), []int{100, 200, 300}},
		"near the end":          {append(levels(4, 0.01, 45, 0), levels(5, 0.01, 5, 0.3)...), []int{45}},
		"near the beginning":    {append(levels(6, 0.01, 5, 0), levels(7, 0.01, 45, 0.3)...), []int{5}},
		"at a window's border":  {levels(8, 0.01, 50, 0, 0.2), []int{50}},
		"without any spread":    {append(make([]float64, 20), slices.Repeat([]float64{1}, 20)...), []int{20}},
		"flat":                  {levels(9, 0.01, 300, 0), []int{}},
		"constant":              {make([]float64, 100), []int{}},
		"one outlier":           {append(append(make([]float64, 30), 5), make([]float64, 30)...), []int{}},
		"too small to matter":   {levels(10, 0.001, 50, 0, 0.02), []int{}},
		"small, then large":     {levels(11, 0.001, 40, 0, 0.02, 0.2), []int{80}},
		"too few to tell":       {[]float64{0, 0, 0, 1, 1}, []int{}},
		"too few to be certain": {[]float64{0, 0.01, 0, 1, 1.01, 1}, []int{}},
		"empty":                 {nil, []int{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := stat.ChangePoints(tc.y, stat.ChangePointOptions{Smallest: math.Log(1.05)})
			if !slices.Equal(indices(got), tc.want) {
				t.Errorf("change points at %v, want %v", indices(got), tc.want)
			}
		})
	}
}

// With FewestForChange values the clearest of changes is found now and then, with
// fewer never, however the values are reordered.
func TestFewestForChange(t *testing.T) {
	found := func(n int) (times int) {
		y := append(make([]float64, n/2), slices.Repeat([]float64{1}, n-n/2)...)
		for seed := range uint64(50) {
			times += len(stat.ChangePoints(y, stat.ChangePointOptions{Seed: seed}))
		}
		return times
	}
	n := stat.FewestForChange()
	if few, enough := found(n-1), found(n); few > 0 || enough < 15 {
		t.Errorf("of 50 searches %d found a change in %d values, %d in %d", few, n-1, enough, n)
	}
	if n != 11 { // 2 of 462 orders, of 10 values 2 of 252
		t.Errorf("%d values are needed, want 11", n)
	}
}

// The energy statistic of the split that is chosen, computed from its
// definition, is the largest of all.
func TestChangePointsAgainstTheDefinition(t *testing.T) {
	energy := func(a, b []float64) float64 {
		mean := func(x, y []float64) float64 {
			sum := 0.0
			for _, u := range x {
				for _, v := range y {
					sum += math.Abs(u - v)
				}
			}
			return sum / float64(len(x)*len(y))
		}
		n, m := float64(len(a)), float64(len(b))
		return n * m / (n + m) * (2*mean(a, b) - mean(a, a) - mean(b, b))
	}
	for seed := range uint64(50) {
		y := append(levels(seed, 1, 20, 0), levels(seed+1000, 1, 20, 3)...)
		got := stat.ChangePoints(y, stat.ChangePointOptions{})
		if len(got) == 0 {
			t.Fatalf("seed %d: no change found", seed)
		}
		best, at := 0.0, 0
		for i := 3; i <= len(y)-3; i++ {
			if e := energy(y[:i], y[i:]); e > best {
				best, at = e, i
			}
		}
		if !slices.Contains(indices(got), at) {
			t.Errorf("seed %d: found %v, by the definition it is %d", seed, indices(got), at)
		}
	}
}

// The flow of the Nile at Aswan, 1871 to 1970, is the series that methods are
// shown on: it fell once, with the year 1899, and was level otherwise.
// Source: Cobb, "The Problem of the Nile: Conditional Solution to a Changepoint
// Problem", Biometrika 65 (1978).
func TestChangePointsOfTheNile(t *testing.T) {
	flow := []float64{
		1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
		1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
		831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
		781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
		744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
	}
	y := make([]float64, len(flow))
	for i, v := range flow {
		y[i] = math.Log(v)
	}
	got := indices(stat.ChangePoints(y, stat.ChangePointOptions{Smallest: math.Log(1.05)}))
	if want := []int{1899 - 1871}; !slices.Equal(got, want) {
		t.Errorf("change points at %v, want %v", got, want)
	}
}

func TestChangePointsDescribe(t *testing.T) {
	y := []float64{1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 11, 12, 11, 12, 11, 12, 11, 12, 11, 12, 11, 12}
	got := stat.ChangePoints(y, stat.ChangePointOptions{})
	if len(got) != 1 {
		t.Fatalf("found %v", got)
	}
	c := got[0]
	// 10 ± t(0.975, 22 degrees) · √(2 · 3/11 / 12).
	if c.Index != 12 || c.Before != 1.5 || c.After != 11.5 || math.Abs(c.Low-9.557839) > 1e-3 || math.Abs(c.High-10.442161) > 1e-3 {
		t.Errorf("%+v", c)
	}
	if c.P <= 0 || c.P > 0.005 {
		t.Errorf("p = %v", c.P)
	}
}

// Change points don't depend on the unit, nor on which way is up.
func TestChangePointsAreSymmetric(t *testing.T) {
	y := append(levels(1, 0.05, 40, 0, 0.15), levels(2, 0.05, 40, -0.1)...)
	want := indices(stat.ChangePoints(y, stat.ChangePointOptions{}))
	if len(want) != 2 {
		t.Fatalf("found %v", want)
	}
	for name, f := range map[string]func(float64) float64{
		"scaled": func(v float64) float64 { return 1024 * v }, "mirrored": func(v float64) float64 { return -v },
	} {
		z := make([]float64, len(y))
		for i, v := range y {
			z[i] = f(v)
		}
		if got := indices(stat.ChangePoints(z, stat.ChangePointOptions{})); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Of series without a change at most the stated share has one.
func TestChangePointsAreRareByChance(t *testing.T) {
	const series, alpha = 400, 0.05
	for _, n := range []int{12, 50, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			found := 0
			for seed := range uint64(series) {
				y := levels(seed, 1, n, 0)
				if len(stat.ChangePoints(y, stat.ChangePointOptions{Alpha: alpha, Seed: seed})) > 0 {
					found++
				}
			}
			// 20 are expected; 36 and more have a chance of 1 in 2,000.
			if found > 35 {
				t.Errorf("%d of %d series without a change have one", found, series)
			}
		})
	}
}

// A thousand runs with ten gates each are to take less than a second.
func BenchmarkChangePoints(b *testing.B) {
	for name, y := range map[string][]float64{
		"flat/1000":   levels(1, 0.02, 1000, 0),
		"steps4/1000": levels(2, 0.02, 200, 0, 0.1, 0.2, 0.1, 0),
		"steps9/1000": levels(2, 0.02, 100, 0, 0.1, 0.2, 0.1, 0, 0.1, 0, 0.1, 0.2, 0.1),
		"one/50":      levels(2, 0.02, 25, 0, 0.1),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				stat.ChangePoints(y, stat.ChangePointOptions{Smallest: math.Log(1.05)})
			}
		})
	}
}
