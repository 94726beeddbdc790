package run

import (
	"cmp"
	"slices"
	"strings"
)

// byNeed orders columns by how much they are wanted. Of equally wanted ones names
// that look like times come first, then by name. Gauges and counts that a script
// records while it sends a request are joined to it as well, and would else take
// the room of what its time is made of.
func (r *requestsBuilder) byNeed(a, b string) int {
	rank := func(name string) int {
		for _, sign := range []string{"_ms", "_duration", "_latency", "_time", "_wait"} {
			if strings.HasSuffix(name, sign) {
				return 0
			}
		}
		return 1
	}
	return cmp.Or(cmp.Compare(r.wanted(b), r.wanted(a)), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// column finds or makes a column. Of more than there is room for, those stay
// that byNeed puts first, whatever the order in which they come.
func (r *requestsBuilder) column(metric string) int {
	if at, known := r.columnOf[metric]; known {
		return at
	}
	if len(r.columns) < maxColumns {
		r.columns = append(r.columns, metric)
		r.columnOf[metric] = len(r.columns) - 1
		return len(r.columns) - 1
	}
	last := slices.MaxFunc(r.columns[clientColumns:], r.byNeed)
	if r.byNeed(metric, last) >= 0 {
		r.columnOf[metric] = -1
		return -1
	}
	r.flush()
	at := r.columnOf[last]
	r.columnOf[last] = -1
	r.columns[at], r.columnOf[metric] = metric, at
	for _, t := range r.tables {
		for i := range t.blocks {
			rows := &t.blocks[i].rows
			for k := at; at < rows.Width && k < len(rows.Sums); k += rows.Width {
				rows.Sums[k] = 0
			}
		}
	}
	return at
}

// places are the columns of metrics, -1 for those there is no room for.
func (r *requestsBuilder) places(columns []string) []int {
	places := make([]int, len(columns))
	for range 2 { // the first time, a later name may push an earlier one out
		for i, name := range columns {
			places[i] = i
			if i >= clientColumns {
				places[i] = r.column(name)
			}
		}
	}
	return places
}

// inPlace reports whether all columns stay where they are.
func inPlace(columns []int) bool {
	for i, at := range columns {
		if at != i {
			return false
		}
	}
	return true
}
