package run_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/DataDog/sketches-go/ddsketch"
	"pgregory.net/rapid"

	"k6report/internal/run"
)

// distributions are what quantiles are held against.
func distributions(rng *rand.Rand) map[string][]float64 {
	of := func(n int, draw func() float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = draw()
		}
		return values
	}
	return map[string][]float64{
		"one":         {3.7},
		"two":         {3.7, 1e6},
		"three":       {-2, 0, 5},
		"equal":       {0.1, 0.1, 0.1, 0.1},
		"zeros":       make([]float64, 10),
		"lognormal":   of(5000, func() float64 { return 5 * math.Exp(rng.NormFloat64()) }),
		"uniform":     of(1000, rng.Float64),
		"narrow":      of(1000, func() float64 { return 100 + rng.Float64()/50 }),
		"two humps":   of(999, func() float64 { return 1 + 1000*float64(rng.IntN(2)) + rng.Float64() }),
		"whole ms":    of(2000, func() float64 { return float64(rng.IntN(30)) }),
		"bin borders": of(500, func() float64 { return math.Ldexp(1+float64(rng.IntN(4))/1024, rng.IntN(3)) }),
		"below them":  of(500, func() float64 { return math.Nextafter(math.Ldexp(1+float64(rng.IntN(4))/1024, rng.IntN(3)), 0) }),
		"tiny":        of(300, func() float64 { return math.Ldexp(1+rng.Float64(), -30) }),
		"huge":        of(300, func() float64 { return math.Ldexp(1+rng.Float64(), 39) }),
		"negative":    of(1000, func() float64 { return -50 * rng.ExpFloat64() }),
		"both signs":  of(1001, rng.NormFloat64),
		"all":         of(2000, func() float64 { return math.Ldexp(2*rng.Float64()-1, rng.IntN(70)-30) }),
		"ninety nine": of(99, rng.ExpFloat64),
	}
}

var quantiles = []float64{0, 0.001, 0.01, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1}

// neighbours are the sorted values that k6 interpolates between, and their part.
func neighbours(sorted []float64, q float64) (lower, upper, part float64) {
	rank := q * float64(len(sorted)-1)
	below := math.Floor(rank)
	return sorted[int(below)], sorted[int(math.Ceil(rank))], rank - below
}

func sketchOf(k int, values []float64) *run.Sketch {
	s := run.NewSketch(k)
	for _, v := range values {
		s.Add(v)
	}
	return s
}

// TestQuantiles holds every estimate to the stated bound: each of the two
// values within 2^-(k+1) of itself, smaller ones than the domain taken as 0.
func TestQuantiles(t *testing.T) {
	for name, values := range distributions(rand.New(rand.NewPCG(1, 1))) {
		sorted := slices.Sorted(slices.Values(values))
		lowest, highest := sorted[0], sorted[len(sorted)-1]
		for _, k := range []int{run.TableBits, 6, run.BlockBits, run.FineBits} {
			s := sketchOf(k, values)
			for _, q := range quantiles {
				got, ok := s.Quantile(q, lowest, highest)
				lower, upper, part := neighbours(sorted, q)
				want := lower + (upper-lower)*part
				bound := func(v float64) float64 { return math.Ldexp(math.Abs(v), -k-1) + math.Ldexp(1, -30) }
				limit := (1-part)*bound(lower) + part*bound(upper)
				if !ok || math.Abs(got-want) > limit*(1+1e-9) {
					t.Errorf("%s, k %d: q%v is %v ± %v, got %v", name, k, q, want, limit, got)
				}
				if (q == 0 || q == 1) && got != want {
					t.Errorf("%s, k %d: the extreme is %v, got %v", name, k, want, got)
				}
				if got < lowest || got > highest {
					t.Errorf("%s, k %d: q%v is %v, outside %v to %v", name, k, q, got, lowest, highest)
				}
			}
		}
	}
}

