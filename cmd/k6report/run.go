package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"k6report/internal/k6exec"
	"k6report/internal/report"
	"k6report/internal/run"
)

// runFlags are those of the run verb.
type runFlags struct {
	common
	url       string
	yes       bool
	repeat    int
	grafana   bool
	confirm   bool
	k6        string
	scenarios string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run LEVEL | run all | run -- k6 run ARGS...",
		Short: "run k6 and analyse the run",
		Long: `Run starts k6 with the outputs that a report needs, keeps them in a folder under
results/, and analyses the run. A LEVEL is one of the suite in scenarios/; all is
the ladder from smoke to ultimate, which stops at the first level that fails.
Behind -- stands any k6 command, to which outputs are added and nothing else.

Levels: ` + strings.Join(levelNames(), ", ") + `.
Before a level starts its plan is shown, and the target has to tell by its
/health that it is the system meant. Ultimate starts only after a yes, and so
does any level above baseline where the target is another machine.

--grafana also writes to the InfluxDB 1.x of K6_INFLUXDB_ADDR and K6_INFLUXDB_DB
(default http://127.0.0.1:8086 and k6), with the credentials of INFLUX_USERNAME
and INFLUX_PASSWORD; deploy/ has a Grafana for it.

k6 is taken from --k6, from PATH or from .tools/bin; where there is none, the
version that k6report is tested with is built with go install.`,
		Example: `  k6report run smoke --url http://127.0.0.1:8080
  k6report run -- k6 run --vus 5 --duration 30s script.js`,
		RunE: func(cmd *cobra.Command, args []string) error {
			// A variable that is set for all levels is not meant for a k6 command.
			if cmd.ArgsLenAtDash() >= 0 && cmd.Flags().Lookup("url").Annotations[fromEnvironment] != nil {
				f.url = ""
			}
			return a.runVerb(cmd.Context(), &f, args, cmd.ArgsLenAtDash())
		},
	}
	fl := cmd.Flags()
	f.view(fl, reportAsJSON)
	f.files(fl, "keep the run and its reports in this `folder` (default a new one in "+resultsFolder+"/)")
	// A script that threw measured nothing; k6 itself would have failed.
	f.alsoFailOn = report.RunInvalid
	f.analysis(fl)
	fl.StringVar(&f.url, "url", "", "the system under test, for a LEVEL (default BASE_URL, or "+defaultTarget+")")
	fl.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a heavy level")
	fl.IntVar(&f.repeat, "repeat", 1, "make this `number` of runs, one after the other")
	f.comparison(fl, a.forges)
	fl.BoolVar(&f.confirm, "confirm", false, "run again when the comparison with the baseline suspects something")
	fl.BoolVar(&f.grafana, "grafana", false, "also write to InfluxDB, for Grafana")
	fl.StringVar(&f.k6, "k6", "", "the k6 `program` to use")
	fl.StringVar(&f.scenarios, "scenarios", "scenarios", "the `folder` of the suite")
	return cmd
}

func (a *app) runVerb(ctx context.Context, f *runFlags, args []string, dash int) error {
	wanted, err := f.checkOutput()
	if err != nil {
		return err
	}
	judge, err := f.judge(a)
	if err != nil {
		return err
	}
	if err := f.checkConfirm(judge); err != nil {
		return err
	}
	s, r, err := a.prepare(ctx, f, judge, wanted, args, dash)
	if err != nil {
		return err
	}
	if s.target != nil {
		if err := a.mayLoad(f, s.levels, s.target); err != nil {
			return err
		}
	}
	if f.grafana {
		db, err := a.influxDB()
		if err != nil {
			return err
		}
		if err := db.ready(ctx, a); err != nil {
			return err
		}
		r.influx = &db
	}
	return r.runAll(ctx, s)
}

