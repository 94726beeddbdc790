package gitlab

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k6report/internal/forge"
	"k6report/internal/gitlab/gitlabtest"
)

func TestThreadsOpenResolveAndOpenAgain(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	thread := func(pipeline int64, gates ...string) forge.Thread {
		return forge.Thread{Key: "load", Pipeline: pipeline, JobName: "load-test", Regressed: gates, Gone: len(gates) == 0, Body: "regressed: " + strings.Join(gates, ", ")}
	}
	for i, step := range []struct {
		before   func()
		thread   forge.Thread
		want     forge.Done
		resolved bool
	}{
		{nil, thread(1), forge.Skipped, false},
		{nil, thread(2, "order p(95)"), forge.Created, false},
		{nil, thread(2, "order p(95)"), forge.Unchanged, false},
		{nil, thread(3), forge.Updated, true}, // it is gone
		{nil, thread(3), forge.Unchanged, true},
		{nil, forge.Thread{Key: "load", Pipeline: 4}, forge.Undecided, true},
		{nil, thread(4), forge.Updated, true}, // it carries the newer pipeline's number
		{nil, thread(3, "order p(95)"), forge.Left, true},
		{nil, thread(5, "order p(95)"), forge.Updated, false},                                    // it is back
		{func() { s.Resolve(gitlabtest.Person) }, thread(6, "order p(95)"), forge.Updated, true}, // it is still resolved
		{nil, thread(7, "order p(95)", "browse avg"), forge.Updated, false},                      // another matter
		{nil, thread(6), forge.Left, false},
		{nil, forge.Thread{Key: "load", Pipeline: 8}, forge.Undecided, false}, // not compared: nothing is known
		{func() { s.Resolve(gitlabtest.Person) }, thread(8, "order p(95)", "browse avg"), forge.Updated, true},
		{nil, thread(9), forge.Updated, true},
		{nil, thread(10, "order p(95)", "browse avg"), forge.Updated, false}, // it came back
	} {
		if step.before != nil {
			step.before()
		}
		got, err := c.PublishThread(t.Context(), seven, step.thread)
		if err != nil || got != step.want {
			t.Fatalf("step %d: %s, %v, want %s", i, got, err, step.want)
		}
		if notes := s.Notes(); len(notes) > 1 || len(notes) == 1 && notes[0].Resolved != step.resolved {
			t.Errorf("step %d: %+v", i, notes)
		}
		if notes := s.Notes(); len(notes) == 1 && !strings.Contains(notes[0].Body, "regressed: order p(95)") {
			t.Errorf("step %d: it does not say any more what was regressed: %q", i, notes[0].Body)
		}
	}
	s = newServer(t)
	s.Break(gitlabtest.Fault{Method: "POST", Path: "/discussions", Status: 502, After: true, Times: 1})
	if got, err := writer(t, s).PublishThread(t.Context(), seven, thread(1, "x")); err != nil || got != forge.Created || len(s.Notes()) != 1 {
		t.Errorf("a lost answer: %s, %v, %d threads", got, err, len(s.Notes()))
	}
}

func TestAStatusMayBeSetTwice(t *testing.T) {
	s := newServer(t)
	s.RunOn(10, "feature", "4f0c2d81")
	c := writer(t, s)
	st := forge.Status{Name: "k6report", Description: strings.Repeat("ü", 400), URL: "https://gitlab.example.com/job/1", Branch: "feature", Pipeline: 10}
	posts := func() (n int) {
		for _, r := range s.Requests() {
			if r.Method == http.MethodPost {
				n++
			}
		}
		return n
	}
	for i, want := range []forge.Done{forge.Set, forge.Unchanged} {
		if got, err := c.SetStatus(t.Context(), "1", "4f0c2d81", st); err != nil || got != want || posts() != 1 {
			t.Fatalf("time %d: %s, %v, %d posts", i, got, err, posts())
		}
	}
	st.Failed = true
	if got, err := c.SetStatus(t.Context(), "1", "4f0c2d81", st); err != nil || got != forge.Set {
		t.Fatal(got, err)
	}
	s.Break(gitlabtest.Fault{Method: "GET", Path: "/statuses", Status: 403, Times: 1})
	if got, err := c.SetStatus(t.Context(), "1", "4f0c2d81", st); err != nil || got != forge.Unchanged { // it cannot transition
		t.Errorf("statuses that may not be read: %s, %v", got, err)
	}
	all := s.Statuses()
	if len(all) != 2 || all[0].State != "success" || all[1].State != "failed" || all[0].Pipeline != 10 || !strings.HasSuffix(all[0].Description, "…") {
		t.Errorf("%+v", all)
	}
}

