package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

func TestJUnitOfSamples(t *testing.T) {
	for name, r := range sample.All() {
		t.Run(name, func(t *testing.T) {
			got := junitOf(t, r)
			tests, failures, skipped := 0, 0, 0
			checkNames(t, got)
			for _, s := range got.Suites {
				for _, c := range s.Cases {
					tests++
					if c.Failure != nil {
						failures++
					}
					if c.Skipped != nil {
						skipped++
					}
					if c.Name == "" {
						t.Errorf("%s: a case has no name", s.Name)
					}
				}
			}
			if tests != got.Tests || failures != got.Failures || skipped != got.Skipped {
				t.Errorf("counts are %d, %d, %d, want %d, %d, %d", got.Tests, got.Failures, got.Skipped, tests, failures, skipped)
			}
		})
	}
}

// checkNames holds that no two cases of a suite have one name.
func checkNames(t *testing.T, got junitSuites) {
	t.Helper()
	for _, s := range got.Suites {
		names := make(map[string]bool)
		for _, c := range s.Cases {
			if names[c.Name] {
				t.Errorf("%s: two cases are called %.60q", s.Name, c.Name)
			}
			names[c.Name] = true
		}
	}
}

// A name that is numbered may be another's own.
func TestJUnitNamesAreUnique(t *testing.T) {
	r := sample.Healthy()
	for i, expression := range []string{"x", "x (2)", "x", "x (3)", "x", "x (2)"} {
		r.Run.Thresholds[i].Metric, r.Run.Thresholds[i].Expression = "m", expression
	}
	checkNames(t, junitOf(t, r))
}

func junitOf(t *testing.T, r *report.Report) junitSuites {
	t.Helper()
	var b bytes.Buffer
	if err := JUnit(&b, r, JUnitOptions{Picture: func(chart string) string { return "results/charts/" + chart + ".png" }}); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(b.Bytes()) {
		t.Error("it isn't UTF-8")
	}
	var got junitSuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// What a raised load missed is what it looked for: no case fails for it, and no
// table says that it did.
func TestARaisedLoadFailsNothing(t *testing.T) {
	r := sample.ThresholdFailed()
	if junitOf(t, r).Failures == 0 || !strings.Contains(markdownOf(t, r), "| failed | target |") {
		t.Fatal("nothing failed before")
	}
	r.Verdict, r.Run.Load.Raised = report.Verdict{Status: report.Passed, Headline: "found"}, true
	for _, s := range junitOf(t, r).Suites {
		for _, c := range s.Cases {
			if c.Failure != nil && (s.Name == "thresholds" || s.Name == "service levels") {
				t.Errorf("%s: %s fails", s.Name, c.Name)
			}
		}
	}
	if md := markdownOf(t, r); strings.Contains(md, "| failed | target |") || !strings.Contains(md, "| load raised until failed | target |") {
		t.Error("the note says that targets failed")
	}
}

func TestJUnitSaysWhatFailed(t *testing.T) {
	got := junitOf(t, sample.Full())
	cases := make(map[string]junitCase)
	for _, s := range got.Suites {
		for _, c := range s.Cases {
			cases[s.Name+": "+c.Name] = c
		}
	}
	c := cases["thresholds: http_req_duration{name:execute_workflow} p(95)<500"]
	if c.Failure == nil || !strings.Contains(c.Failure.Message, "812 ms observed") || c.Out != "[[ATTACHMENT|results/charts/latency.png]]" {
		t.Errorf("the failed threshold is %+v", c)
	}
	if c := cases["thresholds: graph_build_duration p(95)<5"]; c.Skipped == nil || !strings.Contains(c.Skipped.Message, "no samples") {
		t.Errorf("the threshold that could not be judged is %+v", c)
	}
	if c := cases["gates: execute_workflow p95"]; c.Failure == nil || !strings.Contains(c.Failure.Message, "588 ms in the baseline, 812 ms now (+38.1 %)") {
		t.Errorf("the gate is %+v", c)
	}
	if c := cases["gates: execute_workflow avg"]; c.Failure != nil || c.Skipped == nil {
		t.Errorf("what is suspected is %+v, it fails no build", c)
	}
	if c := cases["gates: error rate"]; c.Skipped == nil || !strings.Contains(c.Skipped.Message, "0 % in the baseline, 2.13 % now (+2.13 pt)") {
		t.Errorf("the gate on a share is %+v", c)
	}
	if _, ok := cases["validity: the run can be believed"]; !ok {
		t.Error("a valid run has no case for it")
	}
}

// What was asked for and could not be done makes no run invalid and fails no
// build, so no case fails for it.
func TestJUnitOfWhatCouldNotBeDone(t *testing.T) {
	r := sample.Healthy()
	r.Notes = []report.Note{{Code: "rerun_unused", Severity: report.Error, Message: "the second run is the first one again", Where: "load-1"}}
	suites := junitOf(t, r).Suites
	cases := suites[len(suites)-1].Cases
	if len(cases) != 2 || cases[0].Name != "rerun_unused (load-1)" || cases[0].Failure != nil || cases[0].Skipped == nil || cases[0].Skipped.Message != "The second run is the first one again" {
		t.Errorf("%+v", cases)
	}
	if last := cases[len(cases)-1]; last.Name != "the run can be believed" || last.Failure != nil {
		t.Errorf("the run is not believed: %+v", last)
	}
	r.Notes[0].Severity = report.Invalid
	suites = junitOf(t, r).Suites
	if cases := suites[len(suites)-1].Cases; len(cases) != 1 || cases[0].Failure == nil {
		t.Errorf("of an invalid run: %+v", cases)
	}
}

func TestOpenMetricsOfSamples(t *testing.T) {
	for name, r := range sample.All() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := OpenMetrics(&b, r); err != nil {
				t.Fatal(err)
			}
			if !bytes.HasSuffix(b.Bytes(), []byte("\n# EOF\n")) || !utf8.Valid(b.Bytes()) {
				t.Error("it does not end as it should, or isn't UTF-8")
			}
			checkOpenMetrics(t, b.Bytes())
			parser := expfmt.NewTextParser(model.LegacyValidation)
			families, err := parser.TextToMetricFamilies(&b)
			if err != nil {
				t.Fatal(err)
			}
			if f := families["k6report_verdict"]; f == nil || f.GetMetric()[0].GetLabel()[0].GetValue() != string(r.Verdict.Status) {
				t.Errorf("the verdict is %v", f)
			}
		})
	}
}

