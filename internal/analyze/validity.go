package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
)

// What makes a run invalid, as shares.
const (
	maxDropped   = 0.005 // of the offered iterations
	maxMissed    = 0.02  // of the planned iterations
	maxTimeouts  = 0.05  // of the requests
	unusualError = 0.01  // of the requests, where nothing sets a budget
	busyCPU      = 0.8   // of the generator's processors
)

// exitThresholds is k6's exit code for a run that failed a threshold but is
// whole.
const exitThresholds = 99

// validity leaves a Note for each reason to doubt the run. The breakpoint
// level fails by design: what would make another run invalid is its result.
func (s *subject) validity(r *report.Run) {
	invalid := report.Invalid
	if s.capacityRun() {
		invalid = report.Info
	}
	s.checkDropped(r, invalid)
	s.checkOffered(invalid)
	s.checkEnd(invalid)
	s.checkErrors(r, invalid)
	s.checkModel(r)
	s.checkGenerator(r)
	s.checkSources(r)
	s.checkClock()
	s.checkAbsent(r)
}

func (s *subject) checkDropped(r *report.Run, severity report.Severity) {
	share := r.Load.DropShare
	if share == nil || *share == 0 {
		return
	}
	message := fmt.Sprintf("k6 dropped %d iterations, %s of the offered load: no virtual user was free; the system was too slow for the load, or the scenario allows too few VUs", *r.Load.DroppedIterations, percent(*share))
	if *share <= maxDropped {
		severity = report.Info
	}
	s.note("dropped_iterations", severity, message, "")
}

// checkOffered holds what was offered against the plan, by scenario.
func (s *subject) checkOffered(severity report.Severity) {
	if s.plan == nil {
		s.note("plan_unknown", report.Info, "the planned load is unknown, so it can't be told whether it was reached: add the output of k6 inspect --execution-requirements, or run through k6report run", "")
		return
	}
	for _, sc := range s.plan.scenarios {
		planned := sc.planned()
		if !sc.open || planned < 1 || len(s.Series) == 0 {
			continue
		}
		started, dropped := s.iterations(sc.Name)
		if len(s.plan.scenarios) == 1 && started == 0 {
			started, dropped = s.iterations("") // the script overwrote the tag
		}
		offered := started + dropped
		// k6 starts the first iteration at once and none at the very end.
		if missed := 1 - offered/planned; missed > maxMissed && planned-offered > 2 {
			s.note("load_missed", severity,
				fmt.Sprintf("%.0f of %.0f planned iterations were offered, %s too few: the generator did not keep up, or the run ended early", offered, planned, percent(missed)), sc.Name)
		}
	}
}

// checkEnd finds runs that ended before their plan, or were aborted.
func (s *subject) checkEnd(severity report.Severity) {
	if e := s.Execution; e != nil && e.ExitCode != 0 && e.ExitCode != exitThresholds {
		s.note("k6_failed", severity, strings.TrimSuffix(fmt.Sprintf("k6 ended with exit code %d: %s", e.ExitCode, e.Meaning), ": "), "")
	}
	if s.plan == nil || s.plan.seconds == 0 || len(s.Series) == 0 {
		return
	}
	seen := float64(s.Ended-s.origin) / 1e9
	if missing := s.plan.seconds - seen; missing > max(2, 0.02*s.plan.seconds) {
		s.note("ended_early", severity, fmt.Sprintf("the run lasted %.1f s of %.1f s planned: it was aborted, or its data are not whole", seen, s.plan.seconds), "")
	}
}

func (s *subject) checkErrors(r *report.Run, severity report.Severity) {
	_, budget := s.config.ServiceLevels.ErrorBudget(s.level())
	for _, t := range r.ServiceLevels {
		if t.Metric == "error rate" && t.OK != nil && !*t.OK {
			s.note("error_budget", severity, fmt.Sprintf("%s of the requests failed, the budget is %s: failures answer fast and make latency look better than it is", percent(*t.Observed), t.Text), "")
		}
	}
	if rate := r.Load.ErrorRate; rate != nil && !budget && *rate > unusualError {
		s.note("many_errors", report.Warning, fmt.Sprintf("%s of the requests failed: failures answer fast and make latency look better than it is", percent(*rate)), "")
	}
	if rate := r.Load.TimeoutRate; rate != nil && *rate > maxTimeouts {
		s.note("many_timeouts", severity, fmt.Sprintf("%s of the requests ran into a time limit", percent(*rate)), "")
	}
}

