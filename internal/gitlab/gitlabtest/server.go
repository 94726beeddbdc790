// Package gitlabtest is a GitLab for tests: it speaks HTTP, keeps state as
// GitLab does (notes, threads, statuses, issues, packages), does what quick
// actions say, and fails to order.
//
// It knows what k6report asks for and no more: whatever else it is asked is
// answered 404 and counted as a mistake.
package gitlabtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tokens that every server knows. They look as GitLab's do.
const (
	// WriteToken is a project access token with scope api, ReadToken one with
	// read_api.
	WriteToken = "glpat-w1w1w1w1w1w1w1w1w1w1"
	ReadToken  = "glpat-r2r2r2r2r2r2r2r2r2r2"
	// JobToken is the CI_JOB_TOKEN of a job of project 1.
	JobToken = "glcbt-64_j3j3j3j3j3j3j3j3j3j3"
	// ForkToken is that of a job of project 2, a fork of 1.
	ForkToken = "glcbt-64_f4f4f4f4f4f4f4f4f4f4"
)

// Numbers of what is there from the start.
const (
	Project      = 1 // private, its default branch is main
	Fork         = 2
	MergeRequest = 7 // of Project
	Bot          = 42
	Person       = 5
)

const defaultBranch = "main"

type kind string

const (
	scopeAPI  kind = "api"
	scopeRead kind = "read_api"
	scopeJob  kind = "job"
)

type token struct {
	kind    kind
	user    int64
	project int64 // of a job
	// maintainer may delete packages, and push to the default branch, which is
	// protected.
	maintainer bool
}

// Request is one that came in.
type Request struct {
	Method, Path string
	Query        url.Values
	Body         []byte
	// Token is which one came with it: "api", "read_api", "job" or "".
	Token string
}

// Server is a GitLab. Its methods may be called while it answers.
type Server struct {
	*httptest.Server
	mu       sync.Mutex
	clock    time.Time
	next     int64 // id of whatever is made
	tokens   map[string]token
	projects map[int64]*project
	faults   []*Fault
	requests []Request
	mistakes []string
	perPage  int
	spec     *spec
}

type project struct {
	id            int64
	public        bool
	mergeRequests map[int64]*mergeRequest
	commits       map[string][]string // parents
	pipelines     []*pipeline
	statuses      []CommitStatus
	issues        []*Issue
	packages      []*pkg
}

// New starts a server, with the projects and the merge request of the
// constants. Close ends it.
func New() *Server {
	s := &Server{
		clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), next: 100, perPage: 100,
		tokens: map[string]token{
			WriteToken: {kind: scopeAPI, user: Bot, maintainer: true},
			ReadToken:  {kind: scopeRead, user: Bot},
			JobToken:   {kind: scopeJob, user: Person, project: Project},
			ForkToken:  {kind: scopeJob, user: Person, project: Fork},
		},
		projects: make(map[int64]*project),
		spec:     description(),
	}
	for _, id := range []int64{Project, Fork} {
		s.projects[id] = &project{id: id, mergeRequests: make(map[int64]*mergeRequest), commits: make(map[string][]string)}
	}
	s.projects[Project].mergeRequests[MergeRequest] = &mergeRequest{iid: MergeRequest, state: "opened", source: "feature", target: defaultBranch}
	s.Server = httptest.NewServer(s.handler())
	return s
}

// API is the address of its API.
func (s *Server) API() string { return s.URL + "/api/v4" }

// SetPublic opens a project to those without a token.
func (s *Server) SetPublic(project int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.projects[project].public = true
}

// SetPageSize bounds what a page of a listing holds, whatever is asked for.
func (s *Server) SetPageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.perPage = n
}

// SetMaintainer says whether a token's user is a Maintainer, or only a Developer.
func (s *Server) SetMaintainer(name string, may bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[name]
	t.maintainer = may
	s.tokens[name] = t
}

// Requests are those that came in, the oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests begins to count anew.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// Mistakes are requests that GitLab's description does not allow, and those for
// which there is no route.
func (s *Server) Mistakes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mistakes)
}

func (s *Server) mistake(format string, args ...any) {
	const most = 5 // one is enough to fail
	if len(s.mistakes) < most {
		s.mistakes = append(s.mistakes, fmt.Sprintf(format, args...))
	}
}

