package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// mergeRequest names a merge request.
func mergeRequest(project, iid int64) *forge.Request {
	return &forge.Request{Project: strconv.FormatInt(project, 10), Number: iid, Name: fmt.Sprintf("merge request !%d", iid)}
}

// FindRequest is the merge request that a job is about: that of its own pipeline,
// else an open one of its commit. nil when there is none, as on the target branch.
func (c *Client) FindRequest(ctx context.Context, j *forge.Job) (*forge.Request, error) {
	if j.Request == nil || j.OfRequest() {
		return j.Request, nil
	}
	var found *forge.Request
	err := c.pages(ctx, "find the merge request of commit "+j.Commit, func(ctx context.Context, page int64) (*gitlab.Response, error) {
		list, resp, err := c.api.Commits.ListMergeRequestsByCommit(j.Project, j.Commit, gitlab.WithContext(ctx), gitlab.WithOffsetPaginationParameters(page))
		for _, m := range list {
			if m.State != "opened" || m.SourceBranch != j.Branch {
				continue
			}
			if found == nil || m.IID > found.Number { // of several, the newest
				found = mergeRequest(m.ProjectID, m.IID)
			}
		}
		return resp, err
	})
	if err != nil { // a 404, too: GitLab knows the commit of its own job, but not everybody sees it
		return nil, err
	}
	return found, nil
}

// Bounds of what is asked about ancestors: a page holds 100 commits.
const (
	mostCommitPages = 5
	mostMergeBases  = 20
)

// Ancestors reports which of some commits are ancestors of head or head itself.
// Those not in the answer are unknown: commits are looked for among the newest
// 500 that head is built on, and of the others the first 20 are asked about one
// by one, so that those that matter most come first. Commits that GitLab doesn't
// know are no ancestors.
func (c *Client) Ancestors(ctx context.Context, project any, head string, commits []string) (map[string]bool, error) {
	out := make(map[string]bool)
	wanted := make(map[string]bool)
	for _, commit := range commits {
		wanted[commit] = true
	}
	all, err := c.history(ctx, project, head, func(commit string) {
		if wanted[commit] {
			out[commit] = true
		}
	})
	if err != nil {
		return nil, err
	}
	asked := 0
	for _, commit := range commits {
		if out[commit] {
			continue
		}
		if _, done := out[commit]; done || commit == "" {
			continue
		}
		if all {
			out[commit] = false
			continue
		}
		if asked++; asked > mostMergeBases {
			break
		}
		if out[commit], err = c.isAncestor(ctx, project, head, commit); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// history visits the commits that head is built on, the newest first, and
// reports whether these were all.
func (c *Client) history(ctx context.Context, project any, head string, visit func(string)) (all bool, err error) {
	opt := &gitlab.ListCommitsOptions{RefName: &head}
	opt.PerPage = 100
	for page := int64(1); page <= mostCommitPages; {
		opt.Page = page
		call, cancel := c.within(ctx)
		list, resp, err := c.api.Commits.ListCommits(project, opt, gitlab.WithContext(call))
		cancel()
		if err != nil {
			return false, wrap("list the commits that "+head+" is built on", err)
		}
		for _, commit := range list {
			visit(commit.ID)
		}
		// Commits are not counted: an empty page is the end where none is named.
		if resp.NextPage <= page {
			return true, nil
		}
		page = resp.NextPage
	}
	return false, nil
}

// isAncestor asks for the merge base: a commit is an ancestor exactly if it is
// that itself.
func (c *Client) isAncestor(ctx context.Context, project any, head, commit string) (bool, error) {
	ctx, cancel := c.within(ctx)
	defer cancel()
	base, _, err := c.api.Repositories.MergeBase(project, &gitlab.MergeBaseOptions{Ref: &[]string{commit, head}}, gitlab.WithContext(ctx))
	wrapped := wrap("find the merge base of "+commit+" and "+head, err)
	switch forge.StatusOf(wrapped) {
	case http.StatusNotFound, http.StatusBadRequest:
		return false, nil
	}
	return wrapped == nil && base.ID == commit, wrapped
}
