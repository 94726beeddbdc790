package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k6report/internal/baseline"
	"k6report/internal/gitlab"
)

// gitlabForge is GitLab's row of [forges].
func gitlabForge() forgeKind {
	var warned sync.Once
	return forgeKind{
		name: "gitlab", title: "GitLab", ci: "GitLab CI", variable: "GITLAB_CI",
		writeTokens: gitlab.WriteTokens(),
		store:       "the project's package registry",
		publishHelp: `Publish gitlab tells the merge request of the job that it runs in what reports
say: in one note that is always current, in a thread that stays open while
something is regressed (--thread), and in the status of the commit. Run twice, it
writes nothing the second time.

It takes a token with scope api in K6REPORT_GITLAB_TOKEN, for a job's own token may
not write notes. What can't be published is a warning: the exit code is 0 unless
--require-publish is given.`,
		ciHelp: `The baselines are in the project's package registry, for which the job's own
token is enough. The note, the thread, the status and the issue take a token with
scope api in K6REPORT_GITLAB_TOKEN: without one nothing is published, and all else
is done.`,
		starter: starterFile{snippetFile, ciSnippet, "a job for GitLab CI; include it from .gitlab-ci.yml", "a job that .gitlab-ci.yml can include"},
		job: func(a *app) (*forgeJob, error) {
			job, err := gitlab.ParseJob(a.getenv)
			if err != nil {
				return nil, err
			}
			g := &gitlabJob{a, job, &warned}
			step, _ := g.deadline() // check says what can't be read
			return &forgeJob{Job: &job.Job, check: g.check, step: step, folding: gitlabFolding(), writer: g.publisher, blobs: g.packages, ancestors: g.ancestors}, nil
		},
	}
}

// gitlabFolding folds sections of GitLab's log.
func gitlabFolding() folding {
	return folding{
		begin: func(at time.Time, name, title string, collapsed bool) string {
			options := ""
			if collapsed {
				options = "[collapsed=true]"
			}
			return fmt.Sprintf("\x1b[0Ksection_start:%d:k6report_%s%s\r\x1b[0K%s\n", at.Unix(), name, options, title)
		},
		end: func(at time.Time, name string) string {
			return fmt.Sprintf("\x1b[0Ksection_end:%d:k6report_%s\r\x1b[0K\n", at.Unix(), name)
		},
	}
}

// gitlabJob is a job of GitLab CI.
type gitlabJob struct {
	*app
	job *gitlab.Job
	// warned keeps what every run leaves in the registry from being said of each.
	warned *sync.Once
}

// publisher is a client for what is published, where there is a token for it.
func (g *gitlabJob) publisher() (forgeClient, error) {
	if g.job.WriteToken != "" {
		return g.writer()
	}
	hint := "make a project access token with scope api and role Developer, and keep it in a masked CI variable K6REPORT_GITLAB_TOKEN"
	if g.job.FromFork() {
		hint = "pipelines of forks see no variables of the project: that is as it should be; the report is among the job's artifacts"
	}
	return nil, hinted{errors.New("nothing is published on GitLab: there is no token that may write"), hint}
}

// registryCache is where what was read of the package registry is kept; a CI job
// may keep it from run to run.
const registryCache = ".k6report/cache"

// packages is the package registry of the job's project.
func (g *gitlabJob) packages() (baseline.Blobs, error) {
	client, err := g.reader()
	if err != nil {
		return nil, err
	}
	packages := client.Packages(g.job.Home, baseline.Dir(registryCache))
	packages.WarnWith(func(err error) { g.warned.Do(func() { g.warn(err) }) })
	if g.job.WriteToken != "" { // a job's own token deletes only for Maintainers
		other, err := g.writer()
		if err != nil {
			return nil, err
		}
		packages.DeleteWith(other)
	}
	return packages, nil
}

// reader is a client for what a job's own token may do. The job of a fork has
// one that the parent does not know: what is public it reads without.
func (g *gitlabJob) reader() (*gitlab.Client, error) {
	if g.job.FromFork() || g.job.Token == "" {
		return g.writer()
	}
	return g.client(gitlab.Options{JobToken: g.job.Token})
}

// writer is a client for what takes a token of its own.
func (g *gitlabJob) writer() (*gitlab.Client, error) {
	return g.client(gitlab.Options{Token: g.job.WriteToken})
}

func (g *gitlabJob) client(o gitlab.Options) (*gitlab.Client, error) {
	deadline, err := g.deadline()
	if err != nil {
		return nil, err
	}
	o.API, o.CAFile, o.UserAgent, o.Now, o.Deadline = g.job.API, g.job.CAFile, "k6report/"+g.version, g.now, deadline
	return gitlab.NewClient(o)
}

// gitlabTimeout is how long GitLab has for one step, with all repetitions.
const gitlabTimeout = "K6REPORT_GITLAB_TIMEOUT"

// deadline reads gitlabTimeout; 0 is the usual.
func (g *gitlabJob) deadline() (time.Duration, error) {
	text, ok := g.getenv(gitlabTimeout)
	if !ok {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, usageError{hinted{fmt.Errorf("read %s: %.40q is no length of time", gitlabTimeout, text), "write a number and a unit: " + gitlabTimeout + "=2m; without it each step has a minute"}}
	}
	return d, nil
}

func (g *gitlabJob) check() error {
	_, err := g.deadline()
	return err
}

// ancestors asks GitLab: with the token that may, first.
func (g *gitlabJob) ancestors(ctx context.Context, head string, commits []string) (map[string]bool, error) {
	client, err := g.reader()
	if g.job.WriteToken != "" {
		client, err = g.writer()
	}
	if err != nil {
		return nil, err
	}
	return client.Ancestors(ctx, g.job.Home, head, commits)
}
