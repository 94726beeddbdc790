package forge

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Error is what a forge refused or failed to do, with a remedy.
type Error struct {
	Forge  string // "GitLab"
	Doing  string // "update the note on merge request 7"
	Status int    // of the answer; 0 when there was none
	Said   string // by the server; shown shortened, on one line
	Remedy string
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	said := oneLine(e.Said)
	switch {
	case e.Status == 0 && e.Err == nil:
		return e.Doing + " failed"
	case e.Status == 0:
		return e.Doing + ": " + e.Err.Error()
	case said != "":
		return fmt.Sprintf("%s: %s answered %d: %s", e.Doing, e.Forge, e.Status, said)
	}
	return fmt.Sprintf("%s: %s answered %d %s", e.Doing, e.Forge, e.Status, http.StatusText(e.Status))
}

// Unwrap is the client's error.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *Error) Hint() string { return e.Remedy }

// Unreachable reports whether it says nothing of what was asked for: the forge did
// not answer, had a problem, or refused. Only a 404 says that it is not there.
func (e *Error) Unreachable() bool { return e.Status != http.StatusNotFound }

// mostSaid is how much of an answer is shown: some proxies answer with pages.
const mostSaid = 200

func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "�")), " ")
	if runes := []rune(s); len(runes) > mostSaid {
		return string(runes[:mostSaid]) + "…"
	}
	return s
}

// Hopeless reports whether whatever is tried next would fail for the same
// reason: the forge can't be reached, or doesn't know the token.
func Hopeless(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == 0 || e.Status == http.StatusUnauthorized)
}

// Forbidden reports whether a forge refused something for want of rights.
func Forbidden(err error) bool {
	status := StatusOf(err)
	return status == http.StatusForbidden || status == http.StatusUnauthorized
}

// StatusOf is the status of an error, 0 when there was no answer.
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// unsure reports whether a write may have been done although it failed: the
// answer was lost, or came from something between us and the forge.
func unsure(err error) bool {
	status := StatusOf(err)
	return err != nil && (status == 0 || status >= 500)
}
