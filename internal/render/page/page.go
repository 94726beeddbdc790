// Package page writes the report as one HTML file: it loads nothing, runs only
// the script whose hash its policy names, and is whole without it.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode/utf8"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed style.css
	style string
	//go:embed script.js
	script string
)

// HTML writes the page. Text from the report is shown on one line without
// control characters, escaped for the place it stands in.
func HTML(w io.Writer, r *report.Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{"tone": toneClass, "classes": classes, "breakable": breakable, "oneLine": oneLine}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, newPage(r)); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Policy   string
	Style    template.CSS
	Script   template.JS
	Title    string
	Badges   []cell // the verdict's, then what else holds
	Headline string
	About    []cell
	Answers  []answer
	Chapters []chapter
	Version  string
}

// cell is a piece of text that is safe on one line, and a small picture behind
// it.
type cell struct {
	Text   string
	Tone   view.Tone
	Bar    template.HTML
	Number string // to be sorted by, where the column says that it has some
}

func newPage(r *report.Report) page {
	p := page{
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", hash(style), hash(script)),
		Style:  template.CSS(style), Script: template.JS(script), //nolint:gosec // both are ours
		Title: plain.Short(r.Run.ID, longestName), Badges: badges(r), Headline: plain.Short(r.Verdict.Headline, longestText),
		Version: plain.Short(r.Generator.Version, longestName),
	}
	sections := view.Sections(r, view.Options{All: true})
	p.About = about(r)
	p.Answers = answers(r, sections)
	p.Chapters = chapters(r, sections)
	return p
}

func badges(r *report.Report) []cell {
	var out []cell
	for _, s := range append([]report.Status{r.Verdict.Status}, r.Verdict.Also...) {
		out = append(out, clean(view.Badge(s)))
	}
	return out
}

// hash is a source of a Content-Security-Policy for an inline element.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func toneClass(t view.Tone) string {
	switch t {
	case view.Strong:
		return "strong"
	case view.Dim:
		return "dim"
	case view.Good:
		return "good"
	case view.Warn:
		return "warn"
	case view.Bad:
		return "bad"
	}
	return ""
}

// classes are those of a piece of text in a line: its tone, and that a few words
// stay on one line, as a number and its unit do.
func classes(c cell) string {
	out := toneClass(c.Tone)
	if utf8.RuneCountInString(c.Text) <= longText {
		out = strings.TrimSpace(out + " nb")
	}
	return out
}

// breakable lets a long name break where its parts end.
func breakable(name string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "/", "/<wbr>")) //nolint:gosec // what it holds is escaped
}

// oneLine is a name for a table of many rows. A long one loses its middle, where
// names of one server differ least, but only to the eye: all of it is searched,
// copied, and shown when the name is pointed at or focused.
func oneLine(name string) template.HTML {
	const fits, tail = 38, 16
	runes := []rune(name)
	if len(runes) <= fits {
		return "<span>" + breakable(name) + "</span>"
	}
	at := len(runes) - tail
	return template.HTML(`<span class="mid" tabindex="0" title="` + template.HTMLEscapeString(name) + `"><span>` + //nolint:gosec // what it holds is escaped
		template.HTMLEscapeString(string(runes[:at])) + `</span><span>` + template.HTMLEscapeString(string(runes[at:])) + `</span></span>`)
}

// Longer text loses its middle: a page that is all one name shows nothing.
const (
	longestName = 120
	longestCell = 180
	longestText = 600
)

func clean(c view.Cell) cell { return cell{Text: plain.Short(c.Text, longestText), Tone: c.Tone} }

func cleanName(c view.Cell) cell { return cell{Text: plain.Short(c.Text, longestCell), Tone: c.Tone} }

func cleanAll(list []view.Cell) []cell {
	var out []cell
	for _, c := range list {
		if c := clean(c); c.Text != "" {
			out = append(out, c)
		}
	}
	return out
}

// about are the facts that name the run.
func about(r *report.Report) []cell {
	var list []view.Cell
	add := func(text string) { list = append(list, view.Cell{Text: text}) }
	add(r.Run.ID)
	if !r.Run.Started.IsZero() {
		add(view.Moment(r.Run.Started))
	}
	if r.Run.DurationS != nil {
		add(view.Seconds(*r.Run.DurationS))
	}
	if r.Run.K6 != nil && r.Run.K6.Version != "" {
		add("k6 " + r.Run.K6.Version)
	}
	for _, name := range []string{"commit", "branch", "environment"} {
		if value := r.Run.Labels[name]; value != "" {
			add(name + " " + value)
		}
	}
	var out []cell
	for _, c := range list {
		out = append(out, cell{Text: plain.Short(c.Text, longestName), Tone: c.Tone})
	}
	return out
}
