package analyze

import (
	"math"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// charts are the pictures' data over time.
func (s *subject) charts() []report.Chart {
	var out []report.Chart
	for _, c := range []*report.Chart{s.latencyChart(), s.throughputChart(), s.errorChart(), s.vusChart()} {
		if c != nil && len(c.X) > 0 {
			out = append(out, *c)
		}
	}
	return out
}

// merged are the blocks of all endpoints that are no iterations, by index.
func (s *subject) merged() (indexes []int64, blocks map[int64]*run.Block) {
	blocks = make(map[int64]*run.Block)
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		for j := range t.Blocks {
			b := &t.Blocks[j]
			to := blocks[b.Index]
			if to == nil {
				to = &run.Block{Index: b.Index, Durations: run.NewSketch(run.BlockBits)}
				blocks[b.Index] = to
				indexes = append(indexes, b.Index)
			}
			to.Count += b.Count
			to.Failed += b.Failed
			to.Durations.Merge(b.Durations)
		}
	}
	slices.Sort(indexes)
	return indexes, blocks
}

// latencyChart has the percentiles of all requests, by their start.
func (s *subject) latencyChart() *report.Chart {
	indexes, blocks := s.merged()
	c := &report.Chart{ID: report.ChartLatency, Title: "Latency of all requests", Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitS}
	quantiles := []struct {
		name string
		q    float64
	}{{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}}
	for _, q := range quantiles {
		c.Series = append(c.Series, report.Series{Name: q.name})
	}
	for _, index := range indexes {
		c.X = append(c.X, s.middle(index, s.Requests.BlockLength.Seconds()))
		for i, q := range quantiles {
			v, ok := blocks[index].Durations.Quantile(q.q, math.Inf(-1), math.Inf(1))
			if !ok {
				v = math.NaN()
			}
			c.Series[i].Y = append(c.Series[i].Y, v)
		}
	}
	return c
}

func (s *subject) errorChart() *report.Chart {
	indexes, blocks := s.merged()
	c := &report.Chart{
		ID: report.ChartErrors, Title: "Failed requests", Kind: report.KindLine, Unit: report.UnitShare, XUnit: report.UnitS,
		Series: []report.Series{{Name: "error rate"}},
	}
	failed := false
	for _, index := range indexes {
		b := blocks[index]
		failed = failed || b.Failed > 0
		c.X = append(c.X, s.middle(index, s.Requests.BlockLength.Seconds()))
		c.Series[0].Y = append(c.Series[0].Y, float64(b.Failed)/float64(b.Count))
	}
	if !failed {
		return nil
	}
	return c
}

// throughputChart has what was asked for beside what was done: iterations of
// open models with their target, else requests.
func (s *subject) throughputChart() *report.Chart {
	c := &report.Chart{ID: report.ChartThroughput, Title: "Throughput", Kind: report.KindLine, Unit: report.UnitPerS, XUnit: report.UnitS}
	requests := s.perSecond("http_reqs")
	iterations := s.perSecond("iterations")
	target := s.plan != nil && s.plan.anyOpen()
	x := make([]int64, 0, len(requests)+len(iterations))
	for index := range requests {
		x = append(x, index)
	}
	for index := range iterations {
		x = append(x, index)
	}
	slices.Sort(x)
	x = slices.Compact(x)
	series := map[string]*report.Series{"requests": {Name: "requests"}, "iterations": {Name: "iterations"}, "target": {Name: "target iterations"}}
	for _, index := range x {
		at := s.middle(index, s.WindowLength.Seconds())
		c.X = append(c.X, at)
		series["requests"].Y = append(series["requests"].Y, requests[index])
		series["iterations"].Y = append(series["iterations"].Y, iterations[index])
		if target {
			series["target"].Y = append(series["target"].Y, s.plan.rateAt(at))
		}
	}
	if len(requests) > 0 {
		c.Series = append(c.Series, *series["requests"])
	}
	if len(iterations) > 0 {
		c.Series = append(c.Series, *series["iterations"])
	}
	if target {
		c.Series = append(c.Series, *series["target"])
	}
	return c
}

// perSecond is the sum of a counter a second, by window, without set-up.
func (s *subject) perSecond(metric string) map[int64]float64 {
	out := make(map[int64]float64)
	series := s.SeriesOf(metric)
	for i := range series {
		if run.IsSetup(series[i].Tags) {
			continue
		}
		for _, w := range series[i].Windows {
			out[w.Index] += w.Sum.Float() / s.WindowLength.Seconds()
		}
	}
	return out
}

func (s *subject) vusChart() *report.Chart {
	c := &report.Chart{
		ID: report.ChartVUs, Title: "Virtual users", Kind: report.KindLine, Unit: report.UnitCount, XUnit: report.UnitS,
		Series: []report.Series{{Name: "VUs"}},
	}
	mean := make(map[int64]float64)
	series := s.SeriesOf("vus")
	for i := range series { // of several generators: their sum
		for _, w := range series[i].Windows {
			mean[w.Index] += w.Sum.Float() / float64(w.Count)
		}
	}
	indexes := make([]int64, 0, len(mean))
	for index := range mean {
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	for _, index := range indexes {
		c.X = append(c.X, s.middle(index, s.WindowLength.Seconds()))
		c.Series[0].Y = append(c.Series[0].Y, mean[index])
	}
	return c
}

// middle is the middle of a window or block, in seconds after the origin.
func (s *subject) middle(index int64, length float64) float64 {
	return float64(index*int64(length*1e9)-s.origin)/1e9 + length/2
}
