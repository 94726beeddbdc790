package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"k6report/internal/render/plain"
	"k6report/internal/report"
)

// OpenMetrics writes the run's numbers in the OpenMetrics text format, version
// 1.0, for GitLab's metrics report and for Prometheus: gauges, in the units of
// the report with the unit in the name. Numbers that don't exist are left out.
func OpenMetrics(w io.Writer, r *report.Report) error {
	o := &openMetrics{}
	o.verdict(r)
	o.load(&r.Run.Load)
	o.endpoints(r.Run.Endpoints)
	o.metrics(r.Run.Metrics)
	o.comparison(r.Comparison)
	o.attribution(r.Attribution)
	o.out.WriteString("# EOF\n")
	if _, err := io.WriteString(w, o.out.String()); err != nil {
		return fmt.Errorf("write OpenMetrics: %w", err)
	}
	return nil
}

type openMetrics struct {
	out  strings.Builder
	seen map[string]bool // samples of the family under way
}

// label is a name of ours with a value of anybody's.
type label struct{ name, value string }

func (o *openMetrics) family(name, help string) {
	fmt.Fprintf(&o.out, "# TYPE %s gauge\n# HELP %s %s\n", name, name, help)
	o.seen = make(map[string]bool)
}

// sample writes one number. Of two samples with the same labels, which the
// format forbids, the first stays.
func (o *openMetrics) sample(name string, value *float64, labels ...label) {
	if value == nil {
		return
	}
	var parts []string
	for _, l := range labels {
		if l.value != "" {
			parts = append(parts, l.name+`="`+labelValue(l.value)+`"`)
		}
	}
	set := strings.Join(parts, ",")
	if o.seen[set] {
		return
	}
	o.seen[set] = true
	if set != "" {
		set = "{" + set + "}"
	}
	o.out.WriteString(name + set + " " + strconv.FormatFloat(*value, 'g', -1, 64) + "\n")
}

// labelValue escapes what the format gives a meaning to.
func labelValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(plain.Short(s, 200))
}

func (o *openMetrics) verdict(r *report.Report) {
	o.family("k6report_verdict", "1 for the verdict's status.")
	one := 1.0
	o.sample("k6report_verdict", &one, label{"status", string(r.Verdict.Status)})
	o.family("k6report_exit_code", "Exit code by --fail-on.")
	code := float64(r.Verdict.ExitCode)
	o.sample("k6report_exit_code", &code)
}

func (o *openMetrics) load(l *report.Load) {
	count := func(n *int64) *float64 {
		if n == nil {
			return nil
		}
		v := float64(*n)
		return &v
	}
	for _, f := range []struct {
		name, help string
		value      *float64
	}{
		{"k6report_requests", "Requests without set-up and teardown.", count(l.Requests)},
		{"k6report_requests_per_second", "Requests a second.", l.RequestsPerS},
		{"k6report_error_ratio", "Share of failed requests.", l.ErrorRate},
		{"k6report_timeout_ratio", "Share of requests that timed out.", l.TimeoutRate},
		{"k6report_offered_iterations_per_second", "Iterations offered a second.", l.OfferedPerS},
		{"k6report_achieved_iterations_per_second", "Iterations begun a second.", l.AchievedPerS},
		{"k6report_dropped_iterations", "Iterations dropped.", count(l.DroppedIterations)},
	} {
		if f.value != nil {
			o.family(f.name, f.help)
			o.sample(f.name, f.value)
		}
	}
}

func (o *openMetrics) endpoints(list []report.Endpoint) {
	if len(list) == 0 {
		return
	}
	of := func(e *report.Endpoint, more ...label) []label {
		return append([]label{{"endpoint", e.Name}, {"method", e.Method}, {"protocol", e.Protocol}, {"scenario", e.Scenario}}, more...)
	}
	o.family("k6report_endpoint_requests", "Requests of an endpoint.")
	for i := range list {
		v := float64(list[i].Count)
		o.sample("k6report_endpoint_requests", &v, of(&list[i])...)
	}
	o.family("k6report_endpoint_error_ratio", "Share of failed requests of an endpoint.")
	for i := range list {
		o.sample("k6report_endpoint_error_ratio", list[i].ErrorRate, of(&list[i])...)
	}
	o.family("k6report_endpoint_duration_milliseconds", "Duration of requests of an endpoint.")
	for i := range list {
		d := &list[i].DurationMS
		for _, s := range []struct {
			name  string
			value *float64
		}{{"avg", d.Avg}, {"min", d.Min}, {"med", d.Med}, {"p90", d.P90}, {"p95", d.P95}, {"p99", d.P99}, {"max", d.Max}} {
			o.sample("k6report_endpoint_duration_milliseconds", s.value, of(&list[i], label{"statistic", s.name})...)
		}
	}
}

func (o *openMetrics) metrics(list []report.Metric) {
	if len(list) == 0 {
		return
	}
	o.family("k6report_metric", "Statistics of k6's metrics under k6's names, in k6's units.")
	for _, m := range list {
		for _, v := range m.Values {
			o.sample("k6report_metric", &v.Value, label{"metric", m.Name}, label{"statistic", v.Name})
		}
	}
}

func (o *openMetrics) comparison(c *report.Comparison) {
	if c == nil || len(c.Gates) == 0 {
		return
	}
	o.family("k6report_gate_change_ratio", "Change of a gate against the baseline.")
	for _, g := range c.Gates {
		o.sample("k6report_gate_change_ratio", g.Change,
			label{"metric", g.Metric}, label{"endpoint", g.Endpoint}, label{"statistic", g.Statistic}, label{"verdict", g.Verdict})
	}
}

func (o *openMetrics) attribution(a *report.Attribution) {
	if a == nil || len(a.Components) == 0 {
		return
	}
	o.family("k6report_component_milliseconds", "Mean time of a request in a component.")
	for _, c := range a.Components {
		o.sample("k6report_component_milliseconds", &c.MeanMS, label{"component", c.Name})
	}
}
