// Package gitlab puts what it is handed where a team on GitLab looks: one note
// on the merge request that is always current, a thread while something is
// regressed, a commit status, an issue for scheduled pipelines, and blobs in
// the project's package registry.
//
// It knows no report: bodies are Markdown that somebody else made safe. It
// talks to GitLab through client-go, with a patience of its own and errors in words
// with a remedy. Every write can be repeated without harm:
// a lost answer never leads to a second note.
package gitlab
