package gitlab

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"k6report/internal/forge"
)

// Job is where a CI job runs, from the variables that GitLab predefines.
type Job struct {
	// Job is what other packages need to know. Its projects are their numeric ids.
	forge.Job
	// API is the address of the API, such as https://gitlab.example.com/api/v4.
	API string
	// Token may read and write packages and read merge requests, WriteToken may
	// also write notes. Secrets.
	Token, WriteToken string
	// CAFile holds the certificates of a server with a private authority.
	CAFile string
}

// ErrNotInGitLab is returned outside of a GitLab job.
var ErrNotInGitLab = errors.New("this is no GitLab job: GITLAB_CI is not set")

// WriteTokens are the variables that may hold a token that writes, the one that
// takes precedence first.
func WriteTokens() []string { return []string{"K6REPORT_GITLAB_TOKEN", "GITLAB_TOKEN"} }

// ParseJob reads the variables of a job; get returns a variable's value. What
// is malformed is an error that names the variable, never its value where that
// may be secret.
func ParseJob(get func(string) (string, bool)) (*Job, error) {
	value := func(name string) string {
		v, _ := get(name)
		return strings.TrimSpace(v)
	}
	if value("GITLAB_CI") == "" {
		return nil, ErrNotInGitLab
	}
	j := &Job{
		Job: forge.Job{
			Commit: value("CI_COMMIT_SHA"), Branch: value("CI_COMMIT_REF_NAME"),
			Default: value("CI_DEFAULT_BRANCH"), Target: value("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
			Name: value("CI_JOB_NAME"), URL: value("CI_JOB_URL"), Scheduled: value("CI_PIPELINE_SOURCE") == "schedule",
			Runner: value("CI_RUNNER_DESCRIPTION"),
		},
		API: value("CI_API_V4_URL"), Token: value("CI_JOB_TOKEN"), CAFile: value("CI_SERVER_TLS_CA_FILE"),
	}
	j.Page = j.page
	for _, name := range WriteTokens() {
		if j.WriteToken == "" {
			j.WriteToken = value(name)
		}
	}
	var project, home, iid int64
	for _, n := range []struct {
		name string
		into *int64
	}{
		{"CI_PROJECT_ID", &project},
		{"CI_MERGE_REQUEST_IID", &iid},
		{"CI_MERGE_REQUEST_PROJECT_ID", &home}, // the parent of a fork
		{"CI_PIPELINE_ID", &j.Pipeline},
	} {
		if err := number(n.into, n.name, value(n.name)); err != nil {
			return nil, err
		}
	}
	if err := checkAPI(j.API, project); err != nil {
		return nil, err
	}
	home = cmp.Or(home, project)
	j.Project, j.Home = strconv.FormatInt(project, 10), strconv.FormatInt(home, 10)
	if iid != 0 {
		j.Request = mergeRequest(home, iid)
	} else if j.Commit != "" && strings.Trim(value("CI_OPEN_MERGE_REQUESTS"), ", ") != "" && !j.OnTarget() && !j.Scheduled {
		j.Request = &forge.Request{Project: j.Home, Name: "the open merge request of branch " + j.Branch}
	}
	j.Head = j.head(value("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"), value("CI_MERGE_REQUEST_DIFF_BASE_SHA"))
	return j, nil
}

func number(into *int64, name, text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return fmt.Errorf("read %s: %.40q is no number of GitLab's", name, text)
	}
	*into = n
	return nil
}

func checkAPI(api string, project int64) error {
	u, err := url.Parse(api)
	switch {
	case api == "" || project == 0:
		return errors.New("GITLAB_CI is set, but CI_API_V4_URL or CI_PROJECT_ID is not: let the job keep GitLab's predefined variables")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("read CI_API_V4_URL: it is no http address")
	case u.User != nil:
		return errors.New("read CI_API_V4_URL: it holds credentials; they belong into K6REPORT_GITLAB_TOKEN")
	}
	return nil
}

// head is the commit that the job's code is built on: the target's tip in merged
// results and trains, else the merge base, else the commit itself.
func (j *Job) head(targetTip, mergeBase string) string {
	switch {
	case targetTip != "":
		return targetTip
	case j.OfRequest() && mergeBase != "":
		return mergeBase
	}
	return j.Commit
}

// page is where GitLab shows a file among the job's artifacts; "" where the job's
// own page is not known.
func (j *Job) page(file string) string {
	u, err := url.Parse(j.URL)
	if err != nil || j.URL == "" {
		return ""
	}
	return u.JoinPath("artifacts", "file", file).String()
}
