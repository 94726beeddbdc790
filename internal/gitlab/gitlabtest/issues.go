package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Issue is one of the project.
type Issue struct {
	IID                int64
	Title, Description string
	State              string // opened or closed
	Labels             []string
	author             int64
}

func (i *Issue) json() map[string]any {
	return map[string]any{
		"id": i.IID + 5000, "iid": i.IID, "title": i.Title, "description": i.Description, "state": i.State,
		"labels": i.Labels, "author": author(i.author),
	}
}

// Issues are all of the project's.
func (s *Server) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Issue
	for _, i := range s.projects[Project].issues {
		out = append(out, *i)
	}
	return out
}

// CloseIssues lets somebody close all issues.
func (s *Server) CloseIssues() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.projects[Project].issues {
		i.State = "closed"
	}
}

func (c *call) listIssues() {
	p := c.project(readAPI)
	if p == nil {
		return
	}
	q := c.r.URL.Query()
	list := []map[string]any{}
	for _, i := range p.issues {
		if q.Get("state") != "" && q.Get("state") != i.State || q.Get("scope") == "created_by_me" && i.author != c.token.user {
			continue
		}
		wanted := strings.Split(q.Get("labels"), ",")
		if q.Get("labels") != "" && slices.ContainsFunc(wanted, func(l string) bool { return !slices.Contains(i.Labels, l) }) {
			continue
		}
		list = append(list, i.json())
	}
	page(c, list, nil)
}

func (c *call) createIssue() {
	p := c.project(writeAPI)
	if p == nil {
		return
	}
	title, ok := c.field("title")
	if !ok || title == "" {
		c.fail(http.StatusBadRequest, "title is missing")
		return
	}
	i := &Issue{IID: int64(len(p.issues) + 1), Title: title, State: "opened", author: c.token.user}
	i.Description, _ = c.field("description")
	if labels, ok := c.field("labels"); ok {
		i.Labels = strings.Split(labels, ",")
	}
	p.issues = append(p.issues, i)
	c.reply(http.StatusCreated, i.json())
}

func (c *call) updateIssue() {
	p := c.project(writeAPI)
	if p == nil {
		return
	}
	iid, _ := strconv.ParseInt(c.r.PathValue("issue"), 10, 64)
	for _, i := range p.issues {
		if i.IID != iid {
			continue
		}
		if title, ok := c.field("title"); ok {
			i.Title = title
		}
		if text, ok := c.field("description"); ok {
			i.Description = text
		}
		switch event, _ := c.field("state_event"); event {
		case "close":
			i.State = "closed"
		case "reopen":
			i.State = "opened"
		}
		c.reply(http.StatusOK, i.json())
		return
	}
	c.fail(http.StatusNotFound, "Not found")
}
