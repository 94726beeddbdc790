package gitlab

import (
	"context"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Status is a line beside the jobs of a pipeline.
type Status struct {
	Name string // "k6report"
	// Failed is red, otherwise green.
	Failed      bool
	Description string // one line, shortened to what GitLab takes
	// URL is where the line leads; "" is nowhere.
	URL      string
	Branch   string
	Pipeline int64
}

// mostDescription is GitLab's limit, in runes.
const mostDescription = 250

// SetStatus sets the status of a commit. That it has this status already, or
// that another job is setting it, is no error.
func (c *Client) SetStatus(ctx context.Context, project int64, commit string, s Status) error {
	opt := &gitlab.SetCommitStatusOptions{State: gitlab.Success, Name: &s.Name}
	if s.Failed {
		opt.State = gitlab.Failed
	}
	if runes := []rune(s.Description); len(runes) > mostDescription {
		s.Description = string(runes[:mostDescription-1]) + "…"
	}
	if s.Description != "" {
		opt.Description = &s.Description
	}
	if s.URL != "" {
		opt.TargetURL = &s.URL
	}
	if s.Branch != "" {
		opt.Ref = &s.Branch
	}
	if s.Pipeline != 0 {
		opt.PipelineID = &s.Pipeline
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	_, _, err := c.api.Commits.SetCommitStatus(project, commit, opt, gitlab.WithContext(ctx))
	wrapped := wrap("set the status of commit "+short(commit), err)
	switch statusOf(wrapped) {
	case http.StatusConflict:
		return nil
	case http.StatusBadRequest:
		if strings.Contains(strings.ToLower(wrapped.Error()), "cannot transition") {
			return nil
		}
	}
	return wrapped
}

func short(commit string) string { return commit[:min(len(commit), 8)] }
