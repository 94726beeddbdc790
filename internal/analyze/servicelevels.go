package analyze

import (
	"fmt"
	"strconv"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// endpointTargets holds an endpoint against its service levels.
func (s *subject) endpointTargets(e run.Endpoint, sel *run.Selection, shown *report.Endpoint) []report.Target {
	var out []report.Target
	for _, t := range s.config.ServiceLevels.Endpoint(e.Name) {
		target := report.Target{Expression: t.Expression.String(), Source: t.Source, Unit: report.UnitMS}
		if t.Expression.Statistic.Method == threshold.Rate {
			target.Unit, target.Observed = report.UnitShare, shown.ErrorRate
		} else if v, ok := s.statistic(sel, t.Expression.Statistic); ok {
			target.Observed = report.Num(v)
		}
		out = append(out, judged(target, t.Expression, "error rate"))
	}
	return out
}

// serviceLevels are the targets of the run as a whole.
func (s *subject) serviceLevels(load *report.Load) []report.Target {
	var out []report.Target
	levels := s.config.ServiceLevels
	if t, ok := levels.ErrorBudget(s.level()); ok {
		out = append(out, judged(report.Target{
			Metric: "error rate", Expression: t.Expression.String(), Source: t.Source,
			Unit: report.UnitShare, Observed: load.ErrorRate,
		}, t.Expression, "error rate"))
	}
	for _, t := range levels.TimeoutRate {
		out = append(out, judged(report.Target{
			Metric: "timeout rate", Expression: t.Expression.String(), Source: t.Source,
			Unit: report.UnitShare, Observed: load.TimeoutRate,
		}, t.Expression, "timeout rate"))
	}
	out = append(out, s.metricTargets("orchestration_overhead_percent", "", levels.Overhead)...)
	out = append(out, s.metricTargets("graph_build_duration", report.UnitMS, levels.GraphBuild)...)
	return out
}

// metricTargets holds a custom metric against targets; without samples they
// are not shown, for most systems have no such metric.
func (s *subject) metricTargets(metric, unit string, targets []config.Target) []report.Target {
	sel := s.Select(metric, func(t run.TagSet) bool { return !run.IsSetup(t) })
	if sel.Count == 0 {
		return nil
	}
	var out []report.Target
	for _, t := range targets {
		target := report.Target{Metric: metric, Expression: t.Expression.String(), Source: t.Source, Unit: unit}
		if v, ok := s.statistic(&sel, t.Expression.Statistic); ok {
			target.Observed = report.Num(v)
		}
		out = append(out, judged(target, t.Expression, ""))
	}
	return out
}

// judged completes a target: its text and, where something was observed,
// whether it holds.
func judged(t report.Target, e threshold.Expression, rate string) report.Target {
	t.Text = targetText(e, t.Unit, rate)
	if t.Observed != nil {
		t.OK = report.Bool(e.Eval(*t.Observed))
	}
	return t
}

// targetText says a target in words: "p95 under 500 ms".
func targetText(e threshold.Expression, unit, rate string) string {
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
	switch unit {
	case report.UnitMS:
		limit += " ms"
	case report.UnitShare:
		limit = number(e.Limit*100) + " %"
	}
	relation := map[threshold.Operator]string{
		threshold.Less: "under", threshold.LessEqual: "at most", threshold.Greater: "over",
		threshold.GreaterEqual: "at least", threshold.Equal: "exactly", threshold.NotEqual: "other than",
	}[e.Operator]
	return fmt.Sprintf("%s %s %s", name, relation, limit)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
