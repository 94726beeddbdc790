package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/render/view"
	"k6report/internal/report"
	"k6report/internal/run"
)

// newestRuns are compared with: older ones tell of another time.
const newestRuns = 20

// baselineNamed reads what a run is to be compared with. A store that can't be
// read is a fact for the report, no failure.
func (a *app) baselineNamed(ctx context.Context, c *common, cfg *config.Config, name string, r *run.Run) (*analyze.Baseline, error) {
	blobs, err := a.openStore(a.storeName(c, cfg))
	if err != nil {
		return nil, err
	}
	opened, err := baseline.Open(blobs, name)
	if err != nil {
		return nil, usageError{fmt.Errorf("read --baseline: %w", err)}
	}
	out := &analyze.Baseline{Name: name}
	entries, damaged, err := opened.List(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, err
	case err != nil:
		out.Unreachable = err.Error()
		return out, nil
	}
	for _, d := range damaged {
		noteDamaged(out, d)
	}
	noteOtherBranch(out, c.lineage.into, entries)
	git := gitFolder{dir: ".", env: a.env}
	entries, err = earlierThan(ctx, git, c.lineage, out, entries, r)
	if err != nil {
		return nil, err
	}
	if err := fillBaseline(ctx, opened, out, entries); err != nil {
		return nil, err
	}
	a.sayNotes(c, out.Notes)
	return out, nil
}

// noteDamaged says of an entry that it took no part.
func noteDamaged(out *analyze.Baseline, d baseline.Damaged) {
	out.Notes = append(out.Notes, report.Note{
		Code: "baseline_damaged", Severity: report.Warning, Where: d.Name,
		Message: fmt.Sprintf("an entry of the baseline was left out: %v; k6report baseline rm %s removes it", d.Err, d.ID),
	})
}

// noteOtherBranch says of code that goes into a branch of which the baseline has no
// run that no run of that joins by itself.
func noteOtherBranch(out *analyze.Baseline, into string, entries []*baseline.Entry) {
	if into == "" || slices.ContainsFunc(entries, func(e *baseline.Entry) bool { return e.Labels["branch"] == into }) {
		return
	}
	out.Notes = append(out.Notes, report.Note{
		Code: "baseline_other_branch", Severity: report.Info, Where: out.Name,
		Message: fmt.Sprintf("this is to go into %s, and the baseline has no run of that: only those of the default branch join by themselves; give k6report ci --join always in pipelines of %[1]s", into),
	})
}

// sayNotes prints the warnings about a baseline.
func (a *app) sayNotes(c *common, notes []report.Note) {
	for _, n := range notes {
		if n.Severity != report.Info {
			a.say(c, "%s: %s", visible(n.Where), visible(n.Message))
		}
	}
}

// earlierThan leaves the entries whose commits a run's commit is built on and, of
// those that nobody knows this of, the ones that started early enough.
func earlierThan(ctx context.Context, git gitFolder, l lineage, out *analyze.Baseline, entries []*baseline.Entry, r *run.Run) ([]*baseline.Entry, error) {
	commit := cmp.Or(l.head, labelOf(r, "commit"))
	var commits []string
	for _, e := range entries {
		if e.Commit != "" {
			commits = append(commits, e.Commit)
		}
	}
	note := func(code, message string) {
		out.Notes = append(out.Notes, report.Note{Code: code, Severity: report.Info, Message: message, Where: out.Name})
	}
	kin, err := kinOf(ctx, git, l, commit, commits)
	var none errNoHistory
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	latest := latestStart{run: r}
	if slices.ContainsFunc(entries, func(e *baseline.Entry) bool { return e.Commit != "" && kin[e.Commit] == unknownKin }) {
		latest.commit, latest.made = git.committed(ctx, commit)
	}
	var kept []*baseline.Entry
	later, unknown, tooLate := 0, 0, 0
	for _, e := range entries {
		switch kin[e.Commit] {
		case ancestor:
			kept = append(kept, e)
			continue
		case stranger:
			later++
			continue
		}
		unknown++
		if latest.before(e) {
			tooLate++
			continue
		}
		kept = append(kept, e)
	}
	if later > 0 {
		note("baseline_not_ancestors", fmt.Sprintf("%d of %d runs of the baseline are of commits that this one is not built on: they took no part", later, len(entries)))
	}
	switch {
	case len(commits) == 0 && tooLate == 0: // they don't speak of commits, and all count
	case err != nil:
		note("baseline_ancestry_unknown", "git can't tell which of the baseline's commits this one is built on ("+none.reason+"): the newest runs that started before "+latest.String()+" are compared with")
	case unknown > 0:
		note("baseline_ancestry_unknown", fmt.Sprintf("of %d runs of the baseline git does not know the commit, or not its history: they count if they started before %s; fetch more of the history (GIT_DEPTH: 0)", unknown, latest))
	}
	return kept, nil
}

