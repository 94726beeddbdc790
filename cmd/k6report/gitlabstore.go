package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k6report/internal/baseline"
	"k6report/internal/gitlab"
)

const (
	// registryStore is the store in the package registry of the job's project.
	registryStore = "gitlab:"
	// registryCache is where what was read of it is kept; a CI job may keep it
	// from run to run.
	registryCache = ".k6report/cache"
)

// openStore opens the place where baselines are kept.
func (a *app) openStore(store string) (baseline.Blobs, error) {
	rest, registry := strings.CutPrefix(store, registryStore)
	switch {
	case !registry:
		return openStore(store)
	case rest != "":
		return nil, usageError{hinted{errors.New("read --store: behind " + registryStore + " stands nothing: it is the registry of the job's own project"), "write --store " + registryStore}}
	}
	job, err := gitlab.ParseJob(a.getenv)
	if err != nil {
		return nil, usageError{hinted{
			errors.New("read --store: " + registryStore + ": " + err.Error()),
			"elsewhere name a folder: --store " + defaultStore,
		}}
	}
	client, err := a.reader(job)
	if err != nil {
		return nil, err
	}
	packages := client.Packages(job.MergeRequestProject, baseline.Dir(registryCache))
	if job.WriteToken != "" { // a job's own token deletes only for Maintainers
		other, err := a.writer(job)
		if err != nil {
			return nil, err
		}
		packages.DeleteWith(other)
	}
	return packages, nil
}

// reader is a client for what a job's own token may do. The job of a fork has
// one that the parent does not know: what is public it reads without.
func (a *app) reader(job *gitlab.Job) (*gitlab.Client, error) {
	if job.FromFork() || job.Token == "" {
		return a.writer(job)
	}
	return a.client(job, gitlab.Options{JobToken: job.Token})
}

// writer is a client for what takes a token of its own.
func (a *app) writer(job *gitlab.Job) (*gitlab.Client, error) {
	return a.client(job, gitlab.Options{Token: job.WriteToken})
}

func (a *app) client(job *gitlab.Job, o gitlab.Options) (*gitlab.Client, error) {
	deadline, err := a.gitlabDeadline()
	if err != nil {
		return nil, err
	}
	o.API, o.CAFile, o.UserAgent, o.Now, o.Deadline = job.API, job.CAFile, "k6report/"+a.version, a.now, deadline
	return gitlab.NewClient(o)
}

// gitlabTimeout is how long GitLab has for one step, with all repetitions.
const gitlabTimeout = "K6REPORT_GITLAB_TIMEOUT"

// gitlabDeadline reads gitlabTimeout; 0 is the usual.
func (a *app) gitlabDeadline() (time.Duration, error) {
	text, ok := a.getenv(gitlabTimeout)
	if !ok {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, usageError{hinted{fmt.Errorf("read %s: %.40q is no length of time", gitlabTimeout, text), "write a number and a unit: " + gitlabTimeout + "=2m; without it each step has a minute"}}
	}
	return d, nil
}

// askGitLab asks GitLab about ancestors: with the token that may, first.
func (a *app) askGitLab(job *gitlab.Job) func(context.Context, string, []string) (map[string]bool, error) {
	return func(ctx context.Context, head string, commits []string) (map[string]bool, error) {
		client, err := a.reader(job)
		if job.WriteToken != "" {
			client, err = a.writer(job)
		}
		if err != nil {
			return nil, err
		}
		return client.Ancestors(ctx, cmp.Or(job.MergeRequestProject, job.Project), head, commits)
	}
}
