package view

import (
	"cmp"
	"slices"
	"strings"

	"k6report/internal/report"
)

// comparison is the run against its baseline, or one group of runs against
// another.
func comparison(r *report.Report, opts Options) Section {
	c := r.Comparison
	if c == nil {
		return Section{}
	}
	s := Section{ID: "comparison", Title: "Against " + c.Baseline.Name}
	if c.Baseline.Name == "" {
		s.Title = "Comparison"
	}
	grouped := c.CandidateName != ""
	if grouped {
		s.Title = "Comparison"
	}
	switch {
	case grouped:
		s.Summary = append(s.Summary, cell("now: "+c.CandidateName+", "+Plural(len(c.Candidate), "run", "runs"), Strong), cell("baseline: "+c.Baseline.Name+", "+Plural(c.Baseline.Runs, "run", "runs"), Strong))
	case c.Baseline.Runs < c.Baseline.Wanted:
		s.Summary = append(s.Summary, cell(Count(int64(c.Baseline.Runs))+" of "+Plural(c.Baseline.Wanted, "baseline run", "baseline runs"), Warn))
	default:
		s.Summary = append(s.Summary, cell(Plural(c.Baseline.Runs, "baseline run", "baseline runs"), Dim))
	}
	if c.Baseline.Epoch != "" {
		s.Summary = append(s.Summary, cell("epoch "+c.Baseline.Epoch, Dim))
	}
	if len(c.Candidate) > 1 && !grouped {
		s.Summary = append(s.Summary, cell("with a second run", Dim))
	}
	if c.Noise.Median != nil {
		s.Summary = append(s.Summary, cell("noise between runs "+Percent(*c.Noise.Median), Dim))
	}
	if c.Noise.Learned != nil {
		s.Summary = append(s.Summary, cell("of unchanged code "+Percent(*c.Noise.Learned)+", learned from "+Plural(c.Noise.LearnedRuns, "run", "runs"), Dim))
	}
	if c.WarmUpS > 0 {
		s.Summary = append(s.Summary, cell("without the first "+Seconds(c.WarmUpS), Dim))
	}
	for _, d := range c.Differences {
		s.Lines = append(s.Lines, Line{Parts: []Cell{{"! " + d.What + ": " + orNothing(d.Baseline) + " in the baseline, " + orNothing(d.Candidate) + " now", Warn}}})
	}
	for _, d := range c.Labels {
		if grouped || opts.All {
			s.Lines = append(s.Lines, Line{Label: d.What, Parts: []Cell{{d.Baseline + " → " + d.Candidate, Normal}}})
		}
	}
	if grouped {
		s.Table = sides(c)
	} else {
		s.Table, s.Lines = gates(c.Gates, s.Lines, opts)
	}
	if opts.All || grouped {
		s.Lines = append(s.Lines, exploratory(c.Exploratory, opts)...)
	}
	return s
}

