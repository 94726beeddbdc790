package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k6report/internal/forge"
	"k6report/internal/gitlab/gitlabtest"
)

func aNote(pipeline int64, text string) forge.Note {
	const foot = "<!-- foot -->"
	return forge.Note{Key: "load", Pipeline: pipeline, JobName: "load-test", Body: text + "\n\n" + foot + fmt.Sprintf(" of pipeline %d", pipeline), Footer: foot, Create: true}
}

func publish(t *testing.T, c *Client, n forge.Note) forge.Done {
	t.Helper()
	done, err := c.PublishNote(t.Context(), seven, n)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func last(s *gitlabtest.Server) gitlabtest.Note {
	notes := s.Notes()
	return notes[len(notes)-1]
}

func TestOneNoteThatIsAlwaysCurrent(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	s.AddNote(gitlabtest.Person, "what a person says")
	theirs := aNote(9, "a copy of ours")
	s.AddNote(gitlabtest.Person, theirs.Text()) // of somebody else: not ours
	s.AddNote(gitlabtest.Bot, "an answer of ours\n"+theirs.Text())
	for _, step := range []struct {
		note forge.Note
		want forge.Done
	}{
		{aNote(10, "slower"), forge.Created},
		{aNote(10, "slower"), forge.Unchanged},
		{aNote(11, "slower"), forge.Updated}, // its footer names the newer commit
		{aNote(12, "as before"), forge.Updated},
		{aNote(11, "slower"), forge.Left}, // an older pipeline is late
	} {
		if got := publish(t, c, step.note); got != step.want {
			t.Errorf("pipeline %d: %s, want %s", step.note.Pipeline, got, step.want)
		}
	}
	if notes := s.Notes(); len(notes) != 4 || !strings.Contains(notes[3].Body, "as before") || notes[3].Edits != 2 {
		t.Errorf("%d notes, the last %+v", len(notes), notes[len(notes)-1])
	}
	other := aNote(12, "another job")
	other.Key = "soak"
	if got := publish(t, c, other); got != forge.Created || len(s.Notes()) != 5 {
		t.Errorf("a job with another key: %s, %d notes", got, len(s.Notes()))
	}
}

func TestNoNoteWhileAllIsWell(t *testing.T) {
	s := newServer(t)
	n := aNote(10, "fine")
	n.Create = false
	if got := publish(t, writer(t, s), n); got != forge.Skipped || len(s.Notes()) != 0 {
		t.Errorf("%s, %d notes", got, len(s.Notes()))
	}
	n.Create = true
	publish(t, writer(t, s), n)
	better := aNote(11, "better")
	better.Create = false
	if got := publish(t, writer(t, s), better); got != forge.Updated { // it must not tell an old story
		t.Errorf("an existing note: %s", got)
	}
}

// Pages may be shorter than asked for, and even empty, with more behind them.
func TestPagesMayBeShort(t *testing.T) {
	s := newServer(t)
	s.SetPageSize(3)
	s.AddHiddenNotes(7)
	for range 13 {
		s.AddNote(gitlabtest.Person, "talk")
	}
	c := writer(t, s)
	publish(t, c, aNote(10, "one"))
	if got := publish(t, c, aNote(11, "two")); got != forge.Updated || len(s.Notes()) != 21 {
		t.Errorf("%s, %d notes", got, len(s.Notes()))
	}
}

func TestTenThousandNotes(t *testing.T) {
	s := newServer(t)
	for range 5000 {
		s.AddNote(gitlabtest.Person, "talk")
	}
	c := writer(t, s)
	publish(t, c, aNote(10, "one"))
	for range 5000 {
		s.AddNote(gitlabtest.Person, "more talk")
	}
	s.ForgetRequests()
	if got := publish(t, c, aNote(11, "two")); got != forge.Updated || len(s.Notes()) != 10_001 {
		t.Errorf("%s, %d notes", got, len(s.Notes()))
	}
	if n := len(s.Requests()); n > 105 {
		t.Errorf("%d requests", n)
	}
}

// An answer that is lost, or a 502 after the write was done, makes no second
// note; nor does one before it.
func TestALostAnswerMakesNoSecondNote(t *testing.T) {
	for name, f := range map[string]gitlabtest.Fault{
		"502 after":  {Method: "POST", Path: "/notes", Status: 502, After: true, Times: 1},
		"cut after":  {Method: "POST", Path: "/notes", After: true, Times: 1},
		"504 always": {Method: "POST", Path: "/notes", Status: 504, After: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.Break(f)
			if got := publish(t, writer(t, s), aNote(10, "x")); got != forge.Created || len(s.Notes()) != 1 {
				t.Errorf("%s, %d notes", got, len(s.Notes()))
			}
		})
	}
	s := newServer(t)
	s.Break(gitlabtest.Fault{Method: "POST", Path: "/notes", Status: 502})
	if _, err := writer(t, s).PublishNote(t.Context(), seven, aNote(10, "x")); err == nil || len(s.Notes()) != 0 {
		t.Errorf("a write that was not done: %v, %d notes", err, len(s.Notes()))
	}
}

