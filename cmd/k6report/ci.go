package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/baseline"
	"k6report/internal/render"
	"k6report/internal/report"
	"k6report/internal/run"
)

// ciFlags are those of the ci verb.
type ciFlags struct {
	runFlags
	publishFlags
	first string
	join  string
}

const (
	// ciFolder is where the ci verb writes when it isn't said.
	ciFolder = "results/ci"

	joinAuto, joinAlways, joinNever = "auto", "always", "never"

	// labelKey is the label that holds the key of the run's note: whoever tells of
	// the run again writes that note.
	labelKey = "note_key"
)

func (a *app) ciCommand() *cobra.Command {
	var f ciFlags
	cmd := &cobra.Command{
		Use:   "ci [SOURCE... | -- k6 run ARGS...]",
		Short: "do all that a job of " + a.ciNames() + " has to",
		Long: `Ci does what a load test's job has to, without configuration: it runs k6 (behind
--) or takes runs that are there, finds the baseline of the target branch,
compares, runs a second time only when something is suspected, writes all files,
tells the merge request (k6report publish ` + eachForge(a.forges, " or ", func(k forgeKind) string { return k.name }) + `) and ends with the verdict's exit
code.

On the default branch, every valid run joins the baseline; a merge request's never
does. ` + eachForge(a.forges, "\n\n", func(k forgeKind) string { return k.ciHelp }) + `

Each SOURCE that is a folder of a run is a run of its own, all files together are
one; without any, the runs under results/ are taken. A folder NAME-confirm is the
second run of NAME.`,
		Example: `  k6report ci -- k6 run scenarios/smoke-test.js
  k6report ci results/main --thread`,
		RunE: func(cmd *cobra.Command, args []string) error {
			judge, err := f.judge(a)
			if err != nil {
				return err
			}
			if err := f.complete(cmd.Flags(), judge.config); err != nil {
				return err
			}
			return a.ci(cmd.Context(), &f, judge, args, cmd.ArgsLenAtDash())
		},
	}
	fl := cmd.Flags()
	f.view(fl, reportAsJSON)
	f.files(fl, "keep runs and reports in this `folder` (default "+ciFolder+"; the reports of a SOURCE that is a folder, in it)")
	f.alsoFailOn = report.RunInvalid
	f.analysis(fl)
	f.parts(fl)
	f.comparison(fl, a.forges)
	f.rerunFlag(fl)
	f.publishFlags.add(fl)
	fl.IntVar(&f.repeat, "repeat", 1, "make this `number` of runs, one after the other: five begin a baseline")
	fl.BoolVar(&f.confirm, "confirm", true, "run again when the comparison with the baseline suspects something")
	fl.StringVar(&f.first, "first", "", "the `folder` of a run of an earlier job: run k6 only if it is suspected, as its second run; both have that job's note")
	fl.StringVar(&f.join, "join", joinAuto, "`when` runs join the baseline: auto (those of the default branch do), always or never")
	fl.StringVar(&f.k6, "k6", "", "the k6 `program` to use")
	return cmd
}

// ciJob is one run of the ci verb.
type ciJob struct {
	*app
	flags    *ciFlags
	judge    judge
	wanted   []string  // formats
	job      *forgeJob // nil outside of a forge's CI
	outcomes []outcome
	asked    int // how many runs there should be outcomes of
}

func (a *app) ci(ctx context.Context, f *ciFlags, judge judge, args []string, dash int) error {
	wanted, err := f.checkOutput()
	if err != nil {
		return err
	}
	if err := f.checkFirst(dash); err != nil {
		return err
	}
	var job *forgeJob
	if k, here := a.ciForge(); !here {
		a.say(&f.common, "this is no job of %s: nothing is published", a.ciNames())
	} else if job, err = k.job(a); err != nil {
		a.warn(fmt.Errorf("nothing is published: %w", err))
	}
	if err := a.setUpCI(f, judge, job); err != nil {
		return err
	}
	if _, err := a.openStore(a.storeName(&f.common, judge.config)); err != nil {
		return err // before k6 has run for nothing
	}
	c := &ciJob{app: a, flags: f, judge: judge, wanted: wanted, job: job}
	switch {
	case f.first != "":
		err = c.second(ctx, args, dash)
	case dash >= 0:
		err = c.runK6(ctx, args, dash)
	default:
		err = c.take(ctx, args)
	}
	if job == nil || ctx.Err() != nil || len(c.outcomes) == 0 && (err == nil || f.first != "") {
		return unlessInterrupted(ctx, err) // where a first run was not judged again, what its job told stands
	}
	p := publication{common: &f.common, flags: f.publishFlags, job: job, outcomes: c.outcomes}
	p.unjudged = len(c.outcomes) < c.asked // what was judged is published all the same
	if err != nil {
		p.failure = a.redactor.Text(err.Error())
	}
	if failed := a.publish(ctx, p); failed != nil && err == nil {
		return failed
	}
	return unlessInterrupted(ctx, err)
}

