package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/forge"
	"k6report/internal/forge/forgetest"
	"k6report/internal/gitlab"
	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/needs"
	"k6report/internal/report"
)

// jobOf are the variables of a merge request's job, whose pipeline runs.
func jobOf(s *gitlabtest.Server, more ...string) []string {
	s.RunOn(10, "refs/merge-requests/7/head", "f000001")
	return append([]string{
		"GITLAB_CI=true", "CI_API_V4_URL=" + s.API(), "CI_PROJECT_ID=1", "CI_DEFAULT_BRANCH=main", "CI_COMMIT_REF_NAME=feature", "CI_COMMIT_SHA=f000001",
		"CI_JOB_NAME=load-test", "CI_JOB_URL=" + s.URL + "/group/app/-/jobs/900", "CI_PIPELINE_ID=10", "CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_PROJECT_ID=1",
		"CI_JOB_TOKEN=" + gitlabtest.JobToken, "K6REPORT_GITLAB_TOKEN=" + gitlabtest.WriteToken,
	}, more...)
}

// Publishing a typical report against a GitLab on this machine takes less than
// 300 ms, program start left out.
func TestPublishingIsQuick(t *testing.T) {
	needs.Time(t, "a time is measured")
	dir := t.TempDir()
	path := filepath.Join(dir, "run.k6run")
	m := usual(1)
	if err := m.writeFile(path); err != nil {
		t.Fatal(err)
	}
	a, _, stderr := terminal(t, 100)
	if code := a.run(t.Context(), []string{"analyze", path, "--out", dir}); code != exitOK {
		t.Fatal(stderr)
	}
	best, most, again := time.Hour, 0, 0
	for range 5 {
		s := gitlabtest.New()
		a, _, stderr := terminal(t, 100, jobOf(s)...)
		a.now = time.Now
		start := time.Now()
		code := a.run(t.Context(), []string{"publish", "gitlab", filepath.Join(dir, reportFile), "--require-publish"})
		best = min(best, time.Since(start))
		n := len(s.Requests())
		if most = max(most, n); code != exitOK || n > 6 {
			t.Errorf("exit code %d, %d requests: %s", code, n, stderr)
		}
		s.ForgetRequests()
		a, _, stderr = terminal(t, 100, jobOf(s)...)
		code = a.run(t.Context(), []string{"publish", "gitlab", filepath.Join(dir, reportFile), "--require-publish"})
		n = len(s.Requests())
		if again = max(again, n); code != exitOK || n > 3 {
			t.Errorf("again: exit code %d, %d requests: %s", code, n, stderr)
		}
		s.Close()
	}
	t.Logf("%v, %d requests, %d when nothing changed", best.Round(100*time.Microsecond), most, again)
	if best > 300*time.Millisecond {
		t.Errorf("it takes %v, at most 300 ms are wanted", best)
	}
}

// A panic shows where it was, and no secret.
func TestAPanicShowsNoSecret(t *testing.T) {
	a, stdout, stderr := terminal(t, 100, "K6REPORT_GITLAB_TOKEN="+gitlabtest.WriteToken)
	code := a.guarded(func() int { panic(errors.New("broken by " + gitlabtest.WriteToken)) })
	text := stdout.String() + stderr.String()
	if code != exitFailed || strings.Contains(text, gitlabtest.WriteToken) || !strings.Contains(text, "this is a fault of k6report: broken by ***") || !strings.Contains(text, "publish_test.go") {
		t.Errorf("exit code %d: %.400s", code, text)
	}
}

// A thread is resolved only by runs that were compared and are no worse.
func TestWhatResolvesAThread(t *testing.T) {
	of := func(status report.Status, verdicts ...string) *report.Report {
		r := &report.Report{Verdict: report.Verdict{Status: status}}
		if verdicts != nil {
			r.Comparison = &report.Comparison{}
		}
		for _, v := range verdicts {
			r.Comparison.Gates = append(r.Comparison.Gates, report.Gate{Metric: "http_req_duration", Statistic: "p(95)", Verdict: v})
		}
		return r
	}
	well := of(report.Passed, report.GateOK, report.GateInconclusive)
	for name, tc := range map[string]struct {
		reports []*report.Report
		broken  bool
		gone    bool
		open    int
	}{
		"passed":             {[]*report.Report{well}, false, true, 0},
		"improved":           {[]*report.Report{of(report.Improved, report.GateImproved)}, false, true, 0},
		"accepted":           {[]*report.Report{of(report.Passed, report.GateAccepted)}, false, true, 0},
		"regressed":          {[]*report.Report{of(report.Regressed, report.GateRegressed)}, false, false, 1},
		"no comparison":      {[]*report.Report{of(report.Passed)}, false, false, 0},
		"no gates":           {[]*report.Report{of(report.Passed, []string{}...)}, false, false, 0},
		"nothing known":      {[]*report.Report{of(report.Passed, report.GateInconclusive)}, false, false, 0},
		"invalid":            {[]*report.Report{of(report.RunInvalid, report.GateOK)}, false, false, 0},
		"not comparable":     {[]*report.Report{of(report.NotComparable, report.GateNotComparable)}, false, false, 0},
		"suspected":          {[]*report.Report{of(report.Suspected, report.GateSuspected, report.GateOK)}, false, false, 0},
		"inconclusive":       {[]*report.Report{of(report.Inconclusive, report.GateInconclusive)}, false, false, 0},
		"threshold":          {[]*report.Report{of(report.ThresholdFailed, report.GateOK)}, false, false, 0},
		"one of two":         {[]*report.Report{well, of(report.Passed)}, false, false, 0},
		"one can't be read":  {[]*report.Report{well}, true, false, 0},
		"both are well":      {[]*report.Report{well, well}, false, true, 0},
		"one of two is slow": {[]*report.Report{well, of(report.Regressed, report.GateRegressed)}, false, false, 1},
	} {
		p := publication{job: &forgeJob{Job: &forge.Job{Name: "load-test"}}, unjudged: tc.broken}
		for i, r := range tc.reports {
			p.outcomes = append(p.outcomes, outcome{name: fmt.Sprint(i), report: r})
		}
		if th := p.thread(); th.Gone != tc.gone || len(th.Regressed) != tc.open {
			t.Errorf("%s: gone %v, regressed %v", name, th.Gone, th.Regressed)
		}
	}
}

