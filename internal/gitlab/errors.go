package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// wrap makes a [forge.Error] of what client-go returned; nil stays nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	e := &forge.Error{Forge: "GitLab", Doing: doing, Err: err}
	var answer *gitlab.ErrorResponse
	switch {
	case errors.Is(err, gitlab.ErrNotFound):
		e.Status = http.StatusNotFound
	case errors.As(err, &answer):
		e.Status = answer.StatusCode
		e.Said = answer.Message
	}
	e.Remedy = remedy(e.Status, err)
	return e
}

// publishLater is said where nothing but time helps.
const publishLater = "run k6report publish gitlab REPORT.json in a later job of the same pipeline that needs this one, or this job again"

func remedy(status int, err error) string {
	switch {
	case status == http.StatusUnauthorized:
		return "the token is wrong, expired or revoked: rotate the project access token (scope api, role Developer) and set K6REPORT_GITLAB_TOKEN to its new value; a token made anew is another user, who does not find the notes and threads that are there"
	case status == http.StatusForbidden:
		return "the token may not do this: notes and statuses need a project access token with scope api (CI_JOB_TOKEN can't write them); set it as K6REPORT_GITLAB_TOKEN"
	case status == http.StatusNotFound:
		return "it is not there, or the token can't see it: check the project and the token's access"
	case status == http.StatusRequestEntityTooLarge:
		return "the server takes no body of that size: see its limits on notes and packages"
	case status == http.StatusTooManyRequests:
		return "the server limits the rate of requests: " + publishLater
	case status >= 500:
		return "GitLab has a problem of its own: " + publishLater
	case status != 0:
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return "GitLab did not answer in time: " + publishLater
	}
	return "check that CI_API_V4_URL can be reached from here, and CI_SERVER_TLS_CA_FILE if the server has a private authority"
}

// sayer keeps what a 404 says, which client-go throws away with its body.
type sayer struct{ next http.RoundTripper }

// saidHeader is where it is kept.
const saidHeader = "K6report-Said"

// RoundTrip implements http.RoundTripper.
func (s sayer) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusNotFound {
		return resp, err
	}
	var answer struct {
		Message string `json:"message"`
	}
	const most = 4 << 10 // a page of a proxy's says nothing
	if json.NewDecoder(io.LimitReader(resp.Body, most)).Decode(&answer) == nil {
		resp.Header.Set(saidHeader, answer.Message)
	}
	return resp, nil
}

// wrapStatus is [wrap] for the status of a commit: a 404 says what was not found,
// a 403 which right is missing, and a 409 who was there.
func wrapStatus(doing string, err error, resp *gitlab.Response) error {
	wrapped := wrap(doing, err)
	var e *forge.Error
	if !errors.As(wrapped, &e) || resp == nil {
		return wrapped
	}
	switch e.Status {
	case http.StatusNotFound:
		e.Said = resp.Header.Get(saidHeader)
	case http.StatusForbidden:
		e.Remedy = "the token may not set the status here: it takes scope api and role Developer and, where the branch is protected as the default one is, the right to push or merge there: give the token's user that right, or keep a token of role Maintainer in a protected K6REPORT_GITLAB_TOKEN, which counts over the GITLAB_TOKEN that merge requests see, or leave the status out there with --status=false"
	case http.StatusConflict:
		e.Remedy = "another job was setting a status of the commit all the while: " + publishLater
	}
	return wrapped
}
