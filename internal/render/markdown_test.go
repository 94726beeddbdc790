package render

import (
	"bytes"
	stdhtml "html"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

func markdownOf(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownOfSamples(t *testing.T) {
	for name, r := range sample.All() {
		t.Run(name, func(t *testing.T) {
			md := markdownOf(t, r)
			checkMarkdown(t, md)
			if len(md) > mostMarkdown {
				t.Errorf("%d bytes", len(md))
			}
			if strings.Count(md, MarkdownFooter) != 1 {
				t.Error("not one footer")
			}
		})
	}
}

func TestMarkdownSaysWhatMatters(t *testing.T) {
	md := markdownOf(t, sample.Full())
	for _, want := range []string{
		"### ❌ REGRESSED\n",
		"| `execute_workflow` `p95` | **+38.1 %** 588 ms → 812 ms (+34.1 to +42.1 %) | ✗ regressed: database (pool exhaustion) |\n",
		"|\n\n**Remedy:** Raise the pool's size above 100 connections or hold each one for a shorter time.\n",
		"| `http_req_failed` | `rate<0.001` | 0.41 % |\n",
		"`p95` `▃",
		"| whole run `error rate` | **+2.13 pt** 0 % → 2.13 % (+1.6 to +2.7 pt) | ! suspected: database (pool exhaustion) |\n",
		"<details><summary>Endpoints · 7 · ✗ 3 of 13 targets failed</summary>\n\n",
		"commit `4f0c2d81`",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(md, "list_workflows` `p95`") {
		t.Error("a gate that is ok stands among those that moved")
	}
}

// What lies outside the gates stands below their table.
func TestExploratoryLinesComeLast(t *testing.T) {
	md, term := markdownOf(t, sample.Full()), terminalView(t, sample.Full(), TerminalOptions{Verbose: true})
	for of, texts := range map[string][2]string{
		md:   {"| `list_workflows` | `p95` |", "- get_trace http_req_waiting avg"},
		term: {"list_workflows    p95", "get_trace http_req_waiting avg"},
	} {
		gate, finding := strings.Index(of, texts[0]), strings.Index(of, texts[1])
		if gate < 0 || finding < gate {
			t.Errorf("%q at %d, %q at %d", texts[0], gate, texts[1], finding)
		}
	}
}

// A statistic is called the same in the table on top and in the details.
func TestStatisticsHaveOneName(t *testing.T) {
	r := sample.Full()
	r.Comparison.Gates[0].Statistic = "avg(95)"
	md := markdownOf(t, r)
	checkMarkdown(t, md)
	if !strings.Contains(md, "| `execute_workflow` `avg of fastest 95 %` |") || strings.Contains(md, "avg(95)") {
		t.Errorf("%.600s", md)
	}
}

func TestMarkdownOfNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"test.fail();": "`test.fail()`;", "a_=1,": "`a_=1`,", ",;": ",;", "=;": "`=`;",
		"7.67*": `7.67\*`, "<0.01": `\<0.01`, "−1.2": "−1.2", "1,234*": `1,234\*`, "*7": "`*7`", "<b>": "`<b>`", "7*7*": "`7*7*`",
		"at 11:45:53 UTC, 12:00,": "at 11:45:53 UTC, 12:00,", "1:2:3": "`1:2:3`", ":smile:": "`:smile:`",
	} {
		if got := prose(in); got != want {
			t.Errorf("prose(%q) = %s, want %s", in, got, want)
		}
	}
	if got := htmlWords(prose("p99 <0.01 7.5* <i>")); got != "p99 &lt;0.01 7.5* <code>&lt;i&gt;</code>" {
		t.Errorf("in HTML: %s", got)
	}
}

// What differs between two runs of the same build stands below the footer's
// mark only where nothing else differs: the note's body stays the same.
func TestTheFooterHoldsWhatNamesTheRun(t *testing.T) {
	body := func(id string) string {
		r := sample.Minimal()
		r.Verdict.Headline = "all is well"
		r.Run.ID = id
		r.Run.Labels = map[string]string{"commit": id}
		before, _, _ := strings.Cut(markdownOf(t, r), MarkdownFooter)
		return strings.ReplaceAll(before, id, "")
	}
	if body("one") != body("two") {
		t.Error("the body depends on the run's name")
	}
}

// A label is a name and a value, whatever that holds.
func TestLabelsStandInOneCodeSpan(t *testing.T) {
	r := sample.Minimal()
	r.Run.Labels = map[string]string{"cpu": "AMD EPYC 7B13", "team": "load, and more;"}
	r.Run.Tags = map[string]string{"site": "north `one` | two"}
	md := markdownOf(t, r)
	checkMarkdown(t, md)
	for _, want := range []string{"**labels** `cpu=AMD EPYC 7B13` · `team=load, and more;`\n", "**tags** ``site=north `one` \\| two``\n"} {
		if !strings.Contains(md, want) {
			t.Errorf("no %s in %s", want, md)
		}
	}
}

func TestLargeReportsLoseDetailNotTheVerdict(t *testing.T) {
	r := sample.Wide()
	for i := range 20 {
		more := sample.Wide().Run.Endpoints
		for j := range more {
			more[j].Name = strings.Repeat("x", 180) + more[j].Name + string(rune('a'+i))
		}
		r.Run.Endpoints = append(r.Run.Endpoints, more...)
	}
	md := markdownOf(t, r)
	if len(md) > mostMarkdown {
		t.Errorf("%d bytes", len(md))
	}
	if !strings.Contains(md, "Left out for their size: Endpoints") || !strings.Contains(md, "PASSED") {
		t.Error("it isn't said what was left out")
	}
}

// ours is the only HTML that the renderer writes.
var ours = regexp.MustCompile(`^(<details><summary>.*</summary>|</details>|<br>|` + MarkdownFooter + `)$`)

// reference is what GitLab links where it isn't code.
var reference = regexp.MustCompile(`(^|\W)([@#!$%~&^][\w"]|[A-Z]+-\d)|://|www\.`)

// checkMarkdown parses the document as GitHub-flavoured Markdown: it has no
// link, image or HTML that isn't ours, every row of a table has the cells of its
// head, no text outside code could be a reference, and no line could be a quick
// action.
func checkMarkdown(t testing.TB, md string) {
	t.Helper()
	source := []byte(md)
	checkTables(t, md)
	for line := range strings.SplitSeq(md, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "/") {
			t.Errorf("a line begins with a slash: %.100q", line)
		}
	}
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link, *ast.Image, *ast.AutoLink:
			t.Errorf("a link: %s %.200q", n.Kind(), n.Text(source)) //nolint:staticcheck // good enough for a message
		case *ast.RawHTML:
			checkHTML(t, string(n.Segments.Value(source)))
		case *ast.HTMLBlock:
			for line := range strings.SplitSeq(strings.TrimSpace(string(n.Lines().Value(source))), "\n") {
				checkHTML(t, line)
			}
		case *ast.CodeSpan, *ast.CodeBlock, *ast.FencedCodeBlock:
			if n.Kind() != ast.KindCodeSpan {
				t.Errorf("a code block")
			}
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			if found := reference.FindString(string(n.Value(source))); found != "" {
				t.Errorf("text that may be a reference: %q in %.200q", found, n.Value(source))
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkHTML(t testing.TB, html string) {
	t.Helper()
	if !ours.MatchString(html) {
		t.Errorf("HTML that isn't ours: %.200q", html)
		return
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(html, "<details><summary>"), "</summary></details>")
	inner = strings.TrimSuffix(inner, "</summary>")
	inner = regexp.MustCompile(`<code>[^<]*</code>`).ReplaceAllString(inner, "")
	if inner != html && strings.ContainsAny(inner, "<>") {
		t.Errorf("HTML within a summary: %.200q", inner)
	}
	if inner != html && reference.MatchString(stdhtml.UnescapeString(inner)) {
		t.Errorf("a summary that may hold a reference: %.200q", inner)
	}
}

// checkTables counts in the source: a parser gives each row the cells of its head,
// whatever it holds.
func checkTables(t testing.TB, md string) {
	t.Helper()
	head := 0 // pipes of the table that a line is in; 0 is none
	for line := range strings.SplitSeq(md, "\n") {
		if !strings.HasPrefix(line, "| ") {
			head = 0
			continue
		}
		pipes := strings.Count(line, "|") - strings.Count(line, `\|`)
		if head == 0 {
			head = pipes
		}
		if pipes != head {
			t.Errorf("a row has %d pipes, its head %d: %.200q", pipes, head, line)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{
		"", sample.Attack(), "`", "``|", "a|b", `\`, "@all", "#1", "!1", "~label", "www.example.com", "http://x.y", "/merge",
		"<!-- k6report:v1 -->", "```suggestion", "a@b.com", "1. x", "- x", "[a](b)", "[a]: b", "ABC-12", "x\n/close", ":smile:", "$1", "deadbeef",
		"**x**", "__x__", "~~x~~", "&amp;", "<b>", "a`b``c", "%1", "^x", "|", "a  b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := sample.Full()
		r.Verdict.Headline = s
		r.Run.Endpoints[0].Name = s
		r.Run.Endpoints[0].Targets[0].Text = s
		r.Comparison.Gates[0].Endpoint, r.Comparison.Gates[0].Reason = s, s
		r.Comparison.Baseline.Name = s
		r.Attribution.Bottlenecks[0].Detail, r.Attribution.Evidence[0] = s, s
		r.Run.Errors[0].Text = s
		r.Run.Labels = map[string]string{"commit": s, s: s}
		r.Run.Tenants[0].Name = s
		r.Run.Fairness.Worst = s
		r.Notes[0].Message, r.Notes[0].Where = s, s
		r.Run.Thresholds[0].Metric = s
		checkMarkdown(t, markdownOf(t, r))
	})
}
