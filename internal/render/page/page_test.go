package page

import (
	"bytes"
	stdhtml "html"
	"regexp"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

func pageOf(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPagesOfSamples(t *testing.T) {
	for name, r := range sample.All() {
		t.Run(name, func(t *testing.T) {
			html := pageOf(t, r)
			for _, bad := range []string{" style=", "javascript:", "ZgotmplZ", "http-equiv=\"refresh\"", "\x00", "\u202e", " src=", "@import", "url("} {
				if strings.Contains(html, bad) {
					t.Errorf("the page holds %q", bad)
				}
			}
			if n := strings.Count(html, "<script>"); n != 1 {
				t.Errorf("%d scripts that run", n)
			}
			if again := pageOf(t, r); again != html {
				t.Error("two pages of one report differ")
			}
		})
	}
}

func TestThePolicyNamesWhatIsInThePage(t *testing.T) {
	html := pageOf(t, sample.Full())
	for _, element := range []string{"style", "script"} {
		content := html[strings.Index(html, "<"+element+">")+len(element)+2:]
		content = content[:strings.Index(content, "</"+element+">")]
		if !strings.Contains(html, element+"-src &#39;"+strings.ReplaceAll(hash(content), "+", "&#43;")+"&#39;") {
			t.Errorf("the policy's hash of the %s is another", element)
		}
	}
	if !strings.Contains(html, "default-src &#39;none&#39;") {
		t.Error("the policy does not begin from nothing")
	}
}

func TestTheOrderOfThePage(t *testing.T) {
	html := pageOf(t, sample.Full())
	last := -1
	for _, o := range order {
		at := strings.Index(html, `<h2 id="`+o.id+`">`)
		if at < 0 {
			t.Errorf("no chapter %s", o.id)
			continue
		}
		if at < last {
			t.Errorf("chapter %s stands too early", o.id)
		}
		last = at
	}
	for _, id := range regexp.MustCompile(`<h2 id="[^"]*"></h2>|<figure[^>]*></figure>|<tbody>\s*</tbody>`).FindAllString(html, -1) {
		t.Errorf("an empty box: %s", id)
	}
}

func TestEndpointsShowTheirChange(t *testing.T) {
	html := pageOf(t, sample.Full())
	row := html[strings.Index(html, `id="table-endpoints"`):]
	row = row[strings.Index(row, "<tbody>"):]
	row = row[:strings.Index(row, "</tr>")]
	if !strings.Contains(row, ">E1<") || !strings.Contains(row, "p95 &#43;38.1 %") || !strings.Contains(row, `<svg class="bar"`) || !strings.Contains(row, ` data-v="0.380`) {
		t.Errorf("the first endpoint's row is %s", row)
	}
}

func TestAPageWithoutComparisonOrComponents(t *testing.T) {
	html := pageOf(t, sample.Minimal())
	for _, not := range []string{"Against the baseline", ">Why</a>", "<figure", "table-endpoints"} {
		if strings.Contains(html, not) {
			t.Errorf("the page of nothing holds %q", not)
		}
	}
	if !strings.Contains(html, "Nothing to compare with") || !strings.Contains(html, "No component data") {
		t.Error("it isn't said what is missing")
	}
}

// answersOf are the four answers of a page, each as one line of text.
func answersOf(t *testing.T, r *report.Report) []string {
	t.Helper()
	html := pageOf(t, r)
	list := html[strings.Index(html, `<ul class="answers">`):]
	list = list[:strings.Index(list, "</ul>")]
	var out []string
	for _, item := range strings.Split(list, "<li ")[1:] {
		text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString("<li "+item, " ")
		out = append(out, strings.Join(strings.Fields(stdhtml.UnescapeString(text)), " "))
	}
	if len(out) != 4 {
		t.Fatalf("%d answers: %q", len(out), out)
	}
	return out
}

func TestAnswers(t *testing.T) {
	suspected := sample.Full()
	suspected.Comparison.Gates[0].Verdict = report.GateSuspected
	inconclusive := sample.Full()
	for i := range inconclusive.Comparison.Gates {
		inconclusive.Comparison.Gates[i].Verdict = report.GateInconclusive
	}
	fine := sample.Full()
	for i := range fine.Comparison.Gates {
		fine.Comparison.Gates[i].Verdict = report.GateOK
	}
	partly := sample.Full()
	for i := range partly.Comparison.Gates {
		partly.Comparison.Gates[i].Verdict = report.GateOK
	}
	partly.Comparison.Gates[0].Verdict = report.GateNotComparable
	undone := sample.Healthy()
	undone.Notes = append(undone.Notes, report.Note{Code: "rerun_unused", Severity: report.Error, Message: "the second run is the first one again"})
	known := sample.Invalid()
	known.Verdict.Told = nil
	for i := range known.Notes {
		known.Verdict.Told = append(known.Verdict.Told, i)
	}
	for _, n := range known.Notes {
		if got := answersOf(t, known)[1]; n.Severity == report.Invalid && strings.Contains(got, n.Message) {
			t.Errorf("%q repeats what the headline says", got)
		}
	}
	for name, tt := range map[string]struct {
		of   *report.Report
		want [4][]string
	}{
		"partly comparable": {partly, [4][]string{2: {"No: 5 of 6 gates ok, 1 not comparable"}}},
		"regressed": {sample.Full(), [4][]string{
			{"What happened? 412,345 requests, 687.2/s", "0.41 % failed", "p50 19.8 ms · p95 61.2 ms · p99 104 ms", "✗ 3 of 9 thresholds failed", "✗ 4 of 14 service levels failed"},
			{"Can it be believed? Yes, with 2 warnings", "planned 500/s · achieved 499.9/s · none dropped"},
			{"Is it worse than before? Yes: 1 of 6 gates regressed", "execute_workflow p95 +38.1 % (+34.1 to +42.1 %)", "against main · 8 runs · with a second run"},
			{"Why? database: pool exhaustion", "confirmed, confidence 99.4 %", "Raise the pool's size"},
		}},
		"suspected":    {suspected, [4][]string{2: {"Perhaps: 3 of 6 gates suspected"}}},
		"inconclusive": {inconclusive, [4][]string{2: {"Can't tell: 6 of 6 gates inconclusive"}}},
		"fine":         {fine, [4][]string{2: {"No: 6 of 6 gates ok", "one of 7.1 % would have been seen"}}},
		"first run": {sample.Healthy(), [4][]string{
			1: {"Can it be believed? Yes, nothing speaks against it"},
			2: {"Nothing to compare with", "this is run 1 of 5"},
			3: {"No bottleneck", "Latency did not grow with the load"},
		}},
		"invalid": {sample.Invalid(), [4][]string{1: {"Can it be believed? No"}}},
		"undone":  {undone, [4][]string{1: {"Can it be believed? Yes, but something asked for could not be done The second run is the first one again"}}},
		"nothing": {sample.Minimal(), [4][]string{{"Nothing was measured"}, {"Yes"}, {"Nothing to compare with"}, {"No component data"}}},
	} {
		for i, got := range answersOf(t, tt.of) {
			for _, want := range tt.want[i] {
				if !strings.Contains(got, want) {
					t.Errorf("%s: no %q in %q", name, want, got)
				}
			}
		}
	}
}

func TestAllVerdictsAreShown(t *testing.T) {
	html := pageOf(t, sample.Full())
	if !strings.Contains(html, `<span class="badge bad">REGRESSED</span> <span class="badge bad also">THRESHOLD FAILED</span>`) {
		t.Error("what else holds has no badge")
	}
}

// What is read first stands first: the rest of a wide table is scrolled to.
func TestColumnsOfEndpoints(t *testing.T) {
	html := pageOf(t, sample.Full())
	head := html[strings.Index(html, `id="table-endpoints"`):]
	head = head[:strings.Index(head, "</thead>")]
	var names []string
	for _, m := range regexp.MustCompile(`<th [^>]*>([^<]*)</th>`).FindAllStringSubmatch(head, -1) {
		names = append(names, m[1])
	}
	want := "#|endpoint|against baseline|p50, p95, p99|p50 ms|p95 ms|p99 ms|max ms|err %|targets|count|req/s|"
	if got := strings.Join(names, "|"); !strings.HasPrefix(got, want) {
		t.Errorf("columns are %s, want %s first", got, want)
	}
}

// A long table that only says that all is well is folded; its line says so.
func TestQuietTablesAreFolded(t *testing.T) {
	r := sample.Healthy()
	r.Run.Checks = nil
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		r.Run.Checks = append(r.Run.Checks, report.Check{Name: name, Passes: 7})
	}
	folded := `<details><summary>Checks <span class="sum">`
	if html := pageOf(t, r); !strings.Contains(html, folded) || !strings.Contains(html, "all 6 checks met") {
		t.Error("six checks that were met are shown at length")
	}
	r.Run.Checks[3].Fails = 1
	if html := pageOf(t, r); strings.Contains(html, folded) {
		t.Error("a check that failed is folded away")
	}
}

func TestWordsForAShell(t *testing.T) {
	for word, want := range map[string]string{
		"results/run.json.gz": "results/run.json.gz",
		"my run.json":         "'my run.json'",
		"it's; rm -rf /":      `'it'\''s; rm -rf /'`,
		"":                    "''",
	} {
		if got := quoted(word); got != want {
			t.Errorf("quoted(%q) = %s, want %s", word, got, want)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	r := sample.Full()
	b.ReportAllocs()
	for b.Loop() {
		if err := HTML(&bytes.Buffer{}, r); err != nil {
			b.Fatal(err)
		}
	}
}

// A sentence of the page begins with a capital; a name stays as it is written.
func TestSentencesBeginWithACapital(t *testing.T) {
	r := sample.Full()
	r.Run.Endpoints[0].Name = "order"
	r.Attribution.Evidence[0] = "database wait grew"
	for _, tt := range []struct {
		note, want string
		severity   report.Severity
	}{
		{"order p95 could not be compared", "order p95 could not be compared", report.Warning},
		{"the run lasted 49.0 s", "The run lasted 49.0 s", report.Invalid},
		{"groups could not be kept apart", "Groups could not be kept apart", report.Error},
	} {
		r.Notes = []report.Note{{Code: "x", Severity: tt.severity, Message: tt.note}}
		if got := answersOf(t, r)[1]; !strings.Contains(got, tt.want) {
			t.Errorf("no %q in %q", tt.want, got)
		}
	}
	if got := answersOf(t, r)[3]; !strings.Contains(got, " database wait grew") { // a component's name
		t.Error(got)
	}
	r.Attribution.Status = report.AttrInconclusive
	r.Attribution.Reason = "like isn't held against like"
	html := pageOf(t, r)
	for _, want := range []string{
		`<p class="sum"><span>Every target was met up to 750/s; throughput peaks near 930/s</span></p>`,
		`<p class="sum"><span class="warn nb">Can&#39;t tell</span>`, ">Like isn&#39;t held against like</span>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in the page", want)
		}
	}
}

// Where the numbers come from is behind a line: few readers look for it.
func TestSourcesAreFolded(t *testing.T) {
	if html := pageOf(t, sample.Full()); !strings.Contains(html, "<details><summary>Sources") {
		t.Error("the sources are shown at length")
	}
}

// A phone shows the first three or four columns: what is worse, and by how much.
func TestVerdictsOnAPhone(t *testing.T) {
	html := pageOf(t, sample.Full())
	html = html[strings.Index(html, `<table id="table-comparison"`):]
	at := -1
	for _, head := range []string{">verdict<", ">endpoint<", ">change<", ">statistic<"} {
		i := strings.Index(html, head)
		if i <= at {
			t.Errorf("%s stands at %d, behind %d", head, i, at)
		}
		at = i
	}
}
