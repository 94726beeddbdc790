package page

import (
	"bytes"
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
			if o.id != "capacity" { // whose picture needs data that the sample lacks
				t.Errorf("no chapter %s", o.id)
			}
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
	if !strings.Contains(row, ">E1<") || !strings.Contains(row, "p95 &#43;38.1 %") || !strings.Contains(row, `<svg class="bar"`) {
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
	if !strings.Contains(html, "nothing to compare with") || !strings.Contains(html, "no component data") {
		t.Error("it isn't said what is missing")
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
