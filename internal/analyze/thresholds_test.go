package analyze

import (
	"strings"
	"testing"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
)

// thresholdOf is the only threshold of a report.
func thresholdOf(t testing.TB, r *report.Report) report.Threshold {
	t.Helper()
	if len(r.Run.Thresholds) != 1 {
		t.Fatalf("%d thresholds, want 1", len(r.Run.Thresholds))
	}
	return r.Run.Thresholds[0]
}

func verdictText(ok *bool) string {
	switch {
	case ok == nil:
		return "?"
	case *ok:
		return "✓"
	}
	return "✗"
}

// thresholdRun takes 10 s; its metrics have one of each type.
func thresholdRun() *maker {
	m := newRun()
	m.Define(run.Metric{Name: "cc", Type: run.Counter})
	m.Define(run.Metric{Name: "gg", Type: run.Gauge})
	m.Define(run.Metric{Name: "rr", Type: run.Rate})
	m.Define(run.Metric{Name: "tt", Type: run.Trend, Contains: "time"})
	m.Define(run.Metric{Name: "none", Type: run.Counter})
	m.add("cc", "", 0, 1)
	m.add("cc", "a=b", 10, 9)
	m.add("gg", "", 5, 3)
	m.add("rr", "", 5, 1, 1, 1, 0)
	for i := range 1001 {
		m.add("tt", "", 5, float64(i))
	}
	return m
}

func TestThresholds(t *testing.T) {
	for _, tc := range []struct {
		metric, expression string
		want               string // ✓, ✗ or ? and why
		unit               string
	}{
		{"cc", "count==10", "✓", "count"},
		{"cc", "count<10", "✗", "count"},
		{"cc", "rate>0.9", "✓", "1/s"},
		{"cc", "rate<0.9", "✗", "1/s"},
		{"cc", "rate<1.04", "? too near", "1/s"}, // k6's own duration is unknown
		{"gg", "value>=3", "✓", ""},
		{"gg", "value<3", "✗", ""},
		{"rr", "rate==0.75", "✓", "share"},
		{"rr", "rate<0.5", "✗", "share"},
		{"tt", "avg==500", "? too near", "ms"},
		{"tt", "avg<501", "✓", "ms"},
		{"tt", "min>=0", "✓", "ms"},
		{"tt", "max<1000", "✗", "ms"},
		{"tt", "med<600", "✓", "ms"},
		{"tt", "p(95)<900", "✗", "ms"},
		{"tt", "p(95)<950.5", "? too near", "ms"},
		{"tt", "p(95)<952", "✓", "ms"},
		{"tt", "p(100)<=1000", "✓", "ms"},
		{"tt", "p(99.9)!=0", "✓", "ms"},
		{"cc{a:b}", "count==9", "✓", "count"},
		{"cc{ a : b }", "count==9", "✓", "count"},
		{"cc{a:x}", "count<1", "? no data", "count"}, // perhaps misspelt
		{"none", "count<1", "✓", "count"},
		{"none", "rate<1", "✓", "1/s"},
		{"dropped_iterations", "count<1", "✓", "count"},
		{"tt{a:b}", "p(95)<1", "? no data", "ms"},
		{"rr{a:b}", "rate>0.9", "? no data", "share"},
		{"unheard_of", "p(95)<1", "? no data", ""},
		{"tt", "p(95<1", "? k6 does not start", ""},
		{"tt", "count<1", "? k6 does not start", ""},
		{"cc", "p(95)<1", "? k6 does not start", ""},
		{"tt{a", "p(95)<1", "? k6 does not start", ""},
	} {
		m := thresholdRun()
		m.SetPlan(&run.Plan{Thresholds: []run.MetricThresholds{{Metric: tc.metric, Expressions: []string{tc.expression}}}})
		r := analyzed(t, m, nil)
		got := thresholdOf(t, r)
		want, reason, _ := strings.Cut(tc.want, " ")
		if verdictText(got.OK) != want || !strings.Contains(got.Reason, reason) || (got.Reason != "") != (reason != "") {
			t.Errorf("%s %s is %s (%s), want %s", tc.metric, tc.expression, verdictText(got.OK), got.Reason, tc.want)
		}
		if got.Unit != tc.unit {
			t.Errorf("%s %s has unit %q, want %q", tc.metric, tc.expression, got.Unit, tc.unit)
		}
		if (got.Observed == nil) != (strings.HasPrefix(reason, "no data") || strings.HasPrefix(reason, "k6")) {
			t.Errorf("%s %s: observed %v", tc.metric, tc.expression, got.Observed)
		}
		wantNote(t, r, "threshold_near", map[bool]report.Severity{true: report.Warning}[reason == "too near"])
	}
}

// said gives a run the summary of a metric with a threshold.
func (m *maker) said(metric string, kind run.MetricType, expression string, ok bool, values ...run.ReportedValue) *maker {
	of := run.ReportedMetric{Name: metric, Type: kind, Values: values}
	if expression != "" {
		of.Thresholds = []run.ReportedThreshold{{Expression: expression, OK: ok}}
	}
	m.SetReported(&run.Reported{Metrics: []run.ReportedMetric{of}, Duration: 10 * time.Second})
	return m
}