// TestQuantilesWithoutExtremes is what merged blocks have.
func TestQuantilesWithoutExtremes(t *testing.T) {
	s := sketchOf(run.BlockBits, []float64{10, 20, 30})
	for _, q := range []float64{0, 0.5, 1} {
		want := 10 + 20*q
		if got, _ := s.Quantile(q, math.Inf(-1), math.Inf(1)); math.Abs(got-want) > want/512 {
			t.Errorf("q%v is %v, got %v", q, want, got)
		}
	}
}

// TestQuantileOutsideDomain: what is too large for bins is the extreme.
func TestQuantileOutsideDomain(t *testing.T) {
	if got, ok := run.NewSketch(10).Quantile(0.5, 0, 0); ok || got != 0 {
		t.Errorf("nothing has the median %v", got)
	}
	s := sketchOf(10, []float64{-math.MaxFloat64, math.MaxFloat64})
	for q, want := range map[float64]float64{-1: -math.MaxFloat64, 0: -math.MaxFloat64, 0.5: 0, 1: math.MaxFloat64, 2: math.MaxFloat64} {
		if got, _ := s.Quantile(q, -math.MaxFloat64, math.MaxFloat64); got != want {
			t.Errorf("q%v is %v, got %v", q, want, got)
		}
	}
	if n := s.Count(); n != 2 {
		t.Errorf("%d of 2 are counted", n)
	}
}

// TestBins: all values lie in the bins that count them, in order.
func TestBins(t *testing.T) {
	for name, values := range distributions(rand.New(rand.NewPCG(2, 1))) {
		sorted := slices.Sorted(slices.Values(values))
		last := math.Inf(-1)
		for r, n := range sketchOf(run.FineBits, values).Bins() {
			if r.Low < last {
				t.Errorf("%s: bin %v comes after %v", name, r, last)
			}
			last = r.High
			for _, v := range sorted[:n] {
				inside := v >= r.Low && v < r.High
				if r.High <= 0 {
					inside = v > r.Low && v <= r.High
				}
				if r == (run.Range{}) {
					inside = math.Abs(v) < math.Ldexp(1, -30)
				}
				if !inside {
					t.Errorf("%s: %v is not in its bin %v", name, v, r)
				}
			}
			sorted = sorted[n:]
		}
		if len(sorted) > 0 {
			t.Errorf("%s: %d values are in no bin", name, len(sorted))
		}
	}
}

// shown makes two sketches comparable.
func shown(s *run.Sketch) string {
	out := fmt.Sprint(s.Bits())
	for r, n := range s.Bins() {
		out += fmt.Sprintf(" %v:%d", r, n)
	}
	return out
}

// TestCoarsen: lowering k equals having added at the lower k.
func TestCoarsen(t *testing.T) {
	for name, values := range distributions(rand.New(rand.NewPCG(3, 1))) {
		fine := sketchOf(run.FineBits, values)
		for _, k := range []int{1, 5, 6, 8, 10} {
			if got, want := shown(fine.Coarsen(k)), shown(sketchOf(k, values)); got != want {
				t.Errorf("%s: at %d bits there is\n%.300s, not\n%.300s", name, k, got, want)
			}
		}
		if got := fine.Coarsen(12); shown(got) != shown(fine) {
			t.Errorf("%s: a finer sketch was made up", name)
		}
	}
}

func TestSketchMergeIsOrderless(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for name, values := range distributions(rng) {
		want := shown(sketchOf(8, values))
		for range 5 {
			parts := []*run.Sketch{run.NewSketch(10), run.NewSketch(8), run.NewSketch(9), run.NewSketch(10)}
			for _, v := range values {
				parts[rng.IntN(len(parts))].Add(v)
			}
			rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			parts[0].Merge(parts[1])
			parts[2].Merge(parts[3])
			parts[2].Merge(parts[0])
			if got := shown(parts[2]); got != want {
				t.Fatalf("%s: merging gives\n%.300s, not\n%.300s", name, got, want)
			}
		}
	}
}

