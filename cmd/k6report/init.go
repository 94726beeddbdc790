package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"k6report/internal/atomicfile"
	"k6report/internal/config"
)

func (a *app) initCommand() *cobra.Command {
	force := false
	cmd := &cobra.Command{
		Use:     "init",
		Short:   "write a commented k6report.yaml",
		Example: `  k6report init`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Lstat(defaultConfig); err == nil && !force {
				return usageError{hinted{fmt.Errorf("%s is already there", defaultConfig), "--force writes it anew"}}
			}
			if err := atomicfile.WriteFile(cmd.Context(), defaultConfig, []byte(config.Template())); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.stdout, "wrote %s: every setting is a comment; take out the # before those you want\n", defaultConfig)
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a k6report.yaml that is there")
	return cmd
}
