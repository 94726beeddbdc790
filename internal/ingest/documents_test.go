package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/run"
)

// TestSummaryTypes: a summary names no types; the statistics that are there
// tell them, whichever summaryTrendStats the script sets.
func TestSummaryTypes(t *testing.T) {
	tests := []struct {
		metric, fields string
		want           run.MetricType
	}{
		{"mine", `{"avg":1,"min":1,"med":1,"max":1,"p(90)":1}`, run.Trend},
		{"mine", `{"count":3}`, run.Trend},
		{"mine", `{"p(99.9)":3,"thresholds":{"p(99.9)<4":false}}`, run.Trend},
		{"mine", `{"min":3}`, run.Trend},
		{"mine", `{"count":3,"rate":1}`, run.Counter},
		{"mine", `{"value":1,"min":0,"max":2}`, run.Gauge},
		{"mine", `{"value":1,"passes":1,"fails":0}`, run.Rate},
		{"mine", `{}`, run.Unknown},
		{"mine", `null`, run.Unknown},
		{"http_req_duration{a:b}", `{}`, run.Trend},
		{"checks", `{}`, run.Rate},
	}
	for _, tt := range tests {
		text := fmt.Sprintf(`{"root_group":{},"metrics":{%q:%s}}`, tt.metric, tt.fields)
		r := read(t, Options{}, Source{Name: "s", Reader: strings.NewReader(byteOrderMark + text)})
		if got := r.Reported.Metrics[0].Type; got != tt.want {
			t.Errorf("%s %s is read as a %q, want %q", tt.metric, tt.fields, got, tt.want)
		}
	}
}

// TestSummaryVerdicts: in the legacy format true says that a threshold failed.
func TestSummaryVerdicts(t *testing.T) {
	text := `{"metrics":{"x":{"avg":1,"max":null,"thresholds":{"avg<2":false,"avg<1":true}},"c":{"count":20,"rate":2}},
		"root_group":{"checks":{"a":{"name":"ok","path":"::ok","passes":2,"fails":1}},"groups":{"g":{"path":"::g","checks":{"a":{"name":"in","passes":1,"fails":0}}}}}}`
	r := read(t, Options{}, Source{Name: "s", Reader: strings.NewReader(text)})
	x := r.Reported.Metrics[1]
	if want := []run.ReportedThreshold{{Expression: "avg<1"}, {Expression: "avg<2", OK: true}}; !slices.Equal(x.Thresholds, want) {
		t.Errorf("thresholds %+v, want %+v", x.Thresholds, want)
	}
	if _, there := x.Value("max"); there {
		t.Error("a statistic that is null has a value")
	}
	if want := []run.ReportedCheck{{Name: "ok", Passes: 2, Fails: 1}, {Group: "::g", Name: "in", Passes: 1}}; !slices.Equal(r.Reported.Checks, want) {
		t.Errorf("checks %+v, want %+v", r.Reported.Checks, want)
	}
	if r.Reported.Duration != 10*time.Second {
		t.Errorf("duration %v, want 10s", r.Reported.Duration)
	}
}

// TestLongSummary: detection must not depend on which key comes first in a
// summary that is longer than what it looks at.
func TestLongSummary(t *testing.T) {
	var metrics, groups []string
	for i := range 4000 {
		metrics = append(metrics, fmt.Sprintf(`"metric_%d":{"avg":1,"min":1,"med":1,"max":1,"p(90)":1,"p(95)":1}`, i))
		groups = append(groups, fmt.Sprintf(`"g%d":{"name":"g%d","path":"::g%d","groups":{},"checks":{}}`, i, i, i))
	}
	m, g := `"metrics":{`+strings.Join(metrics, ",")+`}`, `"root_group":{"groups":{`+strings.Join(groups, ",")+`}}`
	for _, text := range []string{"{" + m + "," + g + "}", "{" + g + "," + m + "}"} {
		if r := read(t, Options{}, Source{Name: "s", Reader: strings.NewReader(text)}); len(r.Reported.Metrics) != 4000 {
			t.Errorf("%d metrics, want 4000", len(r.Reported.Metrics))
		}
	}
}

