package gitlab

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k6report/internal/forge"
	"k6report/internal/gitlab/gitlabtest"
)

// A pipeline that is late makes no note where a newer one saw no reason for one,
// nor while the newer one's job still runs. A job that failed without a note broke
// off before it had anything to say, and silences nobody.
func TestALatePipelineMakesNoStaleNote(t *testing.T) {
	for status, want := range map[string]forge.Done{"success": forge.Left, "failed": forge.Created, "running": forge.Left, "pending": forge.Created, "canceled": forge.Created} {
		s := newServer(t)
		c := writer(t, s)
		well := aNote(11, "PASSED")
		well.Create = false // --comment regressions
		if got := publish(t, c, well); got != forge.Skipped {
			t.Fatal(got)
		}
		s.AddPipeline(10, "running", aJob("running"))
		s.AddPipeline(11, "success", aJob(status))
		if got := publish(t, c, aNote(10, "REGRESSED")); got != want || len(s.Notes()) != map[forge.Done]int{forge.Left: 0, forge.Created: 1}[want] {
			t.Errorf("newer job %s: %s, %d notes, want %s", status, got, len(s.Notes()), want)
		}
	}
	// The newer one begins, has nothing to say and ends while the older one looks.
	s := newServer(t)
	s.Break(gitlabtest.Fault{Method: "GET", Path: "/pipelines", Times: 1, Do: func() { s.AddPipeline(11, "success", aJob("success")) }})
	if got := publish(t, writer(t, s), aNote(10, "REGRESSED")); got != forge.Left || len(s.Notes()) != 0 {
		t.Errorf("%s, %d notes", got, len(s.Notes()))
	}
}

// A job of a second run has the key of the first one's, whose job is what a newer
// pipeline has: that is looked for, too, and not only its own name.
func TestTheFirstRunsJobIsLookedForByTheKey(t *testing.T) {
	for status, want := range map[string]forge.Done{"success": forge.Left, "running": forge.Left, "failed": forge.Created} {
		s := newServer(t)
		s.AddPipeline(11, "running", gitlabtest.Job{ID: 5, Name: "load test", Status: status}, gitlabtest.Job{ID: 6, Name: "other", Status: "running"})
		n, th := aNote(10, "REGRESSED"), aThread(10, "a")
		n.Key, n.JobName = forge.Key("load test"), "load-test-confirm"
		th.Key, th.JobName = n.Key, n.JobName
		if got := publish(t, writer(t, s), n); got != want {
			t.Errorf("the note, newer job %s: %s, want %s", status, got, want)
		}
		if got := publishThread(t, writer(t, s), th); got != want {
			t.Errorf("the thread, newer job %s: %s, want %s", status, got, want)
		}
	}
}

// A newer job that its verdict failed has written its note: that stays, also where
// it is written while the older pipeline looks.
func TestANoteOfAFailedJobIsNotOverwritten(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		s := newServer(t)
		theirs := func() {
			publish(t, writer(t, s), aNote(11, "REGRESSED by the newer"))
			s.AddPipeline(11, "failed", aJob("failed"))
		}
		if meanwhile {
			s.Break(gitlabtest.Fault{Method: "GET", Path: "/7/pipelines", Times: 1, Do: theirs})
		} else {
			theirs()
		}
		if got := publish(t, writer(t, s), aNote(10, "late")); got != forge.Left || len(s.Notes()) != 1 || !strings.Contains(last(s).Body, "by the newer") {
			t.Errorf("meanwhile %v: %s, %d notes, %q", meanwhile, got, len(s.Notes()), last(s).Body)
		}
	}
}

// What is there but can't be brought up to date is an error, not a success.
func TestWhatStaysOldIsAnError(t *testing.T) {
	s := newServer(t)
	s.Break(gitlabtest.Fault{Method: "POST", Path: "/notes", Times: 1, Do: func() { publish(t, writer(t, s), aNote(9, "old")) }})
	s.Break(gitlabtest.Fault{Method: "PUT", Path: "/notes/", Status: http.StatusNotFound})
	done, err := writer(t, s).PublishNote(t.Context(), seven, aNote(10, "new"))
	if forge.StatusOf(err) != http.StatusNotFound || !strings.Contains(last(s).Body, "old") {
		t.Errorf("%s, %v, %q", done, err, last(s).Body)
	}
}

// Two jobs that both saw no note have written one each, as far as one of them can
// tell only afterwards.
func TestASecondNoteIsTakenAway(t *testing.T) {
	for name, other := range map[string]int64{"older": 9, "newer": 11} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.Break(gitlabtest.Fault{Method: "POST", Path: "/notes", Times: 1, Do: func() {
				publish(t, writer(t, s), aNote(other, "theirs"))
			}})
			if got := publish(t, writer(t, s), aNote(10, "ours")); got != forge.Created {
				t.Errorf("%s", got)
			}
			want := map[string]string{"older": "ours", "newer": "theirs"}[name]
			if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0].Body, want) {
				t.Errorf("%+v", notes)
			}
		})
	}
}