// Runs that were told of in one note are told of in that again, unless a key is
// given; where they had several, it is the one of k6report.yaml or the job's.
func TestTheKeyOfANote(t *testing.T) {
	for _, tc := range []struct {
		given, config string
		had           []string
		want          string
	}{
		{"", "", []string{""}, "publish-later"},
		{"", "", []string{"load 1/2"}, "load 1/2"},
		{"nightly", "", []string{"load 1/2"}, "nightly"},
		{"", "", []string{"nightly", "nightly"}, "nightly"},
		{"", "", []string{"load 1/2", "load 2/2"}, "publish-later"},
		{"", "", []string{"load 1/2", ""}, "publish-later"},
		{"", "", nil, "publish-later"},
		{"", "team", []string{"load 1/2"}, "load 1/2"},
		{"nightly", "team", []string{"load 1/2"}, "nightly"},
		{"", "team", []string{"load 1/2", "load 2/2"}, "team"},
		{"", "team", []string{""}, "team"},
		{"", "team", nil, "team"},
	} {
		p := publication{flags: publishFlags{key: tc.given, configKey: tc.config}, job: &forgeJob{Job: &forge.Job{Name: "publish-later"}}}
		for _, key := range tc.had {
			p.outcomes = append(p.outcomes, outcome{report: &report.Report{Run: report.Run{Labels: map[string]string{labelKey: key}}}})
		}
		if p.key() != forge.Key(tc.want) || p.commitStatus().Name != "k6report "+tc.want {
			t.Errorf("%q, %q of k6report.yaml, had %q: key %s, status %s", tc.given, tc.config, tc.had, p.key(), p.commitStatus().Name)
		}
	}
}

// A job's store deletes with K6REPORT_GITLAB_TOKEN what the job's own token may
// not.
func TestTheStoreDeletesWithTheTokenThatMay(t *testing.T) {
	s := gitlabtest.New()
	defer s.Close()
	t.Chdir(t.TempDir())
	for _, tc := range []struct {
		token string
		may   bool
	}{{"", false}, {gitlabtest.WriteToken, true}} {
		a, _, _ := terminal(t, 100, jobOf(s, "K6REPORT_GITLAB_TOKEN="+tc.token)...)
		a.env = slices.DeleteFunc(a.env, func(e string) bool { return e == "K6REPORT_GITLAB_TOKEN="+gitlabtest.WriteToken && !tc.may })
		store, err := a.openStore("gitlab:")
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Put(t.Context(), "main/a.k6run", []byte("a")); err != nil {
			t.Fatal(err)
		}
		if err := store.Delete(t.Context(), "main/a.k6run"); (err == nil) != tc.may || len(s.Packages(gitlabtest.Project)) != map[bool]int{false: 1}[tc.may] {
			t.Errorf("with %q: %v, %d packages", tc.token, err, len(s.Packages(gitlabtest.Project)))
		}
	}
}