func TestPlanKeepsRest(t *testing.T) {
	text := `{"scenarios":{"a":{"executor":"ramping-vus","stages":[{"duration":null,"target":1},{"duration":"1m30s","target":5}]}},
		"thresholds":{"x":[7,"avg<1"]},"maxVUs":5,"totalDuration":"2m"}`
	r := read(t, Options{}, Source{Name: "plan", Reader: strings.NewReader(text)}, Source{Name: "f", Reader: strings.NewReader(vus(0))})
	if want := []run.MetricThresholds{{Metric: "x", Expressions: []string{"avg<1"}}}; fmt.Sprint(r.Plan.Thresholds) != fmt.Sprint(want) {
		t.Errorf("thresholds %v, want %v", r.Plan.Thresholds, want)
	}
	if s := r.Plan.Scenarios[0]; s.Duration != 90*time.Second || s.MaxVUs != 5 {
		t.Errorf("the scenario became %+v", s)
	}
	if got, want := problemsOf(r), `bad_threshold 0 1: thresholds of "x": a threshold is neither text nor an object: 7: it was left out, the rest of the plan counts`; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestPlanOfShortcuts: options without scenarios are k6's default scenario.
func TestPlanOfShortcuts(t *testing.T) {
	tests := []struct {
		options, executor string
		duration          time.Duration
	}{
		{`"stages":[{"duration":"10s","target":3}],"vus":2`, "ramping-vus", 10 * time.Second},
		{`"iterations":5,"vus":2`, "shared-iterations", 10 * time.Minute},
		{`"duration":"1d2h","vus":2`, "constant-vus", 26 * time.Hour},
		{`"vus":2`, "per-vu-iterations", 10 * time.Minute},
	}
	for _, tt := range tests {
		r := read(t, Options{}, Source{Name: "plan", Reader: strings.NewReader(`{"scenarios":null,"thresholds":null,` + tt.options + `}`)}, Source{Name: "f", Reader: strings.NewReader(vus(0))})
		if s := r.Plan.Scenarios[0]; s.Executor != tt.executor || s.Duration != tt.duration || s.VUs != 2 {
			t.Errorf("%s became %+v", tt.options, s)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`"30s"`: 30 * time.Second, `"1d"`: 24 * time.Hour, `"1d1h"`: 25 * time.Hour, `1500`: 1500 * time.Millisecond, `"250"`: 250 * time.Millisecond, `null`: 0,
	} {
		var d duration
		if err := json.Unmarshal([]byte(text), &d); err != nil || time.Duration(d) != want {
			t.Errorf("%s is read as %v, %v; want %v", text, time.Duration(d), err, want)
		}
	}
	for _, text := range []string{`"soon"`, `"NaN"`, `"Inf"`, `1e300`, `-1`, `"-5s"`, `"xd"`, `"2000000h"`, `"99999999d"`} {
		var d duration
		if err := json.Unmarshal([]byte(text), &d); err == nil || !strings.Contains(err.Error(), "is not a duration such as 30s or 1m30s") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestExecution(t *testing.T) {
	record := `{"k6_version":"v1.8.1","exit_code":99,"cpu_s":1.5,"wall_s":3,"cpus":4,"labels":{"commit":"abc","branch":"main"}}`
	o := Options{Labels: map[string]string{"commit": "def"}}
	r := read(t, o, Source{Name: "x.json", Reader: strings.NewReader(record)}, Source{Name: "f", Reader: strings.NewReader(vus(0))})
	if e := r.Execution; e == nil || e.ExitCode != 99 || e.K6Version != "v1.8.1" || e.CPU != 1.5 || e.Cores != 4 {
		t.Errorf("the execution became %+v", e)
	}
	if want := []run.Tag{{Name: "branch", Value: "main"}, {Name: "commit", Value: "def"}}; !slices.Equal(r.Labels, want) {
		t.Errorf("labels %v, want %v: what the user says counts", r.Labels, want)
	}
}

// TestEndpointNames: configured names come before the grouping of URLs, and
// what a submetric names stays as it is.
func TestEndpointNames(t *testing.T) {
	o := Options{EndpointName: func(method, url string) (string, bool) {
		return "the user", method == "GET" && strings.Contains(url, "/user/")
	}}
	tag := func(method, url string) string {
		return `{"method":"` + method + `","name":"` + url + `","url":"` + url + `"}`
	}
	text := `{"type":"Metric","data":{"name":"x","type":"trend","submetrics":[{"name":"x{name:http://h/user/7}","tags":{"name":"http://h/user/7"}}]},"metric":"x"}` + "\n" +
		aPoint("x", at(0), "1", tag("GET", "http://h/user/1")) + aPoint("x", at(0), "1", tag("PUT", "http://h/user/1?a=b")) + aPoint("x", at(0), "1", tag("GET", "http://h/user/7"))
	r := read(t, o, Source{Name: "f", Reader: strings.NewReader(text)})
	var names []string
	for i := range r.Series {
		names = append(names, r.Series[i].Tags.Value("name"))
		if _, has := r.Series[i].Tags.Get("url"); has {
			t.Errorf("series %s has a url beside its name", r.Series[i].Tags)
		}
	}
	slices.Sort(names)
	if want := []string{"http://h/user/7", "http://h/user/{n}", "the user"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
}

func TestGroupURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://h:8080/a/12/b?x=1#y":              "http://h:8080/a/{n}/b",
		"/u/0b8f5a0e-7d1c-4a43-9b58-0a8d5e3c9a10": "/u/{uuid}",
		"/o/507f1f77bcf86cd799439011/items/3":     "/o/{id}/items/{n}",
		"https://h":                               "https://h",
		"https://h?q=1":                           "https://h",
		"checkout 12":                             "checkout 12",
		"/v1/health":                              "/v1/health",
		"/a/{n}":                                  "/a/{n}",
	} {
		if got := groupURL(in); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}

// TestSubmetricsAreKept: tags that a threshold names survive when the rest of
// the tag has too many values.
func TestSubmetricsAreKept(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"type":"Metric","data":{"name":"x","type":"trend","submetrics":[{"name":"x{user:7}","tags":{"user":"7"}}]},"metric":"x"}` + "\n")
	for i := range 3000 {
		b.WriteString(aPoint("x", at(i), "1", fmt.Sprintf(`{"user":"%d"}`, i%500)))
	}
	for _, o := range []Options{{}, {Workers: 3, segmentSize: 5000}} {
		r := read(t, o, Source{Name: "f", Reader: newFile([]byte(b.String()))})
		kept := r.Select("x", func(s run.TagSet) bool { return s.Value("user") == "7" })
		if all := r.Select("x", nil); kept.Count != 6 || all.Count != 3000 || len(r.Series) != 2 {
			t.Errorf("%d of %d samples in %d series carry the tag, want 6 of 3000 in 2", kept.Count, all.Count, len(r.Series))
		}
	}
}
