package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// MergeRequest names a merge request.
type MergeRequest struct {
	Project int64
	IID     int64
	// Target is its target branch; "" when unknown.
	Target string
}

func (m MergeRequest) String() string { return fmt.Sprintf("merge request !%d", m.IID) }

// Note is what a publisher wants to be seen.
type Note struct {
	// Key tells the notes of several jobs apart; see [Key].
	Key string
	// Pipeline and JobName tell newer from older.
	Pipeline int64
	JobName  string
	// Body is Markdown. What follows Footer in it may differ although nothing
	// happened, and is left out when it is asked whether the note is the same.
	Body, Footer string
	// Create says whether to make a note where there is none.
	Create bool
}

// Done is what came of publishing.
type Done string

// What can come of it.
const (
	Created   Done = "created"
	Updated   Done = "updated"
	Unchanged Done = "unchanged"
	Set       Done = "set"
	// Left is a note of a newer pipeline, or one that a newer pipeline is about
	// to write.
	Left    Done = "left to a newer pipeline"
	Skipped Done = "not wanted"
	// Undecided is a thread that a run says nothing of: it was not compared, is not
	// valid, or is only suspected.
	Undecided Done = "left as it is: this run does not tell"
)

// mostBytes is GitLab's limit for a note.
const mostBytes = 1_048_576

func (n *Note) marker() marker {
	return marker{key: n.Key, pipeline: n.Pipeline, hash: digest(stable(n.Body, n.Footer))}
}

// stable is what stands in a body above its footer; all of it where it has none.
func stable(body, footer string) string {
	if at := strings.LastIndex(body, footer); footer != "" && at >= 0 { // the last: a test may be named so
		body = body[:at]
	}
	return strings.TrimSpace(body)
}

// text is the note as it is sent.
func (n *Note) text() string { return n.marker().before(n.Body) }

// PublishNote makes the note on a merge request say what it should: one note,
// whatever else is running; see [keepOne]. It may be called again with the same
// note: then it writes nothing.
func (c *Client) PublishNote(ctx context.Context, mr MergeRequest, n Note) (Done, error) {
	if len(n.text()) > mostBytes {
		return "", fmt.Errorf("write the note on %s: it has %d bytes, GitLab takes %d", mr, len(n.text()), mostBytes)
	}
	return keepOne(ctx, &notePublisher{Client: c, mr: mr, note: n}, n.Pipeline)
}

type notePublisher struct {
	*Client
	mr   MergeRequest
	note Note
}

// ownNote is one of our notes that is there.
type ownNote struct {
	id int64
	marker
	author int64
}

func (p *notePublisher) wanted() bool { return p.note.Create }

func (p *notePublisher) pipeline(have ownNote) int64 { return have.marker.pipeline }

func (p *notePublisher) current(have ownNote) bool { return have.marker == p.note.marker() }

func (p *notePublisher) newer(ctx context.Context) (newer, error) {
	return p.newerPipelines(ctx, p.mr, p.note.Pipeline, p.note.JobName)
}

func (p *notePublisher) create(ctx context.Context) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	body := p.note.text()
	made, _, err := p.api.Notes.CreateMergeRequestNote(p.mr.Project, p.mr.IID, &gitlab.CreateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	if err == nil {
		p.isUser(made.Author.ID)
	}
	return wrap("write a note on "+p.mr.String(), err)
}

func (p *notePublisher) bring(ctx context.Context, have ownNote) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	body := p.note.text()
	_, _, err := p.api.Notes.UpdateMergeRequestNote(p.mr.Project, p.mr.IID, have.id, &gitlab.UpdateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return wrap("update the note on "+p.mr.String(), err)
}

func (p *notePublisher) remove(ctx context.Context, second, _ ownNote) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, err := p.api.Notes.DeleteMergeRequestNote(p.mr.Project, p.mr.IID, second.id, gitlab.WithContext(ctx))
	return wrap("delete a second note on "+p.mr.String(), err)
}

func (p *notePublisher) list(ctx context.Context) ([]ownNote, error) {
	var found []ownNote
	sort, order := "asc", "created_at"
	opt := &gitlab.ListMergeRequestNotesOptions{OrderBy: &order, Sort: &sort}
	opt.PerPage = 100
	err := p.pages(ctx, "list the notes on "+p.mr.String(), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		notes, resp, err := p.api.Notes.ListMergeRequestNotes(p.mr.Project, p.mr.IID, opt, gitlab.WithContext(ctx))
		for _, n := range notes {
			if m, ours := parseMarker(n.Body); ours && !n.System && m.key == p.note.Key && m.gates == "" {
				found = append(found, ownNote{n.ID, m, n.Author.ID})
			}
		}
		return resp, err
	})
	if err != nil {
		return nil, err
	}
	found, err = byUs(ctx, p.Client, found, func(n ownNote) int64 { return n.author })
	return oldestFirst(found, func(n ownNote) int64 { return n.id }), err
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
