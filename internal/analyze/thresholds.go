package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

const (
	// quantileError is how far a percentile may lie from k6's own: a verdict
	// nearer to its limit than that is left to the summary.
	quantileError = 0.001
	// rateError is the same for a counter's rate without k6's own duration.
	rateError = 0.05
)

// asked is a threshold as it was found in any source.
type asked struct{ metric, expression string }

// thresholds re-evaluates k6's thresholds over the whole run with set-up, as
// k6 does, and holds them against k6's own verdicts where there are any.
func (s *subject) thresholds() []report.Threshold {
	verdicts := s.k6Verdicts()
	var out []report.Threshold
	for _, t := range s.askedThresholds() {
		out = append(out, s.judge(t, verdicts))
	}
	return out
}

// askedThresholds are all of them, each once, by metric as k6 prints them.
func (s *subject) askedThresholds() []asked {
	var list []asked
	for _, m := range s.Metrics {
		for _, e := range m.Thresholds {
			list = append(list, asked{m.Name, e})
		}
	}
	if s.Plan != nil {
		for _, t := range s.Plan.Thresholds {
			for _, e := range t.Expressions {
				list = append(list, asked{t.Metric, e})
			}
		}
	}
	if s.Reported != nil {
		for _, m := range s.Reported.Metrics {
			for _, t := range m.Thresholds {
				list = append(list, asked{m.Name, t.Expression})
			}
		}
	}
	slices.SortFunc(list, func(a, b asked) int {
		return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(a.expression, b.expression))
	})
	return slices.Compact(list)
}

func (s *subject) k6Verdicts() map[asked]bool {
	out := make(map[asked]bool)
	if s.Reported == nil {
		return out
	}
	for _, m := range s.Reported.Metrics {
		for _, t := range m.Thresholds {
			out[asked{m.Name, t.Expression}] = t.OK
		}
	}
	return out
}

func (s *subject) judge(a asked, verdicts map[asked]bool) report.Threshold {
	out := report.Threshold{Metric: a.metric, Expression: a.expression, Source: "samples"}
	k6, hasK6 := verdicts[a]
	expression, err := threshold.Parse(a.expression)
	if err != nil {
		out.Reason = err.Error()
		return s.fromSummary(out, k6, hasK6)
	}
	sel, err := s.selectNamed(a.metric)
	if err != nil {
		out.Reason = err.Error()
		return s.fromSummary(out, k6, hasK6)
	}
	out.Unit = s.unit(a.metric, expression.Statistic)
	if sel.Count == 0 {
		if v, ok := s.reportedStatistic(a.metric, expression.Statistic); ok && len(s.Series) == 0 {
			out.Observed = report.Num(v)
			return s.fromSummary(out, k6, hasK6)
		}
		// k6 compares with zero: what held so is no finding, what failed is.
		if hasK6 && (!k6 || len(s.Series) == 0) {
			return s.fromSummary(out, k6, hasK6)
		}
		out.Reason = "no data: the metric has no samples (k6 takes them for 0)"
		return out
	}
	observed, ok := s.statistic(&sel, expression.Statistic)
	if !ok {
		out.Reason = fmt.Sprintf("%s is not known of this metric", expression.Statistic)
		return s.fromSummary(out, k6, hasK6)
	}
	out.Observed = report.Num(observed)
	passed := expression.Eval(observed)
	tolerance := s.tolerance(&sel, expression.Statistic)
	near := tolerance > 0 && math.Abs(observed-expression.Limit) <= tolerance*math.Abs(expression.Limit)
	switch {
	case near && hasK6:
		out.OK, out.Source = report.Bool(k6), "summary"
	case near:
		out.Reason = fmt.Sprintf("too near to the limit to tell without k6's summary (within %g %%)", tolerance*100)
	case hasK6 && k6 != passed:
		out.OK, out.Source = report.Bool(k6), "summary"
		s.note("threshold_disagrees", report.Warning,
			fmt.Sprintf("k6 says that %s %s, the samples say otherwise (%.6g): the sources may not be of one run, or samples are missing", a.expression, passes(k6), observed), a.metric)
	default:
		out.OK = report.Bool(passed)
	}
	return out
}

func passes(ok bool) string {
	if ok {
		return "holds"
	}
	return "fails"
}

// fromSummary takes k6's own verdict, where there is one.
func (s *subject) fromSummary(t report.Threshold, k6, known bool) report.Threshold {
	if known {
		t.OK, t.Source, t.Reason = report.Bool(k6), "summary", ""
	}
	return t
}

// tolerance is the relative error of a statistic.
func (s *subject) tolerance(sel *run.Selection, st threshold.Statistic) float64 {
	if _, ok := st.Quantile(); ok {
		return quantileError
	}
	if st.Method == threshold.Rate && sel.Type == run.Counter && (s.Reported == nil || s.Reported.Duration == 0) {
		return rateError
	}
	return 0
}

// selectNamed are the samples of a metric or submetric by k6's name.
func (s *subject) selectNamed(name string) (run.Selection, error) {
	metric, conditions, err := threshold.ParseMetric(name)
	if err != nil {
		return run.Selection{}, err
	}
	if len(conditions) == 0 {
		return s.Select(metric, nil), nil
	}
	var tags []run.Tag
	for _, c := range conditions {
		tags = append(tags, run.Tag{Name: c.Key, Value: c.Value})
		if slices.Contains(s.Folding.Tags, c.Key) && !s.declared(name) {
			return run.Selection{}, fmt.Errorf("tag %q had too many values to be kept", c.Key)
		}
	}
	return s.submetric(metric, tags), nil
}

// declared reports whether the submetric was known while reading.
func (s *subject) declared(name string) bool {
	for _, m := range s.Metrics {
		if slices.ContainsFunc(m.Submetrics, func(sub run.Submetric) bool { return sub.Name == name }) {
			return true
		}
	}
	return false
}

// reportedStatistic is a statistic from the summary.
func (s *subject) reportedStatistic(metric string, st threshold.Statistic) (float64, bool) {
	m, ok := s.reported(metric)
	if !ok {
		return 0, false
	}
	names := []string{st.String()}
	if st.Method == threshold.Rate && m.Type == run.Rate {
		names = append(names, "value")
	}
	for _, name := range names {
		if v, ok := m.Value(name); ok {
			return v, true
		}
	}
	return 0, false
}

// unit is the unit of a statistic of a metric.
func (s *subject) unit(name string, st threshold.Statistic) string {
	metric, _, _ := threshold.ParseMetric(name)
	m, _ := s.Metric(metric)
	switch {
	case st.Method == threshold.Count:
		return report.UnitCount
	case st.Method == threshold.Rate && m.Type == run.Counter:
		return report.UnitPerS
	case st.Method == threshold.Rate || m.Type == run.Rate:
		return report.UnitShare
	case m.Contains == "time":
		return report.UnitMS
	case m.Contains == "data":
		return report.UnitBytes
	}
	return ""
}
