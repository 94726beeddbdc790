package run

import (
	"cmp"
	"slices"
)

// size is what the tables hold that has budgets.
type size struct {
	rows, cells int
}

func (s *size) add(more size) {
	s.rows += more.rows
	s.cells += more.cells
}

// tableBuilder is an endpoint's table.
type tableBuilder struct {
	gone        bool // given up by a refold
	endpoint    Endpoint
	first, last int64
	blocks      []blockBuilder // by index
}

// blockBuilder is a Block with its lists sorted. What is logged of it is counted, and
// not yet in the lists.
type blockBuilder struct {
	index                   int64
	count, failed, timeouts uint64
	durations               durations
	rows                    Rows
	logged                  int32 // the first of its chain in the log; see loggedRequest
}

// block finds or makes a block.
func (t *tableBuilder) block(index int64) (b *blockBuilder, found bool) {
	if n := len(t.blocks); n > 0 && t.blocks[n-1].index == index {
		return &t.blocks[n-1], true
	}
	at, found := slices.BinarySearchFunc(t.blocks, index, func(b blockBuilder, index int64) int { return cmp.Compare(b.index, index) })
	if !found {
		t.blocks = slices.Insert(withRoom(t.blocks), at, blockBuilder{index: index})
	}
	return &t.blocks[at], found
}

// add adds blocks, made longer by 1<<by, and returns by what the table grows. If their
// lists are our own, they may be kept and changed.
func (t *tableBuilder) add(from []blockBuilder, by uint8, own bool) (grown size) {
	for i := range from {
		b, _ := t.block(from[i].index >> by)
		grown.add(b.add(&from[i], own))
	}
	return grown
}

// add adds what another block holds, and returns by what this one grows. If its lists
// are our own, they may be kept and changed.
func (b *blockBuilder) add(from *blockBuilder, own bool) (grown size) {
	b.count += from.count
	b.failed += from.failed
	b.timeouts += from.timeouts
	before := b.size()
	if own && len(b.rows.List) == 0 {
		b.rows = from.rows
	} else {
		b.rows.merge(&from.rows)
	}
	b.durations.add(&from.durations, own)
	now := b.size()
	return size{now.rows - before.rows, now.cells - before.cells}
}

func (b *blockBuilder) size() size { return size{len(b.rows.List), b.durations.cells()} }

// finish hands over what the table holds, its columns in order.
func (t *tableBuilder) finish(order []int) Table {
	out := Table{Endpoint: t.endpoint, First: t.first, Last: t.last, Blocks: make([]Block, len(t.blocks))}
	if !inPlace(order) {
		reorder(t.blocks, order)
	}
	for i := range t.blocks {
		b := &t.blocks[i]
		b.rows.narrow()
		out.Blocks[i] = Block{
			Index: b.index, Count: b.count, Failed: b.failed, Timeouts: b.timeouts,
			Durations: b.durations.sketch(), Rows: b.rows,
		}
		*b = blockBuilder{}
	}
	return out
}

// reorder puts each column into its new place, -1 for none.
func reorder(blocks []blockBuilder, order []int) {
	for i := range blocks {
		blocks[i].rows = blocks[i].rows.ordered(order)
	}
}
