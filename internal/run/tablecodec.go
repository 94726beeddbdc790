package run

import (
	"cmp"
	"fmt"
	"sync"
	"sync/atomic"
)

func (e *encoder) table(t *Table) tableHead {
	head := tableHead{Endpoint: t.Endpoint, First: t.First, Last: t.Last, Blocks: len(t.Blocks), Width: t.width()}
	var model rowModel
	order := columnOrder(head.Width)
	last := int64(0)
	for i := range t.Blocks {
		b := &t.Blocks[i]
		e.int(streamBlocks, b.Index-last)
		last = b.Index
		e.uint(streamBlocks, b.Count)
		e.uint(streamBlocks, b.Failed)
		e.uint(streamBlocks, b.Timeouts)
		e.uint(streamBlocks, uint64(len(b.Rows.List)))
		e.sketch(b.Durations, streamDurations, streamDurationCounts)
		bin := uint32(0)
		for k := range b.Rows.List {
			row := &b.Rows.List[k]
			e.uint(streamRows, uint64(row.Bin-bin))
			bin = row.Bin
			e.row(&model, row, b.Rows.SumsOf(k), order)
		}
	}
	return head
}

// blockSize is the least that a block takes of its stream.
const blockSize = 5

// blocks reads the blocks of all tables but for what they hold, and how many
// rows each has.
func (d *decoder) blocks(heads []tableHead) (tables []Table, rows [][]int) {
	for _, head := range heads {
		t := Table{Endpoint: head.Endpoint, First: head.First, Last: head.Last}
		if head.Width < 0 || head.Width > maxColumns || head.Blocks < 1 || head.Blocks > min(maxBlocks, d.streams[streamBlocks].left()/blockSize) {
			d.fail(fmt.Errorf("a table claims %d blocks of %d columns", head.Blocks, head.Width))
		}
		if d.err != nil {
			return nil, nil
		}
		t.Blocks = make([]Block, head.Blocks)
		sizes := make([]int, head.Blocks)
		last := int64(0)
		for i := range t.Blocks {
			b := &t.Blocks[i]
			last += d.int(streamBlocks)
			b.Index = last
			b.Count = d.uint(streamBlocks)
			b.Failed = d.uint(streamBlocks)
			b.Timeouts = d.uint(streamBlocks)
			sizes[i] = d.length(streamBlocks, streamRows)
		}
		tables, rows = append(tables, t), append(rows, sizes)
	}
	return tables, rows
}

// allDurations reads the distributions of blocks.
func (d *decoder) allDurations(tables []Table) {
	for i := range tables {
		for j := range tables[i].Blocks {
			if d.err != nil {
				return
			}
			tables[i].Blocks[j].Durations = d.sketch(BlockBits, streamDurations, streamDurationCounts)
		}
	}
}

// rowsAtOnce is about how many rows a goroutine reads.
var rowsAtOnce = 1 << 14

// allRows reads the rows of blocks. Where a table begins in its streams follows
// from the sizes of what comes before, which take a fraction of the time that its
// numbers take: several pieces are read at the same time.
func (d *decoder) allRows(tables []Table, heads []tableHead, sizes [][]int) {
	var pieces sync.WaitGroup
	var failed atomic.Bool             // no more are begun; those before have been
	errs := make([]error, len(tables)) // in the order of tables, as if read one by one
	for from := 0; from < len(tables) && d.err == nil && !failed.Load(); {
		piece, to := d.clone(), from
		for rows := 0; to < len(tables) && rows < rowsAtOnce; to++ {
			n := 0
			for _, size := range sizes[to] {
				n += size
			}
			d.skipRows(n, columnOrder(heads[to].Width))
			rows += n
		}
		at := from
		pieces.Go(func() {
			if errs[at] = piece.tableRows(tables[at:to], heads[at:to], sizes[at:to]); errs[at] != nil {
				failed.Store(true)
			}
		})
		from = to
	}
	pieces.Wait()
	d.err = cmp.Or(cmp.Or(errs...), d.err)
}

// tableRows reads the rows of the blocks of tables that follow one another.
func (d *decoder) tableRows(tables []Table, heads []tableHead, sizes [][]int) error {
	for i := range tables {
		var model rowModel
		order := columnOrder(heads[i].Width)
		for j, n := range sizes[i] {
			if tables[i].Blocks[j].Rows = d.rows(n, &model, order); d.err != nil {
				return d.err
			}
		}
	}
	return nil
}

// skipRows goes past the rows of a table.
func (d *decoder) skipRows(n int, order []int) {
	for _, stream := range []int{streamRows, streamRowCounts, streamRowJoined} {
		d.skipUints(stream, n)
	}
	d.skipPacked(packedTotals, n)
	for _, column := range order {
		d.skipPacked(packedColumns+column, n)
	}
}

func (d *decoder) rows(n int, m *rowModel, order []int) (rows Rows) {
	fits := n <= int(lastCell(TableBits))+1 && n <= d.streams[streamRows].left()
	for _, column := range order {
		fits = fits && n <= d.streams[streamPacked+2*(packedColumns+column)].left()
	}
	if !fits {
		d.fail(fmt.Errorf("a block claims %d rows", n))
	}
	if d.err != nil {
		return rows
	}
	rows = Rows{List: make([]Row, n), Sums: make([]int64, n*len(order)), Width: len(order)}
	bin := uint64(0)
	for i := range rows.List {
		step := d.uint(streamRows)
		bin += step
		if last := uint64(lastCell(TableBits)); bin > last || step > last {
			d.fail(fmt.Errorf("a request table has a row that can't be"))
		}
		if d.err != nil {
			return Rows{}
		}
		rows.List[i].Bin = uint32(bin)
		d.row(m, &rows.List[i], order, rows.SumsOf(i))
	}
	return rows
}