// While another job sets a status of the commit, of whatever name, GitLab refuses
// ours: it is sent again, and what stays refused is said.
func TestAStatusIsSetOnceTheCommitIsFree(t *testing.T) {
	st := forge.Status{Name: "k6report", Branch: "feature"}
	for times, set := range map[int]bool{1: true, 3: true, 0: false} { // 0 is always
		s := newServer(t)
		s.Break(gitlabtest.Fault{Method: http.MethodPost, Path: "/statuses/", Status: http.StatusConflict, Times: times})
		var slept time.Duration
		got, err := clientOf(t, s, gitlabtest.WriteToken, &slept).SetStatus(t.Context(), "1", "4f0c2d81", st)
		if (err == nil) != set || set && got != forge.Set || len(s.Statuses()) != map[bool]int{true: 1}[set] || slept == 0 {
			t.Errorf("%d times: %s, %v, %d statuses after %s", times, got, err, len(s.Statuses()), slept)
		}
		var e *forge.Error
		if !set && (!errors.As(err, &e) || e.Status != http.StatusConflict || !strings.Contains(e.Hint(), "another job")) {
			t.Errorf("%v", err)
		}
	}
}

func TestOneIssueUntilItIsClosed(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	issue := func(pipeline int64, text string) forge.Issue {
		return forge.Issue{Key: "nightly", Pipeline: pipeline, Title: "slower", Body: text, Label: "k6report"}
	}
	for i, step := range []struct {
		issue forge.Issue
		want  forge.Done
		there int
	}{
		{issue(1, "a"), forge.Created, 1}, {issue(1, "a"), forge.Unchanged, 1}, {issue(2, "b"), forge.Updated, 1}, {issue(1, "late"), forge.Left, 1}, {issue(3, "b"), forge.Unchanged, 1},
	} {
		if got, err := c.PublishIssue(t.Context(), "1", step.issue); err != nil || got != step.want || len(s.Issues()) != step.there {
			t.Errorf("step %d: %s, %v, %d issues", i, got, err, len(s.Issues()))
		}
	}
	s.CloseIssues()
	if got, err := c.PublishIssue(t.Context(), "1", issue(3, "c")); err != nil || got != forge.Created || len(s.Issues()) != 2 {
		t.Errorf("after it was closed: %s, %v", got, err)
	}
}

func TestAncestors(t *testing.T) {
	s := newServer(t)
	s.AddCommit("aaaaaaa1")
	s.AddCommit("aaaaaaa2", "aaaaaaa1")
	s.AddCommit("aaaaaaa3", "aaaaaaa2")
	s.AddCommit("bbbbbbb2", "aaaaaaa1")
	s.AddCommit("ccccccc3", "aaaaaaa2", "bbbbbbb2") // a merge
	commits := []string{"aaaaaaa1", "aaaaaaa2", "aaaaaaa3", "bbbbbbb2", "ccccccc3", "ddddddd4"}
	for head, want := range map[string]string{"aaaaaaa3": "110000+aaaaaaa3", "ccccccc3": "110110"} {
		got, err := writer(t, s).Ancestors(t.Context(), int64(1), head, commits)
		if err != nil {
			t.Fatal(err)
		}
		for i, commit := range commits {
			if got[commit] != (want[i] == '1') && !strings.HasSuffix(want, "+"+commit) {
				t.Errorf("%s is built on %s: %v", head, commit, got[commit])
			}
		}
	}
	_, err := clientOf(t, s, gitlabtest.JobToken, nil).Ancestors(t.Context(), int64(1), "aaaaaaa3", commits)
	if !forge.Forbidden(err) {
		t.Errorf("a job token: %v", err)
	}
	// Long histories are not read to their end: the rest is asked one by one.
	parent := ""
	for i := range 700 {
		sha := strings.Repeat("e", 4) + string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10))
		s.AddCommit(sha, parent)
		parent = sha
	}
	first := "eeeeaaa"
	got, err := writer(t, s).Ancestors(t.Context(), int64(1), parent, []string{first, "aaaaaaa1"})
	if stranger, known := got["aaaaaaa1"]; err != nil || !got[first] || stranger || !known {
		t.Errorf("%v, %v", got, err)
	}
}