// A job of a newer pipeline is found on any page.
func TestAJobOnTheLastPageIsSeen(t *testing.T) {
	s := newServer(t)
	s.SetPageSize(3)
	c := writer(t, s)
	publish(t, c, aNote(9, "old"))
	var jobs []gitlabtest.Job
	for i := range 10 {
		jobs = append(jobs, gitlabtest.Job{ID: int64(i + 10), Name: fmt.Sprintf("job %d", i), Status: "success"})
	}
	s.AddPipeline(11, "running", append(jobs, aJob("running"))...)
	if got := publish(t, c, aNote(10, "late")); got != forge.Left {
		t.Errorf("%s", got)
	}
}

// Where GitLab can't tell whether somebody newer writes, nothing is talked over;
// where the token may not know, nobody is waited for.
func TestWhatIsNewerIsNotGuessed(t *testing.T) {
	for _, path := range []string{"/7/pipelines", "/pipelines/11/jobs"} {
		for status, want := range map[int]forge.Done{500: "", 503: "", 429: "", 401: "", 403: forge.Updated, 404: forge.Updated} {
			s := newServer(t)
			c := writer(t, s)
			publish(t, c, aNote(9, "old"))
			s.AddPipeline(11, "running", aJob("pending"))
			s.Break(gitlabtest.Fault{Method: "GET", Path: path, Status: status})
			got, err := c.PublishNote(t.Context(), seven, aNote(10, "new"))
			if got != want || (err == nil) != (want != "") {
				t.Errorf("%s answers %d: %q, %v", path, status, got, err)
			}
			if want == "" && !strings.Contains(last(s).Body, "old") {
				t.Errorf("%s answers %d: it is talked over", path, status)
			}
		}
		s := newServer(t)
		c, err := NewClient(Options{API: s.API(), Token: gitlabtest.WriteToken, Deadline: 300 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, c, aNote(9, "old"))
		s.AddPipeline(11, "running", aJob("pending"))
		s.Break(gitlabtest.Fault{Method: "GET", Path: path, Delay: time.Minute})
		if _, err := c.PublishNote(t.Context(), seven, aNote(10, "new")); err == nil || !strings.Contains(last(s).Body, "old") {
			t.Errorf("%s does not answer: %v, %q", path, err, last(s).Body)
		}
	}
}

// Of two schedules that race one issue stays open, with the newer one's text. The
// other is closed and says which one that is.
func TestRacesEndWithOneIssue(t *testing.T) {
	issue := func(pipeline int64) forge.Issue {
		return forge.Issue{Key: "nightly", Pipeline: pipeline, Title: "slower", Body: fmt.Sprintf("text %d", pipeline), Label: "k6report"}
	}
	check := func(t *testing.T, s *gitlabtest.Server, newest int64) {
		t.Helper()
		open := 0
		for _, i := range s.Issues() {
			switch {
			case i.State != "opened" && !strings.Contains(i.Description, "#1 is the one that is kept"):
				t.Errorf("closed without a word: %q", i.Description)
			case i.State == "opened":
				if open++; !strings.Contains(i.Description, fmt.Sprintf("text %d", newest)) || i.IID != 1 {
					t.Errorf("%+v", i)
				}
			}
		}
		if open != 1 {
			t.Errorf("%d are open of %+v", open, s.Issues())
		}
	}
	for _, other := range []int64{19, 21} {
		s := newServer(t)
		s.Break(gitlabtest.Fault{Method: "POST", Path: "/issues", Times: 1, Do: func() {
			if _, err := writer(t, s).PublishIssue(t.Context(), "1", issue(other)); err != nil {
				t.Error(err)
			}
		}})
		if got, err := writer(t, s).PublishIssue(t.Context(), "1", issue(20)); err != nil || got != forge.Created || len(s.Issues()) != 2 {
			t.Errorf("%s, %v, %d issues", got, err, len(s.Issues()))
		}
		check(t, s, max(other, 20))
	}
	for round := range 40 {
		s := newServer(t)
		if round%5 == 4 {
			s.Break(gitlabtest.Fault{Method: "POST", Status: http.StatusBadGateway, After: true, Times: 1})
		}
		var both sync.WaitGroup
		for _, pipeline := range []int64{20, 21} {
			both.Go(func() {
				if _, err := writer(t, s).PublishIssue(t.Context(), "1", issue(pipeline)); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if check(t, s, 21); t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}

// Who the token belongs to is asked only where there is something that might be
// ours: a first note takes no more than it did.
func TestWhoWeAreIsAskedWhereItMatters(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	users := func() (n int) {
		for _, r := range s.Requests() {
			if strings.HasSuffix(r.Path, "/user") {
				n++
			}
		}
		return n
	}
	publish(t, c, aNote(10, "x"))
	if n := users(); n != 0 || len(s.Requests()) != 4 {
		t.Errorf("%d questions, %d requests", n, len(s.Requests()))
	}
	publish(t, writer(t, s), aNote(10, "x"))
	if n := users(); n != 1 {
		t.Errorf("%d questions", n)
	}
}