// kinOf is what can be known of commits; an [errNoHistory] says why it is nothing.
func kinOf(ctx context.Context, git gitFolder, l lineage, commit string, commits []string) (map[string]kinship, error) {
	switch {
	case commit == "":
		return nil, errNoHistory{"it has no label commit"}
	case len(commits) == 0:
		return nil, errNoHistory{"none of its runs has a label commit"}
	}
	kin, err := ancestors(ctx, git, commit, commits)
	return l.complete(ctx, commit, commits, kin, err)
}

// latestStart is when an earlier run must have started by where nobody knows whether
// its commit came before: when the commit was made that a run is built on, where git
// knows it; else, and where it names no commit, when that run started.
type latestStart struct {
	run    *run.Run
	commit string // that the run is built on; "" where git doesn't know it
	made   time.Time
}

// before reports whether that was before an entry started, which is too late then.
func (l latestStart) before(e *baseline.Entry) bool {
	if l.commit != "" && e.Commit != "" {
		return e.Started.After(l.made)
	}
	return l.run.Started != 0 && e.Started.After(time.Unix(0, l.run.Started))
}

func (l latestStart) String() string {
	if l.commit != "" {
		return "commit " + view.ShortCommit(l.commit) + " was made"
	}
	return "this run"
}

// committed is a commit and when it was made; "" where git doesn't know it.
func (g gitFolder) committed(ctx context.Context, commit string) (string, time.Time) {
	if !commitName.MatchString(commit) {
		return "", time.Time{}
	}
	text, err := g.output(ctx, "", "show", "-s", "--no-show-signature", "--format=%ct", commit+"^{commit}")
	if err != nil {
		return "", time.Time{}
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return "", time.Time{}
	}
	return commit, time.Unix(seconds, 0)
}

func labelOf(r *run.Run, name string) string {
	for _, l := range r.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// fillBaseline takes the newest valid runs of the current epoch to compare with,
// and the values of all older ones for the noise. entries are oldest first.
func fillBaseline(ctx context.Context, s *baseline.Store, out *analyze.Baseline, entries []*baseline.Entry) error {
	entries = slices.DeleteFunc(slices.Clone(entries), func(e *baseline.Entry) bool { return e.Invalid != "" })
	if len(entries) == 0 {
		return nil
	}
	newest := entries[len(entries)-1]
	out.Epoch, out.Settled = newest.Epoch, newest.Accepted
	out.Recorded = make(map[string][]analyze.GateValue)
	first := len(entries) // of those that are compared with
	for i := len(entries) - 1; i >= 0 && len(out.Runs) < newestRuns; i-- {
		e := entries[i]
		if e.Epoch != out.Epoch || !e.Whole {
			continue
		}
		whole, err := s.Get(ctx, e.ID)
		switch {
		case errors.Is(err, baseline.ErrNoRun): // taken away since
			continue
		case ctx.Err() != nil:
			return err
		case baseline.Unreachable(err):
			*out = analyze.Baseline{Name: out.Name, Notes: out.Notes, Unreachable: err.Error()}
			return nil
		case err != nil:
			noteDamaged(out, baseline.Damaged{ID: e.ID, Name: s.Name() + "/" + e.ID + baseline.Ending, Err: err})
			continue
		}
		first = i
		out.Runs = append(out.Runs, whole.Run)
		out.Recorded[whole.Run.ID] = gateValues(e)
	}
	slices.Reverse(out.Runs)
	for i, e := range entries {
		past := pastRun(e)
		if i < first {
			out.History = append(out.History, past)
		}
		out.All = append(out.All, past)
	}
	return nil
}

func pastRun(e *baseline.Entry) analyze.PastRun {
	return analyze.PastRun{
		ID: e.ID, Epoch: e.Epoch, Commit: e.Commit, Started: e.Started, Status: report.Status(e.Status), Values: gateValues(e),
	}
}

func gateValues(e *baseline.Entry) []analyze.GateValue {
	values := make([]analyze.GateValue, len(e.Values))
	for i, v := range e.Values {
		values[i] = analyze.GateValue(v)
	}
	return values
}