// TestLargeCounts counts more than 32 bits hold.
func TestLargeCounts(t *testing.T) {
	a, b := run.NewSketch(10), run.NewSketch(6)
	a.AddN(5, math.MaxUint32)
	a.AddN(-5, 1<<40)
	a.Add(5)
	b.AddN(5, 1<<33)
	b.Merge(a)
	var counts []uint64
	for _, n := range b.Bins() {
		counts = append(counts, n)
	}
	if !slices.Equal(counts, []uint64{1 << 40, 1<<33 + 1<<32}) {
		t.Errorf("the counts are %v", counts)
	}
}

// TestAgainstDDSketch compares with a sketch of another make, which doesn't
// interpolate, on so many values that it doesn't matter.
func TestAgainstDDSketch(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	const accuracy = 0.001
	theirs, err := ddsketch.NewDefaultDDSketch(accuracy)
	if err != nil {
		t.Fatal(err)
	}
	ours := run.NewSketch(run.FineBits)
	for range 100_000 {
		v := 20 * math.Exp(0.7*rng.NormFloat64())
		ours.Add(v)
		if err := theirs.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []float64{0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99} {
		want, err := theirs.GetValueAtQuantile(q)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := ours.Quantile(q, math.Inf(-1), math.Inf(1))
		if math.Abs(got-want) > want*(accuracy+1.0/2048+0.001) {
			t.Errorf("q%v is %v by DDSketch, got %v", q, want, got)
		}
	}
}

// TestMergeSketches: many at once give what one after another does, whatever
// their resolutions and however their bins are kept.
func TestMergeSketches(t *testing.T) {
	var parts []*run.Sketch
	one := run.NewSketch(run.FineBits)
	for _, k := range []int{run.FineBits, run.BlockBits} {
		all := distributions(rand.New(rand.NewPCG(1, 1)))
		for _, name := range slices.Sorted(maps.Keys(all)) {
			parts = append(parts, sketchOf(k, all[name]))
			one.Merge(parts[len(parts)-1])
			got := run.MergeSketches(run.FineBits, parts)
			if got.Bits() != one.Bits() || !slices.Equal(binsOf(got), binsOf(one)) {
				t.Fatalf("with %s at %d bits the bins differ", name, k)
			}
		}
	}
	wrapped := run.NewSketch(run.BlockBits)
	wrapped.AddN(3, 1<<32-1)
	if got := run.MergeSketches(run.BlockBits, []*run.Sketch{wrapped, wrapped, wrapped}); got.Count() != 3*(1<<32-1) {
		t.Errorf("%d values are counted of %d", got.Count(), 3*(1<<32-1))
	}
	if got := run.MergeSketches(run.BlockBits, nil); got.Count() != 0 || got.Bits() != run.BlockBits {
		t.Errorf("nothing gives %d values at %d bits", got.Count(), got.Bits())
	}
}

// TestMergeOfLargeCounts holds lists put together against values added one by one,
// where counts pass 2^32.
func TestMergeOfLargeCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coarse := rapid.IntRange(3, run.FineBits).Draw(t, "bits")
		want, got := run.NewSketch(coarse), run.NewSketch(coarse)
		for range 3 {
			part := run.NewSketch(run.FineBits)
			for range rapid.IntRange(0, 20).Draw(t, "values") {
				v := 1 + float64(rapid.IntRange(0, 40).Draw(t, "value"))/run.FineBits
				n := rapid.SampledFrom([]uint64{1, 1 << 31, 1<<32 - 1, 1 << 32, 5<<32 + 7}).Draw(t, "count")
				part.AddN(v, n)
				want.AddN(v, n)
			}
			got.Merge(part)
		}
		if a, b := binsOf(got), binsOf(want); !slices.Equal(a, b) {
			t.Fatalf("put together: %v\nadded: %v", a, b)
		}
	})
}
