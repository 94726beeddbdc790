package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"k6report/internal/forge"
)

// step is one thing that is told to a forge. What is sent and what --dry-run prints
// are made of the same steps.
type step struct {
	what string // "note on merge request !7"
	// planned says what would be sent: a line, and a text; "" is none.
	planned func() (line, text string)
	send    func(context.Context, forgeClient) (forge.Done, error)
}

// steps are all that there is to be told, in order. on is the request that it is
// about; nil is none. Where nothing could be judged only the commit is told:
// note, thread and issue keep what was last known.
func (p *publication) steps(on *forge.Request) []step {
	var steps []step
	judged := len(p.outcomes) > 0
	if judged && on != nil {
		steps = append(steps, p.noteStep(*on))
		if p.flags.thread {
			steps = append(steps, p.threadStep(*on))
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

func (p *publication) noteStep(on forge.Request) step {
	n := p.note()
	return step{
		what: "note on " + on.Name,
		planned: func() (string, string) {
			line := "note on " + on.Where() + ", key " + n.Key
			if !n.Create {
				line += ", only if there is one already"
			}
			return line, n.Body
		},
		send: func(ctx context.Context, c forgeClient) (forge.Done, error) { return c.PublishNote(ctx, on, n) },
	}
}

func (p *publication) threadStep(on forge.Request) step {
	t := p.thread()
	return step{
		what: "thread on " + on.Name,
		planned: func() (string, string) {
			line := "thread on " + on.Where()
			switch {
			case len(t.Regressed) > 0:
				return line + ", about " + strings.Join(t.Regressed, ", "), t.Body
			case t.Gone:
				return line + ": resolved, if there is one", ""
			}
			return line + ": " + string(forge.Undecided), ""
		},
		send: func(ctx context.Context, c forgeClient) (forge.Done, error) { return c.PublishThread(ctx, on, t) },
	}
}

func (p *publication) issueStep() step {
	i := p.issue()
	return step{
		what:    "issue",
		planned: func() (string, string) { return fmt.Sprintf("issue in project %s: %s", p.job.Project, i.Title), i.Body },
		send: func(ctx context.Context, c forgeClient) (forge.Done, error) {
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
		send: func(ctx context.Context, c forgeClient) (forge.Done, error) {
			return c.SetStatus(ctx, p.job.Project, p.job.Commit, s)
		},
	}
}

// printPlan prints what would be sent, without asking anybody.
func (p *publication) printPlan(w io.Writer) error {
	var b strings.Builder
	for _, step := range p.steps(p.job.Request) {
		line, text := step.planned()
		fmt.Fprintf(&b, "--- %s\n", line)
		if text != "" {
			fmt.Fprintln(&b, text)
		}
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}
