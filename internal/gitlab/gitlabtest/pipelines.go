package gitlabtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type pipeline struct {
	id     int64
	mr     int64 // 0 outside of merge requests
	status string
	jobs   []Job
	// ref is a branch, or refs/merge-requests/7/head, merge or train; sha is the
	// commit. They are empty where nobody asks for them.
	ref, sha string
}

// Job is one of a pipeline.
type Job struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

// CommitStatus is one that was set.
type CommitStatus struct {
	Commit, Name, State, Description, TargetURL, Ref string
	Pipeline                                         int64
	id                                               int64
}

// AddPipeline adds a pipeline of the merge request, with its jobs, or replaces
// the one of that number.
func (s *Server) AddPipeline(id int64, status string, jobs ...Job) {
	s.AddPipelineOf(MergeRequest, id, status, jobs...)
}

// AddPipelineOf does the same for any merge request.
func (s *Server) AddPipelineOf(mr, id int64, status string, jobs ...Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pl := s.projects[Project].pipeline(id)
	pl.mr, pl.status, pl.jobs = mr, status, jobs
}

// RunOn says what a pipeline runs on: a commit and its ref, which is a branch or,
// of a merge request's pipeline, refs/merge-requests/7/head, merge or train. Where
// there is no pipeline of that number, it begins.
func (s *Server) RunOn(id int64, ref, sha string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projects[Project]
	pl := p.pipeline(id)
	pl.ref, pl.sha = ref, sha
	for _, mr := range p.mergeRequests {
		if ref == mr.source || strings.HasPrefix(ref, fmt.Sprintf("refs/merge-requests/%d/", mr.iid)) {
			pl.mr = mr.iid
		}
	}
}

// pipeline is the one of a number, which begins where there is none.
func (p *project) pipeline(id int64) *pipeline {
	for _, pl := range p.pipelines {
		if pl.id == id {
			return pl
		}
	}
	pl := &pipeline{id: id, status: "running"}
	p.pipelines = append(p.pipelines, pl)
	return pl
}

// AddCommit adds a commit and its parents to the project.
func (s *Server) AddCommit(sha string, parents ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.projects[Project].commits[sha] = parents
}

// AddMergeRequestCommit says that the merge request holds a commit.
func (s *Server) AddMergeRequestCommit(sha string) {
	mr, unlock := s.lock()
	defer unlock()
	mr.commits = append(mr.commits, sha)
}

// Statuses are those that were set on commits, in order.
func (s *Server) Statuses() []CommitStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.projects[Project].statuses)
}

func (c *call) listPipelines() {
	p, mr := c.mergeRequest(readAnything)
	if mr == nil {
		return
	}
	list := []map[string]any{}
	for _, pl := range slices.Backward(p.pipelines) {
		if pl.mr == mr.iid {
			list = append(list, map[string]any{"id": pl.id, "project_id": p.id, "status": pl.status})
		}
	}
	page(c, list, nil)
}

func (c *call) listJobs() {
	p := c.project(readAnything)
	if p == nil {
		return
	}
	id, _ := strconv.ParseInt(c.r.PathValue("pipeline"), 10, 64)
	for _, pl := range p.pipelines {
		if pl.id == id {
			page(c, pl.jobs, nil)
			return
		}
	}
	c.fail(http.StatusNotFound, "Not found")
}

// mergeRequestsOfCommit are in the order in which they were added. They are not for
// job tokens: private projects hide themselves.
func (c *call) mergeRequestsOfCommit() {
	if c.token != nil && c.token.kind == scopeJob {
		c.fail(http.StatusNotFound, "Project Not Found")
		return
	}
	p := c.project(readAnything)
	if p == nil {
		return
	}
	list := []map[string]any{}
	inOrder := func(a, b *mergeRequest) int { return cmp.Compare(a.added, b.added) }
	for _, mr := range slices.SortedFunc(maps.Values(p.mergeRequests), inOrder) {
		if slices.Contains(mr.commits, c.r.PathValue("sha")) {
			list = append(list, map[string]any{
				"id": mr.iid + 1000, "iid": mr.iid, "project_id": p.id, "state": mr.state,
				"source_branch": mr.source, "target_branch": mr.target, "title": "a merge request",
			})
		}
	}
	page(c, list, nil)
}

// reached are a commit and all that it is built on, the newest first.
func (p *project) reached(sha string) []string {
	var order []string
	seen := map[string]bool{}
	for queue := []string{sha}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if parents, known := p.commits[at]; known && !seen[at] {
			seen[at] = true
			order = append(order, at)
			queue = append(queue, parents...)
		}
	}
	return order
}

