// Package forgetest is the least that a forge can be: it keeps in memory what it is
// told. A client of a real one has the same methods.
package forgetest

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"k6report/internal/forge"
)

// Text is a note, a thread or an issue that is there.
type Text struct {
	ID       int64
	On       string // "note on pull request #7"
	Body     string
	Resolved bool // by us, of a thread
}

func (t Text) marker() forge.Marker {
	m, _ := forge.ParseMarker(t.Body)
	return m
}

// Memory is a forge. It is safe for concurrent use, once Meanwhile is set.
type Memory struct {
	// Meanwhile, if any, is done once: when a text is about to be made.
	Meanwhile func()

	mu       sync.Mutex
	last     int64 // ID
	texts    []Text
	statuses []forge.Status
}

// Texts are those that are there, the oldest first.
func (m *Memory) Texts() []Text {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.texts)
}

// Statuses are all that were set, in order.
func (m *Memory) Statuses() []forge.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.statuses)
}

// Request is the only one that there is.
func Request(project string) *forge.Request {
	return &forge.Request{Project: project, Number: 7, Name: "pull request #7"}
}

// FindRequest is the request that a job is about; nil when there is none.
func (m *Memory) FindRequest(_ context.Context, j *forge.Job) (*forge.Request, error) {
	if j.Request == nil || j.OfRequest() {
		return j.Request, nil
	}
	return Request(j.Home), nil
}

// PublishNote keeps one note.
func (m *Memory) PublishNote(ctx context.Context, on forge.Request, n forge.Note) (forge.Done, error) {
	return forge.KeepOne(ctx, &kind{m, "note on " + on.Name, n.Key, n.Create, func(have Text) Text {
		have.Body = n.Text()
		return have
	}}, n.Pipeline)
}

// PublishThread keeps one thread.
func (m *Memory) PublishThread(ctx context.Context, on forge.Request, t forge.Thread) (forge.Done, error) {
	if len(t.Regressed) == 0 && !t.Gone {
		return forge.Undecided, nil
	}
	return forge.KeepOne(ctx, &kind{m, "thread on " + on.Name, t.Key, len(t.Regressed) > 0, func(have Text) Text {
		have.Resolved = t.Resolved(have.marker(), false)
		have.Body, _ = t.Saying(have.Body, have.marker())
		return have
	}}, t.Pipeline)
}

// PublishIssue keeps one issue.
func (m *Memory) PublishIssue(ctx context.Context, project string, i forge.Issue) (forge.Done, error) {
	return forge.KeepOne(ctx, &kind{m, "issue of " + project, i.Key, true, func(have Text) Text {
		have.Body = i.Text()
		return have
	}}, i.Pipeline)
}

// SetStatus sets the status of a commit, unless it is so already.
func (m *Memory) SetStatus(_ context.Context, _, _ string, s forge.Status) (forge.Done, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.statuses); n > 0 && m.statuses[n-1] == s {
		return forge.Unchanged, nil
	}
	m.statuses = append(m.statuses, s)
	return forge.Set, nil
}

// kind is what there is to be one of; see [forge.Kind].
type kind struct {
	*Memory
	on, key string
	create  bool
	// should is what one that is there should be.
	should func(have Text) Text
}

func (k *kind) List(context.Context) ([]Text, error) {
	own := slices.DeleteFunc(k.Texts(), func(t Text) bool { return t.On != k.on || t.marker().Key != k.key })
	return forge.OldestFirst(own, func(t Text) int64 { return t.ID }), nil
}

func (k *kind) Pipeline(have Text) int64 { return have.marker().Pipeline }

func (k *kind) Current(have Text) bool {
	should := k.should(have)
	return should.marker() == have.marker() && should.Resolved == have.Resolved
}

func (k *kind) Wanted() bool { return k.create }

// Newer knows nothing of other pipelines.
func (k *kind) Newer(context.Context) (forge.Newer, error) { return forge.NewerNone, nil }

func (k *kind) Create(context.Context) error {
	k.mu.Lock()
	meanwhile := k.Meanwhile
	k.Meanwhile = nil
	k.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last++
	k.texts = append(k.texts, k.should(Text{ID: k.last, On: k.on}))
	return nil
}

func (k *kind) Bring(_ context.Context, have Text) error {
	return k.replace(have, k.should(have))
}

func (k *kind) Remove(_ context.Context, second, _ Text) error {
	return k.replace(second)
}

// replace puts others in the place of one that is there.
func (k *kind) replace(one Text, with ...Text) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := slices.IndexFunc(k.texts, func(t Text) bool { return t.ID == one.ID })
	if at < 0 {
		return &forge.Error{Forge: "memory", Doing: "replace the " + one.On, Status: http.StatusNotFound}
	}
	k.texts = slices.Replace(k.texts, at, at+1, with...)
	return nil
}
