package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/run"
)

// TestCheck breaks a sound run in one way at a time.
func TestCheck(t *testing.T) {
	series := func(r *run.Run) *run.Series {
		i := slices.IndexFunc(r.Series, func(s run.Series) bool { return s.Metric == "http_req_duration" && len(s.Windows) > 1 })
		return &r.Series[i]
	}
	block := func(r *run.Run) *run.Block { return &r.Requests.Tables[0].Blocks[0] }
	tests := []struct {
		want  string // a part of the error
		spoil func(r *run.Run)
	}{
		{"no id", func(r *run.Run) { r.ID = "" }},
		{"before it starts", func(r *run.Run) { r.Ended = r.Started - 1 }},
		{"power of two", func(r *run.Run) { r.WindowLength = 3 * time.Second }},
		{"power of two", func(r *run.Run) { r.WindowLength = 0 }},
		{"power of two", func(r *run.Run) { r.WindowLength = time.Millisecond }},
		{"labels", func(r *run.Run) { r.Labels = append(r.Labels, r.Labels[0]) }},
		{"sources", func(r *run.Run) { r.Sources = append(r.Sources, run.Source{Name: "a"}) }},
		{"problems", func(r *run.Run) { r.Problems = append(r.Problems, r.Problems[0]) }},
		{"metrics", func(r *run.Run) { slices.Reverse(r.Metrics) }},
		{"has the type", func(r *run.Run) { r.Metrics[0].Type = 200 }},
		{"level", func(r *run.Run) { r.Folding.Level = 4 }},
		{"series are out of order", func(r *run.Run) { slices.Reverse(r.Series) }},
		{"series are out of order", func(r *run.Run) { r.Series[1] = r.Series[0] }},
		{"no such metric", func(r *run.Run) { r.Metrics = r.Metrics[1:] }},
		{"has 0 samples", func(r *run.Run) { series(r).Count = 0 }},
		{"samples", func(r *run.Run) { series(r).Count = 1 << 60 }},
		{"counts more", func(r *run.Run) { series(r).Nonzero = series(r).Count + 1 }},
		{"counts more", func(r *run.Run) { series(r).Outside = series(r).Count + 1 }},
		{"minimum", func(r *run.Run) { series(r).Min = series(r).Max + 1 }},
		{"latest", func(r *run.Run) { series(r).Latest.Value = series(r).Max + 1 }},
		{"latest", func(r *run.Run) { series(r).Latest.Time = r.Ended + 1 }},
		{"latest", func(r *run.Run) { series(r).Latest.Time = r.Started - 1 }},
		{"distribution holds", func(r *run.Run) { series(r).Sketch.Add(1) }},
		{"distribution keeps", func(r *run.Run) { series(r).Sketch = series(r).Sketch.Coarsen(6) }},
		{"outside the domain", func(r *run.Run) { series(r).Outside = 1 }},
		{"windows are out of order", func(r *run.Run) { slices.Reverse(series(r).Windows) }},
		{"do not add up", func(r *run.Run) { series(r).Windows[0].Count++ }},
		{"do not add up", func(r *run.Run) { series(r).Windows[0].Sum.Add(1) }},
		{"is none", func(r *run.Run) { series(r).Windows[0].Count = 0 }},
		{"is none", func(r *run.Run) { series(r).Windows[0].Index = -1 << 50 }},
		{"power of two", func(r *run.Run) { r.Requests.BlockLength = 5 * time.Second }},
		{"the columns", func(r *run.Run) { r.Requests.Columns = r.Requests.Columns[:3] }},
		{"the columns", func(r *run.Run) { r.Requests.Columns[0] = "x" }},
		{"columns of", func(r *run.Run) { slices.Reverse(r.Requests.Columns[6:]) }},
		{"columns of", func(r *run.Run) { r.Requests.NoTimes = []string{"b", "a"} }},
		{"tables are out of order", func(r *run.Run) { slices.Reverse(r.Requests.Tables) }},
		{"more blocks than fit", func(r *run.Run) { r.Requests.Tables[0].Blocks = nil }},
		{"more blocks than fit", func(r *run.Run) { r.Requests.Tables[0].First = r.Requests.Tables[0].Last + 1 }},
		{"blocks are out of order", func(r *run.Run) { slices.Reverse(r.Requests.Tables[0].Blocks) }},
		{"in other blocks", func(r *run.Run) { r.Requests.Tables[0].First -= 1e10 }},
		{"in other blocks", func(r *run.Run) { r.Requests.Tables[0].Last += 1e10 }},
		{"is none", func(r *run.Run) { block(r).Index = -1 << 50 }},
		{"has 0 requests", func(r *run.Run) { block(r).Count = 0 }},
		{"rows hold", func(r *run.Run) { block(r).Count++ }},
		{"rows hold", func(r *run.Run) { block(r).Rows.List = block(r).Rows.List[1:] }},
		{"durations don't", func(r *run.Run) { block(r).Durations.Add(1) }},
		{"durations don't", func(r *run.Run) { block(r).Durations = nil }},
		{"durations are negative", func(r *run.Run) {
			d := run.NewSketch(run.BlockBits)
			d.AddN(-1, block(r).Count)
			block(r).Durations = d
		}},
		{"more failed", func(r *run.Run) { block(r).Failed = block(r).Count + 1 }},
		{"more failed", func(r *run.Run) { block(r).Timeouts = block(r).Count + 1 }},
		{"rows are out of order", func(r *run.Run) { slices.Reverse(block(r).Rows.List) }},
		{"what it can't", func(r *run.Run) { block(r).Rows.List[0].Joined = block(r).Rows.List[0].Count + 1 }},
		{"sums of 30 columns", func(r *run.Run) {
			rows := &block(r).Rows
			rows.Sums, rows.Width = make([]int64, 30*len(rows.List)), 30
		}},
		{"sums of", func(r *run.Run) { block(r).Rows.Sums = block(r).Rows.Sums[1:] }},
		{"sums of -1 columns", func(r *run.Run) { block(r).Rows.Width = -1 }},
		{"what it can't", func(r *run.Run) { block(r).Rows.List[len(block(r).Rows.List)-1].Bin = 1 << 20 }},
	}
	if err := small().Check(); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		r := small()
		test.spoil(r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("want an error with %q, got %v", test.want, err)
		}
	}
}

// TestCheckOverflow: counts that only add up because they overflow.
func TestCheckOverflow(t *testing.T) {
	r := small()
	rows := r.Requests.Tables[0].Blocks[0].Rows.List
	rows[0].Count += 1 << 63
	rows[1].Count += 1 << 63
	if err := r.Check(); err == nil {
		t.Error("rows may overflow")
	}
}
