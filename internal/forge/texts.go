package forge

import (
	"slices"
	"strings"
)

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

// Marker is the one that the note begins with.
func (n *Note) Marker() Marker {
	return Marker{Key: n.Key, Pipeline: n.Pipeline, Hash: digest(stable(n.Body, n.Footer))}
}

// Text is the note as it is sent.
func (n *Note) Text() string { return n.Marker().before(n.Body) }

// stable is what stands in a body above its footer; all of it where it has none.
func stable(body, footer string) string {
	if at := strings.LastIndex(body, footer); footer != "" && at >= 0 { // the last: a test may be named so
		body = body[:at]
	}
	return strings.TrimSpace(body)
}

// Thread is a discussion that stays open while something is regressed, and can be
// resolved.
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

// Marker is the one that the thread's first note begins with.
func (t *Thread) Marker() Marker {
	gates := slices.Sorted(slices.Values(t.Regressed))
	return Marker{Key: t.Key, Pipeline: t.Pipeline, Hash: digest(t.Body), Gates: digest(strings.Join(gates, "\n"))}
}

// Text is the thread's first note as it is sent.
func (t *Thread) Text() string { return t.Marker().before(t.Body) }

// Saying is what a thread that is there should say, and the marker of that. One
// whose regression is gone keeps saying what that was.
func (t *Thread) Saying(body string, have Marker) (string, Marker) {
	m := t.Marker()
	if !t.Gone {
		return t.Text(), m
	}
	m.Hash = have.Hash
	return markerLine.ReplaceAllLiteralString(body, m.String()), m
}

// Resolved reports whether a thread that is there should be: while something is
// regressed, only where a person has resolved it, for the same gates.
func (t *Thread) Resolved(have Marker, byPerson bool) bool {
	return t.Gone || byPerson && have.Gates == t.Marker().Gates
}

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

// Marker is the one that the issue begins with.
func (i *Issue) Marker() Marker {
	return Marker{Key: i.Key, Pipeline: i.Pipeline, Hash: digest(stable(i.Body, i.Footer))}
}

// Text is the issue as it is sent.
func (i *Issue) Text() string { return i.Marker().before(i.Body) }

// Status is a line beside the jobs of a pipeline.
type Status struct {
	Name string // "k6report"
	// Failed is red, otherwise green.
	Failed      bool
	Description string // one line, which the forge may shorten
	// URL is where the line leads; "" is nowhere.
	URL string
	// Pipeline is the one it belongs to; where that is 0, it is of Branch.
	Pipeline int64
	Branch   string
}
