package run

import (
	"cmp"
	"slices"
)

// batch is the scratch space of a flush.
type batch struct {
	bins, durations marks // what occurs of them in what was logged of a block
	rows            Rows
	cells, counts   []uint32 // of durations
}

func newBatch() batch {
	return batch{bins: newMarks(lastCell(TableBits)), durations: newMarks(lastCell(BlockBits)), rows: Rows{Width: clientColumns}}
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
		at := b.bins.placeOf(e.row)
		row := &b.rows.List[at]
		row.Count++
		row.Total += e.total
		sums := b.rows.Sums[at*clientColumns : (at+1)*clientColumns]
		for i, part := range e.parts {
			sums[i] += part
		}
		b.counts[b.durations.placeOf(e.duration)]++
	}
	to.logged = 0
	b.bins.clear()
	b.durations.clear()
	r.size.add(to.add(&blockBuilder{rows: b.rows, durations: durationsOfCells(b.cells, b.counts)}, false))
}

// order makes a row of each bin and a cell of each duration, with nothing in them.
func (b *batch) order() {
	b.rows.List, b.cells = b.rows.List[:0], b.cells[:0]
	for bin := range b.bins.inOrder() {
		b.rows.List = append(b.rows.List, Row{Bin: bin})
	}
	for cell := range b.durations.inOrder() {
		b.cells = append(b.cells, cell)
	}
	b.counts = longer(b.counts[:0], len(b.cells))
	clear(b.counts)
	b.rows.Sums = longer(b.rows.Sums[:0], len(b.rows.List)*clientColumns)
	clear(b.rows.Sums)
}

// flushJoins adds server times to the rows of their requests.
func (r *requestsBuilder) flushJoins() {
	var last Place
	var rows *Rows
	at := 0
	for i := range r.joins {
		j := &r.joins[i]
		if rows == nil || j.at != last {
			last = j.at
			rows = &r.block(j.at.table, j.at.second>>r.shift).rows
			at = r.rowAt(rows, j.at.bin)
		}
		if j.first {
			rows.List[at].Joined++
		}
		if j.column < 0 {
			continue
		}
		rows.widen(len(r.columns)) // of one, the others mostly follow
		rows.SumsOf(at)[j.column] += j.micros
	}
	r.joins = r.joins[:0]
}

// rowAt finds or makes a row, and returns its place.
func (r *requestsBuilder) rowAt(rows *Rows, bin uint32) int {
	at, found := slices.BinarySearchFunc(rows.List, bin, func(row Row, bin uint32) int { return cmp.Compare(row.Bin, bin) })
	if !found {
		rows.insert(at, bin)
		r.size.rows++
	}
	return at
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
