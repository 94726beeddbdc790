package analyze

import (
	"fmt"

	"k6report/internal/report"
)

// answerMethods says in plain words how overhead, bottleneck, capacity and
// drift came about, where the report has them.
func answerMethods(r *report.Report) []report.Method {
	var out []report.Method
	if r.Overhead != nil {
		out = append(out, report.Method{Topic: "Overhead", Text: r.Overhead.Definition + "."})
	}
	if a := r.Attribution; a != nil && a.Status != report.AttrNoData {
		out = append(out, report.Method{
			Topic: "Bottleneck",
			Text: fmt.Sprintf("What users waited is cut into parts that add up to it. A column's shares are each component's part of the difference between a hard case and its reference, both with the hard case's mix of endpoints: slow requests and ordinary ones, the highest level of load and the lowest, this run and the baseline. "+
				"Share fills the dominant cost only; a bottleneck is named by the regression, of the requests that worse gates are on, else by the load question. Confidence is the share of %d draws of blocks of time (seed %d) in which the same component ranks first.", attributionDraws, attributionSeed),
		})
	}
	if s := r.Saturation; s != nil {
		text := "A level meets its targets when every service level and threshold on its requests that has the samples for it holds. Throughput follows the load where it reaches 90 % of what the load asks for. Capacity ends with the first level that misses a target, does not follow, or drops more than " + percent(maxDropped) + " of its iterations."
		if s.Sigma != nil {
			text += fmt.Sprintf(" The peak is of the Universal Scalability Law N/X = a + b(N−1) + cN(N−1) over measured concurrency, by non-negative least squares with Huber's weights; intervals from %d draws of the residuals.", saturationSet)
		}
		out = append(out, report.Method{Topic: "Capacity", Text: text})
	}
	if r.Soak != nil {
		out = append(out, report.Method{
			Topic: "Drift",
			Text:  fmt.Sprintf("Mann-Kendall's test corrected for autocorrelation (Hamed and Rao) on decorrelated windows of the longest stretch of constant load, p under %g, and Theil and Sen's slope times the duration at least %s, or %s in runs under ten minutes, in which systems still grow into their load and gauges also have to grow in the second half.", trendP, percent(trendChange), percent(shortChange)),
		})
	}
	return out
}
