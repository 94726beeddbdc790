package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"k6report/internal/run"
)

func (a *app) snapshotCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "snapshot SOURCE... -o X.k6run",
		Short: "keep the run, drop the gigabytes",
		Long: `Snapshot reads all SOURCEs as parts of one run, as analyze does, and writes what
reports need of it into one small file, which analyze reads in milliseconds and
reports on alike.`,
		Example: `  k6report snapshot run.json.gz summary.json -o run.k6run
  k6report analyze run.k6run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("snapshot wants the SOURCEs of a run")}
			}
			if c.out == "" {
				return usageError{errors.New("snapshot wants a file to write: -o X.k6run")}
			}
			return a.snapshot(cmd.Context(), &c, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.out, "out", "o", "", "the `file` to write; K6REPORT_OUT, which names a folder, does not count here")
	f.Lookup("out").Annotations = map[string][]string{onlyFlag: {}}
	c.reading(f)
	c.parts(f)
	f.BoolVarP(&c.quiet, "quiet", "q", false, "print nothing")
	return cmd
}

func (a *app) snapshot(ctx context.Context, c *common, args []string) error {
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	r, err := a.read(ctx, c, cfg, args)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := run.Encode(&content, r); err != nil {
		return err
	}
	if err := a.replaceFile(ctx, c.out, content.Bytes()); err != nil {
		return writeError(err)
	}
	if !c.quiet {
		fmt.Fprintf(a.stderr, "k6report: run %s is in %s (%d kB)\n", r.ID, c.out, (content.Len()+999)/1000)
	}
	return nil
}