func (c *call) listCommits() {
	p := c.project(readAPI)
	if p == nil {
		return
	}
	reached := p.reached(c.r.URL.Query().Get("ref_name"))
	if len(reached) == 0 {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	list := []map[string]any{}
	for _, sha := range reached {
		list = append(list, map[string]any{"id": sha, "short_id": sha[:min(len(sha), 8)], "title": "a commit"})
	}
	page(c, list, nil)
}

func (c *call) mergeBase() {
	p := c.project(readAPI)
	if p == nil {
		return
	}
	refs := c.r.URL.Query()["refs[]"]
	if len(refs) != 2 {
		c.fail(http.StatusBadRequest, "Bad Request - Provide at least 2 refs")
		return
	}
	for _, ref := range refs {
		if _, known := p.commits[ref]; !known {
			c.fail(http.StatusBadRequest, "Bad Request - Could not find ref: "+ref)
			return
		}
	}
	second := p.reached(refs[1])
	for _, sha := range p.reached(refs[0]) {
		if slices.Contains(second, sha) {
			c.reply(http.StatusOK, map[string]any{"id": sha, "short_id": sha[:min(len(sha), 8)]})
			return
		}
	}
	c.fail(http.StatusNotFound, "Merge Base Not Found")
}

// listStatuses shows the newest status of each name in each pipeline.
func (c *call) listStatuses() {
	p := c.project(readAPI)
	if p == nil {
		return
	}
	q := c.r.URL.Query()
	list := []map[string]any{}
	seen := make(map[string]bool)
	for _, st := range slices.Backward(p.statuses) {
		pipeline := strconv.FormatInt(st.Pipeline, 10)
		switch {
		case st.Commit != c.r.PathValue("sha"), q.Has("name") && q.Get("name") != st.Name, q.Has("ref") && q.Get("ref") != st.Ref:
		case q.Has("pipeline_id") && q.Get("pipeline_id") != pipeline, seen[st.Name+" "+pipeline+" "+st.Ref]:
		default:
			seen[st.Name+" "+pipeline+" "+st.Ref] = true
			list = append(list, map[string]any{
				"id": st.id, "sha": st.Commit, "status": st.State, "name": st.Name, "ref": st.Ref, "description": st.Description, "target_url": st.TargetURL,
			})
		}
	}
	page(c, list, nil)
}

func (c *call) setStatus() {
	p := c.project(writeAPI)
	if p == nil {
		return
	}
	st := CommitStatus{Commit: c.r.PathValue("sha")}
	for name, into := range map[string]*string{
		"state": &st.State, "name": &st.Name, "description": &st.Description, "target_url": &st.TargetURL, "ref": &st.Ref,
	} {
		*into, _ = c.field(name)
	}
	if id, given := c.field("pipeline_id"); given {
		st.Pipeline, _ = strconv.ParseInt(id, 10, 64)
		at := slices.IndexFunc(p.pipelines, func(pl *pipeline) bool {
			return pl.id == st.Pipeline && pl.sha == st.Commit && (st.Ref == "" || pl.ref == st.Ref)
		})
		if at < 0 {
			c.fail(http.StatusNotFound, "Pipeline for pipeline_id, sha and ref Not Found")
			return
		}
		st.Ref = p.pipelines[at].ref
	}
	if st.Ref == defaultBranch && !c.token.maintainer {
		c.fail(http.StatusForbidden, "Forbidden")
		return
	}
	for _, old := range slices.Backward(p.statuses) {
		if old.Commit == st.Commit && old.Name == st.Name && old.Pipeline == st.Pipeline && old.Ref == st.Ref {
			if old.State == st.State {
				c.reply(http.StatusBadRequest, map[string]any{"message": "Cannot transition status via :" + map[string]string{"success": "succeed", "failed": "drop"}[st.State] + " from :" + st.State})
				return
			}
			break
		}
	}
	if len([]rune(st.Description)) > 255 || st.TargetURL != "" && !strings.HasPrefix(st.TargetURL, "http") {
		c.reply(http.StatusBadRequest, map[string]any{"message": map[string]any{"description": []string{"is too long (maximum is 255 characters)"}}})
		return
	}
	st.id = c.id()
	p.statuses = append(p.statuses, st)
	c.reply(http.StatusCreated, map[string]any{"id": st.id, "sha": st.Commit, "status": st.State, "name": st.Name})
}
