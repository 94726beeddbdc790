package view

import (
	"cmp"
	"slices"
	"strings"

	"k6report/internal/report"
)

// judged counts what was met, what failed and what was not judged.
type judged struct{ met, failed, unknown int }

func (j *judged) add(ok *bool) {
	switch {
	case ok == nil:
		j.unknown++
	case *ok:
		j.met++
	default:
		j.failed++
	}
}

// summary is one line on so many thresholds or service levels; alone says that no
// title says what they are. Where the load was raised until some failed, that is
// where it stopped, as it should.
func (j judged) summary(what string, alone, raised bool) []Cell {
	total := j.met + j.failed + j.unknown
	var out []Cell
	counted := func(n int) string {
		if alone {
			return Plural(n, what, what+"s")
		}
		return Count(int64(n))
	}
	failed := Count(int64(j.failed)) + " of " + counted(total) + " failed"
	switch {
	case j.failed > 0 && raised:
		out = append(out, cell("load raised until "+failed, Normal))
	case j.failed > 0:
		out = append(out, cell("✗ "+failed, Bad))
	case j.unknown == 0:
		out = append(out, cell("✓ "+allMet(total, what), Good))
	case j.met > 0:
		out = append(out, cell("✓ "+Count(int64(j.met))+" of "+counted(total)+" met", Normal))
	}
	if j.unknown > 0 {
		out = append(out, cell("? "+counted(j.unknown)+" could not be judged", Warn))
	}
	return out
}

// allMet is "1 target met", "both targets met", "all 14 targets met".
func allMet(n int, what string) string {
	switch n {
	case 1:
		return "1 " + what + " met"
	case 2:
		return "both " + what + "s met"
	}
	return "all " + Count(int64(n)) + " " + what + "s met"
}

// order is the rows with what failed first, then what is unknown.
func order(ok *bool) int {
	switch {
	case ok == nil:
		return 1
	case *ok:
		return 2
	}
	return 0
}

func thresholds(r *report.Report, opts Options) Section {
	list := r.Run.Thresholds
	if len(list) == 0 {
		return Section{}
	}
	var all judgedRows
	for _, t := range list {
		mark := markRaised(t.OK, r.Run.Load.Raised)
		row := []Cell{mark, {t.Metric, Strong}, {t.Expression, Normal}, observed(t.Observed, t.Unit, mark.Tone), {t.Reason, Dim}}
		if opts.All {
			row = append(row, Cell{t.Source, Dim})
		}
		all.add(t.OK, t.Observed, row)
	}
	columns := []Column{{}, {Name: "metric", Flex: true}, {Name: "threshold", Flex: true}, {Name: "observed", Right: true, Numbers: slices.Concat(all.numbers[:]...)}, {Name: "remark", Drop: 2, Flex: true}}
	if opts.All {
		columns = append(columns, Column{Name: "judged by", Drop: 1, Flex: true})
	}
	s := Section{ID: "thresholds", Title: "Thresholds", Summary: all.count.summary("threshold", false, r.Run.Load.Raised), Told: all.count.summary("threshold", true, r.Run.Load.Raised)}
	s.Table = all.table(columns, opts)
	return s
}

// observed is the value that was judged.
func observed(v *float64, unit string, tone Tone) Cell {
	if v == nil {
		return Cell{Absent, Dim}
	}
	return Cell{Measure(*v, unit), tone}
}

// judgedRows are rows of what was judged, by [order].
type judgedRows struct {
	count   judged
	rows    [3][][]Cell
	numbers [3][]*float64
}

// add takes a row, and the number in it that was judged.
func (j *judgedRows) add(ok *bool, number *float64, row []Cell) {
	at := order(ok)
	j.count.add(ok)
	j.rows[at] = append(j.rows[at], row)
	j.numbers[at] = append(j.numbers[at], number)
}

// table shows what failed or is unknown, with All also what is well; nil when
// there is nothing to show.
func (j *judgedRows) table(columns []Column, opts Options) *Table {
	rows := append(j.rows[0], j.rows[1]...)
	if opts.All {
		rows = append(rows, j.rows[2]...)
	}
	if len(rows) == 0 {
		return nil
	}
	t := &Table{Columns: columns}
	t.Rows, t.More = cut(rows, endpointRows, "rows", opts)
	return t.withoutEmptyColumns()
}

// withoutEmptyColumns leaves out the columns that have no text in any row.
func (t *Table) withoutEmptyColumns() *Table {
	out := &Table{More: t.More, Foot: t.Foot, Rows: make([][]Cell, len(t.Rows))}
	for i, c := range t.Columns {
		filled := false
		for _, row := range t.Rows {
			filled = filled || row[i].Text != "" && row[i].Text != Absent
		}
		if !filled {
			continue
		}
		out.Columns = append(out.Columns, c)
		for j, row := range t.Rows {
			out.Rows[j] = append(out.Rows[j], row[i])
		}
	}
	return out
}

