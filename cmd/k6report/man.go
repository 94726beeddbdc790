//go:build man

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"k6report/internal/atomicfile"
)

// Manual pages are written where a release is made (tools/release-files.sh), by a
// program built for that: what reads the Markdown of its pages would make every
// start of the program longer, and the program larger.

// releaseCommands are those of a program that makes a release's files.
func (a *app) releaseCommands() []*cobra.Command { return []*cobra.Command{a.manCommand()} }

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man FOLDER",
		Short:   "write the manual pages",
		Hidden:  true,
		Example: `  k6report man share/man/man1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("man wants the folder to write to, not %d arguments", len(args))}
			}
			return a.man(cmd.Context(), cmd.Root(), args[0])
		},
	}
}

func (a *app) man(ctx context.Context, root *cobra.Command, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // manual pages are for all users
		return err
	}
	pages := documented(root)
	for _, c := range pages {
		// Its date is SOURCE_DATE_EPOCH, where a release is built, or today.
		header := doc.GenManHeader{Section: "1", Source: "k6report " + a.version, Manual: "k6report"}
		c.DisableAutoGenTag = true // it would repeat the date
		var page bytes.Buffer
		if err := doc.GenMan(c, &header, &page); err != nil {
			return err
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		if err := atomicfile.WriteFile(ctx, filepath.Join(folder, name), page.Bytes()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(a.stdout, "wrote %d pages to %s\n", len(pages), folder)
	return err
}