func TestFindMergeRequests(t *testing.T) {
	s := newServer(t)
	s.AddMergeRequestCommit("4f0c2d81")
	c := writer(t, s)
	find := func(branch, source, open string) *forge.Request {
		t.Helper()
		vars := map[string]string{
			"GITLAB_CI": "true", "CI_API_V4_URL": s.API(), "CI_PROJECT_ID": "1", "CI_COMMIT_SHA": "4f0c2d81", "CI_DEFAULT_BRANCH": "main",
			"CI_COMMIT_REF_NAME": branch, "CI_PIPELINE_SOURCE": source, "CI_OPEN_MERGE_REQUESTS": open,
		}
		j, err := ParseJob(func(name string) (string, bool) { v, ok := vars[name]; return v, ok })
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.FindRequest(t.Context(), &j.Job)
		if err != nil {
			t.Errorf("%s, %s: %v", branch, source, err)
		}
		return r
	}
	if r := find("feature", "push", "group/app!7"); r == nil || *r != seven {
		t.Errorf("of a branch: %+v", r)
	}
	s.ForgetRequests()
	for name, r := range map[string]*forge.Request{
		"target":   find("main", "push", "group/app!7"),
		"schedule": find("feature", "schedule", "group/app!7"),
		"none":     find("feature", "push", ""),
	} {
		if r != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if len(s.Requests()) > 0 {
		t.Errorf("asked: %v", s.Requests())
	}
}

// Of the merge requests with a commit counts the newest that is open and of the
// job's own branch.
func TestTheMergeRequestOfABranch(t *testing.T) {
	const commit = "4f0c2d81"
	s := newServer(t)
	s.AddMergeRequest(20, "closed", "feature", commit)
	s.AddMergeRequest(21, "merged", "feature", commit)
	s.AddMergeRequest(22, "opened", "other", commit)
	find := func() *forge.Request {
		t.Helper()
		r, err := writer(t, s).FindRequest(t.Context(), &forge.Job{Project: "1", Commit: commit, Branch: "feature", Request: &forge.Request{Project: "1"}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := find(); r != nil {
		t.Errorf("there is none, and yet %+v", r)
	}
	for _, iid := range []int64{9, 11, 10} {
		s.AddMergeRequest(iid, "opened", "feature", commit)
	}
	if r := find(); r == nil || r.Number != 11 { // neither the first nor the last that is listed
		t.Fatalf("of three: %+v", r)
	}
	s.SetPageSize(1)
	if r := find(); r == nil || r.Number != 11 {
		t.Fatalf("of three, a page each: %+v", r)
	}
}

// A token that can't see the project is told so, or the note is missing without a word.
func TestAMergeRequestThatCannotBeSeen(t *testing.T) {
	s := newServer(t)
	s.AddMergeRequestCommit("4f0c2d81")
	s.Break(gitlabtest.Fault{Path: "/merge_requests", Status: http.StatusNotFound, Body: `{"message":"404 Project Not Found"}`})
	r, err := writer(t, s).FindRequest(t.Context(), &forge.Job{Project: "1", Commit: "4f0c2d81", Branch: "feature", Request: &forge.Request{Project: "1"}})
	var e *forge.Error
	if r != nil || !errors.As(err, &e) || e.Status != http.StatusNotFound || !strings.Contains(e.Hint(), "can't see it") || forge.Hopeless(err) {
		t.Errorf("%+v, %v", r, err)
	}
}

// No token follows a redirect to another host.
func TestTokensStayAtHome(t *testing.T) {
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = w.Write([]byte("content"))
	}))
	defer other.Close()
	for _, token := range []string{gitlabtest.WriteToken, gitlabtest.JobToken} {
		s := newServer(t)
		p := clientOf(t, s, token, nil).Packages(int64(1), nil)
		if err := p.Put(t.Context(), "main/run.k6run", []byte("content")); err != nil {
			t.Fatal(err)
		}
		if _, err := p.List(t.Context(), "main/"); err != nil {
			t.Fatal(err)
		}
		s.Break(gitlabtest.Fault{
			Method: "GET", Path: "/packages/generic/", Status: http.StatusFound,
			Header: map[string]string{"Location": strings.Replace(other.URL, "127.0.0.1", "localhost", 1)},
		})
		got = nil
		content, err := p.Get(t.Context(), "main/run.k6run")
		if err != nil || string(content) != "content" {
			t.Fatal(string(content), err)
		}
		if got == nil {
			t.Fatal("nobody was asked")
		}
		for name, values := range got {
			if strings.Contains(strings.Join(values, " "), token) {
				t.Errorf("%s is told to a stranger", name)
			}
		}
	}
}

// Nor does one go from TLS to plain HTTP, or to another port.
func TestWhereATokenMayGo(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		may      bool
	}{
		{"https://gitlab.example.com/a", "https://gitlab.example.com/b", true},
		{"http://gitlab.example.com", "https://gitlab.example.com", true},
		{"http://gitlab.example.com:8080", "http://gitlab.example.com:8080/b", true},
		{"https://gitlab.example.com", "http://gitlab.example.com", false},
		{"https://gitlab.example.com:8443", "http://gitlab.example.com:8443", false},
		{"https://gitlab.example.com", "https://gitlab.example.com:8443", false},
		{"http://gitlab.example.com:8080", "https://gitlab.example.com", false},
		{"http://gitlab.example.com", "https://gitlab.example.com:8443", false},
		{"https://gitlab.example.com", "https://storage.gitlab.example.com", false},
		{"https://gitlab.example.com", "https://example.com", false},
		{"https://gitlab.example.com", "ftp://gitlab.example.com", false},
	} {
		from, errFrom := url.Parse(tc.from)
		to, errTo := url.Parse(tc.to)
		if err := errors.Join(errFrom, errTo); err != nil {
			t.Fatal(err)
		}
		if may := sameOrigin(to, from); may != tc.may {
			t.Errorf("from %s to %s: %v", from, to, may)
		}
	}
}