func TestThresholdsAndSummary(t *testing.T) {
	for _, tc := range []struct {
		metric, expression string
		ok                 bool
		want, source       string
		note               report.Severity // threshold_disagrees
	}{
		{"tt", "p(95)<900", false, "✗", "samples", ""},
		{"tt", "p(95)<952", true, "✓", "samples", ""},
		{"tt", "p(95)<950.5", true, "✓", "summary", ""}, // too near: k6 decides
		{"tt", "p(95)<950.5", false, "✗", "summary", ""},
		{"tt", "p(95)<900", true, "✗", "samples", report.Warning}, // either may lack samples
		{"tt", "p(95)<1000", false, "✗", "summary", report.Warning},
		{"cc", "rate<1.04", true, "✓", "samples", ""}, // k6's duration is known now
		{"cc", "rate<0.99", false, "✗", "samples", ""},
		{"cc", "rate<1.00000001", true, "✓", "summary", ""},
		{"tt{a:b}", "p(95)<1", true, "?", "samples", ""}, // k6 lets it pass
		{"tt{a:b}", "p(95)>1", false, "✗", "summary", ""},
		{"rr", "p(95)>1", true, "✓", "summary", ""}, // another k6 may know more
	} {
		m := thresholdRun().said(tc.metric, run.Unknown, tc.expression, tc.ok)
		r := analyzed(t, m, nil)
		got := thresholdOf(t, r)
		if verdictText(got.OK) != tc.want || got.Source != tc.source {
			t.Errorf("%s %s, %v to k6: %s by %s (%s), want %s by %s", tc.metric, tc.expression, tc.ok, verdictText(got.OK), got.Source, got.Reason, tc.want, tc.source)
		}
		wantNote(t, r, "threshold_disagrees", tc.note)
	}
}

// The summary is of one instance, the samples are of both.
func TestASummaryOfAPartOverturnsNothing(t *testing.T) {
	m := newRun()
	for range 50 {
		m.add("http_req_duration", "instance=a", 5, 100)
		m.add("http_req_duration", "instance=b", 5, 900)
	}
	m.said("http_req_duration", run.Trend, "p(95)<500", true, run.ReportedValue{Name: "p(95)", Value: 100})
	r := analyzed(t, m, nil)
	wantNote(t, r, "threshold_disagrees", report.Warning)
	if r.Verdict.Status != report.ThresholdFailed {
		t.Errorf("verdict %s, want the threshold failed", r.Verdict.Status)
	}
}

func TestThresholdsOfASummaryAlone(t *testing.T) {
	values := func(pairs ...any) (list []run.ReportedValue) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, run.ReportedValue{Name: pairs[i].(string), Value: pairs[i+1].(float64)})
		}
		return list
	}
	for _, tc := range []struct {
		name       string
		metric     string
		kind       run.MetricType
		expression string
		ok         bool
		values     []run.ReportedValue
		want       string
		observed   float64 // -1: none
	}{
		{"a number", "tt", run.Trend, "p(95)<5", true, values("p(95)", 4.0), "✓", 4},
		{"k6's verdict without its number", "tt", run.Trend, "p(99)<5", false, values("p(95)", 4.0), "✗", -1},
		{"the median's other name", "tt", run.Trend, "p(50)<5", true, values("med", 4.0), "✓", 4},
		{"a rate", "rr", run.Rate, "rate<0.1", false, values("passes", 1.0, "fails", 3.0, "value", 0.25), "✗", 0.25},
		{"a trend without samples", "tt", run.Trend, "p(95)<5", true, values("avg", 0.0, "p(95)", 0.0), "?", -1},
		{"a trend without samples that k6 failed", "tt", run.Trend, "p(95)>5", false, values("avg", 0.0, "p(95)", 0.0), "✗", -1},
		{"a rate without samples", "rr", run.Rate, "rate>0.9", true, values("passes", 0.0, "fails", 0.0, "value", 0.0), "?", -1},
		{"a counter of none", "cc", run.Counter, "count<1", true, values("count", 0.0, "rate", 0.0), "✓", 0},
	} {
		r := analyzed(t, newRun().said(tc.metric, tc.kind, tc.expression, tc.ok, tc.values...), nil)
		got := thresholdOf(t, r)
		if verdictText(got.OK) != tc.want || got.Source != "summary" {
			t.Errorf("%s is %s by %s (%s), want %s", tc.name, verdictText(got.OK), got.Source, got.Reason, tc.want)
		}
		if got.Observed == nil != (tc.observed < 0) || got.Observed != nil && *got.Observed != tc.observed {
			t.Errorf("%s: observed %v, want %g", tc.name, got.Observed, tc.observed)
		}
		if (got.OK == nil) != (got.Reason != "") && tc.observed >= 0 {
			t.Errorf("%s: reason %q", tc.name, got.Reason)
		}
	}

	// A plan asks what a summary without verdicts answers.
	m := newRun().said("tt", run.Trend, "", true, values("p(95)", 4.0)...)
	m.SetPlan(&run.Plan{Thresholds: []run.MetricThresholds{{Metric: "tt", Expressions: []string{"p(95)<3", "p(99)<3"}}}})
	list := analyzed(t, m, nil).Run.Thresholds
	if verdictText(list[0].OK) != "✗" || verdictText(list[1].OK) != "?" {
		t.Errorf("judged by number %s, want ✗ and ?", verdictText(list[0].OK)+verdictText(list[1].OK))
	}
}

