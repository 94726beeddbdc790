package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// Picture is one chart, ready to be drawn.
type Picture struct {
	// ID is the file's name without its ending and the anchor in a page: lower
	// case letters, digits and underscores.
	ID string
	// Title says what is shown, with the unit.
	Title string
	// Text tells in a sentence what is to be seen, for those who can't see it.
	Text string
	// Data are the values by x for a page's script; nil where a picture has no
	// course that one could walk along.
	Data *Data

	width, height vg.Length
	stamp         stamp
	legend        []entry
	paint         func(*sheet)
}

// Data are the values of a picture along its x axis. The area is where they
// are drawn, in points from the upper left corner.
type Data struct {
	X      report.Points `json:"x"`
	XUnit  string        `json:"xunit"`
	Labels []string      `json:"labels,omitempty"` // of x, where its values mean nothing
	Series []DataSeries  `json:"series"`
	Area   [4]float64    `json:"area"` // left, top, right, bottom
	XRange [2]float64    `json:"xrange"`
	XLog   bool          `json:"xlog,omitempty"`
}

// DataSeries is one line of a picture.
type DataSeries struct {
	Name string        `json:"name"`
	Unit string        `json:"unit"`
	Y    report.Points `json:"y"`
}

// stamp is what makes a picture stand alone: the verdict and the run.
type stamp struct {
	badge view.Cell
	run   string
}

// entry is a line of a legend.
type entry struct {
	name string
	ink  ink
	area bool // a square instead of a stroke
	// dashed says that the stroke is broken.
	dashed bool
}

// SVG writes the picture for a page that gives it a heading and a verdict of
// its own: an svg element without either, described by its title and desc.
func (p *Picture) SVG() string {
	c := newSVG(vg.Length(PageWidth), p.height)
	p.on(draw.New(c), false)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %s %s" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">`,
		tenth(vg.Length(PageWidth)), tenth(p.height), p.ID, p.ID, p.ID)
	_ = xml.EscapeText(&b, []byte(lettersOnly(p.Title)))
	fmt.Fprintf(&b, `</title><desc id="%s-d">`, p.ID)
	_ = xml.EscapeText(&b, []byte(lettersOnly(p.Text)))
	b.WriteString("</desc>" + c.out.String() + "</svg>")
	return b.String()
}

// WriteSVG writes the picture as a file that stands alone.
func (p *Picture) WriteSVG(w io.Writer) error {
	height := p.height + headHeight + footHeight
	c := newSVG(p.width, height)
	p.on(draw.New(c), true)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" font-family="Liberation Sans,Arial,Helvetica,sans-serif"><title>`,
		tenth(p.width), tenth(height), tenth(p.width), tenth(height))
	_ = xml.EscapeText(&b, []byte(lettersOnly(p.Title)))
	b.WriteString("</title><desc>")
	_ = xml.EscapeText(&b, []byte(lettersOnly(p.Text)))
	b.WriteString("</desc>" + c.out.String() + "</svg>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write picture %s: %w", p.ID, err)
	}
	return nil
}

// WritePNG writes the picture at three pixels a point.
func (p *Picture) WritePNG(w io.Writer) error {
	c := vgimg.NewWith(vgimg.UseWH(p.width, p.height+headHeight+footHeight), vgimg.UseDPI(pixelScale), vgimg.UseBackgroundColor(color.White))
	p.on(draw.New(c), true)
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(w, c.Image()); err != nil {
		return fmt.Errorf("write picture %s: %w", p.ID, err)
	}
	return nil
}

// Heights of what stands above and below a picture's panels.
const (
	margin       = 8
	headHeight   = 24
	legendHeight = 18
	footHeight   = 16
)

// on draws the picture; whole adds what makes it stand alone.
func (p *Picture) on(c draw.Canvas, whole bool) {
	s := &sheet{Canvas: c, data: p.Data}
	s.fill(ground, s.Min.X, s.Min.Y, s.Max.X, s.Max.Y)
	s.Rectangle = vg.Rectangle{
		Min: vg.Point{X: s.Min.X + margin, Y: s.Min.Y + margin},
		Max: vg.Point{X: s.Max.X - margin, Y: s.Max.Y - margin},
	}
	if whole {
		p.head(s)
	}
	s.legend(p.legend)
	p.paint(s)
}

// head writes title and verdict above, the run below.
func (p *Picture) head(s *sheet) {
	badge := lettersOnly(p.stamp.badge.Text)
	style := lettering(labelSize, true, ground)
	width := style.Width(badge) + 12
	top := s.Max.Y
	s.fill(toneInk(p.stamp.badge.Tone), s.Max.X-width, top-17, s.Max.X, top)
	s.text(style, s.Max.X-width+6, top-13, badge)
	title := lettering(titleSize, true, strong)
	s.text(title, s.Min.X, top-14, s.fit(title, lettersOnly(p.Title), s.Max.X-width-8-s.Min.X))
	s.Max.Y -= headHeight
	foot := lettering(labelSize-2, false, dim)
	s.text(foot, s.Min.X, s.Min.Y, s.fit(foot, lettersOnly(p.stamp.run), s.Max.X-s.Min.X))
	s.Min.Y += footHeight
}

func toneInk(t view.Tone) ink {
	switch t {
	case view.Good:
		return rgb("good", 0x1a7f4b)
	case view.Warn:
		return rgb("warn", 0x9a6700)
	case view.Bad:
		return rgb("bad", 0xb3261e)
	}
	return grey
}
