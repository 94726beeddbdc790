package run

import (
	"iter"
	"math/bits"
)

// places puts numbers in order: each is marked in a bit set, and its place among
// them is how many marks lie before it. There is nothing to sort, and equal
// numbers have one place.
type places struct {
	words       []uint64
	before      []int // marks in the words before; see inOrder
	first, last int   // words that hold marks; first > last is none
}

// newPlaces has no marks, and room for those of numbers from 0 to highest.
func newPlaces(highest uint32) places {
	n := int(highest/64) + 1
	return places{words: make([]uint64, n), before: make([]int, n), first: n, last: -1}
}

func (p *places) mark(number uint32) {
	word := int(number / 64)
	p.first, p.last = min(p.first, word), max(p.last, word)
	p.words[word] |= 1 << (number % 64)
}

// inOrder yields the marked numbers. When it is through, their places are known.
func (p *places) inOrder() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		n := 0
		for word := p.first; word <= p.last; word++ {
			p.before[word] = n
			for marks := p.words[word]; marks != 0; marks &= marks - 1 {
				n++
				if !yield(uint32(word*64 + bits.TrailingZeros64(marks))) {
					return
				}
			}
		}
	}
}

// of is the place of a marked number, from 0.
func (p *places) of(number uint32) int {
	word := number / 64
	return p.before[word] + bits.OnesCount64(p.words[word]&(1<<(number%64)-1))
}

// clear takes all marks away.
func (p *places) clear() {
	clear(p.words[min(p.first, p.last+1) : p.last+1])
	p.first, p.last = len(p.words), -1
}
