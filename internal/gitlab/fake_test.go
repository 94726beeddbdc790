package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// server keeps notes and packages as GitLab does, for one merge request of one
// project, and speaks HTTP. Faults are functions that may answer instead of it.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	next     int64
	notes    []serverNote
	requests []string
	pageSize int
	// before and after may answer a request themselves (true), before it is done
	// or after.
	before, after func(http.ResponseWriter, *http.Request) bool
	pipelines     []map[string]any
	jobs          []map[string]any
}

type serverNote struct {
	ID     int64  `json:"id"`
	Body   string `json:"body"`
	System bool   `json:"system"`
	Author struct {
		ID int64 `json:"id"`
	} `json:"author"`
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{pageSize: 100}
	mux := http.NewServeMux()
	const notes = "/api/v4/projects/1/merge_requests/7/notes"
	mux.HandleFunc("GET /api/v4/user", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, map[string]any{"id": 42}) })
	mux.HandleFunc("GET "+notes, s.list)
	mux.HandleFunc("POST "+notes, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.next++
		n := serverNote{ID: s.next, Body: body(r)}
		n.Author.ID = 42
		s.notes = append(s.notes, n)
		if s.after == nil || !s.after(w, r) {
			answer(w, 201, n)
		}
	})
	mux.HandleFunc("PUT "+notes+"/{id}", s.change)
	mux.HandleFunc("DELETE "+notes+"/{id}", s.change)
	mux.HandleFunc("GET /api/v4/projects/1/merge_requests/7/pipelines", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, s.pipelines) })
	mux.HandleFunc("GET /api/v4/projects/1/pipelines/{id}/jobs", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, s.jobs) })
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		if s.before != nil && s.before(w, r) {
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func body(r *http.Request) string {
	var b struct {
		Body string `json:"body"`
	}
	_ = json.NewDecoder(r.Body).Decode(&b) // an empty body is none
	return strings.TrimRight(b.Body, " \n\t")
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}

// list gives pages that are shorter than asked for.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min((max(page, 1)-1)*s.pageSize, len(s.notes))
	to := min(from+s.pageSize, len(s.notes))
	if to < len(s.notes) {
		w.Header().Set("X-Next-Page", strconv.Itoa(max(page, 1)+1))
	}
	answer(w, 200, s.notes[from:to])
}

func (s *server) change(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.notes {
		if fmt.Sprint(s.notes[i].ID) != r.PathValue("id") {
			continue
		}
		if r.Method == http.MethodDelete {
			s.notes = append(s.notes[:i:i], s.notes[i+1:]...)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		s.notes[i].Body = body(r)
		answer(w, 200, s.notes[i])
		return
	}
	answer(w, 404, map[string]string{"message": "404 Not found"})
}

// add puts a note of somebody's there.
func (s *server) add(author int64, text string) {
	s.next++
	n := serverNote{ID: s.next, Body: text}
	n.Author.ID = author
	s.notes = append(s.notes, n)
}

// client talks to the server, and counts what it slept instead of sleeping.
func (s *server) client(t *testing.T, slept *time.Duration) *Client {
	t.Helper()
	var mu sync.Mutex
	c, err := NewClient(Options{API: s.URL + "/api/v4", Token: "secret", Sleep: func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		if slept != nil {
			*slept += d
		}
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