// serviceLevels are the targets of the run and, with All, of the endpoints;
// the endpoint table already shows those that failed.
func serviceLevels(r *report.Report, opts Options) Section {
	type named struct {
		of string
		report.Target
	}
	var list []named
	for _, t := range r.Run.ServiceLevels {
		list = append(list, named{t.Metric, t})
	}
	if opts.All {
		for _, e := range r.Run.Endpoints {
			for _, t := range e.Targets {
				list = append(list, named{e.Name, t})
			}
		}
	}
	if len(list) == 0 {
		return Section{}
	}
	var all judgedRows
	for _, t := range list {
		mark := markRaised(t.OK, r.Run.Load.Raised)
		text := cmp.Or(t.Text, t.Expression)
		all.add(t.OK, t.Observed, []Cell{mark, {t.of, Strong}, {text, Normal}, observed(t.Observed, t.Unit, mark.Tone), {t.Source, Dim}})
	}
	s := Section{ID: "service_levels", Title: "Service levels", Summary: all.count.summary("service level", false, r.Run.Load.Raised), Told: all.count.summary("service level", true, r.Run.Load.Raised)}
	if n := len(list) - len(r.Run.ServiceLevels); n > 0 && n < len(list) && all.count.met == len(list) { // as the headline counts them
		made := " (" + Count(int64(n)) + " of endpoints)"
		s.Summary[0].Text += made
		s.Told[0].Text += made
	}
	s.Table = all.table([]Column{{}, {Name: "of", Flex: true}, {Name: "target", Flex: true}, {Name: "observed", Right: true, Numbers: slices.Concat(all.numbers[:]...)}, {Name: "set by", Drop: 1, Flex: true}}, opts)
	return s
}

func checks(r *report.Report, opts Options) Section {
	list := r.Run.Checks
	if len(list) == 0 {
		return Section{}
	}
	var passes, fails int64
	var all judgedRows
	for _, c := range list {
		passes, fails = passes+c.Passes, fails+c.Fails
		ok := report.Bool(c.Fails == 0)
		if c.Passes+c.Fails == 0 {
			ok = nil
		}
		share := Cell{Absent, Dim}
		if ok != nil {
			share = Cell{PercentNumber(float64(c.Fails) / float64(c.Passes+c.Fails)), Mark(ok).Tone}
		}
		name := c.Name
		if group := strings.Trim(strings.ReplaceAll(c.Group, "::", " › "), " ›"); group != "" {
			name = group + " › " + name
		}
		all.add(ok, nil, []Cell{Mark(ok), {name, Strong}, {Count(c.Fails), Normal}, {Count(c.Passes + c.Fails), Normal}, share})
	}
	s := Section{ID: "checks", Title: "Checks"}
	switch {
	case fails > 0:
		s.Summary = []Cell{
			{"✗ " + Count(int64(all.count.failed)) + " of " + Plural(len(list), "check", "checks") + " failed at least once", Bad},
			{Count(fails) + " of " + Plural(int(passes+fails), "evaluation", "evaluations") + " (" + Percent(float64(fails)/float64(passes+fails)) + ")", Normal},
		}
	default:
		s.Summary = append(all.count.summary("check", false, false), cell("in "+Plural(int(passes), "evaluation", "evaluations"), Dim))
	}
	s.Table = all.table([]Column{{}, {Name: "check", Flex: true}, {Name: "failed", Right: true}, {Name: "of", Right: true, Drop: 1}, {Name: "fail %", Right: true, Drop: 2}}, opts)
	return s
}

func failures(r *report.Report, opts Options) Section {
	if len(r.Run.Errors) == 0 {
		return Section{}
	}
	share := Column{Name: "of all %", Right: true, Drop: 1}
	if slices.ContainsFunc(r.Run.Errors, func(f report.Failure) bool { return f.Endpoint != "" }) {
		share.Name, share.Short = "of endpoint %", "of ep. %"
	}
	t := &Table{Columns: []Column{
		{Name: "count", Right: true},
		share,
		{Name: "endpoint", Flex: true},
		{Name: "kind", Drop: 3, Flex: true},
		{Name: "status", Drop: 2, Flex: true},
		{Name: "code", Drop: 4, Flex: true},
		{Name: "what", Flex: true},
	}}
	var rows [][]Cell
	var total int64
	for _, f := range r.Run.Errors {
		total += f.Count
		rows = append(rows, []Cell{
			{Count(f.Count), Bad},
			rate(f.Share),
			{f.Endpoint, Strong},
			{f.Kind, Normal},
			{f.Status, Normal},
			{f.ErrorCode, Dim},
			{f.Text, Normal},
		})
	}
	t.Rows, t.More = cut(rows, otherRows, "kinds", opts)
	return Section{ID: "errors", Title: "Errors", Summary: []Cell{{Count(total), Normal}}, Told: []Cell{{Plural(int(total), "error", "errors"), Normal}}, Table: t.withoutEmptyColumns()}
}
