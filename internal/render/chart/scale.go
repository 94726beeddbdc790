package chart

import (
	"math"
	"slices"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// scale maps values to a share of an axis, 0 … 1.
type scale struct {
	min, max float64
	log      bool
}

// span is a linear scale from 0 to a little above the highest value.
func span(high float64) scale {
	if !(high > 0) {
		high = 1
	}
	return scale{max: high * 1.04}
}

// decades is a logarithmic scale around positive values.
func decades(low, high float64) scale {
	if !(low > 0) {
		low = high / 1000
	}
	if !(high > 0) {
		return scale{min: 1, max: 10, log: true}
	}
	s := scale{min: low / 1.08, max: high * 1.08, log: true}
	if s.max/s.min < 1.5 { // a flat line has a scale too
		s.min, s.max = s.min/1.5, s.max*1.5
	}
	return s
}

// at is where a value stands; what a logarithm can't show stands at the start.
func (s scale) at(v float64) float64 {
	if !s.log {
		return (v - s.min) / (s.max - s.min)
	}
	if !(v > s.min) {
		return 0
	}
	return math.Log(v/s.min) / math.Log(s.max/s.min)
}

// ticks are about n round values within the scale, ascending.
func (s scale) ticks(n int) []float64 {
	if s.log {
		return s.logTicks(n)
	}
	out := multiples(s.min, s.max, roundUp((s.max-s.min)/float64(n)))
	if len(out) < 2 { // one alone tells nothing of the scale
		out = multiples(s.min, s.max, roundUp((s.max-s.min)/float64(2*n)))
	}
	return out
}

// ticksOf are ticks of a unit: there is no half of what is counted.
func (s scale) ticksOf(unit string, n int) []float64 {
	out := s.ticks(n)
	if unit == report.UnitCount {
		out = slices.DeleteFunc(out, func(v float64) bool { return v != math.Trunc(v) })
	}
	return out
}

// times are ticks of a time in seconds: multiples that clocks have.
func (s scale) times(n int) []float64 {
	want := (s.max - s.min) / float64(n)
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200} {
		if step >= want {
			return multiples(s.min, s.max, step)
		}
	}
	if want < 1 {
		return s.ticks(n)
	}
	return multiples(s.min, s.max, roundUp(want/86400)*86400)
}

// roundUp is the next of 1, 2 and 5 times a power of ten.
func roundUp(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

func multiples(low, high, step float64) []float64 {
	var out []float64
	const slack = 1e-9
	for k := math.Ceil(low/step - slack); k*step <= high+step*slack && len(out) < 100; k++ {
		out = append(out, k*step)
	}
	return out
}

// logTicks are 1, 2 and 5 times powers of ten: the powers alone where that would
// be too many, more steps where it would be too few.
func (s scale) logTicks(n int) []float64 {
	out := s.decadeTicks(1, 2, 5)
	switch {
	case len(out) > n+1:
		out = thin(s.decadeTicks(1), n)
	case len(out) < 3:
		out = s.decadeTicks(1, 1.5, 2, 3, 4, 5, 6, 8)
	}
	return out
}

func (s scale) decadeTicks(mantissas ...float64) []float64 {
	var out []float64
	for e := math.Floor(math.Log10(s.min)); e <= math.Ceil(math.Log10(s.max)); e++ {
		for _, m := range mantissas {
			if v := m * math.Pow(10, e); v >= s.min*(1-1e-9) && v <= s.max*(1+1e-9) {
				out = append(out, v)
			}
		}
	}
	return out
}

// thin leaves every second value out until there are at most about n.
func thin(values []float64, n int) []float64 {
	for len(values) > n+2 {
		var kept []float64
		for i := 0; i < len(values); i += 2 {
			kept = append(kept, values[i])
		}
		values = kept
	}
	return values
}

// tickLabel is a tick's value as people read it on an axis of that unit.
func tickLabel(v float64, unit string) string {
	if v == 0 && unit != report.UnitS {
		return "0"
	}
	switch unit {
	case report.UnitS:
		return view.Seconds(v)
	case report.UnitMS:
		return view.Milliseconds(v)
	case report.UnitShare:
		return view.Percent(v)
	case report.UnitBytes:
		return view.Bytes(v)
	case report.UnitPerS:
		return view.PerSecond(v)
	}
	return shortLabel(lettersOnly(view.Measure(v, unit)))
}

// shortLabel keeps a unit that no analysis writes from filling the picture.
func shortLabel(s string) string {
	const most = 16
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// extent is the lowest and the highest of some values; ok is false when all
// are gaps.
func extent(lists ...[]float64) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, list := range lists {
		for _, v := range list {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high, ok = math.Min(low, v), math.Max(high, v), true
			}
		}
	}
	return low, high, ok
}
