package run

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// addRequests adds the tables of a run.
func (r *requestsBuilder) addRequests(from *Requests, fold *folder, own bool) {
	r.flush()
	r.unjoined += from.Unjoined
	if len(from.Tables) == 0 {
		return
	}
	r.lack(from.ExcludedGroups)
	for _, name := range from.NoTimes {
		r.column(name)
	}
	var tables []addedTable
	for i := range from.Tables {
		t := &from.Tables[i]
		tables = append(tables, addedTable{t.Endpoint, t.First, t.Last, func() []blockBuilder {
			blocks := make([]blockBuilder, len(t.Blocks))
			for i := range blocks {
				blocks[i] = builderOf(&t.Blocks[i])
			}
			if own {
				t.Blocks = nil
			}
			return blocks
		}})
	}
	r.addTables(tables, from.Columns, shiftOf(from.BlockLength), fold, own)
}

// absorb adds the tables of another Builder, which must not be used afterwards.
func (r *requestsBuilder) absorb(from *requestsBuilder, fold *folder) {
	from.flush()
	r.flush()
	r.unjoined += from.unjoined
	if len(from.tables) == 0 {
		return
	}
	r.lack(*from.excluded)
	var tables []addedTable
	for e, t := range from.tables {
		tables = append(tables, addedTable{e, t.first, t.last, func() []blockBuilder {
			blocks := t.blocks
			t.blocks = nil
			return blocks
		}})
	}
	r.addTables(tables, from.columns, from.shift, fold, true)
}

// addedTable is a table on its way into another one.
type addedTable struct {
	endpoint    Endpoint
	first, last int64
	blocks      func() []blockBuilder // asked for once; what are our own are not held any more then
}

// addTables adds tables with blocks of another length and columns in another order.
func (r *requestsBuilder) addTables(tables []addedTable, columns []string, shift uint8, fold *folder, own bool) {
	r.lengthenTo(shift)
	order := r.places(columns)
	same, by := inPlace(order), r.shift-shift
	into := make(map[*tableBuilder][]addedTable) // several where endpoints are folded
	for _, t := range tables {
		to := r.table(fold.endpoint(t.endpoint))
		to.first, to.last = min(to.first, t.first), max(to.last, t.last)
		into[to] = append(into[to], t)
	}
	r.size.add(onAllCores(slices.Collect(maps.Keys(into)), func(to *tableBuilder) (grown size) {
		for _, t := range into[to] {
			blocks := t.blocks()
			if !same {
				reorder(blocks, order)
			}
			grown.add(to.add(blocks, by, own))
		}
		return grown
	}))
	for to := range into {
		r.hold(to)
	}
	r.limit()
}

// builderOf is a block as it was before it was finished. They share their lists.
func builderOf(b *Block) blockBuilder {
	return blockBuilder{
		index: b.Index, count: b.Count, failed: b.Failed, timeouts: b.Timeouts,
		durations: durationsOf(b.Durations), rows: b.Rows,
	}
}

// onAllCores has each table grow, on as many goroutines as there are processors, and
// returns by what they did together.
func onAllCores(tables []*tableBuilder, grow func(*tableBuilder) size) (grown size) {
	var next atomic.Int64
	sizes := make([]size, min(runtime.GOMAXPROCS(0), len(tables)))
	var cores sync.WaitGroup
	for core := range sizes {
		cores.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(tables)); i = next.Add(1) - 1 {
				sizes[core].add(grow(tables[i]))
			}
		})
	}
	cores.Wait()
	for _, s := range sizes {
		grown.add(s)
	}
	return grown
}

// endpoint is what an endpoint becomes under the present folding.
func (f *folder) endpoint(e Endpoint) Endpoint {
	name := "name"
	if e.Protocol == ProtocolIteration {
		name = "scenario"
	}
	kept := NewTagSet(f.apply([]Tag{{name, e.Name}, {"method", e.Method}})...)
	return Endpoint{Protocol: e.Protocol, Name: kept.Value(name), Method: kept.Value("method")}
}
