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

// Relative errors of a statistic. A verdict that lies nearer to its limit is
// left to k6.
const (
	quantileError = 0.001 // of percentiles: how far they may lie from k6's own
	averageError  = 1e-9  // of averages, which k6 adds up in floating point
	spanError     = 0.05  // of a counter's rate without k6's own duration
	durationError = 1e-6  // of a counter's rate with it
)

// asked is a threshold as it was found in any source.
type asked struct {
	key                metricKey
	metric, expression string // as they were written
}

// verdictKey identifies a threshold however it is spelt.
type verdictKey struct {
	metricKey
	expression string
}

func (a asked) verdictKey() verdictKey {
	if e, err := threshold.Parse(a.expression); err == nil {
		return verdictKey{a.key, e.String()}
	}
	return verdictKey{a.key, a.expression}
}

// thresholds re-evaluates k6's thresholds over the whole run with set-up, as
// k6 does, and holds them against k6's own verdicts where there are any.
func (s *subject) thresholds() []report.Threshold {
	said := s.k6Verdicts()
	var out []report.Threshold
	for _, a := range s.asked {
		out = append(out, s.judge(a, said[a.verdictKey()]))
	}
	return out
}

// askedThresholds are all of them, each once, by metric as k6 prints them.
func (s *subject) askedThresholds() []asked {
	var list []asked
	add := func(metric, expression string) {
		list = append(list, asked{keyOfMetric(metric), metric, expression})
	}
	for _, m := range s.Metrics {
		for _, e := range m.Thresholds {
			add(m.Name, e)
		}
	}
	if s.Reported != nil { // before the plan: its spelling is k6's
		for _, m := range s.Reported.Metrics {
			for _, t := range m.Thresholds {
				add(m.Name, t.Expression)
			}
		}
	}
	if s.Plan != nil {
		for _, t := range s.Plan.Thresholds {
			for _, e := range t.Expressions {
				add(t.Metric, e)
			}
		}
	}
	seen := make(map[verdictKey]bool)
	list = slices.DeleteFunc(list, func(a asked) bool {
		key := a.verdictKey()
		again := seen[key]
		seen[key] = true
		return again
	})
	slices.SortFunc(list, func(a, b asked) int {
		return cmp.Or(cmp.Compare(a.metric, b.metric), cmp.Compare(a.expression, b.expression))
	})
	return list
}

// k6Verdicts are k6's own, true where the threshold held.
func (s *subject) k6Verdicts() map[verdictKey]*bool {
	out := make(map[verdictKey]*bool)
	if s.Reported == nil {
		return out
	}
	for _, m := range s.Reported.Metrics {
		for _, t := range m.Thresholds {
			out[asked{keyOfMetric(m.Name), m.Name, t.Expression}.verdictKey()] = report.Bool(t.OK)
		}
	}
	return out
}

// judge evaluates a threshold; k6 is its own verdict, nil when unknown.
func (s *subject) judge(a asked, k6 *bool) report.Threshold {
	out := report.Threshold{Metric: a.metric, Expression: a.expression, Source: "samples"}
	expression, err := s.read(a)
	if err != nil {
		out.Reason = err.Error()
		return fromSummary(out, k6)
	}
	out.Unit = s.unit(a.key.name, expression.Statistic)
	if m := s.said[a.key]; len(s.Series) == 0 || m != nil && !s.empty(m) && !s.has(a.key.name) {
		return s.judgeReported(out, a, expression, k6)
	}
	if err := s.kept(a.key); err != nil {
		out.Reason = err.Error()
		return fromSummary(out, k6)
	}
	sel := s.selectKey(a.key)
	observed, ok := s.statistic(&sel, expression.Statistic)
	switch {
	case sel.Count == 0 && s.countsFromZero(a.key, expression.Statistic):
		observed = 0
	case sel.Count == 0:
		return withoutData(out, k6)
	case !ok:
		out.Reason = fmt.Sprintf("%s can't be computed of the samples", expression.Statistic)
		return fromSummary(out, k6)
	}
	out.Observed = report.Num(observed)
	return s.weigh(out, expression, k6, observed, s.margin(&sel, expression.Statistic, observed))
}

