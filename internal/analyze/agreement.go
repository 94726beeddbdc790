package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// How far the samples may lie from the summary of the same run.
const (
	agreeCount = 1e-9 // of sums, which k6 adds up in floating point
	agreeMean  = 1e-6 // of averages
	// agreeDecimals is the absolute error of a value in k6's CSV, which keeps
	// six decimals.
	agreeDecimals = 1e-6
)

// agreement gathers where samples and summary differ, and in which direction.
type agreement struct {
	found         []string
	fewer, others int     // metrics with fewer samples than the summary counts; other differences
	share         float64 // of samples that are there, of the metric that lacks most
	worst         string  // that metric
}

func (a *agreement) differ(metric, statistic string, said, seen float64) {
	a.found = append(a.found, fmt.Sprintf("%s of %s is %s in the summary, %s in the samples", statistic, metric, number(said), number(seen)))
}

// count compares what samples can only lack.
func (a *agreement) count(metric, statistic string, said, seen, relative float64) (equal bool) {
	if math.Abs(said-seen) <= relative*max(math.Abs(said), math.Abs(seen)) {
		return true
	}
	a.differ(metric, statistic, said, seen)
	if seen > said {
		a.others++
		return false
	}
	a.fewer++
	if share := seen / said; a.worst == "" || share < a.share {
		a.share, a.worst = share, metric
	}
	return false
}

// value compares a statistic of equally many samples.
func (a *agreement) value(metric, statistic string, said, seen, relative float64) {
	if math.Abs(said-seen) > relative*max(math.Abs(said), math.Abs(seen))+agreeDecimals {
		a.differ(metric, statistic, said, seen)
		a.others++
	}
}

// checkAgreement holds the samples against the summary: counts, and of metrics
// whose counts agree or are not told, averages, extremes and percentiles. Those
// tell runs of equal load apart, which have equal counts.
func (s *subject) checkAgreement() {
	if s.Reported == nil || len(s.Series) == 0 {
		return
	}
	var a agreement
	for i := range s.Reported.Metrics {
		m := &s.Reported.Metrics[i]
		if s.empty(m) || s.kept(keyOfMetric(m.Name)) != nil {
			continue
		}
		sel := s.selectKey(keyOfMetric(m.Name))
		if sel.Outside > 0 || sel.Count == 0 && strings.Contains(m.Name, "{") {
			continue
		}
		s.agree(&a, m, &sel)
	}
	s.noteAgreement(&a)
}

func (s *subject) agree(a *agreement, m *run.ReportedMetric, sel *run.Selection) {
	switch m.Type {
	case run.Counter:
		if said, ok := m.Value("count"); ok {
			a.count(m.Name, "count", said, sel.Sum.Float(), agreeCount)
		}
	case run.Rate:
		if passes, ok := m.Value("passes"); ok {
			fails, _ := m.Value("fails")
			if a.count(m.Name, "count", passes+fails, float64(sel.Count), 0) {
				a.value(m.Name, "passes", passes, float64(sel.Nonzero), 0)
			}
		}
	case run.Trend:
		if said, ok := m.Value("count"); ok && !a.count(m.Name, "count", said, float64(sel.Count), 0) || sel.Count == 0 {
			return // with other samples, all else differs, too
		}
		s.agreeTrend(a, m, sel)
	}
}

// agreeTrend reports the first statistic that differs: the others follow.
func (s *subject) agreeTrend(a *agreement, m *run.ReportedMetric, sel *run.Selection) {
	before := len(a.found)
	for _, v := range m.Values {
		st, err := threshold.ParseStatistic(v.Name)
		if err != nil || st.Method == threshold.Count || len(a.found) > before {
			continue
		}
		seen, ok := s.statistic(sel, st)
		if !ok {
			continue
		}
		relative := agreeMean
		if _, quantile := st.Quantile(); quantile {
			relative = quantileError
		}
		a.value(m.Name, v.Name, v.Value, seen, relative)
	}
}

func (s *subject) noteAgreement(a *agreement) {
	if len(a.found) == 0 {
		return
	}
	message := a.found[0]
	if more := len(a.found) - 1; more > 0 {
		message += fmt.Sprintf(" (and %s)", plural(more, "other number differs", "other numbers differ"))
	}
	switch {
	case a.fewer > 0 && s.cutOff():
		message += fmt.Sprintf(": the samples break off, with %s of those of %s; counts and rates are those of the part that is there", percent(a.share), a.worst)
	case a.fewer > 0:
		message += fmt.Sprintf(": samples are missing, %s of those of %s", percent(1-a.share), a.worst)
	default:
		message += ": samples are missing, or the sources are of different runs"
	}
	s.note("sources_disagree", report.Warning, message, "")
}

// cutOff reports whether reading found the end of the samples missing.
func (s *subject) cutOff() bool {
	return slices.ContainsFunc(s.Problems, func(p run.Problem) bool { return p.Code == "truncated" })
}

// noteSummaryOnly says what a summary can't tell.
func (s *subject) noteSummaryOnly() {
	message := "there is only a summary: no course over time, no distribution, no endpoints, and set-up counts in the totals"
	var told, missing []string
	for i := range s.Reported.Metrics {
		m := &s.Reported.Metrics[i]
		if m.Type != run.Trend || len(m.Values) == 0 || len(told) > 0 {
			continue // all trends have the same statistics
		}
		for _, name := range []string{"p(90)", "p(95)", "p(99)", "p(99.9)"} {
			if _, ok := m.Value(name); ok {
				told = append(told, name)
			} else {
				missing = append(missing, name)
			}
		}
	}
	if len(told) > 0 && slices.Contains(missing, "p(99)") {
		message += fmt.Sprintf(", and of percentiles only %s (k6 writes those of summaryTrendStats)", strings.Join(told, ", "))
	}
	s.note("summary_only", report.Warning, message+"; run k6 with --out json=run.json.gz to have them", "")
}
