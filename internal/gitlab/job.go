package gitlab

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Job is where a CI job runs, from the variables that GitLab predefines.
// Numbers are 0 and words empty where GitLab doesn't say.
type Job struct {
	// API is the address of the API, such as https://gitlab.example.com/api/v4.
	API string
	// Project is the numeric id of the job's project.
	Project int64
	// MergeRequest is the number (IID) of the merge request of the pipeline,
	// within MergeRequestProject, which is the target of a fork.
	MergeRequest        int64
	MergeRequestProject int64
	// Open are merge requests with the branch as their source, as
	// "group/project!7", in branch pipelines.
	Open []string
	// Commit is the full hash, Branch the branch or tag of the pipeline.
	Commit, Branch string
	// Default is the project's default branch, Target the merge request's.
	Default, Target string
	// Base is the merge request's merge base; "" outside of merge requests.
	Base string
	// TargetTip is the newest commit of the target branch, in merged results;
	// "" elsewhere.
	TargetTip string
	// Source is what started the pipeline: "push", "merge_request_event",
	// "schedule" …
	Source string
	Name   string // the job's
	// URL is the job's page.
	URL      string
	Pipeline int64
	// Token may read and write packages and read merge requests, WriteToken may
	// also write notes. Secrets.
	Token, WriteToken string
	// CAFile holds the certificates of a server with a private authority.
	CAFile string
	// Runner describes the machine, for labels.
	Runner string
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
		API: value("CI_API_V4_URL"), Commit: value("CI_COMMIT_SHA"), Branch: value("CI_COMMIT_REF_NAME"),
		Default: value("CI_DEFAULT_BRANCH"), Target: value("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
		Base: value("CI_MERGE_REQUEST_DIFF_BASE_SHA"), TargetTip: value("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"), Source: value("CI_PIPELINE_SOURCE"),
		Name: value("CI_JOB_NAME"), URL: value("CI_JOB_URL"),
		Token: value("CI_JOB_TOKEN"), CAFile: value("CI_SERVER_TLS_CA_FILE"), Runner: value("CI_RUNNER_DESCRIPTION"),
	}
	for _, name := range WriteTokens() {
		if j.WriteToken == "" {
			j.WriteToken = value(name)
		}
	}
	for _, open := range strings.Split(value("CI_OPEN_MERGE_REQUESTS"), ",") {
		if open = strings.TrimSpace(open); open != "" {
			j.Open = append(j.Open, open)
		}
	}
	for _, n := range []struct {
		name string
		into *int64
	}{
		{"CI_PROJECT_ID", &j.Project},
		{"CI_MERGE_REQUEST_IID", &j.MergeRequest},
		{"CI_MERGE_REQUEST_PROJECT_ID", &j.MergeRequestProject},
		{"CI_PIPELINE_ID", &j.Pipeline},
	} {
		if err := number(n.into, n.name, value(n.name)); err != nil {
			return nil, err
		}
	}
	return j, j.check()
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

func (j *Job) check() error {
	u, err := url.Parse(j.API)
	switch {
	case j.API == "" || j.Project == 0:
		return errors.New("GITLAB_CI is set, but CI_API_V4_URL or CI_PROJECT_ID is not: let the job keep GitLab's predefined variables")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("read CI_API_V4_URL: it is no http address")
	case u.User != nil:
		return errors.New("read CI_API_V4_URL: it holds credentials; they belong into K6REPORT_GITLAB_TOKEN")
	}
	if j.MergeRequestProject == 0 {
		j.MergeRequestProject = j.Project
	}
	return nil
}

// OnTarget reports whether the pipeline is of the branch that merge requests go
// to, whose runs feed the baseline: the default branch, outside of any merge
// request.
func (j *Job) OnTarget() bool {
	return j.MergeRequest == 0 && j.Branch != "" && j.Branch == j.Default
}

// Scheduled reports whether a schedule started the pipeline.
func (j *Job) Scheduled() bool { return j.Source == "schedule" }

// FromFork reports whether the merge request comes from another project.
func (j *Job) FromFork() bool { return j.MergeRequestProject != j.Project }

// MayHaveMergeRequest reports whether the job may be about a merge request: that
// of its pipeline, or an open one of its branch, which GitLab has to be asked for.
func (j *Job) MayHaveMergeRequest() bool {
	return j.MergeRequest != 0 || j.Commit != "" && len(j.Open) > 0 && !j.OnTarget() && !j.Scheduled()
}

// Head is the commit whose ancestors are what the job's code is compared with:
// the target's tip in merged results and trains, which are built on it, else the
// merge base, else the commit itself.
func (j *Job) Head() string {
	switch {
	case j.TargetTip != "":
		return j.TargetTip
	case j.MergeRequest != 0 && j.Base != "":
		return j.Base
	}
	return j.Commit
}
