package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/baseline"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

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
	c.ofBaseline(cmd, a.forges)
	return cmd
}

func (a *app) baselineShow(ctx context.Context, c *common, args []string) error {
	if len(args) != 1 {
		return usageError{hinted{fmt.Errorf("show wants one run, not %d", len(args)), "k6report baseline list shows them"}}
	}
	s, ids, err := a.runsMeant(ctx, c, args)
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
	for _, name := range slices.Sorted(maps.Keys(e.Labels)) {
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

func valuesTable(values []baseline.Value) *view.Table {
	t := &view.Table{Columns: []view.Column{
		{Name: "endpoint", Flex: true},
		{Name: "statistic", Flex: true},
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
			{Text: cmp.Or(v.Endpoint, report.WholeRun), Tone: view.Strong},
			{Text: report.GateStatistic(v.Metric, v.Statistic)},
			{Text: view.Number(v.Value, 4)},
			{Text: se, Tone: view.Dim},
			{Text: view.Count(int64(v.Count)), Tone: view.Dim},
		})
	}
	return t
}
