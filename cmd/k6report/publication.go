package main

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/forge"
	"k6report/internal/render"
	"k6report/internal/render/plain"
	"k6report/internal/report"
)

// outcome is a run that was judged.
type outcome struct {
	name   string // tells it from others of the same job
	dir    string // where its files are; "" is nowhere
	report *report.Report
}

// key is that of the note which a job has told of the run in; "" is none.
func (o outcome) key() string { return o.report.Run.Labels[labelKey] }

// publication is all that is to be told to a forge of a job's runs.
type publication struct {
	common   *common
	flags    publishFlags
	job      *forgeJob
	outcomes []outcome // at least one, or there is a failure
	// failure says why there is nothing to judge, with secrets masked.
	failure string
	// unjudged says that runs are missing among the outcomes.
	unjudged bool
}

func (p *publication) key() string { return forge.Key(p.keyText()) }

// keyText is what tells the job's note from others. Of reports that were published
// before it is the one of then unless another is given, so that they have one note.
func (p *publication) keyText() string {
	before := ""
	if len(p.outcomes) > 0 {
		before = p.outcomes[0].key()
	}
	if slices.ContainsFunc(p.outcomes, func(o outcome) bool { return o.key() != before }) {
		before = "" // they had several
	}
	return cmp.Or(p.flags.key, before, p.flags.configKey, p.job.Name)
}

func (p *publication) runs() []render.NoteRun {
	var runs []render.NoteRun
	for _, o := range p.outcomes {
		r := render.NoteRun{Name: o.name, Report: o.report}
		if len(p.outcomes) == 1 {
			r.Name = ""
		}
		runs = append(runs, r)
	}
	return runs
}

// worst is the report whose verdict counts for all.
func (p *publication) worst() *report.Report {
	order := report.Statuses()
	return slices.MinFunc(p.outcomes, func(a, b outcome) int {
		return slices.Index(order, a.report.Verdict.Status) - slices.Index(order, b.report.Verdict.Status)
	}).report
}

// links lead to the page of each run and to the job.
func (p *publication) links() []render.Link {
	var links []render.Link
	for _, o := range p.outcomes {
		if page := p.pageOf(o); page != "" {
			text := "full report"
			if len(p.outcomes) > 1 {
				text += " of " + o.name
			}
			links = append(links, render.Link{Text: text, URL: page})
		}
	}
	return append(links, render.Link{Text: "job", URL: p.job.URL})
}

// pageOf is the address of a run's page among the job's artifacts; "" where
// there is none.
func (p *publication) pageOf(o outcome) string {
	if p.job.Page == nil || o.dir == "" || !isFile(filepath.Join(o.dir, pageFile)) {
		return ""
	}
	return p.job.Page(path.Join(projectPath(o.dir), pageFile))
}

// markdown is what the note and the issue say.
func (p *publication) markdown() string {
	var b strings.Builder
	_ = render.Note(&b, p.runs(), p.links()) // a Builder takes everything
	return b.String()
}

func (p *publication) note() forge.Note {
	status := p.worst().Verdict.Status
	create := true
	switch p.flags.comment {
	case config.CommentRegressions:
		create = status == report.Regressed || status == report.ThresholdFailed
	case config.CommentChanges:
		create = status != report.Passed && status != report.Inconclusive
	}
	return forge.Note{
		Key: p.key(), Pipeline: p.job.Pipeline, JobName: p.job.Name, Create: create,
		Body: p.markdown(), Footer: render.MarkdownFooter,
	}
}

func (p *publication) thread() forge.Thread {
	var gates []string
	for _, o := range p.outcomes {
		if o.report.Comparison == nil {
			continue
		}
		for _, g := range o.report.Comparison.Gates {
			if g.Verdict == report.GateRegressed {
				words := []string{g.Metric, g.Endpoint, g.Statistic}
				if len(p.outcomes) > 1 {
					words = append([]string{o.name}, words...)
				}
				gates = append(gates, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
			}
		}
	}
	var b strings.Builder
	_ = render.Brief(&b, p.runs()) // a Builder takes everything
	return forge.Thread{Key: p.key(), Pipeline: p.job.Pipeline, JobName: p.job.Name, Regressed: gates, Gone: p.allIsWell(), Body: b.String()}
}

// allIsWell reports whether every run was compared, and is no worse: what was
// not compared, is not valid or is suspected says nothing of a regression that
// was there before.
func (p *publication) allIsWell() bool {
	return !p.unjudged && !slices.ContainsFunc(p.outcomes, func(o outcome) bool { return !isWell(o.report) })
}

func isWell(r *report.Report) bool {
	c := r.Comparison
	if c == nil || r.Verdict.Status != report.Passed && r.Verdict.Status != report.Improved {
		return false
	}
	return slices.ContainsFunc(c.Gates, func(g report.Gate) bool {
		return slices.Contains([]string{report.GateOK, report.GateImproved, report.GateAccepted}, g.Verdict)
	})
}

// wantsIssue reports whether a schedule of the default branch found a regression: all
// that there are share one issue.
func (p *publication) wantsIssue() bool {
	return p.flags.scheduleIssue && p.job.Scheduled && p.job.OnTarget() && p.worst().Verdict.Status == report.Regressed
}

// issueLabel finds our issues again.
const issueLabel = "k6report"

func (p *publication) issue() forge.Issue {
	return forge.Issue{
		Key: p.key(), Pipeline: p.job.Pipeline, Label: issueLabel,
		Body: p.markdown(), Footer: render.MarkdownFooter,
		Title: inert(plain.Short("Load test regressed: "+p.worst().Verdict.Headline, 200)),
	}
}

// inert is a title of an issue, which takes no markup and so no escapes, but
// mentions and references: behind each sign that begins one, on GitLab or another
// forge, stands a word joiner, which is not seen.
func inert(title string) string {
	const joiner = "\u2060"
	var b strings.Builder
	for i, r := range title {
		b.WriteRune(r)
		if strings.ContainsRune("@#!&~%$^:", r) && i+1 < len(title) && title[i+1] != ' ' {
			b.WriteString(joiner)
		}
	}
	return b.String()
}

func (p *publication) commitStatus() forge.Status {
	s := forge.Status{
		// Several jobs of a pipeline must not overwrite each other's.
		Name: strings.TrimSpace("k6report " + plain.Short(p.keyText(), 80)), URL: p.job.URL,
		Branch: p.job.Branch, Pipeline: p.job.Pipeline,
	}
	if len(p.outcomes) == 0 {
		s.Failed, s.Description = true, plain.Short("Nothing to judge: "+p.failure, 200)
		return s
	}
	s.Description = plain.Short(p.worst().Verdict.Headline, 200)
	if p.unjudged {
		s.Failed = true
		s.Description = plain.Short("Not all runs could be judged. "+s.Description, 200)
	}
	for _, o := range p.outcomes {
		s.Failed = s.Failed || o.report.Verdict.ExitCode != report.ExitOK
	}
	if len(p.outcomes) == 1 {
		s.URL = cmp.Or(p.pageOf(p.outcomes[0]), s.URL)
	}
	return s
}
