package run

import (
	"maps"
	"math"
	"slices"
)

// list is how many values are in which bins, in order.
type list struct {
	bins, counts []uint32
	// carries count, for bins of 2^32 values and more, how often they wrapped.
	carries map[uint32]uint64
}

// count adds to the count of a bin, which c holds but for what it carried.
func (l *list) count(c *uint32, bin uint32, n uint64) {
	n += uint64(*c)
	*c = uint32(n)
	if n > math.MaxUint32 {
		l.carry(bin, n>>32)
	}
}

func (l *list) carry(bin uint32, times uint64) {
	if l.carries == nil {
		l.carries = make(map[uint32]uint64)
	}
	l.carries[bin] += times
}

// total is the number of values in a bin, of which its place holds low.
func (l *list) total(bin, low uint32) uint64 {
	if len(l.carries) == 0 {
		return uint64(low)
	}
	return l.carries[bin]<<32 | uint64(low)
}

// insert counts values in the list, unless it would grow too long.
func (l *list) insert(bin uint32, n uint64) bool {
	if n == 0 {
		return true
	}
	at, found := slices.BinarySearch(l.bins, bin)
	if !found {
		if len(l.bins) >= maxListed {
			return false
		}
		l.bins = slices.Insert(withRoom(l.bins), at, bin)
		l.counts = slices.Insert(withRoom(l.counts), at, 0)
	}
	l.count(&l.counts[at], bin, n)
	return true
}

// push counts values of a bin beyond all others of a list.
func (l *list) push(bin uint32, n uint64) {
	if n == 0 {
		return
	}
	l.bins, l.counts = append(l.bins, bin), append(l.counts, 0)
	l.count(&l.counts[len(l.counts)-1], bin, n)
}

// room makes a list for n bins.
func (l *list) room(n int) {
	l.bins, l.counts = make([]uint32, 0, n), make([]uint32, 0, n)
}

// merge adds the bins of a list, which stays as it is, to this list, each 1<<shift of
// them as one.
func (l *list) merge(o *list, shift uint8) {
	if shift > 0 {
		o = o.coarser(shift)
	}
	if len(l.bins) == 0 {
		*l = o.clone()
		return
	}
	at := len(l.bins) - 1
	fresh := countFresh(l.bins, o.bins, func(bin *uint32) uint32 { return *bin })
	l.bins, l.counts = longer(l.bins, fresh), longer(l.counts, fresh)
	free := len(l.bins) - 1 // from the end, so that every bin moves once, to where it stays
	for k := len(o.bins) - 1; k >= 0; k-- {
		bin, n := o.bins[k], uint64(o.counts[k])
		for at >= 0 && l.bins[at] > bin {
			l.bins[free], l.counts[free] = l.bins[at], l.counts[at]
			at--
			free--
		}
		if at >= 0 && l.bins[at] == bin {
			n += uint64(l.counts[at])
			at--
		}
		l.bins[free], l.counts[free] = bin, uint32(n)
		if n > math.MaxUint32 {
			l.carry(bin, 1)
		}
		free--
	}
	for bin, times := range o.carries {
		l.carry(bin, times)
	}
}

// coarser is a list of each 1<<shift bins of a list as one.
func (l *list) coarser(shift uint8) *list {
	var to list
	to.room(len(l.bins))
	for i, low := range l.bins {
		bin, n := low>>shift, l.total(low, l.counts[i])
		if last := len(to.bins) - 1; last >= 0 && to.bins[last] == bin {
			to.count(&to.counts[last], bin, n)
			continue
		}
		to.push(bin, n)
	}
	return &to
}

func (l *list) clone() list {
	return list{bins: slices.Clone(l.bins), counts: slices.Clone(l.counts), carries: maps.Clone(l.carries)}
}
