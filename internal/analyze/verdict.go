package analyze

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k6report/internal/report"
)

// verdict is the first status that holds, with a sentence that says why. found is
// what a changing load showed, in words.
func (s *subject) verdict(r *report.Report, found string, failOn []report.Status) report.Verdict {
	var holds []report.Status
	t := s.tally(&r.Run)
	if len(t.failed) > 0 && !s.capacityRun() {
		holds = append(holds, report.ThresholdFailed)
	}
	r.Run.Load.Raised = len(t.failed) > 0 && s.capacityRun()
	reasons := invalidReasons(r.Notes)
	if len(reasons) > 0 {
		holds = append(holds, report.RunInvalid)
	}
	holds = append(holds, compared(r.Comparison)...)
	if len(holds) == 0 {
		holds = append(holds, report.Passed)
	}
	order := report.Statuses()
	slices.SortStableFunc(holds, func(a, b report.Status) int { return slices.Index(order, a) - slices.Index(order, b) })
	v := report.Verdict{Status: holds[0], Also: holds[1:]}
	v.ExitCode = report.ExitCode(v.Status, failOn, v.Also...)
	told := invalidNotes(r.Notes)
	var says phrase
	switch v.Status {
	case report.ThresholdFailed:
		says = t.failedHeadline(reasons, len(told) > 0 && r.Notes[told[0]].Code == codeK6Failed)
	case report.RunInvalid:
		says = phrase{text: reasons[0], named: r.Notes[told[0]].Where != ""}
		if more := len(reasons) - 1; more > 0 {
			says.text += fmt.Sprintf(" (and %s)", plural(more, "more reason", "more reasons"))
		}
	case report.Passed:
		says.text = t.passedHeadline(&r.Run, s.capacityRun())
		if s.capacityRun() && found != "" { // what such a run is made to find
			says.text = found + "; " + says.text
		}
		if text := excludedText(r.Comparison); text != "" {
			says.text = text + "; " + says.text
		}
	default:
		says = comparedHeadline(v.Status, r.Comparison)
	}
	v.Headline = says.sentence()
	tells := v.Status == report.ThresholdFailed || v.Status == report.RunInvalid
	if tells && len(told) > 0 && strings.Contains(sentence(says.text), oneLine(r.Notes[told[0]].Message)) { // it may be cut
		v.Told = told[:1]
	}
	return v
}

// phrase is a text that begins a sentence, with what the text itself doesn't
// tell: whether it begins with a name of the test, which keeps its case.
type phrase struct {
	text  string
	named bool
}

func (p phrase) sentence() string {
	if p.named {
		return sentence(p.text)
	}
	return report.Sentence(sentence(p.text))
}

// tally counts thresholds and service levels, and names those that failed.
type tally struct {
	met     [kinds]int // by what they are
	all     [kinds]int
	unknown int
	failed  []phrase
}

// What a target may be.
const (
	ofThreshold = iota // k6's
	ofEndpoint         // a service level of one
	ofRun              // a service level of the whole run
	kinds
)

func (s *subject) tally(r *report.Run) tally {
	var t tally
	add := func(kind int, name phrase, ok *bool) {
		t.all[kind]++
		switch {
		case ok == nil:
			t.unknown++
		case *ok:
			t.met[kind]++
		default:
			t.failed = append(t.failed, name)
		}
	}
	for _, x := range r.Thresholds {
		add(ofThreshold, phrase{x.Metric + " " + x.Expression, true}, x.OK)
	}
	if s.Execution != nil && s.Execution.ExitCode == exitThresholds && len(t.failed) == 0 {
		t.failed = append(t.failed, phrase{text: "a threshold, as k6's exit code says,"})
		switch { // it is one of these, where there are any
		case t.unknown > 0:
			t.unknown--
		case t.met[ofThreshold] > 0:
			t.met[ofThreshold]--
		default:
			t.all[ofThreshold]++
		}
	}
	for _, e := range r.Endpoints {
		for _, x := range e.Targets {
			add(ofEndpoint, phrase{e.Name + " " + x.Text, true}, x.OK)
		}
	}
	for _, x := range r.ServiceLevels {
		name := phrase{text: x.Text}
		if x.Metric != metricErrors && x.Metric != metricTimeouts { // whose text names them
			name = phrase{x.Metric + " " + x.Text, true}
		}
		add(ofRun, name, x.OK)
	}
	return t
}

