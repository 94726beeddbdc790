package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"k6report/testbed/internal/fault"
)

// Scored is a trial with what the reports made of it.
type Scored struct {
	Trial
	Fault   fault.Fault
	Against Judgement // compared with the healthy run of the setup
	Alone   Judgement // by itself
	// Unjoined is Against of the same samples without what joins them; nil where
	// they were not kept.
	Unjoined *Judgement
	Findings []string // that hold in the healthy run
}

// Score analyses the snapshots of all trials that are done, alone and against
// their healthy run, and judges the answers. Nothing is run anew.
func (l *Lab) Score(ctx context.Context) ([]Scored, error) {
	var list []Scored
	for _, t := range l.Plan.Trials() {
		if t.Fault == "" || !l.done(t) {
			continue
		}
		s, err := l.score(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Key(), err)
		}
		fmt.Fprintf(l.Log, "%-44s against: %-13s alone: %-13s %s\n", t.Key(), s.Against.Mark, s.Alone.Mark, s.Against.Said)
		list = append(list, s)
	}
	return list, nil
}

func (l *Lab) score(ctx context.Context, t Trial) (Scored, error) {
	f, known := fault.Find(t.Fault)
	if !known {
		return Scored{}, fmt.Errorf("the catalogue has no fault %q", t.Fault)
	}
	s := Scored{Trial: t, Fault: f}
	bad, good := filepath.Join(l.folder(t), snapshotFile), filepath.Join(l.folder(t.Healthy()), snapshotFile)
	faulty, err := l.report(ctx, t, "alone", "analyze", bad)
	if err != nil {
		return s, err
	}
	compared, err := l.report(ctx, t, "against", "compare", good, bad)
	if err != nil {
		return s, err
	}
	healthy, err := l.report(ctx, t.Healthy(), "alone", "analyze", good)
	if err != nil {
		return s, err
	}
	if s.Unjoined, err = l.scoreUnjoined(ctx, t, f); err != nil {
		return s, err
	}
	s.Alone, s.Against, s.Findings = alone(f, faulty), against(f, compared), foundIn(healthy)
	s.Against.PartsOff = partsOff(compared, healthy, faulty)
	return s, nil
}

// scoreUnjoined judges the comparison of the samples that nothing joins.
func (l *Lab) scoreUnjoined(ctx context.Context, t Trial, f fault.Fault) (*Judgement, error) {
	bad, good := filepath.Join(l.folder(t), unjoinedFile), filepath.Join(l.folder(t.Healthy()), unjoinedFile)
	for _, file := range []string{bad, good} {
		switch _, err := os.Stat(file); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil
		case err != nil:
			return nil, err
		}
	}
	report, err := l.report(ctx, t, "unjoined", "compare", good, bad)
	if err != nil {
		return nil, err
	}
	j := against(f, report)
	// Without any attribution nothing was said of them, which is an answer, too.
	if a := report.Attribution; a != nil && a.Join != "window" {
		return nil, fmt.Errorf("samples without metadata were joined all the same, by %q", a.Join)
	}
	return &j, nil
}

// report runs a verb of k6report and keeps its report.json beside the snapshot.
func (l *Lab) report(ctx context.Context, t Trial, name string, args ...string) (*Report, error) {
	args = append(args, "--json", "--fail-on", "none", "--quiet")
	text, err := l.command(ctx, l.K6Report, args...).Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return nil, fmt.Errorf("k6report %v: %w: %s", args, err, exit.Stderr)
	case err != nil:
		return nil, fmt.Errorf("k6report %v: %w", args, err)
	}
	if err := os.WriteFile(filepath.Join(l.folder(t), name+".json"), text, 0o644); err != nil {
		return nil, err
	}
	r, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("k6report %v: its report: %w", args, err)
	}
	return r, nil
}
