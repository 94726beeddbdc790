package chart

import (
	"image/color"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ink is a colour with a name. A picture in a page carries the name as a
// class, so that the page can recolour it for a dark ground; everywhere else
// the colour counts.
type ink struct {
	color.NRGBA
	class string
}

func rgb(class string, hex uint32) ink {
	return ink{color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}, class}
}

// as is the same colour under another class, for what a script looks for.
func (i ink) as(class string) ink {
	i.class += " " + class
	return i
}

// xClass is what a page's script finds by that stands at a place on the x axis,
// which is elsewhere once a stretch is shown alone.
const xClass = "xt"

// The colours of data are Okabe and Ito's, which people with any of the common
// colour deficiencies tell apart (https://jfly.uni-koeln.de/color/).
var (
	ground = rgb("g0", 0xffffff)
	strong = rgb("t0", 0x1a1f24) // titles
	dim    = rgb("t1", 0x57606a) // labels
	faint  = rgb("t2", 0xe3e6ea) // grid
	rule   = rgb("t3", 0x9aa3ad) // axes, marks

	blue   = rgb("c0", 0x0072b2)
	orange = rgb("c1", 0xd55e00)
	green  = rgb("c2", 0x009e73)
	amber  = rgb("c3", 0xe69f00)
	sky    = rgb("c4", 0x56b4e9)
	pink   = rgb("c5", 0xcc79a7)
	grey   = rgb("c6", 0x7f8790)
	light  = rgb("c7", 0xc3c9d0)
	dark   = rgb("c8", 0x4b535c)
)

// series are the colours of lines and bars that stand for nothing else.
func series(i int) ink {
	list := [...]ink{blue, orange, green, amber, sky, pink, grey}
	return list[i%len(list)]
}

// boldWeight is the weight of titles.
const boldWeight = xfont.WeightBold

// Sizes in points. A page shows a picture at 1 point = 1 CSS pixel or
// smaller, down to a phone's width.
const (
	titleSize  = 13
	labelSize  = 11
	lineWidth  = 1.8
	hairline   = 0.75
	pixelScale = 216 // dots per inch of PNGs: three pixels a point
)

// typeface holds the fonts of all pictures. They are parsed when the first picture
// is drawn: most invocations draw none. There are two: gonum's collection of
// Liberation fonts has twelve, all of them in the program.
var typeface = sync.OnceValue(func() text.Plain {
	return text.Plain{Fonts: font.NewCache(font.Collection{
		parsed(lettersOf(false), liberationsansregular.TTF),
		parsed(lettersOf(true), liberationsansbold.TTF),
	})}
})

// parsed is a font that comes with the program.
func parsed(f font.Font, file []byte) font.Face {
	face, err := opentype.Parse(file)
	if err != nil {
		panic("a font that comes with the program: " + err.Error())
	}
	return font.Face{Font: f, Face: face}
}

// lettersOf names one of the two fonts.
func lettersOf(bold bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if bold {
		f.Weight = boldWeight
	}
	return f
}

func lettering(size float64, bold bool, c ink) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.From(lettersOf(bold), vg.Length(size)),
		XAlign:  draw.XLeft,
		YAlign:  draw.YBottom,
		Handler: typeface(),
	}
}

func line(c ink, width float64) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: vg.Length(width)}
}
