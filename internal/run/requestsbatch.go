package run

import (
	"cmp"
	"slices"
)

// batch is the scratch space of a flush.
type batch struct {
	bins, durations marks // what occurs of them in what was logged of a block
	rows            []Row
	sums            []int64
	cells           []cellCount
}

func newBatch() batch {
	return batch{bins: newMarks(lastCell(TableBits)), durations: newMarks(lastCell(BlockBits))}
}

// flush merges what was logged into the tables.
func (r *requestsBuilder) flush() {
	for _, key := range r.pending {
		r.flushBlock(r.block(key.table, key.index))
	}
	r.log, r.pending = r.log[:0], r.pending[:0]
	r.flushJoins()
	r.limit()
}

// flushBlock merges what was logged of a block.
func (r *requestsBuilder) flushBlock(to *blockBuilder) {
	b := &r.batch
	for at := to.logged; at != 0; at = r.log[at-1].next {
		e := &r.log[at-1]
		b.bins.mark(e.row)
		b.durations.mark(e.duration)
	}
	b.order()
	for at := to.logged; at != 0; at = r.log[at-1].next {
		e := &r.log[at-1]
		row := &b.rows[b.bins.placeOf(e.row)]
		row.Count++
		row.Total += e.total
		sums := row.Sums[:clientColumns]
		for i, part := range e.parts {
			sums[i] += part
		}
		b.cells[b.durations.placeOf(e.duration)].n++
	}
	to.logged = 0
	b.bins.clear()
	b.durations.clear()
	r.mergeRows(to, b.rows)
	r.mergeCells(to, b.cells)
}

// order makes a row of each bin and a cell of each duration, with nothing in them.
func (b *batch) order() {
	b.rows, b.cells = b.rows[:0], b.cells[:0]
	for bin := range b.bins.inOrder() {
		b.rows = append(b.rows, Row{Bin: bin})
	}
	for cell := range b.durations.inOrder() {
		b.cells = append(b.cells, cellCount{cell: cell})
	}
	if need := len(b.rows) * clientColumns; cap(b.sums) < need {
		b.sums = make([]int64, 2*need)
	}
	clear(b.sums[:len(b.rows)*clientColumns])
	for i := range b.rows {
		b.rows[i].Sums = b.sums[i*clientColumns : (i+1)*clientColumns : (i+1)*clientColumns]
	}
}

// flushJoins adds server times to the rows of their requests.
func (r *requestsBuilder) flushJoins() {
	var last Place
	var row *Row
	for i := range r.joins {
		j := &r.joins[i]
		if row == nil || j.at != last {
			last = j.at
			row = r.rowAt(r.block(j.at.table, j.at.second>>r.shift), j.at.bin)
		}
		if j.first {
			row.Joined++
		}
		if j.column < 0 {
			continue
		}
		for len(row.Sums) <= j.column {
			row.Sums = append(row.Sums, 0)
		}
		row.Sums[j.column] += j.micros
	}
	r.joins = r.joins[:0]
}

// rowAt finds or makes a row.
func (r *requestsBuilder) rowAt(b *blockBuilder, bin uint32) *Row {
	at, found := slices.BinarySearchFunc(b.rows, bin, func(row Row, bin uint32) int { return cmp.Compare(row.Bin, bin) })
	if !found {
		b.rows = slices.Insert(b.rows, at, Row{Bin: bin})
		r.rows++
	}
	return &b.rows[at]
}

// mergeRows adds rows, in order, to those of a block. It keeps no reference to
// their sums: those of new rows lie in one stretch of memory, with room for the
// columns known so far.
func (r *requestsBuilder) mergeRows(to *blockBuilder, from []Row) {
	fresh := countFresh(to.rows, from, func(row *Row) uint32 { return row.Bin })
	r.rows += fresh
	stride := len(r.columns)
	slab := make([]int64, fresh*stride)
	at := len(to.rows) - 1
	to.rows = slices.Grow(to.rows, fresh)[:len(to.rows)+fresh]
	// From the end, so that every row moves once, to where it stays.
	free := len(to.rows) - 1
	for k := len(from) - 1; k >= 0; k-- {
		for at >= 0 && to.rows[at].Bin > from[k].Bin {
			to.rows[free] = to.rows[at]
			at--
			free--
		}
		if at >= 0 && to.rows[at].Bin == from[k].Bin {
			to.rows[free] = to.rows[at]
			to.rows[free].add(&from[k])
			at--
		} else {
			to.rows[free] = from[k]
			to.rows[free].Sums = slab[:copy(slab, from[k].Sums):stride]
			slab = slab[stride:]
		}
		free--
	}
}

// mergeCells adds counts, in order, to the durations of a block.
func (r *requestsBuilder) mergeCells(to *blockBuilder, from []cellCount) {
	fresh := countFresh(to.durations, from, func(c *cellCount) uint32 { return c.cell })
	r.cells += fresh
	at := len(to.durations) - 1
	to.durations = slices.Grow(to.durations, fresh)[:len(to.durations)+fresh]
	free := len(to.durations) - 1
	for k := len(from) - 1; k >= 0; k-- {
		for at >= 0 && to.durations[at].cell > from[k].cell {
			to.durations[free] = to.durations[at]
			at--
			free--
		}
		add := from[k]
		if at >= 0 && to.durations[at].cell == add.cell {
			add.n += to.durations[at].n
			at--
		}
		to.durations[free] = add
		free--
	}
}

// countFresh counts the elements of b that a lacks; both are in order.
func countFresh[T any](a, b []T, number func(*T) uint32) int {
	fresh, i := 0, 0
	for k := range b {
		for i < len(a) && number(&a[i]) < number(&b[k]) {
			i++
		}
		if i == len(a) || number(&a[i]) != number(&b[k]) {
			fresh++
		}
	}
	return fresh
}

// add adds a row of the same bin.
func (row *Row) add(o *Row) {
	row.Count += o.Count
	row.Joined += o.Joined
	row.Total += o.Total
	for len(row.Sums) < len(o.Sums) {
		row.Sums = append(row.Sums, 0)
	}
	for i, sum := range o.Sums {
		row.Sums[i] += sum
	}
}