// call is a request at work. The server is locked while it is.
type call struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	body  []byte
	token *token // nil without one
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		mux.HandleFunc(route.method+" "+route.pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			c := call{Server: s, w: w, r: r, body: bodyOf(r)}
			c.token = s.tokenOf(r)
			kind := ""
			if c.token != nil {
				kind = string(c.token.kind)
			}
			s.requests = append(s.requests, Request{r.Method, r.URL.EscapedPath(), r.URL.Query(), c.body, kind})
			if problem := s.spec.check(route.method, route.describedAs, r, c.body); problem != "" {
				s.mistake("%s %s: %s", r.Method, r.URL, problem)
			}
			route.answer(&c)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.EscapedPath()})
		s.mistake("%s %s: there is no such route", r.Method, r.URL)
		reply(w, http.StatusNotFound, map[string]string{"error": "404 Not Found"})
	})
	return s.faulty(mux)
}

type route struct {
	method, pattern string
	// describedAs is the path in GitLab's description; "" where that lacks it.
	describedAs string
	answer      func(*call)
}

func (s *Server) routes() []route {
	const (
		p  = "/api/v4/projects/{id}"
		mr = p + "/merge_requests/{iid}"
	)
	return []route{
		{"GET", "/api/v4/user", "", (*call).user},
		{"GET", mr + "/notes", v3notes, (*call).listNotes},
		{"POST", mr + "/notes", v3notes, (*call).createNote},
		{"PUT", mr + "/notes/{note}", v3notes + "/{note_id}", (*call).updateNote},
		{"DELETE", mr + "/notes/{note}", v3notes + "/{note_id}", (*call).deleteNote},
		{"GET", mr + "/discussions", v3discussions, (*call).listDiscussions},
		{"POST", mr + "/discussions", v3discussions, (*call).createDiscussion},
		{"PUT", mr + "/discussions/{discussion}", v3discussions + "/{discussion_id}", (*call).resolveDiscussion},
		{"PUT", mr + "/discussions/{discussion}/notes/{note}", v3discussions + "/{discussion_id}/notes/{note_id}", (*call).updateNote},
		{"GET", mr + "/pipelines", v2 + "/merge_requests/{merge_request_iid}/pipelines", (*call).listPipelines},
		{"GET", p + "/pipelines/{pipeline}/jobs", v2 + "/pipelines/{pipeline_id}/jobs", (*call).listJobs},
		{"GET", p + "/repository/commits/{sha}/merge_requests", v2 + "/repository/commits/{sha}/merge_requests", (*call).mergeRequestsOfCommit},
		{"GET", p + "/repository/commits", v2 + "/repository/commits", (*call).listCommits},
		{"GET", p + "/repository/merge_base", v2 + "/repository/merge_base", (*call).mergeBase},
		{"GET", p + "/repository/commits/{sha}/statuses", v2 + "/repository/commits/{sha}/statuses", (*call).listStatuses},
		{"POST", p + "/statuses/{sha}", v2 + "/statuses/{sha}", (*call).setStatus},
		{"GET", p + "/issues", v2 + "/issues", (*call).listIssues},
		{"POST", p + "/issues", v2 + "/issues", (*call).createIssue},
		{"PUT", p + "/issues/{issue}", v2 + "/issues/{issue_iid}", (*call).updateIssue},
		{"GET", p + "/packages", v2 + "/packages", (*call).listPackages},
		{"DELETE", p + "/packages/{package}", v2 + "/packages/{package_id}", (*call).deletePackage},
		{"PUT", p + "/packages/generic/{name}/{version}/{file}", "", (*call).putPackage},
		{"GET", p + "/packages/generic/{name}/{version}/{file}", "", (*call).getPackage},
	}
}

func bodyOf(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body) // what was cut is what there is
	return body
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}

func (c *call) reply(status int, v any) { reply(c.w, status, v) }

func (c *call) fail(status int, message string) {
	c.reply(status, map[string]string{"message": fmt.Sprintf("%d %s", status, message)})
}

func (s *Server) tokenOf(r *http.Request) *token {
	for _, name := range []string{"Private-Token", "Job-Token"} {
		if value := r.Header.Get(name); value != "" {
			t, known := s.tokens[value]
			if !known || (name == "Job-Token") != (t.kind == scopeJob) {
				return &token{kind: "unknown"}
			}
			return &t
		}
	}
	return nil
}

