package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"k6report/internal/report"
)

// Errors that a report may have against k6's summary: none in counts, minima
// and maxima, these in what is computed from many samples.
const (
	avgTolerance        = 1e-9  // relative, absolute below 1
	percentileTolerance = 0.001 // relative
	rateTolerance       = 0.05  // of rates per second without k6's own duration
)

// summary is what k6 says of its run: the tests' oracle.
type summary struct {
	Root    group                     `json:"root_group"`
	Metrics map[string]map[string]any `json:"metrics"`
}

type group struct {
	Path   string           `json:"path"`
	Groups map[string]group `json:"groups"`
	Checks map[string]struct {
		Name   string `json:"name"`
		Passes int64  `json:"passes"`
		Fails  int64  `json:"fails"`
	} `json:"checks"`
}

func readSummary(t *testing.T, data []byte) (s summary) {
	t.Helper()
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Metrics) < 30 {
		t.Fatalf("k6's summary has only %d metrics", len(s.Metrics))
	}
	return s
}

// isEmpty says that k6 shows zeros for a metric without samples.
func isEmpty(values map[string]any) bool {
	for name, v := range values {
		if n, ok := v.(float64); ok && n != 0 && name != "thresholds" {
			return false
		}
	}
	return true
}

// sameMetrics holds all values of all metrics and submetrics against k6's.
// perSecond is the tolerance of counters' rates.
func (s summary) sameMetrics(t *testing.T, r *report.Report, perSecond float64) {
	t.Helper()
	compared := 0
	known := make(map[string]report.Metric)
	for _, m := range r.Run.Metrics {
		known[m.Name] = m
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		values := s.Metrics[name]
		m, ok := known[name]
		if !ok {
			if !isEmpty(values) && !strings.Contains(name, "{") {
				t.Errorf("%s is missing", name)
			}
			continue
		}
		if isEmpty(values) && len(m.Values) == 0 {
			continue // k6 shows zeros, the report says that there is nothing
		}
		for statistic, v := range values {
			want, ok := v.(float64)
			if !ok {
				continue // its thresholds
			}
			compared++
			s.sameValue(t, m, statistic, want, perSecond)
		}
	}
	if compared < 150 {
		t.Errorf("only %d values were compared", compared)
	}
}

func (s summary) sameValue(t *testing.T, m report.Metric, statistic string, want, perSecond float64) {
	t.Helper()
	name := statistic
	if statistic == "value" && m.Type == "rate" {
		name = "rate"
	}
	got, ok := m.Values.Get(name)
	if !ok {
		if m.Type == "gauge" || m.Type == "rate" || m.Type == "counter" || m.Type == "trend" {
			t.Errorf("%s has no %s, k6 says %v", m.Name, name, want)
		}
		return
	}
	tolerance := 0.0
	switch {
	case statistic == "avg" || m.Type == "rate" && name == "rate":
		tolerance = avgTolerance * max(1, math.Abs(want))
	case statistic == "med" || strings.HasPrefix(statistic, "p("):
		tolerance = percentileTolerance * math.Abs(want)
	case statistic == "rate":
		tolerance = cmp.Or(perSecond, avgTolerance) * math.Abs(want)
	}
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s %s is %v, k6 says %v", m.Name, statistic, got, want)
	}
}

// sameChecks holds the checks against k6's.
func (s summary) sameChecks(t *testing.T, r *report.Report) {
	t.Helper()
	want := make(map[string]string)
	s.Root.collect(want)
	got := make(map[string]string)
	for _, c := range r.Run.Checks {
		got[c.Group+"::"+c.Name] = fmt.Sprintf("%d passes, %d fails", c.Passes, c.Fails)
	}
	if len(want) < 3 || !maps.Equal(got, want) {
		t.Errorf("checks %v, k6 says %v", got, want)
	}
}

func (g group) collect(into map[string]string) {
	for _, c := range g.Checks {
		into[g.Path+"::"+c.Name] = fmt.Sprintf("%d passes, %d fails", c.Passes, c.Fails)
	}
	for _, sub := range g.Groups {
		sub.collect(into)
	}
}

// emptyThreshold holds a verdict about no samples at all, which k6 takes for 0.
// That it failed so must not be lost; that it held says nothing, and with
// samples at hand the report says so.
func (s summary) emptyThreshold(t *testing.T, r *report.Report, th report.Threshold, want bool) {
	t.Helper()
	withSummary := slices.ContainsFunc(r.Run.Sources, func(s report.Source) bool { return s.Format == "summary" })
	switch {
	case th.OK == nil && th.Reason == "":
		t.Errorf("threshold %s %s: no verdict and no reason", th.Metric, th.Expression)
	case th.OK == nil && !want && withSummary:
		t.Errorf("threshold %s %s: k6 says that it failed, the report does not", th.Metric, th.Expression)
	case th.OK != nil && *th.OK != want, th.OK != nil && want && r.Run.Windows != nil:
		t.Errorf("threshold %s %s is %v of no samples", th.Metric, th.Expression, *th.OK)
	}
}

// sameThresholds holds every verdict against k6's; what unknown names may be
// missing.
func (s summary) sameThresholds(t *testing.T, r *report.Report, unknown func(metric string) bool) {
	t.Helper()
	type key struct{ metric, expression string }
	got := make(map[key]report.Threshold)
	for _, th := range r.Run.Thresholds {
		got[key{th.Metric, th.Expression}] = th
	}
	judged, failed := 0, 0
	for metric, values := range s.Metrics {
		thresholds, _ := values["thresholds"].(map[string]any)
		for expression, crossed := range thresholds {
			k := key{metric, expression}
			th, ok := got[k]
			delete(got, k)
			want := crossed == false
			switch {
			case !ok && unknown != nil && unknown(metric):
			case !ok:
				t.Errorf("threshold %s %s is missing", metric, expression)
			case isEmpty(values):
				s.emptyThreshold(t, r, th, want)
			case th.OK == nil:
				t.Errorf("threshold %s %s could not be judged: %s", metric, expression, th.Reason)
			case *th.OK != want:
				t.Errorf("threshold %s %s is %v (observed %v), k6 says %v", metric, expression, *th.OK, *th.Observed, want)
			default:
				judged++
				if !want {
					failed++
				}
			}
		}
	}
	for k := range got {
		t.Errorf("threshold %s %s is not one of k6's", k.metric, k.expression)
	}
	if judged < 35 || failed < 15 {
		t.Errorf("only %d thresholds were judged, %d of them failed", judged, failed)
	}
}
