package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

func (a *app) baselineAcceptCommand() *cobra.Command {
	var c common
	var reason, from string
	cmd := &cobra.Command{
		Use:   "accept REPORT.json | accept --from RUN",
		Short: "accept that it is slower now",
		Long: `Accept says that a change for the worse is intended.

With a report, or a folder that holds one, it writes every gate that the report
calls regressed or suspected into accepted: of k6report.yaml, with the size of the
change and the reason. That belongs into the merge request that makes the change:
up to this size it is no regression, and when the first run with that
configuration is added, the baseline begins a new epoch: later runs are compared
with the new level.

With --from it begins a new epoch in the baseline itself, with a run that is in it
already.`,
		Example: `  k6report baseline accept results/feature/report.json --reason "orders are now signed"
  k6report baseline accept --from 20261101T17 --baseline load --reason "TLS to the database"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case strings.TrimSpace(reason) == "":
				return usageError{hinted{errors.New("accept wants to know why"), `--reason "what the time is spent for"`}}
			case from != "" && len(args) == 0:
				return a.acceptFrom(cmd.Context(), &c, from, reason)
			case from == "" && len(args) == 1:
				return a.acceptReport(cmd.Context(), &c, args[0], reason)
			}
			return usageError{hinted{errors.New("accept wants a report, or --from RUN"), "k6report baseline accept REPORT.json --reason TEXT"}}
		},
	}
	c.ofBaseline(cmd, a.forges)
	cmd.Flags().StringVar(&reason, "reason", "", "`why` it is slower, for those who read it later")
	cmd.Flags().StringVar(&from, "from", "", "the `run` of the baseline that a new epoch begins with")
	return cmd
}

// acceptFrom begins an epoch with a run that is there already. A writer that is
// killed amid it leaves every entry whole; doing it again completes it.
func (a *app) acceptFrom(ctx context.Context, c *common, from, reason string) error {
	s, _, err := a.openBaseline(ctx, c)
	if err != nil {
		return err
	}
	ids, err := resolveRuns(ctx, s, []string{from})
	if err != nil {
		return err
	}
	entries, damaged, err := s.List(ctx)
	if err != nil {
		return err
	}
	a.sayDamaged(c, damaged)
	at := slices.IndexFunc(entries, func(e *baseline.Entry) bool { return e.ID == ids[0] })
	switch {
	case at < 0:
		return fmt.Errorf("baseline %s: the entry of %s can't be read", s.Name(), ids[0])
	case at == 0:
		return usageError{hinted{fmt.Errorf("%s is the first run of %s: there is nothing before it", ids[0], s.Name()), "an epoch begins with the first run that is slower"}}
	}
	name := epochName([]string{"from", ids[0]})
	old := entries[at-1].Epoch
	if e := entries[at]; e.Epoch != old && e.Epoch != name {
		return usageError{fmt.Errorf("%s begins epoch %s of %s already", e.ID, e.Epoch, s.Name())}
	}
	begun := 0
	for _, e := range entries[at:] {
		if e.Epoch != old && e.Epoch != name { // the next accepted change
			break
		}
		if err := s.Update(ctx, e.ID, false, func(e *baseline.Entry) { e.Epoch, e.Reason = name, reason }); err != nil {
			return unwritable(err, "--store")
		}
		begun++
	}
	if c.json {
		return a.printJSON(map[string]any{"baseline": s.Name(), "epoch": name, "runs": begun})
	}
	a.tell(c, "%s of %s are a new epoch, %s, from %s on: later runs are compared with these", view.Plural(begun, "run", "runs"), s.Name(), name, ids[0])
	return nil
}

// acceptReport writes what a report found into the configuration.
func (a *app) acceptReport(ctx context.Context, c *common, path, reason string) error {
	if _, err := c.checkOutput(); err != nil {
		return err
	}
	rep, err := a.savedReport(path, reportWanted)
	if err != nil {
		return err
	}
	list, err := worseGates(rep, reason)
	if err != nil {
		return err
	}
	name := c.config
	if name == "" {
		name = defaultConfig
	}
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usageError{fmt.Errorf("read configuration: %w", err)}
	}
	after, err := config.Accept(name, before, list)
	if err != nil {
		return err
	}
	if err := a.replaceFile(ctx, name, after); err != nil {
		return unwritable(err, "--config")
	}
	if c.json {
		var keys []string
		for _, x := range list {
			keys = append(keys, x.GateKey.String())
		}
		return a.printJSON(map[string]any{"file": name, "accepted": keys})
	}
	for _, x := range list {
		a.tell(c, "accepted in %s: %s up to %s", name, x.GateKey, config.ChangeText(x.UpTo))
	}
	a.tell(c, "commit it with the change that it allows")
	return nil
}

// worseGates are the gates that a report calls regressed or suspected, as
// accepted changes: up to what was measured, rounded up.
func worseGates(rep *report.Report, reason string) ([]config.Accepted, error) {
	var out []config.Accepted
	load := false
	if rep.Comparison != nil {
		for _, g := range rep.Comparison.Gates {
			if g.Verdict != report.GateRegressed && g.Verdict != report.GateSuspected {
				continue
			}
			statistic, err := config.ParseStatistic(g.Statistic)
			if err != nil || g.Change == nil {
				load = true // dropped load can't be accepted
				continue
			}
			key := config.GateKey{Metric: g.Metric, Endpoint: g.Endpoint, Statistic: statistic}
			out = append(out, config.Accepted{GateKey: key, UpTo: roundedUp(math.Abs(*g.Change), key.Absolute()), Reason: reason})
		}
	}
	switch {
	case len(out) == 0 && load:
		return nil, usageError{hinted{errors.New("the run did not carry its load, which can't be accepted"), "lower the load of the test, and begin a new baseline"}}
	case len(out) == 0:
		return nil, usageError{hinted{errors.New("the report calls no gate regressed or suspected: there is nothing to accept"), "k6report analyze RUN --baseline NAME --out DIR writes a report with a comparison"}}
	}
	return out, nil
}

// roundedUp is a change with room for noise, as a person would write it: whole
// percent, of error rates tenths of one.
func roundedUp(change float64, absolute bool) float64 {
	step := 0.01
	if absolute {
		step = 0.001
	}
	return math.Round(math.Ceil(change/step*1.1)*step*1e6) / 1e6
}
