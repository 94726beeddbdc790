package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"k6report/internal/render/chart"
	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// number puts before each endpoint the key that pictures show where a name
// can't be drawn.
func (t *table) number(r *report.Report) {
	if len(t.Rows) != len(r.Run.Endpoints) {
		return
	}
	t.Columns = slices.Insert(t.Columns, 0, column{Name: "#", Right: true})
	for i := range t.Rows {
		t.Rows[i] = slices.Insert(t.Rows[i], 0, cell{Text: fmt.Sprintf("E%d", i+1), Tone: view.Dim})
	}
}

// changes adds how each endpoint moved against the baseline, with its interval
// as a small bar: of the gate on p95, else of its first gate; in grey of p95 where it
// has no gate.
func (t *table) changes(r *report.Report) {
	if r.Comparison == nil || len(t.Rows) != len(r.Run.Endpoints) {
		return
	}
	widest := 0.05
	gates := make([]*report.Gate, len(t.Rows))
	for i := range r.Run.Endpoints {
		g := gateOf(r.Comparison, r.Run.Endpoints[i].Name)
		if g == nil {
			continue
		}
		gates[i] = g
		low, high := bounds(g)
		widest = max(widest, math.Abs(low), math.Abs(high))
	}
	if !slices.ContainsFunc(gates, func(g *report.Gate) bool { return g != nil }) {
		return
	}
	const behindTheName = 2
	t.Columns = slices.Insert(t.Columns, behindTheName, column{Name: againstColumn, Right: true, Numbered: true})
	for i, g := range gates {
		c := cell{Text: view.Absent, Tone: view.Dim}
		if g != nil {
			c = cell{Text: plain.Short(report.GateStatistic(g.Metric, g.Statistic), longestName) + " " + view.ChangeOf(*g.Change, g.Unit) + " ", Tone: view.Dim, Bar: bar(g, widest), Number: decimal(g.Change)}
			if g.Verdict != "" {
				c.Tone = view.GateWord(g.Verdict).Tone
			}
		}
		t.Rows[i] = slices.Insert(t.Rows[i], behindTheName, c)
	}
}

// gateOf is the gate that stands for an endpoint, or how it moved, without a verdict,
// where it has none; nil where that is not known either.
func gateOf(c *report.Comparison, endpoint string) *report.Gate {
	var found *report.Gate
	for i := range c.Gates {
		g := &c.Gates[i]
		if g.Endpoint != endpoint || g.Endpoint == "" || g.Change == nil || g.Unit != report.UnitMS {
			continue
		}
		if found == nil || g.Statistic == "p(95)" {
			found = g
		}
	}
	if found != nil {
		return found
	}
	for i := range c.Endpoints {
		if e := &c.Endpoints[i]; e.Endpoint == endpoint && e.Change != nil {
			return &report.Gate{Metric: e.Metric, Endpoint: e.Endpoint, Statistic: e.Statistic, Unit: report.UnitMS, Change: e.Change, Interval: e.Interval}
		}
	}
	return nil
}

func bounds(g *report.Gate) (low, high float64) {
	low, high = *g.Change, *g.Change
	if g.Interval != nil {
		if g.Interval.Low != nil {
			low = *g.Interval.Low
		}
		if g.Interval.High != nil {
			high = *g.Interval.High
		}
	}
	return low, high
}

// bar is the interval of a change around no change, drawn in 80 by 12.
func bar(g *report.Gate, widest float64) template.HTML {
	at := func(v float64) float64 { return 40 + 38*v/widest }
	low, high := bounds(g)
	kind := "c6"
	switch g.Verdict {
	case report.GateRegressed, report.GateSuspected:
		kind = "c1"
	case report.GateImproved:
		kind = "c2"
	}
	return template.HTML(fmt.Sprintf( //nolint:gosec // numbers and words of ours
		`<svg class="bar" width="80" height="12" viewBox="0 0 80 12" aria-hidden="true"><path class="s-t3" stroke="#9aa3ad" d="M40 0V12"/>`+
			`<path class="s-%s" stroke="#57606a" stroke-width="3" d="M%.1f 6H%.1f"/><circle class="f-%s" fill="#57606a" cx="%.1f" cy="6" r="3.5"/></svg>`,
		kind, at(low), max(at(high), at(low)+0.5), kind, at(*g.Change)))
}

