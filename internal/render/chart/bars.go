package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"k6report/internal/component"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// mostRows is how many endpoints one picture shows.
const mostRows = 20

// rowHeight is that of a picture with a row for each name.
const rowHeight = 20

// endpointsPicture has p50, p95 and p99 of each endpoint on one logarithmic
// axis, and where the baseline's p95 was.
func endpointsPicture(r *report.Report) *Picture {
	type row struct {
		name          rowName
		p50, p95, p99 float64
		before        float64
	}
	var rows []row
	more := 0
	for i := range r.Run.Endpoints {
		e := &r.Run.Endpoints[i]
		if e.DurationMS.P95 == nil || e.DurationMS.Med == nil {
			continue
		}
		if len(rows) == mostRows {
			more++
			continue
		}
		rows = append(rows, row{
			rowName{keyed(e.Name, i), key(i)},
			*e.DurationMS.Med, *e.DurationMS.P95,
			valueOr(e.DurationMS.P99, math.NaN()), valueOr(view.BaselineP95(r, e.Name), math.NaN()),
		})
	}
	if len(rows) == 0 {
		return nil
	}
	var all []float64
	compared := false
	for _, e := range rows {
		all = append(all, e.p50, e.p95, e.p99, e.before)
		compared = compared || e.before == e.before
	}
	low, high, _ := extent(all)
	p := &Picture{
		ID: Endpoints, Title: "Latency of each endpoint", height: vg.Length(len(rows)*rowHeight) + 56,
		Text:   "p50, p95 and p99 of " + view.Plural(len(rows), "endpoint", "endpoints") + "; the table of endpoints has the numbers",
		legend: []entry{{name: "p50", ink: sky}, {name: "p95", ink: blue}, {name: "p99", ink: orange}},
	}
	if compared {
		p.legend = append(p.legend, entry{name: "p95 of the baseline", ink: dark})
	}
	if more > 0 {
		p.Title += ", the first " + view.Count(mostRows) + " of " + view.Count(int64(len(rows)+more))
	}
	p.paint = func(s *sheet) {
		var names []rowName
		for _, e := range rows {
			names = append(names, e.name)
		}
		list := s.rows(names, decades(low, high), report.UnitMS)
		for i, e := range rows {
			y := list.middle(i)
			end := e.p95
			if e.p99 == e.p99 {
				end = e.p99
			}
			list.StrokeLine2(line(light, 2), list.px(e.p50), y, list.px(end), y)
			list.dot(sky, vg.Point{X: list.px(e.p50), Y: y}, 4)
			if e.p99 == e.p99 {
				list.dot(orange, vg.Point{X: list.px(e.p99), Y: y}, 4)
			}
			list.dot(blue, vg.Point{X: list.px(e.p95), Y: y}, 4)
			if e.before == e.before {
				list.StrokeLine2(line(dark, 2), list.px(e.before), y-7, list.px(e.before), y+7)
			}
		}
	}
	return p
}

func valueOr(v *float64, otherwise float64) float64 {
	if v == nil {
		return otherwise
	}
	return *v
}

// rowList is a panel with a row for each name instead of a y axis.
type rowList struct {
	*panel
	step vg.Length
}

// rowName is what stands before a row; key tells it from others that would be
// shortened to the same, and is empty where there is none.
type rowName struct{ text, key string }

// plainRows are names without keys.
func plainRows(names []string) []rowName {
	var out []rowName
	for _, n := range names {
		out = append(out, rowName{text: n})
	}
	return out
}

// rows draws the names and the grid of a picture with a row each.
func (s *sheet) rows(names []rowName, x scale, unit string) *rowList {
	style := lettering(labelSize, false, strong)
	var left vg.Length
	for _, n := range names {
		left = max(left, style.Width(n.text))
	}
	left = min(left, (s.Max.X-s.Min.X)*0.42) + 10
	p := s.panel(s.Min.Y, s.Max.Y, panelOptions{x: x, y: scale{0, 1, false}, xUnit: unit, left: left})
	list := &rowList{panel: p, step: (p.area.Max.Y - p.area.Min.Y) / vg.Length(len(names))}
	for _, t := range p.xTicks() {
		at := p.px(t.at)
		p.StrokeLine2(line(faint, hairline), at, p.area.Min.Y, at, p.area.Max.Y)
	}
	style.YAlign = draw.YCenter
	for i, n := range s.fitApart(style, names, left-10) {
		p.text(style, s.Min.X, list.middle(i), n)
	}
	return list
}