func orNothing(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// fewExploratory is how many findings outside the gates are shown unless all
// are.
const fewExploratory = 5

func exploratory(list []report.Finding, opts Options) []Line {
	var out []Line
	for i, f := range list {
		if i == fewExploratory && !opts.All {
			out = append(out, Line{Later: true, Parts: []Cell{{"… and " + Count(int64(len(list)-i)) + " more outside the gates", Dim}}})
			break
		}
		a, b := Pair(f.Baseline, f.Candidate, f.Unit)
		text := report.GateName(f.Metric, f.Endpoint, f.Statistic) + ": " + a + " → " + b
		if f.Change != nil {
			text += " (" + ChangeOf(*f.Change, f.Unit) + ", exploratory)"
		}
		out = append(out, Line{Later: true, Parts: []Cell{{text, Dim}}})
	}
	return out
}

// gates is the table of the gates that moved, or of all.
func gates(list []report.Gate, lines []Line, opts Options) (*Table, []Line) {
	t := &Table{Columns: []Column{
		{Name: "verdict"},
		{Name: "endpoint", Flex: true},
		{Name: "statistic", Flex: true},
		{Name: "baseline", Right: true, Drop: 1},
		{Name: "now", Right: true},
		{Name: "change", Right: true},
		{Name: "interval", Right: true, Drop: 2},
		{Name: "detectable", Right: true, Drop: 3},
		{Name: "remark", Drop: 4, Flex: true},
	}}
	var quiet []report.Gate
	for _, g := range list {
		if g.Verdict == report.GateOK && !opts.All {
			quiet = append(quiet, g)
			continue
		}
		t.Rows = append(t.Rows, gateRow(&g))
		t.sortedBy(gateNumbers(&g))
	}
	if len(quiet) > 0 {
		text := "✓ " + Plural(len(quiet), "gate", "gates") + " ok" + excluded(quiet)
		if len(t.Rows) == 0 {
			return nil, append(lines, Line{Parts: []Cell{{text, Good}}})
		}
		t.Foot = text
	}
	if len(t.Rows) == 0 {
		return nil, lines
	}
	return t.withoutEmptyColumns(), lines
}

// excluded says what the gates that are ok exclude together, and what would
// have been found.
func excluded(list []report.Gate) string {
	bound, detectable, known := 0.0, 0.0, true
	for _, g := range list {
		switch {
		case g.Unit == report.UnitShare:
			continue
		case g.Excluded == nil:
			known = false
		default:
			bound = max(bound, worse(&g, *g.Excluded))
		}
		if g.Detectable != nil {
			detectable = max(detectable, worse(&g, *g.Detectable))
		}
	}
	text := ""
	if known && bound >= 0.0005 {
		text += ", a change for the worse above " + strings.TrimPrefix(Change(bound), "+") + " is excluded"
	}
	if detectable > 0 {
		text += ", one of " + strings.TrimPrefix(Change(detectable), "+") + " would have been seen"
	}
	return text
}

// worse is a gate's change as one for the worse.
func worse(g *report.Gate, v float64) float64 {
	if g.LowerIsWorse {
		return -v
	}
	return v
}

// gateLabels are what a gate is called in its two columns.
func gateLabels(metric, endpoint, statistic string) (of, what string) {
	return cmp.Or(endpoint, report.WholeRun), report.GateStatistic(metric, statistic)
}

// GateLine is a gate in a few words: what it is of, and how that changed.
func GateLine(g *report.Gate) []Cell {
	word := GateWord(g.Verdict)
	out := []Cell{{report.GateName(g.Metric, g.Endpoint, g.Statistic), Strong}}
	switch {
	case g.Change != nil && g.Interval != nil:
		out = append(out, cell(ChangeOf(*g.Change, g.Unit)+" ("+ChangeRange(g.Interval, g.Unit)+")", word.Tone))
	case g.Change != nil:
		out = append(out, cell(ChangeOf(*g.Change, g.Unit), word.Tone))
	default:
		out = append(out, cell(g.Reason, Dim))
	}
	return out
}

func gateRow(g *report.Gate) []Cell {
	word := GateWord(g.Verdict)
	a, b := Pair(g.Baseline, g.Candidate, g.Unit)
	moved, detectable := Cell{Absent, Dim}, Cell{Absent, Dim}
	if g.Change != nil {
		moved = Cell{ChangeOf(*g.Change, g.Unit), word.Tone}
	}
	if g.Detectable != nil {
		detectable = Cell{ChangeOf(*g.Detectable, g.Unit), Dim}
	}
	endpoint, statistic := gateLabels(g.Metric, g.Endpoint, g.Statistic)
	return []Cell{word, {endpoint, Strong}, {statistic, Normal}, {a, Normal}, {b, Normal}, moved, {ChangeRange(g.Interval, g.Unit), Dim}, detectable, {g.Reason, Dim}}
}

// gateNumbers are the numbers of a gate by the names of its columns.
func gateNumbers(g *report.Gate) map[string]*float64 {
	out := map[string]*float64{"baseline": g.Baseline, "now": g.Candidate, "change": g.Change, "interval": nil, "detectable": g.Detectable}
	if g.Interval != nil {
		out["interval"] = g.Interval.Low
	}
	return out
}

// sides is the table of two groups of runs, as benchstat shows it: both with
// their spread, and the change where it is more than noise.
func sides(c *report.Comparison) *Table {
	t := &Table{Columns: []Column{
		{Name: "endpoint", Flex: true},
		{Name: "statistic", Flex: true},
		{Name: "baseline", Short: "base", Right: true},
		{Name: "spread before", Right: true, Drop: 3},
		{Name: "now", Right: true},
		{Name: "spread now", Right: true, Drop: 3},
		{Name: "change", Right: true},
		{Name: "interval", Right: true, Drop: 1},
		{Name: "p", Right: true, Drop: 2},
		{Name: "verdict"},
		{Name: "remark", Drop: 5, Flex: true},
	}}
	for i := range c.Gates {
		g := &c.Gates[i]
		t.Rows = append(t.Rows, sideRow(g))
		numbers := gateNumbers(g)
		numbers["change"], numbers["p"] = visibleChange(g), g.PValue
		t.sortedBy(numbers)
	}
	if len(t.Rows) == 0 {
		return nil
	}
	t.Foot = "~ within the noise, p of 0.05 and more; n = " +
		Count(int64(c.Baseline.Runs)) + " + " + Count(int64(len(c.Candidate)))
	return t.withoutEmptyColumns()
}

// visible is the two-sided p below which a change is shown as one.
const visible = 0.05

func twoSided(p float64) float64 { return min(1, 2*p) }

// visibleChange is a gate's change, nil where it is within the noise. Without a
// test the interval tells, of what is within the runs only.
func visibleChange(g *report.Gate) *float64 {
	if g.PValue != nil && twoSided(*g.PValue) >= visible {
		return nil
	}
	return g.Change
}

func sideRow(g *report.Gate) []Cell {
	endpoint, statistic := gateLabels(g.Metric, g.Endpoint, g.Statistic)
	a, b := Pair(g.Baseline, g.Candidate, g.Unit)
	word := GateWord(g.Verdict)
	spread := func(v *float64) Cell {
		if v == nil {
			return Cell{Absent, Dim}
		}
		return Cell{Percent(*v), Dim}
	}
	moved, p := Cell{"~", Dim}, Cell{Absent, Dim}
	if change := visibleChange(g); change != nil {
		moved = Cell{ChangeOf(*change, g.Unit), word.Tone}
		if g.PValue == nil {
			moved.Tone = Normal
		}
	}
	if g.PValue != nil {
		p = Cell{prose(twoSided(*g.PValue), 2), Dim}
		if twoSided(*g.PValue) < 0.001 {
			p.Text = "<0.001"
		}
	}
	return []Cell{
		{endpoint, Strong},
		{statistic, Normal},
		{a, Normal},
		spread(g.BaselineSpread),
		{b, Normal},
		spread(g.CandidateSpread),
		moved,
		{ChangeRange(g.Interval, g.Unit), Dim},
		p, word,
		{g.Reason, Dim},
	}
}

// shift is how far each quantile of the gated endpoints moved.
func shift(r *report.Report, opts Options) Section {
	c := r.Comparison
	if c == nil || len(c.Shift) == 0 || !opts.All && c.CandidateName == "" {
		return Section{}
	}
	s := Section{ID: "shift", Title: "Shift of the distribution"}
	if opts.All {
		s.Table = wholeShift(c.Shift)
		if c.Baseline.Runs > 1 || len(c.Candidate) > 1 {
			s.Table.Foot = "of the requests of all runs together; the gates take the mean of the runs"
		}
		return s
	}
	var endpoints []string
	var quantiles []float64
	for _, x := range c.Shift {
		if !slices.Contains(endpoints, x.Endpoint) {
			endpoints = append(endpoints, x.Endpoint)
		}
		if !slices.Contains(quantiles, x.Quantile) {
			quantiles = append(quantiles, x.Quantile)
		}
	}
	slices.Sort(quantiles)
	t := &Table{Columns: []Column{{Name: "endpoint", Flex: true}}}
	for i, q := range quantiles {
		// Every other one goes first where there is no room.
		drop := 0
		if q != 0.5 && q != 0.95 {
			drop = 1 + i%2
		}
		t.Columns = append(t.Columns, Column{Name: quantileName(q), Right: true, Drop: drop})
	}
	for _, e := range endpoints {
		row := []Cell{{e, Strong}}
		for _, q := range quantiles {
			text := Absent
			for _, x := range c.Shift {
				if x.Endpoint == e && x.Quantile == q && x.Change != nil {
					text = strings.TrimSuffix(Change(*x.Change), " %")
				}
			}
			row = append(row, Cell{text, Normal})
		}
		t.Rows = append(t.Rows, row)
	}
	t.Foot = "change in %"
	s.Table = t
	return s
}

func quantileName(q float64) string { return "p" + prose(100*q, 4) }

func wholeShift(list []report.Shift) *Table {
	t := &Table{Columns: []Column{
		{Name: "endpoint", Flex: true},
		{Name: "quantile"},
		{Name: "baseline", Right: true},
		{Name: "now", Right: true},
		{Name: "change", Right: true},
		{Name: "interval", Right: true, Drop: 1},
	}}
	for i := range list {
		x := &list[i]
		a, b := Pair(&x.Baseline, &x.Candidate, report.UnitMS)
		moved := Absent
		if x.Change != nil {
			moved = Change(*x.Change)
		}
		t.Rows = append(t.Rows, []Cell{{x.Endpoint, Strong}, {quantileName(x.Quantile), Normal}, {a, Normal}, {b, Normal}, {moved, Normal}, {ChangeRange(x.Interval, report.UnitMS), Dim}})
		t.sortedBy(map[string]*float64{"baseline": &x.Baseline, "now": &x.Candidate})
	}
	return t.withoutEmptyColumns()
}

// BaselineP95 is the baseline's p95 of an endpoint in ms; nil where the comparison
// says nothing of it.
func BaselineP95(r *report.Report, endpoint string) *float64 {
	if r.Comparison == nil {
		return nil
	}
	for i := range r.Comparison.Gates {
		g := &r.Comparison.Gates[i]
		if g.Endpoint == endpoint && g.Statistic == "p(95)" && g.Unit == report.UnitMS && g.Baseline != nil {
			return g.Baseline
		}
	}
	for i := range r.Comparison.Endpoints {
		if e := &r.Comparison.Endpoints[i]; e.Endpoint == endpoint && e.Statistic == "p(95)" {
			return e.Baseline
		}
	}
	return nil
}
