package run_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"k6report/internal/run"
)

// counted is what a block should hold.
type counted struct {
	count, failed, timeouts uint64
	rows                    map[uint32]run.Row
	sums                    map[uint32][]int64
	durations               *run.Sketch
}

// TestRequestsAgainstCounting holds the tables against counting one request after the
// other, for times that come in any order and more requests than are logged at once.
func TestRequestsAgainstCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := run.NewBuilder(run.Options{})
		names := []string{"a", "b", "c"}
		var handles []*run.Tags
		for _, name := range names {
			handles = append(handles, b.Tags([]run.Tag{{Name: "name", Value: name}}))
		}
		n := rapid.IntRange(1, 6000).Draw(t, "requests")
		order := rapid.SampledFrom([]string{"ascending", "descending", "one second", "leaps", "mixed"}).Draw(t, "order")
		second := func(i int) int64 {
			switch order {
			case "ascending":
				return int64(i / 20)
			case "descending":
				return int64((n - i) / 7)
			case "one second":
				return 0
			case "leaps":
				return int64(1) << (i % 30)
			}
			return int64(i * 7919 % 500)
		}
		ms := rapid.SliceOfN(rapid.Float64Range(0, 5000), 1, 40).Draw(t, "times")
		type request struct {
			name string
			run.Request
		}
		var all []request
		for i := range n {
			q := run.Request{
				Start:    epoch + second(i)*int64(time.Second),
				Duration: ms[i%len(ms)],
				Failed:   i%11 == 0,
				Timeout:  i%33 == 0,
			}
			for part := range q.Parts {
				q.Parts[part] = math.Trunc(ms[(i+part)%len(ms)]) // whole milliseconds: nothing is rounded
			}
			all = append(all, request{names[i%3], q})
			b.AddRequest("http", handles[i%3], &q)
		}
		r := b.Finish()

		want := make(map[string]map[int64]*counted)
		for _, q := range all {
			blocks := want[q.name]
			if blocks == nil {
				blocks = make(map[int64]*counted)
				want[q.name] = blocks
			}
			index := q.Start / int64(r.Requests.BlockLength)
			c := blocks[index]
			if c == nil {
				c = &counted{rows: make(map[uint32]run.Row), sums: make(map[uint32][]int64), durations: run.NewSketch(run.BlockBits)}
				blocks[index] = c
			}
			c.count++
			if q.Failed {
				c.failed++
			}
			if q.Timeout {
				c.timeouts++
			}
			c.durations.Add(q.Duration)
			total := 0.0
			for _, part := range q.Parts {
				total += part
			}
			bin := run.RowOf(total)
			row := c.rows[bin]
			if c.sums[bin] == nil {
				c.sums[bin] = make([]int64, len(q.Parts))
			}
			row.Count++
			row.Total += int64(total * 1000)
			for i, part := range q.Parts {
				c.sums[bin][i] += int64(part * 1000)
			}
			c.rows[bin] = row
		}
		if len(r.Requests.Tables) != len(want) {
			t.Fatalf("%d tables, want %d", len(r.Requests.Tables), len(want))
		}
		for _, table := range r.Requests.Tables {
			blocks := want[table.Name]
			if len(table.Blocks) != len(blocks) {
				t.Fatalf("%s has %d blocks, want %d", table.Name, len(table.Blocks), len(blocks))
			}
			for _, block := range table.Blocks {
				c := blocks[block.Index]
				if c == nil || block.Count != c.count || block.Failed != c.failed || block.Timeouts != c.timeouts {
					t.Fatalf("%s: block %d counts %d, %d, %d, want %+v", table.Name, block.Index, block.Count, block.Failed, block.Timeouts, c)
				}
				if got, want := shown(block.Durations), shown(c.durations); got != want {
					t.Fatalf("%s: block %d has the durations %s, want %s", table.Name, block.Index, got, want)
				}
				if len(block.Rows.List) != len(c.rows) {
					t.Fatalf("%s: block %d has %d rows, want %d", table.Name, block.Index, len(block.Rows.List), len(c.rows))
				}
				for k, row := range block.Rows.List {
					sums := block.Rows.SumsOf(k)
					other := c.rows[row.Bin]
					same := row.Count == other.Count && row.Total == other.Total
					for i, sum := range c.sums[row.Bin] {
						same = same && (i < len(sums) && sums[i] == sum || i >= len(sums) && sum == 0)
					}
					if !same {
						t.Fatalf("%s: block %d has the row %+v, want %+v", table.Name, block.Index, row, other)
					}
				}
			}
		}
	})
}

// TestRequestsInAnyOrder: times may come backwards, or lie as far apart as they can,
// more of them than are logged at once.
func TestRequestsInAnyOrder(t *testing.T) {
	const n = 5000
	starts := map[string]func(i int) int64{
		"seconds": func(i int) int64 { return epoch + int64(i)*1e9 },
		"days":    func(i int) int64 { return int64(i) * 86400e9 },
		"doubled": func(i int) int64 { return int64(1) << (i % 63) },
		"ends":    func(i int) int64 { return []int64{math.MinInt64, -1, 0, math.MaxInt64}[i%4] },
	}
	for name, start := range starts {
		encoded := func(at func(i int) int) []byte {
			b := run.NewBuilder(run.Options{})
			tags := b.Tags(nil)
			for i := range n {
				k := at(i)
				b.AddRequest("http", tags, &run.Request{Start: start(k), Duration: float64(k % 97), Total: float64(k % 89)})
			}
			r := b.Finish()
			if err := r.Check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return encode(t, r)
		}
		forwards := encoded(func(i int) int { return i })
		if !bytes.Equal(forwards, encoded(func(i int) int { return n - 1 - i })) {
			t.Errorf("%s: backwards is another run", name)
		}
		if !bytes.Equal(forwards, encoded(func(i int) int { return i * 1237 % n })) {
			t.Errorf("%s: mixed up is another run", name)
		}
	}
}

// TestRequestOfNoNumber: a time that is no number is counted as 0.
func TestRequestOfNoNumber(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	b.AddRequest("http", b.Tags(nil), &run.Request{Start: epoch, Duration: math.NaN(), Total: 1})
	if r := b.Finish(); r.Requests.Tables[0].Blocks[0].Durations.Count() != 1 {
		t.Error("it is not counted")
	}
}