// right is what a request needs.
type right int

const (
	readAnything right = iota // a job token may, too
	readPackages              // and whoever it is, where the project is public
	writePackages
	readAPI  // a job token may not
	writeAPI // only scope api
)

// project is the project asked for, as far as the token may see it and do what
// is asked; nil when it was refused.
func (c *call) project(need right) *project {
	id, _ := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	p := c.projects[id]
	t := c.token
	switch {
	case t != nil && t.kind == "unknown":
		c.fail(http.StatusUnauthorized, "Unauthorized")
	case p == nil:
		c.fail(http.StatusNotFound, "Project Not Found")
	case t == nil && p.public && need <= readPackages:
		return p
	case t == nil && p.public:
		c.fail(http.StatusUnauthorized, "Unauthorized")
	case t == nil:
		c.fail(http.StatusNotFound, "Project Not Found")
	case t.kind == scopeJob && need >= readAPI:
		c.fail(http.StatusUnauthorized, "Unauthorized")
	case t.kind == scopeJob && t.project != id && (!p.public || need == writePackages):
		c.fail(http.StatusForbidden, "Forbidden - Authentication by CI/CD job token not allowed from this project to target project.")
	case t.kind == scopeRead && (need == writeAPI || need == writePackages):
		c.reply(http.StatusForbidden, map[string]string{"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api"})
	default:
		return p
	}
	return nil
}

func (c *call) mergeRequest(need right) (*project, *mergeRequest) {
	p := c.project(need)
	if p == nil {
		return nil, nil
	}
	iid, _ := strconv.ParseInt(c.r.PathValue("iid"), 10, 64)
	mr := p.mergeRequests[iid]
	if mr == nil {
		c.fail(http.StatusNotFound, "Not found")
		return nil, nil
	}
	return p, mr
}

func (c *call) user() {
	if c.token == nil || c.token.kind == scopeJob || c.token.kind == "unknown" {
		c.fail(http.StatusUnauthorized, "Unauthorized")
		return
	}
	c.reply(http.StatusOK, author(c.token.user))
}

func author(id int64) map[string]any {
	name := fmt.Sprintf("user%d", id)
	return map[string]any{
		"id": id, "name": name, "username": name, "state": "active",
		"avatar_url": "https://gitlab.example.com/a.png", "web_url": "https://gitlab.example.com/" + name,
	}
}

// page answers with one page of a list, and says which is the next. view is how
// an item looks, false for what the token may not see: a page is then shorter
// than asked for. nil shows all as they are.
func page[T any](c *call, list []T, view func(T) (any, bool)) {
	query := c.r.URL.Query()
	number, _ := strconv.Atoi(query.Get("page"))
	size, _ := strconv.Atoi(query.Get("per_page"))
	number = max(number, 1)
	if size < 1 {
		size = 20
	}
	size = min(size, c.perPage, 100)
	from := min((number-1)*size, len(list))
	to := min(from+size, len(list))
	out := []any{}
	for _, item := range list[from:to] {
		var v any = item
		shown := true
		if view != nil {
			v, shown = view(item)
		}
		if shown {
			out = append(out, v)
		}
	}
	h := c.w.Header()
	h.Set("X-Page", strconv.Itoa(number))
	h.Set("X-Per-Page", strconv.Itoa(size))
	h.Set("X-Next-Page", "")
	if to < len(list) {
		h.Set("X-Next-Page", strconv.Itoa(number+1))
	}
	c.reply(http.StatusOK, out)
}

// now is a moment that nothing else happened at.
func (s *Server) now() time.Time {
	s.clock = s.clock.Add(time.Second)
	return s.clock
}

func (s *Server) id() int64 {
	s.next++
	return s.next
}

// field reads a text of a JSON body; false when it isn't there.
func (c *call) field(name string) (string, bool) {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	if d.Decode(&fields) != nil || fields[name] == nil {
		return "", false
	}
	if list, ok := fields[name].([]any); ok {
		words := make([]string, len(list))
		for i, item := range list {
			words[i] = fmt.Sprint(item)
		}
		return strings.Join(words, ","), true
	}
	return fmt.Sprint(fields[name]), true
}
