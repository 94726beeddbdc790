package chart

import (
	"gonum.org/v1/plot/vg"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// The identifiers of pictures; files are named after them.
const (
	Latency      = "latency"
	Errors       = "errors"
	VUs          = "vus"
	Endpoints    = "endpoints"
	Distribution = "distribution"
	Shift        = "shift"
	Components   = "components"
	Attribution  = "attribution"
	Delta        = "delta"
	Saturation   = "saturation"
	Trend        = "trend"
)

// IDs are all identifiers, in the order of [Pictures].
func IDs() []string {
	return []string{Latency, Errors, VUs, Endpoints, Distribution, Shift, Components, Attribution, Delta, Saturation, Trend}
}

// Width is that of all pictures as files, in points. In a page they are
// narrower, so that their letters are of the page's size on a desktop and can
// still be read on a phone.
const (
	Width     = 520
	PageWidth = 460
)

// Pictures are all that the report has data for, in the order of the page. A
// run too short for a course over time still has what is left.
func Pictures(r *report.Report) []Picture {
	makers := []func(*report.Report) *Picture{
		latencyPicture, errorsPicture, vusPicture, endpointsPicture, distributionPicture, shiftPicture,
		componentsPicture, attributionPicture, deltaPicture, saturationPicture, trendPicture,
	}
	st := stamp{badge: view.Badge(r.Verdict.Status), run: runLine(r)}
	var out []Picture
	for _, draw := range makers {
		p := draw(r)
		if p == nil {
			continue
		}
		p.width = Width
		p.stamp = st
		out = append(out, *p)
	}
	return out
}

// runLine names the run below a picture.
func runLine(r *report.Report) string {
	text := r.Run.ID
	if !r.Run.Started.IsZero() {
		text += " · " + view.Moment(r.Run.Started)
	}
	return text + " · k6report"
}

// inksOf are the colours of a chart's lines: those given, then the usual ones.
func inksOf(c *report.Chart, inks ...ink) []ink {
	for i := len(inks); i < len(c.Series); i++ {
		inks = append(inks, series(i))
	}
	return inks
}

// entries are a legend of a chart's lines in the order of their colours.
func entries(c *report.Chart, inks []ink) []entry {
	var out []entry
	for i := range c.Series {
		out = append(out, entry{name: lettersOnly(c.Series[i].Name), ink: inks[i]})
	}
	return out
}

// place notes where a panel's data are drawn, for the page's script.
func (s *sheet) place(p *panel, bottom vg.Length, height vg.Length) {
	if s.data == nil {
		return
	}
	s.data.Area = [4]float64{
		round1(p.area.Min.X), round1(height - p.area.Max.Y), round1(p.area.Max.X), round1(height - bottom),
	}
	s.data.XRange = [2]float64{p.x.min, p.x.max}
	s.data.XLog = p.x.log
}

func round1(l vg.Length) float64 { return float64(int(l*10+0.5)) / 10 }
