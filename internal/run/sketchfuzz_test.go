package run_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"k6report/internal/run"
)

// FuzzSketch: any values, in any order and in any parts, give the same bins,
// which hold all of them; quantiles are monotone and as near as promised.
func FuzzSketch(f *testing.F) {
	var many []byte
	for i := range 3000 { // more bins than a list takes
		many = binary.LittleEndian.AppendUint64(many, math.Float64bits(1+float64(i)/7))
	}
	f.Add(many, uint16(1000))
	f.Add(many[:8*600], uint16(300))
	f.Add(many[:8], uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		var values []float64
		for ; len(data) >= 8 && len(values) < 10_000; data = data[8:] {
			if v := math.Float64frombits(binary.LittleEndian.Uint64(data)); !math.IsNaN(v) && !math.IsInf(v, 0) {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			return
		}
		at := int(cut) % len(values)
		whole, parts := sketchOf(run.FineBits, values), sketchOf(run.FineBits, values[at:])
		parts.Merge(sketchOf(run.FineBits, values[:at]))
		slices.Sort(values)
		sorted := sketchOf(run.FineBits, values)
		if whole.Count() != uint64(len(values)) {
			t.Fatalf("%d of %d values are counted", whole.Count(), len(values))
		}
		for _, k := range []int{run.FineBits, run.BlockBits, run.TableBits} {
			a, b, c := binsOf(whole.Coarsen(k)), binsOf(parts.Coarsen(k)), binsOf(sorted.Coarsen(k))
			if !slices.Equal(a, b) || !slices.Equal(a, c) {
				t.Fatalf("at %d bits: whole %v, in parts %v, in order %v", k, a, b, c)
			}
		}
		last := math.Inf(-1)
		for q := 0.0; q <= 1; q += 1.0 / 64 {
			v, ok := whole.Quantile(q, values[0], values[len(values)-1])
			if !ok || v < last {
				t.Fatalf("the %v-quantile is %v, %t, below %v before", q, v, ok, last)
			}
			last = v
		}
	})
}

type bin struct {
	run.Range
	n uint64
}

func binsOf(s *run.Sketch) []bin {
	var list []bin
	for r, n := range s.Bins() {
		list = append(list, bin{r, n})
	}
	return list
}
