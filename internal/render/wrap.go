package render

import (
	"strings"

	"k6report/internal/render/view"
)

// wrap sets parts one after the other, dots between them, in lines of at most
// width columns. A part that fits a line of its own isn't broken; what is
// longer breaks between words. After most lines the rest is left out.
func (p painter) wrap(parts []view.Cell, width, most int) []string {
	w := wrapper{painter: p, width: max(width, 8), most: most}
	dot := "·"
	if p.ascii {
		dot = "|"
	}
	first := true
	for _, part := range parts {
		text := p.text(part.Text)
		if text == "" {
			continue
		}
		if len(w.lines) >= most {
			break
		}
		need := columns(text)
		switch {
		case first:
		case w.used+3+need <= w.width, need > w.width && w.used+12 <= w.width:
			w.put(" "+dot+" ", view.Dim)
		default:
			if w.end(); len(w.lines) >= most {
				return w.lines
			}
		}
		first = false
		w.words(text, part.Tone)
	}
	if w.used > 0 {
		w.end()
	}
	return w.lines
}

// wrapper collects lines.
type wrapper struct {
	painter
	width, most int
	lines       []string
	line        strings.Builder
	used        int
}

func (w *wrapper) put(s string, tone view.Tone) {
	w.line.WriteString(w.tint(s, tone))
	w.used += columns(s)
}

func (w *wrapper) end() {
	w.lines = append(w.lines, strings.TrimRight(w.line.String(), " "))
	w.line.Reset()
	w.used = 0
}

// fitting are the words of text, none wider than a line.
func (w *wrapper) fitting(text string) []string {
	var out []string
	for word := range strings.FieldsSeq(text) {
		if !w.whole {
			out = append(out, shorten(word, w.width, w.ellipsis()))
			continue
		}
		for rest := letters(word); len(rest) > 0; {
			piece := take(rest, w.width)
			piece = rest[:max(len(piece), 1)]
			out = append(out, strings.Join(piece, ""))
			rest = rest[len(piece):]
		}
	}
	return out
}

// words sets text, taking a new line between words where it must. Words in
// a row are tinted together, for colour changes clutter logs.
func (w *wrapper) words(text string, tone view.Tone) {
	run := ""
	for _, word := range w.fitting(text) {
		joined := word
		if run != "" {
			joined = run + " " + word
		}
		if w.used+columns(joined) <= w.width {
			run = joined
			continue
		}
		if len(w.lines) == w.most-1 { // the last line says that there is more
			rest := w.width - w.used
			w.put(shorten(joined+" "+w.ellipsis(), rest, w.ellipsis()), tone)
			w.end()
			return
		}
		if run != "" {
			w.put(run, tone)
		}
		w.end()
		run = word
	}
	w.put(run, tone)
}