func TestLimitsAreWaitedFor(t *testing.T) {
	const firstPause = 500 * time.Millisecond // where the server names no time
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", now.Add(11 * time.Second).Format(http.TimeFormat), 11 * time.Second},
		{"Retry-After", now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{"Retry-After", "soon", firstPause},
		{"RateLimit-Reset", strconv.FormatInt(now.Add(13*time.Second).Unix(), 10), 13 * time.Second},
		{"RateLimit-Reset", strconv.FormatInt(now.Add(-time.Hour).Unix(), 10), 0},
		{"X-Other", "7", firstPause},
	} {
		s := newServer(t)
		s.Break(gitlabtest.Fault{Method: "POST", Status: http.StatusTooManyRequests, Times: 1, Header: map[string]string{tc.name: tc.value}})
		var slept time.Duration
		c, err := NewClient(Options{
			API: s.API(), Token: gitlabtest.WriteToken, Now: func() time.Time { return now },
			Sleep: func(ctx context.Context, d time.Duration) error { slept += d; return ctx.Err() },
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := publish(t, c, aNote(10, "x")); got != forge.Created || len(s.Notes()) != 1 || slept != tc.want {
			t.Errorf("%s %q: %s, %d notes, slept %v, want %v", tc.name, tc.value, got, len(s.Notes()), slept, tc.want)
		}
	}
	s := newServer(t)
	s.Break(gitlabtest.Fault{Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "3600"}})
	var slept time.Duration
	if _, err := clientOf(t, s, gitlabtest.WriteToken, &slept).PublishNote(t.Context(), seven, aNote(10, "x")); err == nil || slept > 0 {
		t.Errorf("an hour is waited for: %v, %v", slept, err)
	}
}

func TestRefusalsHaveRemedies(t *testing.T) {
	for status, want := range map[int]string{401: "rotate the", 403: "scope api", 404: "can't see it", 429: "later job of the same pipeline", 500: "later job of the same pipeline"} {
		s := newServer(t)
		s.Break(gitlabtest.Fault{Status: status, Body: "<html>" + strings.Repeat("x", 5000)})
		_, err := writer(t, s).PublishNote(t.Context(), seven, aNote(10, "x"))
		var e *forge.Error
		if !errors.As(err, &e) || e.Status != status || !strings.Contains(e.Hint(), want) || len(err.Error()) > 400 {
			t.Errorf("%d: %v", status, err)
		}
		if strings.Contains(err.Error(), gitlabtest.WriteToken) {
			t.Error("the token is in the error")
		}
	}
	s := newServer(t)
	for token, want := range map[string]string{gitlabtest.ReadToken: "scope api", gitlabtest.JobToken: "project access token", "glpat-unknown": "expired"} {
		_, err := clientOf(t, s, token, nil).PublishNote(t.Context(), seven, aNote(10, "x"))
		var e *forge.Error
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), want) {
			t.Errorf("%s: %v", token, err)
		}
	}
}

