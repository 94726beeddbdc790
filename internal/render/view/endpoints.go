package view

import (
	"slices"

	"k6report/internal/report"
)

// How many rows a table has when not all are asked for.
const (
	endpointRows = 12
	otherRows    = 6
)

// endpointColumn is a column of the endpoint table and how a cell of it is
// made. Columns for which show is false in every row are left out.
type endpointColumn struct {
	Column
	cell func(*report.Endpoint) Cell
	show func(*report.Endpoint) bool
}

func endpoints(r *report.Report, opts Options) Section {
	list := r.Run.Endpoints
	if len(list) == 0 {
		return Section{}
	}
	unit, scale := latencyScale(list)
	var columns []endpointColumn
	for _, c := range endpointColumns(r, unit, scale) {
		if c.show == nil || slices.ContainsFunc(list, func(e report.Endpoint) bool { return c.show(&e) }) {
			columns = append(columns, c)
		}
	}
	t := &Table{}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.Column)
	}
	shown := chosen(list, opts)
	few := false
	for _, i := range shown {
		few = few || len(list[i].FewSamples) > 0
		row := make([]Cell, len(columns))
		for j, c := range columns {
			row[j] = c.cell(&list[i])
		}
		t.Rows = append(t.Rows, row)
	}
	if n := len(list) - len(shown); n > 0 {
		t.More = "… and " + Count(int64(n)) + " more endpoints (-v shows all)"
	}
	if few {
		t.Foot = "* rests on few samples"
	}
	targets := targetSummary(list, r.Run.Load.Raised)
	return Section{
		ID: "endpoints", Title: "Endpoints", Table: t,
		Summary: append([]Cell{{Count(int64(len(list))), Dim}}, targets...),
		Told:    append([]Cell{{Plural(len(list), "endpoint", "endpoints"), Dim}}, targets...),
	}
}

// targetSummary says how many targets of endpoints were met; nil where none was
// set.
func targetSummary(list []report.Endpoint, raised bool) []Cell {
	var count judged
	for _, e := range list {
		for _, t := range e.Targets {
			count.add(t.OK)
		}
	}
	if count == (judged{}) {
		return nil
	}
	return count.summary("target", true, raised)
}

// latencyScale is one unit for every latency column, so that columns compare.
func latencyScale(list []report.Endpoint) (unit string, scale float64) {
	for _, e := range list {
		if v := e.DurationMS.Med; v == nil || *v < 10_000 {
			return "ms", 1
		}
	}
	return "s", 1000
}

// chosen are the rows to show: the first ones, and of the others those that
// missed a target.
func chosen(list []report.Endpoint, opts Options) []int {
	var out []int
	for i, e := range list {
		missed := slices.ContainsFunc(e.Targets, func(t report.Target) bool { return t.OK != nil && !*t.OK })
		if opts.All || i < endpointRows || len(list) == endpointRows+1 || missed && len(out) < 2*endpointRows {
			out = append(out, i)
		}
	}
	return out
}

func endpointColumns(r *report.Report, unit string, scale float64) []endpointColumn {
	latency := func(name, stat string, drop int, get func(*report.Durations) *float64) endpointColumn {
		return endpointColumn{
			Column: Column{Name: name + " " + unit, Right: true, Drop: drop},
			cell: func(e *report.Endpoint) Cell {
				v := get(&e.DurationMS)
				if v == nil {
					return Cell{Absent, Dim}
				}
				c := Cell{Number(*v/scale, 2), Normal}
				if slices.Contains(e.FewSamples, stat) {
					c = Cell{c.Text + "*", Dim}
				}
				return c
			},
			show: func(e *report.Endpoint) bool { return get(&e.DurationMS) != nil },
		}
	}
	text := func(name string, drop int, get func(*report.Endpoint) string) endpointColumn {
		return endpointColumn{
			Column: Column{Name: name, Drop: drop, Flex: true},
			cell:   func(e *report.Endpoint) Cell { return Cell{get(e), Dim} },
			show:   func(e *report.Endpoint) bool { return get(e) != "" },
		}
	}
	protocol := text("protocol", 4, func(e *report.Endpoint) string { return e.Protocol })
	first := r.Run.Endpoints[0].Protocol
	protocol.show = func(e *report.Endpoint) bool { return e.Protocol != first } // said only where they differ
	return []endpointColumn{
		{Column: Column{Name: "endpoint", Flex: true}, cell: func(e *report.Endpoint) Cell { return Cell{e.Name, Strong} }},
		text("method", 9, func(e *report.Endpoint) string { return e.Method }),
		protocol,
		text("scenario", 8, func(e *report.Endpoint) string { return e.Scenario }),
		{Column: Column{Name: "count", Right: true, Drop: 3}, cell: func(e *report.Endpoint) Cell { return Cell{Count(e.Count), Normal} }},
		{
			Column: Column{Name: "req/s", Right: true, Drop: 6},
			cell:   func(e *report.Endpoint) Cell { return number(e.RatePerS, 2) },
			show:   func(e *report.Endpoint) bool { return e.RatePerS != nil },
		},
		{
			Column: Column{Name: "err %", Right: true, Drop: 1},
			cell:   func(e *report.Endpoint) Cell { return rate(e.ErrorRate) },
			show:   func(e *report.Endpoint) bool { return e.ErrorRate != nil },
		},
		{
			Column: Column{Name: "timeout %", Right: true, Drop: 7},
			cell:   func(e *report.Endpoint) Cell { return rate(e.TimeoutRate) },
			show:   func(e *report.Endpoint) bool { return e.TimeoutRate != nil && *e.TimeoutRate > 0 },
		},
		latency("min", "min", 12, func(d *report.Durations) *float64 { return d.Min }),
		latency("avg", "avg", 10, func(d *report.Durations) *float64 { return d.Avg }),
		latency("p50", "med", 4, func(d *report.Durations) *float64 { return d.Med }),
		latency("p90", "p(90)", 11, func(d *report.Durations) *float64 { return d.P90 }),
		latency("p95", "p(95)", 0, func(d *report.Durations) *float64 { return d.P95 }),
		latency("p99", "p(99)", 2, func(d *report.Durations) *float64 { return d.P99 }),
		latency("max", "max", 5, func(d *report.Durations) *float64 { return d.Max }),
		{
			Column: Column{Name: "targets", Drop: 1, Flex: true}, cell: func(e *report.Endpoint) Cell { return targetCell(e, r.Run.Load.Raised) },
			show: func(e *report.Endpoint) bool { return len(e.Targets) > 0 },
		},
	}
}

