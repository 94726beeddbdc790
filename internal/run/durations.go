package run

// durations are the counts of a block's Sketch: of times, which are never negative,
// and in a list, however long. Thousands of blocks hold little each.
type durations struct {
	zero, high uint64
	list
}

// durationsOf are the counts of a sketch of BlockBits, whose list they share.
func durationsOf(s *Sketch) durations {
	d := durations{zero: s.zero, high: s.high, list: s.pos.list}
	if len(s.pos.pages) > 0 {
		d.list = list{}
		for bin, n := range s.pos.ascending() {
			d.push(bin, n)
		}
	}
	return d
}

// durationsOfCells are the counts of cells in order. They keep both lists, and
// change them.
func durationsOfCells(cells, counts []uint32) (d durations) {
	if last := len(cells) - 1; last >= 0 && cells[last] == lastCell(BlockBits) {
		d.high = uint64(counts[last])
		cells, counts = cells[:last], counts[:last]
	}
	if len(cells) > 0 && cells[0] == 0 {
		d.zero = uint64(counts[0])
		cells, counts = cells[1:], counts[1:]
	}
	for i := range cells {
		cells[i]-- // bins are numbered without the cell of zeros
	}
	d.bins, d.counts = cells, counts
	return d
}

// add adds counts. If their list is our own, it may be kept and changed.
func (d *durations) add(o *durations, own bool) {
	d.zero += o.zero
	d.high += o.high
	if own && len(d.bins) == 0 {
		d.list = o.list
	} else {
		d.merge(&o.list, 0)
	}
}

// cells is how many cells hold values.
func (d *durations) cells() int {
	n := len(d.bins)
	for _, count := range []uint64{d.zero, d.high} {
		if count > 0 {
			n++
		}
	}
	return n
}

// sketch hands over what there is.
func (d *durations) sketch() *Sketch {
	return &Sketch{bits: BlockBits, zero: d.zero, high: d.high, pos: bank{list: d.list}}
}
