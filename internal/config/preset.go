package config

import (
	"fmt"
	"slices"
	"strings"

	"k6report/internal/component"
	"k6report/internal/threshold"
)

// Names for the key "preset".
const (
	PresetADR0003 = "adr-0003" // the targets of ADR-0003, Load Testing Strategy with k6
	PresetNone    = "none"     // no preset, also for runs whose suite tag names one
)

// PresetNames returns the presets that [Preset] knows, sorted.
func PresetNames() []string { return []string{PresetADR0003} }

// Preset returns a preset as a configuration of its own, a new one each time.
func Preset(name string) (*Config, error) {
	if name != PresetADR0003 {
		return nil, fmt.Errorf("preset %q is unknown: use %s", name, strings.Join(PresetNames(), ", "))
	}
	return adr0003(), nil
}

// adr0003 holds the tables of the ADR. Where it names no statistic, the average
// is meant: the overhead "of execution time".
func adr0003() *Config {
	const source = "preset " + PresetADR0003
	target := func(method threshold.Method, percent, limit float64) Target {
		return Target{threshold.Expression{
			Statistic: threshold.Statistic{Method: method, Percent: percent},
			Operator:  threshold.Less,
			Limit:     limit,
		}, source}
	}
	latency := func(endpoint string, p50, p95, p99 float64) EndpointLevels {
		return EndpointLevels{endpoint, []Target{
			target(threshold.Med, 0, p50),
			target(threshold.Percentile, 95, p95),
			target(threshold.Percentile, 99, p99),
		}}
	}

	c := &Config{Preset: PresetADR0003}
	c.ServiceLevels = ServiceLevels{
		Endpoints: []EndpointLevels{
			latency("execute_workflow", 100, 500, 1000),
			latency("get_execution", 30, 100, 200),
			latency("get_trace", 50, 200, 500),
			{"health_check", []Target{target(threshold.Percentile, 99, 100)}},
			latency("list_workflows", 50, 200, 500),
		},
		TimeoutRate: []Target{target(threshold.Rate, 0, 0.05)},
		Overhead:    []Target{target(threshold.Avg, 0, 15)},
		GraphBuild:  []Target{target(threshold.Percentile, 95, 5)},
	}
	for _, level := range []string{"baseline", "chaos", "load", "smoke", "soak"} {
		c.ServiceLevels.ErrorBudgets = append(c.ServiceLevels.ErrorBudgets,
			ErrorBudget{level, target(threshold.Rate, 0, 0.001)})
	}
	for _, level := range []string{"db", "spike", "stress", "ultimate"} {
		c.ServiceLevels.ErrorBudgets = append(c.ServiceLevels.ErrorBudgets,
			ErrorBudget{level, target(threshold.Rate, 0, 0.01)})
	}
	slices.SortFunc(c.ServiceLevels.ErrorBudgets, func(a, b ErrorBudget) int { return strings.Compare(a.Level, b.Level) })
	c.Capacities = []Capacity{{component.Database, 100, source}}
	return c
}

// Effective returns what holds for a run of a suite (its tag "suite", empty
// when it has none): the file over the preset that the file asks for or, when
// it doesn't say, the one that the suite is named after. The result's Preset is
// the one in force, empty for none. The receiver stays as it is.
func (c *Config) Effective(suite string) *Config {
	effective := *c
	name := c.Preset
	if name == "" && slices.Contains(PresetNames(), suite) {
		name = suite
	}
	preset, err := Preset(name)
	if err != nil {
		effective.Preset = ""
		return &effective
	}
	effective.Preset = name
	preset = preset.Masked(c.mask)
	effective.ServiceLevels = preset.ServiceLevels.Override(c.ServiceLevels)
	effective.Capacities = slices.Clone(c.Capacities)
	for _, capacity := range preset.Capacities {
		if _, own := c.Capacity(capacity.Component); !own {
			effective.Capacities = append(effective.Capacities, capacity)
		}
	}
	slices.SortFunc(effective.Capacities, func(a, b Capacity) int { return strings.Compare(a.Component, b.Component) })
	return &effective
}

// Override returns the levels with another set over them. A target replaces
// those of the same statistic of the same endpoint ("med" and "p(50)" are one
// statistic), an error budget the one of its level, and an error budget for
// every level all of them: who writes one number means it.
func (s ServiceLevels) Override(over ServiceLevels) ServiceLevels {
	merged := ServiceLevels{
		TimeoutRate: overrideTargets(s.TimeoutRate, over.TimeoutRate),
		Overhead:    overrideTargets(s.Overhead, over.Overhead),
		GraphBuild:  overrideTargets(s.GraphBuild, over.GraphBuild),
	}

	for _, e := range s.Endpoints {
		targets := overrideTargets(e.Targets, over.Endpoint(e.Endpoint))
		merged.Endpoints = append(merged.Endpoints, EndpointLevels{e.Endpoint, targets})
	}
	for _, e := range over.Endpoints {
		if s.Endpoint(e.Endpoint) == nil {
			merged.Endpoints = append(merged.Endpoints, EndpointLevels{e.Endpoint, slices.Clone(e.Targets)})
		}
	}
	slices.SortFunc(merged.Endpoints, func(a, b EndpointLevels) int { return strings.Compare(a.Endpoint, b.Endpoint) })

	merged.ErrorBudgets = slices.Clone(over.ErrorBudgets)
	has := func(level string) bool {
		return slices.ContainsFunc(over.ErrorBudgets, func(b ErrorBudget) bool { return b.Level == level })
	}
	for _, b := range s.ErrorBudgets {
		if !has("") && !has(b.Level) {
			merged.ErrorBudgets = append(merged.ErrorBudgets, b)
		}
	}
	slices.SortFunc(merged.ErrorBudgets, func(a, b ErrorBudget) int { return strings.Compare(a.Level, b.Level) })
	return merged
}

// overrideTargets keeps the order of the base, with new targets of a statistic
// in the place of the old, and further ones at the end.
func overrideTargets(base, over []Target) []Target {
	same := func(t Target) func(Target) bool {
		return func(u Target) bool { return sameStatistic(t.Expression.Statistic, u.Expression.Statistic) }
	}
	var merged []Target
	for _, t := range base {
		if !slices.ContainsFunc(over, same(t)) {
			merged = append(merged, t)
			continue
		}
		for _, u := range over {
			if same(t)(u) && !slices.Contains(merged, u) {
				merged = append(merged, u)
			}
		}
	}
	for _, u := range over {
		if !slices.Contains(merged, u) {
			merged = append(merged, u)
		}
	}
	return merged
}
