package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"

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
// as a small bar: of the gate on p95, else of its first gate.
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
	t.Columns = slices.Insert(t.Columns, behindTheName, column{Name: "against baseline", Right: true})
	for i, g := range gates {
		c := cell{Text: view.Absent, Tone: view.Dim}
		if g != nil {
			word := view.GateWord(g.Verdict)
			c = cell{Text: view.Statistic(g.Statistic) + " " + view.Change(*g.Change) + " ", Tone: word.Tone, Bar: bar(g, widest)}
		}
		t.Rows[i] = slices.Insert(t.Rows[i], behindTheName, c)
	}
}

// gateOf is the gate that stands for an endpoint; nil where none has a change.
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
	return found
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
