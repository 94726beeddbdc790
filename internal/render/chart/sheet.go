package chart

import (
	"math"
	"strings"
	"unicode"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"k6report/internal/report"
)

// sheet is the part of a canvas that is still free.
type sheet struct {
	draw.Canvas
	data *Data
}

func (s *sheet) fill(c ink, x0, y0, x1, y1 vg.Length) {
	s.SetColor(c)
	s.Fill(vg.Rectangle{Min: vg.Point{X: x0, Y: y0}, Max: vg.Point{X: x1, Y: y1}}.Path())
}

// text writes one line at a baseline; the alignment is the style's.
func (s *sheet) text(style text.Style, x, y vg.Length, line string) {
	if line != "" {
		s.FillText(style, vg.Point{X: x, Y: y}, line)
	}
}

// fit takes the middle out of text that is too wide.
func (s *sheet) fit(style text.Style, line string, width vg.Length) string {
	if style.Width(line) <= width {
		return line
	}
	runes := []rune(line)
	for keep := len(runes) - 1; keep > 1; keep-- {
		head := (keep + 1) / 2
		short := string(runes[:head]) + "…" + string(runes[len(runes)-(keep-head):])
		if style.Width(short) <= width {
			return short
		}
	}
	return ""
}

// legend writes a row of entries at the top, as many rows as it takes.
func (s *sheet) legend(list []entry) {
	if len(list) == 0 {
		return
	}
	style := lettering(labelSize, false, dim)
	x, y := s.Min.X, s.Max.Y-12
	for _, e := range list {
		name := s.fit(style, e.name, (s.Max.X-s.Min.X)/2)
		width := 20 + style.Width(name) + 14
		if x > s.Min.X && x+width-14 > s.Max.X {
			x, y = s.Min.X, y-legendHeight+2
		}
		if e.area {
			s.fill(e.ink, x+2, y, x+12, y+9)
		} else {
			style := line(e.ink, 2.5)
			if e.dashed {
				style.Dashes = dashes()
			}
			s.StrokeLine2(style, x, y+4, x+15, y+4)
		}
		s.text(style, x+20, y, name)
		x += width
	}
	s.Max.Y = y - 8
}

// panel is an area with two axes.
type panel struct {
	*sheet
	area         vg.Rectangle
	x, y         scale
	xUnit, yUnit string
}

// panelOptions say what a panel looks like.
type panelOptions struct {
	x, y         scale
	xUnit, yUnit string
	yTicks       int
	noX          bool // the x axis is another panel's
	left         vg.Length
	xTicks       []tick // instead of those of the scale
}

// tick is a labelled place on an axis.
type tick struct {
	at    float64
	label string
}

// leftWidth is how much room the labels of a y axis take.
func leftWidth(y scale, unit string, n int) vg.Length {
	style := lettering(labelSize, false, dim)
	var widest vg.Length
	for _, v := range y.ticksOf(unit, n) {
		widest = max(widest, style.Width(tickLabel(v, unit)))
	}
	return widest + 8
}

// panel draws grid and axes into the part of the sheet between two heights,
// and returns the area for the data.
func (s *sheet) panel(bottom, top vg.Length, o panelOptions) *panel {
	p := &panel{sheet: s, x: o.x, y: o.y, xUnit: o.xUnit, yUnit: o.yUnit}
	p.area = vg.Rectangle{Min: vg.Point{X: s.Min.X + o.left, Y: bottom}, Max: vg.Point{X: s.Max.X - 6, Y: top}}
	if !o.noX {
		p.area.Min.Y += 18
	}
	if o.yTicks > 0 {
		p.yAxis(o.yTicks)
	}
	if !o.noX {
		p.xAxis(o.xTicks)
	}
	return p
}

func (p *panel) yAxis(n int) {
	style := lettering(labelSize, false, dim.as("yt"))
	style.XAlign, style.YAlign = draw.XRight, draw.YCenter
	for _, v := range p.y.ticksOf(p.yUnit, n) {
		y := p.py(v)
		p.StrokeLine2(line(faint, hairline), p.area.Min.X, y, p.area.Max.X, y)
		p.text(style, p.area.Min.X-6, y, tickLabel(v, p.yUnit))
	}
}

func (p *panel) xAxis(ticks []tick) {
	if ticks == nil {
		ticks = p.xTicks()
	}
	p.StrokeLine2(line(rule, hairline), p.area.Min.X, p.area.Min.Y, p.area.Max.X, p.area.Min.Y)
	style := lettering(labelSize, false, dim.as(xClass))
	style.YAlign = draw.YTop
	end := p.Min.X - 100
	for _, t := range ticks {
		x := p.px(t.at)
		width := style.Width(t.label)
		at := min(max(x-width/2, p.Min.X), p.Max.X-width)
		if at < end+6 {
			continue // it would touch the one before
		}
		p.StrokeLine2(line(rule.as(xClass), hairline), x, p.area.Min.Y, x, p.area.Min.Y-3)
		p.text(style, at, p.area.Min.Y-5, t.label)
		end = at + width
	}
}

