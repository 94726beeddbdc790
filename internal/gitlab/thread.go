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
	Key string
	// Pipeline and JobName tell newer from older.
	Pipeline int64
	JobName  string
	// Regressed names the gates that are.
	Regressed []string
	// Gone says that nothing is regressed, which takes a comparison that was made
	// and went well: it resolves the thread. Where it is false and Regressed is
	// empty, nothing is known, and the thread stays as it is.
	Gone bool
	// Body is Markdown for the thread's first note.
	Body string
}

func (t *Thread) marker() marker {
	gates := slices.Sorted(slices.Values(t.Regressed))
	return marker{key: t.Key, pipeline: t.Pipeline, hash: digest(t.Body), gates: digest(strings.Join(gates, "\n"))}
}

func (t *Thread) text() string {
	return strings.TrimRight(t.marker().String()+"\n\n"+t.Body, " \n\t")
}

// PublishThread opens a thread on a regression and resolves it when it is gone.
// A thread that a person has resolved stays so while the same gates are
// regressed, and opens again when others are, or when they come back.
//
// Races are settled as those of notes are: see [Client.PublishNote]. What is
// resolved carries the number of the pipeline that resolved it, so that an older
// one that is late does not open it again.
func (c *Client) PublishThread(ctx context.Context, mr MergeRequest, t Thread) (Done, error) {
	if len(t.Regressed) == 0 && !t.Gone {
		return Undecided, nil
	}
	me, err := c.user(ctx)
	if err != nil {
		return "", err
	}
	p := &threadPublisher{Client: c, mr: mr, thread: t, me: me}
	return p.publish(ctx)
}

type threadPublisher struct {
	*Client
	mr     MergeRequest
	thread Thread
	me     int64
}

// ownThread is one of our threads that is there.
type ownThread struct {
	id         string
	note       int64
	body       string
	answered   bool // by somebody
	resolved   bool
	resolvedBy int64
	marker     marker
}

// mostRounds bounds how often somebody may take away what is to be written.
const mostRounds = 3

func (p *threadPublisher) publish(ctx context.Context) (Done, error) {
	for round := 1; ; round++ {
		threads, err := p.list(ctx)
		if err != nil {
			return "", err
		}
		if len(threads) == 0 && len(p.thread.Regressed) == 0 {
			return Skipped, nil
		}
		if newestThread(threads) > p.thread.Pipeline {
			return Left, nil
		}
		if done, ok := p.current(threads); ok {
			return done, p.closeOthers(ctx, threads)
		}
		newer, err := p.newer(ctx, p.mr, p.thread.Pipeline, p.thread.JobName)
		switch {
		case err != nil:
			return "", err
		case newer == newerComing:
			return Left, nil
		case newer != newerNone && round == 1:
			continue // it may have written since the threads were listed
		case len(threads) == 0 && newer == newerSaid:
			return Left, nil // it saw no reason for a thread
		case len(threads) == 0:
			return p.create(ctx)
		}
		err = p.bring(ctx, threads[0])
		switch {
		case statusOf(err) == 404 && round < mostRounds:
			continue
		case err != nil:
			return "", err
		}
		return Updated, p.closeOthers(ctx, threads)
	}
}

// newestThread is the newest pipeline that threads are of.
func newestThread(threads []ownThread) int64 {
	var newest int64
	for _, t := range threads {
		newest = max(newest, t.marker.pipeline)
	}
	return newest
}

// current reports whether the first of some threads is as it should be.
func (p *threadPublisher) current(threads []ownThread) (Done, bool) {
	if len(threads) == 0 {
		return "", false
	}
	_, m := p.wanted(threads[0])
	return Unchanged, threads[0].marker == m && threads[0].resolved == p.resolved(threads[0])
}

// wanted is what a thread should say. One whose regression is gone keeps saying
// what that was.
func (p *threadPublisher) wanted(have ownThread) (string, marker) {
	m := p.thread.marker()
	if !p.thread.Gone {
		return p.thread.text(), m
	}
	m.hash = have.marker.hash
	return markerLine.ReplaceAllLiteralString(have.body, m.String()), m
}

// resolved reports whether a thread should be.
func (p *threadPublisher) resolved(have ownThread) bool {
	if p.thread.Gone {
		return true
	}
	same := have.marker.gates == p.thread.marker().gates
	return have.resolved && same && have.resolvedBy != p.me
}

// bring makes a thread what it should be: its state first, which is told by the
// text that is there, so that whatever breaks off can be done again.
func (p *threadPublisher) bring(ctx context.Context, have ownThread) error {
	if want := p.resolved(have); want != have.resolved {
		if err := p.resolve(ctx, have.id, want); err != nil {
			return err
		}
	}
	if text, m := p.wanted(have); m != have.marker {
		return p.edit(ctx, have, text)
	}
	return nil
}

