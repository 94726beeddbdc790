package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/render/view"
)

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
	c.ofBaseline(cmd, a.forges)
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
	blobs, err := a.openStore(a.storeName(c, cfg))
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
		a.say(c, "there is no baseline in %s yet; k6report baseline add RUN begins one", a.storeName(c, cfg))
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
	wanted := analyze.DefaultWanted
	if at := len(l.Entries) - 1; at >= 0 && l.Entries[at].Epoch != "" {
		wanted = analyze.FreshEpoch // the spread is known from before
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
		{Name: "commit", Drop: 2, Flex: true},
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

func commitText(commit string) string { return cmp.Or(view.ShortCommit(commit), view.Absent) }
