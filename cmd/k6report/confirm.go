package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"k6report/internal/analyze"
	"k6report/internal/render/plain"
	"k6report/internal/report"
	"k6report/internal/run"
)

// confirmFolder is where the second run of a run goes, beside it.
func confirmFolder(dir string) string { return filepath.Clean(dir) + confirmEnding }

const confirmEnding = "-confirm"

// firstOf is the run beside a folder that holds its second run; "" where the folder
// is no second run.
func firstOf(dir string) string {
	first, second := strings.CutSuffix(filepath.Clean(dir), confirmEnding)
	if !second || !isRun(first) {
		return ""
	}
	return first
}

// judged compares a run with its baseline. Where confirm says so, what it is
// suspected of is tested by a second run, which confirms or clears it.
func (r runner) judged(ctx context.Context, j job, measured *run.Run, confirm bool) (*report.Report, error) {
	a, c := r.app, &r.flags.common
	options, err := a.comparisonOptions(ctx, c, r.judge.config, measured)
	if err != nil {
		return nil, err
	}
	rep := r.judge.compare(measured, options)
	if !confirm || ctx.Err() != nil || !suspected(rep) {
		return rep, nil
	}
	a.say(c, "suspected: %s", rep.Verdict.Headline)
	again, err := r.again(ctx, j)
	switch {
	case ctx.Err() != nil: // what the first one showed is still worth a report
		return rep, nil
	case err != nil: // and so it is where the second one broke
		a.warn(unconfirmed(&options, measured, err))
	default:
		options.Rerun = again
	}
	return r.judge.compare(measured, options), nil
}

// unconfirmed notes that the second run of a run broke, so that the first one stays
// suspected, and returns what is to be said of it.
func unconfirmed(o *analyze.Options, measured *run.Run, why error) error {
	why = fmt.Errorf("the second run confirms nothing: %w", why)
	o.Baseline.Notes = append(o.Baseline.Notes, report.Note{
		Code: "rerun_unused", Severity: report.Error, Where: measured.ID, Message: plain.Line(why.Error()),
	})
	return why
}

// again makes the second run of a job, beside the first.
func (r runner) again(ctx context.Context, j job) (*run.Run, error) {
	a, c := r.app, &r.flags.common
	j.dir = confirmFolder(j.dir)
	release, err := begin(j.dir)
	if err != nil {
		return nil, err
	}
	defer release()
	a.say(c, "a second run confirms or clears it, in %s", filepath.ToSlash(j.dir))
	result, err := r.execute(ctx, j)
	if err != nil {
		return nil, err
	}
	if result.unkept != nil {
		a.warn(result.unkept)
	}
	measured, err := r.measured(ctx, j, result)
	if err != nil {
		return nil, nothingToReport(j, result.Execution, err)
	}
	// It has no report of its own: the snapshot is what is left where a CI system keeps
	// nothing that k6 wrote.
	if slices.Contains(r.wanted, snapshotFormat) {
		if err := a.writeFiles(ctx, j.dir, []string{snapshotFormat}, nil, measured); err != nil {
			a.warn(err)
		}
	}
	return measured, nil
}

// suspected reports whether a second run would tell more.
func suspected(r *report.Report) bool {
	return r.Comparison != nil && slices.ContainsFunc(r.Comparison.Gates, func(g report.Gate) bool { return g.Verdict == report.GateSuspected })
}

// checkConfirm refuses --confirm without a baseline, which would never confirm
// anything.
func (f *runFlags) checkConfirm(j judge) error {
	if f.confirm && f.baseline == "" && j.config.Baseline.Name == "" {
		return usageError{hinted{errors.New("--confirm runs again what a comparison suspects, and none is asked for"), "name a baseline with --baseline NAME"}}
	}
	return nil
}
