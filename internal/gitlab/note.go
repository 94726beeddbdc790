package gitlab

import (
	"context"
	"fmt"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// mostBytes is GitLab's limit for a note.
const mostBytes = 1_048_576

// PublishNote makes the note on a merge request say what it should: one note,
// whatever else is running; see [forge.KeepOne]. It may be called again with the same
// note: then it writes nothing.
func (c *Client) PublishNote(ctx context.Context, mr forge.Request, n forge.Note) (forge.Done, error) {
	if len(n.Text()) > mostBytes {
		return "", fmt.Errorf("write the note on %s: it has %d bytes, GitLab takes %d", mr, len(n.Text()), mostBytes)
	}
	return forge.KeepOne(ctx, &notePublisher{Client: c, mr: mr, note: n}, n.Pipeline)
}

type notePublisher struct {
	*Client
	mr   forge.Request
	note forge.Note
}

// ownNote is one of our notes that is there.
type ownNote struct {
	id int64
	forge.Marker
	author int64
}

func (p *notePublisher) Wanted() bool { return p.note.Create }

func (p *notePublisher) Pipeline(have ownNote) int64 { return have.Marker.Pipeline }

func (p *notePublisher) Current(have ownNote) bool { return have.Marker == p.note.Marker() }

func (p *notePublisher) Newer(ctx context.Context) (forge.Newer, error) {
	return p.newerPipelines(ctx, p.mr, p.note.Pipeline, p.note.JobName, p.note.Key)
}

func (p *notePublisher) Create(ctx context.Context) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	body := p.note.Text()
	made, _, err := p.api.Notes.CreateMergeRequestNote(p.mr.Project, p.mr.Number, &gitlab.CreateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	if err == nil {
		p.isUser(made.Author.ID)
	}
	return wrap("write a note on "+p.mr.String(), err)
}

func (p *notePublisher) Bring(ctx context.Context, have ownNote) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	body := p.note.Text()
	_, _, err := p.api.Notes.UpdateMergeRequestNote(p.mr.Project, p.mr.Number, have.id, &gitlab.UpdateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return wrap("update the note on "+p.mr.String(), err)
}

func (p *notePublisher) Remove(ctx context.Context, second, _ ownNote) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, err := p.api.Notes.DeleteMergeRequestNote(p.mr.Project, p.mr.Number, second.id, gitlab.WithContext(ctx))
	return wrap("delete a second note on "+p.mr.String(), err)
}

func (p *notePublisher) List(ctx context.Context) ([]ownNote, error) {
	var found []ownNote
	sort, order := "asc", "created_at"
	opt := &gitlab.ListMergeRequestNotesOptions{OrderBy: &order, Sort: &sort}
	opt.PerPage = 100
	err := p.pages(ctx, "list the notes on "+p.mr.String(), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		notes, resp, err := p.api.Notes.ListMergeRequestNotes(p.mr.Project, p.mr.Number, opt, gitlab.WithContext(ctx))
		for _, n := range notes {
			if m, ours := forge.ParseMarker(n.Body); ours && !n.System && m.Key == p.note.Key && m.Gates == "" {
				found = append(found, ownNote{n.ID, m, n.Author.ID})
			}
		}
		return resp, err
	})
	if err != nil {
		return nil, err
	}
	found, err = byUs(ctx, p.Client, found, func(n ownNote) int64 { return n.author })
	return forge.OldestFirst(found, func(n ownNote) int64 { return n.id }), err
}

// byUs leaves what the token's owner wrote: markers can be copied. Where there is
// nothing, nobody is asked who that is.
func byUs[T any](ctx context.Context, c *Client, list []T, author func(T) int64) ([]T, error) {
	if len(list) == 0 {
		return nil, nil
	}
	me, err := c.user(ctx)
	return slices.DeleteFunc(list, func(one T) bool { return author(one) != me }), err
}

// mostPages ends a listing that has no end.
const mostPages = 1000

// pages walks through all pages of a listing. A page may be shorter than asked
// for; what follows is what the server says, not what was counted.
func (c *Client) pages(ctx context.Context, doing string, page func(ctx context.Context, number int64) (*gitlab.Response, error)) error {
	for number := int64(1); number > 0 && number <= mostPages; {
		call, cancel := c.within(ctx)
		resp, err := page(call, number)
		cancel()
		if err != nil {
			return wrap(doing, err)
		}
		if resp.NextPage <= number {
			return nil
		}
		number = resp.NextPage
	}
	return nil
}

// user is whom the token belongs to; asked once.
func (c *Client) user(ctx context.Context) (int64, error) {
	c.meMu.Lock()
	defer c.meMu.Unlock()
	if c.me != 0 {
		return c.me, nil
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	user, _, err := c.api.Users.CurrentUser(gitlab.WithContext(ctx))
	if err != nil {
		return 0, wrap("ask GitLab whom the token belongs to", err)
	}
	c.me = user.ID
	return c.me, nil
}

// isUser remembers whom the token belongs to, as the answer to a write tells.
func (c *Client) isUser(id int64) {
	c.meMu.Lock()
	defer c.meMu.Unlock()
	if c.me == 0 {
		c.me = id
	}
}
