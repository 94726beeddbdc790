package forge

import "fmt"

// Job is what all forges know of a CI job. Words are empty where one doesn't say.
type Job struct {
	// Project is the job's, as its forge addresses it. Home is the one whose
	// requests and baselines it is about: the parent in a fork's job.
	Project, Home string
	// Request is what the job is about: the request of its pipeline, or one without
	// a number where the forge has to be asked for that of the branch; nil is none.
	Request *Request
	// Commit is the full hash, Branch the branch or tag of the pipeline.
	Commit, Branch string
	// Default is the project's default branch, Target the one that the request of
	// the pipeline goes to.
	Default, Target string
	// Head is the commit whose ancestors are what the job's code is compared with.
	Head string
	Name string // the job's
	// URL is the job's page.
	URL string
	// Pipeline is its number; a newer one's is higher.
	Pipeline int64
	// Scheduled says that a schedule started the pipeline.
	Scheduled bool
	// Runner describes the machine, for labels.
	Runner string
	// Page is where a file of the job's artifacts is shown; "", or nil, is nowhere.
	Page func(file string) string
}

// OfRequest reports whether the pipeline is a request's own.
func (j *Job) OfRequest() bool { return j.Request != nil && j.Request.Number != 0 }

// OnTarget reports whether the pipeline is of the branch that requests go to,
// whose runs feed the baseline: the default branch, outside of any request.
func (j *Job) OnTarget() bool {
	return !j.OfRequest() && j.Branch != "" && j.Branch == j.Default
}

// OffTarget is the branch that the pipeline's request goes to, where that is not the
// one whose runs feed the baseline; else "".
func (j *Job) OffTarget() string {
	if !j.OfRequest() || j.Default == "" || j.Target == j.Default {
		return ""
	}
	return j.Target
}

// FromFork reports whether the request comes from another project.
func (j *Job) FromFork() bool { return j.Home != j.Project }

// Request is where a change asks to be taken: GitLab's merge request, GitHub's pull
// request.
type Request struct {
	// Project is the one that it is in, as its forge addresses it.
	Project string
	Number  int64  // within the project; 0 where the forge was not asked yet
	Name    string // "merge request !7"
}

// String is its name.
func (r Request) String() string { return r.Name }

// Where is its name and its project, as far as they are known.
func (r Request) Where() string {
	if r.Number == 0 {
		return r.Name
	}
	return fmt.Sprintf("%s of project %s", r.Name, r.Project)
}
