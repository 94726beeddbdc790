package lab

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"k6report/testbed/internal/fault"
)

// count is how many of how many.
type count struct{ hits, of int }

func (c *count) add(hit bool) {
	c.of++
	if hit {
		c.hits++
	}
}

func (c count) String() string {
	if c.of == 0 {
		return "no runs"
	}
	return fmt.Sprintf("%d of %d", c.hits, c.of)
}

// Numbers are the counts that the attribution is held to.
type Numbers struct {
	Component count // strong, against a healthy run: the right component
	Detail    count // … and the right sub-part
	WrongNew  count // … a wrong component
	WrongAny  count // against a healthy run, whatever the fault: something that isn't to blame
	PartsSum  count // … whose parts add up to the difference within 10 %
	Mild      count // mild ones and slow, against a healthy run: the right component
	Load      count // alone: what queues, named by the load question
	Constant  count // alone: what every request pays, the dominant cost or inconclusive
	WrongOld  count // alone: a wrong bottleneck, whatever the fault
	Controls  count // none, untraced, throttle: silence for the right reason
	Two       count // two faults: both, or inconclusive
	Findings  count // leak, ws-memory, graph-memory, tenant
	FalseFind count // findings of leaks, noisy tenants and the like in healthy runs
	Unjoined  count // without request ids, as from InfluxDB: the same answer
}

// Count adds up.
func Count(list []Scored) Numbers {
	var n Numbers
	healthy := map[string]bool{}
	for _, s := range list {
		n.against(s)
		n.WrongAny.add(s.Against.Misnamed)
		if s.Fault.Expect == fault.Bottleneck && s.Fault.Queues && s.Strength == fault.Strong {
			n.Load.add(s.Alone.Mark == Right || s.Alone.Mark == RightPart)
		}
		if s.Fault.Expect != fault.Finding && s.Fault.Expect != fault.Fairness {
			n.WrongOld.add(s.Alone.Mark == Wrong)
			if s.Unjoined != nil && (s.Fault.Expect != fault.Bottleneck || named(s.Against) != nothingNamed || named(*s.Unjoined) != nothingNamed) {
				n.Unjoined.add(named(s.Against) == named(*s.Unjoined) && s.Against.Mark == s.Unjoined.Mark)
			}
		}
		if s.Fault.Expect == fault.Bottleneck && !s.Fault.Queues && s.strong() {
			n.Constant.add(s.Alone.Mark == Right)
		}
		if key := s.Healthy().Key(); !healthy[key] {
			healthy[key] = true
			n.FalseFind.add(len(s.Findings) > 0)
		}
	}
	return n
}

// named is the component that an answer names, several, or nothing.
func named(j Judgement) string { return column(j.Said) }

// against counts the comparison with a healthy run.
func (n *Numbers) against(s Scored) {
	const partsTolerance = 0.10
	m := s.Against.Mark
	right := m == Right || m == RightPart
	switch {
	case s.Trial.Fault == "two":
		n.Two.add(right || m == Silent)
	case s.Fault.Expect == fault.Bottleneck && s.strong():
		n.Component.add(right)
		n.Detail.add(m == Right)
		n.WrongNew.add(m == Wrong)
		if s.Against.PartsOff != nil {
			n.PartsSum.add(*s.Against.PartsOff <= partsTolerance)
		}
	case s.Fault.Expect == fault.Bottleneck:
		n.Mild.add(right)
	case s.Fault.Expect == fault.Finding, s.Fault.Expect == fault.Fairness:
		n.Findings.add(s.Alone.Mark == Right)
	default:
		n.Controls.add(m == Right)
	}
}

// strong says whether a fault's excess is a quarter of p95 or more. That of slow
// never is: it is a tenth or a fifth of a part of the time.
func (s Scored) strong() bool { return s.Strength == fault.Strong && s.Trial.Fault != "slow" }

// goal is what a count is held to.
type goal struct {
	what, wanted string
	reached      count
	share        float64 // of the runs, that have to be hits
	most         bool    // … or may be at most
	free         bool    // shown only
}

func (n Numbers) goals() []goal {
	return []goal{
		{what: "strong fault against a healthy run: the right component", wanted: "all but 2 of 50", reached: n.Component, share: 48. / 50},
		{what: "… and the right sub-part", wanted: "all but 8 of 50", reached: n.Detail, share: 42. / 50},
		{what: "… a wrong component", wanted: "at most 1 of 50", reached: n.WrongNew, share: 1. / 50, most: true},
		{what: "… something that is not to blame, of all runs", wanted: "–", reached: n.WrongAny, free: true},
		{what: "… parts add up to the difference within 10 %", wanted: "all", reached: n.PartsSum, share: 1},
		{what: "mild fault, or slow, against a healthy run: the right component", wanted: "–", reached: n.Mild, free: true},
		{what: "alone: a fault that queues is named by the load question", wanted: "9 of 10", reached: n.Load, share: 0.9},
		{what: "alone: a constant cost is the dominant one, or inconclusive", wanted: "all", reached: n.Constant, share: 1},
		{what: "alone: a wrong bottleneck", wanted: "at most 1 of 50", reached: n.WrongOld, share: 1. / 50, most: true},
		{what: "none, untraced, throttle: silence for the right reason", wanted: "19 of 20", reached: n.Controls, share: 19. / 20},
		{what: "two faults at once: both, or inconclusive", wanted: "all", reached: n.Two, share: 1},
		{what: "leak, ws-memory, graph-memory, tenant: found", wanted: "9 of 10", reached: n.Findings, share: 0.9},
		{what: "… found in a healthy run", wanted: "none", reached: n.FalseFind, most: true},
		{what: "without request ids, as from InfluxDB: the same answer, where either names one or silence is right", wanted: "17 of 20", reached: n.Unjoined, share: 17. / 20},
	}
}

