package run

import "slices"

// Rows are rows by ascending Bin, and what the times of their requests are made
// of. No pointer is in their lists: they are most of what reading a run with many
// endpoints holds, and the collector of garbage need not look into them.
type Rows struct {
	List []Row
	// Sums are the sums of parts, in microseconds, each request rounded to one: row
	// after row, Width of them by Requests.Columns. What lies beyond is 0. See SumsOf.
	Sums  []int64
	Width int
}

// Row is the requests of a block with about the same time T, where T is what
// a user waits: for HTTP blocked + duration. A snapshot of a run in which no
// request has times of the server keeps one row for all requests of a block.
type Row struct {
	// Bin is the bin of T at TableBits; see RowRange.
	Bin   uint32
	Count uint64
	// Joined is the number of requests with at least one server time, those of
	// NoTimes and of columns that there was no room for included: which requests
	// had no other is not known any more when a metric turns out to be no time.
	Joined uint64
	// Total is the sum of T, in microseconds, each request rounded to one.
	Total int64
}

// SumsOf are the sums of the row at a place.
func (r *Rows) SumsOf(at int) []int64 { return r.Sums[at*r.Width : (at+1)*r.Width : (at+1)*r.Width] }

// merge adds rows, which stay as they are.
func (r *Rows) merge(from *Rows) {
	if len(r.List) == 0 {
		*r = from.clone()
		return
	}
	fresh := countFresh(r.List, from.List, func(row *Row) uint32 { return row.Bin })
	r.widen(from.Width)
	at := len(r.List) - 1
	r.grow(fresh)
	free := len(r.List) - 1 // from the end, so that every row moves once, to where it stays
	for k := len(from.List) - 1; k >= 0; k-- {
		row := &from.List[k]
		last := at
		for at >= 0 && r.List[at].Bin > row.Bin {
			at--
		}
		free -= r.move(free, last, last-at)
		if at >= 0 && r.List[at].Bin == row.Bin {
			r.move(free, at, 1)
			at--
		} else {
			r.List[free] = Row{Bin: row.Bin}
			clear(r.SumsOf(free))
		}
		r.List[free].add(row)
		sums := r.SumsOf(free)
		for i, sum := range from.SumsOf(k) {
			sums[i] += sum
		}
		free--
	}
}

// move moves n rows, the last of them from one place to another, and returns n.
func (r *Rows) move(to, from, n int) int {
	if to != from {
		copy(r.List[to-n+1:to+1], r.List[from-n+1:from+1])
		copy(r.Sums[(to-n+1)*r.Width:(to+1)*r.Width], r.Sums[(from-n+1)*r.Width:(from+1)*r.Width])
	}
	return n
}

// add adds a row of the same bin, but for its sums.
func (row *Row) add(o *Row) {
	row.Count += o.Count
	row.Joined += o.Joined
	row.Total += o.Total
}

// insert makes an empty row at a place.
func (r *Rows) insert(at int, bin uint32) {
	n := len(r.List) - at
	r.grow(1)
	r.move(len(r.List)-1, len(r.List)-2, n)
	r.List[at] = Row{Bin: bin}
	clear(r.SumsOf(at))
}

// grow appends n rows, with anything in them.
func (r *Rows) grow(n int) {
	r.List = longer(r.List, n)
	r.Sums = longer(r.Sums, n*r.Width)
}

// widen makes room for columns.
func (r *Rows) widen(width int) {
	if width <= r.Width {
		return
	}
	wide := make([]int64, len(r.List)*width)
	for i := range r.List {
		copy(wide[i*width:], r.SumsOf(i))
	}
	r.Sums, r.Width = wide, width
}

// narrow drops the columns at the end that no row uses.
func (r *Rows) narrow() {
	width := 0
	for i := 0; i < len(r.List) && width < r.Width; i++ {
		sums := r.SumsOf(i)
		for used := r.Width; used > width; used-- {
			if sums[used-1] != 0 {
				width = used
			}
		}
	}
	switch width {
	case r.Width:
		return
	case 0: // the array has no use
		r.Sums, r.Width = nil, 0
		return
	}
	for i := range r.List {
		copy(r.Sums[i*width:(i+1)*width], r.SumsOf(i))
	}
	r.Sums, r.Width = r.Sums[:len(r.List)*width], width
}

// ordered are the rows with each column in its new place, -1 for none. They share
// the list.
func (r *Rows) ordered(order []int) Rows {
	width := 0
	for _, at := range order[:r.Width] {
		width = max(width, at+1)
	}
	out := Rows{List: r.List, Sums: make([]int64, len(r.List)*width), Width: width}
	for i := range r.List {
		to := out.SumsOf(i)
		for column, sum := range r.SumsOf(i) {
			if at := order[column]; at >= 0 {
				to[at] += sum // metrics that a mask made one share a column
			}
		}
	}
	return out
}

// clone copies rows.
func (r *Rows) clone() Rows {
	return Rows{List: slices.Clone(r.List), Sums: slices.Clone(r.Sums), Width: r.Width}
}

// mean is one row for all requests.
func (r *Rows) mean() Rows {
	out := Rows{List: make([]Row, 1), Sums: make([]int64, r.Width), Width: r.Width}
	all := &out.List[0]
	for i := range r.List {
		all.add(&r.List[i])
		for column, sum := range r.SumsOf(i) {
			out.Sums[column] += sum
		}
	}
	all.Bin = RowOf(max(0, float64(all.Total)/float64(all.Count)/1000))
	out.narrow()
	return out
}
