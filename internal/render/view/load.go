package view

import (
	"cmp"
	"slices"
	"strings"

	"k6report/internal/report"
)

// load is what was planned and what came of it: the answer to "can I believe
// it".
func load(r *report.Report) Section {
	return Section{ID: "load", Lines: []Line{identity(r), offered(r), requests(r), latency(r), steady(r), overhead(r)}}.withoutEmptyLines()
}

func (s Section) withoutEmptyLines() Section {
	var lines []Line
	for _, l := range s.Lines {
		if len(l.Parts) > 0 || l.Spark != nil {
			lines = append(lines, l)
		}
	}
	s.Lines = lines
	if len(lines) == 0 && s.Table == nil && len(s.Summary) == 0 {
		return Section{}
	}
	return s
}

func identity(r *report.Report) Line {
	l := Line{Label: "Run"}
	if r.Run.ID != "" {
		l.Parts = append(l.Parts, cell(r.Run.ID, Strong))
	}
	if !r.Run.Started.IsZero() {
		l.Parts = append(l.Parts, cell(Moment(r.Run.Started), Normal))
	}
	if d := r.Run.DurationS; d != nil {
		l.Parts = append(l.Parts, cell(Seconds(*d), Normal))
	}
	if k := r.Run.K6; k != nil && (k.Version != "" || k.CPU != nil) {
		l.Parts = append(l.Parts, generator(k))
	}
	if p := r.Run.Load.Plan; p != nil && p.RateScale != nil && *p.RateScale != 1 {
		l.Parts = append(l.Parts, cell("rate scaled to "+Percent(*p.RateScale), Warn))
	}
	return l
}

// generator is k6's version and what it took of the machine.
func generator(k *report.K6) Cell {
	c := cell(strings.TrimSpace("k6 "+k.Version), Dim)
	if k.CPU != nil {
		c.Text += " used " + Percent(*k.CPU) + " CPU"
		if *k.CPU > 0.8 {
			c.Tone = Bad
		}
	}
	return c
}

func offered(r *report.Report) Line {
	l := &r.Run.Load
	line := Line{Label: "Load", Parts: []Cell{planned(l)}}
	if l.OfferedPerS != nil {
		tone := Normal
		if missed(r) && !l.Raised {
			tone = Bad
		}
		line.Parts = append(line.Parts, cell("offered "+PerSecond(*l.OfferedPerS), tone))
	}
	line.Parts = append(line.Parts, carried(l)...)
	if l.VUsMax != nil {
		line.Parts = append(line.Parts, cell("at most "+Plural(int(*l.VUsMax), "VU", "VUs"), Normal))
	}
	return line
}

// missed reports whether less load was offered than was planned, and that speaks
// against the run: one that was to be ended early has only to say so.
func missed(r *report.Report) bool {
	return noted(r, "load_missed", report.Warning, report.Error, report.Invalid)
}

// Carried is the load that was planned, and what came of it, in a few words.
func Carried(r *report.Report) []Cell {
	return append([]Cell{planned(&r.Run.Load)}, carried(&r.Run.Load)...)
}

func planned(l *report.Load) Cell {
	switch p := l.Plan; {
	case p == nil:
		return cell("plan unknown", Dim)
	case p.TargetPerS != nil && p.Changes:
		return cell("planned up to "+PerSecond(*p.TargetPerS), Normal)
	case p.TargetPerS != nil:
		return cell("planned "+PerSecond(*p.TargetPerS), Normal)
	default:
		return cell(closedPlan(p), Normal)
	}
}

// carried is what came to its end, and what did not begin.
func carried(l *report.Load) []Cell {
	var out []Cell
	if l.AchievedPerS != nil {
		out = append(out, cell("achieved "+PerSecond(*l.AchievedPerS), Normal))
	}
	switch d := l.DroppedIterations; {
	case d == nil:
	case *d == 0:
		out = append(out, cell("none dropped", Good))
	default:
		text := Count(*d) + " dropped"
		if l.DropShare != nil {
			text += " (" + Percent(*l.DropShare) + ")"
		}
		tone := Bad
		if l.Raised { // beyond what the system can do there are some
			tone = Normal
		}
		out = append(out, cell(text, tone))
	}
	return out
}

// closedPlan is a plan without a rate: what k6 was told to keep busy.
func closedPlan(p *report.Plan) string {
	var vus int64
	for _, e := range p.Executors {
		if e.VUs != nil {
			vus += *e.VUs
		}
	}
	if vus == 0 {
		return "no rate planned"
	}
	return "planned " + Plural(int(vus), "VU", "VUs")
}

