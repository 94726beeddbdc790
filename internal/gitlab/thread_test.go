package gitlab

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"k6report/internal/forge"
	"k6report/internal/gitlab/gitlabtest"
)

func aThread(pipeline int64, gates ...string) forge.Thread {
	return forge.Thread{
		Key: "load", Pipeline: pipeline, JobName: "load-test", Regressed: gates, Gone: len(gates) == 0,
		Body: fmt.Sprintf("pipeline %d regressed: %s", pipeline, strings.Join(gates, ", ")),
	}
}

func publishThread(t *testing.T, c *Client, th forge.Thread) forge.Done {
	t.Helper()
	done, err := c.PublishThread(t.Context(), seven, th)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func aJob(status string) gitlabtest.Job {
	return gitlabtest.Job{ID: 5, Name: "load-test", Status: status}
}

// Of a race between two pipelines one thread stays, in the state of the newer
// one, whatever was there before.
func TestRacesEndWithOneThread(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 40
	}
	for round := range rounds {
		s := newServer(t)
		s.AddPipeline(10, "running", aJob("running"))
		s.AddPipeline(11, "running", aJob("running"))
		if round%2 == 1 {
			publishThread(t, writer(t, s), aThread(9, "c"))
		}
		if round%5 == 4 {
			s.Break(gitlabtest.Fault{Method: "POST", Status: 502, After: true, Times: 1})
		}
		gates := map[int64][]string{10: {"a"}, 11: {"b"}}
		switch round % 3 {
		case 1:
			gates[11] = nil // the newer one is well
		case 2:
			gates[10] = nil
		}
		var both sync.WaitGroup
		for _, pipeline := range []int64{10, 11} {
			both.Go(func() {
				if _, err := writer(t, s).PublishThread(t.Context(), seven, aThread(pipeline, gates[pipeline]...)); err != nil {
					t.Error(err)
				}
				s.AddPipeline(pipeline, "success", aJob("success"))
			})
		}
		both.Wait()
		notes := s.Notes()
		var open []gitlabtest.Note
		for _, n := range notes {
			if !n.Resolved {
				open = append(open, n)
			}
		}
		switch {
		case len(notes) > 1:
			t.Fatalf("round %d: %d threads", round, len(notes))
		case len(gates[11]) == 0 && len(open) > 0:
			t.Fatalf("round %d: a thread is open although the newer pipeline is well: %q", round, open[0].Body)
		case len(gates[11]) > 0 && (len(open) != 1 || !strings.Contains(open[0].Body, "pipeline 11 regressed: b")):
			t.Fatalf("round %d: %+v", round, notes)
		}
	}
}

// Two jobs that both saw no thread have opened one each, as far as one of them
// can tell only afterwards.
func TestASecondThreadIsTakenAway(t *testing.T) {
	for name, other := range map[string]int64{"older": 9, "newer": 11} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.Break(gitlabtest.Fault{Method: "POST", Path: "/discussions", Times: 1, Do: func() {
				publishThread(t, writer(t, s), aThread(other, "b"))
			}})
			if got := publishThread(t, writer(t, s), aThread(10, "a")); got != forge.Created {
				t.Errorf("%s", got)
			}
			notes := s.Notes()
			if want := fmt.Sprintf("pipeline %d regressed", max(other, 10)); len(notes) != 1 || notes[0].Resolved || !strings.Contains(notes[0].Body, want) {
				t.Errorf("%+v", notes)
			}
		})
	}
}

// Left-overs of jobs that broke off would block merging for ever. What people
// answered in is resolved, not deleted.
func TestAllThreadsOfAKeyAreSettled(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	first := aThread(8, "a")
	publishThread(t, c, first)
	s.Break(gitlabtest.Fault{Method: "GET", Path: "/discussions", Times: 1, Status: 200, Body: "[]"})
	s.Break(gitlabtest.Fault{Method: "GET", Path: "/discussions", Status: 500})
	if _, err := c.PublishThread(t.Context(), seven, aThread(9, "b")); err == nil || len(s.Notes()) != 2 {
		t.Fatalf("%v, %d threads", err, len(s.Notes()))
	}
	s.Mend()
	s.Answer(gitlabtest.Person, "I am looking into it")
	if got := publishThread(t, c, aThread(10)); got != forge.Updated {
		t.Errorf("%s", got)
	}
	notes := s.Notes()
	for _, n := range notes {
		if strings.Contains(n.Body, "k6report:v1") && !n.Resolved {
			t.Errorf("open: %q", n.Body)
		}
	}
	if len(notes) != 4 {
		t.Errorf("%d notes: an answer was deleted", len(notes))
	}
}

