package gitlab

import (
	"context"
	"fmt"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// PublishIssue opens an issue, or brings the one that is open up to date. Of two
// schedules that both open one, the older stays and the other is closed, with a
// word; see [forge.KeepOne].
func (c *Client) PublishIssue(ctx context.Context, project string, i forge.Issue) (forge.Done, error) {
	return forge.KeepOne(ctx, &issuePublisher{Client: c, project: project, issue: i}, i.Pipeline)
}

type issuePublisher struct {
	*Client
	project string
	issue   forge.Issue
}

// ownIssue is one of our open issues.
type ownIssue struct {
	iid int64
	forge.Marker
}

func (p *issuePublisher) Wanted() bool { return true }

func (p *issuePublisher) Pipeline(have ownIssue) int64 { return have.Marker.Pipeline }

// Current reports whether an issue says the same: that another night found it
// again is no news.
func (p *issuePublisher) Current(have ownIssue) bool { return have.Hash == p.issue.Marker().Hash }

// Newer knows nothing: a schedule's pipelines don't belong together.
func (p *issuePublisher) Newer(context.Context) (forge.Newer, error) { return forge.NewerNone, nil }

func (p *issuePublisher) Create(ctx context.Context) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	text, labels := p.issue.Text(), gitlab.LabelOptions{p.issue.Label}
	_, _, err := p.api.Issues.CreateIssue(p.project, &gitlab.CreateIssueOptions{Title: &p.issue.Title, Description: &text, Labels: &labels}, gitlab.WithContext(ctx))
	return wrap("open an issue", err)
}

func (p *issuePublisher) Bring(ctx context.Context, have ownIssue) error {
	text := p.issue.Text()
	return p.update(ctx, "update issue", have, &gitlab.UpdateIssueOptions{Description: &text, Title: &p.issue.Title})
}

func (p *issuePublisher) Remove(ctx context.Context, second, kept ownIssue) error {
	text := fmt.Sprintf("%s\n\nTwo pipelines opened an issue at the same time: #%d is the one that is kept up to date.", second.Marker, kept.iid)
	closed := "close"
	return p.update(ctx, "close the second issue", second, &gitlab.UpdateIssueOptions{Description: &text, StateEvent: &closed})
}

func (p *issuePublisher) update(ctx context.Context, doing string, have ownIssue, opt *gitlab.UpdateIssueOptions) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, _, err := p.api.Issues.UpdateIssue(p.project, have.iid, opt, gitlab.WithContext(ctx))
	return wrap(fmt.Sprintf("%s #%d", doing, have.iid), err)
}

func (p *issuePublisher) List(ctx context.Context) ([]ownIssue, error) {
	var found []ownIssue
	state, scope := "opened", "created_by_me"
	labels := gitlab.LabelOptions{p.issue.Label}
	opt := &gitlab.ListProjectIssuesOptions{State: &state, Scope: &scope, Labels: &labels}
	opt.PerPage = 100
	err := p.pages(ctx, "list the issues", func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := p.api.Issues.ListProjectIssues(p.project, opt, gitlab.WithContext(ctx))
		for _, issue := range list {
			if m, ours := forge.ParseMarker(issue.Description); ours && m.Key == p.issue.Key {
				found = append(found, ownIssue{issue.IID, m})
			}
		}
		return resp, err
	})
	return forge.OldestFirst(found, func(i ownIssue) int64 { return i.iid }), err
}
