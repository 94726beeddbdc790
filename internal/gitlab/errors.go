package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Error is what GitLab refused or failed to do, with a remedy.
type Error struct {
	Doing  string // "update the note on merge request 7"
	Status int    // of the answer; 0 when there was none
	Said   string // by the server, shortened
	Remedy string
	Err    error
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Doing
	switch {
	case e.Status == 0:
		return text + ": " + e.Err.Error()
	case e.Said != "":
		return fmt.Sprintf("%s: GitLab answered %d: %s", text, e.Status, e.Said)
	}
	return fmt.Sprintf("%s: GitLab answered %d %s", text, e.Status, http.StatusText(e.Status))
}

// Unwrap is the client's error.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *Error) Hint() string { return e.Remedy }

// mostSaid is how much of an answer is shown: some proxies answer with pages.
const mostSaid = 200

// wrap makes an Error of what client-go returned; nil stays nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Doing: doing, Err: err}
	var answer *gitlab.ErrorResponse
	switch {
	case errors.Is(err, gitlab.ErrNotFound):
		e.Status = http.StatusNotFound
	case errors.As(err, &answer):
		e.Status = answer.StatusCode
		e.Said = oneLine(answer.Message)
	}
	e.Remedy = remedy(e.Status, err)
	return e
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "�")), " ")
	if runes := []rune(s); len(runes) > mostSaid {
		return string(runes[:mostSaid]) + "…"
	}
	return s
}

func remedy(status int, err error) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the token is wrong, expired or revoked: make a project access token with scope api and role Developer, and set it as K6REPORT_GITLAB_TOKEN"
	case status == http.StatusForbidden:
		return "the token may not do this: notes and statuses need a project access token with scope api (CI_JOB_TOKEN can't write them); set it as K6REPORT_GITLAB_TOKEN"
	case status == http.StatusNotFound:
		return "it is not there, or the token can't see it: check the project and the token's access"
	case status == http.StatusRequestEntityTooLarge:
		return "the server takes no body of that size: see its limits on notes and packages"
	case status == http.StatusTooManyRequests:
		return "the server limits the rate of requests: run again later"
	case status >= 500:
		return "GitLab has a problem of its own: run k6report publish gitlab REPORT.json later"
	case status != 0:
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return "GitLab did not answer in time: run k6report publish gitlab REPORT.json later"
	}
	return "check that CI_API_V4_URL can be reached from here, and CI_SERVER_TLS_CA_FILE if the server has a private authority"
}

// Hopeless reports whether whatever is tried next would fail for the same
// reason: GitLab can't be reached, or doesn't know the token.
func Hopeless(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == 0 || e.Status == http.StatusUnauthorized)
}

// statusOf is the status of an error, 0 when there was no answer.
func statusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// unsure reports whether a write may have been done although it failed: the
// answer was lost, or came from something between us and GitLab.
func unsure(err error) bool {
	status := statusOf(err)
	return err != nil && (status == 0 || status >= 500)
}
