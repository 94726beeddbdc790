package render

import (
	"bytes"
	"strings"
	"testing"

	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

const (
	jobURL  = "https://gitlab.example.com/group/app/-/jobs/900"
	pageURL = jobURL + "/artifacts/file/results/ci/report.html"
)

func noteOf(t testing.TB, runs []NoteRun, links ...Link) string {
	t.Helper()
	var b bytes.Buffer
	if err := Note(&b, runs, links); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const jobLink = "[job](" + jobURL + ")\n"

// checkNote holds a note to what every Markdown of ours has to be, and to what
// GitLab would do with it. Links are its last line and nothing else.
func checkNote(t testing.TB, note, links string) {
	t.Helper()
	rest, ok := strings.CutSuffix(note, links)
	if !ok {
		t.Errorf("it ends %q", note[max(0, len(note)-200):])
	}
	checkMarkdown(t, rest)
	if rest, commands := gitlabtest.QuickActions(note); len(commands) > 0 || rest != note {
		t.Errorf("GitLab would do %v", commands)
	}
	if n := strings.Count(note, MarkdownFooter+"\n"); n != 1 {
		t.Errorf("%d footers", n)
	}
}

func TestANoteOfOneRunIsItsMarkdown(t *testing.T) {
	for name, r := range sample.All() {
		if got, want := noteOf(t, []NoteRun{{Report: r}}), markdownOf(t, r); got != want {
			t.Errorf("%s: the note is another than report.md", name)
		}
	}
	note := noteOf(t, []NoteRun{{Report: sample.Full()}}, Link{"full report", pageURL}, Link{"job", jobURL})
	checkNote(t, note, "[full report]("+pageURL+") · "+jobLink)
}

func TestSeveralRunsHaveTheWorstOnTop(t *testing.T) {
	good := sample.Minimal()
	good.Verdict.Status = report.Passed
	note := noteOf(t, []NoteRun{{"smoke", good}, {"load|`x`", sample.Full()}}, Link{"job", jobURL})
	checkNote(t, note, jobLink)
	for _, want := range []string{
		"### ❌ REGRESSED\n", "| run | verdict |  |\n", "<details><summary><code>smoke</code> · ✅ PASSED</summary>\n\n", "<code>load|`x`</code> · ❌ REGRESSED",
	} {
		if !strings.Contains(note, want) {
			t.Errorf("no %q in %.1500s", want, note)
		}
	}
	if strings.Index(note, "<code>load") > strings.Index(note, "<code>smoke") {
		t.Error("the worst is not first")
	}
	var many []NoteRun
	for range 30 {
		many = append(many, NoteRun{"wide", sample.Wide()})
	}
	note = noteOf(t, many, Link{"job", jobURL})
	if len(note) > mostMarkdown+20_000 {
		t.Errorf("%d bytes", len(note))
	}
	if !strings.Contains(note, "Left out for their size: ") {
		t.Error("nothing had to give way")
	}
	// What gives way is detail: the marker and what follows it stay whole.
	_, foot, ok := strings.Cut(note, MarkdownFooter+"\n\n---\n\n")
	if lines := strings.Split(foot, "<br>\n"); !ok || len(lines) != len(many)+1 || lines[len(many)] != jobLink {
		t.Errorf("the footer of %d runs is %q", len(many), foot)
	} else {
		for _, l := range lines[:len(many)] {
			if l != footerLine(sample.Wide()) {
				t.Errorf("a line of the footer is %q", l)
			}
		}
	}
}

func TestOnlyHTTPAddressesBecomeLinks(t *testing.T) {
	for _, bad := range []string{
		"", "javascript:alert(1)", "https://user:pw@host/x", "/relative", "https://ho st/x", "ftp://host/x",
		"https://ho(st/x", "https://ho)st/x", "https://ho<st/x", "https://ho>st/x", `https://ho"st/x`, "https://ho'st/x", "https://ho`st/x",
	} {
		if note := noteOf(t, []NoteRun{{Report: sample.Minimal()}}, Link{"x", bad}); strings.Contains(note, "](") {
			t.Errorf("%q became a link", bad)
		}
	}
	note := noteOf(t, []NoteRun{{Report: sample.Minimal()}}, Link{"x", jobURL + "/a)b (c'd?q=1#f"})
	if !strings.Contains(note, "]("+jobURL+"/a%29b%20%28c%27d)") {
		t.Errorf("%q", note[len(note)-200:])
	}
}

func TestAThreadSaysWhatGotWorse(t *testing.T) {
	var b bytes.Buffer
	if err := Brief(&b, []NoteRun{{"load", sample.Full()}}); err != nil {
		t.Fatal(err)
	}
	checkMarkdown(t, b.String())
	for _, want := range []string{"REGRESSED", "`execute_workflow` `p95`", "This thread resolves itself when a later run is compared and is no worse.", "Run `load`:"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}

// However a test names its things, its note makes no link, does nothing on
// GitLab, and stays one note.
func FuzzNote(f *testing.F) {
	for _, s := range []string{
		"", sample.Attack(), "/close", "\n/merge", "\r/approve", "\u2028/close", "x\v/label ~a", "`\n/close\n`", "<!-- k6report:v1 key=x pipeline=9 body=0123456789abcdef -->",
		"<details>\n/close\n</details>", "```\n", "~~~\n/close", ">>>\n/close\n>>>", "[x](" + jobURL + ")", MarkdownFooter, "|\n|/close|", "@all", "a\n\n    /close",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, s string) {
		r := sample.Full()
		r.Verdict.Headline = s
		r.Run.ID = s
		r.Run.Endpoints[0].Name = s
		r.Comparison.Gates[0].Endpoint, r.Comparison.Gates[0].Metric = s, s
		r.Comparison.Baseline.Name = s
		r.Attribution.Bottlenecks[0].Component, r.Attribution.Bottlenecks[0].Detail = s, s
		r.Run.Errors[0].Text = s
		r.Run.Labels = map[string]string{"commit": s, "branch": s, LabelJob: s}
		r.Notes[0].Message = s
		r.Run.Thresholds[0].Metric, r.Run.Thresholds[0].Expression = s, s
		checkNote(t, noteOf(t, []NoteRun{{name, r}, {s, sample.Minimal()}}, Link{"job", jobURL}), jobLink)
		checkNote(t, noteOf(t, []NoteRun{{"", r}}, Link{"job", jobURL}), jobLink)
		var b bytes.Buffer
		if err := Brief(&b, []NoteRun{{name, r}}); err != nil {
			t.Fatal(err)
		}
		if _, commands := gitlabtest.QuickActions(b.String()); len(commands) > 0 {
			t.Errorf("GitLab would do %v", commands)
		}
		checkMarkdown(t, b.String())
	})
}
