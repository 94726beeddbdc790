package run

import (
	"iter"
	"math/bits"
)

// marks puts numbers in order: each is marked in a bit set, and its place among
// them is how many marks lie before it. There is nothing to sort, and equal
// numbers have one place.
type marks struct {
	words       []uint64
	before      []int // marks in the words before; see inOrder
	first, last int   // words that hold marks; first > last is none
}

// newMarks has no marks, and room for those of numbers from 0 to highest.
func newMarks(highest uint32) marks {
	n := int(highest/64) + 1
	return marks{words: make([]uint64, n), before: make([]int, n), first: n, last: -1}
}

// mark adds a number, of those that there is room for.
func (m *marks) mark(number uint32) {
	word := int(number / 64)
	m.first, m.last = min(m.first, word), max(m.last, word)
	m.words[word] |= 1 << (number % 64)
}

// inOrder yields the marked numbers. When it is through, their places are known.
func (m *marks) inOrder() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		n := 0
		for word := m.first; word <= m.last; word++ {
			m.before[word] = n
			for left := m.words[word]; left != 0; left &= left - 1 {
				n++
				if !yield(uint32(word*64 + bits.TrailingZeros64(left))) {
					return
				}
			}
		}
	}
}

// placeOf is the place of a marked number, from 0, once inOrder is through.
func (m *marks) placeOf(number uint32) int {
	word := number / 64
	return m.before[word] + bits.OnesCount64(m.words[word]&(1<<(number%64)-1))
}

// clear takes all marks away.
func (m *marks) clear() {
	clear(m.words[min(m.first, m.last+1) : m.last+1])
	m.first, m.last = len(m.words), -1
}
