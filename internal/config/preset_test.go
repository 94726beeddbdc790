package config

import (
	"reflect"
	"strings"
	"testing"
)

// spell writes targets as one line each, with their sources' first words.
func spell(targets []Target) string {
	var words []string
	for _, t := range targets {
		word := t.Expression.String()
		if t.Source == file {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestPresetIsTheADR(t *testing.T) {
	c, err := Preset("adr-0003")
	if err != nil {
		t.Fatal(err)
	}
	endpoints := map[string]string{
		"execute_workflow": "med<100 p(95)<500 p(99)<1000",
		"list_workflows":   "med<50 p(95)<200 p(99)<500",
		"get_execution":    "med<30 p(95)<100 p(99)<200",
		"get_trace":        "med<50 p(95)<200 p(99)<500",
		"health_check":     "p(99)<100",
	}
	if len(c.ServiceLevels.Endpoints) != len(endpoints) {
		t.Errorf("%d endpoints, want %d", len(c.ServiceLevels.Endpoints), len(endpoints))
	}
	for name, want := range endpoints {
		if got := spell(c.ServiceLevels.Endpoint(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	budgets := map[string]string{
		"smoke": "rate<0.001", "baseline": "rate<0.001", "load": "rate<0.001", "soak": "rate<0.001", "chaos": "rate<0.001",
		"stress": "rate<0.01", "spike": "rate<0.01", "db": "rate<0.01", "ultimate": "rate<0.01",
	}
	if len(c.ServiceLevels.ErrorBudgets) != len(budgets) {
		t.Errorf("%d error budgets, want %d", len(c.ServiceLevels.ErrorBudgets), len(budgets))
	}
	for level, want := range budgets {
		if got, ok := c.ServiceLevels.ErrorBudget(level); !ok || got.Expression.String() != want {
			t.Errorf("error budget of %s: %s, want %s", level, got.Expression, want)
		}
	}
	if _, ok := c.ServiceLevels.ErrorBudget("breakpoint"); ok {
		t.Error("breakpoint has an error budget")
	}
	for what, got := range map[string]string{
		"rate<0.05": spell(c.ServiceLevels.TimeoutRate),
		"avg<15":    spell(c.ServiceLevels.Overhead),
		"p(95)<5":   spell(c.ServiceLevels.GraphBuild),
	} {
		if got != what {
			t.Errorf("%s, want %s", got, what)
		}
	}
	if want := []Capacity{{"database", 100, "preset adr-0003"}}; !reflect.DeepEqual(c.Capacities, want) {
		t.Errorf("capacities %v, want %v", c.Capacities, want)
	}
	if c.ServiceLevels.TimeoutRate[0].Source != "preset adr-0003" {
		t.Errorf("source %q", c.ServiceLevels.TimeoutRate[0].Source)
	}

	if _, err := Preset("adr-3"); err == nil || err.Error() != `preset "adr-3" is unknown: use adr-0003` {
		t.Errorf("an unknown preset: %v", err)
	}
}

func TestEffectivePreset(t *testing.T) {
	tests := []struct{ text, suite, want string }{
		{"", "", ""},
		{"", "adr-0003", "adr-0003"},
		{"", "other", ""},
		{"preset: adr-0003", "", "adr-0003"},
		{"preset: none", "adr-0003", ""},
	}
	for _, tt := range tests {
		c := parse(t, tt.text)
		got := c.Effective(tt.suite)
		if on := len(got.ServiceLevels.Endpoints) > 0; got.Preset != tt.want || on != (tt.want != "") {
			t.Errorf("%q for suite %q: preset %q, targets %v; want %q", tt.text, tt.suite, got.Preset, on, tt.want)
		}
	}
}

func TestEffectiveMerges(t *testing.T) {
	const text = `
service_levels:
  endpoints:
    execute_workflow: [max<3000, p(95)<600, p(95)>1, p(50)<120]
    checkout: p(95)<50
  error_rate: {stress: rate<0.05}
  overhead: [med<20]
capacities: {http_pool: 5}
`
	c := parse(t, text)
	got := c.Effective("adr-0003")
	for endpoint, want := range map[string]string{
		"execute_workflow": "p(50)<120* p(95)<600* p(95)>1* p(99)<1000 max<3000*",
		"checkout":         "p(95)<50*",
		"get_trace":        "med<50 p(95)<200 p(99)<500",
	} {
		if spelt := spell(got.ServiceLevels.Endpoint(endpoint)); spelt != want {
			t.Errorf("%s: %s, want %s", endpoint, spelt, want)
		}
	}
	if spelt := spell(got.ServiceLevels.Overhead); spelt != "avg<15 med<20*" {
		t.Errorf("overhead: %s", spelt)
	}
	for level, want := range map[string]string{"stress": "rate<0.05", "spike": "rate<0.01", "smoke": "rate<0.001"} {
		if budget, _ := got.ServiceLevels.ErrorBudget(level); budget.Expression.String() != want {
			t.Errorf("error budget of %s: %s, want %s", level, budget.Expression, want)
		}
	}
	if want := []Capacity{{"database", 100, "preset adr-0003"}, {"http_pool", 5, file}}; !reflect.DeepEqual(got.Capacities, want) {
		t.Errorf("capacities %v, want %v", got.Capacities, want)
	}
	if !reflect.DeepEqual(c, parse(t, text)) {
		t.Error("Effective changed its receiver")
	}

	// One number for every level replaces all of the preset's; another
	// capacity replaces the preset's.
	got = parse(t, "service_levels: {error_rate: rate<0.02}\ncapacities: {database: 7}").Effective("adr-0003")
	for _, level := range []string{"smoke", "stress", "breakpoint"} {
		if budget, ok := got.ServiceLevels.ErrorBudget(level); !ok || budget.Expression.String() != "rate<0.02" {
			t.Errorf("error budget of %s: %s, want rate<0.02", level, budget.Expression)
		}
	}
	if capacity, ok := got.Capacity("database"); !ok || capacity != (Capacity{"database", 7, file}) {
		t.Errorf("capacity %v, %v", capacity, ok)
	}
}