// prepare finds out what to run and with what, and shows the plans.
func (a *app) prepare(ctx context.Context, f *runFlags, judge judge, wanted, args []string, dash int) (*series, *runner, error) {
	labels, err := f.labelMap()
	if err != nil {
		return nil, nil, err
	}
	s, err := a.newSeries(f, args, dash)
	if err != nil {
		return nil, nil, err
	}
	k6, version, err := a.findK6(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	if err := a.inspectAll(ctx, k6, s); err != nil {
		return nil, nil, err
	}
	// Whoever reads our output may go away; k6 and its data must not go with it.
	a.ignoreBrokenPipe()
	if err := a.showPlans(f, s); err != nil {
		return nil, nil, err
	}
	return s, &runner{app: a, flags: f, judge: judge, wanted: wanted, labels: labels, k6: k6, version: version, target: s.target}, nil
}

// runner makes the runs of a series, each with a report of its own.
type runner struct {
	app         *app
	flags       *runFlags
	judge       judge
	wanted      []string // formats
	labels      map[string]string
	k6, version string
	target      *url.URL  // nil for a k6 command
	influx      *influxDB // nil without --grafana
	// done is told of every run that was judged; nil is nobody.
	done func(j job, rep *report.Report, measured *run.Run)
}

// runAll makes one run after the other. The ladder stops at the first level
// that fails; what is only repeated does not stop, or there would be no second
// opinion. The exit code is that of the worst verdict; of a run that could not be
// made, whatever those before it came to. With --open the last page is shown.
func (r runner) runAll(ctx context.Context, s *series) error {
	worst, page := report.ExitOK, ""
	var verdicts []string // of the runs that did not end well
	for i := range s.jobs {
		j := &s.jobs[i]
		if len(s.jobs) > 1 {
			r.app.say(&r.flags.common, "run %d of %d: %s", i+1, len(s.jobs), j.name)
		}
		var exit exitError
		if err := r.run(ctx, s, j); errors.As(err, &exit) {
			worst = worseExit(worst, exit.code)
			verdicts = append(verdicts, fmt.Sprintf("%s with exit code %d", filepath.ToSlash(j.dir), exit.code))
		} else if err != nil {
			return r.broken(ctx, s, i, verdicts, err)
		}
		if worst == exitInterrupted {
			if missing := s.missing(i, "was interrupted", verdicts[:len(verdicts)-1]); missing != "" {
				r.app.say(&r.flags.common, "%s", missing)
			}
			break
		}
		page = filepath.Join(j.dir, pageFile)
		if rest := s.left(i); worst != report.ExitOK && len(rest) > 0 {
			r.app.say(&r.flags.common, "the ladder ends at %s; not run: %s", j.name, strings.Join(jobNames(rest), ", "))
			break
		}
	}
	if r.flags.open && page != "" {
		r.app.openPage(page)
	}
	if worst != report.ExitOK {
		return exitError{worst}
	}
	return nil
}

// broken is why a series broke off at a run, with what is missing of it. An
// interruption is said without its error.
func (r runner) broken(ctx context.Context, s *series, at int, verdicts []string, why error) error {
	if ctx.Err() != nil && errors.Is(why, context.Canceled) {
		if missing := s.missing(at, "was interrupted", verdicts); missing != "" {
			r.app.say(&r.flags.common, "%s", missing)
		}
		return why
	}
	if missing := s.missing(at, "could not be made", verdicts); missing != "" {
		return fmt.Errorf("%w\n%s", why, missing)
	}
	return why
}

// worseExit is the exit code of two: an interruption counts before the verdicts,
// and those in the order in which a verdict is chosen.
func worseExit(x, y int) int {
	order := []int{exitInterrupted, report.ExitRegressed, report.ExitThresholdFailed, report.ExitOtherStatus}
	for _, code := range order {
		if x == code || y == code {
			return code
		}
	}
	return report.ExitOK
}

// run makes one run and reports on it. An exitError is its verdict.
func (r runner) run(ctx context.Context, s *series, j *job) error {
	if err := context.Cause(ctx); err != nil { // before anything is taken away
		return err
	}
	if r.target != nil {
		instance, err := r.app.identify(ctx, r.target)
		if err != nil {
			return err
		}
		if err := j.expect(instance); err != nil {
			return err
		}
	}
	if err := s.claim(); err != nil {
		return err
	}
	release, err := begin(j.dir)
	if err != nil {
		return err
	}
	defer release()
	r.app.say(&r.flags.common, "k6 %s runs %s", r.version, filepath.ToSlash(j.command.Script))
	result, err := r.execute(ctx, *j)
	if err != nil {
		return err
	}
	err = r.report(ctx, *j, result)
	if errors.Is(err, context.Canceled) {
		r.app.sayKept(&r.flags.common, j.dir)
	}
	return err
}

// sayKept says where a run is of which an interruption left no report, or an old one.
func (a *app) sayKept(c *common, dir string) {
	a.say(c, "the run is kept in %[1]s: k6report analyze %[1]s", filepath.ToSlash(dir))
}

// report reads what a run left, shows and keeps the report. What there is gets
// reported, also after Ctrl-C, which ends the second run of --confirm or keeps it
// from being made.
func (r runner) report(ctx context.Context, j job, result executed) error {
	a, c := r.app, &r.flags.common
	interrupted := ctx.Err() != nil
	if interrupted {
		ctx = context.WithoutCancel(ctx)
	}
	measured, err := r.measured(ctx, j, result)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		return errors.Join(result.unkept, nothingToReport(j, result.Execution, err))
	}
	rep, err := r.judged(ctx, j, measured, r.flags.confirm && !interrupted)
	if err != nil {
		return err
	}
	if ctx.Err() != nil { // the second run was given up, the first one is whole
		interrupted, ctx = true, context.WithoutCancel(ctx)
	}
	written := errors.Join(result.unkept, a.writeFiles(ctx, j.dir, r.wanted, rep, measured))
	if r.done != nil {
		r.done(j, rep, measured)
	}
	if err := a.show(c, rep); written == nil && err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	if e := result.Execution; e.ExitCode != k6exec.ExitOK && e.ExitCode != k6exec.ExitThresholds && !e.Interrupted && !c.quiet {
		a.explain(hinted{errors.New(e.Ending()), j.remedy(e)})
	}
	if written != nil {
		return written
	}
	a.say(c, "the run and its reports are in %s", filepath.ToSlash(j.dir))
	r.sayGrafana(result.RunResult)
	if interrupted || ctx.Err() != nil {
		return exitError{exitInterrupted}
	}
	return finish(rep)
}

// nothingToReport says how a run ended that left nothing to read.
func nothingToReport(j job, e k6exec.Execution, err error) error {
	return hinted{fmt.Errorf("k6 ended with exit code %d (%s) and left nothing to report on: %w", e.ExitCode, e.Meaning, err), j.remedy(e)}
}
