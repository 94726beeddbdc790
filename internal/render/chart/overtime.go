package chart

import (
	"math"

	"gonum.org/v1/plot/vg"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// fewPoints is the least that makes a course over time.
const fewPoints = 3

// latencyPicture has the percentiles over time above, the load below.
func latencyPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartLatency)
	if c == nil || len(c.X) < fewPoints || len(c.Series) == 0 {
		return nil
	}
	load := r.Chart(report.ChartThroughput)
	inks := inksOf(c, sky, blue, orange) // from calm to alarming
	lists := valuesOf(c)
	low, high, ok := extent(lists...)
	if !ok {
		return nil
	}
	y := span(high)
	if high > 50*math.Max(low, 1e-9) && low > 0 {
		y = decades(low, high)
	}
	x := timeScale(c, load)
	p := &Picture{
		ID: Latency, Title: "Latency over time, with the load", height: 300,
		Text:   courseText(c, "latency"),
		Data:   dataOf(c, load),
		legend: entries(c, inks),
	}
	hasLoad := load != nil && len(load.X) >= fewPoints
	if hasLoad {
		p.legend = append(p.legend, loadLegend(load)...)
	}
	p.paint = func(s *sheet) {
		loadHeight := vg.Length(0)
		left := leftWidth(y, c.Unit, 5)
		var loadY scale
		if hasLoad {
			_, most, _ := extent(valuesOf(load)...)
			loadY = span(most)
			loadHeight = (s.Max.Y - s.Min.Y) * 0.32
			left = max(left, leftWidth(loadY, load.Unit, 2))
		}
		top := s.panel(s.Min.Y+loadHeight, s.Max.Y, panelOptions{x: x, y: y, yUnit: c.Unit, yTicks: 5, noX: hasLoad, xUnit: c.XUnit, left: left})
		for i, line1 := range c.Series {
			top.curve(line(inks[i].as(seriesClass(i)), lineWidth), c.X, line1.Y)
		}
		top.marks(c.Marks)
		bottom := top.area.Min.Y
		if hasLoad {
			panel := s.panel(s.Min.Y, s.Min.Y+loadHeight-10, panelOptions{x: x, y: loadY, yUnit: load.Unit, xUnit: c.XUnit, yTicks: 2, left: left})
			panel.loadBand(load, len(c.Series))
			bottom = panel.area.Min.Y
		}
		s.place(top, bottom, p.height)
	}
	return p
}

// loadBand fills what was achieved and strokes what was planned.
func (p *panel) loadBand(load *report.Chart, first int) {
	zero := make([]float64, len(load.X))
	p.band(ink{green.NRGBA, "c2 soft"}.faded(), load.X, zero, load.Series[0].Y)
	for i, l := range load.Series {
		style := line(green.as(seriesClass(first+i)), lineWidth)
		switch {
		case i > 0 && l.Planned:
			style = line(grey.as(seriesClass(first+i)), 1.4)
			style.Dashes = dashes()
		case i > 0:
			style = line(dark.as(seriesClass(first+i)), 1.2)
		}
		p.curve(style, load.X, l.Y)
	}
}

func dashes() []vg.Length { return []vg.Length{4, 3} }

// loadLegend names the lines of the load, in their colours.
func loadLegend(load *report.Chart) []entry {
	out := []entry{{name: lettersOnly(load.Series[0].Name) + " a second (below)", ink: green, area: true}}
	for _, l := range load.Series[1:] {
		e := entry{name: lettersOnly(l.Name), ink: dark}
		if l.Planned {
			e.ink, e.dashed = grey, true
		}
		out = append(out, e)
	}
	return out
}

// faded is the colour for areas that lie under lines.
func (i ink) faded() ink {
	i.A = 0x38
	return i
}

// seriesClass is what a page's script finds a line by.
func seriesClass(i int) string { return "n" + string(rune('0'+i%10)) }

