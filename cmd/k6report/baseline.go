package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
func (c *common) ofBaseline(cmd *cobra.Command) {
	c.view(cmd.Flags())
	c.configured(cmd.Flags())
	c.stored(cmd.Flags(), whichBaseline)
}

func (a *app) baselineListCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the runs of a baseline, or the baselines",
		Long:    "List shows the runs of a baseline, the newest last. Where there are several\nbaselines and none is named, it lists them.",
		Example: "  k6report baseline list\n  k6report baseline list --baseline load --json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.baselineList(cmd.Context(), &c) },
	}
	c.ofBaseline(cmd)
	return cmd
}

// listed is a baseline as --json prints it.
type listed struct {
	Baseline string        `json:"baseline"`
	Entries  []listedEntry `json:"entries"` // oldest first
	Damaged  []listedFault `json:"damaged,omitempty"`
}

type listedEntry struct {
	*baseline.Entry
	// Whole says that the run can still be compared with.
	Whole bool `json:"whole"`
}

type listedFault struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func (a *app) baselineList(ctx context.Context, c *common) error {
	cfg, err := c.listingConfig()
	if err != nil {
		return err
	}
	blobs, err := openStore(c.storeName(cfg))
	if err != nil {
		return err
	}
	names, err := baseline.Names(ctx, blobs)
	if err != nil {
		return err
	}
	all := true
	if name := cmp.Or(c.baseline, cfg.Baseline.Name); len(names) == 1 || name != "" && name != autoName {
		s, _, err := a.theBaseline(ctx, c, cfg)
		if err != nil {
			return err
		}
		names, all = []string{s.Name()}, false
	}
	lists := []listed{}
	for _, name := range names {
		l, err := a.listOf(ctx, c, blobs, name)
		if err != nil {
			return err
		}
		lists = append(lists, l)
	}
	switch {
	case c.json:
		return a.printJSON(lists)
	case len(lists) == 0:
		a.say(c, "there is no baseline in %s yet; k6report baseline add RUN begins one", c.storeName(cfg))
		return nil
	case all:
		return a.listing(c, view.Section{Table: baselinesTable(lists)})
	}
	return a.listing(c, view.Section{
		Title: "Baseline", Summary: baselineSummary(&lists[0]), Table: entriesTable(lists[0].Entries, c.verbose),
	})
}

func (a *app) listOf(ctx context.Context, c *common, blobs baseline.Blobs, name string) (listed, error) {
	out := listed{Baseline: name, Entries: []listedEntry{}}
	s, err := baseline.Open(blobs, name)
	if err != nil {
		return out, err
	}
	entries, damaged, err := s.List(ctx)
	if err != nil {
		return out, err
	}
	for _, d := range damaged {
		out.Damaged = append(out.Damaged, listedFault{d.Name, d.Err.Error()})
	}
	a.sayDamaged(c, damaged)
	for _, e := range entries {
		out.Entries = append(out.Entries, listedEntry{e, e.Whole})
	}
	return out, nil
}

