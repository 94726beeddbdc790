package view

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"k6report/internal/report"
)

// GateWord is a gate's verdict for people.
func GateWord(verdict string) Cell {
	switch verdict {
	case report.GateRegressed:
		return Cell{"✗ regressed", Bad}
	case report.GateSuspected:
		return Cell{"! suspected", Warn}
	case report.GateAccepted:
		return Cell{"✓ accepted", Normal}
	case report.GateNotComparable:
		return Cell{"– not comparable", Dim}
	case report.GateInconclusive:
		return Cell{"? inconclusive", Warn}
	case report.GateImproved:
		return Cell{"✓ improved", Good}
	case report.GateOK:
		return Cell{"✓ ok", Good}
	}
	return Cell{verdict, Warn}
}

func attribution(r *report.Report, opts Options) Section {
	a := r.Attribution
	if a == nil {
		return Section{}
	}
	s := Section{ID: "attribution", Title: "Why"}
	switch a.Status {
	case report.AttrConfirmed, report.AttrLikely:
		tone := Bad
		if a.Status == report.AttrLikely {
			tone = Warn
		}
		for _, b := range a.Bottlenecks {
			name := b.Component
			if b.Detail != "" {
				name += ": " + b.Detail
			}
			s.Summary = append(s.Summary, cell(name, tone))
		}
		word := a.Status
		if a.Confidence != nil {
			word += ", confidence " + Percent(*a.Confidence)
		}
		s.Summary = append(s.Summary, cell(word, Normal))
	case report.AttrNone:
		s.Summary = append(s.Summary, cell("no bottleneck", Good), cell(a.Reason, Normal))
	case report.AttrInconclusive:
		s.Summary = append(s.Summary, cell("can't tell", Warn), cell(a.Reason, Normal))
	default:
		s.Summary = append(s.Summary, cell("no component data", Dim), cell(strings.TrimSuffix(a.Reason+": "+a.Needed, ": "), Dim))
	}
	s.Summary = slices.DeleteFunc(s.Summary, func(c Cell) bool { return c.Text == "" })
	for _, b := range a.Bottlenecks {
		if b.Remedy != "" {
			s.Lines = append(s.Lines, Line{Label: "remedy", Parts: []Cell{{b.Remedy, Strong}}})
		}
	}
	if a.Status != report.AttrNone || opts.All {
		for _, e := range a.Evidence {
			s.Lines = append(s.Lines, Line{Label: "evidence", Parts: []Cell{{e, Normal}}})
		}
	}
	answered := slices.ContainsFunc(a.Components, func(c report.Component) bool { return c.Load != nil || c.Regression != nil })
	if opts.All || answered {
		s.Table = componentTable(a, opts)
	} else if l := timeGoesTo(a); len(l.Parts) > 0 {
		s.Lines = append(s.Lines, l)
	}
	return s
}

// timeGoesTo is the share column in one line, the largest first.
func timeGoesTo(a *report.Attribution) Line {
	list := slices.Clone(a.Components)
	slices.SortStableFunc(list, func(x, y report.Component) int {
		switch {
		case x.Share > y.Share:
			return -1
		case x.Share < y.Share:
			return 1
		}
		return 0
	})
	l := Line{Label: "time"}
	for i, c := range list {
		tone := Normal
		if i == 0 {
			tone = Strong
		}
		if i < 5 && c.Share >= 0.005 {
			l.Parts = append(l.Parts, cell(c.Name+" "+Percent(c.Share), tone))
		}
	}
	return l
}

// componentTable is the four questions, a bar for each answer. Components with
// next to nothing of all of them are only shown where all is asked for.
func componentTable(a *report.Attribution, opts Options) *Table {
	if len(a.Components) == 0 {
		return nil
	}
	t := &Table{Columns: []Column{
		{Name: "component", Flex: true},
		{Name: "mean ms", Right: true, Drop: 2},
		{Name: "wait ms", Right: true, Drop: 4},
		{Name: "share %", Right: true},
		{Name: "where it goes", Drop: 6},
		{Name: "tail %", Right: true, Drop: 3},
		{Name: "load %", Right: true},
		{Name: "what load adds", Drop: 5},
		{Name: "regression %", Short: "change %", Right: true},
		{Name: "what changed", Drop: 5},
		{Name: "parts", Drop: 7, Flex: true},
	}}
	share := func(v *float64) Cell {
		if v == nil {
			return Cell{Absent, Dim}
		}
		return Cell{tenths(*v), Normal}
	}
	const (
		little    = 0.005
		leastPart = 0.005 // ms; below, a part is not worth its words
	)
	quiet := func(v *float64) bool { return v == nil || math.Abs(*v) < little }
	for i := range a.Components {
		c := &a.Components[i]
		if !opts.All && quiet(&c.Share) && quiet(c.Load) && quiet(c.Regression) {
			continue
		}
		var inner []string
		for _, p := range c.Parts.Distinct() {
			if p.Value >= leastPart {
				inner = append(inner, p.Name+" "+Number(p.Value, 2)+" ms")
			}
		}
		tail, wait, parts := Cell{Absent, Dim}, Cell{Absent, Dim}, Cell{Absent, Dim}
		if opts.All {
			tail, wait, parts = share(c.Tail), number(c.WaitMS, 2), Cell{cmp.Or(strings.Join(inner, ", "), Absent), Dim}
		}
		name := Cell{c.Name, Normal}
		if slices.ContainsFunc(a.Bottlenecks, func(b report.Bottleneck) bool { return b.Component == c.Name }) {
			name.Tone = Strong
		}
		t.Rows = append(t.Rows, []Cell{
			name, number(&c.MeanMS, 2), wait, share(&c.Share), bar(&c.Share),
			tail, share(c.Load), bar(c.Load), share(c.Regression), bar(c.Regression), parts,
		})
	}
	return t.withoutEmptyColumns()
}

