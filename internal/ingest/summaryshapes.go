package ingest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k6report/internal/run"
	"k6report/internal/threshold"
)

// handedMetric is a metric as k6 hands it to handleSummary.
type handedMetric struct {
	Type       string              `json:"type"`
	Contains   string              `json:"contains"`
	Values     map[string]*float64 `json:"values"`
	Thresholds map[string]struct {
		OK bool `json:"ok"`
	} `json:"thresholds"`
}

// handedGroup is a group in it: with lists where the legacy shape has maps.
type handedGroup struct {
	Path   string        `json:"path"`
	Groups []handedGroup `json:"groups"`
	Checks []struct {
		Name   string `json:"name"`
		Passes uint64 `json:"passes"`
		Fails  uint64 `json:"fails"`
	} `json:"checks"`
}

// handed reports whether a document is what k6 hands to handleSummary.
func (d *summaryDocument) handed() bool {
	if d.State != nil {
		return true
	}
	for _, fields := range d.Metrics {
		if _, ok := fields["values"]; ok {
			return true
		}
	}
	return false
}

// handed takes what k6 hands to handleSummary.
func (s *summaryReader) handed(d *summaryDocument) error {
	for name, fields := range d.Metrics {
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		var h handedMetric
		if err := json.Unmarshal(text, &h); err != nil {
			return fmt.Errorf("metric %q: %w", clip(name), plainJSONError(err))
		}
		m := run.ReportedMetric{Name: name, Type: run.ParseMetricType(h.Type), Values: sortedValues(h.Values)}
		for _, expression := range slices.Sorted(maps.Keys(h.Thresholds)) {
			m.Thresholds = append(m.Thresholds, run.ReportedThreshold{Expression: expression, OK: h.Thresholds[expression].OK})
		}
		s.contains[name] = h.Contains
		s.reported.Metrics = append(s.reported.Metrics, m)
	}
	var root handedGroup
	if len(d.RootGroup) > 0 {
		if err := json.Unmarshal(d.RootGroup, &root); err != nil {
			return fmt.Errorf("root_group: %w", plainJSONError(err))
		}
	}
	s.reported.Checks = root.checks(nil)
	sortChecks(s.reported.Checks)
	if d.State != nil {
		s.reported.Duration = seconds(d.State.Milliseconds / 1e3)
	}
	return nil
}

func (g handedGroup) checks(list []run.ReportedCheck) []run.ReportedCheck {
	for _, c := range g.Checks {
		list = append(list, run.ReportedCheck{Group: g.Path, Name: c.Name, Passes: c.Passes, Fails: c.Fails})
	}
	for _, sub := range g.Groups {
		list = sub.checks(list)
	}
	return list
}

// sortChecks gives checks the same order whatever summary tells them.
func sortChecks(checks []run.ReportedCheck) {
	slices.SortFunc(checks, func(a, b run.ReportedCheck) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
}

// sortedValues are values by name; null is none.
func sortedValues(values map[string]*float64) []run.ReportedValue {
	list := []run.ReportedValue{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := values[name]; v != nil {
			list = append(list, run.ReportedValue{Name: name, Value: *v})
		}
	}
	return list
}

// machineConfig and machineResults are the parts of the summary that k6 writes
// with --new-machine-readable-summary. Its lists are in random order.
type machineConfig struct {
	Seconds float64 `json:"duration"`
}

type machineResults struct {
	Checks *struct {
		Metrics []machineMetric `json:"metrics"`
		Results []machineCheck  `json:"results"`
	} `json:"checks"`
	Metrics []machineMetric `json:"metrics"`
}

type machineMetric struct {
	Name     string              `json:"name"`
	Type     string              `json:"type"`
	Contains string              `json:"contains"`
	Values   map[string]*float64 `json:"values"`
}

type machineCheck struct {
	Name   string `json:"name"`
	Passes uint64 `json:"passes"`
	Fails  uint64 `json:"fails"`
}

// machine takes the machine-readable shape. It names statistics in a way of its
// own, and tells checks without their groups.
func (s *summaryReader) machine(config *machineConfig, results *machineResults) error {
	if config != nil {
		s.reported.Duration = seconds(config.Seconds)
	}
	for _, m := range results.Metrics {
		if m.Name == "" {
			return errors.New("results: a metric has no name")
		}
		s.contains[m.Name] = m.Contains
		s.reported.Metrics = append(s.reported.Metrics, s.machineMetric(m))
	}
	if results.Checks == nil {
		return nil
	}
	for _, c := range results.Checks.Results {
		s.reported.Checks = append(s.reported.Checks, run.ReportedCheck{Name: c.Name, Passes: c.Passes, Fails: c.Fails})
	}
	sortChecks(s.reported.Checks)
	for _, m := range results.Checks.Metrics {
		if m.Name == "checks_succeeded" { // elsewhere this metric is called checks
			m.Name = "checks"
			s.reported.Metrics = append(s.reported.Metrics, s.machineMetric(m))
		}
	}
	return nil
}

func (s *summaryReader) machineMetric(m machineMetric) run.ReportedMetric {
	out := run.ReportedMetric{Name: m.Name, Type: run.ParseMetricType(m.Type)}
	values := make(map[string]*float64)
	for name, v := range m.Values {
		values[machineStatistic(name)] = v
	}
	switch out.Type {
	case run.Counter:
		if count := values["count"]; count != nil && values["rate"] == nil && s.reported.Duration > 0 {
			rate := *count / s.reported.Duration.Seconds() // as k6 computes it
			values["rate"] = &rate
		}
	case run.Rate:
		if matches, total := m.Values["matches"], m.Values["total"]; matches != nil && total != nil {
			fails := *total - *matches
			values["passes"], values["fails"] = matches, &fails
		}
		delete(values, "matches")
		delete(values, "total")
	case run.Trend:
		if zeros(values) && !mayBeZero(m.Name) {
			// k6 writes a trend without samples when a threshold names it, and
			// writes zeros.
			values = nil
		}
	}
	out.Values = sortedValues(values)
	return out
}

// machineStatistic is k6's usual name of a statistic.
func machineStatistic(name string) string {
	if digits, ok := strings.CutPrefix(name, "p"); ok {
		usual := "p(" + digits + ")"
		if _, err := threshold.ParseStatistic(usual); err == nil {
			return usual
		}
	}
	return name
}

func zeros(values map[string]*float64) bool {
	for _, v := range values {
		if v != nil && *v != 0 {
			return false
		}
	}
	return true
}

// mayBeZero names trends of which all samples may be 0: the parts of requests
// that need no time where connections are reused or not encrypted.
func mayBeZero(name string) bool {
	base, _, _ := strings.Cut(name, "{")
	return slices.Contains(partNames[partBlocked:partWaiting], base) || base == partNames[partReceiving]
}

// seconds is a duration, 0 where there is none.
func seconds(s float64) time.Duration {
	const most = 1e9 // more than 30 years
	if !(s > 0 && s < most) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
