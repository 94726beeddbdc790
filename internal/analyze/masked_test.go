package analyze

import (
	"strings"
	"testing"

	"k6report/internal/report"
)

// Gates, and the changes that are accepted for them, are found on an endpoint whose
// name is masked in all runs, under the name that the file has for it.
func TestGatesOfMaskedEndpoints(t *testing.T) {
	slow := func(factor float64) func(*maker, *traffic) {
		return func(m *maker, of *traffic) {
			slower("order", factor)(m, of)
			of.name = strings.ReplaceAll(of.name, "order", "***")
		}
	}
	c := configured(t, `
gates: [{metric: http_req_duration, endpoint: order, statistic: med}]
accepted: [{metric: http_req_duration, endpoint: order, statistic: med, up_to: 20 %, reason: encrypts}]
`).Masked(func(s string) string { return strings.ReplaceAll(s, "order", "***") })
	b := baselineOf(5, slow(1))
	r := Analyze(comparableRun(10, slow(1.12)), Options{Baseline: b, Rerun: comparableRun(11, slow(1.12)), Config: c})
	if g := gateNamed(t, r, "http_req_duration", "***", "med"); g.Verdict != report.GateAccepted {
		t.Errorf("the gate is %s: %s", g.Verdict, g.Reason)
	}
}
