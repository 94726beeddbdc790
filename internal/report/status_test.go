package report

import (
	"slices"
	"strings"
	"testing"
)

func TestExitCode(t *testing.T) {
	all, err := ParseFailOn("all")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		status Status
		failOn []Status
		also   []Status
		want   int
	}{
		{Passed, all, nil, 0},
		{Improved, all, nil, 0},
		{Regressed, DefaultFailOn(), nil, 3},
		{ThresholdFailed, DefaultFailOn(), nil, 4},
		{RunInvalid, DefaultFailOn(), nil, 0},
		{Suspected, DefaultFailOn(), nil, 0},
		{RunInvalid, all, nil, 5},
		{NotComparable, all, nil, 5},
		{Suspected, all, nil, 5},
		{Inconclusive, all, nil, 5},
		{Regressed, nil, nil, 0},
		{Improved, []Status{Improved}, nil, 5},
		// What also holds counts when the first isn't asked for.
		{Regressed, []Status{ThresholdFailed}, []Status{ThresholdFailed}, 4},
		{Regressed, all, []Status{ThresholdFailed}, 3},
		{Regressed, []Status{RunInvalid}, []Status{ThresholdFailed}, 0},
	} {
		if got := ExitCode(tc.status, tc.failOn, tc.also...); got != tc.want {
			t.Errorf("ExitCode(%s, %v, %v) = %d, want %d", tc.status, tc.failOn, tc.also, got, tc.want)
		}
	}
}

func TestParseFailOn(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []Status
	}{
		{"", DefaultFailOn()},
		{"none", nil},
		{"suspected,regressed, suspected", []Status{Regressed, Suspected}},
		{"all", Statuses()[:6]},
		{"all,improved", Statuses()[:7]},
	} {
		if got, err := ParseFailOn(tc.in); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("ParseFailOn(%q) = %v, %v; want %v", tc.in, got, err, tc.want)
		}
	}
	for _, in := range []string{"bad", "regressed,none", "Regressed"} {
		if _, err := ParseFailOn(in); err == nil || !strings.Contains(err.Error(), "threshold_failed") {
			t.Errorf("ParseFailOn(%q): %v, want an error that names the choices", in, err)
		}
	}
}
