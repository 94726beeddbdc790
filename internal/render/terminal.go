// Package render turns a report into what people and machines read: the
// terminal view, pages, pictures and machine formats. A renderer takes a
// report and writes bytes. It computes nothing about the run, changes nothing
// in the report and treats every string in it as hostile.
package render

import (
	"fmt"
	"io"
	"strings"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// Bounds of TerminalOptions.Width.
const (
	DefaultWidth = 100
	leastWidth   = 60
	mostWidth    = 400
	proseWidth   = 116 // wider text is hard to read

	unlimited = 1000 // lines: more than any text that plain lets through
)

// TerminalOptions say what the terminal can show.
type TerminalOptions struct {
	// Width is the terminal's in columns; 0 is DefaultWidth, with Verbose as
	// wide as tables need, for files. What is out of 60 … 400 is brought there.
	Width int
	// ASCII keeps to seven bits: other characters are escaped (\u00e9).
	ASCII bool
	// Color allows escape sequences for colour, and nothing else does.
	Color bool
	// Verbose shows all rows and sections instead of a screenful, and every
	// name to its end whatever the Width: one that its column has no room for
	// stands on lines of its own above its row.
	Verbose bool
	// Sections names those to be shown by their IDs; empty: all.
	Sections []string
}

// Terminal writes the report for people at a terminal, the verdict first.
// Text from the report can't leave its line: no control character, escape
// sequence or bidirectional control passes, and no line is wider than Width.
func Terminal(w io.Writer, r *report.Report, opts TerminalOptions) error {
	switch {
	case opts.Width == 0 && opts.Verbose:
		opts.Width = mostWidth
	case opts.Width == 0:
		opts.Width = DefaultWidth
	}
	opts.Width = min(max(opts.Width, leastWidth), mostWidth)
	t := &terminal{painter: newPainter(opts), opts: opts}
	t.verdict(r)
	for _, s := range view.Sections(r, view.Options{All: opts.Verbose, Only: opts.Sections}) {
		if err := t.section(s); err != nil {
			return fmt.Errorf("write the terminal view: %w", err)
		}
	}
	if _, err := io.WriteString(w, t.out.String()+"\n"); err != nil {
		return fmt.Errorf("write the terminal view: %w", err)
	}
	return nil
}

type terminal struct {
	painter
	opts TerminalOptions
	out  strings.Builder
	// airy says that the next section wants a blank line before it.
	airy bool
}

func (t *terminal) line(indent int, s string) {
	if s != "" {
		t.out.WriteString(strings.Repeat(" ", indent))
	}
	t.out.WriteString(s)
	t.out.WriteByte('\n')
}

func (t *terminal) verdict(r *report.Report) {
	badge, width := t.badge(view.Badge(r.Verdict.Status))
	indent := width + gap
	t.line(0, "")
	lines := t.wrap([]view.Cell{{Text: r.Verdict.Headline, Tone: view.Strong}}, t.prose()-indent, t.most(false))
	for i, l := range lines {
		if i == 0 {
			t.line(0, badge+strings.Repeat(" ", gap)+l)
		} else {
			t.line(indent, l)
		}
	}
	if len(lines) == 0 {
		t.line(0, badge)
	}
	t.airy = true
}

func (t *terminal) prose() int { return min(t.opts.Width, proseWidth) }

// section writes one section. Those of a single line stand together, others
// have a blank line around.
func (t *terminal) section(s view.Section) error {
	body := len(s.Lines) > 0 || s.Table != nil
	if t.airy || body {
		t.line(0, "")
	}
	t.airy = body
	if s.Title != "" {
		t.heading(s)
	}
	above, below := s.Around()
	t.facts(s, above)
	if s.Table == nil {
		return nil
	}
	lines, err := t.table(s.Table, t.opts.Width-2)
	if err != nil {
		return err
	}
	for _, l := range lines {
		t.line(2, l)
	}
	for _, note := range []string{s.Table.More, s.Table.Foot} {
		if note != "" {
			t.line(2, t.tint(shorten(t.text(note), t.opts.Width-2, t.ellipsis()), view.Dim))
		}
	}
	t.facts(s, below)
	return nil
}

const titleWidth = 14

func (t *terminal) heading(s view.Section) {
	title := shorten(t.text(s.Title), 40, t.ellipsis())
	indent := max(titleWidth, columns(title)) + gap
	head := t.tint(title, view.Strong) + strings.Repeat(" ", indent-columns(title))
	lines := t.wrap(s.Summary, t.prose()-1-indent, t.most(false))
	if len(lines) == 0 {
		lines = []string{""}
	}
	for i, l := range lines {
		if i == 0 {
			t.line(1, strings.TrimRight(head+l, " "))
		} else {
			t.line(1+indent, l)
		}
	}
}

// most is how many lines one fact may take.
func (t *terminal) most(whole bool) int {
	if t.opts.Verbose || whole {
		return unlimited
	}
	return 3
}

// labelWidth is where the facts of a section begin: as far in as those of the
// sections above, if their labels allow it.
func (t *terminal) labelWidth(s view.Section) int {
	widest := 0
	for _, l := range s.Lines {
		widest = max(widest, columns(t.text(l.Label)))
	}
	if s.Title == "" {
		return min(max(widest, titleWidth), t.prose()/3)
	}
	return min(max(widest, titleWidth-2), t.prose()/3)
}

// facts writes lines of a section.
func (t *terminal) facts(s view.Section, lines []view.Line) {
	indent, labels := 3, t.labelWidth(s)
	if s.Title == "" {
		indent = 1
	}
	for _, l := range lines {
		head, at := t.label(l, labels)
		if t.opts.Verbose && columns(t.text(l.Label)) > labels {
			t.nameAlone(l, indent)
			head = strings.Repeat(" ", at)
		}
		at += indent
		if l.Spark != nil {
			width := min(t.prose()-at-gap-24, 72, len(l.Spark.Y))
			head += t.spark(l.Spark, width) + strings.Repeat(" ", gap)
			at += width + gap
		}
		parts := t.wrap(l.Parts, t.prose()-at, t.most(l.Whole))
		if len(parts) == 0 {
			parts = []string{""}
		}
		t.line(indent, strings.TrimRight(head+parts[0], " "))
		for _, more := range parts[1:] {
			t.line(at, more)
		}
	}
}

// nameAlone writes a label that its column has no room for.
func (t *terminal) nameAlone(l view.Line, indent int) {
	mark := shorten(t.text(l.Mark.Text), 2, "")
	if mark != "" {
		mark = t.tint(mark, l.Mark.Tone) + strings.Repeat(" ", 3-columns(mark))
		indent += 3
	}
	for i, name := range t.wrap([]view.Cell{{Text: l.Label, Tone: view.Dim}}, t.opts.Width-indent, unlimited) {
		if mark != "" && i == 0 {
			t.line(indent-3, mark+name)
		} else {
			t.line(indent, name)
		}
	}
}

// label is what stands before a fact and how wide it is; nothing where the
// fact has neither mark nor label.
func (t *terminal) label(l view.Line, width int) (string, int) {
	mark, label := shorten(t.text(l.Mark.Text), 2, ""), shorten(t.text(l.Label), width, t.ellipsis())
	if mark == "" && label == "" {
		return "", 0
	}
	head, at := t.tint(label, view.Dim)+strings.Repeat(" ", width+gap-columns(label)), width+gap
	if mark != "" {
		head, at = t.tint(mark, l.Mark.Tone)+strings.Repeat(" ", 3-columns(mark))+head, at+3
	}
	return head, at
}
