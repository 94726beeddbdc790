package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"k6report/internal/k6exec"
	"k6report/internal/report"
)

// level is a level of the suite: a script and how it is told its part.
type level struct {
	name, script string
	env          []string
	// heavy levels load more than baseline does.
	heavy bool
}

// levels are those of the suite, in the order of its ladder.
var levels = []level{
	{name: "smoke", script: "smoke-test.js"},
	{name: "baseline", script: "execution-stress.js", env: []string{"TEST_MODE=baseline"}},
	{name: "load", script: "execution-stress.js", env: []string{"TEST_MODE=load"}, heavy: true},
	{name: "stress", script: "execution-stress.js", env: []string{"TEST_MODE=stress"}, heavy: true},
	{name: "spike", script: "execution-stress.js", env: []string{"TEST_MODE=spike"}, heavy: true},
	{name: "chaos", script: "production-chaos.js", heavy: true},
	{name: "db", script: "db-contention.js", heavy: true},
	{name: "soak", script: "execution-stress.js", env: []string{"TEST_MODE=soak"}, heavy: true},
	{name: "ultimate", script: "execution-stress.js", env: []string{"TEST_MODE=ultimate"}, heavy: true},
	{name: "breakpoint", script: "execution-stress.js", env: []string{"TEST_MODE=breakpoint"}, heavy: true},
}

// runFlags are those of the run verb.
type runFlags struct {
	common
	url       string
	yes       bool
	k6        string
	scenarios string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run LEVEL | run -- k6 run ARGS...",
		Short: "run k6 and analyse the run",
		Long: `Run starts k6 with the outputs that a report needs, keeps them in a folder under
results/, and analyses the run. A LEVEL is one of the suite in scenarios/; behind
-- stands any k6 command, to which outputs are added and nothing else.

k6 is taken from --k6, from PATH or from .tools/bin; where there is none, the
version that k6report is tested with is built with go install.`,
		Example: `  k6report run smoke --url http://127.0.0.1:8080
  k6report run -- k6 run --vus 5 --duration 30s script.js`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runVerb(cmd.Context(), &f, args, cmd.ArgsLenAtDash())
		},
	}
	fl := cmd.Flags()
	f.view(fl)
	f.files(fl)
	// A script that threw measured nothing; k6 itself would have failed.
	f.alsoFailOn = report.RunInvalid
	f.analysis(fl)
	fl.StringVar(&f.url, "url", "", "the system under test, for a LEVEL (default the script's own)")
	fl.BoolVarP(&f.yes, "yes", "y", false, "do not ask before a heavy level")
	fl.StringVar(&f.k6, "k6", "", "the k6 `program` to use")
	fl.StringVar(&f.scenarios, "scenarios", "scenarios", "the `folder` of the suite")
	return cmd
}

// job is one k6 run to make.
type job struct {
	name    string // of the folder: the level, or the script
	command k6exec.Command
	dir     string // of the results
}

func (a *app) runVerb(ctx context.Context, f *runFlags, args []string, dash int) error {
	wanted, err := f.checkOutput()
	if err != nil {
		return err
	}
	judge, err := f.judge(a.version)
	if err != nil {
		return err
	}
	labels, err := f.labelMap()
	if err != nil {
		return err
	}
	j, err := a.newJob(f, args, dash)
	if err != nil {
		return err
	}
	k6, version, err := a.findK6(ctx, f)
	if err != nil {
		return err
	}
	plan, err := a.inspect(ctx, k6, j.command)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return fmt.Errorf("make folder for the results: %w", err)
	}
	if err := forgetRun(j.dir); err != nil {
		return err
	}
	// Whoever reads our output may go away; k6 and its data must not go with it.
	a.ignoreBrokenPipe()
	a.say(&f.common, "k6 %s runs %s", version, filepath.ToSlash(j.command.Script))
	result, err := a.execute(ctx, f, execution{job: j, k6: k6, version: version, plan: plan, labels: labels})
	if err != nil {
		return err
	}
	// What there is gets reported, also after Ctrl-C.
	interrupted := ctx.Err() != nil
	if interrupted {
		ctx = context.WithoutCancel(ctx)
	}
	r, err := a.read(ctx, &f.common, judge.config, sourcesOf(j, result))
	if err != nil {
		return nothingToReport(j, result.Execution, err)
	}
	rep := judge.report(r)
	if err := writeFiles(ctx, j.dir, wanted, rep, r); err != nil {
		return err
	}
	if err := a.show(&f.common, rep); err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	if e := result.Execution; e.ExitCode != k6exec.ExitOK && e.ExitCode != k6exec.ExitThresholds && !e.Interrupted && !f.quiet {
		a.explain(hinted{fmt.Errorf("k6 ended with exit code %d: %s", e.ExitCode, e.Meaning), j.remedy(e)})
	}
	a.say(&f.common, "the run and its reports are in %s", filepath.ToSlash(j.dir))
	if interrupted {
		return exitError{exitInterrupted}
	}
	return finish(rep)
}

