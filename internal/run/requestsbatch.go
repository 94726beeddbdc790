package run

import (
	"cmp"
	"slices"
)

// batch is the scratch space of a flush.
type batch struct {
	bins, durations marks // what occurs of them in what was logged of a block
	rows            Rows
	cells           []cellCount
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
		b.cells[b.durations.placeOf(e.duration)].n++
	}
	to.logged = 0
	b.bins.clear()
	b.durations.clear()
	r.addRows(to, &b.rows, false)
	r.addCells(to, b.cells, false)
}

// order makes a row of each bin and a cell of each duration, with nothing in them.
func (b *batch) order() {
	b.rows.List, b.cells = b.rows.List[:0], b.cells[:0]
	for bin := range b.bins.inOrder() {
		b.rows.List = append(b.rows.List, Row{Bin: bin})
	}
	for cell := range b.durations.inOrder() {
		b.cells = append(b.cells, cellCount{cell: cell})
	}
	b.rows.Sums = longer(b.rows.Sums[:0], len(b.rows.List)*clientColumns)
	clear(b.rows.Sums)
}

// cellsOf are the cells of a distribution, until the next flush.
func (b *batch) cellsOf(s *Sketch) []cellCount {
	b.cells = b.cells[:0]
	for cell, n := range s.cells() {
		b.cells = append(b.cells, cellCount{cell, n})
	}
	return b.cells
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
		rows.widen(j.column + 1)
		rows.SumsOf(at)[j.column] += j.micros
	}
	r.joins = r.joins[:0]
}

// rowAt finds or makes a row, and returns its place.
func (r *requestsBuilder) rowAt(rows *Rows, bin uint32) int {
	at, found := slices.BinarySearchFunc(rows.List, bin, func(row Row, bin uint32) int { return cmp.Compare(row.Bin, bin) })
	if !found {
		rows.insert(at, bin)
		r.rows++
	}
	return at
}

// addRows adds rows to those of a block, which keeps lists of its own if it has
// no rows.
func (r *requestsBuilder) addRows(to *blockBuilder, from *Rows, own bool) {
	switch {
	case len(to.rows.List) > 0:
		r.rows += to.rows.merge(from)
		return
	case own:
		to.rows = *from
	default:
		to.rows = from.clone()
	}
	r.rows += len(to.rows.List)
}

// addCells adds counts, in order, to the durations of a block, which keeps a list
// of its own if it has none.
func (r *requestsBuilder) addCells(to *blockBuilder, from []cellCount, own bool) {
	switch {
	case len(to.durations) > 0:
		r.mergeCells(to, from)
		return
	case own:
		to.durations = from
	default:
		to.durations = slices.Clone(from)
	}
	r.cells += len(to.durations)
}

// mergeCells adds counts, in order, to the durations of a block.
func (r *requestsBuilder) mergeCells(to *blockBuilder, from []cellCount) {
	fresh := countFresh(to.durations, from, func(c *cellCount) uint32 { return c.cell })
	r.cells += fresh
	at := len(to.durations) - 1
	to.durations = longer(to.durations, fresh)
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
