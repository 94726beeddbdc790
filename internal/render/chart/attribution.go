package chart

import (
	"math"

	"gonum.org/v1/plot/vg"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// distributionPicture has the share of requests by how long they took, the
// candidate's over the baseline's.
func distributionPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartDistribution)
	if c == nil || len(c.X) < fewPoints || len(c.Series) == 0 {
		return nil
	}
	low, high, ok := extent(c.X)
	if !ok || !(high > 0) {
		return nil
	}
	inks := inksOf(c, blue, grey, orange, green)
	p := &Picture{
		ID: Distribution, Title: "Share of requests by latency: " + orWhole(nameOf(r, c.Endpoint)), height: 240,
		Text: "For each latency, the share of requests that took no longer", Data: dataOf(c, nil), legend: entries(c, inks),
	}
	p.paint = func(s *sheet) {
		y := scale{min: 0, max: 1}
		panel := s.panel(s.Min.Y, s.Max.Y, panelOptions{
			x: decades(low, high), y: y, xUnit: c.XUnit, yUnit: report.UnitShare, yTicks: 5, left: leftWidth(y, report.UnitShare, 5),
		})
		for i := len(c.Series) - 1; i >= 0; i-- { // the run itself on top
			panel.curve(line(inks[i].as(seriesClass(i)), lineWidth), c.X, c.Series[i].Y)
		}
		panel.marks(c.Marks)
		s.place(panel, panel.area.Min.Y, p.height)
	}
	return p
}

// attributionPicture stacks the components' mean times over time.
func attributionPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartAttribution)
	if c == nil || len(c.X) < fewPoints || len(c.Series) == 0 {
		return nil
	}
	layers := make([][]float64, len(c.Series)+1)
	layers[0] = make([]float64, len(c.X))
	p := &Picture{
		ID: Attribution, Title: "Where the time goes, over time", height: 260,
		Text: "Mean time of a request in each component over the run", Data: dataOf(c, nil),
	}
	for i, s := range c.Series {
		layers[i+1] = make([]float64, len(c.X))
		for j := range c.X {
			layers[i+1][j] = layers[i][j] + s.Y[j]
		}
		p.Data.Series[i].Name = componentWord(s.Name)
		p.legend = append(p.legend, entry{name: componentWord(s.Name), ink: componentInk(s.Name), area: true})
	}
	_, high, ok := extent(layers[len(layers)-1])
	if !ok || high <= 0 {
		return nil
	}
	p.paint = func(s *sheet) {
		y := span(high)
		panel := s.panel(s.Min.Y, s.Max.Y, panelOptions{
			x: timeScale(c), y: y, xUnit: c.XUnit, yUnit: c.Unit, yTicks: 5, left: leftWidth(y, c.Unit, 5),
		})
		for i, layer := range c.Series {
			panel.band(componentInk(layer.Name), c.X, layers[i], layers[i+1])
		}
		panel.marks(c.Marks)
		s.place(panel, panel.area.Min.Y, p.height)
	}
	return p
}

// leastStep is the change in ms below which a component counts as unchanged.
const leastStep = 0.005

// deltaPicture is the way from the reference's mean to this run's: a step for
// each component.
func deltaPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartDelta)
	if c == nil || len(c.Series) == 0 || len(c.XLabels) != len(c.X) {
		return nil
	}
	steps := c.Series[0].Y
	from := make([]float64, len(steps))
	at, low, high := 0.0, 0.0, 0.0
	for i, d := range steps {
		if math.IsNaN(d) {
			d = 0
		}
		from[i] = at
		at += d
		low, high = math.Min(low, at), math.Max(high, at)
	}
	if high == low {
		return nil
	}
	var names []string
	for _, l := range c.XLabels {
		names = append(names, componentWord(l))
	}
	names = append(names, "in all")
	p := &Picture{
		ID: Delta, Title: lettersOnly(c.Title), height: vg.Length(len(names)*rowHeight) + 40,
		Text: deltaText(at),
	}
	p.paint = func(s *sheet) {
		pad := (high - low) * 0.06
		list := s.rows(plainRows(names), scale{min: low - pad, max: high + 5*pad}, c.Unit) // room for the numbers
		style := lettering(labelSize, false, dim)
		for i := range names {
			start, step, colour := 0.0, at, dark
			if i < len(steps) {
				start, step = from[i], steps[i]
				colour = componentInk(c.XLabels[i])
			}
			list.bar(colour, i, start, start+step)
			label := view.Number(step, 2) + " ms"
			switch {
			case math.Abs(step) < leastStep:
				label = "±0 ms"
			case step > 0:
				label = "+" + label
			}
			s.text(style, list.px(math.Max(start, start+step))+4, list.middle(i)-4, label)
		}
		zero := list.px(0)
		list.StrokeLine2(line(rule, hairline), zero, list.area.Min.Y, zero, list.area.Max.Y)
	}
	return p
}

func deltaText(ms float64) string {
	how := "grew by " + view.Milliseconds(ms)
	switch {
	case math.Abs(ms) < leastStep:
		how = "stayed as it was"
	case ms < 0:
		how = "fell by " + view.Milliseconds(-ms)
	}
	return "The mean " + how + " in all; each bar is the part of one component"
}

// saturationPicture is latency against load, with the knee and the capacity.
func saturationPicture(r *report.Report) *Picture {
	c := r.Chart(report.ChartSaturation)
	if c == nil || len(c.X) < fewPoints || len(c.Series) == 0 {
		return nil
	}
	low, high, ok := extent(valuesOf(c)...)
	if !ok {
		return nil
	}
	inks := inksOf(c, sky, blue, orange, green)
	p := &Picture{
		ID: Saturation, Title: "Latency against load", height: 260,
		Text: "Latency at each level of the load", Data: dataOf(c, nil), legend: entries(c, inks),
	}
	if r.Saturation != nil {
		p.Text = lettersOnly(r.Saturation.Headline)
	}
	p.paint = func(s *sheet) {
		y := span(high)
		if low > 0 && high > 20*low {
			y = decades(low, high)
		}
		_, most, _ := extent(c.X)
		panel := s.panel(s.Min.Y, s.Max.Y, panelOptions{
			x: span(most), y: y, xUnit: c.XUnit, yUnit: c.Unit, yTicks: 5, left: leftWidth(y, c.Unit, 5),
		})
		for i, l := range c.Series {
			panel.curve(line(inks[i].as(seriesClass(i)), lineWidth), c.X, l.Y)
			for j, v := range l.Y {
				if v == v {
					panel.dot(inks[i].as(seriesClass(i)), vg.Point{X: panel.px(c.X[j]), Y: panel.py(v)}, 3)
				}
			}
		}
		panel.marksBefore(c.Marks)
		s.place(panel, panel.area.Min.Y, p.height)
	}
	return p
}
