package analyze

import (
	"fmt"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// What run-wide service levels are of, where it is no metric.
const (
	metricErrors   = "error rate"
	metricTimeouts = "timeout rate"
)

// endpointTargets holds an endpoint against its service levels.
func (s *subject) endpointTargets(sel *run.Selection, shown *report.Endpoint) []report.Target {
	var out []report.Target
	for _, t := range s.config.ServiceLevels.Endpoint(shown.Name) {
		target := report.Target{Expression: t.Expression.String(), Source: t.Source, Unit: report.UnitMS}
		if t.Expression.Statistic.Method == threshold.Rate {
			target.Unit, target.Observed = report.UnitShare, shown.ErrorRate
			out = append(out, judged(target, t.Expression, metricErrors))
			continue
		}
		if v, ok := s.statistic(sel, t.Expression.Statistic); ok {
			target.Observed = report.Num(v)
		}
		out = append(out, s.judgedNear(target, t.Expression, sel, shown.Name))
	}
	return out
}

// serviceLevels are the targets of the run as a whole.
func (s *subject) serviceLevels(load *report.Load) []report.Target {
	var out []report.Target
	levels := s.config.ServiceLevels
	if t, ok := levels.ErrorBudget(s.level()); ok {
		out = append(out, judged(report.Target{
			Metric: metricErrors, Expression: t.Expression.String(), Source: t.Source,
			Unit: report.UnitShare, Observed: load.ErrorRate,
		}, t.Expression, metricErrors))
	}
	for _, t := range levels.TimeoutRate {
		out = append(out, judged(report.Target{
			Metric: metricTimeouts, Expression: t.Expression.String(), Source: t.Source,
			Unit: report.UnitShare, Observed: load.TimeoutRate,
		}, t.Expression, metricTimeouts))
	}
	s.checkUnused()
	out = append(out, s.metricTargets("orchestration_overhead_percent", "", levels.Overhead)...)
	out = append(out, s.metricTargets("graph_build_duration", report.UnitMS, levels.GraphBuild)...)
	return out
}

// metricTargets holds a custom metric against targets; without samples they
// are not shown, for most systems have no such metric.
func (s *subject) metricTargets(metric, unit string, targets []config.Target) []report.Target {
	sel := s.Select(metric, s.counted)
	said := s.reported(metric)
	if sel.Count == 0 && (said == nil || s.empty(said)) {
		return nil
	}
	var out []report.Target
	for _, t := range targets {
		target := report.Target{Metric: metric, Expression: t.Expression.String(), Source: t.Source, Unit: unit}
		if v, ok := s.statistic(&sel, t.Expression.Statistic); ok {
			target.Observed = report.Num(v)
			out = append(out, s.judgedNear(target, t.Expression, &sel, metric))
			continue
		}
		if v, ok := reportedOf(said, t.Expression.Statistic); ok && sel.Count == 0 {
			target.Observed = report.Num(v)
		}
		out = append(out, judged(target, t.Expression, ""))
	}
	return out
}

// judgedNear is judged for a statistic of samples, which the margin of
// thresholds holds for, too: within it the target is not judged.
func (s *subject) judgedNear(t report.Target, e threshold.Expression, sel *run.Selection, where string) report.Target {
	t = judged(t, e, "")
	if t.Observed == nil {
		return t
	}
	margin := s.margin(sel, e.Statistic, *t.Observed)
	if t.OK = margin.decide(e, *t.Observed); t.OK == nil {
		s.noteNear(t.Text, *t.Observed, margin, "no other source tells it more exactly", where)
	}
	return t
}

// judged completes a target with an exact number: its text and, where
// something was observed, whether it holds.
func judged(t report.Target, e threshold.Expression, rate string) report.Target {
	t.Text = targetText(t, e, rate)
	if t.Observed != nil {
		t.OK = report.Bool(e.Eval(*t.Observed))
	}
	return t
}

// targetText says a target in words: "p95 under 500 ms".
func targetText(t report.Target, e threshold.Expression, rate string) string {
	name := e.Statistic.String()
	switch {
	case e.Statistic.Method == threshold.Rate && rate != "":
		name = rate
	case e.Statistic.Method == threshold.Percentile:
		name = "p" + number(e.Statistic.Percent)
	case e.Statistic.Method == threshold.Med:
		name = "p50"
	}
	limit := number(e.Limit)
	switch {
	case t.Unit == report.UnitMS:
		limit += " ms"
	case t.Unit == report.UnitShare:
		limit = number(e.Limit*100) + " %"
	case strings.HasSuffix(t.Metric, "_percent"):
		limit += " %"
	}
	relation := map[threshold.Operator]string{
		threshold.Less: "under", threshold.LessEqual: "at most", threshold.Greater: "over",
		threshold.GreaterEqual: "at least", threshold.Equal: "exactly", threshold.NotEqual: "other than",
	}[e.Operator]
	return fmt.Sprintf("%s %s %s", name, relation, limit)
}

// checkUnused says which endpoints have service levels that judge nothing:
// not called, or misspelt. Those of a preset are for a whole suite.
func (s *subject) checkUnused() {
	if len(s.Series) == 0 {
		return
	}
	called := make(map[string]bool)
	for _, p := range protocols {
		series := s.SeriesOf(p.Duration)
		for i := range series {
			called[series[i].Tags.Value("name")] = true
		}
	}
	var unused []string
	for _, e := range s.config.ServiceLevels.Endpoints {
		own := slices.ContainsFunc(e.Targets, func(t config.Target) bool { return !strings.HasPrefix(t.Source, "preset ") })
		if own && !called[e.Endpoint] {
			unused = append(unused, e.Endpoint)
		}
	}
	if len(unused) > 0 {
		s.note("service_level_unused", report.Info, "no request is named "+strings.Join(unused, ", ")+": their service levels judge nothing", "")
	}
}
