package run

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// rowModel predicts the numbers of a table's rows from those already coded, so
// that only the difference has to be kept: sums of times are noise to any
// compressor, but noise around something. It computes in integers, which wrap
// alike on every machine.
type rowModel struct {
	// ratios are what a column holds of its base, in units of 1/2^ratioBits.
	ratios [maxColumns]int64
	// split says that in the last row the client's parts made up the whole.
	split bool
}

const ratioBits = 16

// total expects requests in the middle of their bin.
func (m *rowModel) total(row *Row) int64 {
	r := RowRange(row.Bin)
	if math.IsInf(r.High, 1) {
		return 0
	}
	return int64(row.Count) * int64((r.Low+r.High)*500)
}

// column expects the waiting time to be what the other parts leave, parts to
// be alike in every request, and a server's times to grow with the waiting.
func (m *rowModel) column(column int, row *Row, sums []int64) int64 {
	if column == ColumnWaiting {
		if m.split {
			return restOf(row, sums)
		}
		return 0
	}
	return m.ratios[column] * baseOf(column, row, sums) >> ratioBits
}

// learn takes a column of a row that is known.
func (m *rowModel) learn(column int, row *Row, sums []int64) {
	if column == ColumnWaiting {
		m.split = sums[column] == restOf(row, sums)
		return
	}
	base := baseOf(column, row, sums)
	if base <= 0 {
		return
	}
	ratio := (sums[column] << ratioBits) / base
	if m.ratios[column] == 0 {
		m.ratios[column] = ratio
		return
	}
	m.ratios[column] += (ratio - m.ratios[column]) >> 5
}

func baseOf(column int, row *Row, sums []int64) int64 {
	switch {
	case column < clientColumns:
		return int64(row.Count)
	case sums[ColumnWaiting] > 0:
		return sums[ColumnWaiting]
	}
	return row.Total
}

// restOf is what the client's parts other than waiting leave of the total.
func restOf(row *Row, sums []int64) int64 {
	rest := row.Total
	for column := range min(clientColumns, len(sums)) {
		if column != ColumnWaiting {
			rest -= sums[column]
		}
	}
	return rest
}

// columnOrder is the order in which columns are coded: waiting is predicted
// from the client's other parts, and predicts the server's times.
func columnOrder(width int) []int {
	order := make([]int, 0, width)
	for column := range width {
		if column != ColumnWaiting {
			order = append(order, column)
		}
		if column == clientColumns-1 || column == width-1 && column >= ColumnWaiting && column < clientColumns {
			order = append(order, ColumnWaiting)
		}
	}
	return order
}

// Packed integers are two streams: for each a byte with the magnitude and its
// two highest bits, which compress well, and the lower bits, which don't. They
// are of these kinds; those of the columns come last.
const (
	packedTotals = iota
	packedWindows
	packedColumns
	packedStreams = packedColumns + maxColumns
)

// classLow is the first class that has lower bits.
const classLow = 8

func (e *encoder) packed(k int, v int64) {
	z := uint64(v<<1) ^ uint64(v>>63)
	class := streamPacked + 2*k
	if z < classLow {
		e.streams[class] = append(e.streams[class], byte(z))
		return
	}
	n := bits.Len64(z) - 3
	e.streams[class] = append(e.streams[class], byte(classLow+(n-1)<<2|int(z>>n&3)))
	e.low[k].write(z&(1<<n-1), n, &e.streams[class+1])
}

func (d *decoder) packed(k int) int64 {
	if d.err != nil {
		return 0
	}
	class := &d.streams[streamPacked+2*k]
	if class.at == len(class.b) {
		d.fail(fmt.Errorf("stream %d: it ends too early", streamPacked+2*k))
		return 0
	}
	z := uint64(class.b[class.at])
	class.at++
	if z >= classLow {
		n := lowBits(byte(z))
		low, ok := d.low[k].read(n, &d.streams[streamPacked+2*k+1])
		if !ok {
			d.fail(fmt.Errorf("stream %d: its bits end too early", streamPacked+2*k+1))
			return 0
		}
		z = (4|(z-classLow)&3)<<n | low
	}
	return int64(z>>1) ^ -int64(z&1)
}