// fitApart fits names into a column. Those that would read the same begin with
// their key.
func (s *sheet) fitApart(style text.Style, names []rowName, width vg.Length) []string {
	out := make([]string, len(names))
	count := make(map[string]int)
	for i, n := range names {
		out[i] = s.fit(style, n.text, width)
		count[out[i]]++
	}
	for i, n := range names {
		if count[out[i]] > 1 && n.key != "" && n.text != n.key {
			out[i] = s.fit(style, n.key+" "+n.text, width)
		}
	}
	return out
}

// middle is the height of the row at that position, counted from the top.
func (l *rowList) middle(i int) vg.Length {
	return l.area.Max.Y - l.step*(vg.Length(i)+0.5)
}

// bar fills a row from one value to another.
func (l *rowList) bar(c ink, i int, from, to float64) {
	x0, x1 := l.px(from), l.px(to)
	if x1 < x0 {
		x0, x1 = x1, x0
	}
	half := min(l.step*0.34, 8)
	l.fill(c, x0, l.middle(i)-half, max(x1, x0+0.5), l.middle(i)+half)
}

// ComponentColour is a component's colour: the class that a page recolours it by,
// and the colour itself.
func ComponentColour(name string) (class, colour string) {
	i := componentInk(name)
	return i.class, hex(i)
}

// componentInk is a component's colour, the same in every picture and page; orange
// where none is set.
func componentInk(name string) ink {
	switch name {
	case component.Client:
		return light
	case component.Network:
		return grey
	case component.Queue:
		return pink
	case component.Database:
		return blue
	case component.Graph:
		return green
	case component.HTTPPool:
		return amber
	case component.Websocket:
		return sky
	case component.Other:
		return dark
	}
	return orange
}

// componentWord is a component's name for pictures, spelt as in tables, in what
// was seen and in the configuration.
func componentWord(name string) string { return lettersOnly(name) }

// componentsPicture has the four questions side by side: a bar each for share,
// tail, load and regression.
func componentsPicture(r *report.Report) *Picture {
	a := r.Attribution
	if a == nil || len(a.Components) == 0 {
		return nil
	}
	type question struct {
		name string
		get  func(*report.Component) *float64
		ink  ink
	}
	all := []question{
		{"share of the time", func(c *report.Component) *float64 { return &c.Share }, grey},
		{"slow requests", func(c *report.Component) *float64 { return c.Tail }, amber},
		{"growth with load", func(c *report.Component) *float64 { return c.Load }, orange},
		{"growth over baseline", func(c *report.Component) *float64 { return c.Regression }, blue},
	}
	all = slices.DeleteFunc(all, func(q question) bool {
		return !slices.ContainsFunc(a.Components, func(c report.Component) bool { return q.get(&c) != nil })
	})
	low, high := 0.0, 1.0
	var names []string
	p := &Picture{ID: Components, Title: "Which component the time goes to, by question", height: vg.Length(len(a.Components)*(8*len(all)+8)) + 56}
	for i := range a.Components {
		c := &a.Components[i]
		names = append(names, componentWord(c.Name))
		for _, q := range all {
			if v := q.get(c); v != nil {
				low, high = math.Min(low, *v), math.Max(high, *v)
			}
		}
	}
	for _, q := range all {
		p.legend = append(p.legend, entry{name: q.name, ink: q.ink, area: true})
	}
	p.Text = "Parts of all components add up to 100 % for each question; the table has the numbers"
	p.paint = func(s *sheet) {
		x := scale{min: low, max: high * 1.02}
		list := s.rows(plainRows(names), x, report.UnitShare)
		for i := range a.Components {
			for j, q := range all {
				v := q.get(&a.Components[i])
				if v == nil {
					continue
				}
				y := list.middle(i) + vg.Length(float64(len(all)-1)/2-float64(j))*8
				x0, x1 := list.px(0), list.px(*v)
				list.fill(q.ink, min(x0, x1), y-3, max(x0, x1, x0+0.6), y+3)
			}
		}
		zero := list.px(0)
		list.StrokeLine2(line(rule, hairline), zero, list.area.Min.Y, zero, list.area.Max.Y)
	}
	return p
}
