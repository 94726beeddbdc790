package run

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// Budgets of the request tables over all endpoints: blocks double their length
// when one is passed.
const (
	maxRows      = 200_000
	maxDurations = 1_000_000 // bins of durations
)

// Request is one request, rejoined from its samples.
type Request struct {
	// Start is when the client began to ask for a connection, in nanoseconds
	// since the Unix epoch.
	Start int64
	// Duration is the protocol's own, in milliseconds.
	Duration float64
	// Total is what the user waited, in milliseconds. It is not used where
	// Parts are known: then it is their sum.
	Total float64
	// Parts are the times of ClientColumns, in milliseconds; all 0 where the
	// protocol doesn't tell.
	Parts           [clientColumns]float64
	Failed, Timeout bool
}

// Place is where a request went, for times of it that arrive later. It is
// valid in every Builder, not just in the one that made it.
type Place struct {
	Endpoint
	second int64
	bin    uint32
}

// requestsBuilder collects request tables.
type requestsBuilder struct {
	shift    uint8 // blocks are 1<<shift seconds
	tables   map[Endpoint]*tableBuilder
	blocks   map[int64]struct{}
	rows     int
	bins     int
	columns  []string       // in order of appearance, after the client's
	columnOf map[string]int // -1: more than maxColumns, given up
	unjoined uint64
}

func newRequestsBuilder() requestsBuilder {
	return requestsBuilder{
		tables:   make(map[Endpoint]*tableBuilder),
		blocks:   make(map[int64]struct{}),
		columns:  ClientColumns(),
		columnOf: make(map[string]int),
	}
}

// tableBuilder holds an endpoint's rows and bins of all blocks; keys are the
// block's index and the bin.
type tableBuilder struct {
	endpoint  Endpoint
	first     int64
	last      int64
	blocks    map[int64]*blockCounts
	rows      map[uint64]*rowCounts
	durations map[uint64]uint64
}

type blockCounts struct{ count, failed, timeouts uint64 }

type rowCounts struct {
	count, joined uint64
	total         int64
	sums          []int64
}

// binSpace is room for any bin number in a key.
const binSpace = 20

func cellKey(block int64, bin uint32) uint64 { return uint64(block)<<binSpace | uint64(bin) }

func cellBlock(key uint64) int64 { return int64(key) >> binSpace }

func cellBin(key uint64) uint32 { return uint32(key & (1<<binSpace - 1)) }

// AddRequest counts a request under the endpoint that its tags name.
func (b *Builder) AddRequest(protocol string, t *Tags, q *Request) Place {
	table := t.tables[protocol]
	if table == nil {
		table = b.requests.table(t.endpoint(protocol))
		t.tables[protocol] = table
	}
	table.first, table.last = min(table.first, q.Start), max(table.last, q.Start)
	b.started = min(b.started, q.Start)
	b.ended = max(b.ended, q.Start)

	var parts [clientColumns]int64
	micros, width := int64(0), 0
	for i, ms := range q.Parts {
		parts[i] = Micros(ms)
		micros += parts[i]
		if parts[i] != 0 {
			width = i + 1
		}
	}
	if width == 0 {
		micros = Micros(q.Total)
	}
	r := &b.requests
	at := Place{Endpoint: table.endpoint, second: floorSeconds(q.Start), bin: cellOf(float64(micros)/1000, TableBits)}
	counts := r.block(table, at.second>>r.shift)
	counts.count++
	if q.Failed {
		counts.failed++
	}
	if q.Timeout {
		counts.timeouts++
	}
	row := r.row(table, cellKey(at.second>>r.shift, at.bin))
	row.count++
	row.total += micros
	row.addSums(parts[:width])
	r.duration(table, cellKey(at.second>>r.shift, cellOf(q.Duration, BlockBits)), 1)
	r.limit()
	return at
}

