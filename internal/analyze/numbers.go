package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// trendStatistics are shown of every trend.
var trendStatistics = []string{"avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)"}

// valueOrder is the order in which values are shown, others after them.
var valueOrder = append([]string{"count", "rate", "value", "passes", "fails"}, trendStatistics...)

// metricKey identifies a metric or submetric however its name is spelt: k6
// itself writes a submetric's name in one way in its plan and in another in
// its summary.
type metricKey struct {
	name string
	tags run.TagSet
}

// keyOfMetric reads a name; one that is none stands for itself.
func keyOfMetric(name string) metricKey {
	metric, conditions, err := threshold.ParseMetric(name)
	if err != nil {
		return metricKey{name: name}
	}
	tags := make([]run.Tag, len(conditions))
	for i, c := range conditions {
		tags[i] = run.Tag{Name: c.Key, Value: c.Value}
	}
	return metricKey{metric, run.NewTagSet(tags...)}
}

// metrics are all metrics and submetrics with the values of k6's summary,
// set-up included, as k6 counts. What only a summary tells is taken from there.
func (s *subject) metrics() []report.Metric {
	var out []report.Metric
	few := make(map[string]int)
	seen := make(map[metricKey]bool)
	add := func(m run.Metric, name string, key metricKey) {
		if seen[key] {
			return
		}
		seen[key] = true
		sel := s.selectKey(key)
		if sel.Sketch != nil && sel.Count > 0 && sel.Count < enoughForP999 {
			few["p(99.9)"]++
			if sel.Count < enoughForP99 {
				few["p(99)"]++
			}
		}
		out = append(out, report.Metric{Name: name, Type: m.Type.String(), Contains: m.Contains, Values: s.values(key, &sel)})
	}
	for _, m := range s.Metrics {
		add(m, m.Name, metricKey{name: m.Name})
		// Of several spellings the shortest, which is k6's own.
		subs := slices.SortedFunc(slices.Values(m.Submetrics), func(a, b run.Submetric) int {
			return cmp.Or(len(a.Name)-len(b.Name), cmp.Compare(a.Name, b.Name))
		})
		for _, sub := range subs {
			add(m, sub.Name, metricKey{m.Name, run.NewTagSet(sub.Tags...)})
		}
	}
	slices.SortFunc(out, func(a, b report.Metric) int { return cmp.Compare(a.Name, b.Name) })
	if n := few["p(99.9)"]; n > 0 {
		message := fmt.Sprintf("p99.9 rests on fewer than %d samples in %s", enoughForP999, plural(n, "metric", "metrics"))
		if n := few["p(99)"]; n > 0 {
			message += fmt.Sprintf(", p99 on fewer than %d in %s", enoughForP99, plural(n, "metric", "metrics"))
		}
		s.note("few_samples", report.Info, message+": they are shown, but a single slow request moves them", "")
	}
	return out
}

// selectKey are the samples of a metric or submetric, with set-up.
func (s *subject) selectKey(key metricKey) run.Selection {
	if key.tags == (run.TagSet{}) {
		return s.Select(key.name, nil)
	}
	return s.Select(key.name, func(t run.TagSet) bool { return t.Contains(key.tags) })
}

// values are a metric's statistics under k6's names; none without samples.
func (s *subject) values(key metricKey, sel *run.Selection) report.Values {
	if sel.Count == 0 {
		return s.reportedValues(key)
	}
	var out report.Values
	add := func(name string, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, report.Value{Name: name, Value: v})
		}
	}
	statistics := func(names ...string) {
		for _, name := range names {
			st, err := threshold.ParseStatistic(name)
			if err != nil {
				continue
			}
			if v, ok := s.statistic(sel, st); ok {
				add(name, v)
			}
		}
	}
	switch sel.Type {
	case run.Counter:
		statistics("count", "rate")
	case run.Gauge:
		statistics("value")
		if !s.addsUp(key.name) { // extremes of one generator's are not those of the sum
			add("min", sel.Min)
			add("max", sel.Max)
		}
	case run.Rate:
		statistics("rate")
		add("passes", float64(sel.Nonzero))
		add("fails", float64(sel.Count-sel.Nonzero))
	default:
		add("count", float64(sel.Count))
		statistics(trendStatistics...)
	}
	return out
}

