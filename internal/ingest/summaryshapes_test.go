package ingest

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k6report/internal/run"
)

// TestSummaryShapes: k6's legacy summary and what it hands to handleSummary
// say the same of the same run.
func TestSummaryShapes(t *testing.T) {
	legacy := read(t, Options{}, testdata(t, "summary-legacy.json")...).Reported
	handed := read(t, Options{}, testdata(t, "summary-data.json")...).Reported
	if len(legacy.Metrics) < 20 || len(handed.Checks) != 2 || !reflect.DeepEqual(legacy.Checks, handed.Checks) {
		t.Fatalf("%d metrics, checks %+v and %+v", len(legacy.Metrics), legacy.Checks, handed.Checks)
	}
	if d := legacy.Duration.Seconds() - handed.Duration.Seconds(); math.Abs(d) > 1e-6 {
		t.Errorf("durations %v and %v", legacy.Duration, handed.Duration)
	}
	for i, l := range legacy.Metrics {
		h := handed.Metrics[i]
		if l.Type == run.Rate { // "value" there
			l.Values = slices.Clone(l.Values)
			for j := range l.Values {
				l.Values[j].Name = strings.Replace(l.Values[j].Name, "value", "rate", 1)
			}
			slices.SortFunc(l.Values, func(a, b run.ReportedValue) int { return strings.Compare(a.Name, b.Name) })
		}
		if !reflect.DeepEqual(l, h) {
			t.Errorf("%+v\n%+v", l, h)
		}
	}
	// Both tell what failed.
	at := slices.IndexFunc(handed.Metrics, func(m run.ReportedMetric) bool { return m.Name == "http_req_duration" })
	want := []run.ReportedThreshold{{Expression: "p(95)<500", OK: true}, {Expression: "p(99)<0.001"}}
	if !slices.Equal(handed.Metrics[at].Thresholds, want) {
		t.Errorf("thresholds %+v, want %+v", handed.Metrics[at].Thresholds, want)
	}
}

// TestMachineSummary: the machine-readable shape under the names of the others.
func TestMachineSummary(t *testing.T) {
	r := read(t, Options{}, testdata(t, "summary-new.json")...)
	if other := read(t, Options{}, testdata(t, "summary-new-data.json")...); !reflect.DeepEqual(r.Reported, other.Reported) {
		t.Errorf("what handleSummary gets differs: %+v, %+v", r.Reported, other.Reported)
	}
	metrics := make(map[string]run.ReportedMetric)
	for _, m := range r.Reported.Metrics {
		metrics[m.Name] = m
	}
	for _, c := range []struct {
		metric, statistic string
		want              float64
		absent            bool
	}{
		{"http_req_duration", "p(95)", 45.41766235, false},
		{"http_req_duration{persona:dev}", "p(90)", 45.328818399999996, false},
		{"http_req_duration", "p(99)", 0, true},
		{"http_reqs", "count", 124, false},
		{"http_reqs", "rate", 124 / 4.098420989, false},
		{"http_req_failed", "passes", 41, false},
		{"http_req_failed", "fails", 83, false},
		{"http_req_failed", "rate", 0.33064516129032256, false},
		{"http_req_failed", "total", 0, true},
		{"checks", "passes", 82, false},
		{"queue_depth", "value", 5, false},
		{"never_ms", "avg", 0, true},
		{"never_ms", "p(95)", 0, true},
	} {
		m, there := metrics[c.metric]
		if v, ok := m.Value(c.statistic); !there || ok == c.absent || math.Abs(v-c.want) > 1e-9 {
			t.Errorf("%s %s is %v, %v, want %v", c.metric, c.statistic, v, ok, c.want)
		}
	}
	if len(r.Reported.Checks) != 2 || r.Reported.Checks[1].Passes != 41 || r.Reported.Duration.Seconds() != 4.098420989 {
		t.Errorf("checks %+v, duration %v", r.Reported.Checks, r.Reported.Duration)
	}
	if m, _ := r.Metric("db_ms"); m.Type != run.Trend || m.Contains != "time" {
		t.Errorf("metric %+v", m)
	}
	if len(r.Problems) != 1 || r.Problems[0].Code != "summary_without_verdicts" {
		t.Errorf("problems %+v", r.Problems)
	}
}

// TestMachineZeros: what needs no time is 0; what can't be 0 has no samples.
func TestMachineZeros(t *testing.T) {
	for name, want := range map[string]int{"http_req_tls_handshaking": 2, "http_req_receiving": 2, "http_req_duration": 0, "http_req_duration{a:b}": 0, "mine": 0} {
		text := `{"config":{"duration":1},"results":{"metrics":[{"name":"` + name + `","type":"trend","values":{"avg":0,"p95":0,"max":null}}]},"version":"1.0.0"}`
		if m := read(t, Options{}, Source{Name: "s", Reader: strings.NewReader(text)}).Reported.Metrics[0]; len(m.Values) != want {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// TestBadSummaries: errors name the file, the metric and the trouble.
func TestBadSummaries(t *testing.T) {
	for text, want := range map[string]string{
		`{"root_group":{},"metrics":{"x":{"avg":"y"}}}`:                       `read s: metric "x": `,
		`{"root_group":{"groups":7},"metrics":{}}`:                            "read s: root_group: ",
		`{"root_group":{"groups":{}},"state":{},"metrics":{}}`:                "read s: root_group: ",
		`{"root_group":{},"metrics":{"x":{"values":[]}}}`:                     `read s: metric "x": `,
		`{"config":{"duration":"x"},"results":{}}`:                            "read s (k6 summary): ",
		`{"config":{},"results":{"metrics":[{}]}}`:                            "read s: results: a metric has no name",
		`{"root_group":{},"metrics":{"x":{"values":{},"thresholds":[true]}}}`: `read s: metric "x": `,
		`{"root_group":{},"metrics":{"x":{}`:                                  "read s (k6 summary): it is not JSON: unexpected end of JSON input (line 1)",
	} {
		_, err := Read(context.Background(), []Source{{Name: "s", Reader: strings.NewReader(text)}}, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// FuzzSummary: any document gives an error or a sound run that gives the same
// again.
func FuzzSummary(f *testing.F) {
	for _, name := range []string{"summary.json", "summary-legacy.json", "summary-data.json", "summary-new.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(`{"root_group":{},"metrics":{"x":{"avg":1e999}}}`)
	f.Add(`{"config":{"duration":-1},"results":{"metrics":[{"name":"x","type":"rate","values":{"matches":1,"total":null}}],"checks":{}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		once, err := Read(t.Context(), []Source{{Name: "s", Reader: strings.NewReader(text)}}, Options{})
		again, errAgain := Read(t.Context(), []Source{{Name: "s", Reader: strings.NewReader(text)}}, Options{Workers: 2})
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("%v, then %v", err, errAgain)
		}
		if err == nil && !reflect.DeepEqual(once, again) {
			t.Fatalf("%+v\n%+v", once, again)
		}
	})
}
