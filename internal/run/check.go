package run

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// maxCount is more samples than ever were: sums of counts can't overflow.
const maxCount = 1 << 56

// Check reports the first way in which a Run contradicts itself, nil when it
// is sound. Every Run that Finish, Merge or Decode return is.
func (r *Run) Check() error {
	if r.ID == "" {
		return errors.New("check run: it has no id")
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("check run %s: %w", r.ID, err)
	}
	return nil
}

func (r *Run) check() error {
	if r.Started > r.Ended {
		return errors.New("it ends before it starts")
	}
	if err := checkLength("window", r.WindowLength); err != nil {
		return err
	}
	if err := r.checkOrder(); err != nil {
		return err
	}
	for _, m := range r.Metrics {
		if m.Type > Trend {
			return fmt.Errorf("metric %s has the type %d", m.Name, m.Type)
		}
	}
	requests := make(chan error, 1) // they take as long as the series
	go func() { requests <- r.Requests.check() }()
	for i := range r.Series {
		if err := r.checkSeries(&r.Series[i]); err != nil {
			return fmt.Errorf("series %s {%s}: %w", r.Series[i].Metric, r.Series[i].Tags, err)
		}
	}
	return <-requests
}

func (r *Run) checkOrder() error {
	switch {
	case !ordered(r.Labels, func(a, b Tag) int { return cmp.Compare(a.Name, b.Name) }):
		return errors.New("labels are out of order or there twice")
	case !slices.IsSortedFunc(r.Sources, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) }):
		return errors.New("sources are out of order")
	case !ordered(r.Metrics, func(a, b Metric) int { return cmp.Compare(a.Name, b.Name) }):
		return errors.New("metrics are out of order or there twice")
	case !ordered(r.Series, func(a, b Series) int { return a.Key.Compare(b.Key) }):
		return errors.New("series are out of order or there twice")
	case !ordered(r.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source))
	}):
		return errors.New("problems are out of order or there twice")
	case r.Folding.Level < 0 || r.Folding.Level > levels:
		return fmt.Errorf("its tags are folded to level %d", r.Folding.Level)
	}
	return nil
}

func (r *Run) checkSeries(s *Series) error {
	_, defined := slices.BinarySearchFunc(r.Metrics, s.Metric, func(m Metric, name string) int { return cmp.Compare(m.Name, name) })
	switch {
	case !defined:
		return errors.New("there is no such metric")
	case s.Count == 0 || s.Count > maxCount:
		return fmt.Errorf("it has %d samples", s.Count)
	case s.Nonzero > s.Count || s.Outside > s.Count:
		return errors.New("it counts more samples than it has")
	case s.Min > s.Max:
		return fmt.Errorf("its minimum %g is above its maximum %g", s.Min, s.Max)
	case s.Latest.Value < s.Min || s.Latest.Value > s.Max || s.Latest.Time < r.Started || s.Latest.Time > r.Ended:
		return errors.New("its latest sample is none of its samples")
	}
	if err := s.checkSketch(); err != nil {
		return err
	}
	if !ordered(s.Windows, func(a, b Window) int { return cmp.Compare(a.Index, b.Index) }) {
		return errors.New("its windows are out of order")
	}
	count, sum := uint64(0), Sum{}
	for _, w := range s.Windows {
		if w.Count == 0 || !inTime(w.Index, r.WindowLength) {
			return fmt.Errorf("window %d is none", w.Index)
		}
		count = plus(count, w.Count)
		sum.Merge(w.Sum)
	}
	if count != s.Count || sum != s.Sum || len(s.Windows) > maxWindows {
		return errors.New("its windows do not add up to it")
	}
	return nil
}

