package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"k6report/internal/config"
	"k6report/internal/forge"
)

// publishFlags say what is told to a forge.
type publishFlags struct {
	dryRun        bool
	comment       string
	thread        bool
	require       bool
	key           string // that is given; "" is none
	configKey     string // that k6report.yaml names
	status        bool
	scheduleIssue bool
}

func (p *publishFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&p.dryRun, "dry-run", false, "print what would be sent, and send nothing")
	f.StringVar(&p.comment, "comment", "", "`when` to write a note where there is none: always, changes or regressions (default always)")
	f.BoolVar(&p.thread, "thread", false, "open a thread on a regression, and resolve it when it is gone")
	f.BoolVar(&p.require, "require-publish", false, "fail when something can't be published")
	f.StringVar(&p.key, "key", "", "tells the notes of several jobs apart: a `name` (default the one that the run was published with, or the job's)")
	f.BoolVar(&p.status, "status", true, "set the commit's status k6report")
	f.BoolVar(&p.scheduleIssue, "schedule-issue", false, "open an issue when a schedule of the default branch finds a regression")
}

// complete takes from the configuration what the command line left open.
func (p *publishFlags) complete(f *pflag.FlagSet, cfg *config.Config) error {
	p.comment = cmp.Or(p.comment, cfg.Publish.Comment, config.CommentAlways)
	if !slices.Contains([]string{config.CommentAlways, config.CommentChanges, config.CommentRegressions}, p.comment) {
		return usageError{fmt.Errorf("read --comment: %q is none of always, changes, regressions", p.comment)}
	}
	p.configKey = cfg.Publish.Key
	if !f.Changed("thread") {
		p.thread = cfg.Publish.Thread
	}
	if !f.Changed("require-publish") {
		p.require = cfg.Publish.Require
	}
	return nil
}

func (a *app) publishCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "publish",
		Short:   "tell a merge request what a report says",
		Example: eachForge(a.forges, "\n", func(k forgeKind) string { return "  k6report publish " + k.name + " report/report.json" }),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{hinted{fmt.Errorf("k6report does not publish to %q", args[0]), publishUsage(a.forges)}}
			}
			return cmd.Help()
		},
	}
	for _, k := range a.forges {
		cmd.AddCommand(a.publishOnCommand(k))
	}
	return cmd
}

func (a *app) publishOnCommand(k forgeKind) *cobra.Command {
	var c common
	var p publishFlags
	cmd := &cobra.Command{
		Use:   k.name + " REPORT.json...",
		Short: "write the note, the thread and the status on " + k.title,
		Long:  k.publishHelp,
		Example: `  k6report publish ` + k.name + ` report/report.json
  k6report publish ` + k.name + ` report/report.json --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.loadConfig()
			if err != nil {
				return err
			}
			if err := p.complete(cmd.Flags(), cfg); err != nil {
				return err
			}
			return a.publishReports(cmd.Context(), k, &c, p, args)
		},
	}
	c.configured(cmd.Flags())
	cmd.Flags().BoolVarP(&c.quiet, "quiet", "q", false, "say nothing but warnings")
	p.add(cmd.Flags())
	return cmd
}

func (a *app) publishReports(ctx context.Context, k forgeKind, c *common, p publishFlags, args []string) error {
	if len(args) == 0 {
		return usageError{hinted{errors.New("publish wants the report to publish"), publishUsage([]forgeKind{k})}}
	}
	job, err := k.job(a)
	if err != nil {
		return usageError{hinted{err, "run it in a job of " + k.ci + ", whose variables say where it belongs"}}
	}
	if err := job.checked(); err != nil {
		return err
	}
	var dirs []string
	for _, name := range args {
		dirs = append(dirs, reportFolder(name))
	}
	names := uniqueNames(dirs)
	var outcomes []outcome
	for i, name := range args {
		rep, err := a.savedReport(name, reportWanted)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, outcome{names[i], dirs[i], rep})
	}
	return a.publish(ctx, publication{common: c, flags: p, job: job, outcomes: outcomes})
}

// mostPublishing bounds all of publishing: a job must not hang on a forge.
const mostPublishing = 3 * time.Minute

// longest is how long publishing may take: where steps were given more than they
// usually have, as long as several of them.
func (p *publication) longest() time.Duration { return max(mostPublishing, 3*p.job.step) }

// publish tells the forge. What fails is said, and returned only where it is
// required.
func (a *app) publish(ctx context.Context, p publication) error {
	defer a.section("publish", "k6report publishes", false)()
	if p.flags.dryRun {
		return p.printPlan(a.stdout)
	}
	ctx, cancel := context.WithTimeout(ctx, p.longest())
	defer cancel()
	err := a.send(ctx, p)
	if err == nil {
		return nil
	}
	a.warn(err)
	if p.flags.require {
		return hinted{errors.New("not everything was published"), "the warnings say why; without --require-publish they would be all"}
	}
	return nil
}

// send sends all that there is to be sent, and returns what failed.
func (a *app) send(ctx context.Context, p publication) error {
	client, err := p.job.writer()
	if err != nil {
		return err
	}
	// A job's own token may not look requests up everywhere.
	var on *forge.Request
	if len(p.outcomes) > 0 {
		on, err = client.FindRequest(ctx, p.job.Job)
	}
	var failed []error
	if err != nil {
		failed = append(failed, err)
		if forge.Hopeless(err) {
			return err
		}
	}
	for _, step := range p.steps(on) {
		done, err := step.send(ctx, client)
		if err != nil {
			failed = append(failed, err)
			if ctx.Err() != nil || forge.Hopeless(err) {
				break
			}
			continue
		}
		a.say(p.common, "%s: %s", step.what, done)
	}
	return errors.Join(failed...)
}

// warn says what failed and does not count, with what to do.
func (a *app) warn(err error) { a.spell("warning", err) }