// tenths is a share in percent to a tenth: its error is larger than that.
func tenths(share float64) string {
	if v := math.Round(1000*share) / 10; v != 0 {
		return Number(v, 1)
	}
	return "0"
}

// longestBar is the columns of a bar that stands for all.
const longestBar = 10

// bar is a share as a bar; what is negative has none, and no bar is longer than
// all.
func bar(share *float64) Cell {
	if share == nil {
		return Cell{Absent, Dim}
	}
	halves := int(math.Round(2 * longestBar * min(1, max(0, *share))))
	text := strings.Repeat("█", halves/2) + strings.Repeat("▌", halves%2)
	if text == "" {
		text = "·"
	}
	return Cell{text, Normal}
}

// levels is what the run did at each load, and the capacity that follows.
func levels(r *report.Report, opts Options) Section {
	list := r.Run.Load.Levels
	sat := r.Saturation
	if sat == nil && len(list) == 0 {
		return Section{}
	}
	s := Section{ID: "levels", Title: "Capacity"}
	if sat != nil {
		s.Summary = []Cell{{sat.Headline, Normal}}
		if sat.Spike != nil {
			s.Lines = append(s.Lines, spikeLine(sat.Spike))
		}
	} else {
		s.Title = "Load levels"
	}
	if len(list) == 0 {
		return s.withoutEmptyLines()
	}
	t := &Table{Columns: []Column{
		{Name: "level", Right: true},
		{Name: "from", Right: true, Drop: 5},
		{Name: "to", Right: true, Drop: 5},
		{Name: "achieved/s", Right: true},
		{Name: "drop %", Right: true, Drop: 1},
		{Name: "concurrency", Right: true, Drop: 4},
		{Name: "err %", Right: true, Drop: 1},
		{Name: "p50 ms", Right: true, Drop: 3},
		{Name: "p95 ms", Right: true},
		{Name: "p99 ms", Right: true, Drop: 2},
		{Name: "targets", Drop: 1},
	}}
	var rows [][]Cell
	for _, l := range list {
		name := Cell{Absent, Dim}
		if l.TargetPerS != nil {
			name = Cell{PerSecond(*l.TargetPerS), Strong}
		} else if l.OfferedPerS != nil {
			name = Cell{PerSecond(*l.OfferedPerS), Strong}
		}
		word := Mark(l.TargetsMet)
		if l.TargetsMet == nil {
			word = Cell{Absent, Dim}
		}
		if l.Collapsed {
			word = Cell{word.Text + " collapsed", Bad}
		}
		rows = append(rows, []Cell{
			name,
			{Seconds(l.FromS), Dim},
			{Seconds(l.ToS), Dim},
			number(l.AchievedPerS, 1), rate(l.DropShare), number(l.Concurrency, 1),
			rate(l.ErrorRate), number(l.P50, 2), number(l.P95, 2), number(l.P99, 2), word,
		})
		t.sortedBy(map[string]*float64{"from": &l.FromS, "to": &l.ToS})
	}
	t.Rows, t.More = cut(rows, otherRows+2, "levels", opts)
	s.Table = t.withoutEmptyColumns()
	return s
}

func spikeLine(p *report.Spike) Line {
	l := Line{Label: "spike"}
	if p.PeakPerS != nil {
		l.Parts = append(l.Parts, cell("peak "+PerSecond(*p.PeakPerS), Normal))
	}
	if p.PeakP95 != nil {
		l.Parts = append(l.Parts, cell("p95 "+Milliseconds(*p.PeakP95), Normal))
	}
	if p.RecoveryS != nil {
		l.Parts = append(l.Parts, cell("back to normal after "+Seconds(*p.RecoveryS), Normal))
	} else {
		l.Parts = append(l.Parts, cell("not back to normal within the run", Warn))
	}
	return l
}

func soak(r *report.Report, opts Options) Section {
	if r.Soak == nil {
		return Section{}
	}
	s := Section{ID: "soak", Title: "Soak", Summary: []Cell{{r.Soak.Headline, Normal}}}
	for _, f := range r.Soak.Findings {
		if !f.Drifts && !opts.All {
			continue
		}
		tone := Warn
		if !f.Drifts {
			tone = Normal
		}
		text := strings.TrimSpace(f.Endpoint + " " + f.Metric)
		if f.Change != nil {
			text += " " + Change(*f.Change)
		}
		if f.From != nil && f.To != nil {
			a, b := Pair(f.From, f.To, f.Unit)
			text += ", " + a + " → " + b
		}
		parts := []Cell{{text, tone}}
		if f.Text != "" {
			parts = append(parts, cell(f.Text, Normal))
		}
		s.Lines = append(s.Lines, Line{Parts: parts})
	}
	return s
}
