package run

import (
	"iter"
	"math"
	"slices"
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

const (
	minExponent = -30 // 2^-30: about 1e-9, the unit of Sum
	pageBits    = 5
	pageSize    = 1 << pageBits
)

type page [pageSize]uint32

// bank holds the bins of one sign. Few are a sorted list, which costs a series
// of some hundred samples a third of what pages would; beyond maxListed they
// are pages, of which only those in use are allocated, and adding to them
// costs no search. A list that was made whole may be longer.
type bank struct {
	bins, counts []uint32 // the list
	first        uint32   // number of pages[0]
	pages        []*page
	// carries count, for bins of 2^32 values and more, how often they wrapped.
	carries map[uint32]uint64
}

// maxListed is how many bins an addition leaves in a list: inserting into it
// then takes no longer than the cache misses of a page.
const maxListed = 512

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
	seen, found := uint64(0), false
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
	for r, n := range s.Bins() {
		if !found && rank < seen+n {
			at = value(r, rank)
			next, found = at, true
			if rank+1 == count {
				return at, at
			}
		}
		if found && rank+1 < seen+n {
			return at, value(r, rank+1)
		}
		seen += n
	}
	return at, next
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
	case v < 1.0/(1<<-minExponent):
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

// cells yields the cells that hold values, in order; negative values have none.
func (s *Sketch) cells() iter.Seq2[uint32, uint64] {
	return func(yield func(uint32, uint64) bool) {
		if s.zero > 0 && !yield(0, s.zero) {
			return
		}
		for bin, n := range s.pos.ascending() {
			if !yield(bin+1, n) {
				return
			}
		}
		if s.high > 0 {
			yield(lastCell(s.bits), s.high)
		}
	}
}

// sketchOfCells makes a sketch of a block of counts in order of their cells.
func sketchOfCells(cells []cellCount) *Sketch {
	s := NewSketch(BlockBits)
	s.pos.room(len(cells))
	for _, c := range cells {
		switch c.cell {
		case 0:
			s.zero = c.n
		case lastCell(s.bits):
			s.high = c.n
		default:
			s.pos.push(c.cell-1, c.n)
		}
	}
	return s
}

func (b *bank) add(bin uint32, n uint64) {
	at := bin>>pageBits - b.first
	if at >= uint32(len(b.pages)) || b.pages[at] == nil {
		if len(b.pages) == 0 {
			if b.insert(bin, n) {
				return
			}
			b.spread()
		}
		at = b.grow(bin >> pageBits)
	}
	b.count(&b.pages[at][bin%pageSize], bin, n)
}

// count adds to the count of a bin, which c holds but for what it carried.
func (b *bank) count(c *uint32, bin uint32, n uint64) {
	n += uint64(*c)
	*c = uint32(n)
	if n > math.MaxUint32 {
		b.carry(bin, n>>32)
	}
}

func (b *bank) carry(bin uint32, times uint64) {
	if b.carries == nil {
		b.carries = make(map[uint32]uint64)
	}
	b.carries[bin] += times
}

// total is the number of values in a bin, of which its place holds low.
func (b *bank) total(bin, low uint32) uint64 {
	if len(b.carries) == 0 {
		return uint64(low)
	}
	return b.carries[bin]<<32 | uint64(low)
}

// sum is the number of values in all bins.
func (b *bank) sum() uint64 {
	n := uint64(0)
	for _, low := range b.counts {
		n += uint64(low)
	}
	for _, p := range b.pages {
		if p != nil {
			for _, low := range p {
				n += uint64(low)
			}
		}
	}
	for _, times := range b.carries {
		n += times << 32
	}
	return n
}

// empty reports whether there are no bins.
func (b *bank) empty() bool { return len(b.bins)+len(b.pages) == 0 }

// insert counts values in the list, unless it would grow too long.
func (b *bank) insert(bin uint32, n uint64) bool {
	if n == 0 {
		return true
	}
	at, found := slices.BinarySearch(b.bins, bin)
	if !found {
		if len(b.bins) >= maxListed {
			return false
		}
		b.bins = slices.Insert(b.bins, at, bin)
		b.counts = slices.Insert(b.counts, at, 0)
	}
	b.count(&b.counts[at], bin, n)
	return true
}

// push counts values of a bin beyond all others of a list.
func (b *bank) push(bin uint32, n uint64) {
	if n == 0 {
		return
	}
	b.bins, b.counts = append(b.bins, bin), append(b.counts, 0)
	b.count(&b.counts[len(b.counts)-1], bin, n)
}

// room makes a list for n bins.
func (b *bank) room(n int) {
	b.bins, b.counts = make([]uint32, 0, n), make([]uint32, 0, n)
}

// spread makes pages of the list.
func (b *bank) spread() {
	for i, bin := range b.bins {
		b.pages[b.grow(bin>>pageBits)][bin%pageSize] = b.counts[i]
	}
	b.bins, b.counts = nil, nil
}

// grow makes room for a page and returns its place.
func (b *bank) grow(number uint32) uint32 {
	switch {
	case len(b.pages) == 0:
		b.first = number
		b.pages = make([]*page, 1, 8)
	case number < b.first:
		longer := make([]*page, int(b.first-number)+len(b.pages))
		copy(longer[b.first-number:], b.pages)
		b.first, b.pages = number, longer
	default:
		for uint32(len(b.pages)) <= number-b.first {
			b.pages = append(b.pages, nil)
		}
	}
	at := number - b.first
	if b.pages[at] == nil {
		b.pages[at] = new(page)
	}
	return at
}

// merge adds the bins of o, each 1<<shift of them as one.
func (b *bank) merge(o *bank, shift uint8) {
	if len(b.pages)+len(o.pages) == 0 && (b.empty() || len(b.bins)+len(o.bins) <= 2*maxListed) {
		b.mergeList(o, shift)
		return
	}
	for i, bin := range o.bins {
		b.add(bin>>shift, uint64(o.counts[i]))
	}
	for at, p := range o.pages {
		if p != nil {
			b.mergePage(p, o.first+uint32(at), shift)
		}
	}
	for bin, times := range o.carries {
		b.add(bin>>shift, times<<32)
	}
}

// mergePage adds the counts of a page but for what they carried.
func (b *bank) mergePage(p *page, number uint32, shift uint8) {
	if shift > 0 {
		for i, low := range p {
			if low > 0 {
				b.add((number<<pageBits|uint32(i))>>shift, uint64(low))
			}
		}
		return
	}
	if len(b.pages) == 0 {
		b.spread()
	}
	at := number - b.first
	if at >= uint32(len(b.pages)) || b.pages[at] == nil {
		at = b.grow(number)
	}
	to := b.pages[at]
	for i, low := range p {
		b.count(&to[i], number<<pageBits|uint32(i), uint64(low))
	}
}

// mergeList merges two lists into a new one.
func (b *bank) mergeList(o *bank, shift uint8) {
	if len(o.bins) == 0 {
		return
	}
	bins := make([]uint32, 0, len(b.bins)+len(o.bins))
	counts := make([]uint32, 0, len(b.bins)+len(o.bins))
	push := func(bin, low uint32) {
		if n := len(bins); n == 0 || bins[n-1] != bin {
			bins, counts = append(bins, bin), append(counts, low)
			return
		}
		b.count(&counts[len(counts)-1], bin, uint64(low))
	}
	i := 0
	for k, bin := range o.bins {
		bin >>= shift
		for ; i < len(b.bins) && b.bins[i] <= bin; i++ {
			push(b.bins[i], b.counts[i])
		}
		push(bin, o.counts[k])
	}
	for ; i < len(b.bins); i++ {
		push(b.bins[i], b.counts[i])
	}
	for bin, times := range o.carries {
		b.carry(bin>>shift, times)
	}
	b.bins, b.counts = bins, counts
}

func (b *bank) ascending() iter.Seq2[uint32, uint64] {
	return func(yield func(uint32, uint64) bool) {
		for i, bin := range b.bins {
			if !yield(bin, b.total(bin, b.counts[i])) {
				return
			}
		}
		for at, p := range b.pages {
			if p == nil {
				continue
			}
			for i, low := range p {
				if low == 0 && len(b.carries) == 0 {
					continue
				}
				bin := (b.first+uint32(at))<<pageBits | uint32(i)
				if n := b.total(bin, low); n > 0 && !yield(bin, n) {
					return
				}
			}
		}
	}
}

func (b *bank) descending() iter.Seq2[uint32, uint64] {
	return func(yield func(uint32, uint64) bool) {
		for i := len(b.bins) - 1; i >= 0; i-- {
			if !yield(b.bins[i], b.total(b.bins[i], b.counts[i])) {
				return
			}
		}
		for at := len(b.pages) - 1; at >= 0; at-- {
			p := b.pages[at]
			if p == nil {
				continue
			}
			for i := pageSize - 1; i >= 0; i-- {
				bin := (b.first+uint32(at))<<pageBits | uint32(i)
				if n := b.total(bin, p[i]); n > 0 && !yield(bin, n) {
					return
				}
			}
		}
	}
}
