package run

import (
	"iter"
)

const (
	pageBits = 5
	pageSize = 1 << pageBits
)

type page [pageSize]uint32

// bank holds the bins of one sign. Few are a list, which costs a series of some
// hundred samples a third of what pages would; beyond maxListed they are pages, of
// which only those in use are allocated, and adding to them costs no search. A list
// that was made whole may be longer.
type bank struct {
	list
	first uint32 // number of pages[0]
	pages []*page
}

// maxListed is how many bins an addition leaves in a list: inserting into it
// then takes no longer than the cache misses of a page.
const maxListed = 512

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

// at is the bin that holds the value of a rank, from 0 for the least, with how many
// values are in the bins below it, and how many with its own; above is 0 where there
// are not so many.
func (b *bank) at(rank uint64) (bin uint32, below, above uint64) {
	for bin, n := range b.ascending() {
		if rank < below+n {
			return bin, below, below + n
		}
		below += n
	}
	return 0, 0, 0
}

// empty reports whether there are no bins.
func (b *bank) empty() bool { return len(b.bins)+len(b.pages) == 0 }

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
		b.list.merge(&o.list, shift)
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