// A pipeline whose job has yet to start may never run it: what is known is
// written. One that said nothing of a regression is not talked over.
func TestNewerPipelinesThatDoNotRun(t *testing.T) {
	for status, want := range map[string]forge.Done{
		"created": forge.Updated, "waiting_for_resource": forge.Updated, "pending": forge.Updated, "manual": forge.Updated, "skipped": forge.Updated, "canceled": forge.Updated, "running": forge.Left,
	} {
		s := newServer(t)
		c := writer(t, s)
		publish(t, c, aNote(9, "PASSED"))
		publishThread(t, c, aThread(9, "a"))
		s.AddPipeline(11, "running", aJob(status), gitlabtest.Job{ID: 6, Name: "other", Status: "running"})
		if got := publish(t, c, aNote(10, "REGRESSED")); got != want {
			t.Errorf("the note, newer job %s: %s, want %s", status, got, want)
		}
		if got := publishThread(t, c, aThread(10, "b")); got != want {
			t.Errorf("the thread, newer job %s: %s, want %s", status, got, want)
		}
	}
	s := newServer(t)
	s.AddPipeline(11, "success", aJob("success"))
	if got := publishThread(t, writer(t, s), aThread(10, "a")); got != forge.Left || len(s.Notes()) != 0 {
		t.Errorf("the newer one ended without a thread: %s, %d threads", got, len(s.Notes()))
	}
}

// A newer note that is not the oldest is not lost.
func TestANewerNoteThatIsNotTheFirstIsNotTalkedOver(t *testing.T) {
	s := newServer(t)
	older, newer := aNote(9, "old"), aNote(11, "newest")
	s.AddNote(gitlabtest.Bot, older.Text())
	s.AddNote(gitlabtest.Bot, newer.Text())
	if got := publish(t, writer(t, s), aNote(10, "late")); got != forge.Left || !strings.Contains(last(s).Body, "newest") {
		t.Errorf("%s, %q", got, last(s).Body)
	}
	if got := publish(t, writer(t, s), aNote(11, "newest")); got != forge.Updated || len(s.Notes()) != 1 || !strings.Contains(last(s).Body, "newest") {
		t.Errorf("its own pipeline again: %s, %d notes", got, len(s.Notes()))
	}
}

// A note that somebody deletes while it is updated is not missed.
func TestANoteThatWentMeanwhile(t *testing.T) {
	s := newServer(t)
	c := writer(t, s)
	for _, pipeline := range []int64{7, 8} {
		n := aNote(pipeline, "old")
		s.AddNote(gitlabtest.Bot, n.Text())
	}
	s.Break(gitlabtest.Fault{Method: "PUT", Path: "/notes", Times: 1, Do: func() { s.DeleteNote(s.Notes()[0].ID) }})
	if got := publish(t, c, aNote(10, "new")); got != forge.Updated || len(s.Notes()) != 1 || !strings.Contains(last(s).Body, "new") {
		t.Errorf("%s, %+v", got, s.Notes())
	}
}

// What broke off half way is done by the next try.
func TestAThreadIsBroughtUpToDateInTwoTries(t *testing.T) {
	for _, broken := range []string{"/notes/", "/discussions/"} {
		s := newServer(t)
		c := writer(t, s)
		publishThread(t, c, aThread(9, "a"))
		s.Resolve(gitlabtest.Person)
		s.Break(gitlabtest.Fault{Method: "PUT", Path: broken, Status: 500})
		if _, err := c.PublishThread(t.Context(), seven, aThread(10, "b")); err == nil {
			t.Fatal("no error")
		}
		s.Mend()
		if got := publishThread(t, c, aThread(10, "b")); got != forge.Updated || last(s).Resolved || !strings.Contains(last(s).Body, "pipeline 10") {
			t.Errorf("%s: %s, %+v", broken, got, last(s))
		}
	}
}
