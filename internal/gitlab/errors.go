package gitlab

import (
	"context"
	"errors"
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
