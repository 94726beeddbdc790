package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"k6report/internal/analyze"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

func (a *app) trendCommand() *cobra.Command {
	var c common
	last := 0
	cmd := &cobra.Command{
		Use:   "trend",
		Short: "the history of a baseline, with the runs at which it changed",
		Long: `Trend shows how the gates moved over all runs that a baseline ever held, pruned
ones too, and at or after which run or commit the level changed by 5 % and more
(error rates: by 0.1 percentage point). A change takes some runs to be told from
noise: one in the last few may not be found yet.`,
		Example: "  k6report trend --baseline load\n  k6report trend --baseline load --json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.trend(cmd.Context(), &c, last) },
	}
	c.ofBaseline(cmd, a.forges)
	cmd.Flags().IntVar(&last, "last", 0, "look at the newest `runs` only; 0: at all")
	return cmd
}

func (a *app) trend(ctx context.Context, c *common, last int) error {
	cfg, err := c.listingConfig()
	if err != nil {
		return err
	}
	if last < 0 {
		return usageError{fmt.Errorf("read --last: %d is less than 0", last)}
	}
	s, _, err := a.theBaseline(ctx, c, cfg)
	if err != nil {
		return err
	}
	entries, damaged, err := s.List(ctx)
	if err != nil {
		return err
	}
	a.sayDamaged(c, damaged)
	var runs []analyze.PastRun
	for _, e := range entries {
		if e.Invalid == "" {
			runs = append(runs, pastRun(e))
		}
	}
	if last > 0 {
		runs = runs[max(0, len(runs)-last):]
	}
	t := analyze.Trend(s.Name(), runs, maskedConfig(a.redactor, cfg))
	if c.json {
		return report.EncodeTrend(a.stdout, report.Generator{Name: "k6report", Version: a.version}, t)
	}
	all := *c
	all.verbose = true // the table of change points is what is asked for
	return a.listing(&all, view.Sections(&report.Report{Trend: t}, view.Options{All: true, Only: []string{"trend"}})...)
}
