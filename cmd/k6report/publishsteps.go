package main

import (
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
	// planned says what would be sent: a line, and a text; "" is none.
	planned func() (line, text string)
	send    func(context.Context, *gitlab.Client) (gitlab.Done, error)
}

// steps are all that there is to be told, in order. mr is the merge request that
// it is about; nil is none. Where nothing could be judged only the commit is told:
// note, thread and issue keep what was last known.
func (p *publication) steps(mr *gitlab.MergeRequest) []step {
	var steps []step
	judged := len(p.outcomes) > 0
	if judged && mr != nil {
		steps = append(steps, p.noteStep(*mr))
		if p.flags.thread {
			steps = append(steps, p.threadStep(*mr))
		}
	}
	if judged && p.wantsIssue() {
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
			line := "note on " + where(mr, p.job.Branch) + ", key " + n.Key
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
			line := "thread on " + where(mr, p.job.Branch)
			switch {
			case len(t.Regressed) > 0:
				return line + ", about " + strings.Join(t.Regressed, ", "), t.Body
			case t.Gone:
				return line + ": resolved, if there is one", ""
			}
			return line + ": " + string(gitlab.Undecided), ""
		},
		send: func(ctx context.Context, c *gitlab.Client) (gitlab.Done, error) { return c.PublishThread(ctx, mr, t) },
	}
}

func (p *publication) issueStep() step {
	i := p.issue()
	return step{
		what:    "issue",
		planned: func() (string, string) { return fmt.Sprintf("issue in project %d: %s", p.job.Project, i.Title), i.Body },
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
			return fmt.Sprintf("status of commit %s: %s, %s", p.job.Commit, map[bool]string{true: "failed", false: "success"}[s.Failed], s.Description), ""
		},
		send: func(ctx context.Context, c *gitlab.Client) (gitlab.Done, error) {
			return c.SetStatus(ctx, p.job.Project, p.job.Commit, s)
		},
	}
}

// where names a merge request and its project. That of a branch, which GitLab was
// not asked for, has no number.
func where(mr gitlab.MergeRequest, branch string) string {
	if mr.IID == 0 {
		return "the open merge request of branch " + branch
	}
	return fmt.Sprintf("%s of project %d", mr, mr.Project)
}

// printPlan prints what would be sent, without asking anybody.
func (p *publication) printPlan(w io.Writer) error {
	var mr *gitlab.MergeRequest
	if p.job.MayHaveMergeRequest() {
		mr = &gitlab.MergeRequest{Project: p.job.MergeRequestProject, IID: p.job.MergeRequest}
	}
	var b strings.Builder
	for _, step := range p.steps(mr) {
		line, text := step.planned()
		fmt.Fprintf(&b, "--- %s\n", line)
		if text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}