// What a replaced run leaves behind, for want of the right to delete, is said once.
func TestWhatStaysInTheRegistryIsSaidOnce(t *testing.T) {
	s := gitlabtest.New()
	defer s.Close()
	s.SetMaintainer(gitlabtest.WriteToken, false)
	t.Chdir(t.TempDir())
	a, _, stderr := terminal(t, 100, jobOf(s)...)
	for range 2 {
		store, err := a.openStore("gitlab:")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"main/a.k6run", "main/b.k6run"} {
			for _, content := range []string{"whole", "thinned"} {
				if err := store.Put(t.Context(), name, []byte(content)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	said := stderr.String()
	if strings.Count(said, "warning: what was replaced stays in the package registry: delete main/a.k6run from the package registry: GitLab answered 403") != 1 || strings.Count(said, "warning:") != 1 || !strings.Contains(said, "hint: deleting packages takes the role Maintainer") {
		t.Errorf("said is:\n%s", said)
	}
}

// One issue is of the default branch: schedules of others have none.
func TestWhoseScheduleHasAnIssue(t *testing.T) {
	for branch, want := range map[string]bool{"main": true, "release/2": false} {
		p := publication{
			flags:    publishFlags{scheduleIssue: true},
			job:      &forgeJob{Job: &forge.Job{Scheduled: true, Branch: branch, Default: "main"}},
			outcomes: []outcome{{report: &report.Report{Verdict: report.Verdict{Status: report.Regressed}}}},
		}
		if p.wantsIssue() != want {
			t.Errorf("%s: %v", branch, !want)
		}
	}
}

// The title of an issue takes no escapes; what a test is named mentions nobody.
func TestTitlesMentionNobody(t *testing.T) {
	mention := regexp.MustCompile("[@#!&~%$^:][^\u2060 ]")
	for _, name := range []string{"@all", "#1", "a!1", "&2", "~bug", "%3", "$4", "^alert", "@@all", "https://example.com", ":100:", "plain", "@"} {
		p := publication{job: &forgeJob{Job: &forge.Job{}}, outcomes: []outcome{{report: &report.Report{Verdict: report.Verdict{Headline: name + " is slower"}}}}}
		title := p.issue().Title
		if found := mention.FindString(title); found != "" || strings.ReplaceAll(title, "\u2060", "") != "Load test regressed: "+name+" is slower" {
			t.Errorf("%q: %q", title, found)
		}
	}
}

// An issue that differs in nothing but its footer, which leads to the job, is left
// as it is; one that says something else is written.
func TestTheJobsAddressIsNoNews(t *testing.T) {
	s := gitlabtest.New()
	defer s.Close()
	client, err := gitlab.NewClient(gitlab.Options{API: s.API(), Token: gitlabtest.WriteToken})
	if err != nil {
		t.Fatal(err)
	}
	for i, night := range []struct {
		headline string
		want     forge.Done
	}{{"order is slower", forge.Created}, {"order is slower", forge.Unchanged}, {"browse is slower", forge.Updated}} {
		url := fmt.Sprintf("https://gitlab.example.com/group/app/-/jobs/%d", 900+i)
		r := &report.Report{Verdict: report.Verdict{Status: report.Regressed, Headline: night.headline}}
		p := publication{job: &forgeJob{Job: &forge.Job{Name: "load-test", Pipeline: int64(40 + i), URL: url}}, outcomes: []outcome{{report: r}}}
		issue := p.issue()
		if !strings.Contains(issue.Body, url) {
			t.Fatalf("the issue does not lead to the job: %s", issue.Body)
		}
		if got, err := client.PublishIssue(t.Context(), "1", issue); err != nil || got != night.want || len(s.Issues()) != 1 {
			t.Errorf("night %d: %s, %v, %d issues", i, got, err, len(s.Issues()))
		}
	}
	if mistakes := s.Mistakes(); len(mistakes) > 0 {
		t.Error(mistakes)
	}
}

// A status is no success where a run could not be judged.
func TestTheStatusOfWhatWasNotJudged(t *testing.T) {
	p := publication{job: &forgeJob{Job: &forge.Job{Name: "load-test"}}, outcomes: []outcome{{report: &report.Report{Verdict: report.Verdict{Status: report.Passed, Headline: "fine"}}}}}
	if s := p.commitStatus(); s.Failed {
		t.Errorf("%+v", s)
	}
	p.unjudged = true
	if s := p.commitStatus(); !s.Failed || !strings.Contains(s.Description, "Not all runs") {
		t.Errorf("%+v", s)
	}
}

// timed remembers until when a status may be set.
type timed struct {
	*forgetest.Memory
	until time.Time
}

func (c *timed) SetStatus(ctx context.Context, project, commit string, s forge.Status) (forge.Done, error) {
	c.until, _ = ctx.Deadline()
	return c.Memory.SetStatus(ctx, project, commit, s)
}

// A forge that is given more time for a step has more for all of them.
func TestPublishingHasTheTimeOfItsSteps(t *testing.T) {
	for text, want := range map[string]time.Duration{"": mostPublishing, "10s": mostPublishing, "2m": 6 * time.Minute} {
		s := gitlabtest.New()
		t.Cleanup(s.Close)
		a, _, _ := terminal(t, 100, jobOf(s, gitlabTimeout+"="+text)...)
		job, err := gitlabForge().job(a)
		if err != nil {
			t.Fatal(err)
		}
		client := &timed{Memory: new(forgetest.Memory)}
		job.writer = func() (forgeClient, error) { return client, nil }
		if err := a.publish(t.Context(), publication{common: &common{}, flags: publishFlags{status: true, require: true}, job: job, failure: "none"}); err != nil {
			t.Fatal(err)
		}
		if left := time.Until(client.until); left > want || left < want-time.Minute {
			t.Errorf("with %q it has %v, want %v", text, left, want)
		}
	}
}
