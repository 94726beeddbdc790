package run

import (
	"iter"
	"math"
)

// Resolutions of the sketches of this package, in bits of the mantissa kept.
const (
	// FineBits gives quantiles within 0.05 % of the value: series.
	FineBits = 10
	// BlockBits gives quantiles within 0.2 %: durations by block of time.
	BlockBits = 8
	// TableBits gives 32 bins to a doubling: rows of the request tables.
	TableBits = 5
)

// Sketch is a histogram of float64 values with relative precision. A value's
// bin is its own bit pattern shifted right by 52−k bits: sign, exponent and
// the first k bits of the mantissa. Every bin therefore spans a factor of at
// most 1+2^−k, and lowering k merges whole bins, without error.
//
// Domain: magnitudes from 2^-30 up to, but not including, 2^40. Smaller ones
// count as zero; larger ones are counted apart, at the end of the order where
// they belong. NaN must not be added. The zero value is not usable; see
// [NewSketch].
//
// Method: the mapping is that of DDSketch with linear interpolation of the
// logarithm (Masson, Rim, Lee: "DDSketch", VLDB 2019), at bin widths that are
// powers of two. Counts are exact integers, so [Sketch.Merge] is associative
// and commutative.
type Sketch struct {
	bits uint8
	// low and high count values at or below −2^40 and at or above 2^40.
	low, zero, high uint64
	neg, pos        bank
}

// minExponent is that of 2^-30: about 1e-9, the unit of Sum.
const minExponent = -30

// NewSketch returns an empty sketch that keeps k bits of the mantissa, 1 to 20.
func NewSketch(k int) *Sketch { return &Sketch{bits: uint8(k)} }

// Bits is k, the number of mantissa bits kept.
func (s *Sketch) Bits() int { return int(s.bits) }

// Add counts one value.
func (s *Sketch) Add(v float64) { s.AddN(v, 1) }

// AddN counts a value n times.
func (s *Sketch) AddN(v float64, n uint64) {
	magnitude := math.Abs(v)
	switch {
	case magnitude < 1.0/(1<<-minExponent):
		s.zero += n
	case magnitude >= maxMagnitude:
		if v > 0 {
			s.high += n
		} else {
			s.low += n
		}
	case v > 0:
		s.pos.add(binOf(magnitude, s.bits), n)
	default:
		s.neg.add(binOf(magnitude, s.bits), n)
	}
}

// addAll is Add of each value, made for many of one kind: those whose bins are
// in pages that exist cost no call.
func (s *Sketch) addAll(values []float64) {
	pos := &s.pos
	for _, v := range values {
		if v >= 1.0/(1<<-minExponent) && v < maxMagnitude {
			bin := binOf(v, s.bits)
			if at := bin>>pageBits - pos.first; at < uint32(len(pos.pages)) && pos.pages[at] != nil {
				if c := &pos.pages[at][bin%pageSize]; *c < math.MaxUint32 {
					*c++
					continue
				}
			}
		}
		s.AddN(v, 1)
	}
}

// Merge adds the counts of o. The result keeps the lower of both resolutions.
func (s *Sketch) Merge(o *Sketch) {
	if o.bits < s.bits {
		*s = *s.Coarsen(o.Bits())
	}
	s.low += o.low
	s.zero += o.zero
	s.high += o.high
	s.pos.merge(&o.pos, o.bits-s.bits)
	s.neg.merge(&o.neg, o.bits-s.bits)
}

// Coarsen returns a copy at k bits. A sketch never becomes finer: k above the
// present resolution gives a plain copy.
func (s *Sketch) Coarsen(k int) *Sketch {
	to := NewSketch(min(k, s.Bits()))
	to.Merge(s)
	return to
}

// Count is the number of values added.
func (s *Sketch) Count() uint64 {
	return s.low + s.neg.sum() + s.zero + s.pos.sum() + s.high
}

// Range is a bin's interval. The bound nearer to 0 belongs to it, the other one
// does not. Both are 0 for the zero bin; the bins of values outside the domain
// have one infinite bound.
type Range struct{ Low, High float64 }

// Bins yields the bins that hold values, in ascending order.
func (s *Sketch) Bins() iter.Seq2[Range, uint64] {
	return func(yield func(Range, uint64) bool) {
		if s.low > 0 && !yield(Range{math.Inf(-1), -maxMagnitude}, s.low) {
			return
		}
		for bin, n := range s.neg.descending() {
			if !yield(Range{-binLow(bin+1, s.bits), -binLow(bin, s.bits)}, n) {
				return
			}
		}
		if s.zero > 0 && !yield(Range{}, s.zero) {
			return
		}
		for bin, n := range s.pos.ascending() {
			if !yield(Range{binLow(bin, s.bits), binLow(bin+1, s.bits)}, n) {
				return
			}
		}
		if s.high > 0 {
			yield(Range{maxMagnitude, math.Inf(1)}, s.high)
		}
	}
}

