package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k6report/internal/run"
	"k6report/internal/threshold"
)

// inspected is what k6 inspect --execution-requirements prints; values that
// the script doesn't set are null.
type inspected struct {
	Scenarios  map[string]inspectedScenario `json:"scenarios"`
	VUs        *int64                       `json:"vus"`
	Duration   *duration                    `json:"duration"`
	Iterations *int64                       `json:"iterations"`
	Stages     []inspectedStage             `json:"stages"`
	Thresholds map[string][]json.RawMessage `json:"thresholds"`
	MaxVUs     int64                        `json:"maxVUs"`
}

type inspectedScenario struct {
	Executor        string           `json:"executor"`
	StartTime       *duration        `json:"startTime"`
	Duration        *duration        `json:"duration"`
	MaxDuration     *duration        `json:"maxDuration"`
	Rate            *float64         `json:"rate"`
	StartRate       *float64         `json:"startRate"`
	TimeUnit        *duration        `json:"timeUnit"`
	VUs             *int64           `json:"vus"`
	StartVUs        *int64           `json:"startVUs"`
	PreAllocatedVUs *int64           `json:"preAllocatedVUs"`
	MaxVUs          *int64           `json:"maxVUs"`
	Iterations      *int64           `json:"iterations"`
	Stages          []inspectedStage `json:"stages"`
}

type inspectedStage struct {
	Duration duration `json:"duration"`
	Target   float64  `json:"target"`
}

// longest is longer than any test. Two such still add up.
const longest = 100_000 * time.Hour

// duration is k6's: text such as "1m30s" (days allowed), or milliseconds.
type duration time.Duration

func (d *duration) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	bad := fmt.Errorf("%q is not a duration such as 30s or 1m30s", clip(text))
	if ms, err := strconv.ParseFloat(text, 64); err == nil {
		if !(ms >= 0 && ms <= 1e5*3.6e6) { // also NaN
			return bad
		}
		*d = duration(ms * float64(time.Millisecond))
		return nil
	}
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		days, rest = "0", text
	}
	whole, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return bad
	}
	if rest == "" {
		rest = "0s"
	}
	parsed, err := time.ParseDuration(rest)
	sum := time.Duration(whole)*24*time.Hour + parsed
	if err != nil || parsed < 0 || parsed > longest || sum > longest {
		return bad
	}
	*d = duration(sum)
	return nil
}

// readPlan reads what k6 inspect prints: the only place that tells what load
// the test was to make.
func readPlan(_ context.Context, in *input, rd *reader) error {
	var d inspected
	if err := readDocument(in, &d); err != nil {
		return err
	}
	p, err := d.plan()
	if err != nil {
		rd.b.Problem(run.Problem{
			Code: "bad_threshold", Source: in.name, Count: 1,
			Message: err.Error() + ": it was left out, the rest of the plan counts",
		})
	}
	rd.define(thresholdMetrics(p.Thresholds)...)
	rd.b.SetPlan(p)
	rd.b.Source(run.Source{Name: in.name, Format: in.format.id})
	return nil
}

// plan is what could be read; the error is the first threshold that could not.
func (d *inspected) plan() (*run.Plan, error) {
	var bad error
	p := &run.Plan{MaxVUs: d.MaxVUs, Scenarios: []run.Scenario{}}
	for _, name := range slices.Sorted(maps.Keys(d.Scenarios)) {
		p.Scenarios = append(p.Scenarios, d.Scenarios[name].scenario(name))
	}
	if len(p.Scenarios) == 0 {
		p.Scenarios = append(p.Scenarios, d.shortcut())
	}
	for _, metric := range slices.Sorted(maps.Keys(d.Thresholds)) {
		t := run.MetricThresholds{Metric: metric}
		for _, raw := range d.Thresholds[metric] {
			expression, err := decodeThreshold(raw)
			if err != nil {
				bad = cmp.Or(bad, fmt.Errorf("thresholds of %q: %w", clip(metric), err))
				continue
			}
			t.Expressions = append(t.Expressions, expression)
		}
		p.Thresholds = append(p.Thresholds, t)
	}
	return p, bad
}

// shortcut is the scenario that k6 makes of options without scenarios.
func (d *inspected) shortcut() run.Scenario {
	s := inspectedScenario{Executor: "per-vu-iterations", VUs: d.VUs, StartVUs: d.VUs, Iterations: d.Iterations, Duration: d.Duration, Stages: d.Stages}
	switch {
	case len(d.Stages) > 0:
		s.Executor = "ramping-vus"
	case d.Iterations != nil:
		s.Executor = "shared-iterations"
	case d.Duration != nil:
		s.Executor = "constant-vus"
	}
	return s.scenario("default")
}

func (s inspectedScenario) scenario(name string) run.Scenario {
	out := run.Scenario{
		Name: name, Executor: s.Executor,
		Start:      time.Duration(or(s.StartTime, 0)),
		Duration:   time.Duration(or(s.Duration, or(s.MaxDuration, 0))),
		Rate:       or(s.Rate, or(s.StartRate, 0)),
		VUs:        or(s.VUs, or(s.StartVUs, or(s.PreAllocatedVUs, 1))),
		Iterations: or(s.Iterations, 0),
	}
	out.MaxVUs = or(s.MaxVUs, out.VUs)
	if strings.HasSuffix(s.Executor, "arrival-rate") {
		out.TimeUnit = time.Duration(or(s.TimeUnit, duration(time.Second)))
	}
	if strings.HasSuffix(s.Executor, "iterations") {
		out.Iterations = or(s.Iterations, 1)
		out.Duration = time.Duration(or(s.MaxDuration, duration(10*time.Minute)))
	}
	if len(s.Stages) > 0 {
		out.Duration = 0
	}
	for _, stage := range s.Stages {
		out.Stages = append(out.Stages, run.Stage{Duration: time.Duration(stage.Duration), Target: stage.Target})
		out.Duration = min(out.Duration+time.Duration(stage.Duration), longest)
		if !strings.HasSuffix(s.Executor, "arrival-rate") {
			out.MaxVUs = max(out.MaxVUs, int64(stage.Target))
		}
	}
	return out
}

// or is the value behind a pointer, or another where it is nil.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// thresholdMetrics are the definitions that thresholds imply: those of
// submetrics must be kept apart while reading.
func thresholdMetrics(thresholds []run.MetricThresholds) []run.Metric {
	var metrics []run.Metric
	for _, t := range thresholds {
		if name, tags, ok := submetric(t.Metric); ok {
			metrics = append(metrics, run.Metric{Name: name, Submetrics: []run.Submetric{{Name: t.Metric, Tags: tags}}})
		}
	}
	return metrics
}

// submetric splits k6's name of a submetric; ok is false for other names.
func submetric(name string) (metric string, tags []run.Tag, ok bool) {
	metric, conditions, err := threshold.ParseMetric(name)
	if err != nil {
		return "", nil, false
	}
	for _, c := range conditions {
		tags = append(tags, run.Tag{Name: c.Key, Value: c.Value})
	}
	return metric, tags, len(tags) > 0
}
