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
	switch v.Status {
	case report.ThresholdFailed:
		v.Headline = t.failedHeadline(reasons, slices.ContainsFunc(r.Notes, func(n report.Note) bool {
			return n.Code == codeK6Failed && n.Severity == report.Invalid
		}))
	case report.RunInvalid:
		v.Headline = reasons[0]
		if more := len(reasons) - 1; more > 0 {
			v.Headline += fmt.Sprintf(" (and %s)", plural(more, "more reason", "more reasons"))
		}
	case report.Passed:
		v.Headline = t.passedHeadline(&r.Run, s.capacityRun())
		if s.capacityRun() && found != "" { // what such a run is made to find
			v.Headline = found + "; " + v.Headline
		}
		if text := excludedText(r.Comparison); text != "" {
			v.Headline = text + "; " + v.Headline
		}
	default:
		v.Headline = comparedHeadline(v.Status, r.Comparison)
	}
	v.Headline = sentence(v.Headline)
	tells := v.Status == report.ThresholdFailed || v.Status == report.RunInvalid
	if told := invalidNotes(r.Notes); tells && len(told) > 0 && strings.Contains(v.Headline, oneLine(r.Notes[told[0]].Message)) { // it may be cut
		v.Told = told[:1]
	}
	return v
}

// tally counts thresholds and service levels, and names those that failed.
type tally struct {
	held, unknown int
	failed        []string
}

func (s *subject) tally(r *report.Run) tally {
	var t tally
	add := func(name string, ok *bool) {
		switch {
		case ok == nil:
			t.unknown++
		case *ok:
			t.held++
		default:
			t.failed = append(t.failed, name)
		}
	}
	for _, x := range r.Thresholds {
		add(x.Metric+" "+x.Expression, x.OK)
	}
	if s.Execution != nil && s.Execution.ExitCode == exitThresholds && len(t.failed) == 0 {
		t.failed = append(t.failed, "a threshold, as k6's exit code says,")
	}
	for _, e := range r.Endpoints {
		for _, x := range e.Targets {
			add(e.Name+" "+x.Text, x.OK)
		}
	}
	for _, x := range r.ServiceLevels {
		name := x.Text
		if x.Metric != metricErrors && x.Metric != metricTimeouts { // whose text names them
			name = x.Metric + " " + name
		}
		add(name, x.OK)
	}
	return t
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
func (t tally) failedHeadline(reasons []string, k6Failed bool) string {
	text := t.failed[0] + " failed"
	if len(t.failed) > 1 {
		text = fmt.Sprintf("%d of %d targets failed, the first: %s", len(t.failed), len(t.failed)+t.held+t.unknown, t.failed[0])
	}
	switch {
	case k6Failed:
		return reasons[0] + "; " + text
	case len(reasons) > 0:
		return text + "; the run is also invalid: " + reasons[0]
	}
	return text
}

// passedHeadline says what a run without failures showed.
func (t tally) passedHeadline(r *report.Run, capacity bool) string {
	var parts []string
	switch judged := t.held + len(t.failed); {
	case judged == 0 && t.unknown == 0:
		parts = append(parts, "no target was set")
	case judged == 0:
	case capacity && len(t.failed) > 0 && judged == 1:
		parts = append(parts, "the load was raised until the target failed")
	case capacity && len(t.failed) > 0:
		parts = append(parts, fmt.Sprintf("the load was raised until %d of %s failed", len(t.failed), plural(judged, "target", "targets")))
	case t.unknown > 0 || judged == 1:
		parts = append(parts, plural(judged, "target held", "targets held"))
	case judged == 2:
		parts = append(parts, "both targets held")
	default:
		parts = append(parts, fmt.Sprintf("all %d targets held", judged))
	}
	if t.unknown > 0 {
		parts = append(parts, plural(t.unknown, "target could not be judged", "targets could not be judged"))
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
