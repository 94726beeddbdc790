package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k6report/internal/run"
)

// legacySummary is what k6 writes with --summary-export.
type legacySummary struct {
	Metrics   map[string]map[string]json.RawMessage `json:"metrics"`
	RootGroup legacyGroup                           `json:"root_group"`
}

type legacyGroup struct {
	Name   string                 `json:"name"`
	Path   string                 `json:"path"`
	Groups map[string]legacyGroup `json:"groups"`
	Checks map[string]legacyCheck `json:"checks"`
}

type legacyCheck struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Passes uint64 `json:"passes"`
	Fails  uint64 `json:"fails"`
}

// readSummary reads k6's end-of-test summary: its own numbers and verdicts,
// without time or distribution.
func readSummary(_ context.Context, in *input, rd *reader) error {
	var d legacySummary
	if err := readDocument(in, &d); err != nil {
		return err
	}
	reported := &run.Reported{}
	for _, name := range slices.Sorted(maps.Keys(d.Metrics)) {
		m, err := legacyMetric(name, d.Metrics[name])
		if err != nil {
			return fmt.Errorf("read %s: metric %q: %w", in.name, clip(name), err)
		}
		reported.Metrics = append(reported.Metrics, m)
		if base, tags, ok := submetric(name); ok {
			rd.define(run.Metric{Name: base, Submetrics: []run.Submetric{{Name: name, Tags: tags}}})
		} else {
			rd.define(run.Metric{Name: name, Type: m.Type})
			if own, ok := builtin(name); ok {
				rd.define(own) // its unit, too
			}
		}
	}
	reported.Checks = d.RootGroup.checks(nil)
	reported.Duration = reportedDuration(reported.Metrics)
	rd.b.SetReported(reported)
	rd.b.Source(run.Source{Name: in.name, Format: in.format.id})
	return nil
}

func legacyMetric(name string, fields map[string]json.RawMessage) (run.ReportedMetric, error) {
	m := run.ReportedMetric{Name: name, Values: []run.ReportedValue{}}
	if _, other := fields["values"]; other {
		return m, errors.New("this summary was written by handleSummary, which k6report does not read yet: export one with --summary-export")
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if field == "thresholds" {
			var failed map[string]bool
			if err := unmarshal(fields[field], &failed); err != nil {
				return m, plainJSONError(err)
			}
			for _, expression := range slices.Sorted(maps.Keys(failed)) {
				// In this format true says that the threshold failed.
				m.Thresholds = append(m.Thresholds, run.ReportedThreshold{Expression: expression, OK: !failed[expression]})
			}
			continue
		}
		var v *float64
		if err := unmarshal(fields[field], &v); err != nil {
			return m, plainJSONError(err)
		}
		if v != nil {
			m.Values = append(m.Values, run.ReportedValue{Name: field, Value: *v})
		}
	}
	m.Type = legacyType(name, fields)
	return m, nil
}

// legacyType tells the type of a metric by its name, where it is one of k6's
// own, or by the statistics that it has. Of a trend these are the configured
// ones: perhaps only a count, or only percentiles.
func legacyType(name string, fields map[string]json.RawMessage) run.MetricType {
	base, _, _ := strings.Cut(name, "{")
	if own, ok := builtin(base); ok {
		return own.Type
	}
	has := func(field string) bool { _, ok := fields[field]; return ok }
	percentile := func(field string) bool { return strings.HasPrefix(field, "p(") }
	switch {
	case has("passes") && has("fails"):
		return run.Rate
	case has("count") && has("rate"):
		return run.Counter
	case has("value"):
		return run.Gauge
	case has("avg"), has("med"), has("min"), has("max"), has("count"),
		slices.ContainsFunc(slices.Collect(maps.Keys(fields)), percentile):
		return run.Trend
	}
	return run.Unknown
}

func (g legacyGroup) checks(list []run.ReportedCheck) []run.ReportedCheck {
	for _, name := range slices.Sorted(maps.Keys(g.Checks)) {
		c := g.Checks[name]
		list = append(list, run.ReportedCheck{Group: g.Path, Name: c.Name, Passes: c.Passes, Fails: c.Fails})
	}
	for _, name := range slices.Sorted(maps.Keys(g.Groups)) {
		list = g.Groups[name].checks(list)
	}
	return list
}

// reportedDuration is the time that k6 divided its counters by: that of the
// largest counter, for precision.
func reportedDuration(metrics []run.ReportedMetric) time.Duration {
	best, seconds := 0.0, 0.0
	for _, m := range metrics {
		count, ok1 := m.Value("count")
		rate, ok2 := m.Value("rate")
		if m.Type == run.Counter && ok1 && ok2 && rate > 0 && count > best {
			best, seconds = count, count/rate
		}
	}
	return time.Duration(seconds * float64(time.Second))
}