// checkOpenMetrics reads a file as Prometheus reads what calls itself
// OpenMetrics, which is stricter than its own format.
func checkOpenMetrics(t *testing.T, content []byte) {
	t.Helper()
	p := textparse.NewOpenMetricsParser(content, labels.NewSymbolTable())
	for samples := 0; ; samples++ {
		switch _, err := p.Next(); {
		case errors.Is(err, io.EOF) && samples > 0:
			return
		case err != nil:
			t.Fatalf("after %d entries: %v", samples, err)
		}
	}
}

func TestOpenMetricsHasTheNumbers(t *testing.T) {
	var b bytes.Buffer
	if err := OpenMetrics(&b, sample.Full()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`k6report_endpoint_duration_milliseconds{endpoint="execute_workflow",method="POST",protocol="http",scenario="load",statistic="p95"} 812.3` + "\n",
		"k6report_error_ratio 0.0041\n",
		`k6report_component_milliseconds{component="database"} 112.4` + "\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestLoadPerformanceIsTheLegacySummary(t *testing.T) {
	var b bytes.Buffer
	if err := LoadPerformance(&b, sample.Full()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Metrics map[string]struct {
			Rate       *float64        `json:"rate"`
			P95        *float64        `json:"p(95)"`
			Thresholds map[string]bool `json:"thresholds"`
		} `json:"metrics"`
		Root struct {
			Groups map[string]struct {
				Path   string `json:"path"`
				Checks map[string]struct {
					Passes, Fails int64
				} `json:"checks"`
			} `json:"groups"`
		} `json:"root_group"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if failed, ok := got.Metrics["http_req_failed"].Thresholds["rate<0.001"]; !ok || !failed {
		t.Error("a threshold that failed must be true, as k6 writes it")
	}
	if failed, ok := got.Metrics["checks"].Thresholds["rate>0.99"]; !ok || failed {
		t.Error("a threshold that held must be false")
	}
	if got.Metrics["http_reqs"].Rate == nil {
		t.Error("no http_reqs.rate, which the widget shows")
	}
	group := got.Root.Groups["execute"]
	if c := group.Checks["execution succeeded"]; c.Fails != 1588 || group.Path != "::execute" {
		t.Errorf("the group is %+v", group)
	}
}

func TestAnnotationsLinkToTheJob(t *testing.T) {
	for job, want := range map[string]string{
		"https://gitlab.example.com/g/p/-/jobs/7": `"url": "https://gitlab.example.com/g/p/-/jobs/7/artifacts/file/results/a%20b/report.html"`,
		"javascript:alert(1)":                     `"k6report": []`,
		"https://user:secret@example.com":         `"k6report": []`,
		"":                                        `"k6report": []`,
	} {
		r := sample.Minimal()
		r.Run.Labels = map[string]string{LabelJob: job}
		var b bytes.Buffer
		if err := Annotations(&b, r, "results/a b/report.html"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("job %q: %s", job, b.String())
		}
	}
}

// What machines read stays readable, and says the same verdict, whatever the texts
// are that came with the data.
func FuzzMachine(f *testing.F) {
	for _, s := range []string{"", sample.Attack(), "]]>", "&#0;", "\xff", "\ufffe", "a{b=\"c\"} 1\n# EOF\n", `\`, "\"", "\n", "\r", "\x00", "</failure>", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := sample.AssailedBy(s)
		r.Run.Thresholds[0].Expression += " (2)" // as the second of one name is called
		checkNames(t, junitOf(t, r))
		var b bytes.Buffer
		if err := OpenMetrics(&b, r); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b.Bytes()) || bytes.Count(b.Bytes(), []byte("\n# EOF\n")) != 1 {
			t.Error("it ends more than once, or isn't UTF-8")
		}
		checkOpenMetrics(t, b.Bytes())
		for _, write := range []func(io.Writer, *report.Report) error{
			LoadPerformance,
			func(w io.Writer, r *report.Report) error { return Annotations(w, r, s) },
		} {
			b.Reset()
			if err := write(&b, r); err != nil {
				t.Fatal(err)
			}
			if !json.Valid(b.Bytes()) || !utf8.Valid(b.Bytes()) {
				t.Errorf("%.200q is no JSON in UTF-8", b.Bytes())
			}
		}
	})
}
