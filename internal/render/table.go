package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"k6report/internal/render/view"
)

const (
	gap       = 2  // between two columns
	leastName = 6  // to this a name is shortened when no column can be dropped
	wholeName = 12 // the same where the whole name stands above the row
	cellMost  = 24 // no other cell is wider
)

// layout is a table on its way to a terminal: safe text and widths.
type layout struct {
	columns []view.Column
	cells   [][]view.Cell // the header is row 0
	widths  []int
}

// table draws t within width columns. Where space is short, names are
// shortened in the middle to a third of the width, then columns dropped in the
// order that the table states, then names shortened further. A painter that
// shows names whole drops a column of names last and writes those that were
// shortened above their row.
func (p painter) table(t *view.Table, width int) ([]string, error) {
	l := p.measure(t)
	l.fit(width, p.whole)
	above := make([][]string, len(l.cells))
	if p.whole {
		above = p.namesAlone(l, width)
	}
	for j := range l.columns {
		names := make([]string, len(l.cells))
		for i, row := range l.cells {
			names[i] = row[j].Text
		}
		for i, text := range shortenApart(names, l.widths[j], p.ellipsis()) {
			l.cells[i][j].Text = text
		}
	}
	l.widths = l.widths[:0]
	for j := range l.columns {
		widest := 0
		for _, row := range l.cells {
			widest = max(widest, columns(row[j].Text))
		}
		l.widths = append(l.widths, widest)
	}
	lines, err := l.lines()
	var out []string
	for i := range lines {
		out = append(out, above[i]...)
		out = append(out, l.tinted(p, lines[i], l.cells[i]))
	}
	return out, err
}

// namesAlone are lines with the names of each row that its columns have no
// room for.
func (p painter) namesAlone(l *layout, width int) [][]string {
	out := make([][]string, len(l.cells))
	for i, row := range l.cells[1:] {
		var names []view.Cell
		for j, c := range row {
			if l.columns[j].Flex && columns(c.Text) > l.widths[j] {
				names = append(names, c)
			}
		}
		out[i+1] = p.wrap(names, width, unlimited)
	}
	return out
}

func (p painter) measure(t *view.Table) *layout {
	l := &layout{columns: slices.Clone(t.Columns), cells: make([][]view.Cell, 1, len(t.Rows)+1)}
	for _, c := range t.Columns {
		l.cells[0] = append(l.cells[0], view.Cell{Text: headed(c.Name), Tone: view.Dim})
	}
	for _, row := range t.Rows {
		safe := make([]view.Cell, len(row))
		for j, c := range row {
			safe[j] = view.Cell{Text: p.text(c.Text), Tone: c.Tone}
		}
		l.cells = append(l.cells, safe)
	}
	l.widths = make([]int, len(l.columns))
	for j, c := range l.columns {
		if c.Right {
			alignPoints(l.cells[1:], j)
		}
		for _, row := range l.cells {
			l.widths[j] = max(l.widths[j], columns(row[j].Text))
		}
		if !c.Flex {
			l.widths[j] = min(l.widths[j], cellMost)
		}
	}
	return l
}

// headed is a column's name in capitals, its unit as it is.
func headed(name string) string {
	words := strings.Fields(name)
	for i, w := range words {
		if w != "ms" && w != "s" && w != "req/s" && w != "iter/s" {
			words[i] = strings.ToUpper(w)
		}
	}
	return strings.Join(words, " ")
}

// alignPoints pads the numbers of a column behind, so that their decimal
// points stand below each other when they are aligned to the right. A column
// in which units differ is left alone.
func alignPoints(rows [][]view.Cell, j int) {
	most := 0
	for _, row := range rows {
		n, ok := behindPoint(row[j].Text)
		if !ok {
			return
		}
		most = max(most, n)
	}
	for _, row := range rows {
		if n, _ := behindPoint(row[j].Text); n >= 0 {
			row[j].Text += strings.Repeat(" ", most-n)
		}
	}
}

// behindPoint is how many columns a number has from its decimal point on, -1
// for text without digits, and whether it is a number alone or no number.
func behindPoint(s string) (int, bool) {
	last := strings.LastIndexAny(s, "0123456789")
	if last < 0 {
		return -1, true
	}
	if unit := s[last+1:]; unit != "" && unit != "*" {
		return 0, false
	}
	if point := strings.LastIndexByte(s, '.'); point >= 0 {
		return len(s) - point, true
	}
	return len(s) - last - 1, true
}

func (l *layout) total() int {
	sum := gap * (len(l.widths) - 1)
	for _, w := range l.widths {
		sum += w
	}
	return sum
}

