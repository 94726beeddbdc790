package gitlab

import (
	"context"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// mostDescription is GitLab's limit, in runes.
const mostDescription = 250

// SetStatus sets the status of a commit, unless it is so already. GitLab takes one
// status of a commit at a time, of whatever name, and refuses others meanwhile (409):
// [forge.Patience] asks again.
func (c *Client) SetStatus(ctx context.Context, project, commit string, s forge.Status) (forge.Done, error) {
	if runes := []rune(s.Description); len(runes) > mostDescription {
		s.Description = string(runes[:mostDescription-1]) + "…"
	}
	opt := statusOptions(&s)
	if c.hasStatus(ctx, project, commit, opt) {
		return forge.Unchanged, nil
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	_, resp, err := c.api.Commits.SetCommitStatus(project, commit, opt, gitlab.WithContext(ctx))
	wrapped := wrapStatus("set the status of commit "+commit, err, resp)
	if forge.StatusOf(wrapped) == http.StatusBadRequest && strings.Contains(strings.ToLower(wrapped.Error()), "cannot transition") {
		return forge.Unchanged, nil
	}
	return forge.Set, wrapped
}

// statusOptions are what is sent. GitLab looks a pipeline up by its number, its
// commit and, where one is given, its ref, which of a merge request's pipeline is
// not the branch: the number is enough.
func statusOptions(s *forge.Status) *gitlab.SetCommitStatusOptions {
	opt := &gitlab.SetCommitStatusOptions{State: gitlab.Success, Name: &s.Name}
	if s.Failed {
		opt.State = gitlab.Failed
	}
	if s.Description != "" {
		opt.Description = &s.Description
	}
	if s.URL != "" {
		opt.TargetURL = &s.URL
	}
	switch {
	case s.Pipeline != 0:
		opt.PipelineID = &s.Pipeline
	case s.Branch != "":
		opt.Ref = &s.Branch
	}
	return opt
}

// hasStatus reports whether a commit has a status already. What can't be told is
// no: then it is set.
func (c *Client) hasStatus(ctx context.Context, project, commit string, want *gitlab.SetCommitStatusOptions) bool {
	ctx, cancel := c.within(ctx)
	defer cancel()
	opt := &gitlab.GetCommitStatusesOptions{Name: want.Name, Ref: want.Ref, PipelineID: want.PipelineID}
	list, _, err := c.api.Commits.GetCommitStatuses(project, commit, opt, gitlab.WithContext(ctx))
	if err != nil {
		return false
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	var newest *gitlab.CommitStatus
	for _, s := range list {
		if s.Name == text(want.Name) && (newest == nil || s.ID > newest.ID) {
			newest = s
		}
	}
	return newest != nil && newest.Status == string(want.State) && newest.Description == text(want.Description) && newest.TargetURL == text(want.TargetURL)
}
