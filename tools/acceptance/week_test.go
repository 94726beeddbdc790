package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k6report/internal/report"
)

// A step that expects nothing, or something that no job can say, proves nothing.
func TestTheWeekExpects(t *testing.T) {
	mergeRequests := make(map[int64]bool)
	stored := 0
	for i, s := range week() {
		w := s.want
		if len(w.exit) == 0 || s.what == "" {
			t.Errorf("step %d expects no exit code", i+1)
		}
		if s.mr == 0 != (s.kind == ofMain || s.kind == seed || s.kind == schedule) {
			t.Errorf("step %d of merge request %d is of kind %q", i+1, s.mr, s.kind)
		}
		if s.refersBack() && (i == 0 || week()[i-1].mr != s.mr) {
			t.Errorf("step %d refers to the one before, which is of another merge request", i+1)
		}
		if slices.Contains(w.verdicts, report.Regressed) && len(w.verdicts) > 1 && s.happens != crowd {
			t.Errorf("step %d lets noise decide whether a build is worse", i+1)
		}
		if s.mr != 0 {
			mergeRequests[s.mr] = true
			if w.stored != stored {
				t.Errorf("step %d: a merge request's run joins the baseline", i+1)
			}
		}
		stored = w.stored
	}
	if len(mergeRequests) < 20 {
		t.Errorf("%d merge requests", len(mergeRequests))
	}
	short, err := choose(week(), true, "")
	if err != nil || len(short) != 5 {
		t.Errorf("%d steps in the short form: %v", len(short), err)
	}
}

// What differs from what is expected has to be told.
func TestTheJudgeSees(t *testing.T) {
	right := func() outcome {
		return outcome{
			job: job{step: step{mr: 1, want: slower("database", 5)}}, verdict: report.Regressed, cause: "database/pool exhaustion",
			code: 3, comments: []string{"text"}, threads: []string{"text"}, thread: "open", status: "failed", stored: 5,
		}
	}
	for want, change := range map[string]func(*outcome){
		"":                    func(*outcome) {},
		"the verdict":         func(o *outcome) { o.verdict = report.Passed },
		"the cause":           func(o *outcome) { o.cause = "http_pool" },
		"the exit code":       func(o *outcome) { o.code = 0 },
		"2 comments":          func(o *outcome) { o.comments = append(o.comments, "again") },
		"0 comments":          func(o *outcome) { o.comments = nil },
		"does not hold":       func(o *outcome) { o.want.says = "pool" },
		"than before":         func(o *outcome) { o.want.untouched = true },
		"2 threads":           func(o *outcome) { o.threads = append(o.threads, "again") },
		`"resolved"`:          func(o *outcome) { o.thread = "resolved" },
		"status":              func(o *outcome) { o.status = "success" },
		"4 runs":              func(o *outcome) { o.stored = 4 },
		"1 open issues":       func(o *outcome) { o.issues = 1 },
		"lacks the note late": func(o *outcome) { o.want.notes = []string{"late"} },
	} {
		o := right()
		change(&o)
		o.judge(&report.Report{}, "another text", false)
		if got := strings.Join(o.problems, "\n"); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: said %q", want, got)
		}
	}
}

// A machine on which nothing can be told is known by what its first runs say.
func TestNoiseIsSeen(t *testing.T) {
	r := &report.Report{Comparison: &report.Comparison{Gates: []report.Gate{
		{Endpoint: "a", Detectable: report.Num(0.1)}, {Endpoint: "a", Detectable: report.Num(0.7)}, {Detectable: report.Num(5)}, {Endpoint: "b"},
	}}}
	if got := unseen(r); got != 0.7 || got <= mostUnseen {
		t.Errorf("unseen is %v, want 0.7, which is too much", got)
	}
	if got := unseen(&report.Report{}); got != 0 {
		t.Errorf("without a comparison it is %v", got)
	}
}

// Only what an earlier week left is removed.
func TestOnlyOwnFoldersAreEmptied(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	kept := filepath.Join(folder, "kept")
	for range 2 {
		if err := empty(folder); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(kept); err == nil {
			t.Error("an earlier week's file is left")
		}
		if err := os.WriteFile(kept, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(folder, ours)); err != nil {
		t.Fatal(err)
	}
	if err := empty(folder); err == nil {
		t.Error("somebody else's folder is emptied")
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error("somebody else's file is gone")
	}
}
