package analyze

import (
	"fmt"
	"slices"
	"strings"

	"k6report/internal/report"
)

// verdict is the first status that holds, with a sentence that says why.
func (s *subject) verdict(r *report.Report, failOn []report.Status) report.Verdict {
	var holds []report.Status
	failed := s.failedTargets(&r.Run)
	if len(failed) > 0 && !s.capacityRun() {
		holds = append(holds, report.ThresholdFailed)
	}
	if reasons := invalidReasons(r.Notes); len(reasons) > 0 {
		holds = append(holds, report.RunInvalid)
	}
	if len(holds) == 0 {
		holds = append(holds, report.Passed)
	}
	v := report.Verdict{Status: holds[0], Also: holds[1:]}
	v.ExitCode = report.ExitCode(v.Status, failOn, v.Also...)
	v.Headline = headline(&v, r, failed)
	return v
}

// failedTargets names the thresholds and service levels that do not hold.
func (s *subject) failedTargets(r *report.Run) []string {
	var failed []string
	add := func(name string, ok *bool) {
		if ok != nil && !*ok && !slices.Contains(failed, name) {
			failed = append(failed, name)
		}
	}
	for _, t := range r.Thresholds {
		add(fmt.Sprintf("%s %s", t.Metric, t.Expression), t.OK)
	}
	for _, e := range r.Endpoints {
		for _, t := range e.Targets {
			add(fmt.Sprintf("%s %s", e.Name, t.Text), t.OK)
		}
	}
	for _, t := range r.ServiceLevels {
		add(strings.TrimSpace(fmt.Sprintf("%s %s", t.Metric, t.Expression)), t.OK)
	}
	return failed
}

func invalidReasons(notes []report.Note) []string {
	var reasons []string
	for _, n := range notes {
		if n.Severity == report.Invalid {
			reasons = append(reasons, n.Message)
		}
	}
	return reasons
}

func headline(v *report.Verdict, r *report.Report, failed []string) string {
	switch v.Status {
	case report.ThresholdFailed:
		text := failed[0] + " failed"
		if len(failed) > 1 {
			text = fmt.Sprintf("%d targets failed, the first: %s", len(failed), failed[0])
		}
		if slices.Contains(v.Also, report.RunInvalid) {
			text += "; the run is also invalid"
		}
		return text
	case report.RunInvalid:
		return invalidReasons(r.Notes)[0]
	}
	return passedHeadline(&r.Run)
}

// passedHeadline says what a run without failures showed.
func passedHeadline(r *report.Run) string {
	judged, unknown := 0, 0
	count := func(ok *bool) {
		if ok == nil {
			unknown++
		} else {
			judged++
		}
	}
	for _, t := range r.Thresholds {
		count(t.OK)
	}
	for _, e := range r.Endpoints {
		for _, t := range e.Targets {
			count(t.OK)
		}
	}
	for _, t := range r.ServiceLevels {
		count(t.OK)
	}
	var parts []string
	switch {
	case judged > 0:
		parts = append(parts, fmt.Sprintf("all %d targets held", judged))
	default:
		parts = append(parts, "no target was set")
	}
	if unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be judged", unknown))
	}
	if r.Load.Requests != nil {
		text := fmt.Sprintf("%d requests", *r.Load.Requests)
		if *r.Load.Requests == 1 {
			text = "1 request"
		}
		if r.Load.ErrorRate != nil {
			text += fmt.Sprintf(", %s failed", percent(*r.Load.ErrorRate))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}
