package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func (a *app) renderCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "render REPORT.json",
		Short: "the same reports again from a saved report",
		Long: `Render shows a report.json that was written before, or writes its files again,
with the same bytes. The exit code is 0 whatever the verdict was.`,
		Example: `  k6report render report/report.json
  k6report render report/report.json --out again --formats summary
  k6report render report/report.json --open`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("render wants one REPORT.json, not %d arguments", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.render(cmd.Context(), &c, args[0])
		},
	}
	c.view(cmd.Flags(), reportAsJSON)
	c.files(cmd.Flags(), reportsInto)
	return cmd
}

// renderable refuses formats that were asked for by name and that a report
// alone does not give.
func renderable(names []string) error {
	for _, f := range formats() {
		if f.needsRun && slices.Contains(names, f.name) {
			return usageError{hinted{
				fmt.Errorf("a report can't be made into %s: that takes the run itself", f.name),
				"write it with k6report analyze SOURCE... --out DIR",
			}}
		}
	}
	return nil
}

func (a *app) render(ctx context.Context, c *common, name string) error {
	wanted, err := c.checkOutput()
	if err != nil {
		return err
	}
	if err := renderable(c.formats); err != nil {
		return err
	}
	rep, err := a.savedReport(name, "render shows a report.json again; for what k6 wrote there is k6report analyze")
	if err != nil {
		return err
	}
	if c.out != "" {
		err = a.writeFiles(ctx, c.out, wanted, rep, nil)
	} else {
		err = a.show(c, rep)
	}
	if err != nil {
		return err
	}
	return a.openReport(ctx, c, rep)
}