// errorsPicture is the share of failed requests; nil where none failed.
func errorsPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartErrors)
	if c == nil || len(c.X) < fewPoints || len(c.Series) == 0 {
		return nil
	}
	_, high, ok := extent(valuesOf(c)...)
	if !ok || high == 0 {
		return nil
	}
	y := span(high)
	p := &Picture{ID: Errors, Title: "Failed requests over time", height: 180, Text: courseText(c, "share of failed requests"), Data: dataOf(c, nil)}
	p.paint = func(s *sheet) {
		panel := s.panel(s.Min.Y, s.Max.Y, panelOptions{x: timeScale(c), y: y, yUnit: c.Unit, xUnit: c.XUnit, yTicks: 4, left: leftWidth(y, c.Unit, 4)})
		zero := make([]float64, len(c.X))
		panel.band(ink{orange.NRGBA, "c1 soft"}.faded(), c.X, zero, c.Series[0].Y)
		panel.curve(line(orange.as(seriesClass(0)), lineWidth), c.X, c.Series[0].Y)
		panel.marks(c.Marks)
		s.place(panel, panel.area.Min.Y, p.height)
	}
	return p
}

// vusPicture is how many virtual users there were; nil where always
// as many, or next to none.
func vusPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartVUs)
	if c == nil || len(c.X) < fewPoints || len(c.Series) == 0 {
		return nil
	}
	const few = 3 // below, it is chance who was at work when they were counted
	low, high, ok := extent(valuesOf(c)...)
	if !ok || low == high || high < few {
		return nil
	}
	y := span(high)
	p := &Picture{ID: VUs, Title: "Virtual users over time", height: 180, Text: courseText(c, "virtual users"), Data: dataOf(c, nil)}
	p.paint = func(s *sheet) {
		panel := s.panel(s.Min.Y, s.Max.Y, panelOptions{x: timeScale(c), y: y, yUnit: c.Unit, xUnit: c.XUnit, yTicks: 4, left: leftWidth(y, c.Unit, 4)})
		panel.band(ink{grey.NRGBA, "c6 soft"}.faded(), c.X, make([]float64, len(c.X)), c.Series[0].Y)
		panel.curve(line(grey.as(seriesClass(0)), lineWidth), c.X, c.Series[0].Y)
		panel.marks(c.Marks)
		s.place(panel, panel.area.Min.Y, p.height)
	}
	return p
}

func valuesOf(c *report.Chart) [][]float64 {
	var out [][]float64
	for _, s := range c.Series {
		out = append(out, s.Y)
	}
	return out
}

// timeScale holds all points of charts that share it, of which some may be nil. It
// begins at the first point, or at 0 where that is near.
func timeScale(charts ...*report.Chart) scale {
	var lists [][]float64
	for _, c := range charts {
		if c != nil {
			lists = append(lists, c.X)
		}
	}
	low, high, _ := extent(lists...)
	if low > 0 && low < (high-low)*0.1 {
		low = 0
	}
	if high <= low {
		high = low + 1
	}
	return scale{min: low, max: high}
}

// dataOf are the values of a chart, with those of another at the nearest x.
func dataOf(c, beside *report.Chart) *Data {
	d := &Data{X: c.X, XUnit: shortLabel(lettersOnly(c.XUnit))}
	for _, s := range c.Series {
		d.Series = append(d.Series, DataSeries{Name: lettersOnly(s.Name), Unit: shortLabel(lettersOnly(c.Unit)), Y: s.Y})
	}
	if beside == nil || len(beside.X) == 0 {
		return d
	}
	for _, s := range beside.Series {
		d.Series = append(d.Series, DataSeries{Name: lettersOnly(s.Name), Unit: shortLabel(lettersOnly(beside.Unit)), Y: resampled(c.X, beside.X, s.Y)})
	}
	return d
}

// resampled takes for each x the value nearest to it.
func resampled(x, from, y []float64) report.Points {
	out := make(report.Points, len(x))
	j := 0
	for i, at := range x {
		for j+1 < len(from) && math.Abs(from[j+1]-at) <= math.Abs(from[j]-at) {
			j++
		}
		out[i] = y[j]
	}
	return out
}

// courseText tells the course of the last line that has a name of percentile,
// or of the first.
func courseText(c *report.Chart, what string) string {
	s := c.Series[0]
	for _, candidate := range c.Series {
		if candidate.Name == "p95" {
			s, what = candidate, "p95 of "+what
		}
	}
	low, high, ok := extent(s.Y)
	if !ok {
		return report.Sentence(what) + ": no values"
	}
	return report.Sentence(what) + " between " + view.Measure(low, c.Unit) + " and " + view.Measure(high, c.Unit) +
		" over " + view.Seconds(c.X[len(c.X)-1]-c.X[0])
}
