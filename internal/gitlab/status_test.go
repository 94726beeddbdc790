package gitlab

import (
	"errors"
	"strings"
	"testing"

	"k6report/internal/forge"
	"k6report/internal/gitlab/gitlabtest"
)

// A status belongs to the pipeline of its job, whatever the ref of that is; GitLab
// finds no pipeline of a merge request under the branch's name.
func TestAStatusBelongsToItsPipeline(t *testing.T) {
	for _, ref := range []string{"feature", "main", "refs/merge-requests/7/head", "refs/merge-requests/7/merge", "refs/merge-requests/7/train"} {
		s := newServer(t)
		s.RunOn(9, "feature", "4f0c2d81") // of the same commit, too
		s.RunOn(10, ref, "4f0c2d81")
		c := writer(t, s)
		st := forge.Status{Name: "k6report", Branch: "feature", Pipeline: 10}
		for _, want := range []forge.Done{forge.Set, forge.Unchanged} {
			if got, err := c.SetStatus(t.Context(), "1", "4f0c2d81", st); err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", ref, got, err, want)
			}
		}
		if all := s.Statuses(); len(all) != 1 || all[0].Pipeline != 10 || all[0].Ref != ref {
			t.Errorf("%s: %+v", ref, all)
		}
		st.Pipeline = 11
		_, err := c.SetStatus(t.Context(), "1", "4f0c2d81", st)
		if err == nil || !strings.Contains(err.Error(), "404 Pipeline for pipeline_id, sha and ref Not Found") {
			t.Errorf("of no pipeline: %v", err)
		}
	}
}

// Where no pipeline is known, it is of the branch.
func TestAStatusWithoutAPipelineIsOfItsBranch(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	for _, branch := range []string{"feature", "other"} {
		for _, want := range []forge.Done{forge.Set, forge.Unchanged} {
			st := forge.Status{Name: "k6report", Description: branch, Branch: branch}
			if got, err := c.SetStatus(t.Context(), "1", "4f0c2d81", st); err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", branch, got, err, want)
			}
		}
	}
	if all := s.Statuses(); len(all) != 2 || all[0].Ref != "feature" || all[1].Ref != "other" {
		t.Errorf("%+v", all)
	}
}

// The default branch is protected: a Developer sets no status there, and is told
// what that takes.
func TestAStatusOnAProtectedBranch(t *testing.T) {
	for _, tc := range []struct {
		ref        string
		maintainer bool
		refused    bool
	}{{"main", false, true}, {"main", true, false}, {"feature", false, false}, {"refs/merge-requests/7/head", false, false}} {
		s := newServer(t)
		s.SetMaintainer(gitlabtest.WriteToken, tc.maintainer)
		s.RunOn(10, tc.ref, "4f0c2d81")
		_, err := writer(t, s).SetStatus(t.Context(), "1", "4f0c2d81", forge.Status{Name: "k6report", Pipeline: 10})
		if forge.Forbidden(err) != tc.refused || (err == nil) == tc.refused {
			t.Errorf("%s, maintainer %v: %v", tc.ref, tc.maintainer, err)
		}
		var e *forge.Error
		if errors.As(err, &e) && (!strings.Contains(e.Hint(), "protected") || !strings.Contains(e.Hint(), "role Maintainer in a protected K6REPORT_GITLAB_TOKEN")) {
			t.Errorf("the hint is %q", e.Hint())
		}
	}
}