// create opens a thread and settles what else was opened meanwhile.
func (p *threadPublisher) create(ctx context.Context) (Done, error) {
	call, cancel := p.within(ctx)
	defer cancel()
	body := p.thread.text()
	_, _, err := p.api.Discussions.CreateMergeRequestDiscussion(p.mr.Project, p.mr.IID, &gitlab.CreateMergeRequestDiscussionOptions{Body: &body}, gitlab.WithContext(call))
	err = wrap("open a thread on "+p.mr.String(), err)
	if err != nil && !unsure(err) {
		return "", err
	}
	threads, listErr := p.list(ctx) // the answer may have been lost
	if listErr != nil {
		return "", errors.Join(err, listErr)
	}
	if err != nil && !slices.ContainsFunc(threads, func(t ownThread) bool { return t.marker == p.thread.marker() }) {
		return "", err
	}
	return Created, p.settle(ctx, threads)
}

// settle leaves one thread of several, with the newest state.
func (p *threadPublisher) settle(ctx context.Context, threads []ownThread) error {
	for range mostRounds { // another job may take away the survivor that we saw
		if len(threads) == 0 {
			return nil
		}
		if err := p.closeOthers(ctx, threads); err != nil {
			return err
		}
		if _, ok := p.current(threads); ok || threads[0].marker.pipeline > p.thread.Pipeline {
			return nil
		}
		err := p.bring(ctx, threads[0])
		if err == nil || statusOf(err) != 404 {
			return err
		}
		if threads, err = p.list(ctx); err != nil {
			return err
		}
	}
	return nil
}

// closeOthers takes away all but the first and those of newer pipelines, which
// these take away. What people have answered stays, and is resolved.
func (p *threadPublisher) closeOthers(ctx context.Context, threads []ownThread) error {
	for _, t := range threads[1:] {
		var err error
		switch {
		case t.marker.pipeline > p.thread.Pipeline:
		case !t.answered:
			err = p.remove(ctx, t)
		case !t.resolved:
			err = p.resolve(ctx, t.id, true)
		}
		if err != nil && statusOf(err) != 404 {
			return err
		}
	}
	return nil
}

// list are our threads of this key, the oldest first.
func (p *threadPublisher) list(ctx context.Context) ([]ownThread, error) {
	var found []ownThread
	opt := &gitlab.ListMergeRequestDiscussionsOptions{}
	opt.PerPage = 100
	err := p.pages(ctx, "list the threads on "+p.mr.String(), func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := p.api.Discussions.ListMergeRequestDiscussions(p.mr.Project, p.mr.IID, opt, gitlab.WithContext(ctx))
		for _, d := range list {
			if len(d.Notes) == 0 || d.IndividualNote {
				continue
			}
			n := d.Notes[0]
			m, ours := parseMarker(n.Body)
			if ours && m.gates != "" && m.key == p.thread.Key && n.Author.ID == p.me {
				found = append(found, ownThread{d.ID, n.ID, n.Body, answered(d), n.Resolved, n.ResolvedBy.ID, m})
			}
		}
		return resp, err
	})
	slices.SortFunc(found, func(a, b ownThread) int { return int(a.note - b.note) })
	return slices.CompactFunc(found, func(a, b ownThread) bool { return a.note == b.note }), err
}

// answered reports whether anybody wrote behind a thread's first note.
func answered(d *gitlab.Discussion) bool {
	return slices.ContainsFunc(d.Notes[1:], func(n *gitlab.Note) bool { return !n.System })
}

func (p *threadPublisher) edit(ctx context.Context, have ownThread, text string) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, _, err := p.api.Discussions.UpdateMergeRequestDiscussionNote(p.mr.Project, p.mr.IID, have.id, have.note,
		&gitlab.UpdateMergeRequestDiscussionNoteOptions{Body: &text}, gitlab.WithContext(ctx))
	return wrap("update the thread on "+p.mr.String(), err)
}

func (p *threadPublisher) remove(ctx context.Context, t ownThread) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, err := p.api.Notes.DeleteMergeRequestNote(p.mr.Project, p.mr.IID, t.note, gitlab.WithContext(ctx))
	return wrap("delete a second thread on "+p.mr.String(), err)
}

func (p *threadPublisher) resolve(ctx context.Context, id string, resolved bool) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	_, _, err := p.api.Discussions.ResolveMergeRequestDiscussion(p.mr.Project, p.mr.IID, id,
		&gitlab.ResolveMergeRequestDiscussionOptions{Resolved: &resolved}, gitlab.WithContext(ctx))
	doing := "reopen the thread on "
	if resolved {
		doing = "resolve the thread on "
	}
	return wrap(doing+p.mr.String(), err)
}