func (s *Series) checkSketch() error {
	switch k := s.Sketch; {
	case k == nil:
	case k.Bits() != FineBits:
		return fmt.Errorf("its distribution keeps %d bits", k.Bits())
	case k.checkedCount() != s.Count:
		return fmt.Errorf("its distribution holds %d of %d samples", k.checkedCount(), s.Count)
	case k.low > s.Outside || k.high != s.Outside-k.low:
		return fmt.Errorf("its distribution has other samples outside the domain than the %d that it counts", s.Outside)
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
	if len(q.Columns) < clientColumns || len(q.Columns) > maxColumns || !slices.Equal(q.Columns[:clientColumns], ClientColumns()) {
		return fmt.Errorf("request tables have the columns %q", q.Columns)
	}
	if !ordered(q.Columns[clientColumns:], cmp.Compare[string]) || !ordered(q.NoTimes, cmp.Compare[string]) {
		return errors.New("the columns of request tables are out of order or there twice")
	}
	if !ordered(q.ExcludedGroups, cmp.Compare[string]) {
		return errors.New("the excluded groups of request tables are out of order or there twice")
	}
	if !ordered(q.Tables, func(a, b Table) int { return a.Endpoint.Compare(b.Endpoint) }) {
		return errors.New("request tables are out of order or there twice")
	}
	for i := range q.Tables {
		if err := q.checkTable(&q.Tables[i]); err != nil {
			return fmt.Errorf("requests of %v: %w", q.Tables[i].Endpoint, err)
		}
	}
	return nil
}

func (q *Requests) checkTable(t *Table) error {
	if len(t.Blocks) == 0 || len(t.Blocks) > maxBlocks || t.First > t.Last {
		return errors.New("there are none, or more blocks than fit")
	}
	if !ordered(t.Blocks, func(a, b Block) int { return cmp.Compare(a.Index, b.Index) }) {
		return errors.New("blocks are out of order")
	}
	for i := range t.Blocks {
		b := &t.Blocks[i]
		if !inTime(b.Index, q.BlockLength) {
			return fmt.Errorf("block %d is none", b.Index)
		}
		if err := b.check(len(q.Columns)); err != nil {
			return fmt.Errorf("block %d: %w", b.Index, err)
		}
	}
	length := int64(q.BlockLength)
	if floorDiv(t.First, length) != t.Blocks[0].Index || floorDiv(t.Last, length) != t.Blocks[len(t.Blocks)-1].Index {
		return errors.New("the first and the last start lie in other blocks")
	}
	return nil
}

func (b *Block) check(columns int) error {
	count := uint64(0)
	for _, row := range b.Rows.List {
		count = plus(count, row.Count)
		if row.Count == 0 || row.Joined > row.Count || row.Bin > lastCell(TableBits) {
			return fmt.Errorf("row %d holds what it can't", row.Bin)
		}
	}
	d := b.Durations
	switch {
	case b.Count == 0 || b.Count > maxCount:
		return fmt.Errorf("it has %d requests", b.Count)
	case count != b.Count:
		return fmt.Errorf("rows hold %d of %d requests", count, b.Count)
	case d == nil || d.Bits() != BlockBits || d.checkedCount() != b.Count:
		return fmt.Errorf("durations don't add up to %d requests", b.Count)
	case d.low > 0 || !d.neg.empty():
		return errors.New("durations are negative")
	case b.Failed > b.Count || b.Timeouts > b.Count:
		return errors.New("more failed than were made")
	case b.Rows.Width < 0 || b.Rows.Width > columns || len(b.Rows.Sums) != len(b.Rows.List)*b.Rows.Width:
		return fmt.Errorf("rows hold %d sums of %d columns", len(b.Rows.Sums), b.Rows.Width)
	case !ordered(b.Rows.List, func(a, c Row) int { return cmp.Compare(a.Bin, c.Bin) }):
		return errors.New("rows are out of order")
	}
	return nil
}

func checkLength(what string, d time.Duration) error {
	if d < time.Second || d != time.Second<<shiftOf(d) {
		return fmt.Errorf("a %s of %v is not a power of two of seconds", what, d)
	}
	return nil
}

// inTime reports whether the span of an index lies in the time that 64 bits of
// nanoseconds tell.
func inTime(index int64, length time.Duration) bool {
	highest := math.MaxInt64 / int64(length)
	return index >= -highest-1 && index <= highest
}

// checkedCount is Count, or the highest number where counts overflow.
func (s *Sketch) checkedCount() uint64 {
	n := uint64(0)
	for _, b := range s.Bins() {
		n = plus(n, b)
	}
	return n
}

// plus adds counts and stays at the highest number.
func plus(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// ordered reports whether elements ascend, none equal to another.
func ordered[T any](list []T, compare func(a, b T) int) bool {
	for i := 1; i < len(list); i++ {
		if compare(list[i-1], list[i]) >= 0 {
			return false
		}
	}
	return true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