func TestAPrivateAuthorityAndAPathBeforeTheAPI(t *testing.T) {
	var path string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		_, _ = w.Write([]byte(`{"id":1}`))
	}))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = nil
	s.StartTLS()
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Options{API: s.URL + "/gitlab/api/v4", Token: "x", CAFile: ca, Deadline: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.user(t.Context()); err != nil || path != "/gitlab/api/v4/user" {
		t.Errorf("%q, %v", path, err)
	}
	if _, err := NewClient(Options{API: s.URL, CAFile: os.DevNull}); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Error(err)
	}
}

func TestJobs(t *testing.T) {
	vars := map[string]string{
		"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.example.com/gitlab/api/v4", "CI_PROJECT_ID": "1", "CI_COMMIT_REF_NAME": "main",
		"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": "c0",
	}
	get := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	j, err := ParseJob(get)
	if err != nil || !j.OnTarget() || j.Home != "1" || j.FromFork() || j.Head != "c0" || j.Request != nil || j.Page("report.html") != "" {
		t.Errorf("%+v, %v", j, err)
	}
	vars["CI_MERGE_REQUEST_IID"], vars["CI_MERGE_REQUEST_PROJECT_ID"], vars["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = "7", "2", "ba5e"
	vars["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "release/2"
	if j, err = ParseJob(get); err != nil || j.OnTarget() || !j.FromFork() || j.Head != "ba5e" || j.OffTarget() != "release/2" || j.Request.Where() != "merge request !7 of project 2" {
		t.Errorf("%+v, %v", j, err)
	}
	vars["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"] = "719"
	vars["CI_JOB_URL"] = "https://gitlab.example.com/gitlab/group/app/-/jobs/900"
	if j, err = ParseJob(get); err != nil || j.Head != "719" || j.Page("results/a b/report.html") != vars["CI_JOB_URL"]+"/artifacts/file/results/a%20b/report.html" {
		t.Errorf("%+v, %v", j, err)
	}
	for _, token := range []struct{ name, value, want string }{
		{"GITLAB_TOKEN", "second", "second"}, {"K6REPORT_GITLAB_TOKEN", "first", "first"}, {"K6REPORT_GITLAB_TOKEN", " ", "second"},
	} {
		vars[token.name] = token.value
		if j, err = ParseJob(get); err != nil || j.WriteToken != token.want {
			t.Errorf("%s is %q: %q, %v", token.name, token.value, j.WriteToken, err)
		}
	}
	vars["CI_PROJECT_ID"] = "one"
	if _, err = ParseJob(get); err == nil || !strings.Contains(err.Error(), "CI_PROJECT_ID") {
		t.Errorf("%v", err)
	}
	delete(vars, "GITLAB_CI")
	if _, err = ParseJob(get); !errors.Is(err, ErrNotInGitLab) {
		t.Errorf("%v", err)
	}
}
