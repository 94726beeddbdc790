package gitlab

import (
	"context"
	"errors"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Issue is what a scheduled pipeline opens on a regression.
type Issue struct {
	Key      string
	Pipeline int64
	Title    string // one line
	Body     string // Markdown
	Label    string // ours, by which it is found again
}

// PublishIssue opens an issue, or brings the one that is open up to date.
func (c *Client) PublishIssue(ctx context.Context, project int64, i Issue) (Done, error) {
	want := marker{key: i.Key, pipeline: i.Pipeline, hash: digest(i.Body)}
	text := strings.TrimRight(want.String()+"\n\n"+i.Body, " \n\t")
	have, err := c.findIssue(ctx, project, i)
	if err != nil {
		return "", err
	}
	if have != nil {
		m, _ := parseMarker(have.Description)
		if m.pipeline >= i.Pipeline || m.hash == want.hash {
			return Unchanged, nil
		}
		call, cancel := c.within(ctx)
		defer cancel()
		_, _, err := c.api.Issues.UpdateIssue(project, have.IID, &gitlab.UpdateIssueOptions{Description: &text, Title: &i.Title}, gitlab.WithContext(call))
		return Updated, wrap("update the issue", err)
	}
	call, cancel := c.within(ctx)
	defer cancel()
	labels := gitlab.LabelOptions{i.Label}
	_, _, err = c.api.Issues.CreateIssue(project, &gitlab.CreateIssueOptions{Title: &i.Title, Description: &text, Labels: &labels}, gitlab.WithContext(call))
	if err = wrap("open an issue", err); !unsure(err) {
		return Created, err
	}
	have, findErr := c.findIssue(ctx, project, i)
	switch {
	case findErr != nil:
		return "", errors.Join(err, findErr)
	case have == nil:
		return "", err
	}
	return Created, nil
}

// findIssue is the open issue of that key; nil when there is none.
func (c *Client) findIssue(ctx context.Context, project int64, i Issue) (*gitlab.Issue, error) {
	var found *gitlab.Issue
	state, scope := "opened", "created_by_me"
	labels := gitlab.LabelOptions{i.Label}
	opt := &gitlab.ListProjectIssuesOptions{State: &state, Scope: &scope, Labels: &labels}
	opt.PerPage = 100
	err := c.pages(ctx, "list the issues", func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := c.api.Issues.ListProjectIssues(project, opt, gitlab.WithContext(ctx))
		for _, issue := range list {
			if m, ours := parseMarker(issue.Description); ours && m.key == i.Key && (found == nil || issue.IID < found.IID) {
				found = issue
			}
		}
		return resp, err
	})
	return found, err
}