// Join adds a server's time of a request that was counted at a place, in
// milliseconds; first says that it is the first one of this request.
func (b *Builder) Join(at Place, metric string, ms float64, first bool) {
	r := &b.requests
	column := r.column(metric)
	if column < 0 {
		return
	}
	row := r.row(r.table(b.fold.endpoint(at.Endpoint)), cellKey(at.second>>r.shift, at.bin))
	if first {
		row.joined++
	}
	row.addSum(column, Micros(ms))
}

// Unjoined counts a sample whose request was not found.
func (b *Builder) Unjoined() { b.requests.unjoined++ }

// Micros rounds milliseconds to microseconds; beyond the domain of sums it
// saturates.
func Micros(ms float64) int64 {
	return int64(math.RoundToEven(min(max(ms, -maxMagnitude), maxMagnitude) * 1000))
}

// endpoint derives what a request belongs to from its tags.
func (t *Tags) endpoint(protocol string) Endpoint {
	if protocol == ProtocolIteration {
		return Endpoint{Protocol: protocol, Name: t.set.Value("scenario")}
	}
	return Endpoint{Protocol: protocol, Name: t.set.Value("name"), Method: t.set.Value("method")}
}

func (r *requestsBuilder) table(e Endpoint) *tableBuilder {
	t := r.tables[e]
	if t == nil {
		t = &tableBuilder{
			endpoint:  e,
			first:     math.MaxInt64,
			last:      math.MinInt64,
			blocks:    make(map[int64]*blockCounts),
			rows:      make(map[uint64]*rowCounts),
			durations: make(map[uint64]uint64),
		}
		r.tables[e] = t
	}
	return t
}

func (r *requestsBuilder) block(t *tableBuilder, index int64) *blockCounts {
	c := t.blocks[index]
	if c == nil {
		c = new(blockCounts)
		t.blocks[index] = c
		r.blocks[index] = struct{}{}
	}
	return c
}

func (r *requestsBuilder) row(t *tableBuilder, key uint64) *rowCounts {
	row := t.rows[key]
	if row == nil {
		row = new(rowCounts)
		t.rows[key] = row
		r.rows++
	}
	return row
}

func (r *requestsBuilder) duration(t *tableBuilder, key, n uint64) {
	before := len(t.durations)
	t.durations[key] += n
	r.bins += len(t.durations) - before
}

func (r *rowCounts) addSums(sums []int64) {
	for i, sum := range sums {
		r.addSum(i, sum)
	}
}

func (r *rowCounts) addSum(column int, micros int64) {
	for len(r.sums) <= column {
		r.sums = append(r.sums, 0)
	}
	r.sums[column] += micros
}

// column finds or makes a column. Of more than there is room for, those with
// the first names stay, whatever the order in which they come.
func (r *requestsBuilder) column(metric string) int {
	if at, known := r.columnOf[metric]; known {
		return at
	}
	if len(r.columns) < maxColumns {
		r.columns = append(r.columns, metric)
		r.columnOf[metric] = len(r.columns) - 1
		return len(r.columns) - 1
	}
	last := slices.Max(r.columns[clientColumns:])
	if metric >= last {
		r.columnOf[metric] = -1
		return -1
	}
	at := r.columnOf[last]
	r.columnOf[last] = -1
	r.columns[at], r.columnOf[metric] = metric, at
	for _, t := range r.tables {
		for _, row := range t.rows {
			if at < len(row.sums) {
				row.sums[at] = 0
			}
		}
	}
	return at
}

// limit lengthens the blocks while there are too many of them, or of what they
// hold.
func (r *requestsBuilder) limit() {
	for len(r.blocks) > maxBlocks || (r.rows > maxRows || r.bins > maxDurations) && len(r.blocks) > 1 {
		r.lengthen(r.shift + 1)
	}
}

