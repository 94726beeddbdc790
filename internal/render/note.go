package render

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// NoteRun is a run that a note tells of.
type NoteRun struct {
	Name   string // tells it from others in the same note; "" alone
	Report *report.Report
}

// Link leads from a note to more. It is the publisher's own: nothing of a load
// test may become one.
type Link struct{ Text, URL string }

// Note writes what a merge request is told of one run or several, in the dialect
// and with the promises of [Markdown]. Several have a table of their verdicts
// first, the worst on top, and a part each that opens. Links that are no http
// addresses are left out.
func Note(w io.Writer, runs []NoteRun, links []Link) error {
	m := &markdown{}
	foot := noteFooter(runs, links)
	room := func(share int) int { return (mostMarkdown - m.out.Len() - len(foot)) / max(share, 1) }
	if len(runs) == 1 {
		m.run(runs[0].Report, func() int { return room(1) })
	} else {
		m.several(runs, room)
	}
	m.out.WriteString(foot)
	if _, err := io.WriteString(w, m.out.String()); err != nil {
		return fmt.Errorf("write the note: %w", err)
	}
	return nil
}

// Brief writes the verdicts and what got worse, for a thread.
func Brief(w io.Writer, runs []NoteRun) error {
	m := &markdown{}
	for _, r := range worstFirst(runs) {
		m.heading(r.Report)
		if r.Name != "" {
			m.paragraph("Run " + code(plain.Short(r.Name, 80)) + ":")
		}
		m.regressions(r.Report)
	}
	m.paragraph("This thread resolves itself when a later run is compared and is no worse.")
	if _, err := io.WriteString(w, m.out.String()); err != nil {
		return fmt.Errorf("write the thread: %w", err)
	}
	return nil
}

func (m *markdown) run(r *report.Report, room func() int) {
	m.heading(r)
	m.body(r, room)
}

func (m *markdown) body(r *report.Report, room func() int) {
	m.regressions(r)
	m.failures(r)
	m.sparklines(r)
	m.details(r, room())
}

func (m *markdown) several(runs []NoteRun, room func(share int) int) {
	sorted := worstFirst(runs)
	m.heading(sorted[0].Report)
	var rows [][]string
	for _, r := range sorted {
		rows = append(rows, []string{code(plain.Short(r.Name, 80)), sign(r.Report.Verdict.Status), prose(plain.Short(r.Report.Verdict.Headline, 200))})
	}
	m.table([]string{"run", "verdict", ""}, nil, rows)
	for i, r := range sorted {
		m.out.WriteString("<details><summary>" + htmlWords(code(plain.Short(r.Name, 80))+" · "+sign(r.Report.Verdict.Status)) + "</summary>\n\n")
		m.body(r.Report, func() int { return room(len(sorted) - i) })
		m.out.WriteString("</details>\n\n")
	}
}

// sign is a verdict in a word, with a sign before it.
func sign(s report.Status) string {
	badge := view.Badge(s)
	return strings.TrimSpace(map[view.Tone]string{view.Good: "✅", view.Warn: "⚠️", view.Bad: "❌"}[badge.Tone] + " " + prose(badge.Text))
}

// worstFirst sorts by the order in which verdicts count.
func worstFirst(runs []NoteRun) []NoteRun {
	order := report.Statuses()
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b NoteRun) int {
		return slices.Index(order, a.Report.Verdict.Status) - slices.Index(order, b.Report.Verdict.Status)
	})
	return sorted
}

// noteFooter is what differs from run to run.
func noteFooter(runs []NoteRun, links []Link) string {
	var lines []string
	for _, r := range runs {
		lines = append(lines, footerLine(r.Report))
	}
	var more []string
	for _, l := range links {
		if target := safeURL(l.URL); target != "" {
			more = append(more, "["+prose(l.Text)+"]("+target+")")
		}
	}
	if len(more) > 0 {
		lines = append(lines, strings.Join(more, " · "))
	}
	return footer(lines)
}

// safeURL is an http address that ends where a link's end is; "" for others.
func safeURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(u.Host, "()<>\"'` ") {
		return ""
	}
	u.RawQuery, u.Fragment = "", ""
	return strings.NewReplacer("(", "%28", ")", "%29", "'", "%27").Replace(u.String())
}
