package chart

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// svgCanvas is a vg.Canvas that writes SVG without style attributes, which a
// strict Content-Security-Policy forbids: colours are presentation attributes,
// which classes override.
type svgCanvas struct {
	width, height vg.Length
	out           strings.Builder
	state         svgState
	saved         []svgState
}

type svgState struct {
	origin vg.Point
	turn   float64 // radians
	color  color.Color
	line   vg.Length
	dash   []vg.Length
}

func newSVG(width, height vg.Length) *svgCanvas {
	c := &svgCanvas{width: width, height: height}
	vg.Initialize(c)
	return c
}

// Size implements vg.CanvasSizer.
func (c *svgCanvas) Size() (w, h vg.Length) { return c.width, c.height }

// SetLineWidth implements vg.Canvas.
func (c *svgCanvas) SetLineWidth(w vg.Length) { c.state.line = w }

// SetLineDash implements vg.Canvas; the offset isn't used by any picture.
func (c *svgCanvas) SetLineDash(pattern []vg.Length, _ vg.Length) { c.state.dash = pattern }

// SetColor implements vg.Canvas.
func (c *svgCanvas) SetColor(col color.Color) { c.state.color = col }

// Rotate implements vg.Canvas.
func (c *svgCanvas) Rotate(rad float64) { c.state.turn += rad }

// Translate implements vg.Canvas.
func (c *svgCanvas) Translate(pt vg.Point) { c.state.origin = c.place(pt) }

// Scale implements vg.Canvas; no picture is scaled.
func (c *svgCanvas) Scale(_, _ float64) {}

// Push implements vg.Canvas.
func (c *svgCanvas) Push() { c.saved = append(c.saved, c.state) }

// Pop implements vg.Canvas.
func (c *svgCanvas) Pop() {
	c.state = c.saved[len(c.saved)-1]
	c.saved = c.saved[:len(c.saved)-1]
}

// place is a point after translation and rotation, with the origin still at
// the bottom.
func (c *svgCanvas) place(p vg.Point) vg.Point {
	sin, cos := math.Sincos(c.state.turn)
	s, k := vg.Length(sin), vg.Length(cos)
	return vg.Point{X: c.state.origin.X + p.X*k - p.Y*s, Y: c.state.origin.Y + p.X*s + p.Y*k}
}

func (c *svgCanvas) coordinate(p vg.Point) string {
	p = c.place(p)
	return tenth(p.X) + " " + tenth(c.height-p.Y)
}

// tenth is a length to a tenth of a point, in as few letters as possible.
func tenth(l vg.Length) string {
	r := math.Round(float64(l)*10) / 10
	if r == 0 {
		return "0" // not -0
	}
	return strconv.FormatFloat(r, 'f', -1, 64)
}

// Stroke implements vg.Canvas.
func (c *svgCanvas) Stroke(p vg.Path) {
	if c.state.line <= 0 {
		return
	}
	c.open("path", "s")
	fmt.Fprintf(&c.out, ` fill="none" stroke="%s" stroke-width="%s"`, hex(c.state.color), tenth(c.state.line))
	if len(c.state.dash) > 0 {
		var dash []string
		for _, d := range c.state.dash {
			dash = append(dash, tenth(d))
		}
		fmt.Fprintf(&c.out, ` stroke-dasharray="%s"`, strings.Join(dash, " "))
	}
	fmt.Fprintf(&c.out, ` d="%s"/>`, c.data(p))
}

// Fill implements vg.Canvas.
func (c *svgCanvas) Fill(p vg.Path) {
	c.open("path", "f")
	fmt.Fprintf(&c.out, ` fill="%s"%s d="%s"/>`, hex(c.state.color), opacity(c.state.color), c.data(p))
}

// open begins an element with the class of the colour in use: its first word
// says what is painted, stroke or fill.
func (c *svgCanvas) open(element, kind string) {
	c.out.WriteString("<" + element)
	if i, ok := c.state.color.(ink); ok {
		fmt.Fprintf(&c.out, ` class="%s-%s"`, kind, i.class)
	}
}

// data is a path's d attribute: absolute moves, then lines without repeating
// the letter.
func (c *svgCanvas) data(p vg.Path) string {
	var b strings.Builder
	last := byte(0)
	command := func(letter byte, text string) {
		if letter == last && letter == 'L' {
			b.WriteByte(' ')
		} else {
			b.WriteByte(letter)
		}
		b.WriteString(text)
		last = letter
	}
	for _, comp := range p {
		switch comp.Type {
		case vg.MoveComp:
			command('M', c.coordinate(comp.Pos))
		case vg.LineComp:
			command('L', c.coordinate(comp.Pos))
		case vg.ArcComp:
			c.arc(comp, last == 0, command)
		case vg.CurveComp:
			letter, points := byte('Q'), ""
			if len(comp.Control) == 2 {
				letter = 'C'
			}
			for _, control := range comp.Control {
				points += c.coordinate(control) + " "
			}
			command(letter, points+c.coordinate(comp.Pos))
		case vg.CloseComp:
			command('Z', "")
		}
	}
	return b.String()
}

// arc writes an arc in two halves, since SVG can't draw a whole circle in one.
func (c *svgCanvas) arc(a vg.PathComp, first bool, command func(byte, string)) {
	at := func(angle float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{X: a.Pos.X + a.Radius*vg.Length(cos), Y: a.Pos.Y + a.Radius*vg.Length(sin)}
	}
	start := byte('L')
	if first {
		start = 'M'
	}
	command(start, c.coordinate(at(a.Start)))
	sweep := "0" // counterclockwise with y upwards
	if a.Angle < 0 {
		sweep = "1"
	}
	r := tenth(a.Radius)
	for _, part := range []float64{0.5, 1} {
		command('A', r+" "+r+" 0 0 "+sweep+" "+c.coordinate(at(a.Start+a.Angle*part)))
	}
}

// FillString implements vg.Canvas.
func (c *svgCanvas) FillString(face font.Face, pt vg.Point, s string) {
	at := c.place(pt)
	x, y := tenth(at.X), tenth(c.height-at.Y)
	c.open("text", "f")
	fmt.Fprintf(&c.out, ` x="%s" y="%s" font-size="%s" fill="%s"`, x, y, tenth(face.Font.Size), hex(c.state.color))
	// Whatever font a page has: the text takes the room that was measured.
	if len(s) > 2 {
		fmt.Fprintf(&c.out, ` textLength="%s" lengthAdjust="spacingAndGlyphs"`, tenth(face.Width(s)))
	}
	if face.Font.Weight == boldWeight {
		c.out.WriteString(` font-weight="bold"`)
	}
	if c.state.turn != 0 {
		fmt.Fprintf(&c.out, ` transform="rotate(%s %s %s)"`, tenth(vg.Length(-c.state.turn*180/math.Pi)), x, y)
	}
	c.out.WriteByte('>')
	_ = xml.EscapeText(&c.out, []byte(s)) // a strings.Builder takes all
	c.out.WriteString("</text>")
}

// DrawImage implements vg.Canvas; no picture holds an image.
func (c *svgCanvas) DrawImage(vg.Rectangle, image.Image) {}

func hex(c color.Color) string {
	if c == nil {
		return "#000"
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	if i, ok := c.(ink); ok {
		n = i.NRGBA
	}
	return fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
}

func opacity(c color.Color) string {
	if i, ok := c.(ink); ok && i.A < 0xff {
		return fmt.Sprintf(` fill-opacity="%.2f"`, float64(i.A)/0xff)
	}
	return ""
}