func (t tally) anyMet() bool { return t.met != [kinds]int{} }

// judged is how many could be.
func (t tally) judged() int { return t.total() - t.unknown }

func (t tally) total() int { return t.all[ofThreshold] + t.all[ofEndpoint] + t.all[ofRun] }

// noun is what they all are.
func (t tally) noun() (one, many string) {
	switch t.total() {
	case t.all[ofThreshold]:
		return "threshold", "thresholds"
	case t.all[ofRun]:
		return "service level", "service levels"
	}
	return "target", "targets"
}

// metText counts those that were met, and says of what kinds they are where
// there are several: each has a section of its own.
func (t tally) metText() string {
	one, many := t.noun()
	n := t.judged()
	text := fmt.Sprintf("all %d %s met", n, many)
	switch {
	case t.unknown > 0 || n == 1:
		text = plural(n, one, many) + " met"
	case n == 2:
		text = "both " + many + " met"
	}
	var parts []string
	if n := t.met[ofThreshold]; n > 0 {
		parts = append(parts, plural(n, "threshold", "thresholds"))
	}
	if n := t.met[ofEndpoint]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of endpoints", n))
	}
	if n := t.met[ofRun]; n > 0 {
		parts = append(parts, plural(n, "service level", "service levels"))
	}
	if len(parts) > 1 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return text
}

// invalidNotes are the positions of the notes that make a run invalid, first how
// k6 failed: all others may follow from it.
func invalidNotes(notes []report.Note) []int {
	var first, rest []int
	for i, n := range notes {
		switch {
		case n.Severity != report.Invalid:
		case n.Code == codeK6Failed:
			first = append(first, i)
		default:
			rest = append(rest, i)
		}
	}
	return append(first, rest...)
}

// invalidReasons says them in words.
func invalidReasons(notes []report.Note) []string {
	var reasons []string
	for _, i := range invalidNotes(notes) {
		reasons = append(reasons, strings.TrimPrefix(notes[i].Where+": ", ": ")+notes[i].Message)
	}
	return reasons
}

// failedHeadline says what failed. Of a k6 that did not come to its end, that
// goes first: the targets are those of a part of the run.
func (t tally) failedHeadline(reasons []string, k6Failed bool) phrase {
	first := t.failed[0]
	says := phrase{first.text + " failed", first.named}
	if len(t.failed) > 1 {
		_, many := t.noun()
		says = phrase{text: fmt.Sprintf("%d of %d %s failed, the first: %s", len(t.failed), t.total(), many, first.text)}
	}
	switch {
	case k6Failed:
		says = phrase{text: reasons[0] + "; " + says.text}
	case len(reasons) > 0:
		says.text += "; the run is also invalid: " + reasons[0]
	}
	return says
}

// passedHeadline says what a run without failures showed.
func (t tally) passedHeadline(r *report.Run, capacity bool) string {
	var parts []string
	one, many := t.noun()
	switch judged := t.judged(); {
	case t.total() == 0:
		parts = append(parts, "no target was set")
	case judged == 0:
	case capacity && len(t.failed) > 0 && judged == 1:
		parts = append(parts, "the load was raised until the "+one+" failed")
	case capacity && len(t.failed) > 0:
		parts = append(parts, fmt.Sprintf("the load was raised until %d of %s failed", len(t.failed), plural(judged, one, many)))
	default:
		parts = append(parts, t.metText())
	}
	if t.unknown > 0 {
		parts = append(parts, plural(t.unknown, one, many)+" could not be judged")
	}
	if r.Load.Requests != nil {
		text := plural(int(*r.Load.Requests), "request", "requests")
		switch rate := r.Load.ErrorRate; {
		case rate == nil:
		case *rate == 0:
			text += ", none failed"
		default:
			text += fmt.Sprintf(", %s failed", percent(*rate))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// longestHeadline is in runes: names in a run may be of any length.
const longestHeadline = 240

// sentence makes one line of a text, of a length that can be shown.
func sentence(text string) string {
	runes := []rune(oneLine(text))
	if len(runes) > longestHeadline {
		runes = append(slices.Clip(runes[:longestHeadline-1]), '…')
	}
	return string(runes)
}

// oneLine makes one line of a text of any length.
func oneLine(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	return strings.Join(words, " ")
}
