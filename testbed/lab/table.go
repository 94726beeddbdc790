package lab

import (
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
	PartsSum  count // … whose parts add up to the difference within 10 %
	Mild      count // mild, against a healthy run: the right component
	Load      count // alone: what queues, named by the load question
	WrongOld  count // alone: a wrong bottleneck, whatever the fault
	Controls  count // none, untraced, throttle: silence for the right reason
	Two       count // two faults: both, or inconclusive
	Findings  count // leak, ws-memory, graph-memory, tenant
	FalseFind count // findings of leaks and the like in healthy runs
}

// Count adds up.
func Count(list []Scored) Numbers {
	var n Numbers
	const partsTolerance = 0.10
	healthy := map[string]bool{}
	for _, s := range list {
		strong, m := s.Strength == fault.Strong, s.Against.Mark
		right := m == Right || m == RightPart
		switch {
		case s.Trial.Fault == "two":
			n.Two.add(right || m == Silent)
		case s.Fault.Expect == fault.Bottleneck && strong:
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
		if s.Fault.Expect == fault.Bottleneck && s.Fault.Queues && strong {
			n.Load.add(s.Alone.Mark == Right || s.Alone.Mark == RightPart)
		}
		if s.Fault.Expect != fault.Finding && s.Fault.Expect != fault.Fairness {
			n.WrongOld.add(s.Alone.Mark == Wrong)
		}
		if key := s.Healthy().Key(); !healthy[key] {
			healthy[key] = true
			n.FalseFind.add(len(s.Findings) > 0)
		}
	}
	return n
}

// print writes what was reached.
func (n Numbers) print(w io.Writer) {
	fmt.Fprintf(w, "| what | wanted | reached |\n|---|---|---|\n")
	for _, line := range []struct {
		what, wanted string
		reached      count
	}{
		{"strong fault against a healthy run: the right component", "all but 2 of 50", n.Component},
		{"… and the right sub-part", "all but 8 of 50", n.Detail},
		{"… a wrong component", "at most 1 of 50", n.WrongNew},
		{"… parts add up to the difference within 10 %", "all", n.PartsSum},
		{"mild fault against a healthy run: the right component", "–", n.Mild},
		{"alone: a fault that queues is named by the load question", "9 of 10", n.Load},
		{"alone: a wrong bottleneck", "at most 1 of 50", n.WrongOld},
		{"none, untraced, throttle: silence for the right reason", "19 of 20", n.Controls},
		{"two faults at once: both, or inconclusive", "all", n.Two},
		{"leak, ws-memory, graph-memory, tenant: found", "9 of 10", n.Findings},
		{"… found in a healthy run", "none", n.FalseFind},
	} {
		fmt.Fprintf(w, "| %s | %s | %s |\n", line.what, line.wanted, line.reached)
	}
}

// Print writes the counts, the confusion matrix and every answer as Markdown.
func Print(w io.Writer, list []Scored) {
	Count(list).print(w)
	fmt.Fprintf(w, "\n## Confusion matrix\n\nRows are the faults, columns the component that a comparison with a healthy run names.\n\n")
	printMatrix(w, list)
	fmt.Fprintf(w, "\n## Every run\n\n| run | against a healthy run | | alone | |\n|---|---|---|---|---|\n")
	for _, s := range list {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", s.Key(), s.Against.Mark, cell(s.Against.Said), s.Alone.Mark, cell(s.Alone.Said))
	}
}

func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text)
}

// columns of the matrix, in the order of a report's components.
func columns() []string {
	return []string{"client", "network", "queue", "database", "graph", "http_pool", "websocket", "several", "nothing"}
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
	return "nothing"
}
