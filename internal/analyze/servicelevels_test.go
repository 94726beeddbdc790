package analyze

import (
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

// Percentiles of samples are within 0.1 %, for service levels as for
// thresholds.
func TestServiceLevelNearItsLimit(t *testing.T) {
	for _, tc := range []struct {
		yaml string
		want string
		note report.Severity
	}{
		{"service_levels: {endpoints: {get: [p(95)<950.5]}}", "?", report.Warning},
		{"service_levels: {endpoints: {get: [p(95)<952]}}", "✓", none},
		{"service_levels: {endpoints: {get: [p(95)<949]}}", "✗", none},
		{"service_levels: {endpoints: {get: [max<=1000]}}", "✓", none}, // exact
		{"service_levels: {graph_build: [p(95)<950.5]}", "?", report.Warning},
		{"service_levels: {graph_build: [p(95)<952]}", "✓", none},
	} {
		m := newRun()
		m.Define(run.Metric{Name: "graph_build_duration", Type: run.Trend, Contains: "time"})
		for i := range 1001 {
			m.request(traffic{protocol: "http", scenario: "s", name: "get"}, 5, float64(i), false, false)
			m.add("graph_build_duration", "", 5, float64(i))
		}
		r := analyzed(t, m, configured(t, tc.yaml))
		targets := append(r.Run.Endpoints[0].Targets, r.Run.ServiceLevels...)
		if len(targets) != 1 {
			t.Fatalf("%s: %d targets", tc.yaml, len(targets))
		}
		if got := verdictText(targets[0].OK); got != tc.want {
			t.Errorf("%s is %s, want %s", tc.yaml, got, tc.want)
		}
		wantNote(t, r, "threshold_near", tc.note)
	}
}
