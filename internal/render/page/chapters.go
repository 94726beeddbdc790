package page

import (
	"encoding/json"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"k6report/internal/render/chart"
	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// chapter is a part of the page with a heading.
type chapter struct {
	ID, Title string
	Blocks    []block
}

// block is a section of the report's view, or a row of pictures.
type block struct {
	Title    string
	Folded   bool // behind a line that opens it
	Summary  []cell
	Facts    []facts
	Lines    []facts
	Later    []facts // lines below the table
	Notes    []note
	Table    *table
	Command  string
	Pictures []picture
}

type facts struct {
	Mark  cell
	Label string
	Parts []cell
}

type note struct {
	Code, Text string
	Tone       view.Tone
}

type table struct {
	ID, Label        string
	Sortable, Filter bool
	Long, Extra      bool // it has rows or columns that are shown when asked for
	Columns          []column
	Rows             [][]cell
	Foot             string
}

type column struct {
	Name  string
	Right bool // numbers
	Still bool // drawings, which nobody sorts by
	// Numbered says that its cells are sorted by their Number, not by their text.
	Numbered bool
	Class    string // of other cells
	// Room says where the column has none, as a class of the style: "x" where it
	// is not asked for, "w" on phones and paper, "n" on phones.
	Room string
}

// Head are the classes of the column's head.
func (c column) Head() string {
	kind := ""
	switch {
	case c.Right:
		kind = "num"
	case c.Still:
		kind = "still"
	}
	return strings.TrimSpace(kind + " " + c.Room)
}

type picture struct {
	ID, Title, Text string
	SVG             template.HTML
	Data            json.RawMessage
}

// part says what a chapter holds, by the IDs of sections and pictures.
type part struct {
	id, title          string
	sections, pictures []string
}

// order is the order of the page: which sections and pictures stand in which
// chapter. A section that is named nowhere stands in the last; a picture stands
// in the first that is there of those that name it. What the tables show as
// well, endpoints and components, they draw themselves.
var order = []part{
	{"compared", "Against the baseline", []string{"comparison"}, []string{chart.Shift, chart.Distribution}},
	{"why", "Why", []string{"attribution"}, []string{chart.Delta, chart.Attribution}},
	{"validity", "Load and validity", []string{"load", "levels"}, nil},
	{"time", "Over time", nil, []string{chart.Latency, chart.Distribution, chart.VUs, chart.Errors}},
	{"endpoints", "Endpoints", []string{"endpoints"}, nil},
	{"users", "Personas and tenants", []string{"personas", "tenants", "scenarios", "dimension"}, nil},
	{"capacity", "Capacity", nil, []string{chart.Saturation}},
	{"soak", "Soak", []string{"soak"}, nil},
	{"errors", "Errors", []string{"errors"}, nil},
	{"targets", "Targets", []string{"thresholds", "service_levels", "checks", "groups"}, nil},
	{"trend", "Trend", []string{"trend"}, []string{chart.Trend}},
	{"notes", "Notes", []string{"notes"}, nil},
	{"method", "Method and data", nil, nil},
}

// folded are sections that few readers open.
var folded = []string{"metrics", "groups", "sources", "method"}

// orderOf is the order of the report's page: an answer that isn't there, for want
// of what it is found in, does not stand before those that are.
func orderOf(r *report.Report) []part {
	if r.Attribution == nil || r.Attribution.Status != report.AttrNoData {
		return order
	}
	var out []part
	var why part
	for _, o := range order {
		switch o.id {
		case "why":
			why = o
			continue
		case "notes":
			out = append(out, why)
		}
		out = append(out, o)
	}
	return out
}

func chapters(r *report.Report, sections []view.Section) []chapter {
	pictures := chart.Pictures(r)
	placed := make(map[string]bool)
	var out []chapter
	for i, o := range orderOf(r) {
		c := chapter{ID: o.id, Title: o.title}
		for _, s := range sections {
			if slices.Contains(o.sections, s.ID) || i == len(order)-1 && !placed[s.ID] && s.ID != "time" {
				placed[s.ID] = true
				c.Blocks = append(c.Blocks, newBlock(r, s, c.Title))
			}
		}
		if o.id == "compared" && len(c.Blocks) == 0 {
			continue // a distribution by itself compares nothing
		}
		if row := drawn(pictures, o.pictures, placed); len(row.Pictures) > 0 {
			c.Blocks = append(c.Blocks, row)
		}
		if i == len(order)-1 {
			c.Blocks = append(c.Blocks, reproduce(r)...)
		}
		if len(c.Blocks) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func drawn(pictures []chart.Picture, ids []string, placed map[string]bool) block {
	var b block
	for _, id := range ids {
		i := slices.IndexFunc(pictures, func(p chart.Picture) bool { return p.ID == id })
		if i < 0 || placed["picture "+id] {
			continue
		}
		placed["picture "+id] = true
		p := &pictures[i]
		shown := picture{ID: p.ID, Title: plain.Line(p.Title), Text: plain.Short(p.Text, longestText), SVG: template.HTML(p.SVG())} //nolint:gosec // chart escapes what it is given
		if p.Data != nil {
			if data, err := json.Marshal(p.Data); err == nil { // which escapes <, > and &
				shown.Data = data
			}
		}
		b.Pictures = append(b.Pictures, shown)
	}
	return b
}

func newBlock(r *report.Report, s view.Section, chapter string) block {
	b := block{
		Title:   plain.Short(s.Title, longestName),
		Folded:  slices.Contains(folded, s.ID) || quiet(r, s),
		Summary: summary(s),
	}
	if b.Title == chapter && !b.Folded {
		b.Title = ""
	}
	if len(b.Summary) > 0 && !b.Folded { // it stands in a line of its own
		b.Summary[0].Text = view.Sentence(r, b.Summary[0].Text)
	}
	if s.ID == "notes" {
		b.Title, b.Notes = "", notes(r)
		return b
	}
	for _, l := range s.Lines {
		f := facts{Mark: clean(l.Mark), Label: plain.Short(l.Label, longestName), Parts: cleanAll(l.Parts)}
		switch {
		case l.Spark != nil && len(f.Parts) == 0:
		case l.Later && s.Table != nil:
			b.Later = append(b.Later, f)
		case f.Label == "":
			b.Lines = append(b.Lines, f)
		default:
			b.Facts = append(b.Facts, f)
		}
	}
	if s.Table != nil {
		b.Table = newTable(r, s)
	}
	return b
}

// quiet reports whether a section only says at length that all is well, which
// its summary says in a line.
func quiet(r *report.Report, s view.Section) bool {
	switch s.ID {
	case "thresholds", "service_levels", "checks":
		const short = 5
		return s.Table != nil && len(s.Table.Rows) > short && len(s.Summary) > 0 && s.Summary[0].Tone == view.Good
	case "soak":
		return r.Soak != nil && !slices.ContainsFunc(r.Soak.Findings, func(f report.SoakFinding) bool { return f.Drifts })
	}
	return false
}

// summary is what a section says of itself.
func summary(s view.Section) []cell {
	if s.Told != nil {
		return cleanAll(s.Told)
	}
	return cleanAll(s.Summary)
}

func notes(r *report.Report) []note {
	var out []note
	for _, n := range r.Notes {
		tone := view.Dim
		switch n.Severity {
		case report.Invalid, report.Error:
			tone = view.Bad
		case report.Warning:
			tone = view.Warn
		case report.Info:
		}
		text := plain.Short(n.Message, longestText)
		if n.Where != "" {
			text += " (" + plain.Short(n.Where, longestName) + ")"
		}
		out = append(out, note{plain.Short(n.Code, longestName), text, tone})
	}
	return out
}

func newTable(r *report.Report, s view.Section) *table {
	t := &table{
		ID: "table-" + s.ID, Label: plain.Short(s.Title, longestName), Sortable: len(s.Table.Rows) > 1, Filter: len(s.Table.Rows) > 12,
		Foot: plain.Short(s.Table.Foot, longestText),
	}
	if s.ID == "dimension" { // of which there may be several
		t.ID, t.Filter = "", false
	}
	named := false
	for _, c := range s.Table.Columns {
		shown := column{Name: plain.Short(c.Name, longestName), Right: c.Right, Numbered: c.Numbers != nil}
		switch {
		case c.Flex && !named:
			named, shown.Class = true, "name"
		case c.Flex:
			shown.Class = "text"
		}
		t.Columns = append(t.Columns, shown)
	}
	for i, row := range s.Table.Rows {
		var cells []cell
		for j, c := range row {
			shown := cleanName(c)
			if numbers := s.Table.Columns[j].Numbers; numbers != nil {
				shown.Number = decimal(numbers[i])
			}
			cells = append(cells, shown)
		}
		t.Rows = append(t.Rows, cells)
	}
	t.widen()
	const manyRows = 40 // of which the style shows the first 30
	t.Long = t.ID != "" && len(t.Rows) > manyRows
	switch s.ID {
	case "comparison":
		t.arrange([]string{"", "verdict", "endpoint", "change", "statistic", "now", "baseline"}) // a phone has room for three or four
	case "endpoints":
		t.number(r)
		t.changes(r)
		t.percentiles(r)
		t.arrange(endpointOrder)
		t.room()
	case "attribution":
		t.shares(r)
	}
	return t
}

// decimal is a number for the page's script, empty where there is none.
func decimal(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// longText is from how many letters on a column of text may break its lines.
const longText = 28

// widen finds the columns of text that need room and may break their lines.
func (t *table) widen() {
	for j := range t.Columns {
		if t.Columns[j].Class == "text" && slices.ContainsFunc(t.Rows, func(row []cell) bool { return utf8.RuneCountInString(row[j].Text) > longText }) {
			t.Columns[j].Class = "long"
		}
	}
}

// reproduce is the data and the command that make this report again.
func reproduce(r *report.Report) []block {
	if len(r.Run.Sources) == 0 {
		return nil
	}
	command := "k6report analyze"
	for _, s := range r.Run.Sources {
		command += " " + quoted(plain.Line(s.Name))
	}
	return []block{{Title: "The same report again", Command: command}}
}

// quoted is a word for a shell.
func quoted(word string) string {
	safe := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:=@%+,", c)
	}
	if word != "" && strings.IndexFunc(word, func(c rune) bool { return !safe(c) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