// addsUp reports whether a gauge's value is a sum over several generators; see
// [run.Run.Select].
func (s *subject) addsUp(metric string) bool {
	if metric != "vus" && metric != "vus_max" {
		return false
	}
	series := s.SeriesOf(metric)
	for i := range series {
		if series[i].Tags.Value("instance") != series[0].Tags.Value("instance") {
			return true
		}
	}
	return false
}

// reportedValues are a metric's values from a summary.
func (s *subject) reportedValues(key metricKey) report.Values {
	m := s.said[key]
	if m == nil || s.empty(m) {
		return nil
	}
	var out report.Values
	for _, v := range m.Values {
		if v.Name == "value" && m.Type == run.Rate {
			v.Name = "rate" // the name in k6's other summaries, and with samples
		}
		if report.Num(v.Value) != nil {
			out = append(out, report.Value{Name: v.Name, Value: v.Value})
		}
	}
	rank := func(name string) int {
		if at := slices.Index(valueOrder, name); at >= 0 {
			return at
		}
		return len(valueOrder)
	}
	slices.SortStableFunc(out, func(a, b report.Value) int { return rank(a.Name) - rank(b.Name) })
	return out
}

// empty reports whether a summary's metric had no samples, as far as it tells:
// k6 leaves such metrics out, but for those that a threshold names, where it
// writes zeros.
func (s *subject) empty(m *run.ReportedMetric) bool {
	if passes, ok := m.Value("passes"); ok && m.Type == run.Rate {
		fails, _ := m.Value("fails")
		return passes+fails == 0
	}
	if m.Type == run.Counter || slices.ContainsFunc(m.Values, func(v run.ReportedValue) bool { return v.Value != 0 }) {
		return false
	}
	if _, counted := m.Value("count"); counted {
		return true
	}
	name := keyOfMetric(m.Name).name
	return slices.ContainsFunc(s.asked, func(a asked) bool { return a.key.name == name })
}

// reported is what a summary says of a metric or submetric; nil when nothing.
func (s *subject) reported(name string) *run.ReportedMetric { return s.said[keyOfMetric(name)] }

// statistic computes what a threshold may ask of samples; false when there
// are none, or the statistic does not exist for the metric.
func (s *subject) statistic(sel *run.Selection, st threshold.Statistic) (float64, bool) {
	if sel.Count == 0 {
		return 0, false
	}
	if q, ok := st.Quantile(); ok {
		return sel.Quantile(q)
	}
	switch st.Method {
	case threshold.Count:
		if sel.Type == run.Counter {
			return sel.Sum.Float(), sel.Outside == 0
		}
		return float64(sel.Count), true
	case threshold.Rate:
		if sel.Type == run.Counter {
			seconds := s.k6Seconds()
			return sel.Sum.Float() / seconds, seconds > 0 && sel.Outside == 0
		}
		return float64(sel.Nonzero) / float64(sel.Count), true
	case threshold.Value:
		return sel.Value, true
	case threshold.Avg:
		return sel.Mean()
	case threshold.Min:
		return sel.Min, true
	case threshold.Max:
		return sel.Max, true
	}
	return 0, false
}

// k6Seconds is what k6 divides counters by: known from a summary, else about
// the time between the first and the last sample.
func (s *subject) k6Seconds() float64 {
	if s.Reported != nil && s.Reported.Duration > 0 {
		return s.Reported.Duration.Seconds()
	}
	return s.seconds
}

// percent is a share for a sentence.
func percent(share float64) string { return report.Digits(share*100, 3) + " %" }

// number is a number as somebody wrote it, up to rounding.
func number(v float64) string {
	return strconv.FormatFloat(report.Significant(v, 9), 'f', -1, 64)
}

// plural is a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// count is a number of things with its thousands separated, as in tables.
func count(n int) string { return report.Thousands(strconv.Itoa(n)) }
