package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/render/view"
	"k6report/internal/report"
	"k6report/internal/run"
)

func (a *app) baselineAddCommand() *cobra.Command {
	var c common
	cmd := &cobra.Command{
		Use:   "add SOURCE...",
		Short: "add runs to a baseline",
		Long: `Add analyses runs and keeps what comparisons need of each. Every SOURCE is one
run; a folder of runs stands for all of them, and so does a glob. Without
--baseline a run goes to the baseline of its level, environment and scale.

All valid runs of the branch that others are compared with belong into a baseline,
unlucky ones too: leaving them out makes the spread look smaller than it is and
raises false alarms. Invalid runs and confirmed regressions are refused. A folder
NAME-confirm beside NAME is left out: it is the second run of what was suspected.

The label commit tells which code was measured: later runs are then compared only
with commits that they are built on.`,
		Example: `  k6report baseline add new.k6run
  k6report baseline add --baseline main --label commit=4f0c2d81a main-1.k6run main-2.k6run
  k6report baseline add --baseline main results/main`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.baselineAdd(cmd.Context(), &c, args)
		},
	}
	f := cmd.Flags()
	c.view(f, resultAsJSON)
	c.reading(f)
	c.stored(f, a.forges, "the baseline to add to, by `name` (default "+autoName+": that of the run's level, environment and scale)")
	f.BoolVar(&c.force, "force", false, "add invalid runs and confirmed regressions all the same")
	return cmd
}

// added is what became of a run, as --json prints it.
type added struct {
	Run      string `json:"run"`
	Source   string `json:"source"`
	Baseline string `json:"baseline"`
	Added    bool   `json:"added"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"` // why it was refused, or is invalid
	Epoch    string `json:"epoch,omitempty"`
	Replaced bool   `json:"replaced,omitempty"`
}

func (a *app) baselineAdd(ctx context.Context, c *common, args []string) error {
	if _, err := c.checkOutput(); err != nil {
		return err
	}
	if len(args) == 0 {
		return usageError{hinted{errors.New("add wants the runs to add"), "k6report baseline add results/RUN"}}
	}
	j, err := c.judge(a)
	if err != nil {
		return err
	}
	blobs, err := a.openStore(a.storeName(c, j.config))
	if err != nil {
		return err
	}
	var sources []string
	for _, arg := range args {
		list, err := runsOf(arg)
		if err != nil {
			return err
		}
		sources = append(sources, list...)
	}
	if sources, err = a.withoutSecond(c, sources); err != nil {
		return err
	}
	results := []added{}
	var failed []error
	for _, source := range sources {
		result, err := a.addRun(ctx, c, j, blobs, source)
		if err != nil {
			if len(sources) == 1 || ctx.Err() != nil {
				return err
			}
			failed = append(failed, fmt.Errorf("%s: %w", source, err))
			continue
		}
		results = append(results, result)
		a.tellAdded(c, &result)
	}
	if c.json {
		if err := a.printJSON(results); err != nil {
			return err
		}
	}
	refused := slices.DeleteFunc(results, func(r added) bool { return r.Added })
	if len(refused) > 0 {
		failed = append(failed, hinted{
			fmt.Errorf("%s not added: %s", view.Plural(len(refused), "run was", "runs were"), refused[0].Reason),
			"a baseline of such runs misleads; --force adds them all the same",
		})
	}
	return errors.Join(failed...)
}

// withoutSecond leaves out second runs, and says so: they were made because the first
// one was suspected, and may have confirmed it.
func (a *app) withoutSecond(c *common, sources []string) ([]string, error) {
	first := slices.DeleteFunc(slices.Clone(sources), func(source string) bool {
		of := firstOf(source)
		if of != "" {
			a.say(c, "left out %s: it is the second run of %s, which was suspected", visible(filepath.ToSlash(source)), visible(filepath.ToSlash(of)))
		}
		return of != ""
	})
	if len(first) == 0 {
		return nil, usageError{hinted{errors.New("no SOURCE is the first run of anything"), "name the folder that a second run stands beside: the report in it tells of both"}}
	}
	return first, nil
}

func (a *app) tellAdded(c *common, r *added) {
	switch {
	case !r.Added:
		a.say(c, "refused %s: %s", visible(r.Run), visible(r.Reason))
	case r.Replaced:
		a.tell(c, "added %s to %s: %s (it was there already and is replaced)", r.Run, r.Baseline, r.Status)
	default:
		a.tell(c, "added %s to %s: %s", r.Run, r.Baseline, r.Status)
	}
}

