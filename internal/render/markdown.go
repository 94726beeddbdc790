package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// MarkdownFooter begins the last part of a report in Markdown, which names the
// run: it differs from run to run where all that stands above is the same.
const MarkdownFooter = "<!-- k6report:footer -->"

// mostMarkdown is the size in bytes at which detail is dropped: what reviewers
// read fits a tenth of it.
const mostMarkdown = 200_000

// Markdown writes the report as a note for a merge request or a job summary,
// in GitLab's and GitHub's dialect. Text from the report starts no line, makes
// no link, mention, reference, quick action or markup, and stays in its table
// cell: names stand in code spans, and so do words of a sentence that hold
// anything but letters, digits and harmless punctuation.
func Markdown(w io.Writer, r *report.Report) error {
	return Note(w, []NoteRun{{Report: r}}, nil)
}

type markdown struct{ out strings.Builder }

func (m *markdown) paragraph(text string) { m.out.WriteString(text + "\n\n") }

func (m *markdown) heading(r *report.Report) {
	m.paragraph("### " + sign(r.Verdict.Status))
	if headline := prose(plain.Short(r.Verdict.Headline, 400)); headline != "" {
		m.paragraph("**" + headline + "**") // a line of bold text is no list, whatever it begins with
	}
}

// regressions is the table of what got worse, in three columns, so that it can
// be read on a phone.
func (m *markdown) regressions(r *report.Report) {
	c := r.Comparison
	if c == nil {
		return
	}
	cause := causeOf(r)
	var rows [][]string
	for _, g := range c.Gates {
		if !slices.Contains([]string{report.GateRegressed, report.GateSuspected, report.GateAccepted, report.GateImproved}, g.Verdict) {
			continue
		}
		what := report.WholeRun
		if g.Endpoint != "" {
			what = code(g.Endpoint)
		}
		a, b := view.Pair(g.Baseline, g.Candidate, g.Unit)
		change := prose(a + " → " + b)
		if g.Change != nil {
			change = "**" + prose(view.ChangeOf(*g.Change, g.Unit)) + "** " + change
		}
		if g.Interval != nil {
			change += " (" + prose(view.ChangeRange(g.Interval, g.Unit)) + ")"
		}
		word := prose(view.GateWord(g.Verdict).Text)
		if cause != "" && (g.Verdict == report.GateRegressed || g.Verdict == report.GateSuspected) {
			word += ": " + cause
		}
		rows = append(rows, []string{what + " " + code(report.GateStatistic(g.Metric, g.Statistic)), change, word})
	}
	if len(rows) > 0 {
		m.table([]string{"what", "change", "verdict, cause"}, nil, rows)
		m.remedy(r)
	}
}

// remedy is what to do about the cause that is named first, in a line.
func (m *markdown) remedy(r *report.Report) {
	if causeOf(r) == "" {
		return
	}
	if text := prose(plain.Short(r.Attribution.Bottlenecks[0].Remedy, 200)); text != "" {
		m.paragraph("**Remedy:** " + text)
	}
}

// causeOf names the bottleneck that explains a regression.
func causeOf(r *report.Report) string {
	a := r.Attribution
	if a == nil || a.Question != report.QuestionRegression {
		return ""
	}
	var names []string
	for _, b := range a.Bottlenecks {
		name := b.Component
		if b.Detail != "" {
			name += " (" + b.Detail + ")"
		}
		names = append(names, prose(plain.Short(name, 80)))
	}
	return strings.Join(names, ", ")
}

// failures are the thresholds and service levels that failed.
func (m *markdown) failures(r *report.Report) {
	const most = 10
	var rows [][]string
	left := 0
	add := func(what, target string, observed *float64, unit string) {
		if len(rows) == most {
			left++
			return
		}
		seen := view.Absent
		if observed != nil {
			seen = prose(view.Measure(*observed, unit))
		}
		rows = append(rows, []string{code(what), code(target), seen})
	}
	for _, t := range r.Run.Thresholds {
		if t.OK != nil && !*t.OK {
			add(t.Metric, t.Expression, t.Observed, t.Unit)
		}
	}
	for _, e := range r.Run.Endpoints {
		for _, t := range e.Targets {
			if t.OK != nil && !*t.OK {
				add(e.Name, t.Text, t.Observed, t.Unit)
			}
		}
	}
	for _, t := range r.Run.ServiceLevels {
		if t.OK != nil && !*t.OK {
			add(t.Metric, t.Text, t.Observed, t.Unit)
		}
	}
	if len(rows) == 0 {
		return
	}
	head := "failed"
	if r.Run.Load.Raised {
		head = "load raised until failed"
	}
	m.table([]string{head, "target", "observed"}, nil, rows)
	if left > 0 {
		m.paragraph(fmt.Sprintf("… and %d more.", left))
	}
}

