package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/report"
)

// outcome is what a job said and did, and what is wrong with it.
type outcome struct {
	job
	verdict  report.Status // "" without a report
	headline string
	cause    string
	code     int
	comments []string // of this job's tool on the merge request
	threads  []string
	thread   string // state of the thread
	status   string // of the commit
	stored   int
	issues   int
	unseen   float64 // see [unseen], a fraction; 0 where nothing was compared
	problems []string
	took     time.Duration
}

// saved is the report of a job; nil when there is none.
func saved(dir string) *report.Report {
	f, err := os.Open(filepath.Join(dir, "report.json"))
	if err != nil {
		return nil
	}
	defer f.Close()
	r, err := report.Decode(f)
	if err != nil {
		return nil
	}
	return r
}

func isSuspected(dir string) bool {
	r := saved(dir)
	return r != nil && r.Comparison != nil &&
		slices.ContainsFunc(r.Comparison.Gates, func(g report.Gate) bool { return g.Verdict == report.GateSuspected })
}

// named is the component that a regression is said to come from.
func named(r *report.Report) string {
	a := r.Attribution
	if a == nil || a.Question != "regression" {
		return nothing
	}
	var list []string
	for _, b := range a.Bottlenecks {
		list = append(list, strings.TrimSuffix(b.Component+"/"+b.Detail, "/"))
	}
	return strings.Join(list, " + ")
}

// mostUnseen is the change that has to be seen: the slower builds of the week are
// slower by more in a latency that is a gate.
const mostUnseen = 0.6

// unseen is the smallest change that would be seen in every latency that is a gate.
func unseen(r *report.Report) float64 {
	most := 0.0
	if r.Comparison == nil {
		return most
	}
	for _, g := range r.Comparison.Gates {
		if g.Endpoint != "" && g.Detectable != nil {
			most = max(most, *g.Detectable)
		}
	}
	return most
}

// look reads what came of a job, and holds it against what is expected.
func (t *town) look(j *job, code int) outcome {
	o := outcome{job: *j, code: code}
	r := saved(lastRun(j.dir))
	if r != nil {
		o.verdict, o.headline, o.cause = r.Verdict.Status, r.Verdict.Headline, named(r)
		o.unseen = unseen(r)
	}
	if j.mr != 0 {
		for _, n := range t.gitlab.NotesOf(j.mr) {
			switch {
			case n.Thread == "":
				o.comments = append(o.comments, n.Body)
			default:
				o.threads = append(o.threads, n.Body)
				o.thread = map[bool]string{true: "resolved", false: "open"}[n.Resolved]
			}
		}
		if did := t.gitlab.ExecutedOn(j.mr); len(did) > 0 {
			o.problem("GitLab executed %q", did)
		}
	}
	for _, s := range t.gitlab.Statuses() {
		if s.Commit == j.commit && s.Pipeline == j.pipeline {
			o.status = s.State
		}
	}
	for _, i := range t.gitlab.Issues() {
		if i.State == "opened" {
			o.issues++
		}
	}
	o.stored = len(t.gitlab.Packages(gitlabtest.Project))
	mistakes := t.gitlab.Mistakes()
	for _, m := range mistakes[t.mistakes:] {
		o.problem("GitLab would not understand %s", m)
	}
	t.mistakes = len(mistakes)
	o.judge(r, t.comments[j.mr], t.uncounted)
	if len(o.comments) == 1 {
		t.comments[j.mr] = o.comments[0]
	}
	return o
}

// lastRun is the folder with the report of a job, of several runs the last one's.
func lastRun(dir string) string {
	dir = filepath.Join(dir, results)
	if _, err := os.Stat(filepath.Join(dir, "report.json")); err == nil {
		return dir
	}
	several, _ := filepath.Glob(filepath.Join(dir, "*", "report.json")) // the pattern is well-formed
	if len(several) == 0 {
		return dir
	}
	return filepath.Dir(slices.Max(several))
}

func (o *outcome) problem(format string, args ...any) {
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
}

