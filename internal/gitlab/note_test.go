package gitlab

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var seven = MergeRequest{Project: 1, IID: 7}

func aNote(pipeline int64, text string) Note {
	const foot = "<!-- foot -->"
	return Note{Key: "load", Pipeline: pipeline, JobName: "load-test", Body: text + "\n\n" + foot + " at " + time.Unix(pipeline, 0).UTC().String(), Footer: foot, Create: true}
}

func publish(t *testing.T, c *Client, n Note) Done {
	t.Helper()
	done, err := c.PublishNote(t.Context(), seven, n)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestOneNoteThatIsAlwaysCurrent(t *testing.T) {
	s := newServer(t)
	c := s.client(t, nil)
	s.add(1, "what a person says")
	theirs := aNote(9, "a copy of ours")
	s.add(1, theirs.text()) // of somebody else: not ours
	for _, step := range []struct {
		note Note
		want Done
	}{
		{aNote(10, "slower"), Created},
		{aNote(10, "slower"), Unchanged},
		{aNote(11, "slower"), Unchanged}, // only the footer differs
		{aNote(12, "as before"), Updated},
		{aNote(11, "slower"), Left}, // an older pipeline is late
	} {
		if got := publish(t, c, step.note); got != step.want {
			t.Errorf("pipeline %d: %s, want %s", step.note.Pipeline, got, step.want)
		}
	}
	if len(s.notes) != 3 || !strings.Contains(s.notes[2].Body, "as before") {
		t.Errorf("%d notes, the last %q", len(s.notes), s.notes[len(s.notes)-1].Body)
	}
}

func TestNoNoteWhileAllIsWell(t *testing.T) {
	s := newServer(t)
	n := aNote(10, "fine")
	n.Create = false
	if got := publish(t, s.client(t, nil), n); got != Skipped || len(s.notes) != 0 {
		t.Errorf("%s, %d notes", got, len(s.notes))
	}
}

func TestPagesMayBeShort(t *testing.T) {
	s := newServer(t)
	s.pageSize = 3
	for range 20 {
		s.add(1, "talk")
	}
	c := s.client(t, nil)
	publish(t, c, aNote(10, "one"))
	if got := publish(t, c, aNote(11, "two")); got != Updated || len(s.notes) != 21 {
		t.Errorf("%s, %d notes", got, len(s.notes))
	}
}

// An answer that is lost, or a 502 after the write was done, makes no second
// note.
func TestALostAnswerMakesNoSecondNote(t *testing.T) {
	for name, lose := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"502": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true },
		"cut": func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.after = lose
			if got := publish(t, s.client(t, nil), aNote(10, "x")); got != Created || len(s.notes) != 1 {
				t.Errorf("%s, %d notes", got, len(s.notes))
			}
		})
	}
}

func TestLimitsAreWaitedFor(t *testing.T) {
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": firstPause} {
		s := newServer(t)
		limited := true
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !limited {
				return false
			}
			limited = false
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		var slept time.Duration
		if got := publish(t, s.client(t, &slept), aNote(10, "x")); got != Created || len(s.notes) != 1 || slept != want {
			t.Errorf("Retry-After %q: %s, %d notes, slept %v, want %v", header, got, len(s.notes), slept, want)
		}
	}
}

func TestRefusalsHaveRemedies(t *testing.T) {
	for status, want := range map[int]string{401: "expired", 403: "scope api", 404: "can't see it", 500: "later"} {
		s := newServer(t)
		s.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>" + strings.Repeat("x", 5000)))
			return true
		}
		_, err := s.client(t, nil).PublishNote(t.Context(), seven, aNote(10, "x"))
		var e *Error
		if !errors.As(err, &e) || e.Status != status || !strings.Contains(e.Hint(), want) || len(err.Error()) > 400 {
			t.Errorf("%d: %v", status, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Error("the token is in the error")
		}
	}
}

// Of a race between two pipelines one note stays, with the newer one's text:
// the older sees that the newer still has its job before it.
func TestRacesEndWithOneNote(t *testing.T) {
	for round := range 60 {
		s := newServer(t)
		s.pipelines = []map[string]any{{"id": 11, "project_id": 1, "status": "running"}, {"id": 10, "project_id": 1, "status": "running"}}
		s.jobs = []map[string]any{{"id": 5, "name": "load-test", "status": "running"}}
		if round%2 == 1 {
			s.next = 100
			old := serverNote{ID: 100, Body: strings.TrimSpace((&Note{Key: "load", Pipeline: 9, Body: "old"}).text())}
			old.Author.ID = 42
			s.notes = append(s.notes, old)
		}
		var both sync.WaitGroup
		for _, pipeline := range []int64{10, 11} {
			both.Go(func() {
				if _, err := s.client(t, nil).PublishNote(t.Context(), seven, aNote(pipeline, "pipeline "+time.Unix(pipeline, 0).UTC().Format("05"))); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if len(s.notes) != 1 || !strings.Contains(s.notes[0].Body, "pipeline=11 ") {
			t.Fatalf("round %d: %d notes, the first %.80q", round, len(s.notes), s.notes[0].Body)
		}
	}
}

// A token follows no redirect to another host.
func TestTokensStayAtHome(t *testing.T) {
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = w.Write(sealed([]byte("content")))
	}))
	defer other.Close()
	s := newServer(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
		return true
	}
	content, err := s.client(t, nil).Packages(1).Get(t.Context(), "main/run.k6run")
	if err != nil || string(content) != "content" {
		t.Fatal(string(content), err)
	}
	if got.Get("Private-Token") != "" || got.Get("Job-Token") != "" || got.Get("Authorization") != "" {
		t.Errorf("headers %v", got)
	}
}

func TestJobs(t *testing.T) {
	vars := map[string]string{
		"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.example.com/gitlab/api/v4", "CI_PROJECT_ID": "1", "CI_COMMIT_REF_NAME": "main", "CI_DEFAULT_BRANCH": "main",
	}
	get := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	j, err := ParseJob(get)
	if err != nil || !j.OnTarget() || j.MergeRequestProject != 1 || j.FromFork() {
		t.Errorf("%+v, %v", j, err)
	}
	vars["CI_MERGE_REQUEST_IID"], vars["CI_MERGE_REQUEST_PROJECT_ID"], vars["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "7", "2", "release"
	if j, err = ParseJob(get); err != nil || j.OnTarget() || !j.FromFork() || j.BaselineBranch() != "release" {
		t.Errorf("%+v, %v", j, err)
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

func TestBrokenUploadsAreKnown(t *testing.T) {
	whole := sealed([]byte("a run"))
	if got, err := unsealed(whole); err != nil || string(got) != "a run" {
		t.Error(string(got), err)
	}
	for _, bad := range [][]byte{nil, whole[:len(whole)-1], append([]byte("0"), whole...)} {
		if _, err := unsealed(bad); err == nil {
			t.Errorf("%q is taken for whole", bad)
		}
	}
}
