package run

import (
	"math"
	"math/bits"
)

// sumUnit is the number of fixed-point units in 1.
const sumUnit = 1_000_000_000

// maxMagnitude is the first magnitude outside the domain of sums and sketches.
const maxMagnitude = 1 << 40

// exactBelow is the magnitude up to which a value times sumUnit is exact to a
// unit in a float64.
const exactBelow = 1 << 22

// Sum adds float64 values exactly: a signed 128-bit integer in units of 1e-9.
// Each value is rounded to the nearest unit when it is added; from then on
// addition is associative and commutative. The zero value is an empty sum.
// Values of magnitude 2^40 and above are outside its domain; 2^57 additions of
// the largest fit before it overflows.
type Sum struct {
	Hi int64
	Lo uint64
}

// Add adds v, which must be finite and below 2^40 in magnitude.
func (s *Sum) Add(v float64) {
	if v < exactBelow && v > -exactBelow {
		s.addInt(unitsOf(v))
		return
	}
	whole, frac := math.Modf(v)
	hi, lo := bits.Mul64(uint64(math.Abs(whole)), sumUnit)
	part := Sum{Hi: int64(hi), Lo: lo}
	if v < 0 {
		part = part.negated()
	}
	s.Merge(part)
	s.addInt(int64(math.RoundToEven(frac * sumUnit)))
}

// unitsOf is a value below exactBelow in units; its magnitude is below 2^52.
func unitsOf(v float64) int64 { return int64(math.RoundToEven(v * sumUnit)) }

// Merge adds another sum.
func (s *Sum) Merge(o Sum) {
	lo, carry := bits.Add64(s.Lo, o.Lo, 0)
	hi, _ := bits.Add64(uint64(s.Hi), uint64(o.Hi), carry)
	s.Lo, s.Hi = lo, int64(hi)
}

// Float is the sum as the nearest float64 (within 2 units in the last place).
func (s Sum) Float() float64 {
	if fits := int64(s.Lo); s.Hi == fits>>63 {
		return float64(fits) / sumUnit
	}
	hi, lo, sign := uint64(s.Hi), s.Lo, 1.0
	if s.Hi < 0 { // unsigned, so that the lowest number has an opposite too
		n := s.negated()
		hi, lo, sign = uint64(n.Hi), n.Lo, -1
	}
	high := float64(hi) * (1 << 64) // a statement of its own: never fused
	return sign * (high + float64(lo)) / sumUnit
}

func (s *Sum) addInt(n int64) {
	s.Merge(Sum{Hi: n >> 63, Lo: uint64(n)})
}

func (s Sum) negated() Sum {
	lo, borrow := bits.Sub64(0, s.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(s.Hi), borrow)
	return Sum{Hi: int64(hi), Lo: lo}
}

// in is the sum as a multiple of a unit of at most sumUnit; ok is false when
// it is none, or one of more than 62 bits.
func (s Sum) in(unit uint64) (n int64, ok bool) {
	if unit == 0 || unit > sumUnit {
		return 0, false
	}
	abs, sign := s, int64(1)
	if s.Hi < 0 {
		abs, sign = s.negated(), -1
	}
	if uint64(abs.Hi) >= unit {
		return 0, false
	}
	quotient, rest := bits.Div64(uint64(abs.Hi), abs.Lo, unit)
	return sign * int64(quotient), rest == 0 && quotient < 1<<62
}

// sumOf is n units.
func sumOf(n int64, unit uint64) Sum {
	hi, lo := bits.Mul64(uint64(max(n, -n)), unit)
	s := Sum{Hi: int64(hi), Lo: lo}
	if n < 0 {
		return s.negated()
	}
	return s
}