// percentiles adds a drawing of each endpoint's p50, p95 and p99 on one
// logarithmic scale, and of the baseline's p95.
func (t *table) percentiles(r *report.Report) {
	if len(t.Rows) != len(r.Run.Endpoints) || len(t.Rows) == 0 {
		return
	}
	low, high := math.Inf(1), 0.0
	for i := range r.Run.Endpoints {
		for _, v := range drawnPercentiles(r, i) {
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if !(high > low) {
		return
	}
	const width, pad = 110, 5
	at := func(v float64) float64 {
		return pad + (width-2*pad)*math.Log(max(v, low)/low)/math.Log(high/low)
	}
	t.Columns = append(t.Columns, column{Name: latencyColumn, Still: true})
	for i := range t.Rows {
		v := drawnPercentiles(r, i)
		drawing := ""
		if v[0] > 0 && v[1] > 0 {
			drawing = fmt.Sprintf(`<svg class="bar" width="%d" height="14" viewBox="0 0 %d 14" aria-hidden="true">`, width, width)
			if v[3] > 0 {
				drawing += fmt.Sprintf(`<path class="s-c8" stroke="#4b535c" stroke-width="2" d="M%.1f 1V13"/>`, at(v[3]))
			}
			drawing += fmt.Sprintf(`<path class="s-c7" stroke="#c3c9d0" stroke-width="2" d="M%.1f 7H%.1f"/>`, at(v[0]), at(max(v[1], v[2])))
			for _, dot := range []struct {
				v    float64
				kind string
			}{{v[2], "c1"}, {v[1], "c0"}, {v[0], "c4"}} {
				if dot.v > 0 {
					drawing += fmt.Sprintf(`<circle class="f-%s" cx="%.1f" cy="7" r="3.6"/>`, dot.kind, at(dot.v))
				}
			}
			drawing += "</svg>"
		}
		t.Rows[i] = append(t.Rows[i], cell{Bar: template.HTML(drawing)}) //nolint:gosec // numbers and words of ours
	}
}

// drawnPercentiles are p50, p95, p99 and the baseline's p95 of an endpoint; 0
// for what there isn't.
func drawnPercentiles(r *report.Report, i int) [4]float64 {
	e := &r.Run.Endpoints[i]
	var out [4]float64
	for j, v := range []*float64{e.DurationMS.Med, e.DurationMS.P95, e.DurationMS.P99, view.BaselineP95(r, e.Name)} {
		if v != nil {
			out[j] = *v
		}
	}
	return out
}

// latencyColumn heads the drawings, againstColumn the changes.
const (
	latencyColumn = "p50, p95, p99"
	againstColumn = "against baseline"
)

// endpointOrder is what is read first of endpoints.
var endpointOrder = []string{"#", "endpoint", againstColumn, latencyColumn, "p50", "p95", "p99", "max", "err", "timeout", "targets", "count", "req/s"}

// room gives the window's width to the columns that most readers look for; the
// others are there when asked for.
func (t *table) room() {
	rooms := map[string]string{"#": "n", latencyColumn: "w", "p50": "n", "min": "x", "avg": "x", "p90": "x", "method": "x", "scenario": "x"}
	if slices.ContainsFunc(t.Columns, func(c column) bool { return c.Name == againstColumn }) {
		rooms["max"], rooms["req/s"] = "x", "x"
	}
	for i := range t.Columns {
		name := t.Columns[i].Name
		if name != latencyColumn {
			name, _, _ = strings.Cut(name, " ") // of its unit
		}
		t.Columns[i].Room = rooms[name]
		t.Extra = t.Extra || rooms[name] != ""
	}
}

// arrange puts first what is read first: a table that is wider than the window
// loses what matters least.
func (t *table) arrange(first []string) {
	place := func(i int) int {
		name := t.Columns[i].Name
		if k := slices.Index(first, name); k >= 0 {
			return k
		}
		name, _, _ = strings.Cut(name, " ") // of its unit
		if k := slices.Index(first, name); k >= 0 {
			return k
		}
		return len(first)
	}
	order := make([]int, len(t.Columns))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place(a) - place(b) })
	columns := make([]column, len(order))
	for to, from := range order {
		columns[to] = t.Columns[from]
	}
	for i, row := range t.Rows {
		moved := make([]cell, len(order))
		for to, from := range order {
			moved[to] = row[from]
		}
		t.Rows[i] = moved
	}
	t.Columns = columns
}

// shares draws the components' answers to the four questions as bars, in the
// colours that the components have in pictures.
func (t *table) shares(r *report.Report) {
	components := r.Attribution.Components
	if len(t.Rows) != len(components) {
		return
	}
	for j := range t.Columns {
		var value func(*report.Component) *float64
		switch t.Columns[j].Name {
		case "where it goes":
			value = func(c *report.Component) *float64 { return &c.Share }
		case "what load adds":
			value = func(c *report.Component) *float64 { return c.Load }
		case "what changed":
			value = func(c *report.Component) *float64 { return c.Regression }
		default:
			continue
		}
		t.Columns[j].Still = true
		for i := range t.Rows {
			t.Rows[i][j] = cell{Text: view.Absent, Tone: view.Dim}
			if v := value(&components[i]); v != nil {
				const width = 90
				class, colour := chart.ComponentColour(components[i].Name)
				t.Rows[i][j] = cell{Bar: template.HTML(fmt.Sprintf( //nolint:gosec // numbers and words of ours
					`<svg class="bar" width="%d" height="12" viewBox="0 0 %d 12" aria-hidden="true"><path class="f-t2" fill="#e3e6ea" d="M0 1h%dv10H0z"/><path class="f-%s" fill="%s" d="M0 1h%.1fv10H0z"/></svg>`,
					width, width, width, class, colour, width*min(1, max(0, *v))))}
			}
		}
	}
}