// judge holds the outcome against what is expected.
func (o *outcome) judge(r *report.Report, before string, uncounted bool) {
	w := o.want
	if !slices.Contains(w.verdicts, o.verdict) && (len(w.verdicts) > 0 || r != nil) {
		o.problem("the verdict is %q, want one of %q", o.verdict, w.verdicts)
	}
	if c, _, _ := strings.Cut(o.cause, "/"); w.cause != anything && o.cause != w.cause && c != w.cause && !(w.silence && o.cause == nothing) {
		o.problem("the cause is %q, want %q", o.cause, w.cause)
	}
	if !slices.Contains(w.exit, o.code) {
		o.problem("the exit code is %d, want one of %v", o.code, w.exit)
	}
	o.judgeMergeRequest(before)
	if o.status != w.status && w.status != anything {
		o.problem("the commit's status is %q, want %q", o.status, w.status)
	}
	if o.stored != w.stored && !uncounted {
		o.problem("%d runs in the registry, want %d", o.stored, w.stored)
	}
	if o.issues != w.issues {
		o.problem("%d open issues, want %d", o.issues, w.issues)
	}
	for _, code := range w.notes {
		if r == nil || !slices.ContainsFunc(r.Notes, func(n report.Note) bool { return n.Code == code }) {
			o.problem("the report lacks the note %s", code)
		}
	}
}

// judgeMergeRequest holds what is on the merge request against what is expected;
// before is its comment as it was.
func (o *outcome) judgeMergeRequest(before string) {
	w := o.want
	comments := 0
	if o.mr != 0 && o.kind != ofFork {
		comments = 1
	}
	if len(o.comments) != comments {
		o.problem("%d comments, want %d", len(o.comments), comments)
	}
	if text := strings.Join(o.comments, "\n"); !strings.Contains(text, w.says) {
		o.problem("the comment does not hold %q", w.says)
	} else if w.untouched && text != before {
		o.problem("the comment is another one than before")
	}
	if o.thread != w.thread && w.thread != anything || len(o.threads) > 1 {
		o.problem("%d threads, %q, want %q", len(o.threads), o.thread, w.thread)
	}
}

// keep writes the texts on the merge request where a person can read the week.
func (t *town) keep(j *job) error {
	if j.mr == 0 {
		return nil
	}
	written := make(map[string]int)
	for _, n := range t.gitlab.NotesOf(j.mr) {
		name := "comment"
		if n.Thread != "" {
			name = "thread-" + map[bool]string{true: "resolved", false: "open"}[n.Resolved]
		}
		if written[name]++; written[name] > 1 {
			name += fmt.Sprintf("-%d", written[name])
		}
		if err := os.WriteFile(j.dir+"-"+name+".md", []byte(n.Body+"\n"), 0o644); err != nil {
			return fmt.Errorf("keep a comment: %w", err)
		}
	}
	return nil
}

func (o *outcome) where() string {
	if o.mr != 0 {
		return fmt.Sprintf("!%d", o.mr)
	}
	return string(o.kind)
}

// tell prints one pipeline's story.
func (o *outcome) tell(w io.Writer) {
	fmt.Fprintf(w, "\n%2d %s: %s\n   k6report: %s\n   %s\n", o.number, o.where(), o.what, cmp.Or(o.headline, "(no report)"), o.facts())
	if len(o.problems) == 0 {
		fmt.Fprintf(w, "   as expected (%.0f s)\n", o.took.Seconds())
	}
	for _, p := range o.problems {
		fmt.Fprintf(w, "   NOT AS EXPECTED: %s\n", p)
	}
}

func (o *outcome) facts() string {
	facts := []string{string(cmp.Or(o.verdict, "no verdict"))}
	if o.cause != nothing {
		facts = append(facts, "from "+o.cause)
	}
	facts = append(facts, fmt.Sprintf("exit %d", o.code))
	if o.mr != 0 {
		facts = append(facts, fmt.Sprintf("comments %d", len(o.comments)), "thread "+cmp.Or(o.thread, "none"))
	}
	return strings.Join(append(facts, "status "+cmp.Or(o.status, "none"), fmt.Sprintf("stored %d", o.stored)), ", ")
}

func printTable(w io.Writer, list []outcome) {
	fmt.Fprint(w, "| # | where | what | verdict | cause | exit | comments | thread | status | stored | issues | as expected |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, o := range list {
		expected := "yes"
		if len(o.problems) > 0 {
			expected = "**no**: " + strings.Join(o.problems, "; ")
		}
		fmt.Fprintf(w, "| %d | %s | %s | %s | %s | %d | %d | %s | %s | %d | %d | %s |\n", o.number, o.where(), o.what, o.verdict, o.cause, o.code,
			len(o.comments), o.thread, o.status, o.stored, o.issues, strings.ReplaceAll(expected, "|", `\|`))
	}
}
