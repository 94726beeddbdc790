package view

import (
	"slices"

	"k6report/internal/report"
)

// Tone is what a piece of text means; each renderer has its own colours.
type Tone int

// The tones.
const (
	Normal Tone = iota
	Strong
	Dim
	Good
	Warn
	Bad
)

// Cell is a piece of text, not yet safe for any output.
type Cell struct {
	Text string
	Tone Tone
}

// Column says how a table's column is to be drawn.
type Column struct {
	Name  string
	Short string // the name where space is short; empty: there is none
	Right bool   // numbers, aligned by their decimal points where possible
	// Drop is the order in which columns give way where space is short:
	// the highest goes first, 0 never does.
	Drop int
	Flex bool // a name, which may be shortened in its middle
	// Numbers are what the rows are sorted by, from the first row on, where their
	// texts have units of their own: nil for a row without. None: the texts tell.
	Numbers []*float64
}

// Table is rows of as many cells as there are columns.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	// More says what was left out, Foot explains marks; empty: nothing.
	More string
	Foot string
}

// sortedBy notes what one row after the other is sorted by, by the names of the
// columns.
func (t *Table) sortedBy(row map[string]*float64) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if v, ok := row[c.Name]; ok {
			c.Numbers = append(c.Numbers, v)
		}
	}
}

// Line is a fact: a label and some pieces, or text alone where the label is
// empty.
type Line struct {
	Mark  Cell // a sign before the label, or nothing
	Label string
	Parts []Cell
	Spark *Spark // drawn before the parts
	// Whole says that the line is shown to its end, however long it is.
	Whole bool
	// Later says that the line adds to the table, if there is one, and stands
	// below it.
	Later bool
	// Verbatim says that the parts are names and values as they were given, not
	// sentences: each is one word, whatever it holds.
	Verbatim bool
}

// Spark is a small picture of a series over time, from 0 to its maximum.
type Spark struct {
	Y report.Points
	// Lowest says that of several points drawn as one the lowest counts
	// (throughput), not the highest (latency).
	Lowest bool
	// Zoomed draws from the lowest point instead of from 0: for what changes by a
	// few percent.
	Zoomed bool
	Tone   Tone
}

// Section is one part of the page: a title with a sentence, facts, a table.
type Section struct {
	ID      string // stable: "endpoints", "thresholds" …
	Title   string
	Summary []Cell
	// Told is the summary for where the title does not stand before it: a number
	// with its noun, or nothing where there is but a count. Nil: Summary serves.
	Told  []Cell
	Lines []Line
	Table *Table
}

// Around are the lines above and below the table; all are above where there is
// none.
func (s Section) Around() (above, below []Line) {
	for _, l := range s.Lines {
		if l.Later && s.Table != nil {
			below = append(below, l)
		} else {
			above = append(above, l)
		}
	}
	return above, below
}

// Options say how much is shown.
type Options struct {
	// All shows every row and section; otherwise what went well is summed up
	// and long tables are cut.
	All bool
	// Only names the sections to be shown by their IDs; empty: all.
	Only []string
}

// Sections are everything below the verdict in the order of the page. A
// section that the report has nothing for isn't there.
func Sections(r *report.Report, opts Options) []Section {
	var out []Section
	add := func(s Section) {
		if s.ID != "" && (len(opts.Only) == 0 || slices.Contains(opts.Only, s.ID)) {
			out = append(out, s)
		}
	}
	add(load(r))
	add(overTime(r))
	add(comparison(r, opts))
	add(shift(r, opts))
	add(attribution(r, opts))
	add(endpoints(r, opts))
	add(levels(r, opts))
	add(soak(r, opts))
	add(trend(r, opts))
	add(thresholds(r, opts))
	add(serviceLevels(r, opts))
	add(checks(r, opts))
	add(failures(r, opts))
	add(parts("tenants", "Tenants", r.Run.Tenants, fairness(r), opts))
	add(parts("personas", "Personas", r.Run.Personas, nil, opts))
	if len(r.Run.Scenarios) > 1 || opts.All {
		add(parts("scenarios", "Scenarios (iterations)", r.Run.Scenarios, nil, opts))
	}
	for _, d := range r.Run.Dimensions {
		add(parts("dimension", "By "+d.Name, d.Rows, nil, opts))
	}
	if opts.All {
		add(parts("groups", "Groups", r.Run.Groups, nil, opts))
		add(metrics(r))
		add(facts(r))
	}
	add(notes(r, opts))
	if opts.All {
		add(method(r))
	}
	return out
}

// Badge is the verdict in a word.
func Badge(s report.Status) Cell {
	switch s {
	case report.Regressed:
		return Cell{"REGRESSED", Bad}
	case report.ThresholdFailed:
		return Cell{"THRESHOLD FAILED", Bad}
	case report.RunInvalid:
		return Cell{"INVALID", Bad}
	case report.NotComparable:
		return Cell{"NOT COMPARABLE", Warn}
	case report.Suspected:
		return Cell{"SUSPECTED", Warn}
	case report.Inconclusive:
		return Cell{"INCONCLUSIVE", Warn}
	case report.Improved:
		return Cell{"IMPROVED", Good}
	case report.Passed:
		return Cell{"PASSED", Good}
	}
	return Cell{string(s), Warn}
}

// Mark is the sign of a judgement: met, failed or not judged.
func Mark(ok *bool) Cell {
	switch {
	case ok == nil:
		return Cell{"?", Warn}
	case *ok:
		return Cell{"✓", Good}
	}
	return Cell{"✗", Bad}
}

// markRaised is that of a target; where the load was raised until some failed,
// that is no failure.
func markRaised(ok *bool, raised bool) Cell {
	c := Mark(ok)
	if raised && c.Tone == Bad {
		c.Tone = Normal
	}
	return c
}

// cut is the first limit rows and what to say of the rest; all rows when
// there is no more than one row to leave out, which would save nothing.
func cut(rows [][]Cell, limit int, what string, opts Options) ([][]Cell, string) {
	if opts.All || len(rows) <= limit+1 {
		return rows, ""
	}
	return rows[:limit], "… and " + Count(int64(len(rows)-limit)) + " more " + what + " (-v shows all)"
}

func cell(text string, tone Tone) Cell { return Cell{text, tone} }

func number(v *float64, places int) Cell {
	if v == nil {
		return Cell{Absent, Dim}
	}
	return Cell{Number(*v, places), Normal}
}

// rate is a fraction as a percentage without the sign; nothing is dim and
// what is no more than a tenth of a percent isn't coloured.
func rate(v *float64) Cell {
	switch {
	case v == nil:
		return Cell{Absent, Dim}
	case *v == 0:
		return Cell{"0", Dim}
	case *v >= 0.01:
		return Cell{PercentNumber(*v), Bad}
	case *v > 0.001:
		return Cell{PercentNumber(*v), Warn}
	}
	return Cell{PercentNumber(*v), Normal}
}
