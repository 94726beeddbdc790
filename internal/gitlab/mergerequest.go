package gitlab

import (
	"context"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// FindMergeRequest is the merge request that a job is about: that of its own
// pipeline, else an open one of its commit. nil when there is none, as on the
// target branch.
func (c *Client) FindMergeRequest(ctx context.Context, j *Job) (*MergeRequest, error) {
	if j.MergeRequest != 0 {
		return &MergeRequest{Project: j.MergeRequestProject, IID: j.MergeRequest, Target: j.Target}, nil
	}
	if j.Commit == "" || j.OnTarget() || j.Scheduled() || len(j.Open) == 0 {
		return nil, nil
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	list, _, err := c.api.Commits.ListMergeRequestsByCommit(j.Project, j.Commit, gitlab.WithContext(ctx))
	if err != nil {
		wrapped := wrap("find the merge request of commit "+short(j.Commit), err)
		if statusOf(wrapped) == http.StatusNotFound {
			return nil, nil // a commit that GitLab has not seen yet
		}
		return nil, wrapped
	}
	var found *MergeRequest
	for _, m := range list {
		if m.State != "opened" || m.SourceBranch != j.Branch {
			continue
		}
		if found == nil || m.IID > found.IID { // of several, the newest
			found = &MergeRequest{Project: m.ProjectID, IID: m.IID, Target: m.TargetBranch}
		}
	}
	return found, nil
}

// Ancestors reports which of some commits are ancestors of head or head itself.
// The answer comes from comparing: a commit that head contains has nothing that
// head lacks. Commits that GitLab doesn't know are none.
func (c *Client) Ancestors(ctx context.Context, project int64, head string, commits []string) (map[string]bool, error) {
	out := make(map[string]bool, len(commits))
	for _, commit := range commits {
		if _, known := out[commit]; known || commit == "" {
			continue
		}
		if commit == head {
			out[commit] = true
			continue
		}
		call, cancel := c.within(ctx)
		base, _, err := c.api.Repositories.MergeBase(project, &gitlab.MergeBaseOptions{Ref: &[]string{commit, head}}, gitlab.WithContext(call))
		cancel()
		if err != nil {
			wrapped := wrap("find the merge base of "+short(commit)+" and "+short(head), err)
			if statusOf(wrapped) == http.StatusNotFound || statusOf(wrapped) == http.StatusBadRequest {
				out[commit] = false
				continue
			}
			return nil, wrapped
		}
		out[commit] = base.ID == commit
	}
	return out, nil
}
