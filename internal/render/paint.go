package render

import (
	"math"
	"strings"

	"github.com/fatih/color"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
)

// painter makes text from a report fit for one kind of terminal: safe, in
// seven bits if need be, coloured if wanted. Everything printed goes through
// it.
type painter struct {
	ascii bool
	// whole breaks words and names that are too long instead of shortening
	// them.
	whole  bool
	colors map[view.Tone]*color.Color
	badges map[view.Tone]*color.Color
}

func newPainter(opts TerminalOptions) painter {
	p := painter{
		ascii: opts.ASCII,
		whole: opts.Verbose,
		colors: map[view.Tone]*color.Color{
			view.Strong: color.New(color.Bold),
			view.Dim:    color.New(color.Faint),
			view.Good:   color.New(color.FgGreen),
			view.Warn:   color.New(color.FgYellow),
			view.Bad:    color.New(color.FgRed, color.Bold),
		},
		badges: map[view.Tone]*color.Color{
			view.Good: color.New(color.BgGreen, color.FgBlack, color.Bold),
			view.Warn: color.New(color.BgYellow, color.FgBlack, color.Bold),
			view.Bad:  color.New(color.BgRed, color.FgHiWhite, color.Bold),
		},
	}
	for _, set := range []map[view.Tone]*color.Color{p.colors, p.badges} {
		for _, c := range set {
			if opts.Color {
				c.EnableColor()
			} else {
				c.DisableColor()
			}
		}
	}
	return p
}

// text is s made safe.
func (p painter) text(s string) string {
	s = plain.Line(s)
	if p.ascii {
		s = ascii(s)
	}
	return s
}

// tint colours what text has made safe.
func (p painter) tint(s string, tone view.Tone) string {
	if c := p.colors[tone]; c != nil && s != "" {
		return c.Sprint(s)
	}
	return s
}

// badge is a word on a coloured ground and how wide it is.
func (p painter) badge(c view.Cell) (string, int) {
	word := " " + shorten(p.text(c.Text), 24, p.ellipsis()) + " "
	if p.ascii {
		word = "[" + strings.TrimSpace(word) + "]"
	}
	return p.badges[c.Tone].Sprint(word), columns(word)
}

func (p painter) ellipsis() string {
	if p.ascii {
		return "..."
	}
	return "…"
}

// spark draws a series in so many columns, from 0 or its minimum to its maximum;
// a gap is a space.
func (p painter) spark(s *view.Spark, width int) string {
	steps := []rune("▁▂▃▄▅▆▇█")
	if p.ascii {
		steps = []rune("_.-:=+*#")
	}
	cells := squeeze(s.Y, width, s.Lowest)
	bottom, top := 0.0, 0.0
	if s.Zoomed {
		bottom, top = zoom(cells)
	}
	for _, v := range cells {
		if v == v {
			top = max(top, v)
		}
	}
	var b strings.Builder
	for _, v := range cells {
		switch {
		case v != v:
			b.WriteByte(' ')
		case top == bottom:
			b.WriteRune(steps[0])
		default:
			b.WriteRune(steps[min(max(int((v-bottom)/(top-bottom)*float64(len(steps))), 0), len(steps)-1)])
		}
	}
	return p.tint(b.String(), s.Tone)
}

// zoom is the range to draw a series in that is not drawn from 0: its own, but
// at least a tenth of its values, so that noise of a percent looks flat.
func zoom(y []float64) (bottom, top float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range y {
		if v == v {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		return 0, 0
	}
	if least := 0.1 * math.Abs(high); high-low < least {
		middle := (low + high) / 2
		low, high = middle-least/2, middle+least/2
	}
	return low, high
}

// squeeze brings a series to at most width points, the highest or the lowest
// of those that share one.
func squeeze(y []float64, width int, lowest bool) []float64 {
	if len(y) <= width {
		return y
	}
	out := make([]float64, width)
	for i := range out {
		from, to := i*len(y)/width, (i+1)*len(y)/width
		out[i] = y[from]
		for _, v := range y[from:to] {
			if out[i] != out[i] || v == v && (lowest && v < out[i] || !lowest && v > out[i]) {
				out[i] = v
			}
		}
	}
	return out
}
