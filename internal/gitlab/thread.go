package gitlab

import (
	"context"
	"slices"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// PublishThread opens a thread on a regression and resolves it when it is gone.
// A thread that a person has resolved stays so while the same gates are
// regressed, and opens again when others are, or when they come back.
//
// Races are settled as [forge.KeepOne] says. What is resolved carries the number of the
// pipeline that resolved it, so that an older one that is late does not open it
// again.
func (c *Client) PublishThread(ctx context.Context, mr forge.Request, t forge.Thread) (forge.Done, error) {
	if len(t.Regressed) == 0 && !t.Gone {
		return forge.Undecided, nil
	}
	return forge.KeepOne(ctx, &threadPublisher{Client: c, mr: mr, thread: t}, t.Pipeline)
}

type threadPublisher struct {
	*Client
	mr     forge.Request
	thread forge.Thread
}

// ownThread is one of our threads that is there.
type ownThread struct {
	id         string
	note       int64
	author     int64
	body       string
	answered   bool // by somebody
	resolved   bool
	resolvedBy int64
	marker     forge.Marker
}

func (p *threadPublisher) Wanted() bool { return len(p.thread.Regressed) > 0 }

func (p *threadPublisher) Pipeline(have ownThread) int64 { return have.marker.Pipeline }

func (p *threadPublisher) Current(have ownThread) bool {
	_, m := p.thread.Saying(have.body, have.marker)
	return have.marker == m && have.resolved == p.resolved(have)
}

func (p *threadPublisher) Newer(ctx context.Context) (forge.Newer, error) {
	return p.newerPipelines(ctx, p.mr, p.thread.Pipeline, p.thread.JobName, p.thread.Key)
}

// resolved reports whether a thread should be.
func (p *threadPublisher) resolved(have ownThread) bool {
	return p.thread.Resolved(have.marker, have.resolved && have.resolvedBy != have.author)
}

// Bring makes a thread what it should be: its state first, which is told by the
// text that is there, so that whatever breaks off can be done again.
func (p *threadPublisher) Bring(ctx context.Context, have ownThread) error {
	if want := p.resolved(have); want != have.resolved {
		if err := p.resolve(ctx, have.id, want); err != nil {
			return err
		}
	}
	if text, m := p.thread.Saying(have.body, have.marker); m != have.marker {
		return p.edit(ctx, have, text)
	}
	return nil
}

func (p *threadPublisher) Create(ctx context.Context) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	body := p.thread.Text()
	made, _, err := p.api.Discussions.CreateMergeRequestDiscussion(p.mr.Project, p.mr.Number, &gitlab.CreateMergeRequestDiscussionOptions{Body: &body}, gitlab.WithContext(ctx))
	if err == nil && len(made.Notes) > 0 {
		p.isUser(made.Notes[0].Author.ID)
	}
	return wrap("open a thread on "+p.mr.String(), err)
}

// Remove deletes a second thread. One that people have answered in stays, and is
// resolved.
func (p *threadPublisher) Remove(ctx context.Context, second, _ ownThread) error {
	switch {
	case second.answered && second.resolved:
		return nil
	case second.answered:
		return p.resolve(ctx, second.id, true)
	}
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, err := p.api.Notes.DeleteMergeRequestNote(p.mr.Project, p.mr.Number, second.note, gitlab.WithContext(ctx))
	return wrap("delete a second thread on "+p.mr.String(), err)
}

func (p *threadPublisher) List(ctx context.Context) ([]ownThread, error) {
	var found []ownThread
	opt := &gitlab.ListMergeRequestDiscussionsOptions{}
	opt.PerPage = 100
	err := p.pages(ctx, "list the threads on "+p.mr.String(), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := p.api.Discussions.ListMergeRequestDiscussions(p.mr.Project, p.mr.Number, opt, gitlab.WithContext(ctx))
		for _, d := range list {
			if len(d.Notes) == 0 || d.IndividualNote {
				continue
			}
			n := d.Notes[0]
			m, ours := forge.ParseMarker(n.Body)
			if ours && m.Gates != "" && m.Key == p.thread.Key {
				found = append(found, ownThread{d.ID, n.ID, n.Author.ID, n.Body, answered(d), n.Resolved, n.ResolvedBy.ID, m})
			}
		}
		return resp, err
	})
	if err != nil {
		return nil, err
	}
	found, err = byUs(ctx, p.Client, found, func(t ownThread) int64 { return t.author })
	return forge.OldestFirst(found, func(t ownThread) int64 { return t.note }), err
}

// answered reports whether anybody wrote behind a thread's first note.
func answered(d *gitlab.Discussion) bool {
	return slices.ContainsFunc(d.Notes[1:], func(n *gitlab.Note) bool { return !n.System })
}

func (p *threadPublisher) edit(ctx context.Context, have ownThread, text string) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, _, err := p.api.Discussions.UpdateMergeRequestDiscussionNote(p.mr.Project, p.mr.Number, have.id, have.note,
		&gitlab.UpdateMergeRequestDiscussionNoteOptions{Body: &text}, gitlab.WithContext(ctx))
	return wrap("update the thread on "+p.mr.String(), err)
}

func (p *threadPublisher) resolve(ctx context.Context, id string, resolved bool) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, _, err := p.api.Discussions.ResolveMergeRequestDiscussion(p.mr.Project, p.mr.Number, id,
		&gitlab.ResolveMergeRequestDiscussionOptions{Resolved: &resolved}, gitlab.WithContext(ctx))
	doing := "reopen the thread on "
	if resolved {
		doing = "resolve the thread on "
	}
	return wrap(doing+p.mr.String(), err)
}
