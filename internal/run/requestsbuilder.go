package run

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Budgets of the request tables over all endpoints: blocks double their length
// when one is passed, while there are more than fewBlocks. Where endpoints were
// folded, nothing tells any more what was passed before, so fewBlocks it is:
// the length of blocks must not depend on the order of requests.
const (
	maxSums   = 1_400_000 // rows times columns
	maxCells  = 1_000_000 // bins of durations
	fewBlocks = 4
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
// valid in every Builder of the run, not just in the one that made it, as long
// as that one or its Run is added before [Builder.Finish].
type Place struct {
	// owner is where table belongs; other Builders only read its endpoint.
	owner  *requestsBuilder
	table  *tableBuilder
	second int64
	bin    uint32
}

// requestsBuilder collects request tables. What comes in is logged first, and
// merged into its block with what else was logged of it: a request then costs no
// search in the lists of a block, and these are always sorted.
type requestsBuilder struct {
	shift  uint8 // blocks are 1<<shift seconds
	tables map[Endpoint]*tableBuilder
	blocks map[int64]struct{} // indexes that hold requests
	size   size
	folded bool // endpoints were
	// leaves are the groups whose requests whoever adds them leaves out, excluded
	// those that all tables lack; nil until there is a table.
	leaves   []string
	excluded *[]string

	log     []loggedRequest
	pending []blockKey // the blocks with a chain in the log
	joins   []loggedJoin
	batch   batch

	columns  []string                // in order of appearance, after the client's
	columnOf map[string]int          // -1: more than maxColumns, given up
	wanted   func(metric string) int // see Options.Wanted
	unjoined uint64
}

// logSize is the length of the logs: small enough to stay in a core's cache.
const logSize = 2048

// loggedRequest is a request in the log, where those of a block are a chain.
type loggedRequest struct {
	next          int32 // of the same block, counted from 1; 0 is none
	row, duration uint32
	total         int64
	parts         [clientColumns]int64
}

// blockKey finds a block; an address would not hold while others are put in between.
type blockKey struct {
	table *tableBuilder
	index int64
}

type loggedJoin struct {
	at     Place
	column int // -1: counted as joined, but there is no room for it
	micros int64
	first  bool
}

func newRequestsBuilder() requestsBuilder {
	return requestsBuilder{
		tables:   make(map[Endpoint]*tableBuilder),
		blocks:   make(map[int64]struct{}),
		batch:    newBatch(),
		columns:  ClientColumns(),
		columnOf: make(map[string]int),
	}
}

// AddRequest counts a request under the endpoint that its tags name.
func (b *Builder) AddRequest(protocol string, t *Tags, q *Request) Place {
	r := &b.requests
	table := t.tables[protocol]
	if table == nil {
		table = r.table(t.endpoint(protocol))
		t.tables[protocol] = table
		r.lack(r.leaves)
	}
	table.first, table.last = min(table.first, q.Start), max(table.last, q.Start)
	b.started = min(b.started, q.Start)
	b.ended = max(b.ended, q.Start)

	second := floorSeconds(q.Start)
	e := r.count(table, second, q)
	known := int64(0)
	for i, ms := range q.Parts {
		e.parts[i] = micros(ms)
		e.total += e.parts[i]
		known |= e.parts[i]
	}
	if known == 0 {
		e.total = micros(q.Total)
	}
	e.row = cellOf(float64(e.total)/1000, TableBits)
	e.duration = cellOf(q.Duration, BlockBits)
	return Place{owner: r, table: table, second: second, bin: e.row}
}

// count counts a request in its block, and logs it there for what comes next.
func (r *requestsBuilder) count(t *tableBuilder, second int64, q *Request) *loggedRequest {
	if len(r.log) == logSize {
		r.flush()
	}
	block := r.block(t, second>>r.shift)
	block.count++
	if q.Failed {
		block.failed++
	}
	if q.Timeout {
		block.timeouts++
	}
	if block.logged == 0 {
		r.pending = append(r.pending, blockKey{t, block.index})
	}
	r.log = append(r.log, loggedRequest{next: block.logged})
	block.logged = int32(len(r.log))
	return &r.log[len(r.log)-1]
}

// Join adds a server's time of a request that was counted at a place, in
// milliseconds; first says that it is the first one of this request. Of more
// metrics than there are columns some have none, see [Options]: then it is only
// known that the request has a server's time.
func (b *Builder) Join(at Place, metric string, ms float64, first bool) {
	r := &b.requests
	column, known := r.columnOf[metric]
	if !known {
		column = r.column(b.joined(b.mask.metric(clean(metric))).name)
	}
	if at.owner != r || at.table.gone {
		at.owner, at.table = r, r.table(b.fold.endpoint(at.table.endpoint))
		r.lack(r.leaves)
	}
	if len(r.joins) == 8*logSize {
		r.flush()
	}
	r.joins = append(r.joins, loggedJoin{at: at, column: column, micros: micros(ms), first: first})
}

// Unjoined counts a sample whose request was not found.
func (b *Builder) Unjoined() { b.requests.unjoined++ }

// micros rounds milliseconds to microseconds; beyond the domain of sums it
// saturates.
func micros(ms float64) int64 {
	return int64(math.RoundToEven(min(max(ms, -maxMagnitude), maxMagnitude) * 1000))
}

// endpoint derives what a request belongs to from its tags.
func (t *Tags) endpoint(protocol string) Endpoint {
	if protocol == ProtocolIteration {
		return Endpoint{Protocol: protocol, Name: t.set.Value("scenario")}
	}
	return Endpoint{Protocol: protocol, Name: t.set.Value("name"), Method: t.set.Value("method")}
}

// lack notes which groups tables that are added lack.
func (r *requestsBuilder) lack(groups []string) {
	if r.excluded == nil {
		r.excluded = &groups
		return
	}
	both := slices.DeleteFunc(slices.Clone(*r.excluded), func(group string) bool { return !slices.Contains(groups, group) })
	r.excluded = &both
}

func (r *requestsBuilder) table(e Endpoint) *tableBuilder {
	t := r.tables[e]
	if t == nil {
		t = &tableBuilder{endpoint: e, first: math.MaxInt64, last: math.MinInt64}
		r.tables[e] = t
	}
	return t
}

// block finds or makes a block of a table.
func (r *requestsBuilder) block(t *tableBuilder, index int64) *blockBuilder {
	b, found := t.block(index)
	if !found {
		r.blocks[index] = struct{}{}
	}
	return b
}

// limit lengthens the blocks while there are too many of them, or of what they
// hold.
func (r *requestsBuilder) limit() {
	for {
		limit := maxBlocks
		if r.folded || r.size.rows*len(r.columns) > maxSums || r.size.cells > maxCells {
			limit = fewBlocks
		}
		if len(r.blocks) <= limit {
			return
		}
		r.lengthen(r.shift + 1)
	}
}

// lengthenTo lengthens the blocks unless they are that long.
func (r *requestsBuilder) lengthenTo(shift uint8) {
	if shift > r.shift {
		r.lengthen(shift)
	}
}

// lengthen merges blocks until they are 1<<shift seconds long.
func (r *requestsBuilder) lengthen(shift uint8) {
	by := shift - r.shift
	r.shift = shift
	r.blocks = make(map[int64]struct{})
	r.size = onAllCores(slices.Collect(maps.Values(r.tables)), func(t *tableBuilder) size {
		old := t.blocks
		t.blocks = make([]blockBuilder, 0, len(old)/2+1)
		return t.add(old, by, true)
	})
	for _, t := range r.tables {
		r.hold(t)
	}
}

// hold notes the blocks of a table.
func (r *requestsBuilder) hold(t *tableBuilder) {
	for i := range t.blocks {
		r.blocks[t.blocks[i].index] = struct{}{}
	}
}

// finish puts everything into order. Columns of metrics that drop names are
// left out.
func (r *requestsBuilder) finish(drop func(metric string) bool) Requests {
	r.flush()
	out := Requests{Unjoined: r.unjoined}
	var kept []string
	for _, name := range slices.Sorted(slices.Values(r.columns[clientColumns:])) {
		if drop(name) {
			out.NoTimes = append(out.NoTimes, name)
		} else {
			kept = append(kept, name)
		}
	}
	order := make([]int, len(r.columns)) // the new place of each column, -1 for none
	for i, name := range r.columns {
		order[i] = i
		if i >= clientColumns {
			at, found := slices.BinarySearch(kept, name)
			if order[i] = clientColumns + at; !found {
				order[i] = -1
			}
		}
	}
	for _, t := range r.tables {
		if len(t.blocks) > 0 {
			out.Tables = append(out.Tables, t.finish(order))
		}
	}
	if len(out.Tables) == 0 {
		return Requests{Unjoined: r.unjoined}
	}
	slices.SortFunc(out.Tables, func(a, b Table) int { return a.Endpoint.Compare(b.Endpoint) })
	out.BlockLength = time.Second << r.shift
	if r.excluded != nil && len(*r.excluded) > 0 {
		out.ExcludedGroups = *r.excluded
	}
	out.Columns = append(ClientColumns(), kept...)
	return out
}

// refold moves the tables to what their endpoints have become.
func (r *requestsBuilder) refold(fold *folder) {
	r.flush()
	old := r.tables
	r.tables = make(map[Endpoint]*tableBuilder, len(old))
	r.blocks = make(map[int64]struct{})
	r.size = size{}
	for _, e := range slices.SortedFunc(maps.Keys(old), Endpoint.Compare) {
		t := old[e]
		to := r.table(fold.endpoint(e))
		to.first, to.last = min(to.first, t.first), max(to.last, t.last)
		r.size.add(to.add(t.blocks, 0, true))
		r.hold(to)
		t.gone, t.blocks = true, nil
	}
	r.folded = fold.losesEndpoints()
	r.limit()
}