// unlessInterrupted is how a job ends: not with its verdict where it was interrupted
// after that, before all was done that belongs to it.
func unlessInterrupted(ctx context.Context, err error) error {
	var exit exitError
	if verdict := err == nil || errors.As(err, &exit) && exit.code != exitInterrupted; verdict && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// checkFirst refuses --first without the k6 command that makes the one second run.
func (f *ciFlags) checkFirst(dash int) error {
	switch {
	case f.first == "":
		return nil
	case dash < 0:
		return usageError{hinted{errors.New("--first makes a second run, and there is no k6 command to make it with"), "k6report ci --first " + filepath.ToSlash(f.first) + " -- k6 run SCRIPT.js"}}
	case f.rerun != "":
		return usageError{hinted{errors.New("--first makes the second run that --rerun names"), "leave one of them out"}}
	case f.repeat != 1:
		return usageError{hinted{errors.New("--first makes one run, and --repeat more"), "leave one of them out"}}
	}
	return nil
}

// setUpCI sets what the job knows and the command line left open.
func (a *app) setUpCI(f *ciFlags, judge judge, job *forgeJob) error {
	if !slices.Contains([]string{joinAuto, joinAlways, joinNever}, f.join) {
		return usageError{fmt.Errorf("read --join: %q is none of auto, always, never", f.join)}
	}
	if f.baseline == "" && judge.config.Baseline.Name == "" {
		f.baseline = autoName
	}
	if job == nil {
		return nil
	}
	if err := job.checked(); err != nil {
		return err
	}
	if f.join == joinAlways && job.OfRequest() {
		return usageError{hinted{errors.New("read --join: a merge request's run never joins the baseline"), "it may turn out to be slower; leave it to the default branch"}}
	}
	a.folding = job.folding
	if _, no := a.getenv("NO_COLOR"); f.color == "auto" && !no {
		f.color = "always" // a job's log shows it
	}
	given := make(map[string]bool)
	for _, l := range f.labels {
		name, _, _ := strings.Cut(l, "=")
		given[name] = true
	}
	for _, l := range []run.Tag{
		{Name: "commit", Value: job.Commit},
		{Name: "branch", Value: job.Branch},
		{Name: render.LabelJob, Value: job.URL},
		{Name: labelKey, Value: cmp.Or(f.key, f.configKey, job.Name)},
		{Name: "ci_runner", Value: job.Runner},
		{Name: "cpu", Value: processor()},
	} {
		if l.Value != "" && !given[l.Name] {
			f.labels = append(f.labels, l.Name+"="+l.Value)
		}
	}
	f.lineage = lineage{head: job.Head, ask: job.ancestors, into: job.OffTarget()}
	return nil
}

// processor is the model of this machine's; "" where it isn't known.
func processor() string {
	content, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// runner makes the series of runs and a runner of it.
func (c *ciJob) runner(ctx context.Context, args []string, dash int) (*series, *runner, error) {
	f := &c.flags.runFlags
	if f.out == "" {
		f.out = ciFolder
	}
	s, r, err := c.prepare(ctx, f, c.judge, c.wanted, args, dash)
	if err != nil {
		return nil, nil, err
	}
	r.done = func(j job, rep *report.Report, measured *run.Run) {
		c.finished(ctx, outcome{filepath.Base(j.dir), j.dir, rep}, measured)
	}
	return s, r, nil
}

// runK6 runs k6 and judges what it left.
func (c *ciJob) runK6(ctx context.Context, args []string, dash int) error {
	s, r, err := c.runner(ctx, args, dash)
	if err != nil {
		return err
	}
	c.asked = len(s.jobs)
	return r.runAll(ctx, s)
}

// second runs k6 if the run of an earlier job is suspected, and judges that run
// again with what it left.
func (c *ciJob) second(ctx context.Context, args []string, dash int) error {
	a, f := c.app, &c.flags.runFlags
	f.out = c.flags.first
	first, err := a.savedReport(filepath.Join(f.out, reportFile), reportWanted)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the earlier job has failed, and says why
		a.say(&f.common, "%s holds no report: there is nothing to confirm", filepath.ToSlash(f.out))
		return nil
	case err != nil:
		return err
	case !suspected(first):
		a.say(&f.common, "%s is not suspected of anything: there is nothing to confirm", filepath.ToSlash(f.out))
		return nil
	case !holdsSamples(f.out):
		return hinted{fmt.Errorf("read %s: the folder holds no samples, which judging the run again takes", filepath.ToSlash(f.out)), "have the first job write its snapshot: --formats names others"}
	}
	c.flags.takeKey(first)
	err = c.judgeAgain(ctx, args, dash)
	if errors.Is(err, context.Canceled) {
		a.sayKept(&f.common, f.out)
	}
	return err
}

// judgeAgain makes the second run of an earlier job's run, and judges that with it.
// Where the second one breaks, the earlier job's judgement stands. Where it can't even
// begin, it never will, and the job fails.
func (c *ciJob) judgeAgain(ctx context.Context, args []string, dash int) error {
	a, f := c.app, &c.flags.runFlags
	s, r, unready := c.runner(ctx, args, dash)
	var usage usageError
	if errors.As(unready, &usage) {
		return unready
	}
	measured, err := a.read(ctx, &f.common, c.judge.config, []string{f.out})
	if err != nil {
		return err
	}
	options, err := a.comparisonOptions(ctx, &f.common, c.judge.config, measured)
	if err != nil {
		return err
	}
	c.asked = 1
	if unready != nil {
		c.asked++ // the second run, of which there is nothing to judge
		unready = unconfirmed(&options, measured, unready)
	} else if options.Rerun, err = r.again(ctx, s.jobs[0]); err != nil && ctx.Err() == nil {
		a.warn(unconfirmed(&options, measured, err))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	rep := c.judge.compare(measured, options)
	err = errors.Join(unready, a.deliver(ctx, &f.common, c.wanted, rep, measured))
	c.finished(ctx, outcome{filepath.Base(f.out), f.out, rep}, measured)
	if err != nil {
		return err
	}
	return finish(rep)
}

// takeKey makes the note the one that a first run's job has written, whatever
// names it here.
func (f *ciFlags) takeKey(first *report.Report) {
	if key := first.Run.Labels[labelKey]; key != "" {
		f.key = key
		f.labels = append(f.labels, labelKey+"="+key) // the last one counts
	}
}

// take judges runs that are there.
func (c *ciJob) take(ctx context.Context, args []string) error {
	units, err := unitsOf(args, c.flags.out)
	if err != nil {
		return err
	}
	if c.flags.rerun != "" {
		if len(units) > 1 {
			return usageError{hinted{errors.New("--rerun is the second run of one run, and there are several"), "name the folder NAME-confirm: it is the second run of NAME"}}
		}
		units[0].rerun = c.flags.rerun
	}
	c.asked = len(units)
	worst := report.ExitOK
	var failed []error
	for _, u := range units {
		var exit exitError
		err := c.judgeUnit(ctx, u)
		switch {
		case errors.As(err, &exit):
			worst = worseExit(worst, exit.code)
		case ctx.Err() != nil || len(units) == 1 && err != nil:
			return err
		case err != nil: // keeps the others from nothing
			failed = append(failed, fmt.Errorf("%s: %w", u.name, err))
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	if worst != report.ExitOK {
		return exitError{worst}
	}
	return nil
}

// judgeUnit judges one run that is there. A report that can't be written or shown
// costs the files, not the verdict.
func (c *ciJob) judgeUnit(ctx context.Context, u unit) error {
	flags := c.flags.common
	flags.out, flags.rerun = u.dir, u.rerun
	rep, r, err := c.analyzeRun(ctx, &flags, c.judge, c.wanted, u.sources)
	if rep != nil {
		c.finished(ctx, outcome{u.name, u.dir, rep}, r)
	}
	if err != nil {
		return err
	}
	return finish(rep)
}

// finished remembers what came of a run, and adds it to the baseline where it
// belongs there.
func (c *ciJob) finished(ctx context.Context, o outcome, r *run.Run) {
	c.outcomes = append(c.outcomes, o)
	onTarget := c.job != nil && c.job.OnTarget()
	if c.flags.join == joinNever || c.flags.join == joinAuto && !onTarget || ctx.Err() != nil {
		return
	}
	if c.flags.dryRun {
		c.say(&c.flags.common, "%s would join the baseline, if it is valid", o.name)
		return
	}
	if err := c.addToBaseline(ctx, o, r); err != nil {
		c.warn(fmt.Errorf("%s does not join the baseline: %w", o.name, err))
	}
}

// mostKeptRuns is how many runs keep all that comparing takes: twice what a run
// is compared with, for branches that are behind.
const mostKeptRuns = 2 * newestRuns

func (c *ciJob) addToBaseline(ctx context.Context, o outcome, r *run.Run) error {
	flags := &c.flags.common
	out := added{Run: r.ID, Source: o.dir, Baseline: flags.baselineName(c.judge.config, r)}
	blobs, err := c.openStore(c.storeName(flags, c.judge.config))
	if err != nil {
		return err
	}
	s, err := baseline.Open(blobs, out.Baseline)
	if err != nil {
		return err
	}
	out, err = c.app.join(ctx, flags, c.judge, s, out, r, o.report)
	switch {
	case err != nil:
		return err
	case !out.Added:
		c.say(flags, "%s does not join baseline %s: %s", o.name, out.Baseline, visible(out.Reason))
		return takeBack(ctx, s, out)
	}
	c.say(flags, "%s joins baseline %s", o.name, out.Baseline)
	if _, err = s.Prune(ctx, mostKeptRuns); err != nil {
		c.warn(fmt.Errorf("thin the old runs of baseline %s: %w", out.Baseline, err))
	}
	return nil
}

// takeBack marks a run as invalid that joined before it was known to be: a
// suspected one joins, and another job may confirm later what it is suspected of.
func takeBack(ctx context.Context, s *baseline.Store, out added) error {
	err := s.Update(ctx, out.Run, false, func(e *baseline.Entry) { e.Invalid, e.Status = out.Reason, out.Status })
	if errors.Is(err, baseline.ErrNoRun) {
		return nil
	}
	return err
}
