package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"k6report/internal/analyze"
	"k6report/internal/config"
	"k6report/internal/run"
)

// comparison adds the flags of what a run is compared with.
func (c *common) comparison(f *pflag.FlagSet, kinds []forgeKind) {
	c.stored(f, kinds, "compare with the runs of the baseline of this `name`; "+autoName+": the one for the run's level, environment and scale")
	f.IntVar(&c.confirmRuns, "confirm-runs", 0, "`runs` that it takes to call a regression one, 1 or 2 (default 2)")
	f.BoolVar(&c.force, "force", false, "compare what is not comparable all the same")
}

// rerunFlag adds --rerun.
func (c *common) rerunFlag(f *pflag.FlagSet) {
	f.StringVar(&c.rerun, "rerun", "", "the second run of the same build, which confirms or clears what the first is suspected of: a `SOURCE`")
}

// comparisonOptions are what a run is compared with, by the flags and the
// configuration. A store that can't be read is a fact for the report, no failure.
func (a *app) comparisonOptions(ctx context.Context, c *common, cfg *config.Config, r *run.Run) (analyze.Options, error) {
	o := analyze.Options{ConfirmRuns: cmp.Or(c.confirmRuns, cfg.Baseline.ConfirmRuns), Force: c.force}
	if o.ConfirmRuns < 0 || o.ConfirmRuns > 2 {
		return o, usageError{fmt.Errorf("read --confirm-runs: %d is neither 1 nor 2", o.ConfirmRuns)}
	}
	name := c.baselineName(cfg, r)
	if name == "" {
		if c.rerun != "" {
			return o, usageError{hinted{errors.New("--rerun confirms what a comparison found, and none is asked for"), "name a baseline with --baseline NAME"}}
		}
		return o, nil
	}
	b, err := a.baselineNamed(ctx, c, cfg, name, r)
	if err != nil {
		return o, err
	}
	o.Baseline = b
	if c.rerun != "" {
		rerun, err := a.read(ctx, c, cfg, []string{c.rerun})
		if err != nil {
			return o, err
		}
		o.Rerun = rerun
	}
	return o, nil
}