// Of a race between two pipelines one note stays, with the newer one's text.
// Whoever is done has its job ended, as in GitLab, at any moment of the other's.
func TestRacesEndWithOneNote(t *testing.T) {
	rounds := 500
	if testing.Short() {
		rounds = 40
	}
	job := func(status string) gitlabtest.Job { return gitlabtest.Job{ID: 5, Name: "load-test", Status: status} }
	for round := range rounds {
		s := newServer(t)
		s.AddPipeline(10, "running", job("running"))
		s.AddPipeline(11, "running", job("running"))
		if round%2 == 1 {
			old := aNote(9, "old")
			s.AddNote(gitlabtest.Bot, old.Text())
		}
		if round%5 == 4 {
			s.Break(gitlabtest.Fault{Method: "POST", Status: 502, After: true, Times: 1})
		}
		var both sync.WaitGroup
		for _, pipeline := range []int64{10, 11} {
			both.Go(func() {
				if _, err := writer(t, s).PublishNote(t.Context(), seven, aNote(pipeline, fmt.Sprintf("text %d", pipeline))); err != nil {
					t.Error(err)
				}
				s.AddPipeline(pipeline, "success", job("success"))
			})
		}
		both.Wait()
		if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0].Body, "pipeline=11 ") || !strings.Contains(notes[0].Body, "text 11") {
			t.Fatalf("round %d: %d notes, the first %.80q", round, len(notes), notes[0].Body)
		}
	}
}

// The worst moment: the newer pipeline writes and ends while the older one has
// just read the notes.
func TestANewerPipelineThatEndedMeanwhileIsNotOverwritten(t *testing.T) {
	s := newServer(t)
	old := aNote(9, "old")
	s.AddNote(gitlabtest.Bot, old.Text())
	s.Break(gitlabtest.Fault{Method: "GET", Path: "/pipelines", Times: 1, Do: func() {
		publish(t, writer(t, s), aNote(11, "the newest"))
		s.AddPipeline(11, "success", gitlabtest.Job{ID: 5, Name: "load-test", Status: "success"})
	}})
	if got := publish(t, writer(t, s), aNote(10, "late")); got != forge.Left || !strings.Contains(last(s).Body, "the newest") {
		t.Errorf("%s, %q", got, last(s).Body)
	}
}

// What GitLab would do with a note's text is seen by the server: it does what
// quick actions say.
func TestTheServerDoesQuickActions(t *testing.T) {
	s := newServer(t)
	if _, err := writer(t, s).PublishNote(t.Context(), seven, aNote(10, "x\n/close\ny")); err != nil {
		t.Fatal(err)
	}
	if s.State() != "closed" || len(s.Executed()) != 1 || strings.Contains(last(s).Body, "/close") {
		t.Errorf("%s, %v, %q", s.State(), s.Executed(), last(s).Body)
	}
	for text, want := range map[string]int{
		"`/close`": 0, "a /close": 0, "```\n/close\n```": 0, "/close\u2028/merge": 2, "  /merge now": 1, "/nonsense": 0, "x\r/approve": 1, "    /close": 0,
	} {
		if _, got := gitlabtest.QuickActions(text); len(got) != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestALongNoteIsRefusedBeforeItIsSent(t *testing.T) {
	s := newServer(t)
	_, err := writer(t, s).PublishNote(t.Context(), seven, aNote(10, strings.Repeat("x", mostBytes)))
	if err == nil || len(s.Requests()) != 0 {
		t.Errorf("%v after %d requests", err, len(s.Requests()))
	}
}

// A longer deadline is meant for a GitLab that answers slowly.
func TestADeadlineBoundsTheFirstByteToo(t *testing.T) {
	for deadline, want := range map[time.Duration]time.Duration{0: firstWait, time.Second: firstWait, 2 * time.Minute: 2 * time.Minute} {
		transport, err := newTransport("", deadline)
		if err != nil || transport.ResponseHeaderTimeout != want {
			t.Errorf("deadline %v: %v, %v", deadline, transport.ResponseHeaderTimeout, err)
		}
	}
}
