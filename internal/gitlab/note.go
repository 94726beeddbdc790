package gitlab

import (
	"context"
	"errors"
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
	stable := n.Body
	if at := strings.LastIndex(n.Body, n.Footer); n.Footer != "" && at >= 0 { // the last: a test may be named so
		stable = n.Body[:at]
	}
	return marker{key: n.Key, pipeline: n.Pipeline, hash: digest(strings.TrimSpace(stable))}
}

// text is the note as it is sent.
func (n *Note) text() string {
	return strings.TrimRight(n.marker().String()+"\n\n"+n.Body, " \n\t")
}

// own is one of our notes that is there.
type own struct {
	id int64
	marker
}

// PublishNote makes the note on a merge request say what it should: one note,
// whatever else is running. It may be called again with the same note: then it
// writes nothing.
//
// A note that cannot be written in time is found by its marker, never written
// twice. Of two jobs that race, both may make a note; both then delete all but
// the oldest, and whoever finds an older text in it than its own writes again.
// An older pipeline does not overwrite a note while a newer one is still going
// to: GitLab has no way to write only if nothing was written since.
func (c *Client) PublishNote(ctx context.Context, mr MergeRequest, n Note) (Done, error) {
	if len(n.text()) > mostBytes {
		return "", fmt.Errorf("write the note on %s: it has %d bytes, GitLab takes %d", mr, len(n.text()), mostBytes)
	}
	me, err := c.user(ctx)
	if err != nil {
		return "", err
	}
	p := &publisher{Client: c, mr: mr, note: n, me: me}
	return p.publish(ctx)
}

type publisher struct {
	*Client
	mr   MergeRequest
	note Note
	me   int64
}

func (p *publisher) publish(ctx context.Context) (Done, error) {
	want := p.note.marker()
	for round := 1; ; round++ {
		notes, err := p.list(ctx)
		if err != nil {
			return "", err
		}
		if len(notes) == 0 {
			if !p.note.Create {
				return Skipped, nil
			}
			return p.create(ctx)
		}
		first := notes[0]
		switch {
		case newestNote(notes) > want.pipeline:
			return Left, nil // of several, whoever wrote it makes one, or the next pipeline does
		case first.marker == want:
			return Unchanged, p.deleteOthers(ctx, notes)
		}
		newer, err := p.newer(ctx, p.mr, p.note.Pipeline, p.note.JobName)
		switch {
		case err != nil:
			return "", err
		case newer == newerComing:
			return Left, nil
		case newer != newerNone && round == 1:
			continue // it may have written since the notes were listed
		}
		err = p.update(ctx, first.id)
		switch {
		case statusOf(err) == 404 && round < mostRounds:
			continue // another job may have deleted it
		case err != nil:
			return "", err
		}
		return Updated, p.deleteOthers(ctx, notes)
	}
}

// newestNote is the newest pipeline that notes are of.
func newestNote(notes []own) int64 {
	var newest int64
	for _, n := range notes {
		newest = max(newest, n.pipeline)
	}
	return newest
}

// create makes a note and settles what else was made meanwhile.
func (p *publisher) create(ctx context.Context) (Done, error) {
	call, cancel := p.within(ctx)
	defer cancel()
	body := p.note.text()
	_, _, err := p.api.Notes.CreateMergeRequestNote(p.mr.Project, p.mr.IID, &gitlab.CreateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(call))
	err = wrap("write a note on "+p.mr.String(), err)
	if err != nil && !unsure(err) {
		return "", err
	}
	notes, listErr := p.list(ctx)
	if listErr != nil {
		return "", errors.Join(err, listErr)
	}
	switch {
	case len(notes) == 0 && err != nil:
		return "", err // it was not done
	case len(notes) == 0: // taken away at once, by a person or another job
		return Created, nil
	}
	// Where ours is not among them, another job may have deleted it as a second
	// one: what is there gets the newest text all the same.
	return Created, p.settle(ctx, notes)
}

// settle leaves one note of several, with the newest text.
func (p *publisher) settle(ctx context.Context, notes []own) error {
	if err := p.deleteOthers(ctx, notes); err != nil {
		return err
	}
	want := p.note.marker()
	for range mostRounds { // another job may delete the survivor that we saw
		if len(notes) == 0 {
			return nil
		}
		first := notes[0]
		if first.pipeline > want.pipeline || first.pipeline == want.pipeline && first.hash == want.hash {
			return nil
		}
		err := p.update(ctx, first.id)
		if err == nil || statusOf(err) != 404 {
			return err
		}
		if notes, err = p.list(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) update(ctx context.Context, id int64) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	body := p.note.text()
	_, _, err := p.api.Notes.UpdateMergeRequestNote(p.mr.Project, p.mr.IID, id, &gitlab.UpdateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return wrap("update the note on "+p.mr.String(), err)
}

// deleteOthers deletes all but the first and those of newer pipelines, which
// these delete. One that is gone already is fine.
func (p *publisher) deleteOthers(ctx context.Context, notes []own) error {
	for _, n := range notes[1:] {
		if n.pipeline > p.note.Pipeline {
			continue
		}
		call, cancel := p.within(ctx)
		_, err := p.api.Notes.DeleteMergeRequestNote(p.mr.Project, p.mr.IID, n.id, gitlab.WithContext(call))
		cancel()
		if err := wrap("delete a second note on "+p.mr.String(), err); err != nil && statusOf(err) != 404 {
			return err
		}
	}
	return nil
}

// list are our notes of this key, the oldest first.
func (p *publisher) list(ctx context.Context) ([]own, error) {
	var found []own
	sort, order := "asc", "created_at"
	opt := &gitlab.ListMergeRequestNotesOptions{OrderBy: &order, Sort: &sort}
	opt.PerPage = 100
	err := p.pages(ctx, "list the notes on "+p.mr.String(), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		notes, resp, err := p.api.Notes.ListMergeRequestNotes(p.mr.Project, p.mr.IID, opt, gitlab.WithContext(ctx))
		for _, n := range notes {
			m, ours := parseMarker(n.Body)
			if ours && !n.System && n.Author.ID == p.me && m.key == p.note.Key && m.gates == "" {
				found = append(found, own{n.ID, m})
			}
		}
		return resp, err
	})
	slices.SortFunc(found, func(a, b own) int { return int(a.id - b.id) })
	return slices.CompactFunc(found, func(a, b own) bool { return a.id == b.id }), err
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