const yes = "yes"

// answer says whether the goal is reached.
func (g goal) answer() string {
	const slack = 1e-9
	switch {
	case g.reached.of == 0:
		return "not tried"
	case g.free:
		return "–"
	case g.most && float64(g.reached.hits) <= g.share*float64(g.reached.of)+slack,
		!g.most && float64(g.reached.hits) >= g.share*float64(g.reached.of)-slack:
		return yes
	}
	return "**no**"
}

// print writes what was reached.
func (n Numbers) print(w io.Writer) {
	fmt.Fprintf(w, "| what | wanted | counted | reached |\n|---|---|---|---|\n")
	for _, g := range n.goals() {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", g.what, g.wanted, g.reached, g.answer())
	}
}

// Page writes the document: what was run by which command, a remark on it, what
// was reached and what was not, and the rest of [Print].
func Page(w io.Writer, p Plan, command, remark string, list []Scored) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# How often the attribution is right\n\n"+
		"A real engine with a fault of a known kind, loaded by k6 at two rates of %v each after %v, "+
		"and what `k6report compare HEALTHY FAULTY` and `k6report analyze FAULTY` said of it. "+
		"[testbed/README.md](../testbed/README.md#faults) describes the faults. Counts are of runs.\n\n", p.Stay, p.Warmup)
	trials := 0
	for _, t := range p.Trials() {
		if t.Fault != "" {
			trials++
		}
	}
	fmt.Fprintf(&b, "Made by `%s` (testbed/cmd/lab): %d of the %d faulty runs of that plan, %d seeds strong and %d mild from seed %d on, "+
		"on %s, each held against the one healthy run of its setup.", strings.TrimSpace(command), len(list), trials, p.Strong, p.Mild,
		max(1, p.FirstSeed), strings.Join(p.Databases, " and "))
	if remark != "" {
		fmt.Fprintf(&b, " %s", remark)
	}
	var left []string
	for _, g := range Count(list).goals() {
		if a := g.answer(); a != yes && a != "–" {
			left = append(left, fmt.Sprintf("%s (%s, wanted %s)", strings.TrimPrefix(g.what, "… "), g.reached, g.wanted))
		}
	}
	if len(left) > 0 {
		fmt.Fprintf(&b, "\n\nNot reached or not tried: %s.", strings.Join(left, "; "))
	}
	fmt.Fprint(&b, "\n\n")
	if err := Print(&b, list); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Print writes the counts, the confusion matrix and every answer as Markdown.
func Print(to io.Writer, list []Scored) error {
	w := &bytes.Buffer{}
	Count(list).print(w)
	fmt.Fprintf(w, "\n## Confusion matrix\n\nRows are the faults, columns the component that a comparison with a healthy run names.\n\n")
	printMatrix(w, list)
	fmt.Fprintf(w, "\n## Every run\n\n| run | against a healthy run | | without ids | alone | |\n|---|---|---|---|---|---|\n")
	for _, s := range list {
		unjoined := ""
		if s.Unjoined != nil {
			unjoined = string(s.Unjoined.Mark)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", s.Key(), s.Against.Mark, cell(s.Against.Said), unjoined, s.Alone.Mark, cell(s.Alone.Said))
	}
	_, err := to.Write(w.Bytes())
	return err
}

func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text)
}

const nothingNamed = "nothing"

// columns of the matrix, in the order of a report's components.
func columns() []string {
	return []string{"client", "network", "queue", "database", "graph", "http_pool", "websocket", "several", nothingNamed}
}

func printMatrix(w io.Writer, list []Scored) {
	found := map[string]map[string]int{}
	var order []string
	for _, s := range list {
		row := s.Trial.Fault + " " + string(s.Strength)
		if found[row] == nil {
			found[row] = map[string]int{}
			order = append(order, row)
		}
		found[row][column(s.Against.Said)]++
	}
	fmt.Fprintf(w, "| fault | truth | %s |\n|---|---|%s\n", strings.Join(columns(), " | "), strings.Repeat("---|", len(columns())))
	for _, row := range order {
		name, _, _ := strings.Cut(row, " ")
		f, _ := fault.Find(name)
		var truth []string
		for _, t := range f.Truth {
			truth = append(truth, t.Component)
		}
		fmt.Fprintf(w, "| %s | %s |", row, strings.Join(truth, " + "))
		for _, c := range columns() {
			if n := found[row][c]; n > 0 {
				fmt.Fprintf(w, " %d |", n)
			} else {
				fmt.Fprint(w, " |")
			}
		}
		fmt.Fprintln(w)
	}
}

func column(said string) string {
	if strings.Contains(said, " + ") {
		return "several"
	}
	component, _, named := strings.Cut(said, " / ")
	if named && slices.Contains(columns(), component) {
		return component
	}
	return nothingNamed
}