// weigh decides between the samples and k6. The true value lies within the
// margin: near the limit k6 decides. Where the two clearly disagree the
// threshold fails, for either may lack what the other has seen.
func (s *subject) weigh(t report.Threshold, e threshold.Expression, k6 *bool, observed float64, margin interval) report.Threshold {
	switch passed := margin.decide(e, observed); {
	case passed == nil && k6 != nil:
		return fromSummary(t, k6)
	case passed == nil:
		t.Reason = "too near to the limit to tell without k6's summary"
		s.noteNear(t.Expression, observed, margin, "add the summary that k6 writes with --summary-export", t.Metric)
		return t
	case k6 != nil && *k6 != *passed:
		s.note("threshold_disagrees", report.Warning, fmt.Sprintf("k6 says that %s %s, the samples say otherwise (%s), so it fails: the sources may not be of one run, or samples are missing", t.Expression, outcomeOf(*k6), report.Digits(observed, 6)), t.Metric)
		t.OK = report.Bool(false)
		if *passed {
			t.Source = "summary"
		}
		return t
	default:
		t.OK = passed
		return t
	}
}

// noteNear says of a threshold or service level that samples can't judge it,
// and what would.
func (s *subject) noteNear(expression string, observed float64, margin interval, advice, where string) {
	s.note("threshold_near", report.Warning, fmt.Sprintf("%s is too near to its limit to be judged from samples (%s, between %s and %s): %s", expression, report.Digits(observed, 6), report.Digits(margin.low, 6), report.Digits(margin.high, 6), advice), where)
}

func outcomeOf(met bool) string {
	if met {
		return "was met"
	}
	return "failed"
}

// read understands a threshold, by k6's rules where the metric's type is known.
func (s *subject) read(a asked) (threshold.Expression, error) {
	expression, err := threshold.Parse(a.expression)
	if err != nil {
		return expression, fmt.Errorf("k6 does not start with this: %w", err)
	}
	if _, _, err := threshold.ParseMetric(a.metric); err != nil {
		return expression, fmt.Errorf("k6 does not start with this: %w", err)
	}
	if m, ok := s.Metric(a.key.name); ok && m.Type != run.Unknown {
		if err := expression.Statistic.CheckType(m.Type.String()); err != nil {
			return expression, fmt.Errorf("k6 does not start with this: %w", err)
		}
	}
	return expression, nil
}

// kept reports whether the tags that a submetric needs were kept: what nothing
// declared in time may have been folded.
func (s *subject) kept(key metricKey) error {
	for _, m := range s.Metrics {
		if m.Name == key.name && slices.ContainsFunc(m.Submetrics, func(sub run.Submetric) bool { return run.NewTagSet(sub.Tags...) == key.tags }) {
			return nil
		}
	}
	series := s.SeriesOf(key.name)
	for tag := range key.tags.All() {
		there := slices.ContainsFunc(series, func(of run.Series) bool { _, ok := of.Tags.Get(tag); return ok })
		if slices.Contains(s.Folding.Tags, tag) || s.Folding.Level > 0 && !there {
			return fmt.Errorf("tag %q had too many values to be kept: %s, or give the plan", tag, keeping(tag))
		}
	}
	return nil
}

// countsFromZero reports whether no samples mean 0: what was never counted
// happened 0 times, to k6 too. Of a submetric they mean nothing, for its tags
// may be misspelt.
func (s *subject) countsFromZero(key metricKey, st threshold.Statistic) bool {
	m, _ := s.Metric(key.name)
	return key.tags == (run.TagSet{}) && (st.Method == threshold.Count || st.Method == threshold.Rate && m.Type == run.Counter)
}

