package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"k6report/internal/baseline"
	"k6report/internal/forge"
)

// forgeKind is a forge that k6report publishes on and whose CI it runs in.
type forgeKind struct {
	// name is the word behind publish, and that of its store: gitlab.
	name  string
	title string // "GitLab"
	ci    string // "GitLab CI"
	// variable is set in every job of its CI.
	variable string
	// writeTokens are the variables that may hold a token that writes.
	writeTokens []string
	// store is where it keeps baselines, as in "the project's package registry"; ""
	// is nowhere: they are in a folder then.
	store string
	// publishHelp is the help of publish NAME, ciHelp what that of ci says of it.
	publishHelp, ciHelp string
	// starter is the file with a job for its CI.
	starter starterFile
	// job reads what the variables of a job say.
	job func(*app) (*forgeJob, error)
}

// forges are those that there are, each a row. Another one is a package beside
// internal/gitlab, a file beside gitlab.go and a row here.
func forges() []forgeKind {
	return []forgeKind{gitlabForge()}
}

// forgeJob is a job of a forge's CI: what is known of it, and what it can do there.
type forgeJob struct {
	*forge.Job
	// check reports a setting of the environment that can't be read; nil has none.
	check func() error
	// step is how long the forge has for one step; 0 is what is usual.
	step time.Duration
	// folding is how the job's log folds its sections.
	folding folding
	// writer is a client with the token that writes; where there is none, the error
	// says what to do.
	writer func() (forgeClient, error)
	// blobs is where the forge keeps baselines; nil where its kind has no store.
	blobs func() (baseline.Blobs, error)
	// ancestors tells what git can't: see [lineage]. nil can't, either.
	ancestors func(ctx context.Context, head string, commits []string) (map[string]bool, error)
}

// checked is [forgeJob.check], where there is one.
func (j *forgeJob) checked() error {
	if j.check == nil {
		return nil
	}
	return j.check()
}

// forgeClient writes on a forge. What the forge refuses or does not answer is a
// [forge.Error].
type forgeClient interface {
	// FindRequest is the request that a job is about; nil when there is none.
	FindRequest(ctx context.Context, j *forge.Job) (*forge.Request, error)
	PublishNote(ctx context.Context, on forge.Request, n forge.Note) (forge.Done, error)
	PublishThread(ctx context.Context, on forge.Request, t forge.Thread) (forge.Done, error)
	PublishIssue(ctx context.Context, project string, i forge.Issue) (forge.Done, error)
	SetStatus(ctx context.Context, project, commit string, s forge.Status) (forge.Done, error)
}

// folding makes what folds a section of a job's log; zero folds nothing.
type folding struct {
	begin func(at time.Time, name, title string, collapsed bool) string
	end   func(at time.Time, name string) string
}

// ciForge is the forge whose CI this is; false where it is none that is known.
func (a *app) ciForge() (forgeKind, bool) {
	for _, k := range a.forges {
		if _, here := a.getenv(k.variable); here {
			return k, true
		}
	}
	return forgeKind{}, false
}

// eachForge joins what is to be said of each forge.
func eachForge(kinds []forgeKind, between string, say func(forgeKind) string) string {
	var all []string
	for _, k := range kinds {
		all = append(all, say(k))
	}
	return strings.Join(all, between)
}

// ciNames names the CI of each.
func (a *app) ciNames() string {
	return eachForge(a.forges, " or ", func(k forgeKind) string { return k.ci })
}

// publishUsage is how to publish on each.
func publishUsage(kinds []forgeKind) string {
	return eachForge(kinds, "\n", func(k forgeKind) string { return "k6report publish " + k.name + " REPORT.json" })
}

// storeScheme is what --store takes for the place that a forge has for baselines.
func (k forgeKind) storeScheme() string { return k.name + ":" }

// withStore are those that keep baselines.
func withStore(kinds []forgeKind) []forgeKind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k forgeKind) bool { return k.store == "" })
}

// writeTokens are the variables with tokens of people that write on a forge, be it
// one of those that k6report knows or another. A job's own stays: scripts fetch with it.
func (a *app) writeTokens() []string {
	names := []string{"GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"}
	for _, k := range a.forges {
		names = append(names, k.writeTokens...)
	}
	return names
}
