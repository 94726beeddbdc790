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
// and a 403 which right is missing.
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
		e.Remedy = "the token may not set the status here: it takes scope api and role Developer and, where the branch is protected as the default one is, the right to push or merge there: give the token's user that right, or make the token with role Maintainer, or leave the status out with --status=false"
	}
	return wrapped
}
