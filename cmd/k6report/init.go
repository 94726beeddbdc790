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
		Use:   "init",
		Short: "write a commented k6report.yaml and a job for GitLab CI",
		Long: `Init writes k6report.yaml, in which every setting is a comment, and
` + snippetFile + `, a job that .gitlab-ci.yml can include. What is there already
is left, unless --force is given.`,
		Example: `  k6report init`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Lstat(defaultConfig); err == nil && !force {
				return usageError{hinted{fmt.Errorf("%s is already there", defaultConfig), "--force writes it anew"}}
			}
			if err := atomicfile.WriteFile(cmd.Context(), defaultConfig, []byte(config.Template())); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "wrote %s: every setting is a comment; take out the # before those you want\n", defaultConfig)
			if _, err := os.Lstat(snippetFile); err == nil && !force {
				return nil
			}
			if err := atomicfile.WriteFile(cmd.Context(), snippetFile, []byte(ciSnippet)); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.stdout, "wrote %s: a job for GitLab CI; include it from .gitlab-ci.yml\n", snippetFile)
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace files that are there")
	return cmd
}
