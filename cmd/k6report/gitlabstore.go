package main

import (
	"cmp"
	"context"
	"errors"
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
	o := a.gitlabOptions(job)
	switch {
	case !job.FromFork():
		o.JobToken = job.Token
	case job.WriteToken != "":
		o.Token = job.WriteToken
	}
	if o.JobToken == "" {
		o.Token = job.WriteToken
	}
	return gitlab.NewClient(o)
}

// writer is a client for what takes a token of its own.
func (a *app) writer(job *gitlab.Job) (*gitlab.Client, error) {
	o := a.gitlabOptions(job)
	o.Token = job.WriteToken
	return gitlab.NewClient(o)
}

// gitlabTimeout is how long GitLab has for one step, with all repetitions.
const gitlabTimeout = "K6REPORT_GITLAB_TIMEOUT"

func (a *app) gitlabOptions(job *gitlab.Job) gitlab.Options {
	o := gitlab.Options{API: job.API, CAFile: job.CAFile, UserAgent: "k6report/" + a.version, Now: a.now}
	if text, ok := a.getenv(gitlabTimeout); ok {
		if d, err := time.ParseDuration(text); err == nil && d > 0 {
			o.Deadline = d
		}
	}
	return o
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