func baselinesTable(lists []listed) *view.Table {
	t := &view.Table{Columns: []view.Column{
		{Name: "baseline", Flex: true},
		{Name: "runs", Right: true},
		{Name: "to compare with", Right: true},
		{Name: "newest"},
		{Name: "commit", Drop: 1},
	}}
	for _, l := range lists {
		row := []view.Cell{{Text: l.Baseline, Tone: view.Strong}, {Text: view.Count(int64(len(l.Entries)))}, {Text: view.Count(int64(usable(l.Entries)))}, {Text: view.Absent}, {Text: view.Absent}}
		if n := len(l.Entries); n > 0 {
			row[3].Text, row[4].Text = day(l.Entries[n-1].Started), commitText(l.Entries[n-1].Commit)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// usable counts the runs of the current epoch that can be compared with.
func usable(entries []listedEntry) int {
	n, epoch, known := 0, "", false
	for _, e := range slices.Backward(entries) {
		if e.Invalid != "" {
			continue
		}
		if !known {
			epoch, known = e.Epoch, true
		}
		if e.Whole && e.Epoch == epoch {
			n++
		}
	}
	return min(n, newestRuns)
}

func baselineSummary(l *listed) []view.Cell {
	out := []view.Cell{{Text: l.Baseline, Tone: view.Strong}, {Text: view.Plural(len(l.Entries), "run", "runs")}}
	n := usable(l.Entries)
	text := fmt.Sprintf("a run is compared with the newest %d", n)
	wanted := 5
	if at := len(l.Entries) - 1; at >= 0 && l.Entries[at].Epoch != "" {
		wanted = 2 // the spread is known from before
	}
	if n < wanted {
		text = fmt.Sprintf("%d to compare with, a build can fail from %d on", n, wanted)
	}
	if out = append(out, view.Cell{Text: text, Tone: view.Dim}); len(l.Damaged) > 0 {
		out = append(out, view.Cell{Text: view.Plural(len(l.Damaged), "entry that can't be read", "entries that can't be read"), Tone: view.Warn})
	}
	return out
}

func entriesTable(entries []listedEntry, verbose bool) *view.Table {
	t := &view.Table{Columns: []view.Column{
		{Name: "run", Flex: true},
		{Name: "started", Drop: 3},
		{Name: "commit", Drop: 2},
		{Name: "verdict"},
		{Name: "epoch", Drop: 4},
		{Name: "kept"},
	}}
	epochs := slices.ContainsFunc(entries, func(e listedEntry) bool { return e.Epoch != "" })
	if !epochs {
		t.Columns = slices.Delete(t.Columns, 4, 5)
	}
	const screenful = 30
	shown := entries
	if !verbose && len(shown) > screenful {
		shown = shown[len(shown)-screenful:]
		t.More = fmt.Sprintf("%s before these: --verbose shows them", view.Plural(len(entries)-screenful, "run", "runs"))
	}
	for _, e := range shown {
		kept := view.Cell{Text: "values", Tone: view.Dim}
		if e.Whole {
			kept = view.Cell{Text: "run"}
		}
		row := []view.Cell{{Text: e.ID, Tone: view.Strong}, {Text: day(e.Started)}, {Text: commitText(e.Commit)}, {Text: e.Status}, {Text: cmp.Or(e.Epoch, "first")}, kept}
		if e.Invalid != "" {
			row[3] = view.Cell{Text: "invalid", Tone: view.Warn}
		}
		if !epochs {
			row = slices.Delete(row, 4, 5)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func day(t time.Time) string {
	if t.IsZero() {
		return view.Absent
	}
	return t.UTC().Format("2 Jan 2006 15:04")
}

func commitText(commit string) string { return cmp.Or(short(commit), view.Absent) }

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

func (a *app) baselineShowCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:     "show RUN",
		Short:   "show what is kept of a run",
		Long:    "Show prints what a baseline keeps of a run: its verdict, labels and gate values.\nRUN is its id or the beginning of it.",
		Example: "  k6report baseline show 20261101T13 --baseline load",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.baselineShow(cmd.Context(), &c, args)
		},
	}
	c.ofBaseline(cmd)
	return cmd
}

func (a *app) baselineShow(ctx context.Context, c *common, args []string) error {
	if len(args) != 1 {
		return usageError{hinted{fmt.Errorf("show wants one run, not %d", len(args)), "k6report baseline list shows them"}}
	}
	s, _, err := a.openBaseline(ctx, c)
	if err != nil {
		return err
	}
	ids, err := resolveRuns(ctx, s, args)
	if err != nil {
		return err
	}
	e, err := s.Get(ctx, ids[0])
	if err != nil {
		return hinted{fmt.Errorf("%s/%s: %w", s.Name(), ids[0], err), "k6report baseline rm " + ids[0] + " removes it"}
	}
	if c.json {
		return a.printJSON(listedEntry{e, e.Whole})
	}
	section := view.Section{Title: "Run", Summary: []view.Cell{{Text: e.ID, Tone: view.Strong}, {Text: s.Name()}}}
	fact := func(label string, texts ...string) {
		l := view.Line{Label: label, Whole: true}
		for _, text := range texts {
			l.Parts = append(l.Parts, view.Cell{Text: text})
		}
		section.Lines = append(section.Lines, l)
	}
	fact("Started", day(e.Started))
	fact("Added", day(e.Added))
	fact("Verdict", e.Status)
	if e.Invalid != "" {
		fact("Invalid", e.Invalid)
	}
	if e.Commit != "" {
		fact("Commit", e.Commit)
	}
	if e.Epoch != "" {
		fact("Epoch", strings.TrimSuffix(e.Epoch+": "+e.Reason, ": "))
	}
	for _, name := range sortedNames(e.Labels) {
		if name != "commit" {
			fact("Label "+name, e.Labels[name])
		}
	}
	if e.Run != nil {
		fact("Kept", "the run, to compare with")
	} else {
		fact("Kept", "its values, for the trend")
	}
	section.Table = valuesTable(e.Values)
	return a.listing(c, section)
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func valuesTable(values []baseline.Value) *view.Table {
	t := &view.Table{Columns: []view.Column{
		{Name: "endpoint", Flex: true},
		{Name: "metric", Flex: true, Drop: 1},
		{Name: "statistic"},
		{Name: "value", Right: true},
		{Name: "± within", Right: true, Drop: 2},
		{Name: "samples", Right: true, Drop: 3},
	}}
	for _, v := range values {
		se := view.Absent
		if v.SE != nil {
			se = view.Percent(*v.SE)
		}
		t.Rows = append(t.Rows, []view.Cell{
			{Text: cmp.Or(v.Endpoint, "whole run"), Tone: view.Strong},
			{Text: v.Metric},
			{Text: view.Statistic(v.Statistic)},
			{Text: view.Number(v.Value, 4)},
			{Text: se, Tone: view.Dim},
			{Text: view.Count(int64(v.Count)), Tone: view.Dim},
		})
	}
	return t
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
			s, _, err := a.openBaseline(ctx, &c)
			if err != nil {
				return err
			}
			ids, err := resolveRuns(ctx, s, args)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.Remove(ctx, id); err != nil {
					return err
				}
				a.tell(&c, "removed %s from %s", id, s.Name())
			}
			return nil
		},
	}
	c.ofBaseline(cmd)
	return cmd
}

// tell prints a result.
func (a *app) tell(c *common, format string, args ...any) {
	if !c.quiet && !c.json {
		fmt.Fprintln(a.stdout, visible(fmt.Sprintf(format, args...)))
	}
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
				return err
			}
			if dir, ok := blobs.(baseline.Dir); ok {
				if _, err := dir.Sweep(ctx, a.now().Add(-time.Hour)); err != nil {
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
			a.tell(&c, "thinned %s of %s to gate values", view.Plural(thinned, "run", "runs"), s.Name())
			return nil
		},
	}
	c.ofBaseline(cmd)
	cmd.Flags().IntVar(&keep, "keep", newestRuns, "valid `runs` that are left as they are")
	return cmd
}
