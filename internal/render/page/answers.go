package page

import (
	"strings"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// answer is one of the four questions at the head of the page.
type answer struct {
	Question string
	Tone     view.Tone
	Lines    [][]cell
}

// answers are what a reader wants to know in ten seconds.
func answers(r *report.Report, sections []view.Section) []answer {
	return []answer{happened(r, sections), believable(r, sections), worse(r, sections), why(r, sections)}
}

// find is the section of that id; one without content where there is none.
func find(sections []view.Section, id string) view.Section {
	for _, s := range sections {
		if s.ID == id {
			return s
		}
	}
	return view.Section{}
}

// fact is the line of a section with that label.
func fact(s view.Section, label string) []cell {
	for _, l := range s.Lines {
		if l.Label == label {
			return cleanAll(l.Parts)
		}
	}
	return nil
}

func (a *answer) add(cells []cell) {
	if len(cells) > 0 {
		a.Lines = append(a.Lines, cells)
	}
}

func happened(r *report.Report, sections []view.Section) answer {
	a := answer{Question: "What happened?", Tone: view.Good}
	load := find(sections, "load")
	a.add(fact(load, "Requests"))
	a.add(fact(load, "Latency"))
	for _, id := range []string{"thresholds", "service_levels"} {
		a.add(cleanAll(find(sections, id).Summary))
	}
	if holds(r, report.ThresholdFailed) {
		a.Tone = view.Bad
	}
	if len(a.Lines) == 0 {
		a.Tone = view.Dim
		a.add([]cell{{Text: "nothing was measured"}})
	}
	return a
}

func holds(r *report.Report, s report.Status) bool {
	if r.Verdict.Status == s {
		return true
	}
	for _, also := range r.Verdict.Also {
		if also == s {
			return true
		}
	}
	return false
}

func believable(r *report.Report, sections []view.Section) answer {
	a := answer{Question: "Can it be believed?", Tone: view.Good}
	var invalid, warnings int
	for _, n := range r.Notes {
		switch n.Severity {
		case report.Invalid, report.Error:
			if invalid++; invalid == 1 {
				a.add(cleanAll([]view.Cell{{Text: n.Message, Tone: view.Bad}}))
			}
		case report.Warning:
			warnings++
		case report.Info:
		}
	}
	switch {
	case invalid > 0:
		a.Tone = view.Bad
	case warnings > 0:
		a.Tone = view.Warn
		a.add([]cell{{Text: "yes, with " + view.Plural(warnings, "warning", "warnings")}})
	default:
		a.add([]cell{{Text: "yes, nothing speaks against it"}})
	}
	a.add(fact(find(sections, "load"), "Load"))
	return a
}

func worse(r *report.Report, sections []view.Section) answer {
	a := answer{Question: "Is it worse than before?", Tone: view.Dim}
	c := r.Comparison
	if c == nil {
		a.add([]cell{{Text: "nothing to compare with"}})
		return a
	}
	a.Tone = view.Good
	counts := make(map[string]int)
	for _, g := range c.Gates {
		counts[g.Verdict]++
	}
	var words []view.Cell
	for _, verdict := range []string{
		report.GateRegressed, report.GateSuspected, report.GateInconclusive, report.GateNotComparable,
		report.GateAccepted, report.GateImproved, report.GateOK,
	} {
		if n := counts[verdict]; n > 0 {
			word := view.GateWord(verdict)
			_, text, _ := strings.Cut(word.Text, " ") // without its sign
			words = append(words, view.Cell{Text: view.Count(int64(n)) + " " + text, Tone: word.Tone})
		}
	}
	a.add(cleanAll(words))
	switch {
	case counts[report.GateRegressed] > 0:
		a.Tone = view.Bad
	case counts[report.GateSuspected]+counts[report.GateInconclusive]+counts[report.GateNotComparable] > 0:
		a.Tone = view.Warn
	}
	a.add(cleanAll(find(sections, "comparison").Summary))
	return a
}

func why(r *report.Report, sections []view.Section) answer {
	a := answer{Question: "Why?", Tone: view.Dim}
	if r.Attribution == nil || r.Attribution.Status == report.AttrNoData {
		a.add([]cell{{Text: "no component data"}})
		return a
	}
	s := find(sections, "attribution")
	a.add(cleanAll(s.Summary))
	a.add(fact(s, "do"))
	if len(r.Attribution.Bottlenecks) > 0 {
		a.Tone = view.Warn
	}
	return a
}
