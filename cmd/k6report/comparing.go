package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/run"
)

// defaultStore is the folder of the baselines.
const defaultStore = "results/baselines"

// newestRuns are compared with: older ones tell of another time.
const newestRuns = 20

// comparison adds the flags of what a run is compared with.
func (c *common) comparison(f *pflag.FlagSet) {
	f.StringVar(&c.baseline, "baseline", "", "compare with the runs of the baseline of this `name`")
	f.StringVar(&c.store, "store", "", "where the baselines are, a `folder` (default "+defaultStore+")")
	f.IntVar(&c.confirmRuns, "confirm-runs", 0, "`runs` that it takes to call a regression one, 1 or 2 (default 2)")
	f.BoolVar(&c.force, "force", false, "compare what is not comparable all the same")
}

// rerunFlag adds --rerun.
func (c *common) rerunFlag(f *pflag.FlagSet) {
	f.StringVar(&c.rerun, "rerun", "", "the second run of the same build, which confirms or clears what the first is suspected of: a `SOURCE`")
}

// baselineName is the baseline to compare with, "" for none.
func (c *common) baselineName(cfg *config.Config) string {
	return cmp.Or(c.baseline, cfg.Baseline.Name)
}

// comparisonOptions are what a run is compared with, by the flags and the
// configuration. A store that can't be read is a fact for the report, no failure.
func (a *app) comparisonOptions(ctx context.Context, c *common, cfg *config.Config) (analyze.Options, error) {
	o := analyze.Options{ConfirmRuns: cmp.Or(c.confirmRuns, cfg.Baseline.ConfirmRuns), Force: c.force}
	if o.ConfirmRuns < 0 || o.ConfirmRuns > 2 {
		return o, usageError{fmt.Errorf("read --confirm-runs: %d is neither 1 nor 2", o.ConfirmRuns)}
	}
	name := c.baselineName(cfg)
	if name == "" {
		if c.rerun != "" {
			return o, usageError{hinted{errors.New("--rerun confirms what a comparison found, and none is asked for"), "name a baseline with --baseline NAME"}}
		}
		return o, nil
	}
	b, err := a.baselineNamed(ctx, c, cmp.Or(c.store, cfg.Baseline.Store, defaultStore), name)
	if err != nil {
		return o, err
	}
	o.Baseline = b
	if c.rerun != "" {
		r, err := a.read(ctx, c, cfg, []string{c.rerun})
		if err != nil {
			return o, err
		}
		o.Rerun = r
	}
	return o, nil
}

// baselineNamed reads a baseline of a folder.
func (a *app) baselineNamed(ctx context.Context, c *common, store, name string) (*analyze.Baseline, error) {
	opened, err := baseline.Open(baseline.Dir(store), name)
	if err != nil {
		return nil, usageError{fmt.Errorf("read --baseline: %w", err)}
	}
	out := &analyze.Baseline{Name: name}
	entries, damaged, err := opened.List(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, err
	case err != nil:
		out.Unreachable = err.Error()
		return out, nil
	}
	for _, d := range damaged {
		a.say(c, "the baseline's entry %s is left out, as it can't be read: %v", d.Name, d.Err)
	}
	fillBaseline(out, entries)
	return out, nil
}

// fillBaseline takes the newest runs of the current epoch to compare with, and
// the values of all older ones for the noise. entries are oldest first.
func fillBaseline(out *analyze.Baseline, entries []*baseline.Entry) {
	if len(entries) == 0 {
		return
	}
	out.Epoch = entries[len(entries)-1].Epoch
	out.Recorded = make(map[string][]analyze.GateValue)
	var runs []*run.Run
	first := len(entries) // of those that are compared with
	for i := len(entries) - 1; i >= 0 && len(runs) < newestRuns; i-- {
		e := entries[i]
		if e.Epoch != out.Epoch || e.Run == nil {
			break
		}
		first = i
		if e.Invalid == "" {
			runs = append([]*run.Run{e.Run}, runs...)
			out.Recorded[e.Run.ID] = gateValues(e)
		}
	}
	out.Runs = runs
	for _, e := range entries[:first] {
		if e.Invalid == "" {
			out.History = append(out.History, analyze.PastRun{ID: e.ID, Epoch: e.Epoch, Values: gateValues(e)})
		}
	}
}

func gateValues(e *baseline.Entry) []analyze.GateValue {
	values := make([]analyze.GateValue, len(e.Values))
	for i, v := range e.Values {
		values[i] = analyze.GateValue(v)
	}
	return values
}
