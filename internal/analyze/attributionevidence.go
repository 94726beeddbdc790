package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// grewText says how the time of a request changed.
func (a *attributor) grewText(e *excess) string {
	before, after := total(e.parts.reference), total(e.parts.hard)
	where := "against the baseline" + e.where
	if e.name == report.QuestionLoad {
		where = fmt.Sprintf("from %s to %s", a.levelText(a.low), a.levelText(a.high))
	}
	text := fmt.Sprintf("time per request %s from %s to %s %s (%s, 95 %% interval %s to %s)", grewOrFell(after-before), shortMS(before), shortMS(after), where, signedMS(after-before), signedMS(e.certain.low), signedMS(e.certain.high))
	if mix := e.parts.mix; math.Abs(mix) > 0.05*math.Abs(after-before) && math.Abs(mix) > 0.01*before {
		text += fmt.Sprintf("; a different mix of endpoints adds %s, which is left out", signedMS(mix))
	}
	return text
}

// endpointKey is an endpoint with its share of the hard case's requests.
type endpointKey struct {
	run.Endpoint
	n float64
}

// endpointsOf are the endpoints of the hard case, in order.
func (q *question) endpointsOf() []endpointKey {
	counts := make(map[run.Endpoint]float64)
	all := 0.0
	for _, g := range q.hard.segments {
		for _, b := range g.blocks {
			for i := range b.cells {
				counts[q.cells.keys[b.cells[i].cell].Endpoint] += b.cells[i].n
				all += b.cells[i].n
			}
		}
	}
	var out []endpointKey
	for e, n := range counts {
		out = append(out, endpointKey{e, n / all})
	}
	slices.SortFunc(out, func(x, y endpointKey) int { return x.Compare(y.Endpoint) })
	return out
}

// endpointTexts says in which endpoint a component grew most, and what that
// did to the endpoint's p95.
func (a *attributor) endpointTexts(e *excess, of int) []string {
	group, groups := a.partition.componentOf(), len(components)
	var worst run.Endpoint
	most, all := 0.0, 0.0
	sign := 1.0
	if e.parts.change() < 0 {
		sign = -1
	}
	list := e.endpointsOf()
	for _, key := range list {
		c, ok := e.contrast(group, groups, func(k cellKey) bool { return k.Endpoint == key.Endpoint })
		if !ok {
			continue
		}
		grown := sign * (c.hard[of] - c.reference[of]) * key.n
		all += grown
		if grown > most {
			worst, most = key.Endpoint, grown
		}
	}
	if most <= 0 {
		return nil
	}
	var out []string
	if len(list) > 1 && most < all {
		out = append(out, fmt.Sprintf("%s of that lies in %s", percent(most/all), worst.Name))
	}
	if text := a.quantileText(e, worst, of); text != "" {
		out = append(out, text)
	}
	return out
}

// The band of requests around a percentile: as narrow as holds enough of them.
const (
	bandRequests = 100
	widestBelow  = 0.05 // around p95 to p90
	widestAbove  = 0.04 // around p95 to p99
)

// bandAround is the narrowest band around a quantile that holds 100 requests on
// both sides, at most p90 to p99 around p95; false where there are too few for that.
func bandAround(at float64, hard, reference []oneTable) (from, to float64, ok bool) {
	above := min(widestAbove, 1-at)
	inWidest := min(countOf(hard), countOf(reference)) * (widestBelow + above)
	if inWidest < bandRequests {
		return 0, 0, false
	}
	width := bandRequests / inWidest
	return max(0, at-widestBelow*width), at + above*width, true
}

// quantileText says how the requests around an endpoint's p95 changed and which
// part of that is a component's; "" where they are too few, or not told apart.
func (a *attributor) quantileText(e *excess, endpoint run.Endpoint, of int) string {
	if !a.bands {
		return ""
	}
	hard, reference := a.sides(e.question, endpoint)
	from, to, ok := bandAround(0.95, hard, reference)
	if !ok {
		return ""
	}
	q := question{name: e.name, cells: &cellIndex{}}
	q.hard, q.reference = a.bandSample(q.cells, hard, from, to), a.bandSample(q.cells, reference, from, to)
	if q.answer(a.partition); !q.asked || q.parts.change() == 0 || (q.parts.change() > 0) != (e.parts.change() > 0) {
		return ""
	}
	before, after := total(q.parts.reference), total(q.parts.hard)
	share := q.components.shares()[of]
	return fmt.Sprintf("around p95 (p%s to p%s) %s %s by %s, from %s to %s on average; %s of that is %s", report.Digits(100*from, 3), report.Digits(100*to, 3), endpoint.Name, grewOrFell(after-before), shortMS(math.Abs(after-before)), shortMS(before), shortMS(after), mostPercent(share), components[of].Name)
}

// mostPercent is a share of a difference, of which there is no more than all:
// where other components fell, one grew by more than the difference.
func mostPercent(share float64) string {
	if share > 1 {
		return "all"
	}
	return percent(max(0, share))
}

// oneTable is the requests of one endpoint in a part of a run.
type oneTable struct {
	of    *attributed
	run   int // which of the side's
	table *run.Table
	grids []grid
}

func (t *oneTable) holds(index int64) bool {
	return slices.ContainsFunc(t.grids, func(g grid) bool { return g.holds(index) })
}