// The samples lack a metric that the summary has.
func TestThresholdOfAnAbsentMetric(t *testing.T) {
	m := thresholdRun().said("other", run.Trend, "p(95)<5", true, run.ReportedValue{Name: "p(95)", Value: 4})
	if got := thresholdOf(t, analyzed(t, m, nil)); verdictText(got.OK) != "✓" || got.Source != "summary" {
		t.Errorf("%+v, want the summary's verdict", got)
	}
}

func TestThresholdIsListedOnce(t *testing.T) {
	m := thresholdRun()
	m.Define(run.Metric{Name: "tt", Thresholds: []string{"p(95)<952"}})
	m.said("cc{ a:b}", run.Counter, "count>1", true, run.ReportedValue{Name: "count", Value: 9})
	m.SetPlan(&run.Plan{Thresholds: []run.MetricThresholds{
		{Metric: "tt", Expressions: []string{"p(95) < 952", "p(95.0)<952"}},
		{Metric: "cc{a:b}", Expressions: []string{"count > 1"}},
	}})
	list := analyzed(t, m, nil).Run.Thresholds
	if len(list) != 2 {
		t.Fatalf("%d thresholds, want 2: %+v", len(list), list)
	}
	if list[0].Metric != "cc{ a:b}" || verdictText(list[0].OK) != "✓" || verdictText(list[1].OK) != "✓" {
		t.Errorf("%+v", list)
	}
}

func TestFoldedSubmetric(t *testing.T) {
	m := newRun()
	m.Define(run.Metric{Name: "tt", Type: run.Trend})
	for i := range 2000 {
		m.add("tt", "user="+strings.Repeat("u", i%997+1), 5, 1)
	}
	m.SetPlan(&run.Plan{Thresholds: []run.MetricThresholds{{Metric: "tt{user:u}", Expressions: []string{"max<5"}}}})
	r := analyzed(t, m, nil)
	if got := thresholdOf(t, r); got.OK != nil || !strings.Contains(got.Reason, "too many values") {
		t.Errorf("%+v, want it not judged", got)
	}
	wantNote(t, r, "tags_folded", report.Warning)
	for _, text := range []string{thresholdOf(t, r).Reason, noteOf(r, "tags_folded").Message} {
		if !strings.Contains(text, "name what matters under dimensions in k6report.yaml") {
			t.Errorf("%q does not say how to have the tag kept", text)
		}
	}
}

// A dimension would keep no more names of requests.
func TestFoldedNames(t *testing.T) {
	const (
		patterns   = "tag requests with a name, or list patterns under endpoints in k6report.yaml"
		dimensions = "name what matters under dimensions in k6report.yaml"
	)
	for _, tc := range []struct {
		tags []string
		want string
	}{
		{[]string{"name"}, "apart: name; " + patterns},
		{[]string{"name", "user"}, "apart: name, user; " + patterns + "; " + dimensions},
		{[]string{"user"}, "apart: user; " + dimensions},
	} {
		m := thresholdRun()
		m.SetPlan(&run.Plan{Thresholds: []run.MetricThresholds{{Metric: "tt{name:n}", Expressions: []string{"max<5"}}}})
		r := m.Finish()
		r.Folding.Tags = tc.tags
		out := reportOn(t, r, nil)
		if n := noteOf(out, "tags_folded"); n == nil || !strings.HasSuffix(n.Message, tc.want) {
			t.Errorf("%v: note %v, want %q", tc.tags, n, tc.want)
		}
		if reason := thresholdOf(t, out).Reason; strings.Contains(reason, patterns) != (tc.tags[0] == "name") {
			t.Errorf("%v: the threshold is not judged as %s", tc.tags, reason)
		}
	}
}

func TestUntoldThresholds(t *testing.T) {
	sub := func(name string, tags ...run.Tag) *maker {
		m := thresholdRun()
		m.Define(run.Metric{Name: "tt", Submetrics: []run.Submetric{{Name: name, Tags: tags}}})
		return m
	}
	wantNote(t, analyzed(t, sub("tt{a:b}", tag("a=b")), nil), "thresholds_unknown", report.Warning)
	wantNote(t, analyzed(t, sub("tt{a:b}", tag("a=b")).plan(), nil), "thresholds_unknown", "")
	wantNote(t, analyzed(t, sub("tt{expected_response:true}", tag("expected_response=true")), nil), "thresholds_unknown", "")
}
