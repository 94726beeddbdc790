package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k6report/internal/redact"
	"k6report/internal/report"
)

// A threshold on a submetric with a secret in one of its tags fails again from the
// snapshot, and stays apart from the next one.
func TestMaskedSubmetricsStayApart(t *testing.T) {
	dir := t.TempDir()
	samples, plan, snapshot := filepath.Join(dir, "run.json"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "run.k6run")
	lines, err := os.ReadFile(samplesFileFor(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"x", "y"} {
		for n := range 20 {
			lines = fmt.Appendf(lines, `{"metric":"mine","type":"Point","data":{"time":"2026-11-23T11:45:54.%03dZ","value":%d,"tags":{"name":%q,"url":"http://h/?token=abcdef"}}}`+"\n", n, 10+i, name)
		}
	}
	thresholds := `{"scenarios":{},"maxVUs":1,"thresholds":{"mine{url:http://h/?token=abcdef,name:x}":["max<5"],"mine{url:http://h/?token=abcdef,name:y}":["max<50"]}}`
	for path, content := range map[string][]byte{samples: lines, plan: []byte(thresholds)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k6report := func(args ...string) int {
		a, stdout, stderr := terminal(t, 100)
		code := a.run(t.Context(), args)
		t.Logf("%s: exit code %d\n%s%s", args, code, stdout, stderr)
		return code
	}
	if code := k6report("snapshot", samples, plan, "-q", "-o", snapshot); code != exitOK {
		t.Fatal("there is no snapshot")
	}
	for name, sources := range map[string][]string{"samples": {samples, plan}, "snapshot": {snapshot}} {
		out := filepath.Join(dir, name)
		if code := k6report(append([]string{"analyze", "-q", "--out", out}, sources...)...); code != 4 {
			t.Errorf("%s: exit code %d, want 4", name, code)
		}
		var metrics []string
		for _, th := range reportIn(t, out).Run.Thresholds {
			if strings.HasPrefix(th.Metric, "mine") {
				metrics = append(metrics, fmt.Sprint(th.Metric, " ", th.OK != nil && *th.OK))
			}
		}
		want := []string{"mine{url:http://h/?token=***,name:x} false", "mine{url:http://h/?token=***,name:y} true"}
		if !slices.Equal(metrics, want) {
			t.Errorf("%s: thresholds %q, want %q", name, metrics, want)
		}
	}
}

// A password that is an ordinary word hides it, but changes no number: whatever the
// configuration says of names holds with it as without it.
func TestPasswordThatIsAWord(t *testing.T) {
	dir := t.TempDir()
	samples, config := filepath.Join(dir, "run.json"), filepath.Join(dir, "k6report.yaml")
	if err := (generated{seconds: 5, rate: 40, components: true, testid: "t1", group: "::postgres"}).writeFile(samples); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	// The other endpoints come after it in order of names, be it masked or not.
	text := strings.NewReplacer("db_pool_wait_ms", "postgres_wait_ms", "endpoint_2", "postgres read", "endpoint_", "shop_").Replace(string(lines))
	if !strings.Contains(text, "postgres_wait_ms") || !strings.Contains(text, "postgres read") {
		t.Fatal("the run has no such metric or endpoint")
	}
	yaml := "exclude: {groups: [\"::postgres\"]}\ncomponents: [{match: \"postgres_*\", component: database}]\nservice_levels: {endpoints: {postgres read: [\"p(95)<100000\"]}}\n"
	for path, content := range map[string]string{samples: text, config: yaml} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var reports []string
	for i, env := range [][]string{nil, {"POSTGRES_PASSWORD=postgres"}} {
		out := filepath.Join(dir, fmt.Sprint(i))
		a, stdout, stderr := terminal(t, 100, env...)
		if code := a.run(t.Context(), []string{"analyze", "-v", samples, "--config", config, "--fail-on", "none", "--out", out}); code != exitOK {
			t.Fatal(stdout, stderr)
		}
		if summary, err := os.ReadFile(filepath.Join(out, "summary.txt")); err != nil || !bytes.Contains(summary, []byte("postgres_wait_ms")) || !strings.Contains(stdout.String(), "postgres_wait_ms") {
			t.Errorf("%s: the metric is not named, %v: %s%s", env, err, summary, stdout)
		}
		rep := reportIn(t, out)
		for _, n := range rep.Notes {
			if n.Code == "excluded_otherwise" {
				t.Errorf("%s: %s", env, n.Message)
			}
		}
		if !slices.ContainsFunc(rep.Run.Metrics, func(m report.Metric) bool { return m.Name == "postgres_wait_ms" }) {
			t.Errorf("%s: the metric has lost its name", env)
		}
		written, err := json.Marshal(rep)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, strings.ReplaceAll(string(written), "postgres", "***"))
	}
	for i := range min(len(reports[0]), len(reports[1])) {
		if reports[0][i] != reports[1][i] {
			t.Fatalf("the reports differ: without the variable …%.300s, with it …%.300s", reports[0][max(0, i-100):], reports[1][max(0, i-100):])
		}
	}
	if len(reports[0]) != len(reports[1]) {
		t.Error("one report goes on where the other ends")
	}
}

// Sentences name metrics and submetrics as tables do, without a secret beside them.
func TestSentencesNameMetrics(t *testing.T) {
	redactor := redact.New([]string{"postgres", "password_wait", "longer-wait_ms-one", "wait_ms"})
	for message, want := range map[string]string{
		"postgres_wait_ms was postgres":                                "postgres_wait_ms was ***",
		"the postgres of `postgres_wait_ms`, wait_ms":                  "the *** of `postgres_wait_ms`, wait_ms",
		"my_postgres_wait_ms":                                          "my_***_***",
		"longer-wait_ms-one":                                           "***",
		"not longer-wait_ms-one but wait_ms":                           "not *** but ***",
		"postgres_wait_ms{url:http://h/?token=abc}":                    "postgres_wait_ms{url:http://h/?token=***}",
		"of postgres_wait_ms{url:http://h/?token=***,name:postgres-1}": "of postgres_wait_ms{url:http://h/?token=***,name:***-1}",
	} {
		rep := &report.Report{}
		for _, name := range []string{"http_reqs", "postgres_wait_ms", "wait_ms"} {
			rep.Run.Metrics = append(rep.Run.Metrics, report.Metric{Name: name})
		}
		rep.Notes = []report.Note{{Message: message}}
		for range 2 {
			if maskReport(redactor, rep); rep.Notes[0].Message != want {
				t.Errorf("%s becomes %s, want %s", message, rep.Notes[0].Message, want)
			}
		}
	}
}

// A metric keeps its name where only earlier runs have it, too: in a gate, a finding,
// the trend, and in sentences.
func TestMetricsOfOtherRunsKeepTheirNames(t *testing.T) {
	rep := &report.Report{
		Comparison: &report.Comparison{
			Gates:       []report.Gate{{Metric: "postgres_a_ms", Endpoint: "postgres read", Reason: "postgres_a_ms of postgres is missing"}},
			Exploratory: []report.Finding{{Metric: "postgres_b_ms"}},
		},
		Trend: &report.Trend{Series: []report.TrendSeries{{Metric: "postgres_c_ms", Endpoint: "postgres read"}}},
	}
	maskReport(redact.New([]string{"postgres"}), rep)
	gate, found, series := rep.Comparison.Gates[0], rep.Comparison.Exploratory[0], rep.Trend.Series[0]
	got := []string{gate.Metric, gate.Endpoint, gate.Reason, found.Metric, series.Metric, series.Endpoint}
	want := []string{"postgres_a_ms", "*** read", "postgres_a_ms of *** is missing", "postgres_b_ms", "postgres_c_ms", "*** read"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// reportIn is the report in a folder.
func reportIn(t *testing.T, dir string) *report.Report {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rep, err := report.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}
