package analyze

import (
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

// A baseline whose tables have groups that those of the candidate lack measured
// something else.
func TestExcludedGroupsAreCompared(t *testing.T) {
	without := func(r *run.Run, groups ...string) *run.Run {
		r.Requests.ExcludedGroups = groups
		return r
	}
	o := Options{Baseline: baselineOf(5, nil), Config: configured(t, `exclude: {groups: ["::login"]}`)}
	r := Analyze(without(comparableRun(10, nil), "::login"), o)
	if r.Verdict.Status != report.NotComparable || len(r.Comparison.Differences) != 1 {
		t.Fatalf("verdict %s, differences %+v", r.Verdict.Status, r.Comparison.Differences)
	}
	if d := r.Comparison.Differences[0]; d.What != "exclude.groups" || d.Baseline != "" || d.Candidate != "::login" {
		t.Errorf("the difference is %+v", d)
	}
	for i := range o.Baseline.Runs {
		without(o.Baseline.Runs[i], "::login")
	}
	r = Analyze(without(comparableRun(10, nil), "::login"), o)
	if r.Verdict.Status != report.Passed || len(r.Comparison.Differences) > 0 {
		t.Errorf("verdict %s, differences %+v", r.Verdict.Status, r.Comparison.Differences)
	}
	wantNote(t, r, "excluded_otherwise", none)
}
