package run

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Check reports the first way in which a Run contradicts itself, nil when it
// is sound. Every Run that Finish, Merge or Decode return is.
func (r *Run) Check() error {
	if r.ID == "" {
		return fmt.Errorf("check run: it has no id")
	}
	if r.Started > r.Ended {
		return fmt.Errorf("check run %s: it ends before it starts", r.ID)
	}
	if err := checkLength("window", r.WindowLength); err != nil {
		return fmt.Errorf("check run %s: %w", r.ID, err)
	}
	if !slices.IsSortedFunc(r.Metrics, func(a, b Metric) int { return strictly(cmp.Compare(a.Name, b.Name)) }) {
		return fmt.Errorf("check run %s: metrics are out of order or there twice", r.ID)
	}
	if !slices.IsSortedFunc(r.Series, func(a, b Series) int { return strictly(a.Key.Compare(b.Key)) }) {
		return fmt.Errorf("check run %s: series are out of order or there twice", r.ID)
	}
	for i := range r.Series {
		if err := r.Series[i].check(); err != nil {
			return fmt.Errorf("check run %s: series %s {%s}: %w", r.ID, r.Series[i].Metric, r.Series[i].Tags, err)
		}
	}
	if err := r.Requests.check(); err != nil {
		return fmt.Errorf("check run %s: %w", r.ID, err)
	}
	return nil
}

func (s *Series) check() error {
	switch {
	case s.Count == 0:
		return fmt.Errorf("it has no samples")
	case s.Nonzero > s.Count || s.Outside > s.Count:
		return fmt.Errorf("it counts more samples than it has")
	case s.Min > s.Max:
		return fmt.Errorf("its minimum %g is above its maximum %g", s.Min, s.Max)
	case s.Sketch != nil && s.Sketch.Count() != s.Count:
		return fmt.Errorf("its distribution holds %d of %d samples", s.Sketch.Count(), s.Count)
	case !slices.IsSortedFunc(s.Windows, func(a, b Window) int { return strictly(cmp.Compare(a.Index, b.Index)) }):
		return fmt.Errorf("its windows are out of order")
	}
	var count uint64
	var sum Sum
	for _, w := range s.Windows {
		count += w.Count
		sum.Merge(w.Sum)
	}
	if count != s.Count || sum != s.Sum {
		return fmt.Errorf("its windows do not add up to it")
	}
	return nil
}

func (q *Requests) check() error {
	if len(q.Tables) == 0 {
		return nil
	}
	if err := checkLength("block", q.BlockLength); err != nil {
		return err
	}
	if len(q.Columns) < clientColumns || len(q.Columns) > maxColumns {
		return fmt.Errorf("request tables have %d columns", len(q.Columns))
	}
	if !slices.IsSortedFunc(q.Tables, func(a, b Table) int { return strictly(a.Endpoint.Compare(b.Endpoint)) }) {
		return fmt.Errorf("request tables are out of order")
	}
	for _, t := range q.Tables {
		if !slices.IsSortedFunc(t.Blocks, func(a, b Block) int { return strictly(cmp.Compare(a.Index, b.Index)) }) {
			return fmt.Errorf("blocks of %v are out of order", t.Endpoint)
		}
		for i := range t.Blocks {
			if err := t.Blocks[i].check(len(q.Columns)); err != nil {
				return fmt.Errorf("block %d of %v: %w", t.Blocks[i].Index, t.Endpoint, err)
			}
		}
	}
	return nil
}

func (b *Block) check(columns int) error {
	var count uint64
	for _, row := range b.Rows {
		count += row.Count
		if len(row.Sums) > columns || row.Joined > row.Count {
			return fmt.Errorf("row %d holds more than it can", row.Bin)
		}
	}
	switch {
	case count != b.Count:
		return fmt.Errorf("rows hold %d of %d requests", count, b.Count)
	case b.Durations == nil || b.Durations.Count() != b.Count:
		return fmt.Errorf("durations don't add up to %d requests", b.Count)
	case b.Failed > b.Count || b.Timeouts > b.Count:
		return fmt.Errorf("more failed than were made")
	case !slices.IsSortedFunc(b.Rows, func(a, c Row) int { return strictly(cmp.Compare(a.Bin, c.Bin)) }):
		return fmt.Errorf("rows are out of order")
	}
	return nil
}

func checkLength(what string, d time.Duration) error {
	if d < time.Second || d != time.Second<<shiftOf(d) {
		return fmt.Errorf("a %s of %v is not a power of two of seconds", what, d)
	}
	return nil
}

// strictly makes equal neighbours count as out of order.
func strictly(order int) int {
	if order == 0 {
		return -1
	}
	return order
}
