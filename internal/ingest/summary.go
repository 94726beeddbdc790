package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k6report/internal/run"
)

// legacyGroup is a group in the shape of --summary-export.
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

// summaryDocument is a summary of any of its three shapes, as far as is needed
// to tell them apart: the legacy one of --summary-export, what k6 hands to
// handleSummary, and the machine-readable one.
type summaryDocument struct {
	Metrics   map[string]map[string]json.RawMessage `json:"metrics"`
	RootGroup json.RawMessage                       `json:"root_group"`
	State     *struct {
		Milliseconds float64 `json:"testRunDurationMs"`
	} `json:"state"`

	Config  *machineConfig  `json:"config"`
	Results *machineResults `json:"results"`
}

// readSummary reads k6's end-of-test summary: its own numbers and verdicts,
// without time or distribution.
func readSummary(_ context.Context, in *input, rd *reader) error {
	var d summaryDocument
	if err := readDocument(in, &d); err != nil {
		return err
	}
	s := summaryReader{reported: &run.Reported{Metrics: []run.ReportedMetric{}}, contains: make(map[string]string)}
	var err error
	switch {
	case d.Results != nil:
		err = s.machine(d.Config, d.Results)
		rd.b.Problem(run.Problem{
			Code: "summary_without_verdicts", Source: in.name,
			Message: "this form of k6's summary tells neither thresholds nor their verdicts: add what k6 inspect --execution-requirements prints, or the summary that --summary-export writes without --new-machine-readable-summary",
		})
	case d.handed():
		err = s.handed(&d)
	default:
		err = s.legacy(&d)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	slices.SortFunc(s.reported.Metrics, func(a, b run.ReportedMetric) int { return cmp.Compare(a.Name, b.Name) })
	for i := range s.reported.Metrics {
		rd.define(s.definitions(&s.reported.Metrics[i])...)
	}
	if s.reported.Duration == 0 {
		s.reported.Duration = reportedDuration(s.reported.Metrics)
	}
	rd.b.SetReported(s.reported)
	rd.b.Source(run.Source{Name: in.name, Format: in.format.id})
	return nil
}

// summaryReader gathers what a summary says.
type summaryReader struct {
	reported *run.Reported
	contains map[string]string // by metric
}

// definitions are what a summary's metric says of metrics.
func (s *summaryReader) definitions(m *run.ReportedMetric) []run.Metric {
	if base, tags, ok := submetric(m.Name); ok {
		return []run.Metric{{Name: base, Submetrics: []run.Submetric{{Name: m.Name, Tags: tags}}}}
	}
	list := []run.Metric{{Name: m.Name, Type: m.Type, Contains: s.contains[m.Name]}}
	if own, ok := builtin(m.Name); ok {
		list = append(list, own) // its unit, too
	}
	return list
}

// legacy takes the shape of --summary-export.
func (s *summaryReader) legacy(d *summaryDocument) error {
	for name, fields := range d.Metrics {
		m, err := legacyMetric(name, fields)
		if err != nil {
			return fmt.Errorf("metric %q: %w", clip(name), err)
		}
		s.reported.Metrics = append(s.reported.Metrics, m)
	}
	var root legacyGroup
	if len(d.RootGroup) > 0 {
		if err := json.Unmarshal(d.RootGroup, &root); err != nil {
			return fmt.Errorf("root_group: %w", plainJSONError(err))
		}
	}
	s.reported.Checks = root.checks(nil)
	sortChecks(s.reported.Checks)
	return nil
}

func legacyMetric(name string, fields map[string]json.RawMessage) (run.ReportedMetric, error) {
	m := run.ReportedMetric{Name: name, Values: []run.ReportedValue{}}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if field == "thresholds" {
			var failed map[string]bool
			if err := json.Unmarshal(fields[field], &failed); err != nil {
				return m, plainJSONError(err)
			}
			for _, expression := range slices.Sorted(maps.Keys(failed)) {
				// In this format true says that the threshold failed.
				m.Thresholds = append(m.Thresholds, run.ReportedThreshold{Expression: expression, OK: !failed[expression]})
			}
			continue
		}
		var v *float64
		if err := json.Unmarshal(fields[field], &v); err != nil {
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
