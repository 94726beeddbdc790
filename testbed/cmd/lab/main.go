// Command lab measures how often k6report names the cause of a slowdown
// rightly: it runs the catalogue of faults and counts the answers.
//
// The matrix goes to standard output, progress to standard error. An
// interrupted laboratory goes on where it was when it is started again.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/suite"
	"k6report/testbed/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, lab.ErrLimit):
		fmt.Fprintf(os.Stderr, "lab: %v\n", err)
		os.Exit(exitLeft)
	case errors.As(err, new(*usageError)):
		fmt.Fprintf(os.Stderr, "lab: error: %v\nlab: hint: lab -h lists the flags\n", err)
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "lab: error: %v\n", err)
		os.Exit(1)
	}
}

// exitLeft is the exit code where the time of -limit was over before the plan.
const exitLeft = 3

// usageError is wrong on the command line.
type usageError struct{ error }

type settings struct {
	programs  lab.Programs
	script    string
	postgres  string
	out, page string
	remark    string
	plan      lab.Plan
	databases string
	faults    string
	limit     time.Duration
	scoreOnly bool
	shown     []string // the flags that say what was run, as they were given
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var c settings
	f := flag.NewFlagSet("lab", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.programs.Engine, "engine", "../bin/engine", "the engine's `binary`")
	f.StringVar(&c.programs.K6, "k6", "k6", "k6's `binary`")
	f.StringVar(&c.programs.K6Report, "k6report", "../bin/k6report", "k6report's `binary`")
	f.StringVar(&c.script, "script", "../scenarios/lab.js", "the load's `script`")
	f.StringVar(&c.postgres, "postgres", "scripts/postgres.sh", "the `script` that makes a PostgreSQL server")
	f.StringVar(&c.out, "out", "../results/lab", "the `folder` of results")
	f.StringVar(&c.page, "page", "", "write the results to this Markdown `file`, too")
	f.StringVar(&c.remark, "remark", "", "`sentences` for that file, on how the runs were made")
	f.StringVar(&c.databases, "databases", lab.Postgres, "comma-separated: postgres, sqlite")
	f.StringVar(&c.faults, "faults", "", "comma-separated `names`; all without")
	f.IntVar(&c.plan.Strong, "strong", 5, "runs of each strong fault, with a seed each")
	f.IntVar(&c.plan.Mild, "mild", 2, "runs of each mild fault")
	f.IntVar(&c.plan.FirstSeed, "first-seed", 1, "the first seed; take others for runs that a rule is tuned on")
	f.DurationVar(&c.plan.Warmup, "warmup", 5*time.Second, "before the first load, whole seconds")
	f.DurationVar(&c.plan.Stay, "stay", 15*time.Second, "of each of the two loads, at least 5s")
	f.DurationVar(&c.limit, "limit", 0, "begin no run that would end later than this; 0 for all of the plan")
	f.BoolVar(&c.scoreOnly, "score", false, "run nothing: score the runs that are there")
	f.Usage = func() {
		fmt.Fprintf(stderr, "lab runs the fault catalogue and scores k6report's answers.\n\nUsage: lab [flags]\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, &usageError{err}
	}
	f.Visit(func(one *flag.Flag) {
		if slices.Contains([]string{"databases", "faults", "strong", "mild", "first-seed", "warmup", "stay"}, one.Name) {
			c.shown = append(c.shown, "-"+one.Name+" "+one.Value.String())
		}
	})
	if f.NArg() > 0 {
		return c, &usageError{fmt.Errorf("unexpected argument %q", f.Arg(0))}
	}
	if min(c.plan.Strong, c.plan.Mild) < 0 || c.plan.FirstSeed < 1 || c.plan.Warmup < 0 || c.plan.Stay < 5*time.Second {
		return c, &usageError{errors.New("--strong and --mild are not negative, --first-seed at least 1, --stay at least 5s")}
	}
	for _, name := range strings.Split(c.databases, ",") {
		if name != lab.Postgres && name != lab.SQLite {
			return c, &usageError{fmt.Errorf("--databases: %q is neither postgres nor sqlite", name)}
		}
		c.plan.Databases = append(c.plan.Databases, name)
	}
	if c.faults != "" {
		c.plan.Faults = strings.Split(c.faults, ",")
	}
	for _, name := range c.plan.Faults {
		if _, known := fault.Find(name); !known {
			return c, &usageError{fmt.Errorf("--faults: no fault %q; there are %s", name, strings.Join(fault.Names(), ", "))}
		}
	}
	return c, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	out, err := filepath.Abs(c.out)
	if err != nil {
		return err
	}
	l := &lab.Lab{
		Programs: c.programs, Script: c.script, OS: os.Environ(), Out: out, Plan: c.plan, Log: stderr, Now: time.Now, Limit: c.limit,
	}
	if !c.scoreOnly {
		if strings.Contains(c.databases, lab.Postgres) {
			cluster, failed := suite.StartCluster(ctx, c.postgres)
			if failed != nil {
				return failed
			}
			defer func() { err = errors.Join(err, cluster.Stop(context.WithoutCancel(ctx))) }()
			l.Server = cluster.URL
		}
		if err := l.Run(ctx); err != nil {
			return err
		}
	}
	scored, err := l.Score(ctx)
	if err != nil {
		return err
	}
	if err := lab.Print(stdout, scored); err != nil || c.page == "" {
		return err
	}
	var page bytes.Buffer
	if err := lab.Page(&page, c.plan, "lab "+strings.Join(c.shown, " "), c.remark, scored); err != nil {
		return err
	}
	return os.WriteFile(c.page, page.Bytes(), 0o644)
}