// skipPacked goes past n numbers.
func (d *decoder) skipPacked(k, n int) {
	class := &d.streams[streamPacked+2*k]
	if d.err != nil || n > class.left() {
		d.fail(fmt.Errorf("stream %d: it ends too early", streamPacked+2*k))
		return
	}
	size := 0
	for _, z := range class.b[class.at : class.at+n] {
		size += lowBits(z)
	}
	class.at += n
	if !d.low[k].skip(size, &d.streams[streamPacked+2*k+1]) {
		d.fail(fmt.Errorf("stream %d: its bits end too early", streamPacked+2*k+1))
	}
}

// lowBits is how many lower bits belong to a class.
func lowBits(class byte) int {
	if class < classLow {
		return 0
	}
	return int(class-classLow)>>2 + 1
}

// bitBuffer holds up to 7 bits on their way into or out of bytes.
type bitBuffer struct {
	bits uint64
	n    int
}

// write appends n bits, the lowest first; the last byte is filled by pad.
func (b *bitBuffer) write(v uint64, n int, to *[]byte) {
	for n > 0 {
		now := min(n, 32)
		b.bits |= (v & (1<<now - 1)) << b.n
		b.n += now
		for ; b.n >= 8; b.n -= 8 {
			*to = append(*to, byte(b.bits))
			b.bits >>= 8
		}
		v >>= now
		n -= now
	}
}

func (b *bitBuffer) pad(to *[]byte) {
	if b.n > 0 {
		*to = append(*to, byte(b.bits))
	}
}

// read takes up to 61 bits; ok is false where there are fewer, or more asked for.
func (b *bitBuffer) read(n int, from *stream) (v uint64, ok bool) {
	if n > 61 || 8*from.left()+b.n < n {
		return 0, false
	}
	if n <= b.n {
		v = b.bits & (1<<n - 1)
		b.bits >>= n
		b.n -= n
		return v, true
	}
	if rest := from.b[from.at:]; n <= 56 && len(rest) >= 8 { // not near the end: no loop
		all := b.bits | binary.LittleEndian.Uint64(rest)<<b.n
		whole := (n - b.n + 7) / 8
		from.at += whole
		b.n += 8*whole - n
		b.bits = all >> n & (1<<b.n - 1)
		return all & (1<<n - 1), true
	}
	v = b.bits
	next, got := uint64(0), b.n
	for ; got < n; got += 8 {
		next = uint64(from.b[from.at])
		from.at++
		v |= next << got
	}
	b.n = got - n
	b.bits = next >> (8 - b.n)
	return v & (1<<n - 1), true
}

// skip goes past n bits; ok is false where there are fewer.
func (b *bitBuffer) skip(n int, from *stream) (ok bool) {
	at := 8*from.at - b.n + n
	if at > 8*len(from.b) {
		return false
	}
	from.at = (at + 7) / 8
	b.n = 8*from.at - at
	b.bits = 0
	if b.n > 0 {
		b.bits = uint64(from.b[from.at-1]) >> (8 - b.n)
	}
	return true
}

// row writes what the model did not expect of a row.
func (e *encoder) row(m *rowModel, row *Row, used []int64, order []int) {
	e.uint(streamRowCounts, row.Count)
	e.uint(streamRowJoined, row.Count-row.Joined)
	e.packed(packedTotals, row.Total-m.total(row))
	var sums [maxColumns]int64
	copy(sums[:], used)
	for _, column := range order {
		e.packed(packedColumns+column, sums[column]-m.column(column, row, sums[:len(order)]))
		m.learn(column, row, sums[:len(order)])
	}
}

// row reads a row whose bin is known; sums are as many as columns in use.
func (d *decoder) row(m *rowModel, row *Row, order []int, sums []int64) {
	row.Count = d.uint(streamRowCounts)
	row.Joined = row.Count - d.uint(streamRowJoined)
	row.Total = m.total(row) + d.packed(packedTotals)
	for _, column := range order {
		sums[column] = m.column(column, row, sums) + d.packed(packedColumns+column)
		m.learn(column, row, sums)
	}
}
