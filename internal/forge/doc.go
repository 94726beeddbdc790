// Package forge is what all forges have in common, on which teams review changes
// and run their CI: what a job knows, what is written of a run (a note, a thread,
// an issue, the status of a commit), and how to keep one of each, whatever else is
// running (see [KeepOne]) and however badly the network answers (see [Patience]).
//
// It knows no forge: each is a package of its own, such as gitlab, that talks to
// it and imports this one. It knows no report: bodies are Markdown that somebody
// else made safe.
package forge