// Quantile estimates the q-quantile as k6 defines it: linear interpolation
// between the sorted values at ranks ⌊q(n−1)⌋ and ⌈q(n−1)⌉. A q outside 0 to 1
// is held to it. lowest and highest are the exact extremes, to which every
// estimate is held; infinities say that they are unknown. The relative error of
// each of the two values is at most 2^−(k+1); what lies outside the domain
// counts as 0 or as the extreme. It reports false when the sketch is empty.
func (s *Sketch) Quantile(q, lowest, highest float64) (float64, bool) {
	n := s.Count()
	if n == 0 {
		return 0, false
	}
	rank := min(max(q, 0), 1) * float64(n-1)
	below := uint64(rank)
	lower, upper := s.ranked(below, n, lowest, highest)
	share := rank - float64(below)
	if lower == upper || share == 0 {
		return lower, true
	}
	if width := upper - lower; !math.IsInf(width, 0) {
		return lower + float64(width*share), true
	}
	return float64(lower*(1-share)) + float64(upper*share), true
}

// ranked estimates the sorted values at rank and rank+1. A value is taken to
// lie in the middle of its bin: spread evenly over it they would be nearer on
// average, but ties, which are common in whole milliseconds, up to a whole bin
// off.
func (s *Sketch) ranked(rank, count uint64, lowest, highest float64) (at, next float64) {
	value := func(r Range, rank uint64) float64 {
		switch {
		case rank == 0 && !math.IsInf(lowest, 0):
			return lowest
		case rank == count-1 && !math.IsInf(highest, 0):
			return highest
		case math.IsInf(r.Low, -1):
			return max(lowest, -math.MaxFloat64)
		case math.IsInf(r.High, 1):
			return min(highest, math.MaxFloat64)
		}
		return min(max((r.Low+r.High)/2, lowest), highest)
	}
	r, more := s.binAt(rank)
	at = value(r, rank)
	switch {
	case rank+1 == count:
		return at, at
	case !more:
		r, _ = s.binAt(rank + 1)
	}
	return at, value(r, rank+1)
}

// binAt is the bin that holds the value of a rank, and whether it holds that of the
// next one too.
func (s *Sketch) binAt(rank uint64) (r Range, more bool) {
	if rank < s.low {
		return Range{math.Inf(-1), -maxMagnitude}, rank+1 < s.low
	}
	rank -= s.low
	if n := s.neg.sum(); rank < n {
		bin, below, _ := s.neg.at(n - 1 - rank) // the largest magnitude is the lowest value
		return Range{-binLow(bin+1, s.bits), -binLow(bin, s.bits)}, below < n-1-rank
	} else {
		rank -= n
	}
	if rank < s.zero {
		return Range{}, rank+1 < s.zero
	}
	rank -= s.zero
	if bin, _, above := s.pos.at(rank); above > 0 {
		return Range{binLow(bin, s.bits), binLow(bin+1, s.bits)}, rank+1 < above
	}
	return Range{maxMagnitude, math.Inf(1)}, true
}

// binOf is the number of the bin of a magnitude in the domain, counted from
// the domain's lower end.
func binOf(magnitude float64, k uint8) uint32 {
	return uint32(math.Float64bits(magnitude)>>(52-k)) - uint32((1023+minExponent)<<k)
}

// binLow is the lower end of a bin.
func binLow(bin uint32, k uint8) float64 {
	return math.Float64frombits(uint64(bin+uint32((1023+minExponent)<<k)) << (52 - k))
}

// A cell numbers the bins of values that can't be negative: 0 is zero, then
// the bins in order, then what lies beyond the domain.
func cellOf(v float64, k uint8) uint32 {
	switch {
	case !(v >= 1.0/(1<<-minExponent)): // also NaN, which nothing should give
		return 0
	case v >= maxMagnitude:
		return lastCell(k)
	}
	return binOf(v, k) + 1
}

func lastCell(k uint8) uint32 { return binOf(maxMagnitude/2, k) + 1<<k + 1 }

func cellRange(cell uint32, k uint8) Range {
	switch cell {
	case 0:
		return Range{}
	case lastCell(k):
		return Range{maxMagnitude, math.Inf(1)}
	}
	return Range{binLow(cell-1, k), binLow(cell, k)}
}