// addRun adds one run, or says why not.
func (a *app) addRun(ctx context.Context, c *common, j judge, blobs baseline.Blobs, source string) (added, error) {
	r, err := a.read(ctx, c, j.config, []string{source})
	if err != nil {
		return added{}, err
	}
	out := added{Run: r.ID, Source: source, Baseline: c.baselineName(j.config, r)}
	if out.Baseline == "" {
		out.Baseline = baselineNameOf(r)
	}
	s, err := baseline.Open(blobs, out.Baseline)
	if err != nil {
		return out, usageError{fmt.Errorf("read --baseline: %w", err)}
	}
	rep, err := a.reportBeside(source, r)
	if err != nil {
		return out, err
	}
	if rep == nil {
		rep = j.report(r)
	}
	return a.join(ctx, c, j, s, out, r, rep)
}

// join adds a run that was judged to a baseline, or says why not.
func (a *app) join(ctx context.Context, c *common, j judge, s *baseline.Store, out added, r *run.Run, rep *report.Report) (added, error) {
	e := baseline.NewEntry(r, analyze.ThinMetrics())
	e.Added, e.Status = a.now().UTC(), string(rep.Verdict.Status)
	out.Run, out.Status = e.ID, e.Status
	for _, v := range analyze.GateValues(r, maskedConfig(j.redactor, j.config)) {
		e.Values = append(e.Values, baseline.Value(v))
	}
	ok, why := analyze.MayJoin(rep)
	if len(r.Requests.Tables) == 0 || len(e.Values) == 0 {
		ok, why = false, "it has no samples of requests, which comparisons are made of"
	}
	if !ok {
		out.Reason = why
		if !c.force {
			return out, nil
		}
		e.Invalid = why
	}
	entries, damaged, err := s.List(ctx)
	if err != nil {
		return out, err
	}
	a.sayDamaged(c, damaged)
	joinEpoch(e, entries, j.config)
	out.Epoch = e.Epoch
	out.Replaced = slices.ContainsFunc(entries, func(o *baseline.Entry) bool { return o.ID == e.ID })
	out.Added = true
	return out, unwritable(s.Add(ctx, e), "--store")
}

// reportBeside is the report of a run that stands in its folder, which knows of
// a second run and of the baseline; nil where there is none of this very run.
func (a *app) reportBeside(source string, r *run.Run) (*report.Report, error) {
	info, err := os.Stat(source)
	if err != nil || !info.IsDir() {
		return nil, nil
	}
	rep, err := a.savedReport(source, reportWanted)
	var other notReport
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.As(err, &other), err == nil && rep.Run.ID != r.ID:
		return nil, nil // another report, or of a later version: the run is judged anew
	}
	return rep, err
}

// joinEpoch tells which epoch a new run belongs to: that of the run before it,
// or a new one when it is the newest and the configuration accepts a change that
// the epoch does not have within it yet. The first run of all has within it
// whatever is accepted.
func joinEpoch(e *baseline.Entry, entries []*baseline.Entry, cfg *config.Config) {
	var accepted, reasons []string
	for _, x := range cfg.Accepted {
		accepted = append(accepted, x.Fingerprint())
	}
	var before *baseline.Entry
	newest := true
	for _, o := range entries {
		switch {
		case o.ID == e.ID:
			// It is replaced, and stays where it was.
			e.Epoch, e.Accepted, e.Reason = o.Epoch, o.Accepted, o.Reason
			return
		case !o.Started.After(e.Started):
			before = o
		default:
			newest = false
		}
	}
	if before == nil {
		e.Accepted = settled(accepted)
		if !newest {
			e.Accepted = nil
		}
		return
	}
	e.Epoch, e.Accepted = before.Epoch, before.Accepted
	if !newest {
		return
	}
	for i, f := range accepted {
		if !slices.Contains(before.Accepted, f) {
			reasons = append(reasons, cfg.Accepted[i].Reason)
		}
	}
	e.Accepted = settled(append(slices.Clone(before.Accepted), accepted...))
	if len(reasons) > 0 {
		e.Epoch, e.Reason = epochName(e.Accepted), strings.Join(reasons, "; ")
	}
}

func settled(fingerprints []string) []string {
	slices.Sort(fingerprints)
	return slices.Compact(fingerprints)
}

// epochName is made of what the epoch has within it, so that two that begin it
// at the same time call it the same.
func epochName(accepted []string) string {
	sum := sha256.Sum256([]byte(strings.Join(accepted, " ")))
	return hex.EncodeToString(sum[:4])
}