// nothingToReport says how a run ended that left nothing to read.
func nothingToReport(j job, e k6exec.Execution, err error) error {
	return hinted{fmt.Errorf("k6 ended with exit code %d (%s) and left nothing to report on: %w", e.ExitCode, e.Meaning, err), j.remedy(e)}
}

// remedy is what to do about how k6 ended, and where it said more.
func (j job) remedy(e k6exec.Execution) string {
	log := "k6's log is " + filepath.ToSlash(filepath.Join(j.dir, logFile))
	if e.Remedy == "" {
		return log
	}
	return e.Remedy + "\n" + log
}

// newJob finds out what to run and where to keep it.
func (a *app) newJob(f *runFlags, args []string, dash int) (job, error) {
	var j job
	var k6Args []string
	switch {
	case dash == 0 && len(args) > 1 && strings.HasPrefix(filepath.Base(args[0]), "k6"):
		k6Args = args[1:]
		if f.k6 == "" && args[0] != "k6" {
			f.k6 = args[0]
		}
	case dash >= 0:
		return j, usageError{hinted{errors.New("behind -- stands a whole k6 command"), "k6report run -- k6 run script.js"}}
	case len(args) == 1:
		l, err := a.suiteLevel(f, args[0])
		if err != nil {
			return j, err
		}
		j.name = l.name
		k6Args = l.arguments(f)
	default:
		return j, usageError{hinted{errors.New("run wants one LEVEL, or -- and a k6 command"), "levels: " + strings.Join(levelNames(), ", ")}}
	}
	command, err := k6exec.ParseRun(k6Args)
	if err != nil {
		return j, usageError{err}
	}
	j.command = command
	if j.name == "" {
		j.name = strings.TrimSuffix(filepath.Base(command.Script), filepath.Ext(command.Script))
	}
	j.dir = f.out
	if j.dir == "" {
		j.dir = freshFolder(filepath.Join(resultsFolder, a.now().UTC().Format("20060102T150405")+"-"+j.name))
	}
	return j, nil
}

func levelNames() []string {
	var names []string
	for _, l := range levels {
		names = append(names, l.name)
	}
	return names
}

// suiteLevel finds a level, and asks before a heavy one.
func (a *app) suiteLevel(f *runFlags, name string) (level, error) {
	at := slices.IndexFunc(levels, func(l level) bool { return l.name == name })
	if at < 0 {
		return level{}, usageError{hinted{fmt.Errorf("there is no level %q", name), "levels: " + strings.Join(levelNames(), ", ")}}
	}
	l := levels[at]
	script := filepath.Join(f.scenarios, l.script)
	if !isFile(script) {
		return level{}, usageError{hinted{fmt.Errorf("level %s: there is no %s", l.name, filepath.ToSlash(script)), "name the folder of the suite with --scenarios"}}
	}
	l.script = script
	if f.yes || !l.heavy || l.name != "ultimate" && isLoopback(f.url) {
		return l, nil
	}
	return l, a.confirm(fmt.Sprintf("Level %s puts a heavy load on %s. Go on?", l.name, f.url))
}

func (l level) arguments(f *runFlags) []string {
	args := []string{"run"}
	for _, e := range l.env {
		args = append(args, "-e", e)
	}
	if f.url != "" {
		args = append(args, "-e", "BASE_URL="+f.url)
	}
	return append(args, l.script)
}

// isLoopback reports whether a URL leads to this machine; the suite's default
// does.
func isLoopback(target string) bool {
	if target == "" {
		return true
	}
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// confirm asks on the terminal.
func (a *app) confirm(question string) error {
	refused := usageError{hinted{errors.New("not started: " + question), "--yes starts it without asking"}}
	if !a.stderrTerminal {
		return refused
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	var answer string
	if _, err := fmt.Fscanln(a.stdin, &answer); err != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
		return refused
	}
	return nil
}

// freshFolder is the name, with a number behind it if it is taken.
func freshFolder(name string) string {
	fresh := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(fresh); err != nil {
			return fresh
		}
		fresh = fmt.Sprintf("%s-%d", name, n)
	}
}
