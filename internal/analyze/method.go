package analyze

import (
	"fmt"

	"k6report/internal/report"
)

// method says in plain words how the numbers of this report came about.
func (s *subject) method(r *report.Run, c *report.Comparison) []report.Method {
	if len(s.Series) == 0 {
		if s.Reported == nil {
			return nil
		}
		return []report.Method{{
			Topic: "Summary",
			Text:  "All numbers are k6's own, of the whole run with set-up. A trend or gauge of nothing but zeros that a threshold names is taken for one without samples, as k6 writes those.",
		}}
	}
	out := []report.Method{
		{
			Topic: "Percentiles",
			Text:  "Computed over all samples as k6 does, by linear interpolation between sorted values, from a histogram whose bins are at most 0.1 % wide: within 0.05 % of the exact value. Count, minimum, maximum and average are exact. Percentiles are never averaged. A percentile with fewer than three samples above it is marked: p90 of fewer than 30, p95 of fewer than 60, p99 of fewer than 300.",
		},
		{
			Topic: "Set-up and teardown",
			Text:  "Count in metrics, thresholds and checks, as in k6, but not in endpoints, personas, tenants, errors and load.",
		},
		{
			Topic: "Thresholds",
			Text:  "Evaluated again over the whole run. A verdict nearer to its limit than the error of the statistic is k6's own, from its summary; without one it stays open, as service levels do. Where the samples and k6 clearly disagree, it fails. A metric or submetric without samples is not judged, unless k6 itself says that it failed; a counter that never counted is 0.",
		},
		{
			Topic: "Offered load",
			Text:  "Iterations completed plus dropped, over the scheduled time, or without a plan over the time in which iterations started. k6 counts an iteration at its end: those that it interrupted are missing. The planned load comes from k6 inspect; without it, nothing is said of whether it was reached.",
		},
	}
	if r.Load.OfferedP95 != nil {
		out = append(out, report.Method{
			Topic: "Offered p95",
			Text:  "The p95 when every dropped iteration counts as infinitely slow: of the completed requests the quantile 0.95 / (1 − share dropped). It assumes that dropped iterations would have made as many requests as the others.",
		})
	}
	if r.Load.Steady != nil {
		out = append(out, report.Method{
			Topic: "Steady state",
			Text:  fmt.Sprintf("%.1f s to %.1f s. A warm-up is cut, at most half of the run, where the means before and after the cut differ by more than 5 %% and by more than 3 standard errors; requests count by their start, each over the median of its endpoint. The drain after the last start is left out.", r.Load.Steady.FromS, r.Load.Steady.ToS),
		})
	}
	if len(r.Load.Levels) > 0 {
		out = append(out, report.Method{
			Topic: "Load levels",
			Text:  "Plateaus of the plan of 5 s or more, and slices of its ramps of 16 s or more, at most eight of equal length. A level rests on the blocks of time that lie within it as wholes; its concurrency is measured: throughput times time in the system.",
		})
	}
	return append(out, comparisonMethod(c)...)
}

// comparisonMethod says how a run was compared.
func comparisonMethod(c *report.Comparison) []report.Method {
	if c == nil {
		return nil
	}
	return []report.Method{
		{
			Topic: "Comparison",
			Text:  "Each run counts as one value of each gate, for runs of the same code differ by more than their requests tell. The gates are those of the configuration; without any the average of the fastest 95 % and the p95 of the three endpoints with most total time in the baseline and at least 100 requests in each run, the error rate and the throughput. A gate is suspected when Student's t of the difference in ln(statistic) has a one-sided p under 0.01, for normal noise and for noise with heavy tails (Student's t of 4 degrees, learned by simulation), and the change is at least the smallest that matters (5 %). The spread used is the largest of that between the baseline's runs, of what the requests within a run explain (bootstrap of blocks of time, seed 20261123, median over the runs), and of a floor: 1 % of averages and rates, 2 % of p95, 4 % of p99, or what the history of successive runs shows. A regression has to be found again by a second run, with Holm's correction at 0.01. With one or two baseline runs guards stand in: 25 % on averages, 40 % on percentiles.",
		},
		{
			Topic: "Certainty",
			Text:  "An interval holds the true change in 9 of 10 cases; a change above its upper end (for throughput, below its lower) is excluded at 95 %. Detectable is what would be suspected 4 times in 5. Both runs of a candidate on one machine share what slows that machine down: then false alarms are more frequent. Error rates are compared by an exact conditional test of their counts, which are divided by their dispersion between runs. What is listed as exploratory lies outside the gates and fails no build; about one in ten of such findings is chance (Benjamini-Hochberg at 0.10).",
		},
	}
}