// targetCell names the targets that failed or couldn't be judged, else says that
// all were met. Where the load was raised until some failed, that is no failure.
func targetCell(e *report.Endpoint, raised bool) Cell {
	if len(e.Targets) == 0 {
		return Cell{Absent, Dim}
	}
	out := Mark(report.Bool(true))
	for _, want := range []*bool{nil, report.Bool(false)} {
		text := ""
		for _, t := range e.Targets {
			if (t.OK == nil) == (want == nil) && (t.OK == nil || !*t.OK) {
				text += " " + shortTarget(t)
			}
		}
		if text != "" {
			out = markRaised(want, raised)
			out.Text += text
		}
	}
	return out
}

// shortTarget is a target in few letters: "p95<500".
func shortTarget(t report.Target) string {
	if n := len(t.Expression); n > 3 && t.Expression[:2] == "p(" {
		for i := 2; i < n; i++ {
			if t.Expression[i] == ')' {
				return "p" + t.Expression[2:i] + t.Expression[i+1:]
			}
		}
	}
	return t.Expression
}

// parts is the table of scenarios, personas, tenants …
func parts(id, title string, list []report.Part, summary []Cell, opts Options) Section {
	if len(list) == 0 {
		return Section{}
	}
	perSecond := "req/s"
	if id == "scenarios" { // which are counted and timed by iteration
		perSecond = "iter/s"
	}
	t := &Table{Columns: []Column{
		{Name: "name", Flex: true},
		{Name: "count", Right: true, Drop: 3},
		{Name: perSecond, Right: true, Drop: 4},
		{Name: "err %", Right: true, Drop: 1},
		{Name: "p50 ms", Right: true, Drop: 2},
		{Name: "p95 ms", Right: true},
		{Name: "p99 ms", Right: true, Drop: 2},
	}}
	var rows [][]Cell
	for _, p := range list {
		mark := func(c Cell, stat string) Cell {
			if slices.Contains(p.FewSamples, stat) {
				t.Foot = "* rests on few samples"
				return Cell{c.Text + "*", Dim}
			}
			return c
		}
		rows = append(rows, []Cell{
			{p.Name, Strong},
			{Count(p.Count), Normal},
			number(p.RatePerS, 2), rate(p.ErrorRate),
			mark(number(p.P50, 2), "med"), mark(number(p.P95, 2), "p(95)"), mark(number(p.P99, 2), "p(99)"),
		})
	}
	t.Rows, t.More = cut(rows, otherRows, "rows", opts)
	s := Section{ID: id, Title: title, Summary: summary, Table: t}
	if summary == nil {
		s.Summary, s.Told = []Cell{{Count(int64(len(list))), Dim}}, []Cell{}
	}
	return s
}

// fairness is how tenants fare beside each other.
func fairness(r *report.Report) []Cell {
	f := r.Run.Fairness
	if f == nil {
		return nil
	}
	var out []Cell
	if f.Text != "" {
		tone := Normal
		if f.Noisy != "" || f.Ratio != nil && *f.Ratio >= 2 {
			tone = Warn
		}
		out = append(out, cell(f.Text, tone))
	}
	if f.Jain != nil {
		out = append(out, cell("throughput fairness "+prose(*f.Jain, 2), Normal))
	}
	return out
}