// lengthen merges blocks until they are 1<<shift seconds long.
func (r *requestsBuilder) lengthen(shift uint8) {
	by := shift - r.shift
	r.shift = shift
	r.blocks = shiftKeys(r.blocks, by)
	old := r.tables
	r.tables, r.rows, r.bins = make(map[Endpoint]*tableBuilder, len(old)), 0, 0
	for _, t := range old {
		moved := *t
		t.blocks, t.rows, t.durations = make(map[int64]*blockCounts), make(map[uint64]*rowCounts), make(map[uint64]uint64)
		r.tables[t.endpoint] = t
		r.absorb(t, &moved, by)
	}
}

// absorb adds a table to another, its blocks made longer by 1<<by.
func (r *requestsBuilder) absorb(to, from *tableBuilder, by uint8) {
	to.first, to.last = min(to.first, from.first), max(to.last, from.last)
	for index, c := range from.blocks {
		r.block(to, index>>by).add(*c)
	}
	for key, row := range from.rows {
		r.row(to, cellKey(cellBlock(key)>>by, cellBin(key))).add(row)
	}
	for key, n := range from.durations {
		r.duration(to, cellKey(cellBlock(key)>>by, cellBin(key)), n)
	}
}

func (c *blockCounts) add(o blockCounts) {
	c.count += o.count
	c.failed += o.failed
	c.timeouts += o.timeouts
}

func (r *rowCounts) add(o *rowCounts) {
	r.count += o.count
	r.joined += o.joined
	r.total += o.total
	r.addSums(o.sums)
}

// finish puts everything into order.
func (r *requestsBuilder) finish() Requests {
	out := Requests{BlockLength: time.Second << r.shift, Unjoined: r.unjoined}
	order := make([]int, len(r.columns)) // the new place of each column
	out.Columns = slices.Clone(r.columns)
	slices.Sort(out.Columns[clientColumns:])
	for i, name := range r.columns {
		order[i] = i
		if i >= clientColumns {
			at, _ := slices.BinarySearch(out.Columns[clientColumns:], name)
			order[i] = clientColumns + at
		}
	}
	for _, t := range r.tables {
		if len(t.blocks) > 0 {
			out.Tables = append(out.Tables, t.finish(order))
		}
	}
	slices.SortFunc(out.Tables, func(a, b Table) int { return a.Endpoint.Compare(b.Endpoint) })
	if len(out.Tables) == 0 {
		return Requests{Unjoined: r.unjoined}
	}
	return out
}

func (t *tableBuilder) finish(order []int) Table {
	out := Table{Endpoint: t.endpoint, First: t.first, Last: t.last, Blocks: make([]Block, 0, len(t.blocks))}
	place := make(map[int64]*Block, len(t.blocks))
	for _, index := range slices.Sorted(maps.Keys(t.blocks)) {
		c := t.blocks[index]
		out.Blocks = append(out.Blocks, Block{
			Index: index, Count: c.count, Failed: c.failed, Timeouts: c.timeouts, Durations: NewSketch(BlockBits),
		})
		place[index] = &out.Blocks[len(out.Blocks)-1]
	}
	for key, n := range t.durations {
		place[cellBlock(key)].Durations.addCell(cellBin(key), n)
	}
	for key, row := range t.rows {
		if b := place[cellBlock(key)]; b != nil {
			b.Rows = append(b.Rows, row.finish(cellBin(key), order))
		}
	}
	for i := range out.Blocks {
		slices.SortFunc(out.Blocks[i].Rows, func(a, b Row) int { return cmp.Compare(a.Bin, b.Bin) })
	}
	return out
}

func (r *rowCounts) finish(bin uint32, order []int) Row {
	out := Row{Bin: bin, Count: r.count, Joined: r.joined, Total: r.total}
	for i, sum := range r.sums {
		if sum == 0 {
			continue
		}
		for len(out.Sums) <= order[i] {
			out.Sums = append(out.Sums, 0)
		}
		out.Sums[order[i]] = sum
	}
	return out
}
