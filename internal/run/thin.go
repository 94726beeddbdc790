package run

import "slices"

// Thin is the part of a run that comparisons need: its identity, labels, plan,
// metrics, request tables, and the series of the metrics named, without their
// distributions. What was reported by k6, how the process went, and
// what was lost while reading stay behind. The run itself is not changed; both
// share what they have in common.
func Thin(r *Run, metrics []string) *Run {
	thin := &Run{
		ID: r.ID, Labels: r.Labels, Started: r.Started, Ended: r.Ended, Sources: r.Sources,
		WindowLength: r.WindowLength, Requests: r.Requests, Plan: r.Plan, Execution: r.Execution,
	}
	for _, m := range r.Metrics {
		if slices.Contains(metrics, m.Name) {
			thin.Metrics = append(thin.Metrics, m)
		}
	}
	for _, s := range r.Series {
		if slices.Contains(metrics, s.Metric) {
			s.Sketch = nil
			thin.Series = append(thin.Series, s)
		}
	}
	return thin
}
