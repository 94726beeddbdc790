package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"k6report/internal/baseline"
	"k6report/internal/render/view"
)

func (a *app) baselineRemoveCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:     "rm RUN...",
		Short:   "take runs out of a baseline",
		Long:    "Rm takes runs out for good, such as one that was made while something else\nslowed the machine down. RUN is an id or the beginning of one.",
		Example: "  k6report baseline rm 20261101T14 --baseline load",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if len(args) == 0 {
				return usageError{hinted{errors.New("rm wants the runs to take out"), "k6report baseline list shows them"}}
			}
			s, ids, err := a.runsMeant(ctx, &c, args)
			if err != nil {
				return err
			}
			return a.baselineRemove(ctx, &c, s, ids)
		},
	}
	c.ofBaseline(cmd, a.forges)
	return cmd
}

// baselineRemove takes runs out, and says which, also of those that went before
// one that could not be.
func (a *app) baselineRemove(ctx context.Context, c *common, s *baseline.Store, ids []string) error {
	removed := []string{}
	var failed error
	for _, id := range ids {
		if err := s.Remove(ctx, id); err != nil {
			failed = unwritable(err, "")
			break
		}
		removed = append(removed, id)
		a.tell(c, "removed %s from %s", id, s.Name())
	}
	if c.json {
		failed = errors.Join(failed, a.printJSON(map[string]any{"baseline": s.Name(), "removed": removed}))
	}
	return failed
}

func (a *app) baselinePruneCommand() *cobra.Command {
	var c common
	keep := newestRuns
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "keep only the gate values of old runs",
		Long: `Prune leaves the newest runs as they are and gives up all of the older ones but
their gate values, which the trend is made of. A run is compared with 20 at most;
keep more where long-lived branches are compared with what they began from.`,
		Example: "  k6report baseline prune --baseline load --keep 40",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if keep < 0 {
				return usageError{fmt.Errorf("read --keep: %d is less than 0", keep)}
			}
			s, blobs, err := a.openBaseline(ctx, &c)
			if err != nil {
				return err
			}
			thinned, err := s.Prune(ctx, keep)
			if err != nil {
				return unwritable(err, "--store")
			}
			if dir, ok := blobs.(baseline.Dir); ok {
				if _, err := dir.Sweep(ctx, a.now().Add(-abandoned)); err != nil {
					return err
				}
			}
			_, damaged, err := s.List(ctx)
			if err != nil {
				return err
			}
			a.sayDamaged(&c, damaged)
			if c.json {
				return a.printJSON(map[string]any{"baseline": s.Name(), "thinned": thinned})
			}
			a.tell(&c, "reduced %s of %s to their gate values", view.Plural(thinned, "run", "runs"), s.Name())
			return nil
		},
	}
	c.ofBaseline(cmd, a.forges)
	cmd.Flags().IntVar(&keep, "keep", newestRuns, "valid `runs` that are left as they are")
	return cmd
}
