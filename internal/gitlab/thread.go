package gitlab

import (
	"context"
	"errors"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Thread is a resolvable discussion that stays open while something is
// regressed.
type Thread struct {
	Key      string
	Pipeline int64
	// Regressed names the gates that are; empty resolves the thread.
	Regressed []string
	// Body is Markdown for the thread's first note.
	Body string
}

func (t *Thread) marker() marker {
	gates := slices.Sorted(slices.Values(t.Regressed))
	return marker{key: t.Key, pipeline: t.Pipeline, hash: digest(t.Body), gates: digest(strings.Join(gates, "\n"))}
}

// PublishThread opens a thread on a regression and resolves it when it is gone.
// A thread that a person has resolved stays so while the same gates are
// regressed, and opens again when others are.
func (c *Client) PublishThread(ctx context.Context, mr MergeRequest, t Thread) (Done, error) {
	me, err := c.user(ctx)
	if err != nil {
		return "", err
	}
	have, err := c.findThread(ctx, mr, t.Key, me)
	if err != nil {
		return "", err
	}
	want := t.marker()
	switch {
	case have == nil && len(t.Regressed) == 0:
		return Skipped, nil
	case have == nil:
		return c.openThread(ctx, mr, t, me)
	case have.marker.pipeline > t.Pipeline:
		return Left, nil
	case len(t.Regressed) == 0 && have.resolved:
		return Unchanged, nil
	case len(t.Regressed) == 0:
		return Updated, c.resolve(ctx, mr, have.id, true)
	}
	same := have.marker.gates == want.gates
	if !same || have.marker.hash != want.hash {
		if err := c.editThread(ctx, mr, have, t); err != nil {
			return "", err
		}
	}
	if have.resolved && (!same || have.resolvedBy == me) {
		return Updated, c.resolve(ctx, mr, have.id, false)
	}
	if same && have.marker.hash == want.hash {
		return Unchanged, nil
	}
	return Updated, nil
}

// ownThread is our thread that is there.
type ownThread struct {
	id         string
	note       int64
	resolved   bool
	resolvedBy int64
	marker     marker
}

// findThread is the oldest of our threads; nil when there is none.
func (c *Client) findThread(ctx context.Context, mr MergeRequest, key string, me int64) (*ownThread, error) {
	var found *ownThread
	opt := &gitlab.ListMergeRequestDiscussionsOptions{}
	opt.PerPage = 100
	err := c.pages(ctx, "list the threads on "+mr.String(), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := c.api.Discussions.ListMergeRequestDiscussions(mr.Project, mr.IID, opt, gitlab.WithContext(ctx))
		for _, d := range list {
			if len(d.Notes) == 0 || d.IndividualNote {
				continue
			}
			n := d.Notes[0]
			m, ours := parseMarker(n.Body)
			if ours && m.gates != "" && m.key == key && n.Author.ID == me && (found == nil || n.ID < found.note) {
				found = &ownThread{d.ID, n.ID, n.Resolved, n.ResolvedBy.ID, m}
			}
		}
		return resp, err
	})
	return found, err
}

func (t *Thread) text() string {
	return strings.TrimRight(t.marker().String()+"\n\n"+t.Body, " \n\t")
}

func (c *Client) openThread(ctx context.Context, mr MergeRequest, t Thread, me int64) (Done, error) {
	call, cancel := c.within(ctx)
	defer cancel()
	body := t.text()
	_, _, err := c.api.Discussions.CreateMergeRequestDiscussion(mr.Project, mr.IID, &gitlab.CreateMergeRequestDiscussionOptions{Body: &body}, gitlab.WithContext(call))
	err = wrap("open a thread on "+mr.String(), err)
	if !unsure(err) {
		return Created, err
	}
	have, findErr := c.findThread(ctx, mr, t.Key, me) // the answer may have been lost
	switch {
	case findErr != nil:
		return "", errors.Join(err, findErr)
	case have == nil || have.marker != t.marker():
		return "", err
	}
	return Created, nil
}

func (c *Client) editThread(ctx context.Context, mr MergeRequest, have *ownThread, t Thread) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	body := t.text()
	_, _, err := c.api.Discussions.UpdateMergeRequestDiscussionNote(mr.Project, mr.IID, have.id, have.note,
		&gitlab.UpdateMergeRequestDiscussionNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return wrap("update the thread on "+mr.String(), err)
}

func (c *Client) resolve(ctx context.Context, mr MergeRequest, id string, resolved bool) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	_, _, err := c.api.Discussions.ResolveMergeRequestDiscussion(mr.Project, mr.IID, id,
		&gitlab.ResolveMergeRequestDiscussionOptions{Resolved: &resolved}, gitlab.WithContext(ctx))
	doing := "reopen the thread on "
	if resolved {
		doing = "resolve the thread on "
	}
	return wrap(doing+mr.String(), err)
}
