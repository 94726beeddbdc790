package analyze

import (
	"fmt"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

// levels is a configuration of service levels, one a line.
func levels(lines ...string) string {
	return "service_levels:\n  " + strings.Join(lines, "\n  ") + "\n"
}

func TestServiceLevels(t *testing.T) {
	m := newRun().
		traffic(traffic{name: "list", to: 10, perS: 40, failed: 100}).
		traffic(traffic{name: "hub", protocol: "websocket", to: 10, perS: 5})
	m.Define(run.Metric{Name: "orchestration_overhead_percent", Type: run.Trend})
	m.Define(run.Metric{Name: "graph_build_duration", Type: run.Trend, Contains: "time"})
	m.add("orchestration_overhead_percent", "", 1, 10, 20)
	m.add("orchestration_overhead_percent", "group=::setup", 1, 1000)
	m.add("graph_build_duration", "", 1, 2, 4)
	c := configured(t, levels(
		"endpoints:",
		"  list: [med<100, p(95)<5, rate<0.02]",
		"  hub: [p(95)<500, rate<0.5]",
		"  absent: p(95)<5",
		"error_rate: rate<0.001",
		"timeout_rate: rate<0.05",
		"overhead: avg<14",
		"graph_build: p(95)<5",
	))
	r := analyzed(t, m, c)
	var got []string
	show := func(of string, x report.Target) {
		got = append(got, fmt.Sprintf("%s %s: %s %s", verdictText(x.OK), of, x.Text, x.Source))
	}
	for _, e := range r.Run.Endpoints {
		for _, x := range e.Targets {
			show(e.Name, x)
		}
	}
	for _, x := range r.Run.ServiceLevels {
		show(x.Metric, x)
	}
	want := []string{
		"✓ list: p50 under 100 ms k6report.yaml",
		"✗ list: p95 under 5 ms k6report.yaml",
		"✓ list: error rate under 2 % k6report.yaml",
		"✓ hub: p95 under 500 ms k6report.yaml",
		"? hub: error rate under 50 % k6report.yaml",
		"✗ error rate: error rate under 0.1 % k6report.yaml",
		"✓ timeout rate: timeout rate under 5 % k6report.yaml",
		"✗ orchestration_overhead_percent: avg under 14 % k6report.yaml",
		"✓ graph_build_duration: p95 under 5 ms k6report.yaml",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("service levels\n%s\nwant\n%s", a, b)
	}
	if n := noteOf(r, "service_level_unused"); n == nil || !strings.Contains(n.Message, "absent:") {
		t.Errorf("note %v, want it to name absent", n)
	}
	if want := "3 of 9 targets failed, the first: list p95 under 5 ms; the run is also invalid: "; !strings.HasPrefix(r.Verdict.Headline, want) {
		t.Errorf("headline %q, want %q and the reason", r.Verdict.Headline, want)
	}
}

func TestPreset(t *testing.T) {
	of := func(tags ...string) *report.Report {
		return analyzed(t, newRun(tags...).traffic(traffic{name: "get_execution", to: 10, perS: 40}), nil)
	}
	r := of(adr("smoke")...)
	if got := len(r.Run.Endpoints[0].Targets); got != 3 {
		t.Errorf("%d targets of the endpoint, want the preset's 3", got)
	}
	wantNote(t, r, "service_level_unused", none) // the preset is for a whole suite
	if r := of(); r.Run.Endpoints[0].Targets != nil || r.Run.ServiceLevels != nil {
		t.Error("the preset is on for another suite")
	}
	file := analyzed(t, newRun(adr("load")...).traffic(traffic{name: "get_execution", to: 10, perS: 40}),
		configured(t, levels("endpoints: {get_execution: p(95)<5}")))
	var sources []string
	for _, x := range file.Run.Endpoints[0].Targets {
		sources = append(sources, x.Source)
	}
	if got := strings.Join(sources, ", "); got != "preset adr-0003, k6report.yaml, preset adr-0003" {
		t.Errorf("targets by %s, want the file over the preset", got)
	}
}

// With a level and no samples of its metric, a summary may tell.
func TestServiceLevelsOfASummary(t *testing.T) {
	m := newRun().said("graph_build_duration", run.Trend, "", true, run.ReportedValue{Name: "p(95)", Value: 7})
	r := analyzed(t, m, configured(t, levels("graph_build: [p(95)<5, p(99)<9]", "timeout_rate: rate<0.05")))
	text := ""
	for _, x := range r.Run.ServiceLevels {
		text += verdictText(x.OK)
	}
	if text != "?✗?" {
		t.Errorf("judged %s, want ?✗?", text)
	}
}

// The threshold that only k6's exit code tells of is one of those that there are.
func TestTheFailedThresholdIsOneOfThem(t *testing.T) {
	m := newRun().traffic(traffic{to: 300, perS: 1})
	m.Define(run.Metric{Name: "http_req_duration", Thresholds: []string{"p(95)<50", "avg<50", "max<50"}})
	m.SetExecution(&run.Execution{ExitCode: exitThresholds})
	r := analyzed(t, m, configured(t, levels("endpoints: {get: [p(95)<1]}")))
	if want := "2 of 4 targets failed, the first: a threshold, as k6's exit code says,"; r.Verdict.Headline != want {
		t.Errorf("%q, want %q", r.Verdict.Headline, want)
	}
}

func TestHeadlines(t *testing.T) {
	requests := func(n int) *maker { return newRun().traffic(traffic{to: float64(n), perS: 1}) }
	limits := func(m *maker, expressions ...string) *maker {
		m.Define(run.Metric{Name: "http_req_duration", Thresholds: expressions})
		return m
	}
	failing := newRun().traffic(traffic{to: 300, perS: 1, failed: 200})
	summary := newRun()
	summary.SetReported(&run.Reported{Metrics: []run.ReportedMetric{}})
	for _, tc := range []struct {
		of     *maker
		status report.Status
		code   int
		want   string
	}{
		{requests(1), report.Passed, 0, "No target was set; 1 request, none failed"},
		{requests(7), report.Passed, 0, "No target was set; 7 requests, none failed"},
		{failing, report.Passed, 0, "No target was set; 300 requests, 0.667 % failed"},
		{summary, report.Passed, 0, "No target was set"},
		{limits(requests(7), "p(95)<50"), report.Passed, 0, "1 threshold met; 7 requests, none failed"},
		{limits(requests(7), "p(95)<50", "avg<50"), report.Passed, 0, "Both thresholds met; 7 requests, none failed"},
		{limits(requests(7), "p(95)<50", "avg<50", "max<50"), report.Passed, 0, "All 3 thresholds met; 7 requests, none failed"},
		{limits(requests(7), "p(95)<50", "count<50"), report.Passed, 0, "1 threshold met; 1 threshold could not be judged; 7 requests, none failed"},
		{limits(requests(7), "p(95<50", "count<50"), report.Passed, 0, "2 thresholds could not be judged; 7 requests, none failed"},
		{limits(requests(7), "p(95)<5"), report.ThresholdFailed, 4, "http_req_duration p(95)<5 failed"},
		{limits(requests(7), "p(95)<5", "avg<5", "max<50"), report.ThresholdFailed, 4, "2 of 3 thresholds failed, the first: http_req_duration avg<5"},
		{newRun(), report.RunInvalid, 0, "No source holds a sample or a summary: k6 made no request, or wrote elsewhere"},
		{requests(50).plan(rate("s", 1, 0, 100)), report.RunInvalid, 0, "The run lasted 49.0 s of 100.0 s planned: it was aborted, or its data are not whole (and 1 more reason)"},
	} {
		r := analyzed(t, tc.of, nil)
		if v := r.Verdict; v.Headline != tc.want || v.Status != tc.status || v.ExitCode != tc.code {
			t.Errorf("%s, %d, %q; want %s, %d, %q", v.Status, v.ExitCode, v.Headline, tc.status, tc.code, tc.want)
		}
	}
}

// All targets are counted, and by kind, as the sections below count them.
func TestTheHeadlineCountsByKind(t *testing.T) {
	of := func(yaml ...string) string {
		m := newRun().traffic(traffic{name: "list", to: 7, perS: 1})
		m.Define(run.Metric{Name: "http_req_duration", Thresholds: []string{"p(95)<50", "avg<50"}})
		return analyzed(t, m, configured(t, levels(yaml...))).Verdict.Headline
	}
	for _, tt := range []struct {
		yaml []string
		want string
	}{
		{[]string{"endpoints:", "  list: [med<100, p(95)<50, p(90)<50]", "timeout_rate: rate<0.05"}, "All 6 targets met (2 thresholds, 3 of endpoints, 1 service level); 7 requests, none failed"},
		{[]string{"timeout_rate: rate<0.05"}, "All 3 targets met (2 thresholds, 1 service level); 7 requests, none failed"},
		{[]string{"endpoints:", "  list: [med<1, p(95)<50]"}, "list p50 under 1 ms failed"},
		{[]string{"endpoints:", "  list: [med<1, p(95)<5]"}, "2 of 4 targets failed, the first: list p50 under 1 ms"},
	} {
		if got := of(tt.yaml...); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// A sentence begins with a capital; a name from the test keeps its case.
func TestHeadlinesOfGates(t *testing.T) {
	gate := report.Gate{Statistic: "p(95)", Baseline: report.Num(100), Candidate: report.Num(112), Change: report.Num(0.12), Unit: report.UnitMS, Verdict: report.GateRegressed}
	for _, tt := range []struct {
		metric, endpoint, statistic, want string
	}{
		{"http_req_duration", "order", "p(95)", "order p95 is 12 % slower than main: 112 ms, was 100 ms"},
		{"http_req_duration", "order", "avg(95)", "order avg of fastest 95 % is 12 % slower than main: 112 ms, was 100 ms"},
		{"http_req_duration", "", "med", "Whole run p50 is 12 % slower than main: 112 ms, was 100 ms"},
		{"http_reqs", "", "rate", "Throughput is 12 % slower than main: 112 ms, was 100 ms"},
		{"latency", "", "avg", "latency avg is 12 % slower than main: 112 ms, was 100 ms"},
	} {
		g := gate
		g.Metric, g.Endpoint, g.Statistic = tt.metric, tt.endpoint, tt.statistic
		c := &report.Comparison{Baseline: report.Baseline{Name: "main"}, Gates: []report.Gate{g}}
		if got := comparedHeadline(report.Regressed, c).sentence(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestFailOnInvalid(t *testing.T) {
	r := Analyze(newRun().Finish(), Options{FailOn: []report.Status{report.RunInvalid}})
	if r.Verdict.ExitCode != report.ExitOtherStatus {
		t.Errorf("exit code %d, want %d", r.Verdict.ExitCode, report.ExitOtherStatus)
	}
}

// Names come from the load test.
func TestHeadlineIsOneLine(t *testing.T) {
	m := newRun()
	name := "a\r\nb\x1b[31m\u2028" + strings.Repeat("x", 500)
	m.Define(run.Metric{Name: name, Type: run.Counter, Thresholds: []string{"count>1"}})
	m.add(name, "", 1, 1)
	h := analyzed(t, m, nil).Verdict.Headline
	if strings.ContainsAny(h, "\r\n\x1b\u2028") || len([]rune(h)) > longestHeadline || !strings.HasPrefix(h, "a b [31m x") {
		t.Errorf("headline %q", h)
	}
}

func TestNotesAreInOrder(t *testing.T) {
	m := newRun().traffic(traffic{to: 10, perS: 20, timeouts: 3, dropped: 7})
	last := 0
	for _, n := range analyzed(t, m, nil).Notes {
		at := map[report.Severity]int{report.Invalid: 1, report.Error: 2, report.Warning: 3, report.Info: 4}[n.Severity]
		if at < last {
			t.Errorf("note %s (%s) comes after a milder one", n.Code, n.Severity)
		}
		last = at
	}
	if last != 4 {
		t.Error("there are no notes of the mildest kind to look at")
	}
}

// What the headline repeats is told by its position, so that nobody has to look
// for the one text in the other.
func TestHeadlineSaysWhichNoteItTells(t *testing.T) {
	m := newRun().traffic(traffic{to: 20, perS: 20, failed: 1})
	m.SetExecution(&run.Execution{ExitCode: 107})
	r := analyzed(t, m, nil)
	if r.Verdict.Status != report.RunInvalid || len(r.Verdict.Told) != 1 {
		t.Fatalf("%+v", r.Verdict)
	}
	if n := r.Notes[r.Verdict.Told[0]]; n.Code != codeK6Failed || !strings.Contains(r.Verdict.Headline, n.Message) {
		t.Errorf("%q is said to tell %+v", r.Verdict.Headline, n)
	}
	r = analyzed(t, newRun().traffic(traffic{to: 20, perS: 20}).plan(rate("s", 20, 0, 20)), nil)
	if len(r.Verdict.Told) > 0 || r.Run.Load.Raised || r.Run.Load.Plan.Changes {
		t.Errorf("a sound run under a constant load: %+v, %+v", r.Verdict, r.Run.Load)
	}
}

// A headline that is cut before it says why the run is invalid doesn't tell it.
func TestACutHeadlineTellsNoNote(t *testing.T) {
	for endpoint, told := range map[string]int{"get": 1, strings.Repeat("get", 50): 0} {
		m := newRun().plan(rate("s", 20, 0, 60)).traffic(traffic{to: 5, perS: 20})
		m.said("http_req_duration{name:"+endpoint+"}", run.Trend, "p(95)<5", false)
		r := analyzed(t, m, nil)
		if v := r.Verdict; v.Status != report.ThresholdFailed || !strings.Contains(v.Headline, " failed; the run is also invalid: ") || len(v.Told) != told {
			t.Errorf("%s, told %v of %d: %s", v.Status, v.Told, told, v.Headline)
		}
	}
}
