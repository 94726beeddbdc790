package gitlab

import (
	"context"
	"fmt"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Issue is what a scheduled pipeline opens on a regression.
type Issue struct {
	Key      string
	Pipeline int64
	Title    string // one line
	// Body is Markdown. What follows Footer in it is left out when it is asked
	// whether the issue is the same, as in a [Note].
	Body, Footer string
	Label        string // ours, by which it is found again
}

func (i *Issue) marker() marker {
	return marker{key: i.Key, pipeline: i.Pipeline, hash: digest(stable(i.Body, i.Footer))}
}

func (i *Issue) text() string { return i.marker().before(i.Body) }

// PublishIssue opens an issue, or brings the one that is open up to date. Of two
// schedules that both open one, the older stays and the other is closed, with a
// word; see [keepOne].
func (c *Client) PublishIssue(ctx context.Context, project int64, i Issue) (Done, error) {
	return keepOne(ctx, &issuePublisher{Client: c, project: project, issue: i}, i.Pipeline)
}

type issuePublisher struct {
	*Client
	project int64
	issue   Issue
}

// ownIssue is one of our open issues.
type ownIssue struct {
	iid int64
	marker
}

func (p *issuePublisher) wanted() bool { return true }

func (p *issuePublisher) pipeline(have ownIssue) int64 { return have.marker.pipeline }

// current reports whether an issue says the same: that another night found it
// again is no news.
func (p *issuePublisher) current(have ownIssue) bool { return have.hash == p.issue.marker().hash }

// newer knows nothing: a schedule's pipelines don't belong together.
func (p *issuePublisher) newer(context.Context) (newer, error) { return newerNone, nil }

func (p *issuePublisher) create(ctx context.Context) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	text, labels := p.issue.text(), gitlab.LabelOptions{p.issue.Label}
	_, _, err := p.api.Issues.CreateIssue(p.project, &gitlab.CreateIssueOptions{Title: &p.issue.Title, Description: &text, Labels: &labels}, gitlab.WithContext(ctx))
	return wrap("open an issue", err)
}

func (p *issuePublisher) bring(ctx context.Context, have ownIssue) error {
	text := p.issue.text()
	return p.update(ctx, "update issue", have, &gitlab.UpdateIssueOptions{Description: &text, Title: &p.issue.Title})
}

func (p *issuePublisher) remove(ctx context.Context, second, kept ownIssue) error {
	text := fmt.Sprintf("%s\n\nTwo pipelines opened an issue at the same time: #%d is the one that is kept up to date.", second.marker, kept.iid)
	closed := "close"
	return p.update(ctx, "close the second issue", second, &gitlab.UpdateIssueOptions{Description: &text, StateEvent: &closed})
}

func (p *issuePublisher) update(ctx context.Context, doing string, have ownIssue, opt *gitlab.UpdateIssueOptions) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, _, err := p.api.Issues.UpdateIssue(p.project, have.iid, opt, gitlab.WithContext(ctx))
	return wrap(fmt.Sprintf("%s #%d", doing, have.iid), err)
}

func (p *issuePublisher) list(ctx context.Context) ([]ownIssue, error) {
	var found []ownIssue
	state, scope := "opened", "created_by_me"
	labels := gitlab.LabelOptions{p.issue.Label}
	opt := &gitlab.ListProjectIssuesOptions{State: &state, Scope: &scope, Labels: &labels}
	opt.PerPage = 100
	err := p.pages(ctx, "list the issues", func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := p.api.Issues.ListProjectIssues(p.project, opt, gitlab.WithContext(ctx))
		for _, issue := range list {
			if m, ours := parseMarker(issue.Description); ours && m.key == p.issue.Key {
				found = append(found, ownIssue{issue.IID, m})
			}
		}
		return resp, err
	})
	return oldestFirst(found, func(i ownIssue) int64 { return i.iid }), err
}