func (p *panel) xTicks() []tick {
	var out []tick
	values := p.x.ticks(6)
	if p.xUnit == report.UnitS && !p.x.log {
		values = p.x.times(6)
	}
	for _, v := range values {
		out = append(out, tick{v, tickLabel(v, p.xUnit)})
	}
	return out
}

func (p *panel) px(v float64) vg.Length {
	return p.area.Min.X + vg.Length(p.x.at(v))*(p.area.Max.X-p.area.Min.X)
}

func (p *panel) py(v float64) vg.Length {
	at := math.Min(math.Max(p.y.at(v), 0), 1)
	return p.area.Min.Y + vg.Length(at)*(p.area.Max.Y-p.area.Min.Y)
}

// curve strokes a series; gaps stay gaps, and a point between two gaps is a
// dot.
func (p *panel) curve(style draw.LineStyle, x, y []float64) {
	var run []vg.Point
	flush := func() {
		switch len(run) {
		case 0:
		case 1:
			p.dot(style.Color.(ink), run[0], style.Width)
		default:
			p.StrokeLines(style, run)
		}
		run = nil
	}
	for i := range x {
		if math.IsNaN(y[i]) || math.IsInf(y[i], 0) {
			flush()
			continue
		}
		run = append(run, vg.Point{X: p.px(x[i]), Y: p.py(y[i])})
	}
	flush()
}

func (p *panel) dot(c ink, at vg.Point, radius vg.Length) {
	var path vg.Path
	path.Move(vg.Point{X: at.X + radius, Y: at.Y})
	path.Arc(at, radius, 0, 2*math.Pi)
	path.Close()
	p.SetColor(c)
	p.Fill(path)
}

// band fills between two series over the same x; gaps are skipped.
func (p *panel) band(c ink, x, low, high []float64) {
	var upper, lower []vg.Point
	flush := func() {
		if len(upper) > 1 {
			for i := len(lower) - 1; i >= 0; i-- {
				upper = append(upper, lower[i])
			}
			p.SetColor(c)
			var path vg.Path
			path.Move(upper[0])
			for _, pt := range upper[1:] {
				path.Line(pt)
			}
			path.Close()
			p.Fill(path)
		}
		upper, lower = nil, nil
	}
	for i := range x {
		if math.IsNaN(low[i]) || math.IsNaN(high[i]) {
			flush()
			continue
		}
		upper = append(upper, vg.Point{X: p.px(x[i]), Y: p.py(high[i])})
		lower = append(lower, vg.Point{X: p.px(x[i]), Y: p.py(low[i])})
	}
	flush()
}

// marks draws what means something on x, with its label behind it where there
// is room.
func (p *panel) marks(list []report.Mark) {
	p.labelled(list, func(x vg.Length) vg.Length { return p.area.Max.X - x - 6 }, func(x, _ vg.Length) vg.Length { return x + 3 })
}

// marksBefore has the labels before the marks: for lines that rise behind them.
func (p *panel) marksBefore(list []report.Mark) {
	p.labelled(list, func(x vg.Length) vg.Length { return x - p.area.Min.X - 6 }, func(x, width vg.Length) vg.Length { return x - 3 - width })
}

// labelled draws marks, each with its label where place says if it fits into
// the room.
func (p *panel) labelled(list []report.Mark, room func(x vg.Length) vg.Length, place func(x, width vg.Length) vg.Length) {
	style := lettering(labelSize-1, false, dim.as(xClass))
	end := p.area.Min.X
	for _, m := range list {
		if m.X < p.x.min || m.X > p.x.max {
			continue
		}
		x := p.px(m.X)
		p.StrokeLines(draw.LineStyle{Color: rule.as(xClass), Width: hairline, Dashes: []vg.Length{3, 3}},
			[]vg.Point{{X: x, Y: p.area.Min.Y}, {X: x, Y: p.area.Max.Y}})
		label := p.fit(style, lettersOnly(m.Label), room(x))
		width := style.Width(label)
		at := place(x, width)
		if label == "" || at < end {
			continue
		}
		p.text(style, at, p.area.Max.Y-10, label)
		end = at + width + 3
	}
}

// lettersOnly makes text fit for a picture: one line, without controls, and
// what the fonts don't hold as a box.
func lettersOnly(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > 400 {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r):
			continue
		case !drawable(r):
			r = '▯'
			if strings.HasSuffix(b.String(), "▯") {
				continue
			}
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(b.String()), " "), "▯", "?")
}

// drawable reports whether the fonts hold a letter: Latin, Greek and Cyrillic
// with the punctuation that reports use.
func drawable(r rune) bool {
	switch {
	case r < 0x20 || r == 0xfffd:
		return false
	case r < 0x250, r >= 0x370 && r < 0x500 && unicode.IsLetter(r):
		return true
	}
	return strings.ContainsRune("–—‘’“”•…−×±→≤≥µ€", r)
}