// sides are the tables of an endpoint on both sides of a question.
func (a *attributor) sides(q *question, endpoint run.Endpoint) (hard, reference []oneTable) {
	find := func(of *attributed, number int, grids ...grid) []oneTable {
		i := slices.IndexFunc(of.requests.Tables, func(t run.Table) bool { return t.Endpoint == endpoint })
		if i < 0 {
			return nil
		}
		return []oneTable{{of, number, &of.requests.Tables[i], grids}}
	}
	if q.name == report.QuestionLoad {
		return find(a.this, 0, a.this.levels[a.high].grid), find(a.this, 0, a.this.levels[a.low].grid)
	}
	byLevel := a.levelsAlike()
	side := func(runs []*attributed) []oneTable {
		var out []oneTable
		for i, of := range runs {
			grids := []grid{of.whole()}
			if byLevel {
				grids = nil
				for _, l := range of.levels {
					grids = append(grids, l.grid)
				}
			}
			out = append(out, find(of, i, grids...)...)
		}
		return out
	}
	return side(a.candidates()), side(a.baseline)
}

func countOf(tables []oneTable) float64 {
	n := uint64(0)
	for i := range tables {
		for j := range tables[i].table.Blocks {
			if b := &tables[i].table.Blocks[j]; tables[i].holds(b.Index) {
				n += b.Count
			}
		}
	}
	return float64(n)
}

// bandSample reads a band of an endpoint's requests. Each run has its own band:
// the quantile of each is what is compared.
func (a *attributor) bandSample(cells *cellIndex, tables []oneTable, from, to float64) sample {
	var out sample
	for i := range tables {
		t := &tables[i]
		out.runs = max(out.runs, t.run+1)
		within := bandOf(t.table, t.holds, from, to)
		if within == nil {
			continue
		}
		g := segment{run: t.run}
		for j := range t.table.Blocks {
			b := &t.table.Blocks[j]
			if !t.holds(b.Index) {
				continue
			}
			sums := cellSums{cell: cells.number(cellKey{Endpoint: t.table.Endpoint}), parts: make([]float64, len(a.partition.parts))}
			for k := range b.Rows.List {
				if w := within.weight(b.Rows.List[k].Bin); w > 0 {
					t.of.reader.add(&sums, t.table.Protocol, &b.Rows, k, w)
				}
			}
			if sums.n > 0 {
				g.blocks = append(g.blocks, observed{at: b.Index, seconds: t.of.requests.BlockLength.Seconds(), cells: []cellSums{sums}})
			}
		}
		out.segments = append(out.segments, g)
	}
	return out
}

// charts are the stack of components over time, the bars of the difference
// that was asked about, and latency over load.
func (a *attributor) charts(made *report.Attribution) []report.Chart {
	var out []report.Chart
	if c := a.stackChart(); len(c.X) > 0 {
		out = append(out, *c)
	}
	if c := deltaChart(made); c != nil {
		out = append(out, *c)
	}
	return out
}

func (a *attributor) stackChart() *report.Chart {
	c := overTime(report.ChartAttribution, "Time per request by component", report.UnitMS)
	group := a.partition.componentOf()
	blocks := make(map[int64][]float64)
	for _, b := range a.all.segments[0].blocks {
		sums, n := make([]float64, len(components)), 0.0
		for i := range b.cells {
			n += b.cells[i].n
			for j, ms := range b.cells[i].parts {
				sums[group[j]] += ms
			}
		}
		for j := range sums {
			sums[j] /= n
		}
		blocks[b.at] = sums
	}
	indexes := axis(blocks)
	if len(indexes) > report.MaxPoints { // windows that lie far apart
		return c
	}
	for _, index := range indexes {
		c.X = append(c.X, a.middle(index, a.this.requests.BlockLength))
	}
	for j := range components {
		line := report.Series{Name: components[j].Name}
		seen := false
		for _, index := range indexes {
			v := math.NaN()
			if b := blocks[index]; b != nil {
				v = b[j]
				seen = seen || v > 0
			}
			line.Y = append(line.Y, v)
		}
		if seen {
			c.Series = append(c.Series, line)
		}
	}
	return c
}

// deltaChart is the difference that the answer is about, by component, the
// largest first; nil where there is none. A different mix of endpoints is no part
// of it.
func deltaChart(made *report.Attribution) *report.Chart {
	at := slices.IndexFunc(made.Excess, func(e report.Excess) bool { return e.Question == made.Question })
	if at < 0 {
		return nil
	}
	e := &made.Excess[at]
	title := fmt.Sprintf("Time per request from %s to %s: %s to %s", e.Reference, e.Hard, shortMS(e.ReferenceMS), shortMS(e.HardMS))
	c := &report.Chart{ID: report.ChartDelta, Title: title, Kind: report.KindBar, Unit: report.UnitMS, Series: []report.Series{{Name: "change"}}}
	steps := slices.Clone(e.Shares)
	slices.SortStableFunc(steps, func(x, y report.Value) int { return cmp.Compare(y.Value*e.ChangeMS, x.Value*e.ChangeMS) })
	for _, s := range steps {
		c.X = append(c.X, float64(len(c.X)))
		c.XLabels = append(c.XLabels, s.Name)
		c.Series[0].Y = append(c.Series[0].Y, s.Value*e.ChangeMS)
	}
	return c
}
