package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/config"
)

func (a *app) initCommand() *cobra.Command {
	force := false
	cmd := &cobra.Command{
		Use:   "init",
		Short: "write a commented k6report.yaml and a job for " + a.ciNames(),
		Long: `Init writes k6report.yaml, in which every setting is a comment, and
` + eachForge(a.forges, " and ", func(k forgeKind) string { return k.starter.name + ", " + k.starter.help }) + `. What is there already
is left, unless --force is given.`,
		Example: `  k6report init`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var kept []string
			files := a.starterFiles()
			for _, f := range files {
				_, err := os.Lstat(f.name)
				switch {
				case err == nil && !force:
					kept = append(kept, f.name)
					continue
				case err != nil && !errors.Is(err, fs.ErrNotExist):
					return err
				}
				if err := a.replaceFile(cmd.Context(), f.name, []byte(f.content)); err != nil {
					return unwritable(err, "")
				}
				if _, err := fmt.Fprintf(a.stdout, "wrote %s: %s\n", f.name, f.what); err != nil {
					return err
				}
			}
			if len(kept) == len(files) {
				return usageError{hinted{errors.New(strings.Join(kept, " and ") + " are already there"), "--force writes them anew"}}
			}
			for _, name := range kept {
				if _, err := fmt.Fprintf(a.stdout, "kept %s, which was there already: --force writes it anew\n", name); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace files that are there")
	return cmd
}

// starterFile is a file that init writes, and what it and its help say of it.
type starterFile struct{ name, content, what, help string }

func (a *app) starterFiles() []starterFile {
	files := []starterFile{{name: defaultConfig, content: config.Template(), what: "every setting is a comment; take out the # before those you want"}}
	for _, k := range a.forges {
		files = append(files, k.starter)
	}
	return files
}
