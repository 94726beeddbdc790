package analyze

import (
	"math"
	"slices"
	"strings"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// The engine's own metrics of executions.
const (
	overheadMetric     = "orchestration_overhead_percent"
	overheadTimeMetric = "orchestration_overhead_micros"
)

// What the overhead is, by where it comes from.
const (
	overheadReported = "(execution's total - time its tasks ran, as critical-path time) / total, as the engine reports it for each execution; client, network and waiting in front of the engine are excluded"
	overheadByParts  = "time in the queue, in building graphs and resolving templates, and in the server but in none of its parts, over the server's whole time, of requests to endpoints that build graphs; database, called services, publishing, client and network are excluded"
)

// overhead is what orchestration costs beside the work: from the engine's own
// metric where there is one, else from the components. Nil where neither tells.
func (s *subject) overhead() *report.Overhead {
	out := s.reportedOverhead()
	if out == nil {
		out = s.componentOverhead()
	}
	if out == nil {
		return nil
	}
	for _, t := range s.config.ServiceLevels.Overhead {
		value, ok := overheadStatistic(&out.Percent, t.Expression.Statistic)
		if !ok {
			continue
		}
		out.Target, out.Source = report.Num(t.Expression.Limit), t.Source
		out.OK = report.Bool(t.Expression.Eval(value))
		for i := range out.Endpoints {
			if v, ok := overheadStatistic(&out.Endpoints[i].Percent, t.Expression.Statistic); ok {
				out.Endpoints[i].OK = report.Bool(t.Expression.Eval(v))
			}
		}
		break
	}
	return out
}

func overheadStatistic(of *report.OverheadStats, s threshold.Statistic) (float64, bool) {
	var v *float64
	q, isQuantile := s.Quantile()
	switch {
	case s.Method == threshold.Avg:
		v = of.Avg
	case isQuantile && q == 0.5:
		v = of.Med
	case isQuantile && q == 0.95:
		v = of.P95
	}
	if v == nil {
		return 0, false
	}
	return *v, true
}

// reportedOverhead is what the engine reports; nil without samples.
func (s *subject) reportedOverhead() *report.Overhead {
	all := s.Select(overheadMetric, s.counted)
	if all.Count == 0 {
		return nil
	}
	endpoint := func(t run.TagSet) (string, bool) {
		name := t.Value("endpoint")
		return name, name != ""
	}
	percents, micros := groupBy(s, overheadMetric, endpoint), groupBy(s, overheadTimeMetric, endpoint)
	times := s.Select(overheadTimeMetric, s.counted)
	out := &report.Overhead{
		Percent: overheadStats(&all, 1), MS: overheadMS(&times), Definition: overheadReported, Samples: int64(all.Count),
	}
	for _, name := range sortedKeys(percents) {
		sel := percents[name]
		out.Endpoints = append(out.Endpoints, report.EndpointOverhead{
			Endpoint: name, Percent: overheadStats(sel, 1), MS: overheadMS(micros[name]), Samples: int64(sel.Count),
		})
	}
	return out
}

// overheadMS is of what the engine says in microseconds; nil where it doesn't.
// From the percentages it doesn't follow: those of short executions count as much
// as those of long ones.
func overheadMS(micros *run.Selection) *report.OverheadStats {
	if micros == nil || micros.Count == 0 {
		return nil
	}
	out := overheadStats(micros, 1000)
	return &out
}

// overheadStats are a selection's statistics, in units of so much.
func overheadStats(sel *run.Selection, unit float64) report.OverheadStats {
	quantile := func(q float64) *float64 {
		v, ok := sel.Quantile(q)
		if !ok {
			return nil
		}
		return report.Num(v / unit)
	}
	var out report.OverheadStats
	if mean, ok := sel.Mean(); ok {
		out.Avg = report.Num(mean / unit)
	}
	out.Med, out.P95 = quantile(0.5), quantile(0.95)
	return out
}

// componentOverhead is what the components tell of endpoints that build graphs.
func (s *subject) componentOverhead() *report.Overhead {
	requests, p, _, ok := joined([]*subject{s})
	if !ok {
		return nil
	}
	var cells cellIndex
	all := p.reader(requests[0]).segment(&cells, 0, grid{first: math.MinInt64, last: math.MaxInt64}, nil)
	type sums struct{ n, overhead, server, graph float64 }
	byCell := make([]sums, len(cells.keys))
	group, inServer := p.componentOf(), p.inServer()
	for _, b := range all.blocks {
		for i := range b.cells {
			c, to := &b.cells[i], &byCell[b.cells[i].cell]
			to.n += c.n
			for j, ms := range c.parts {
				if !inServer[j] {
					continue
				}
				to.server += ms
				switch of := &components[group[j]]; {
				case of.Name == component.Graph:
					to.graph += ms
					to.overhead += ms
				case of.Overhead:
					to.overhead += ms
				}
			}
		}
	}
	out := &report.Overhead{Definition: overheadByParts}
	var whole sums
	for i, key := range cells.keys {
		x := byCell[i]
		if x.graph == 0 || x.server == 0 {
			continue
		}
		whole.n += x.n
		whole.overhead += x.overhead
		whole.server += x.server
		out.Endpoints = append(out.Endpoints, report.EndpointOverhead{
			Endpoint: key.Name, Samples: int64(math.Round(x.n)),
			Percent: report.OverheadStats{Avg: report.Num(100 * x.overhead / x.server)},
			MS:      &report.OverheadStats{Avg: report.Num(x.overhead / x.n)},
		})
	}
	if whole.server == 0 {
		return nil
	}
	slices.SortStableFunc(out.Endpoints, func(a, b report.EndpointOverhead) int { return strings.Compare(a.Endpoint, b.Endpoint) })
	out.Samples = int64(math.Round(whole.n))
	out.Percent.Avg = report.Num(100 * whole.overhead / whole.server)
	out.MS = &report.OverheadStats{Avg: report.Num(whole.overhead / whole.n)}
	return out
}
