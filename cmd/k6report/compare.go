package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/analyze"
	"k6report/internal/ingest"
	"k6report/internal/run"
)

func (a *app) compareCommand() *cobra.Command {
	var c common
	var base []string
	cmd := &cobra.Command{
		Use:   "compare OLD NEW | compare --base OLD... NEW...",
		Short: "any runs against any others",
		Long: `Compare holds runs against others, without a store. Each argument is one run: a
file, a folder as k6report run writes it, or - for standard input. A folder of
runs stands for all of them, and so does a glob.

Runs differ even where the code does not, so several of each side tell more: with
one of each, what is found may be noise between runs, and only large changes are
suspected. Two of each side and six in all are the fewest that can be called
regressed. The report is that of the first NEW.`,
		Example: `  k6report compare old.k6run new.k6run
  k6report compare --base results/main results/feature
  k6report compare --base main-1.k6run --base main-2.k6run new-1.k6run new-2.k6run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.compare(cmd.Context(), &c, base, args)
		},
	}
	f := cmd.Flags()
	c.view(f, reportAsJSON)
	c.files(f, reportsInto)
	c.analysis(f)
	f.StringArrayVar(&base, "base", nil, "a `run` of the older side; may be repeated")
	f.BoolVar(&c.force, "force", false, "compare what is not comparable all the same")
	return cmd
}

func (a *app) compare(ctx context.Context, c *common, base, args []string) error {
	base, args, err := compareArguments(base, args)
	if err != nil {
		return err
	}
	wanted, err := c.checkOutput()
	if err != nil {
		return err
	}
	judge, err := c.judge(a)
	if err != nil {
		return err
	}
	older := *c
	older.labels = nil // --label is of the new runs
	before, err := a.readEach(ctx, &older, judge, base)
	if err != nil {
		return err
	}
	after, err := a.readEach(ctx, c, judge, args)
	if err != nil {
		return err
	}
	if err := distinct(before, after); err != nil {
		return err
	}
	there, here := sideNames(base, args, before, after)
	rep := judge.compare(after[0], analyze.Options{
		Baseline: &analyze.Baseline{Name: there, CandidateName: here, Runs: before, Group: true},
		More:     after[1:], Force: c.force,
	})
	c.sections = []string{"comparison", "shift", "attribution", "notes"}
	if c.verbose {
		c.sections = append(c.sections, "method")
	}
	if err := a.deliver(ctx, c, wanted, rep, after[0]); err != nil {
		return err
	}
	return finish(rep)
}

// compareArguments tells the two sides apart.
func compareArguments(base, args []string) (older, newer []string, err error) {
	switch {
	case len(base) > 0 && len(args) == 0:
		err = usageError{hinted{errors.New("compare wants the runs to hold against --base"), "k6report compare --base OLD NEW"}}
	case len(base) > 0:
		return base, args, nil
	case len(args) == 2:
		return args[:1], args[1:], nil
	default:
		err = usageError{hinted{fmt.Errorf("compare wants two runs, not %d", len(args)), "k6report compare OLD NEW, or with several of a side: k6report compare --base OLD --base OLD NEW NEW"}}
	}
	return nil, nil, err
}

// readEach reads each argument as a run of its own, or as several where it is a
// folder of runs or a glob.
func (a *app) readEach(ctx context.Context, c *common, j judge, args []string) ([]*run.Run, error) {
	var runs []*run.Run
	for _, arg := range args {
		sources, err := runsOf(arg)
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			r, err := a.read(ctx, c, j.config, []string{source})
			if err != nil {
				return nil, err
			}
			runs = append(runs, r)
		}
	}
	// By age, whatever they are called.
	slices.SortStableFunc(runs, func(x, y *run.Run) int {
		switch {
		case x.Started < y.Started:
			return -1
		case x.Started > y.Started:
			return 1
		}
		return 0
	})
	return runs, nil
}

// runsOf are the runs that an argument stands for, each as a SOURCE.
func runsOf(arg string) ([]string, error) {
	if arg == "-" || strings.Contains(arg, "://") {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err != nil && strings.ContainsAny(arg, "*?["):
		matches, err := matching(arg)
		if err != nil {
			return nil, err
		}
		var runs []string
		for _, m := range matches {
			list, err := runsOf(m)
			if err != nil {
				return nil, err
			}
			runs = append(runs, list...)
		}
		return runs, nil
	case err != nil:
		return nil, readError(err)
	case !info.IsDir():
		return []string{arg}, nil
	}
	if _, err := runFolder(arg); err == nil {
		return []string{arg}, nil
	}
	return runsIn(arg)
}

// runsIn are the runs in a folder of runs: folders as k6report run writes them,
// and snapshots.
func runsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, readError(err)
	}
	var runs []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if _, err := runFolder(path); err == nil {
				runs = append(runs, path)
			}
			continue
		}
		if strings.HasSuffix(e.Name(), filepath.Ext(snapshotFile)) {
			runs = append(runs, path)
		}
	}
	if len(runs) == 0 {
		return nil, hinted{fmt.Errorf("read %s: the folder holds no run, and no folder of one", dir), "name the files themselves"}
	}
	return runs, nil
}

// distinct refuses a run that is on both sides, or twice on one: it would be
// taken for one more.
func distinct(before, after []*run.Run) error {
	seen := make(map[string]bool)
	for _, r := range slices.Concat(before, after) {
		if seen[r.ID] {
			return usageError{hinted{fmt.Errorf("compare runs: run %s is there twice", r.ID), "each run counts as one; leave the second out"}}
		}
		seen[r.ID] = true
	}
	return nil
}

// sideNames name both sides: by a label that tells them apart, else by their
// arguments.
func sideNames(base, args []string, before, after []*run.Run) (there, here string) {
	for _, label := range []string{"name", "branch", "version", "commit"} {
		b, a := sharedLabel(before, label), sharedLabel(after, label)
		if b != "" && a != "" && b != a {
			return b, a
		}
	}
	there, here = argumentName(base), argumentName(args)
	if there == here {
		there, here = "old "+there, "new "+here
	}
	return there, here
}

// sharedLabel is a label's value where all runs have the same.
func sharedLabel(runs []*run.Run, name string) string {
	values := make(map[string]bool)
	for _, r := range runs {
		values[labelOf(r, name)] = true
	}
	if len(values) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(values))[0]
}

// argumentName is what a side is called that its runs don't name.
func argumentName(args []string) string {
	path := filepath.Clean(args[0])
	name := filepath.Base(path)
	if slices.Contains(ingest.SampleFiles(), name) { // as every run calls it
		name = filepath.Base(filepath.Dir(path))
	}
	for _, file := range ingest.SampleFiles() { // where one is packed, that comes first
		name = strings.TrimSuffix(name, filepath.Ext(file))
	}
	if name == "" || name == "-" || name == "." {
		name = "standard input"
	}
	if more := len(args) - 1; more > 0 {
		name += fmt.Sprintf(" and %d more", more)
	}
	return name
}
