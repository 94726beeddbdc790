package run

import (
	"cmp"
	"slices"
)

// batch is the scratch space of a flush.
type batch struct {
	keys      []uint64
	rows      []Row
	sums      []int64
	durations []uint32
	cells     []cellCount
}

// A key sorts a logged request by table, block and row, and ends in its place
// in the log. The table's number has the 20 bits that are left.
const (
	keyLogBits   = 12 // logSize fits
	keyRowBits   = 12 // lastCell(TableBits) fits
	keyBlockBits = 20 // blocks after the batch's first one
)

// flush merges what was logged into the tables.
func (r *requestsBuilder) flush() {
	for log := r.log; len(log) > 0; {
		log = log[r.flushSome(log):]
	}
	r.log = r.log[:0]
	if r.log == nil || cap(r.log) < logSize {
		r.log = make([]loggedRequest, 0, logSize)
	}
	r.flushJoins()
	r.limit()
}

// flushSome merges requests from the start of the log, as many as lie near
// each other in time; mostly all.
func (r *requestsBuilder) flushSome(log []loggedRequest) int {
	b := &r.batch
	b.keys = b.keys[:0]
	lowest, highest := log[0].block>>r.shift, log[0].block>>r.shift
	for i := range log {
		block := log[i].block >> r.shift
		low, high := min(lowest, block), max(highest, block)
		if high-low >= 1<<keyBlockBits {
			break
		}
		lowest, highest = low, high
		b.keys = append(b.keys, 0)
	}
	for i := range b.keys {
		e := &log[i]
		e.block >>= r.shift
		b.keys[i] = uint64(e.table.number)<<(keyBlockBits+keyRowBits+keyLogBits) |
			uint64(e.block-lowest)<<(keyRowBits+keyLogBits) | uint64(e.row)<<keyLogBits | uint64(i)
	}
	slices.Sort(b.keys)
	const block = keyRowBits + keyLogBits
	for from := 0; from < len(b.keys); {
		to := from + 1
		for to < len(b.keys) && b.keys[to]>>block == b.keys[from]>>block {
			to++
		}
		r.flushBlock(log, b.keys[from:to])
		from = to
	}
	return len(b.keys)
}

// flushBlock merges requests of one block, given by keys in order of rows.
func (r *requestsBuilder) flushBlock(log []loggedRequest, keys []uint64) {
	b := &r.batch
	b.rows, b.durations = b.rows[:0], b.durations[:0]
	if need := len(keys) * clientColumns; cap(b.sums) < need {
		b.sums = make([]int64, need)
	}
	place := func(key uint64) *loggedRequest { return &log[key&(1<<keyLogBits-1)] }
	first := place(keys[0])
	to := r.block(first.table, first.block)
	to.count += uint64(len(keys))
	for _, key := range keys {
		e := place(key)
		if e.failed {
			to.failed++
		}
		if e.timeout {
			to.timeouts++
		}
		n := len(b.rows)
		if n == 0 || b.rows[n-1].Bin != e.row {
			sums := b.sums[n*clientColumns : (n+1)*clientColumns : (n+1)*clientColumns]
			clear(sums)
			b.rows = append(b.rows, Row{Bin: e.row, Sums: sums})
			n++
		}
		row := &b.rows[n-1]
		row.Count++
		row.Total += e.total
		for i, part := range e.parts {
			row.Sums[i] += part
		}
		b.durations = append(b.durations, e.duration)
	}
	r.mergeRows(to, b.rows)
	slices.Sort(b.durations)
	b.cells = b.cells[:0]
	for _, cell := range b.durations {
		if n := len(b.cells); n > 0 && b.cells[n-1].cell == cell {
			b.cells[n-1].n++
			continue
		}
		b.cells = append(b.cells, cellCount{cell, 1})
	}
	r.mergeCells(to, b.cells)
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