func (l *layout) fit(width int, whole bool) {
	if l.total() > width {
		l.shortHeads()
	}
	natural := slices.Clone(l.widths)
	fits := func(least int) bool {
		copy(l.widths, natural)
		l.shrink(width, least)
		return l.total() <= width
	}
	least := width / 3
	for !fits(least) {
		worst := l.givesWay(!whole || least == wholeName)
		if worst < 0 && whole && least != wholeName {
			least = wholeName
			continue
		}
		if worst < 0 {
			break
		}
		natural = slices.Delete(natural, worst, worst+1)
		l.widths = slices.Delete(l.widths, worst, worst+1)
		l.columns = slices.Delete(l.columns, worst, worst+1)
		for i := range l.cells {
			l.cells[i] = slices.Delete(l.cells[i], worst, worst+1)
		}
	}
	l.shrink(width, leastName)
	// Numbers wider than the page are nobody's real data.
	for l.total() > width && slices.Max(l.widths) > 1 {
		l.widths[slices.Index(l.widths, slices.Max(l.widths))]--
	}
}

// givesWay is the column to drop next, -1 when all have to stay.
func (l *layout) givesWay(names bool) int {
	worst, most := -1, 0
	for j, c := range l.columns {
		if c.Drop > 0 && c.Drop >= most && (names || !c.Flex) {
			worst, most = j, c.Drop
		}
	}
	return worst
}

// shortHeads takes the short names of columns that have one.
func (l *layout) shortHeads() {
	for j, c := range l.columns {
		if c.Short == "" {
			continue
		}
		l.cells[0][j].Text = headed(c.Short)
		l.widths[j] = 0
		for _, row := range l.cells {
			l.widths[j] = max(l.widths[j], columns(row[j].Text))
		}
		if !c.Flex {
			l.widths[j] = min(l.widths[j], cellMost)
		}
	}
}

// shrink takes width from the widest names until the table fits or all of
// them are down to least.
func (l *layout) shrink(width, least int) {
	for l.total() > width {
		widest := -1
		for j, c := range l.columns {
			if c.Flex && l.widths[j] > least && (widest < 0 || l.widths[j] > l.widths[widest]) {
				widest = j
			}
		}
		if widest < 0 {
			return
		}
		l.widths[widest]--
	}
}

// lines lets tablewriter put the cells together. Their widths are settled, so
// it must neither wrap nor trim, nor measure by the locale.
func (l *layout) lines() ([]string, error) {
	var b bytes.Buffer
	align := make([]tw.Align, len(l.columns))
	for j, c := range l.columns {
		align[j] = tw.AlignLeft
		if c.Right {
			align[j] = tw.AlignRight
		}
	}
	format := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
		Padding:    tw.CellPadding{Global: tw.Padding{Left: tw.Empty, Right: strings.Repeat(" ", gap), Overwrite: true}},
	}
	table := tablewriter.NewTable(&b,
		tablewriter.WithConfig(tablewriter.Config{
			Header:   format,
			Row:      format,
			Behavior: tw.Behavior{TrimSpace: tw.Off, TrimLine: tw.Off, TrimTab: tw.Off},
		}),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbolCustom("none"),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithEastAsian(tw.Off),
	)
	row := func(cells []view.Cell) []string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = c.Text
		}
		return out
	}
	table.Header(row(l.cells[0]))
	for _, cells := range l.cells[1:] {
		if err := table.Append(row(cells)); err != nil {
			return nil, fmt.Errorf("lay out a table: %w", err)
		}
	}
	if err := table.Render(); err != nil {
		return nil, fmt.Errorf("lay out a table: %w", err)
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) != len(l.cells) {
		return nil, fmt.Errorf("lay out a table: %d lines for %d rows", len(lines), len(l.cells))
	}
	return lines, nil
}

// tinted colours the cells of a line and takes the space at its end away. It
// does so after the layout, since tablewriter adds codes of its own to a cell
// that has any.
func (l *layout) tinted(p painter, line string, row []view.Cell) string {
	var b strings.Builder
	for j, c := range row {
		end, width := 0, l.widths[j]
		for end < len(line) && width > 0 {
			r, size := utf8.DecodeRuneInString(line[end:])
			width -= columns(string(r))
			end += size
		}
		// Marks belong to the letter before them.
		for end < len(line) && line[end] != ' ' {
			_, size := utf8.DecodeRuneInString(line[end:])
			end += size
		}
		text := strings.TrimSpace(line[:end])
		before, after, _ := strings.Cut(line[:end], text)
		b.WriteString(before + p.tint(text, c.Tone) + after)
		rest := min(end+gap, len(line))
		b.WriteString(line[end:rest])
		line = line[rest:]
	}
	return strings.TrimRight(b.String(), " ")
}
