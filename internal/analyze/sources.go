package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
)

// sources leaves a Note for each thing that the sources don't tell, or tell in
// two ways.
func (s *subject) sources(r *report.Run) {
	s.checkAgreement()
	s.checkExit(r)
	s.checkClock()
	s.checkAbsent()
	s.checkThresholdsKnown()
	s.problems()
}

// checkExit holds the thresholds against k6's exit code.
func (s *subject) checkExit(r *report.Run) {
	if s.Execution == nil {
		return
	}
	failed := slices.ContainsFunc(r.Thresholds, failedThreshold)
	switch {
	case s.Execution.ExitCode == exitThresholds && !failed:
		s.note("threshold_disagrees", report.Warning, "k6's exit code says that a threshold failed, but none is found that did: its summary or plan would tell which", "")
	case s.Execution.ExitCode == 0 && failed:
		s.note("threshold_disagrees", report.Warning, "k6's exit code says that all thresholds were met: the sources may not be of one run", "")
	}
}

func failedThreshold(t report.Threshold) bool { return t.OK != nil && !*t.OK }

// checkClock says on which clock times and rates rest.
func (s *subject) checkClock() {
	if by := clockSet(s.Execution); by != 0 {
		way := "ahead while k6 ran: it was set, or the machine slept"
		if by < 0 {
			way = "back while k6 ran: it was set"
		}
		s.note("clock_set", report.Warning, fmt.Sprintf("the clock of the load generator went %.0f s %s; times and rates of the run mean little", by.Abs().Seconds(), way), "")
	}
	if s.Reported == nil && s.seconds > 0 {
		s.note("rates_by_span", report.Info, "k6's own duration is only in its summary: rates are per second between the first and the last sample and may differ from k6's by a few percent", "")
	}
	if setup := float64(s.origin-s.Started) / 1e9; setup > 1 {
		s.note("starts_late", report.Info, fmt.Sprintf("times are counted from the start of the schedule, %.1f s after the first sample: set-up came before", setup), "")
	}
}

// A clock that runs well is off by less than drift, and is put right by that.
const drift = 100e-6

// clockSet is how far a clock was set while k6 ran: what it says went by, less what
// did. It is 0 for less than a second and than what a clock drifts, and where that is
// not known.
func clockSet(e *run.Execution) time.Duration {
	if e == nil || e.Wall <= 0 {
		return 0
	}
	started, err := time.Parse(time.RFC3339Nano, e.Started)
	if err != nil {
		return 0
	}
	ended, err := time.Parse(time.RFC3339Nano, e.Ended)
	if err != nil {
		return 0
	}
	by := ended.Sub(started) - time.Duration(e.Wall*float64(time.Second))
	if by.Abs().Seconds() <= max(1, drift*e.Wall) {
		return 0
	}
	return by
}

// checkAbsent says what the report can't show, and why.
func (s *subject) checkAbsent() {
	if len(s.Series) == 0 && s.Reported != nil {
		s.noteSummaryOnly()
	}
	if groups := s.config.Exclude.Groups; len(groups) > 0 {
		s.note("groups_excluded", report.Info, fmt.Sprintf("left out of the tables of requests, of gates and of the attribution, as configured: %s", strings.Join(groups, ", ")), "")
		if slices.Contains(s.Folding.Tags, "group") || s.Folding.Level > 1 {
			s.note("groups_folded", report.Error, "groups could not be kept apart, so none could be left out: name group under dimensions in k6report.yaml", "")
		}
	}
	if len(s.Requests.Tables) > 0 && !s.tablesAsConfigured() {
		s.note("excluded_otherwise", report.Warning, fmt.Sprintf("the snapshot was made with exclude.groups %s, the configuration has %s: the steady state, gates, attribution and the course of latency go by the snapshot; give the samples instead",
			orNone(strings.Join(s.Requests.ExcludedGroups, ", ")), orNone(strings.Join(s.config.Exclude.Groups, ", "))), "")
	}
	if n := s.Requests.Unjoined; n > 0 {
		s.note("unjoined", report.Info, fmt.Sprintf("%d times a server's time names a request that is not near it: such times are in no request; record them right behind the request, with its id, virtual user or iteration", n), s.sampled())
	}
	if len(s.Folding.Tags) > 0 {
		s.note("tags_folded", report.Warning, fmt.Sprintf("too many different values to keep them apart: %s; %s", strings.Join(s.Folding.Tags, ", "), keeping(s.Folding.Tags...)), s.sampled())
	}
	if s.Folding.Level > 0 {
		s.note("tag_sets_folded", report.Warning, "too many combinations of tags to keep them apart: only k6's own tags and configured dimensions are kept; name what matters under dimensions in k6report.yaml, and put what differs in every request into the log", s.sampled())
	}
	for _, m := range s.Metrics {
		if m.Type == run.Unknown && s.has(m.Name) {
			s.note("metric_type_unknown", report.Warning, "no usable definition of this metric was found: it is read as a trend; keep the first lines of k6's file, or set metrics in k6report.yaml", m.Name)
		}
	}
}

// sampled are the sources that hold samples.
func (s *subject) sampled() string {
	var names []string
	for _, src := range s.Sources {
		if src.Samples > 0 {
			names = append(names, src.Name)
		}
	}
	return strings.Join(names, ", ")
}

// keeping says how to have tags kept whose values were too many. Those of the
// tag name are the endpoints, of which a dimension would keep no fewer.
func keeping(tags ...string) string {
	var advice []string
	if slices.Contains(tags, "name") {
		advice = append(advice, "tag requests with a name, or list patterns under endpoints in k6report.yaml")
	}
	if slices.ContainsFunc(tags, func(tag string) bool { return tag != "name" }) {
		advice = append(advice, "name what matters under dimensions in k6report.yaml")
	}
	return strings.Join(advice, "; ")
}

// checkThresholdsKnown finds thresholds that no source tells: k6 writes its
// submetrics beside the samples, which exist for thresholds only, but for one
// of its own, and not their expressions.
func (s *subject) checkThresholdsKnown() {
	if s.Plan != nil || s.Reported != nil {
		return
	}
	var unknown []string
	for _, m := range s.Metrics {
		for _, sub := range m.Submetrics {
			if !strings.HasSuffix(sub.Name, "{expected_response:true}") {
				unknown = append(unknown, sub.Name)
			}
		}
	}
	if len(unknown) > 0 {
		s.note("thresholds_unknown", report.Warning, "k6 does not write the thresholds of submetrics beside the samples, so these are not judged: add the summary of --summary-export or the output of k6 inspect", strings.Join(unknown, ", "))
	}
}

// problems turns what was lost while reading into Notes.
func (s *subject) problems() {
	ofSamples := []string{"metric_type", "tag_too_long", "time_gap"} // found when all of them are together
	mild := []string{"urls_grouped", "times_in_seconds", "types_inferred", "generators_added", "columns_left_out"}
	for _, p := range s.Problems {
		where := p.Source
		switch {
		case p.Line > 0:
			where = fmt.Sprintf("%s:%d", p.Source, p.Line)
		case where == "" && slices.Contains(ofSamples, p.Code):
			where = s.sampled()
		}
		message := p.Message
		if p.Count > 1 {
			message = fmt.Sprintf("%s (%d times)", message, p.Count)
		}
		severity := report.Warning
		if slices.Contains(mild, p.Code) {
			severity = report.Info
		}
		s.note(p.Code, severity, message, where)
	}
}
