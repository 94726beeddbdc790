// Package timing measures where the time of one request went and says so in a
// W3C Server-Timing header.
//
// The durations are exclusive wall time on the critical path: every instant
// of a request belongs to at most one name, and of branches that ran side by
// side only the one that the request had to wait for counts. So the parts
// never add up to more than the total, which is what lets a reader subtract
// them from the time a client saw.
//
// It is neither a tracer nor a metrics store: a Recorder lives for one request
// and knows nothing of HTTP but the text of the header.
package timing

import (
	"context"
	"time"
)

// Names of the parts, as the load testing suite knows them. A name not listed
// here is legal; the suite has to declare it.
const (
	Queue           = "queue"
	DBPoolWait      = "db-pool-wait"
	DBWrite         = "db-write"
	DBCommit        = "db-commit"
	DBRead          = "db-read"
	DBTrace         = "db-trace"
	GraphBuild      = "graph-build"
	TemplateResolve = "template-resolve"
	HTTPPoolWait    = "http-pool-wait"
	HTTPDNS         = "http-dns"
	HTTPConnect     = "http-connect"
	HTTPCall        = "http-call"
	WSPublish       = "ws-publish"
	Serialize       = "serialize"
	Total           = "total"
)

// Clock tells the time; time.Now outside of tests. Its readings must not go
// backwards.
type Clock func() time.Time

// Part is the exclusive time that went into one name.
type Part struct {
	Name     string
	Duration time.Duration // never negative
}

// Recorder is the timeline of one request, or of one branch of it. Only one
// goroutine may use it at a time. A nil Recorder is valid and records nothing.
type Recorder struct {
	now   Clock
	start time.Time
	end   time.Time // zero until Finish
	mark  time.Time // up to here all time has been given to somebody
	open  []frame   // innermost last
	parts []Part    // in the order of first use
}

type frame struct {
	name string
	self time.Duration // exclusive so far
}

// Start begins a timeline at the clock's present time.
func Start(now Clock) *Recorder {
	t := now()
	return &Recorder{now: now, start: t, mark: t}
}

// Span is a stretch of a timeline that belongs to one name, except for the
// spans and branches inside it. The zero Span is valid and does nothing.
type Span struct {
	rec   *Recorder
	depth int // frames open before this one
}

// Begin opens a span. Spans nest: what is opened inside takes its time from
// the span around it.
func (r *Recorder) Begin(name string) Span {
	if r == nil || !r.end.IsZero() {
		return Span{}
	}
	r.advance()
	r.open = append(r.open, frame{name: name})
	return Span{rec: r, depth: len(r.open) - 1}
}

// End closes the span, and any span opened inside it and forgotten. Ending a
// span twice does nothing.
func (s Span) End() {
	r := s.rec
	if r == nil || len(r.open) <= s.depth {
		return
	}
	r.advance()
	r.closeTo(s.depth)
}

// Carve gives up to d of the time the span has had so far to another name.
// It is for times learned from callbacks, such as httptrace's, which come on
// other goroutines and are known only afterwards. It answers how much was
// given: less than d when the span itself was shorter, 0 for d below 0.
func (s Span) Carve(name string, d time.Duration) time.Duration {
	r := s.rec
	if r == nil || len(r.open) != s.depth+1 {
		return 0
	}
	r.advance()
	top := &r.open[s.depth]
	d = max(0, min(d, top.self))
	top.self -= d
	r.add(name, d)
	return d
}

// Fork starts n branches at the present time, each a timeline for a goroutine
// of its own. The parent must not be used until Join.
func (r *Recorder) Fork(n int) []*Recorder {
	branches := make([]*Recorder, n)
	if r == nil {
		return branches
	}
	r.advance()
	for i := range branches {
		branches[i] = &Recorder{now: r.now, start: r.mark, mark: r.mark}
	}
	return branches
}

// Join takes over the branch that finished last, since that is the one the
// parent waited for; the others ran in its shadow. The branches must come from
// the latest Fork and be finished. What remains between Fork and Join belongs
// to the span that the parent has open, if any.
func (r *Recorder) Join(branches []*Recorder) {
	if r == nil || !r.end.IsZero() {
		return
	}
	var last *Recorder
	for _, b := range branches {
		if b != nil && !b.end.IsZero() && (last == nil || b.end.After(last.end)) {
			last = b
		}
	}
	if last == nil {
		return
	}
	// The branch's named time is taken out of the parent's own by moving the
	// mark: advance then gives only the rest to the enclosing span.
	for _, p := range last.parts {
		r.add(p.Name, p.Duration)
		r.mark = r.mark.Add(p.Duration)
	}
	r.advance()
}

// Finish closes all spans and ends the timeline; later calls change nothing.
func (r *Recorder) Finish() {
	if r == nil || !r.end.IsZero() {
		return
	}
	r.advance()
	r.closeTo(0)
	r.end = r.mark
}

// Total is the time from Start to Finish, or until now while not finished.
func (r *Recorder) Total() time.Duration {
	switch {
	case r == nil:
		return 0
	case r.end.IsZero():
		return r.now().Sub(r.start)
	default:
		return r.end.Sub(r.start)
	}
}

// Parts lists the closed spans' time by name, in the order of first use. A
// name that was opened but took no time is listed with 0.
func (r *Recorder) Parts() []Part {
	if r == nil {
		return nil
	}
	return append([]Part(nil), r.parts...)
}

// advance gives the time since the mark to the innermost open span.
func (r *Recorder) advance() {
	t := r.now()
	if len(r.open) > 0 {
		r.open[len(r.open)-1].self += t.Sub(r.mark)
	}
	r.mark = t
}

func (r *Recorder) closeTo(depth int) {
	for len(r.open) > depth {
		top := r.open[len(r.open)-1]
		r.open = r.open[:len(r.open)-1]
		r.add(top.name, top.self)
	}
}

func (r *Recorder) add(name string, d time.Duration) {
	for i := range r.parts {
		if r.parts[i].Name == name {
			r.parts[i].Duration += d
			return
		}
	}
	r.parts = append(r.parts, Part{Name: name, Duration: d})
}

type contextKey struct{}

// With returns a context that carries the recorder to the layers below.
func With(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// From returns the context's recorder, or nil, which records nothing.
func From(ctx context.Context) *Recorder {
	r, _ := ctx.Value(contextKey{}).(*Recorder)
	return r
}
