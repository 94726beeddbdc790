package config

import (
	"slices"
	"strings"
	"testing"
)

// What is compared with the texts of masked runs is masked like them, also where it
// comes from a preset; the file's own names stay for what was not read yet, and for
// the fingerprints of what is accepted.
func TestMasked(t *testing.T) {
	mask := func(s string) string { return strings.ReplaceAll(s, "postgres", "***") }
	c := parse(t, `
dimensions: [postgres_shard]
exclude: {groups: ["::postgres"]}
service_levels: {endpoints: {postgres read: ["p(95)<10"]}}
gates: [{metric: postgres_wait_ms, endpoint: postgres read, statistic: "p(95)"}]
accepted: [{metric: postgres_wait_ms, endpoint: postgres read, statistic: "p(95)", up_to: 10 %, reason: known}]
`)
	at := c.Masked(mask)
	for _, masked := range []*Config{at, at.Effective(""), at.Effective(PresetADR0003).Effective(PresetADR0003)} {
		gate := masked.Gates[0].GateKey
		if masked.Dimensions[0] != "***_shard" || masked.Exclude.Groups[0] != "::***" || gate.Endpoint != "*** read" || masked.ServiceLevels.Endpoint("*** read") == nil {
			t.Errorf("%+v", masked)
		}
		if gate.Metric != "postgres_wait_ms" {
			t.Errorf("the metric is called %s", gate.Metric)
		}
		if a := &masked.Accepted[0]; !masked.Accepts(a, gate) || a.Fingerprint() != c.Accepted[0].Fingerprint() {
			t.Errorf("%+v is not accepted for %+v", a, gate)
		}
	}
	if a := &c.Accepted[0]; !c.Accepts(a, c.Gates[0].GateKey) || c.Accepts(a, at.Gates[0].GateKey) {
		t.Errorf("%+v is accepted for another gate", a)
	}
	if c.Exclude.Groups[0] != "::postgres" || c.Gates[0].Endpoint != "postgres read" || c.ServiceLevels.Endpoint("postgres read") == nil || c.Effective("").Exclude.Groups[0] != "::postgres" {
		t.Error("the file's own names were changed")
	}
	preset, err := Preset(PresetADR0003)
	if err != nil {
		t.Fatal(err)
	}
	name := preset.ServiceLevels.Endpoints[0].Endpoint
	hide := func(s string) string { return strings.ReplaceAll(s, name, "***") }
	if (&Config{}).Masked(hide).Effective(PresetADR0003).ServiceLevels.Endpoint("***") == nil {
		t.Errorf("the preset's %s keeps its name", name)
	}
}

// Masked targets are in order of their endpoints, and none is lost where two become
// one; the file's own replace those of the preset under the masked name, too.
func TestMaskedLevels(t *testing.T) {
	c := parse(t, `service_levels: {endpoints: {a: ["med<1"], get_trace: ["p(95)<7"], ma: ["med<2"], mb: ["med<3"]}}`)
	mask := func(s string) string {
		return strings.NewReplacer("get_trace", "***", "ma", "***b", "mb", "***b").Replace(s)
	}
	levels := c.Masked(mask).ServiceLevels.Endpoints
	var names []string
	for _, e := range levels {
		names = append(names, e.Endpoint)
	}
	if !slices.Equal(names, []string{"***", "***b", "a"}) || len(levels[1].Targets) != 2 {
		t.Errorf("%+v", levels)
	}
	if got, plain := c.Masked(mask).Effective(PresetADR0003).ServiceLevels.Endpoint("***"), c.Effective(PresetADR0003).ServiceLevels.Endpoint("get_trace"); !slices.Equal(got, plain) {
		t.Errorf("%+v, without a mask %+v", got, plain)
	}
}
