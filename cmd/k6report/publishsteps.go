package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"k6report/internal/gitlab"
)

// step is one thing that is told to GitLab. What is sent and what --dry-run prints
// are made of the same steps.
type step struct {
	what string // "note on merge request !7"
	// planned are a line about it, behind what, and its text; "" is none.
	planned func() (line, text string)
	send    func(context.Context, *gitlab.Client) (gitlab.Done, error)
}

// steps are all that there is to be told, in order. mr is the merge request that
// it is about; nil is none.
func (p *publication) steps(mr *gitlab.MergeRequest) []step {
	var steps []step
	if mr != nil {
		steps = append(steps, p.noteStep(*mr))
		if p.flags.thread {
			steps = append(steps, p.threadStep(*mr))
		}
	}
	if p.wantsIssue() {
		steps = append(steps, p.issueStep())
	}
	if p.flags.status && p.job.Commit != "" {
		steps = append(steps, p.statusStep())
	}
	return steps
}

func (p *publication) noteStep(mr gitlab.MergeRequest) step {
	n := p.note()
	return step{
		what: "note on " + mr.String(),
		planned: func() (string, string) {
			line := ", key " + n.Key
			if !n.Create {
				line += ", only if there is one already"
			}
			return line, n.Body
		},
		send: func(ctx context.Context, c *gitlab.Client) (gitlab.Done, error) { return c.PublishNote(ctx, mr, n) },
	}
}

func (p *publication) threadStep(mr gitlab.MergeRequest) step {
	t := p.thread()
	return step{
		what: "thread on " + mr.String(),
		planned: func() (string, string) {
			switch {
			case len(t.Regressed) > 0:
				return ", about " + strings.Join(t.Regressed, ", "), t.Body
			case t.Gone:
				return ": resolved, if there is one", ""
			}
			return ": " + string(gitlab.Undecided), ""
		},
		send: func(ctx context.Context, c *gitlab.Client) (gitlab.Done, error) { return c.PublishThread(ctx, mr, t) },
	}
}

func (p *publication) issueStep() step {
	i := p.issue()
	return step{
		what:    "issue",
		planned: func() (string, string) { return fmt.Sprintf(" in project %d: %s", p.job.Project, i.Title), i.Body },
		send: func(ctx context.Context, c *gitlab.Client) (gitlab.Done, error) {
			return c.PublishIssue(ctx, p.job.Project, i)
		},
	}
}

func (p *publication) statusStep() step {
	s := p.commitStatus()
	return step{
		what: "status of the commit",
		planned: func() (string, string) {
			return fmt.Sprintf(" %s: %s, %s", p.job.Commit, map[bool]string{true: "failed", false: "success"}[s.Failed], s.Description), ""
		},
		send: func(ctx context.Context, c *gitlab.Client) (gitlab.Done, error) {
			return c.SetStatus(ctx, p.job.Project, p.job.Commit, s)
		},
	}
}

// printPlan prints what would be sent, without asking anybody. The merge request
// of a branch is told by the variables of the job, its number is not.
func (p *publication) printPlan(w io.Writer) error {
	var mr *gitlab.MergeRequest
	if p.job.MayHaveMergeRequest() {
		mr = &gitlab.MergeRequest{Project: cmp.Or(p.job.MergeRequestProject, p.job.Project), IID: p.job.MergeRequest}
	}
	var b strings.Builder
	for _, step := range p.steps(mr) {
		line, text := step.planned()
		what := step.what
		if mr != nil {
			where := fmt.Sprintf("%s of project %d", mr, mr.Project)
			if mr.IID == 0 {
				where = "the open merge request of branch " + p.job.Branch
			}
			what = strings.Replace(what, mr.String(), where, 1)
		}
		fmt.Fprintf(&b, "--- %s%s\n", what, line)
		if text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}