func steady(r *report.Report) Line {
	line := Line{Label: "Steady"}
	switch s := r.Run.Load.Steady; {
	case s != nil:
		text := Seconds(s.FromS) + " to " + Seconds(s.ToS)
		if r.Run.DurationS != nil {
			text += " of " + Seconds(*r.Run.DurationS)
		}
		line.Parts = append(line.Parts, cell(text, Normal))
	case len(r.Run.Load.Levels) > 0:
		line.Parts = append(line.Parts, cell("by load level", Normal))
	case noted(r, "no_steady_state"):
		line.Parts = append(line.Parts, cell("no steady state", Warn)) // looked for: otherwise nothing is known
	}
	return line
}

func overhead(r *report.Report) Line {
	o := r.Overhead
	if o == nil {
		return Line{}
	}
	line := Line{Label: "Overhead"}
	tone := Normal
	if o.OK != nil {
		tone = Mark(o.OK).Tone
	}
	if o.Percent.Avg != nil {
		text := prose(*o.Percent.Avg, 3) + " % orchestration"
		if o.Target != nil {
			text += " (target under " + prose(*o.Target, 3) + " %)"
		}
		line.Parts = append(line.Parts, cell(text, tone))
	}
	if o.Percent.P95 != nil {
		line.Parts = append(line.Parts, cell("p95 "+prose(*o.Percent.P95, 3)+" %", Normal))
	}
	if o.MS != nil && o.MS.Avg != nil {
		line.Parts = append(line.Parts, cell(Milliseconds(*o.MS.Avg)+" an execution", Normal))
	}
	line.Parts = append(line.Parts, overheadByEndpoint(o)...)
	return line
}

// overheadByEndpoint are the endpoints with the most overhead, where several run
// workflows.
func overheadByEndpoint(o *report.Overhead) []Cell {
	list := slices.Clone(o.Endpoints)
	list = slices.DeleteFunc(list, func(e report.EndpointOverhead) bool { return e.Percent.Avg == nil })
	if len(list) < 2 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b report.EndpointOverhead) int { return cmp.Compare(*b.Percent.Avg, *a.Percent.Avg) })
	const most = 3
	var out []Cell
	for _, e := range list[:min(most, len(list))] {
		text := e.Endpoint + " " + prose(*e.Percent.Avg, 3) + " %"
		if e.MS != nil && e.MS.Avg != nil {
			text += " (" + Milliseconds(*e.MS.Avg) + ")"
		}
		tone := Normal
		if e.OK != nil {
			tone = Mark(e.OK).Tone
		}
		out = append(out, cell(text, tone))
	}
	if n := len(list) - most; n > 0 {
		out = append(out, cell("less at "+Plural(n, "other endpoint", "other endpoints"), Dim))
	}
	return out
}

// overTime are the two pictures that say most, as sparklines.
func overTime(r *report.Report) Section {
	s := Section{ID: "time"}
	if c := r.Chart(report.ChartLatency); c != nil {
		s.Lines = append(s.Lines, spark("p95", c, pick(c, "p95"), Spark{Tone: Warn}))
	}
	if c := r.Chart(report.ChartThroughput); c != nil {
		s.Lines = append(s.Lines, spark("req/s", c, pick(c, "achieved"), Spark{Tone: Good, Lowest: true}))
	}
	if c := r.Chart(report.ChartErrors); c != nil && highest(pick(c, "")) > 0 {
		s.Lines = append(s.Lines, spark("errors", c, pick(c, ""), Spark{Tone: Bad}))
	}
	return s.withoutEmptyLines()
}

// pick is the series of that name, else the first.
func pick(c *report.Chart, name string) report.Points {
	for _, s := range c.Series {
		if s.Name == name {
			return s.Y
		}
	}
	if len(c.Series) > 0 {
		return c.Series[0].Y
	}
	return nil
}

func highest(y report.Points) float64 {
	_, high, _ := extent(y)
	return high
}

// extent is the smallest and the largest value, and whether there is any.
func extent(y report.Points) (low, high float64, ok bool) {
	for _, v := range y {
		if v != v { // a gap
			continue
		}
		if !ok {
			low, high, ok = v, v, true
		}
		low, high = min(low, v), max(high, v)
	}
	return low, high, ok
}

func spark(label string, c *report.Chart, y report.Points, s Spark) Line {
	low, high, ok := extent(y)
	if !ok || len(y) < 3 {
		return Line{}
	}
	s.Y = y
	a, b := Pair(&low, &high, c.Unit)
	text := b
	if a != b {
		text = strings.TrimSuffix(a, unitOf(b)) + " to " + b
	}
	return Line{Label: label, Spark: &s, Parts: []Cell{{text, Normal}}}
}

// unitOf is what follows the digits of a formatted number.
func unitOf(s string) string {
	i := strings.LastIndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' })
	return s[i+1:]
}
