package analyze

import (
	"math"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// distributionPoints are at how many latencies a distribution is told.
const distributionPoints = 120

// distributionChart is the share of requests that took no longer than each of
// some latencies: of all requests with the warm-up, or against a baseline without
// it, of the endpoint whose verdict matters most where one moved. Nil where no two requests differ.
func (s *subject) distributionChart() *report.Chart {
	chart := &report.Chart{ID: report.ChartDistribution, Kind: report.KindLine, Unit: report.UnitShare, XUnit: report.UnitMS}
	chart.Title = "Latency of all requests"
	var sides []distribution
	names := []string{"this run"}
	if c := s.compared; c == nil {
		sides = []distribution{s.distribution()}
	} else {
		names = c.sideNames()
		if g := c.mostTelling(); g != nil {
			key := [2]string{g.Metric, g.Endpoint}
			chart.Title, chart.Endpoint = "Latency of "+g.Endpoint, g.Endpoint
			sides = []distribution{distributionOfBins(pooled(c.histograms(c.candidates, key))), distributionOfBins(pooled(c.histograms(c.base, key)))}
		} else {
			sides = []distribution{c.distributionOf(c.candidates), c.distributionOf(c.base)}
		}
	}
	chart.X = latencies(sides)
	for i, d := range sides {
		if d.total > 0 && len(chart.X) > 0 {
			chart.Series = append(chart.Series, report.Series{Name: names[i], Y: d.shares(chart.X)})
		}
	}
	if len(chart.Series) == 0 {
		return nil
	}
	return chart
}

// sideNames are those of this run and of what it is compared with.
func (c *comparing) sideNames() []string {
	this := "this run"
	switch {
	case c.baseline.Group:
		this = "now"
	case len(c.candidates) > 1:
		this = "this run and its rerun"
	}
	return []string{this, "baseline"}
}

// mostTelling is the gate on an endpoint's latency whose verdict matters most;
// nil where none of them moved. The gates are sorted.
func (c *comparing) mostTelling() *report.Gate {
	moved := []string{report.GateRegressed, report.GateSuspected, report.GateAccepted, report.GateImproved}
	for i := range c.out.Gates {
		g := &c.out.Gates[i]
		key := [2]string{g.Metric, g.Endpoint}
		if g.Unit == report.UnitMS && g.Endpoint != "" && slices.Contains(moved, g.Verdict) &&
			len(c.histograms(c.candidates, key)) > 0 && len(c.histograms(c.base, key)) > 0 {
			return g
		}
	}
	return nil
}

// distribution is how many values there are up to each of some, ascending.
type distribution struct {
	values []float64
	upTo   []float64
	total  float64
}

func (d *distribution) add(value, count float64) {
	d.total += count
	d.values, d.upTo = append(d.values, value), append(d.upTo, d.total)
}

// distribution are the durations of all requests.
func (s *subject) distribution() distribution {
	var parts []*run.Sketch
	s.eachBlock(func(_ string, b *run.Block) { parts = append(parts, b.Durations) })
	return distributionOf(parts)
}

// distributionOf are the durations of all requests of some compared runs, without
// the warm-up, as everything that is compared.
func (c *comparing) distributionOf(runs []*subject) distribution {
	var parts []*run.Sketch
	for _, s := range runs {
		v := c.values[s]
		s.eachBlock(func(_ string, b *run.Block) {
			if v.keeps(b) {
				parts = append(parts, b.Durations)
			}
		})
	}
	return distributionOf(parts)
}

func distributionOf(parts []*run.Sketch) distribution {
	var d distribution
	for r, n := range run.MergeSketches(run.BlockBits, parts).Bins() {
		d.add(middle(r), float64(n))
	}
	return d
}

func distributionOfBins(h *histogram) distribution {
	var d distribution
	counts, _ := h.weigh(nil)
	for i, n := range counts {
		d.add(h.middles[i], n)
	}
	return d
}

// latencies are at equal ratios from the lowest to the highest of all; none
// where there is no such range.
func latencies(sides []distribution) report.Points {
	low, high := math.Inf(1), 0.0
	for _, d := range sides {
		for _, v := range d.values {
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if !(high > low) {
		return nil
	}
	out := make(report.Points, distributionPoints)
	for i := range out {
		at := low * math.Pow(high/low, float64(i)/(distributionPoints-1))
		out[i] = report.Significant(at, 4) // a curve needs no more digits
	}
	out[0], out[distributionPoints-1] = low, high
	slices.Sort(out) // rounding may pass an end of a narrow range
	return out
}

// shares are of the values up to each x.
func (d *distribution) shares(x report.Points) report.Points {
	out := make(report.Points, len(x))
	for i, at := range x {
		n, found := slices.BinarySearch(d.values, at)
		if found {
			n++
		}
		if n > 0 {
			out[i] = math.Round(1e5*d.upTo[n-1]/d.total) / 1e5
		}
	}
	return out
}