// checkModel warns of closed models: when answers come late, they ask less.
func (s *subject) checkModel(r *report.Run) {
	if s.plan == nil {
		return
	}
	var closed []string
	for _, sc := range s.plan.scenarios {
		if !sc.open {
			closed = append(closed, sc.Name)
		}
	}
	if len(closed) == 0 || s.plan.changes() {
		return
	}
	for _, c := range s.charts() {
		if c.ID != report.ChartLatency || len(c.X) < 8 {
			continue
		}
		half := len(c.X) / 2
		first, second := mean(c.Series[0].Y[:half]), mean(c.Series[0].Y[half:])
		if second > 1.1*first {
			s.note("coordinated_omission", report.Warning,
				fmt.Sprintf("latency rose by %s during the run while virtual users wait for answers before they ask again (%s): the offered load fell with it; an arrival-rate executor keeps it up", percent(second/first-1), strings.Join(closed, ", ")), "")
		}
	}
}

func mean(values report.Points) float64 {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / n
}

func (s *subject) checkGenerator(r *report.Run) {
	if r.K6 != nil && r.K6.CPU != nil && *r.K6.CPU > busyCPU {
		s.note("generator_busy", report.Warning, fmt.Sprintf("k6 used %s of its machine's processors: some of the latency may be its own; use a larger machine or several", percent(*r.K6.CPU)), "")
	}
}

// checkSources holds counts of the samples against the summary.
func (s *subject) checkSources(r *report.Run) {
	if s.Reported == nil || len(s.Series) == 0 {
		return
	}
	for _, name := range []string{"http_reqs", "iterations"} {
		m, ok := s.reported(name)
		said, ok2 := m.Value("count")
		seen := s.Select(name, nil)
		if !ok || !ok2 || seen.Sum.Float() == said {
			continue
		}
		s.note("sources_disagree", report.Warning, fmt.Sprintf("k6's summary counts %.0f %s, the samples hold %.0f: samples are missing, or the sources are of different runs", said, name, seen.Sum.Float()), name)
	}
}

// checkClock says where a rate rests on the span of the samples.
func (s *subject) checkClock() {
	if s.Reported == nil && len(s.SeriesOf("http_reqs")) > 0 {
		s.note("rates_by_span", report.Info, "k6's own duration is only in its summary: rates are per second between the first and the last sample and may differ from k6's by a few percent", "")
	}
}

// checkAbsent says what a report without samples can't show.
func (s *subject) checkAbsent(r *report.Run) {
	if len(s.Series) == 0 {
		s.note("summary_only", report.Warning, "there is only a summary: no course over time, no distribution, no endpoints; run k6 with --out json=run.json.gz to have them", "")
	}
	if s.Requests.Unjoined > 0 {
		s.note("unjoined", report.Info, fmt.Sprintf("%d samples name a request that was not found near them: their times are in no request", s.Requests.Unjoined), "")
	}
	if len(s.Folding.Tags) > 0 {
		s.note("tags_folded", report.Warning, fmt.Sprintf("too many different values to keep them apart: %s; name what matters under dimensions in k6report.yaml", strings.Join(s.Folding.Tags, ", ")), "")
	}
	if s.Folding.Level > 0 {
		s.note("tag_sets_folded", report.Warning, "too many combinations of tags to keep them apart: only k6's own tags and configured dimensions are kept", "")
	}
	for _, m := range s.Metrics {
		if m.Type == run.Unknown && len(s.SeriesOf(m.Name)) > 0 {
			s.note("metric_type_unknown", report.Warning, "no definition of this metric was found: it is read as a trend", m.Name)
		}
	}
}

// problems turns what was lost while reading into Notes.
func (s *subject) problems() {
	mild := []string{"urls_grouped"}
	for _, p := range s.Problems {
		where := p.Source
		if p.Line > 0 {
			where = fmt.Sprintf("%s:%d", p.Source, p.Line)
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

func percent(share float64) string { return fmt.Sprintf("%.3g %%", share*100) }