// fromSummary takes k6's own verdict, where there is one.
func fromSummary(t report.Threshold, k6 *bool) report.Threshold {
	if k6 != nil {
		t.OK, t.Source, t.Reason = report.Bool(*k6), "summary", ""
	}
	return t
}

// withoutData judges a metric without samples: not at all, unless k6, which
// takes nothing for 0, says that it failed, for then the test did.
func withoutData(t report.Threshold, k6 *bool) report.Threshold {
	t.Reason = "no data: the metric has no samples"
	if k6 != nil && !*k6 {
		t.OK, t.Source = report.Bool(false), "summary"
		t.Reason += ", which k6 takes for 0"
	}
	return t
}

// judgeReported judges by a summary alone: by k6's verdict, else by its number.
func (s *subject) judgeReported(t report.Threshold, a asked, e threshold.Expression, k6 *bool) report.Threshold {
	t.Source = "summary"
	m := s.said[a.key]
	if m != nil && s.empty(m) {
		return withoutData(t, k6)
	}
	if v, ok := reportedOf(m, e.Statistic); ok {
		t.Observed = report.Num(v)
	}
	switch {
	case k6 != nil:
		return fromSummary(t, k6)
	case t.Observed != nil:
		t.OK = report.Bool(e.Eval(*t.Observed))
	default:
		t.Reason = fmt.Sprintf("the summary does not tell %s of this metric", e.Statistic)
	}
	return t
}

// reportedOf is a statistic of a summary's metric, which may be nil.
func reportedOf(m *run.ReportedMetric, st threshold.Statistic) (float64, bool) {
	if m == nil {
		return 0, false
	}
	names := []string{st.String()}
	switch {
	case st.Method == threshold.Rate && m.Type == run.Rate:
		names = append(names, "value")
	case st.Method == threshold.Percentile && st.Percent == 50:
		names = append(names, "med")
	}
	for _, name := range names {
		if v, ok := m.Value(name); ok {
			return v, true
		}
	}
	return 0, false
}

// interval is where the true value of a statistic lies.
type interval struct{ low, high float64 }

// margin is the interval of an observed statistic, within the extremes of the
// samples where it is one of their values.
func (s *subject) margin(sel *run.Selection, st threshold.Statistic, observed float64) interval {
	relative, bounded := 0.0, true
	switch _, quantile := st.Quantile(); {
	case sel.Count == 0:
	case quantile:
		relative = quantileError
	case st.Method == threshold.Avg:
		relative = averageError
	case st.Method == threshold.Rate && sel.Type == run.Counter:
		relative, bounded = spanError, false
		if s.Reported != nil && s.Reported.Duration > 0 {
			relative = durationError
		}
	}
	width := relative * math.Abs(observed)
	out := interval{observed - width, observed + width}
	if width > 0 && bounded {
		out.low, out.high = max(out.low, sel.Min), min(out.high, sel.Max)
	}
	return out
}

// decide is whether an expression holds of an observed value; nil where it does
// in one part of the interval and not in another.
func (i interval) decide(e threshold.Expression, observed float64) *bool {
	if i.undecided(e) {
		return nil
	}
	return report.Bool(e.Eval(observed))
}

// undecided reports whether an expression holds in one part of the interval
// and not in another.
func (i interval) undecided(e threshold.Expression) bool {
	if i.low >= i.high {
		return false
	}
	switch e.Operator {
	case threshold.Equal, threshold.NotEqual:
		return i.low <= e.Limit && e.Limit <= i.high
	}
	return e.Eval(i.low) != e.Eval(i.high)
}

// unit is the unit of a statistic of a metric.
func (s *subject) unit(name string, st threshold.Statistic) string {
	m, _ := s.Metric(name)
	switch {
	case st.Method == threshold.Count && m.Contains == "data":
		return report.UnitBytes
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