// sparklines are the courses of latency and throughput in a line each.
func (m *markdown) sparklines(r *report.Report) {
	var lines []string
	painter := newPainter(TerminalOptions{})
	for _, s := range view.Sections(r, view.Options{}) {
		if s.ID != "time" {
			continue
		}
		for _, l := range s.Lines {
			if l.Spark == nil {
				continue
			}
			text := code(l.Label) + " `" + painter.spark(l.Spark, 40) + "`"
			for _, p := range l.Parts {
				text += " " + prose(p.Text)
			}
			lines = append(lines, text)
		}
	}
	if len(lines) > 0 {
		m.paragraph(strings.Join(lines, "<br>\n"))
	}
}

// details are the sections of the report, each behind a line that opens it,
// as long as there is room.
func (m *markdown) details(r *report.Report, room int) {
	var dropped []string
	for _, s := range view.Sections(r, view.Options{All: true}) {
		if slices.Contains([]string{"time", "metrics", "groups", "scenarios"}, s.ID) {
			continue
		}
		part := &markdown{}
		part.section(s)
		if part.out.Len() > room {
			dropped = append(dropped, sectionTitle(s))
			continue
		}
		room -= part.out.Len()
		m.out.WriteString(part.out.String())
	}
	if len(dropped) > 0 {
		m.paragraph("Left out for their size: " + strings.Join(dropped, ", ") + ".")
	}
}

func sectionTitle(s view.Section) string {
	if s.Title == "" {
		return "Load and validity"
	}
	return prose(plain.Short(s.Title, 60))
}

func (m *markdown) section(s view.Section) {
	const longest = 100 // of what fits the line that opens a section
	summary := sectionTitle(s)
	var long []string
	for _, c := range s.Summary {
		if text := plain.Line(c.Text); utf8.RuneCountInString(text) <= longest {
			summary += " · " + prose(text)
		} else {
			long = append(long, "- "+prose(plain.Short(text, 400)))
		}
	}
	m.out.WriteString("<details><summary>" + htmlWords(summary) + "</summary>\n\n")
	above, below := s.Around()
	m.list(append(long, listed(above)...))
	if s.Table != nil {
		m.viewTable(s.Table)
	}
	m.list(listed(below))
	m.out.WriteString("</details>\n\n")
}

func (m *markdown) list(items []string) {
	if len(items) > 0 {
		m.paragraph(strings.Join(items, "\n"))
	}
}

// listed are lines of a section as items of a list.
func listed(lines []view.Line) []string {
	var out []string
	for _, l := range lines {
		text := prose(plain.Short(l.Label, 80))
		if text != "" {
			text = "**" + text + "**"
		}
		for i, p := range l.Parts {
			between := " · "
			if i == 0 {
				between = " "
			}
			word := prose(plain.Short(p.Text, 400))
			if l.Verbatim {
				word = code(p.Text)
			}
			if word != "" {
				text += between + word
			}
		}
		out = append(out, "- "+strings.TrimSpace(prose(l.Mark.Text)+" "+strings.TrimSpace(text)))
	}
	return out
}

func (m *markdown) viewTable(t *view.Table) {
	var heads []string
	var right []bool
	for _, c := range t.Columns {
		heads = append(heads, prose(c.Name))
		right = append(right, c.Right)
	}
	var rows [][]string
	for _, row := range t.Rows {
		var cells []string
		for i, c := range row {
			text := prose(plain.Short(c.Text, 200))
			if t.Columns[i].Flex && !slices.Contains(strings.Fields(signs), c.Text) {
				text = code(c.Text)
			}
			cells = append(cells, text)
		}
		rows = append(rows, cells)
	}
	m.table(heads, right, rows)
	if t.Foot != "" {
		m.paragraph(prose(t.Foot))
	}
}

// table writes cells that are safe already.
func (m *markdown) table(heads []string, right []bool, rows [][]string) {
	rule := make([]string, len(heads))
	for i := range heads {
		rule[i] = "---"
		if i < len(right) && right[i] {
			rule[i] = "--:"
		}
	}
	for _, row := range append([][]string{heads, rule}, rows...) {
		m.out.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	m.out.WriteString("\n")
}

// footer is the last part of a note: its marker, and lines that are safe already.
func footer(lines []string) string {
	return MarkdownFooter + "\n\n---\n\n" + strings.Join(lines, "<br>\n") + "\n"
}

// footerLine names the run, its baseline and its job.
func footerLine(r *report.Report) string {
	var facts []string
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, name+" "+code(plain.Short(value, 80)))
		}
	}
	add("run", r.Run.ID)
	for _, label := range []string{"commit", "branch", "environment", LabelJob} {
		add(strings.ReplaceAll(label, "_url", ""), r.Run.Labels[label])
	}
	if c := r.Comparison; c != nil {
		add("against", fmt.Sprintf("%s (%d of %d runs)", c.Baseline.Name, c.Baseline.Runs, max(c.Baseline.Wanted, c.Baseline.Runs)))
	}
	add("k6report", r.Generator.Version)
	return strings.Join(facts, " · ")
}
