package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/render"
	"k6report/internal/render/view"
)

func (a *app) baselineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline",
		Short: "keep runs that later ones are compared with",
		Long: `A baseline is a folder of runs that measured the same thing: below
results/baselines, a file for each run. k6report analyze RUN --baseline NAME
compares a run with them; five are needed before a build can fail, eight are
better.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{hinted{fmt.Errorf("there is no verb %q of baseline", args[0]), "k6report baseline --help lists them"}}
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(
		a.baselineAddCommand(), a.baselineListCommand(), a.baselineShowCommand(), a.baselineRemoveCommand(),
		a.baselinePruneCommand(), a.baselineAcceptCommand(),
	)
	cmd.Example = "  k6report baseline add --baseline main results/main\n  k6report baseline list"
	return cmd
}

// whichBaseline describes --baseline of verbs that need one.
const whichBaseline = "the baseline of this `name` (default: the only one there is)"

// ofBaseline adds the flags of verbs on what is kept.
func (c *common) ofBaseline(cmd *cobra.Command, kinds []forgeKind) {
	c.view(cmd.Flags(), resultAsJSON)
	c.configured(cmd.Flags())
	c.stored(cmd.Flags(), kinds, whichBaseline)
}

// listing prints sections as the flags want it.
func (a *app) listing(c *common, sections ...view.Section) error {
	if c.quiet {
		return nil
	}
	return render.Listing(a.stdout, sections, render.TerminalOptions{
		Width: min(a.width, 200), ASCII: c.ascii, Color: a.useColor(c), Verbose: c.verbose,
	})
}

// printJSON prints a value for scripts.
func (a *app) printJSON(value any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}

// listingConfig checks how things are to be shown, and reads the configuration.
func (c *common) listingConfig() (*config.Config, error) {
	if _, err := c.checkOutput(); err != nil {
		return nil, err
	}
	return c.loadConfig()
}

// openBaseline reads the configuration and opens the baseline meant.
func (a *app) openBaseline(ctx context.Context, c *common) (*baseline.Store, baseline.Blobs, error) {
	cfg, err := c.listingConfig()
	if err != nil {
		return nil, nil, err
	}
	return a.theBaseline(ctx, c, cfg)
}

// runsMeant opens the baseline meant and finds the runs that arguments mean.
func (a *app) runsMeant(ctx context.Context, c *common, args []string) (*baseline.Store, []string, error) {
	s, _, err := a.openBaseline(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	ids, err := resolveRuns(ctx, s, args)
	return s, ids, err
}

// resolveRuns finds the runs that arguments mean: each an id or the beginning
// of exactly one.
func resolveRuns(ctx context.Context, s *baseline.Store, args []string) ([]string, error) {
	ids, err := s.IDs(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, arg := range args {
		var found []string
		for _, id := range ids {
			if id == arg {
				found = []string{id}
				break
			}
			if strings.HasPrefix(id, arg) && arg != "" {
				found = append(found, id)
			}
		}
		switch len(found) {
		case 1:
			out = append(out, found[0])
		case 0:
			return nil, hinted{fmt.Errorf("baseline %s: %q: %w", s.Name(), arg, baseline.ErrNoRun), "k6report baseline list --baseline " + s.Name() + " shows them"}
		default:
			return nil, usageError{hinted{fmt.Errorf("baseline %s: %d runs begin with %q", s.Name(), len(found), arg), "they are: " + shortList(found)}}
		}
	}
	return out, nil
}

// tell prints a result.
func (a *app) tell(c *common, format string, args ...any) {
	if !c.quiet && !c.json {
		fmt.Fprintln(a.stdout, visible(fmt.Sprintf(format, args...)))
	}
}
