package page

import (
	"slices"
	"strings"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// answer is one of the four questions at the head of the page, answered in a
// few words, with what they rest on.
type answer struct {
	Question string
	Tone     view.Tone
	Head     cell
	Lines    [][]cell
}

// answers are what a reader wants to know in ten seconds.
func answers(r *report.Report, sections []view.Section) []answer {
	return []answer{happened(r, sections), believable(r), worse(r), why(r)}
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
func fact(s view.Section, label string) []view.Cell {
	for _, l := range s.Lines {
		if l.Label == label {
			return l.Parts
		}
	}
	return nil
}

// longestLine is where a line of an answer is cut: the chapters have the rest.
const longestLine = 170

func (a *answer) head(text string, tone view.Tone) {
	a.Head, a.Tone = cell{Text: plain.Short(text, longestLine), Tone: tone}, tone
}

func (a *answer) add(cells ...view.Cell) {
	var line []cell
	for _, c := range cells {
		if text := plain.Short(c.Text, longestLine); text != "" {
			line = append(line, cell{Text: text, Tone: c.Tone})
		}
	}
	if len(line) > 0 {
		a.Lines = append(a.Lines, line)
	}
}

func happened(r *report.Report, sections []view.Section) answer {
	a := answer{Question: "What happened?"}
	l := &r.Run.Load
	a.head("Nothing was measured", view.Dim)
	if l.Requests != nil && *l.Requests > 0 {
		text := view.Plural(int(*l.Requests), "request", "requests")
		if l.RequestsPerS != nil {
			text += ", " + view.PerSecond(*l.RequestsPerS)
		}
		a.head(text, view.Normal)
	} else if parts := fact(find(sections, "load"), "Requests"); len(parts) > 0 {
		a.head(parts[0].Text, view.Normal)
	}
	if r.Saturation != nil {
		a.add(view.Cell{Text: r.Saturation.Headline, Tone: view.Strong})
	}
	a.add(view.Ended(r)...)
	a.add(view.Percentiles(r)...)
	for _, id := range []string{"thresholds", "service_levels"} {
		a.add(find(sections, id).Told...)
	}
	if r.Verdict.Status == report.Passed && r.Comparison == nil && unjudged(r) {
		a.add(view.Cell{Text: "Nothing was set to judge it by", Tone: view.Dim})
	}
	if a.Head.Tone == view.Normal {
		a.Tone = view.Good
	}
	if holds(r, report.ThresholdFailed) {
		a.Tone = view.Bad
	}
	return a
}

// unjudged reports whether no target was set for the run, of any kind.
func unjudged(r *report.Report) bool {
	return len(r.Run.Thresholds) == 0 && len(r.Run.ServiceLevels) == 0 &&
		!slices.ContainsFunc(r.Run.Endpoints, func(e report.Endpoint) bool { return len(e.Targets) > 0 })
}

func holds(r *report.Report, s report.Status) bool {
	return r.Verdict.Status == s || slices.Contains(r.Verdict.Also, s)
}

func believable(r *report.Report) answer {
	a := answer{Question: "Can it be believed?"}
	invalid := holds(r, report.RunInvalid)
	var untold, undone, warnings []view.Cell // untold: that the headline doesn't say
	for i, n := range r.Notes {
		text := view.Sentence(r, n.Message)
		switch n.Severity {
		case report.Invalid:
			if invalid = true; !slices.Contains(r.Verdict.Told, i) {
				untold = append(untold, view.Cell{Text: text})
			}
		case report.Error:
			undone = append(undone, view.Cell{Text: text})
		case report.Warning:
			warnings = append(warnings, view.Cell{Text: text, Tone: view.Dim})
		case report.Info:
		}
	}
	switch {
	case invalid:
		a.head("No", view.Bad)
		if len(untold) > 0 {
			a.add(untold[0])
		}
	case len(undone) > 0:
		a.head("Yes, but something asked for could not be done", view.Warn)
		a.add(undone[0])
	case len(warnings) > 0:
		a.head("Yes, with "+view.Plural(len(warnings), "warning", "warnings"), view.Warn)
	case r.Run.Load.Plan == nil:
		a.head("Yes, as far as can be told", view.Normal)
	default:
		a.head("Yes, nothing speaks against it", view.Good)
	}
	load := view.Carried(r)
	if r.Run.Load.Plan == nil {
		load[0].Text += ": the load has nothing to be held against"
	}
	a.add(load...)
	if !invalid && len(undone) == 0 && len(warnings) > 0 {
		a.add(warnings[0])
	}
	return a
}

func worse(r *report.Report) answer {
	a := answer{Question: "Is it worse than before?"}
	c := r.Comparison
	if c == nil {
		a.head("Nothing to compare with", view.Dim)
		for _, n := range r.Notes {
			if slices.Contains([]string{"no_baseline", "baseline_unreachable", "nothing_to_compare", "capacity_not_compared"}, n.Code) {
				a.add(view.Cell{Text: view.Sentence(r, n.Message), Tone: view.Dim})
			}
		}
		return a
	}
	a.headOfGates(r)
	const most = 2 // the table has all
	shown := 0
	for i := range c.Gates {
		if g := &c.Gates[i]; g.Verdict != report.GateOK && shown < most {
			for _, line := range view.GateLine(g) {
				a.add(line)
			}
			shown++
		}
	}
	if shown == 0 {
		for _, s := range view.Sections(r, view.Options{Only: []string{"comparison"}}) {
			if s.Table == nil && len(s.Lines) > 0 {
				a.add(s.Lines[len(s.Lines)-1].Parts...)
			}
		}
	}
	against := view.Cell{Text: "against " + c.Baseline.Name, Tone: view.Dim}
	if c.Baseline.Name == "" {
		against.Text = "against another run"
	}
	runs := view.Cell{Text: view.Plural(c.Baseline.Runs, "run", "runs"), Tone: view.Dim}
	if len(c.Candidate) > 1 && c.CandidateName == "" {
		a.add(against, runs, view.Cell{Text: "with a second run", Tone: view.Dim})
	} else {
		a.add(against, runs)
	}
	return a
}

// headOfGates answers by the gravest verdict of the gates.
func (a *answer) headOfGates(r *report.Report) {
	gates, counts := r.Comparison.Gates, make(map[string]int)
	for _, g := range gates {
		counts[g.Verdict]++
	}
	of := func(verdict string) string {
		return view.Count(int64(counts[verdict])) + " of " + view.Plural(len(gates), "gate", "gates") + " "
	}
	switch {
	case counts[report.GateRegressed] > 0:
		a.head("Yes: "+of(report.GateRegressed)+"regressed", view.Bad)
	case counts[report.GateSuspected] > 0:
		a.head("Perhaps: "+of(report.GateSuspected)+"suspected", view.Warn)
	case holds(r, report.NotComparable) || len(gates) == 0:
		a.head("Not comparable", view.Warn)
	case counts[report.GateInconclusive] > 0:
		a.head("Can't tell: "+of(report.GateInconclusive)+"inconclusive", view.Warn)
	case counts[report.GateAccepted] > 0:
		a.head("As accepted: "+of(report.GateAccepted)+"slower on purpose", view.Good)
	case counts[report.GateImproved] > 0:
		a.head("No, better: "+of(report.GateImproved)+"improved", view.Good)
	default:
		a.head("No: "+of(report.GateOK)+"ok", view.Good)
	}
	if n := counts[report.GateNotComparable]; n > 0 && a.Tone == view.Good { // so good as far as could be compared
		a.head(a.Head.Text+", "+view.Count(int64(n))+" not comparable", view.Warn)
	}
}

func why(r *report.Report) answer {
	a := answer{Question: "Why?"}
	at := r.Attribution
	if at == nil {
		a.head("No component data", view.Dim)
		return a
	}
	switch at.Status {
	case report.AttrConfirmed, report.AttrLikely:
		tone := view.Bad
		if at.Status == report.AttrLikely {
			tone = view.Warn
		}
		var names []string
		for _, b := range at.Bottlenecks {
			names = append(names, strings.TrimSuffix(b.Component+": "+b.Detail, ": "))
		}
		a.head(strings.Join(names, "; "), tone)
		word := at.Status
		if at.Confidence != nil {
			word += ", confidence " + view.Percent(*at.Confidence)
		}
		a.add(view.Cell{Text: word})
		if len(at.Evidence) > 0 {
			a.add(view.Cell{Text: view.Sentence(r, at.Evidence[0]), Tone: view.Dim})
		}
		if len(at.Bottlenecks) > 0 {
			a.add(view.Cell{Text: at.Bottlenecks[0].Remedy, Tone: view.Strong})
		}
	case report.AttrNone:
		a.head("No bottleneck", view.Good)
		a.add(view.Cell{Text: view.Sentence(r, at.Reason), Tone: view.Dim})
	case report.AttrInconclusive:
		a.head("Can't tell", view.Warn)
		a.add(view.Cell{Text: view.Sentence(r, at.Reason), Tone: view.Dim})
	default:
		a.head("No component data", view.Dim)
		a.add(view.Cell{Text: view.Sentence(r, at.Reason), Tone: view.Dim}) // what to do about it stands in the chapter
	}
	return a
}
