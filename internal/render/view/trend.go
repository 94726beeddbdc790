package view

import (
	"fmt"

	"k6report/internal/report"
)

// mostChanges is how many change points a gate's line names; the table has all.
const mostChanges = 2

func trend(r *report.Report, opts Options) Section {
	t := r.Trend
	if t == nil {
		return Section{}
	}
	s := Section{ID: "trend", Title: "Trend", Summary: trendSummary(t)}
	for i := range t.Series {
		if opts.All || len(t.Series[i].Changes) > 0 {
			s.Lines = append(s.Lines, trendLine(&t.Series[i]))
		}
	}
	if opts.All {
		s.Table = trendTable(t)
	}
	return s
}

func trendSummary(t *report.Trend) []Cell {
	out := []Cell{{Plural(len(t.Runs), "run", "runs") + " of " + t.Baseline, Dim}}
	if n := len(t.Runs); n > 0 && !t.Runs[0].Started.IsZero() && !t.Runs[n-1].Started.IsZero() {
		const day = "2 Jan 2006"
		first, last := t.Runs[0].Started.UTC().Format(day), t.Runs[n-1].Started.UTC().Format(day)
		if first != last {
			first += " – " + last
		}
		out = append(out, Cell{first, Dim})
	}
	changes := 0
	for _, series := range t.Series {
		changes += len(series.Changes)
	}
	switch {
	case len(t.Series) == 0:
		out = append(out, Cell{"no values were kept of these runs", Dim})
	case changes > 0:
		out = append(out, Cell{fmt.Sprintf("%s in %s", Plural(changes, "change point", "change points"), Plural(len(t.Series), "gate", "gates")), Warn})
	case t.Needed > 0:
		out = append(out, Cell{fmt.Sprintf("too few values for change points: %d are needed", t.Needed), Dim})
	default:
		out = append(out, Cell{"no change point in " + Plural(len(t.Series), "gate", "gates"), Good})
	}
	return out
}

// trendLine is a gate's history in a line: a picture, the newest value, and the
// newest change points.
func trendLine(t *report.TrendSeries) Line {
	l := Line{Label: report.GateName(t.Metric, t.Endpoint, t.Statistic), Spark: &Spark{Y: t.Y, Tone: Normal, Zoomed: true, Lowest: t.LowerIsWorse}}
	for i := len(t.Y) - 1; i >= 0; i-- {
		if v := t.Y[i]; v == v {
			l.Parts = append(l.Parts, Cell{Measure(v, t.Unit), Normal})
			break
		}
	}
	for i := range t.Changes[max(0, len(t.Changes)-mostChanges):] {
		c := &t.Changes[len(t.Changes)-1-i]
		l.Parts = append(l.Parts, Cell{changeAmount(c, t.Unit) + " at or after " + changePlace(c), changeTone(c, t)})
	}
	if more := len(t.Changes) - mostChanges; more > 0 {
		l.Parts = append(l.Parts, Cell{fmt.Sprintf("and %d before", more), Dim})
	}
	return l
}

func changeAmount(c *report.Change, unit string) string {
	if c.Change == nil {
		return "changed"
	}
	return ChangeOf(*c.Change, unit)
}

// changePlace is where a change began: the commit, where it is known.
func changePlace(c *report.Change) string {
	if c.Commit == "" {
		return c.ID
	}
	return ShortCommit(c.Commit)
}

func changeTone(c *report.Change, t *report.TrendSeries) Tone {
	switch {
	case c.Change == nil:
		return Normal
	case *c.Change > 0 == t.LowerIsWorse:
		return Good
	}
	return Bad
}

// trendTable is the change points of all gates; nil where there is none.
func trendTable(t *report.Trend) *Table {
	out := &Table{Columns: []Column{
		{Name: "endpoint", Flex: true},
		{Name: "statistic", Flex: true},
		{Name: "before", Right: true},
		{Name: "after", Right: true},
		{Name: "change", Right: true},
		{Name: "95 %", Right: true, Drop: 2},
		{Name: "p", Right: true, Drop: 3},
		{Name: "at or after", Flex: true},
		{Name: "commit", Drop: 1},
	}}
	for i := range t.Series {
		series := &t.Series[i]
		endpoint, statistic := gateLabels(series.Metric, series.Endpoint, series.Statistic)
		for j := range series.Changes {
			c := &series.Changes[j]
			before, after := Pair(&c.Before, &c.After, series.Unit)
			p := Absent
			if c.PValue != nil {
				p = prose(*c.PValue, 2)
			}
			out.Rows = append(out.Rows, []Cell{
				{endpoint, Strong},
				{statistic, Normal},
				{before, Normal},
				{after, Normal},
				{changeAmount(c, series.Unit), changeTone(c, series)},
				{ChangeRange(c.Interval, series.Unit), Dim},
				{p, Dim},
				{c.ID, Normal},
				{ShortCommit(c.Commit), Dim},
			})
			out.sortedBy(map[string]*float64{"before": &c.Before, "after": &c.After, "p": c.PValue})
		}
	}
	if len(out.Rows) == 0 {
		return nil
	}
	return out
}
