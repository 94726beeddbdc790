package analyze

import (
	"math"
	"slices"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
)

// charts are the pictures' data over time.
func (s *subject) charts(load *report.Load) []report.Chart {
	var out []report.Chart
	for _, c := range []*report.Chart{s.latencyChart(), s.throughputChart(), s.errorChart(), s.vusChart()} {
		if c == nil || len(c.X) == 0 {
			continue
		}
		if load.Steady != nil && load.Steady.FromS > 0 {
			c.Marks = append(c.Marks, report.Mark{X: load.Steady.FromS, Label: "warm-up ends"})
		}
		out = append(out, *c)
	}
	return out
}

func overTime(id, title, unit string, series ...string) *report.Chart {
	c := &report.Chart{ID: id, Title: title, Kind: report.KindLine, Unit: unit, XUnit: report.UnitS}
	for _, name := range series {
		c.Series = append(c.Series, report.Series{Name: name})
	}
	return c
}

// axis is the indexes of windows or blocks from the first to the last with
// data. Those between without any are there too, for a stall must be seen,
// unless the data are too far apart for that.
func axis[V any](data ...map[int64]V) []int64 {
	var list []int64
	for _, m := range data {
		list = append(list, sortedKeys(m)...)
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) == 0 || list[len(list)-1]-list[0] >= report.MaxPoints {
		return list
	}
	whole := make([]int64, 0, list[len(list)-1]-list[0]+1)
	for index := list[0]; index <= list[len(list)-1]; index++ {
		whole = append(whole, index)
	}
	return whole
}

// mergedBlocks puts the durations of each block together.
func mergedBlocks(blocks map[int64][]*run.Sketch) map[int64]*run.Sketch {
	durations := make(map[int64]*run.Sketch, len(blocks))
	for index, parts := range blocks {
		durations[index] = run.MergeSketches(run.BlockBits, parts)
	}
	return durations
}

// ended are how the requests of all endpoints that are no iterations ended, by
// block.
func (s *subject) ended() map[int64]outcome {
	ended := make(map[int64]outcome)
	s.eachBlock(func(protocol string, b *run.Block) {
		o := ended[b.Index]
		o.addBlock(protocol, b)
		ended[b.Index] = o
	})
	return ended
}

// eachBlock visits the blocks of all endpoints that are no iterations.
func (s *subject) eachBlock(visit func(protocol string, b *run.Block)) {
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		for j := range t.Blocks {
			visit(t.Protocol, &t.Blocks[j])
		}
	}
}

// latencyChart has the percentiles of all requests, by their start.
func (s *subject) latencyChart() *report.Chart {
	parts := make(map[int64][]*run.Sketch)
	s.eachBlock(func(_ string, b *run.Block) { parts[b.Index] = append(parts[b.Index], b.Durations) })
	blocks := mergedBlocks(parts)
	c := overTime(report.ChartLatency, "Latency of all requests", report.UnitMS, "p50", "p95", "p99")
	for _, index := range axis(blocks) {
		c.X = append(c.X, s.middle(index, s.Requests.BlockLength))
		for i, q := range []float64{0.5, 0.95, 0.99} {
			v := math.NaN()
			if b := blocks[index]; b != nil {
				v, _ = b.Quantile(q, math.Inf(-1), math.Inf(1))
			}
			c.Series[i].Y = append(c.Series[i].Y, v)
		}
	}
	return c
}

// errorChart is the share of failed requests; nil where none failed.
func (s *subject) errorChart() *report.Chart {
	ended := s.ended()
	c := overTime(report.ChartErrors, "Failed requests", report.UnitShare, "error rate")
	failed := false
	for _, index := range axis(ended) {
		v := math.NaN()
		o := ended[index]
		if rate := o.errorRate(); rate != nil {
			v = *rate
		}
		failed = failed || o.failed > 0
		c.X = append(c.X, s.middle(index, s.Requests.BlockLength))
		c.Series[0].Y = append(c.Series[0].Y, v)
	}
	if !failed {
		return nil
	}
	return c
}

// throughputChart has requests and iterations a second, by their end, beside
// the target of open models.
func (s *subject) throughputChart() *report.Chart {
	requests, iterations := s.perSecond("http_reqs"), s.perSecond("iterations")
	c := overTime(report.ChartThroughput, "Throughput", report.UnitPerS)
	indexes := axis(requests, iterations)
	for _, index := range indexes {
		c.X = append(c.X, s.middle(index, s.WindowLength))
	}
	add := func(name string, planned bool, value func(i int) float64) {
		line := report.Series{Name: name, Planned: planned}
		for i := range indexes {
			line.Y = append(line.Y, value(i))
		}
		c.Series = append(c.Series, line)
	}
	for _, m := range []struct {
		name string
		rate map[int64]float64
	}{{"requests", requests}, {"iterations", iterations}} {
		if len(m.rate) > 0 {
			add(m.name, false, func(i int) float64 { return m.rate[indexes[i]] })
		}
	}
	if s.plan != nil && s.plan.anyOpen() {
		add("target iterations", true, func(i int) float64 { return s.plan.at(c.X[i]).perS })
	}
	return c
}

// perSecond is the sum of a counter a second, by window, without set-up. The
// first and the last window count with the part in which the run was.
func (s *subject) perSecond(metric string) map[int64]float64 {
	out := make(map[int64]float64)
	series := s.SeriesOf(metric)
	for i := range series {
		if !s.counted(series[i].Tags) {
			continue
		}
		for _, w := range series[i].Windows {
			out[w.Index] += w.Sum.Float()
		}
	}
	for index := range out {
		from, to := s.covered(index, s.WindowLength)
		// A sliver says nothing of the rate; it counts as half a window.
		out[index] /= max(to-from, s.WindowLength.Seconds()/2)
	}
	return out
}

// vusChart has the virtual users; of several generators their sum.
func (s *subject) vusChart() *report.Chart {
	c := overTime(report.ChartVUs, "Virtual users", report.UnitCount, "VUs")
	mean := make(map[int64]float64)
	series := s.SeriesOf("vus")
	for i := range series {
		for _, w := range series[i].Windows {
			mean[w.Index] += w.Sum.Float() / float64(w.Count)
		}
	}
	for _, index := range sortedKeys(mean) {
		at := s.middle(index, s.WindowLength)
		if at < 0 { // set-up
			continue
		}
		c.X = append(c.X, at)
		c.Series[0].Y = append(c.Series[0].Y, mean[index])
	}
	return c
}

// covered is the part of a window or block in which the run was, in seconds
// after the origin.
func (s *subject) covered(index int64, length time.Duration) (from, to float64) {
	from, to = s.since(index*int64(length)), s.since((index+1)*int64(length))
	if from < 0 && to > 0 {
		from = 0
	}
	if last := s.since(s.Ended); from < last && last < to {
		to = last
	}
	return from, to
}

// middle is the middle of that part.
func (s *subject) middle(index int64, length time.Duration) float64 {
	from, to := s.covered(index, length)
	return (from + to) / 2
}
