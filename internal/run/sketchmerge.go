package run

import "math"

// MergeSketches adds up sketches into a new one that keeps k bits, or as many as
// the coarsest of them. It gives what merging one after another gives, in less
// time where there are many.
func MergeSketches(k int, parts []*Sketch) *Sketch {
	for _, p := range parts {
		k = min(k, p.Bits())
	}
	if len(parts) == 1 {
		return parts[0].Coarsen(k)
	}
	to := NewSketch(k)
	var all denseBins
	for _, p := range parts {
		to.low += p.low
		to.zero += p.zero
		to.high += p.high
		all.cover(&p.pos, p.bits-to.bits)
		to.neg.merge(&p.neg, p.bits-to.bits) // times have none
	}
	if !all.covers {
		return to
	}
	all.counts = make([]uint64, all.last-all.first+1)
	for _, p := range parts {
		all.add(&p.pos, p.bits-to.bits)
	}
	to.pos = all.bank()
	return to
}

// denseBins are the bins of a stretch, used or not.
type denseBins struct {
	first, last uint32 // both included
	covers      bool
	counts      []uint64
}

// cover makes the stretch hold the bins of b, each 1<<shift of them as one.
func (d *denseBins) cover(b *bank, shift uint8) {
	if b.empty() {
		return
	}
	first, last := b.first<<pageBits, (b.first+uint32(len(b.pages)))<<pageBits-1
	if len(b.bins) > 0 {
		first, last = b.bins[0], b.bins[len(b.bins)-1]
	}
	if !d.covers {
		d.first, d.last, d.covers = math.MaxUint32, 0, true
	}
	d.first, d.last = min(d.first, first>>shift), max(d.last, last>>shift)
}

// add adds the counts of bins that the stretch covers.
func (d *denseBins) add(b *bank, shift uint8) {
	for i, bin := range b.bins {
		d.counts[bin>>shift-d.first] += uint64(b.counts[i])
	}
	for at, p := range b.pages {
		if p == nil {
			continue
		}
		for i, low := range p {
			d.counts[((b.first+uint32(at))<<pageBits|uint32(i))>>shift-d.first] += uint64(low)
		}
	}
	for bin, times := range b.carries {
		d.counts[bin>>shift-d.first] += times << 32
	}
}

// bank is the bins in use, as a list.
func (d *denseBins) bank() bank {
	n := 0
	for _, count := range d.counts {
		if count > 0 {
			n++
		}
	}
	var b bank
	b.room(n)
	for i, count := range d.counts {
		b.push(d.first+uint32(i), count)
	}
	return b
}
