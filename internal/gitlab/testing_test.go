package gitlab

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"k6report/internal/forge"
	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/needs"
)

var seven = *mergeRequest(gitlabtest.Project, gitlabtest.MergeRequest)

// newServer is a GitLab that every request has to please.
func newServer(t testing.TB) *gitlabtest.Server {
	t.Helper()
	s := gitlabtest.New()
	t.Cleanup(func() {
		s.Close()
		for _, m := range s.Mistakes() {
			t.Errorf("GitLab would not understand %s", m)
		}
	})
	return s
}

// clientOf talks to a server, and counts what it would sleep.
func clientOf(t testing.TB, s *gitlabtest.Server, token string, slept *time.Duration) *Client {
	t.Helper()
	var mu sync.Mutex
	o := Options{API: s.API(), Token: token, Sleep: func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		if slept != nil {
			*slept += d
		}
		return ctx.Err()
	}}
	if token == gitlabtest.JobToken || token == gitlabtest.ForkToken {
		o.Token, o.JobToken = "", token
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func writer(t testing.TB, s *gitlabtest.Server) *Client {
	return clientOf(t, s, gitlabtest.WriteToken, nil)
}

// The requests of all tests are held against GitLab's own description of its
// API, where that is at hand.
func TestTheDescriptionIsRead(t *testing.T) {
	err := gitlabtest.Described()
	if gitlabtest.NoDescription(err) {
		needs.LeaveOut(t, "GitLab's description of its API is not in %s: requests are not held against it", gitlabtest.DescriptionFolder)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := gitlabtest.New()
	defer s.Close()
	c := writer(t, s)
	if _, err := c.SetStatus(t.Context(), "1", "4f0c2d81", forge.Status{Name: "k6report"}); err != nil {
		t.Error(err)
	}
	if len(s.Mistakes()) > 0 {
		t.Errorf("mistakes: %v", s.Mistakes())
	}
	for _, wrong := range []struct{ method, path, body string }{
		{"POST", "/projects/1/statuses/4f0c2d81", `{"state":"splendid"}`},
		{"POST", "/projects/1/merge_requests/7/notes", `{"text":"x"}`},
		{"GET", "/projects/1/packages?kind=generic", ""},
		{"GET", "/projects/1/merge_requests/seven/notes", ""},
	} {
		before := len(s.Mistakes())
		r, err := c.api.NewRequest(wrong.method, strings.TrimPrefix(wrong.path, "/"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if wrong.body != "" {
			if err := r.SetBody([]byte(wrong.body)); err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
		}
		_, _ = c.api.Do(r, nil)
		if len(s.Mistakes()) == before {
			t.Errorf("%s %s %s pleases", wrong.method, wrong.path, wrong.body)
		}
	}
}

// What the server answers has the shape that GitLab's own tests want.
func TestNotesLookAsGitLabs(t *testing.T) {
	if gitlabtest.NoDescription(gitlabtest.Described()) {
		needs.LeaveOut(t, "GitLab's schema of notes is not in %s", gitlabtest.DescriptionFolder)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", filepath.FromSlash(gitlabtest.DescriptionFolder), "notes.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	s.AddNote(gitlabtest.Person, "talk")
	c := writer(t, s)
	publish(t, c, aNote(10, "x"))
	if _, err := c.PublishThread(t.Context(), seven, forge.Thread{Key: "load", Pipeline: 10, Regressed: []string{"a"}, Body: "slower"}); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.API()+"/projects/1/merge_requests/7/notes", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Private-Token", gitlabtest.ReadToken)
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	value, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if list, ok := value.([]any); !ok || len(list) != 3 {
		t.Errorf("the answer is %v", value)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}
