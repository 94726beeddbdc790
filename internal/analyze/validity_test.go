package analyze

import (
	"strings"
	"testing"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
)

const none = report.Severity("")

// adr are the tags of the suite that has a preset.
func adr(level string) []string { return []string{"suite=adr-0003", "level=" + level} }

func TestDropped(t *testing.T) {
	for _, tc := range []struct {
		level    string
		each     int // one in so many is dropped
		severity report.Severity
	}{
		{"load", 0, none},
		{"load", 201, report.Info},
		{"load", 199, report.Invalid},
		{"breakpoint", 10, report.Info},
	} {
		m := newRun(adr(tc.level)...).traffic(traffic{to: 20, perS: 100, dropped: tc.each}).plan(rate("s", 100, 0, 20))
		wantNote(t, analyzed(t, m, nil), "dropped_iterations", tc.severity)
	}
}

func TestDroppedByScenario(t *testing.T) {
	closed := traffic{scenario: "closed", to: 20, perS: 1000}
	open := traffic{scenario: "open", to: 20, perS: 6.7, dropped: 2} // 67 of 134
	m := newRun().traffic(closed).traffic(open).plan(rate("open", 6.7, 0, 20), vus("closed", 10, 0, 20))
	r := analyzed(t, m, nil)
	wantNote(t, r, "dropped_iterations", report.Invalid)
	if n := noteOf(r, "dropped_iterations"); n.Where != "open" || !strings.Contains(n.Message, "67 iterations, 50 %") {
		t.Errorf("%+v, want it to judge the open scenario", n)
	}
	if r.Verdict.Status != report.RunInvalid {
		t.Errorf("verdict %s", r.Verdict.Status)
	}

	// Without the plan nothing tells which scenarios are open.
	m = newRun().traffic(closed).traffic(open)
	if n := noteOf(analyzed(t, m, nil), "dropped_iterations"); n == nil || n.Where != "" || n.Severity != report.Info {
		t.Errorf("%+v, want a share of all", n)
	}

	limit := run.Scenario{Name: "s", Executor: "shared-iterations", Iterations: 200, VUs: 1, Duration: 20 * time.Second}
	m = newRun().traffic(traffic{to: 20, perS: 10, dropped: 4}).plan(limit)
	if n := noteOf(analyzed(t, m, nil), "dropped_iterations"); n == nil || !strings.Contains(n.Message, "its time was over") {
		t.Errorf("%+v, want the scenario's time to be the reason", n)
	}
}

// k6 counts an iteration at its end, so that a missing one may have started.
func TestMissedLoadBlamesNobodyWithoutReason(t *testing.T) {
	at := func(tr traffic) *maker {
		tr.to, tr.perS = 20, 90
		return newRun().traffic(tr).plan(rate("s", 100, 0, 20))
	}
	interrupted, drained := at(traffic{}), at(traffic{})
	interrupted.SetExecution(&run.Execution{ExitCode: 105})
	drained.add("vus", "", 25, 9)
	for _, tc := range []struct {
		name    string
		of      *maker
		neutral bool
	}{
		{"quick answers to the end", at(traffic{}), false},
		{"dropped iterations", at(traffic{dropped: 50}), true},
		{"failed requests", at(traffic{failed: 50}), true},
		{"time-outs", at(traffic{timeouts: 50}), true},
		{"long iterations", at(traffic{ms: func(float64) float64 { return 1500 }}), true},
		{"k6 was interrupted", interrupted, true},
		{"k6 waited for some at the end", drained, true},
	} {
		n := noteOf(analyzed(t, tc.of, nil), "load_missed")
		if n == nil {
			t.Fatalf("%s: no note", tc.name)
		}
		if got := strings.Contains(n.Message, "k6 started too few, or they did not finish"); got != tc.neutral {
			t.Errorf("%s: %s", tc.name, n.Message)
		}
		if got := strings.Contains(n.Message, "generator did not keep up"); got == tc.neutral {
			t.Errorf("%s: %s", tc.name, n.Message)
		}
	}
}

func TestMissedLoad(t *testing.T) {
	at := func(perS float64) *maker {
		return newRun().traffic(traffic{to: 20, perS: perS, dropped: 50})
	}
	other := vus("other", 1, 0, 20)
	for _, tc := range []struct {
		name     string
		of       *maker
		severity report.Severity
	}{
		{"dropped iterations were offered", at(100).plan(rate("s", 100, 0, 20)), none},
		{"2 % too few", at(98).plan(rate("s", 100, 0, 20)), none},
		{"more than 2 % too few", at(97).plan(rate("s", 100, 0, 20)), report.Invalid},
		{"one iteration of a few", at(0.25).plan(rate("s", 0.3, 0, 20)), none},
		{"a closed model has no target", at(10).plan(vus("s", 5, 0, 20)), none},
		{"the tag was overwritten", at(97).plan(rate("x", 100, 0, 20)), report.Invalid},
		{"the tag was overwritten, target reached", at(100).plan(rate("x", 50, 0, 20), rate("y", 50, 0, 20)), none},
		{"by scenario", at(100).traffic(traffic{scenario: "other", to: 20, perS: 50}).plan(rate("s", 150, 0, 20), other), report.Invalid},
	} {
		r := analyzed(t, tc.of, nil)
		if n := noteOf(r, "load_missed"); (n != nil) != (tc.severity != none) {
			t.Errorf("%s: note %v", tc.name, n)
		}
		wantNote(t, r, "load_missed", tc.severity)
		wantNote(t, r, "plan_unknown", none)
	}
	wantNote(t, analyzed(t, at(97), nil), "plan_unknown", report.Info)
	wantNote(t, analyzed(t, at(97).plan(rate("x", 100, 0, 20), vus("y", 1, 0, 20)), nil), "load_unknown", report.Info)
}

func TestEndedEarly(t *testing.T) {
	for _, tc := range []struct {
		level    string
		to, plan float64
		severity report.Severity
	}{
		{"load", 58.5, 60, none},
		{"load", 57.5, 60, report.Invalid},
		{"load", 590, 600, none}, // within 2 %
		{"load", 580, 600, report.Invalid},
		{"breakpoint", 30, 60, report.Info},
	} {
		m := newRun(adr(tc.level)...).traffic(traffic{to: tc.to, perS: 2}).plan(vus("s", 1, 0, tc.plan))
		wantNote(t, analyzed(t, m, nil), "ended_early", tc.severity)
	}
}

func TestExitCode(t *testing.T) {
	for _, tc := range []struct {
		code     int
		level    string
		severity report.Severity
	}{
		{0, "load", none},
		{99, "load", none},
		{105, "load", report.Invalid},
		{108, "load", report.Invalid},
		{108, "breakpoint", report.Info},
	} {
		m := newRun(adr(tc.level)...).traffic(traffic{to: 5, perS: 20})
		m.SetExecution(&run.Execution{ExitCode: tc.code})
		wantNote(t, analyzed(t, m, nil), "k6_failed", tc.severity)
	}
}

// Whatever else there is to say of a run whose k6 was killed, that it was goes
// first.
func TestAKilledK6IsToldFirst(t *testing.T) {
	killed := func(ms float64) report.Verdict {
		m := newRun(adr("load")...).plan(rate("s", 20, 0, 60))
		m.traffic(traffic{name: "get_execution", to: 5, perS: 10, ms: func(float64) float64 { return ms }})
		m.SetExecution(&run.Execution{ExitCode: -1, Meaning: "k6 was ended by a signal"})
		return analyzed(t, m, nil).Verdict
	}
	if v := killed(10); v.Status != report.RunInvalid || !strings.HasPrefix(v.Headline, "k6 was ended by a signal (and ") {
		t.Errorf("%s: %q", v.Status, v.Headline)
	}
	v := killed(1000)
	if v.Status != report.ThresholdFailed || !strings.HasPrefix(v.Headline, "k6 was ended by a signal; ") || !strings.Contains(v.Headline, "targets failed") {
		t.Errorf("%s: %q", v.Status, v.Headline)
	}
}

func TestErrorBudget(t *testing.T) {
	for _, tc := range []struct {
		tags     []string
		each     int // one in so many fails
		budget   report.Severity
		many     report.Severity
		judgedBy string
	}{
		{adr("load"), 1001, none, none, "error rate under 0.1 %"},
		{adr("load"), 999, report.Invalid, none, "error rate under 0.1 %"},
		{adr("chaos"), 999, report.Invalid, none, "error rate under 0.1 %"},
		{adr("stress"), 110, none, none, "error rate under 1 %"},
		{adr("stress"), 90, report.Invalid, none, "error rate under 1 %"},
		{adr("breakpoint"), 10, none, report.Warning, ""},
		{nil, 110, none, none, ""}, // no preset: no budget
		{nil, 90, none, report.Warning, ""},
	} {
		m := newRun(tc.tags...).traffic(traffic{to: float64(tc.each) / 50, perS: 100, failed: tc.each}) // two fail
		r := analyzed(t, m, nil)
		wantNote(t, r, "error_budget", tc.budget)
		if n := noteOf(r, "error_budget"); n != nil && !strings.Contains(n.Message, ", the budget is "+strings.TrimPrefix(tc.judgedBy, "error rate ")+": ") {
			t.Errorf("the budget of %v: %s", tc.tags, n.Message)
		}
		wantNote(t, r, "many_errors", tc.many)
		got := ""
		for _, level := range r.Run.ServiceLevels {
			if level.Metric == metricErrors {
				got = level.Text
			}
		}
		if got != tc.judgedBy {
			t.Errorf("%v is held against %q, want %q", tc.tags, got, tc.judgedBy)
		}
	}
}

func TestTimeouts(t *testing.T) {
	for _, tc := range []struct {
		level    string
		each     int
		severity report.Severity
	}{
		{"stress", 21, none},
		{"stress", 19, report.Invalid},
		{"breakpoint", 2, report.Info},
	} {
		m := newRun(adr(tc.level)...).traffic(traffic{to: float64(tc.each), perS: 2, timeouts: tc.each})
		r := analyzed(t, m, nil)
		wantNote(t, r, "many_timeouts", tc.severity)
		want(t, "timeout rate", r.Run.Load.TimeoutRate, 1/float64(tc.each), 1e-9)
	}
}

func TestFewRequestsOnAGate(t *testing.T) {
	c := configured(t, "gates: [{metric: http_req_duration, endpoint: get, statistic: p(95)}, {metric: http_req_duration, endpoint: gone, statistic: p(95)}]")
	for _, tc := range []struct{ n, notes int }{{99, 2}, {100, 1}} {
		r := analyzed(t, newRun().traffic(traffic{to: float64(tc.n), perS: 1}), c)
		notes := 0
		for _, n := range r.Notes {
			if n.Code == "few_requests" && n.Severity == report.Warning {
				notes++
			}
		}
		if notes != tc.notes {
			t.Errorf("%d requests: %d notes, want %d", tc.n, notes, tc.notes)
		}
	}
}

func TestCoordinatedOmission(t *testing.T) {
	// Virtual users ask again when they have their answer.
	closed := func(slow float64) *maker {
		m := newRun()
		for at, i := 0.0, 0; at < 60; i++ {
			ms := 20 + float64(i%7)/10
			if at > 35 {
				ms *= slow
			}
			m.request(traffic{protocol: "http", scenario: "s", name: "get"}, at, ms, false, false)
			m.iteration("s", at, ms)
			at += ms / 1000
		}
		return m
	}
	slowAt := func(factor float64) func(float64) float64 {
		return func(at float64) float64 {
			if at > 35 {
				return 20 * factor
			}
			return 20 + float64(int(at*50)%7)/10
		}
	}
	for _, tc := range []struct {
		name     string
		of       *maker
		severity report.Severity
	}{
		{"steady", closed(1).plan(vus("s", 1, 0, 60)), none},
		{"slower", closed(1.5).plan(vus("s", 1, 0, 60)), report.Warning},
		{"faster", closed(0.6).plan(vus("s", 1, 0, 60)), none},
		{"slower, but the load did not fall", newRun().traffic(traffic{to: 60, perS: 50, ms: slowAt(1.5)}).plan(vus("s", 9, 0, 60)), none},
		{"slower under an arrival rate", closed(1.5).plan(rate("s", 30, 0, 60)), none},
		{"slower under a ramp", closed(1.5).plan(ramp("vus", 1, 60, 3)), none},
		{"no plan", closed(1.5), none},
	} {
		r := analyzed(t, tc.of, nil)
		if n := noteOf(r, "coordinated_omission"); (n != nil) != (tc.severity != none) {
			t.Errorf("%s: note %v", tc.name, n)
		}
	}
}

func TestGeneratorBusy(t *testing.T) {
	for _, tc := range []struct {
		cpu      float64
		cores    int
		severity report.Severity
	}{{15.9, 2, none}, {16.1, 2, report.Warning}, {16.1, 0, none}} {
		m := newRun().traffic(traffic{to: 10, perS: 10})
		m.SetExecution(&run.Execution{CPU: tc.cpu, Wall: 10, Cores: tc.cores})
		r := analyzed(t, m, nil)
		wantNote(t, r, "generator_busy", tc.severity)
		if (r.Run.K6.CPU != nil) != (tc.cores > 0) {
			t.Errorf("%d cores: CPU %v", tc.cores, r.Run.K6.CPU)
		}
	}
}

// A clock that was set shows in the record of k6, which tells how long it took, too.
func TestClockSet(t *testing.T) {
	for _, tc := range []struct {
		started, ended string
		wall           float64
		says           string // "" is no note
	}{
		{"2026-11-23T11:45:53.2Z", "2026-11-23T11:46:04.1Z", 10, ""},
		{"2026-11-23T11:45:53.2Z", "2026-11-23T12:46:03.2Z", 10, "went 3600 s ahead while k6 ran: it was set, or the machine slept; "},
		{"2026-11-23T11:45:53.2Z", "2026-11-23T11:45:33.2Z", 10, "went 30 s back while k6 ran: it was set; "},
		{"2026-11-23T11:45:53.2Z", "2026-11-23T11:46:04.3Z", 10, "went 1 s ahead"},
		{"2026-11-23T10:00:00Z", "2026-11-23T18:00:02.8Z", 8 * 3600, ""}, // drifted
		{"2026-11-23T10:00:00Z", "2026-11-23T18:00:03Z", 8 * 3600, "went 3 s ahead"},
		{"2026-11-23T11:45:53.2Z", "2026-11-23T11:45:33.2Z", 0, ""},
		{"", "2026-11-23T11:45:33.2Z", 10, ""},
		{"2026-11-23T11:45:53.2Z", "", 10, ""},
	} {
		m := newRun().traffic(traffic{to: 10, perS: 10})
		m.SetExecution(&run.Execution{Wall: tc.wall, Started: tc.started, Ended: tc.ended})
		said := ""
		for _, n := range analyzed(t, m, nil).Notes {
			if n.Code == "clock_set" {
				said = n.Message
			}
		}
		if (said == "") != (tc.says == "") || !strings.Contains(said, tc.says) {
			t.Errorf("%s to %s in %v s: %q, want %q", tc.started, tc.ended, tc.wall, said, tc.says)
		}
	}
}

func TestSourcesThatDisagree(t *testing.T) {
	value := func(name string, v float64) run.ReportedValue { return run.ReportedValue{Name: name, Value: v} }
	for _, tc := range []struct {
		name     string
		metric   run.ReportedMetric
		severity report.Severity
	}{
		{"equal counts", run.ReportedMetric{Name: "http_reqs", Type: run.Counter, Values: []run.ReportedValue{value("count", 100)}}, none},
		{"a lost sample", run.ReportedMetric{Name: "http_reqs", Type: run.Counter, Values: []run.ReportedValue{value("count", 101)}}, report.Warning},
		{"iterations", run.ReportedMetric{Name: "iterations", Type: run.Counter, Values: []run.ReportedValue{value("count", 99)}}, report.Warning},
		{"equal passes", run.ReportedMetric{Name: "http_req_failed", Type: run.Rate, Values: []run.ReportedValue{value("fails", 100), value("passes", 0)}}, none},
		{"other passes", run.ReportedMetric{Name: "http_req_failed", Type: run.Rate, Values: []run.ReportedValue{value("fails", 99), value("passes", 1)}}, report.Warning},
		{"the same average", run.ReportedMetric{Name: "http_req_duration", Type: run.Trend, Values: []run.ReportedValue{value("avg", 10.495000001)}}, none},
		{"as many requests of another run", run.ReportedMetric{Name: "http_req_duration", Type: run.Trend, Values: []run.ReportedValue{value("avg", 10.496)}}, report.Warning},
		{"other samples of a trend", run.ReportedMetric{Name: "http_req_duration", Type: run.Trend, Values: []run.ReportedValue{value("count", 101)}}, report.Warning},
		{"a submetric is not looked at", run.ReportedMetric{Name: "http_reqs{a:b}", Type: run.Counter, Values: []run.ReportedValue{value("count", 7)}}, none},
	} {
		m := newRun().traffic(traffic{to: 10, perS: 10})
		m.SetReported(&run.Reported{Metrics: []run.ReportedMetric{tc.metric}, Duration: 10 * time.Second})
		r := analyzed(t, m, nil)
		if n := noteOf(r, "sources_disagree"); (n != nil) != (tc.severity != none) {
			t.Errorf("%s: note %v", tc.name, n)
		}
	}
}

func TestExitCodeAndThresholds(t *testing.T) {
	for _, tc := range []struct {
		code   int
		limit  string
		note   report.Severity
		status report.Status
	}{
		{0, "p(95)<100", none, report.Passed},
		{0, "p(95)<1", report.Warning, report.ThresholdFailed},
		{99, "p(95)<1", none, report.ThresholdFailed},
		{99, "p(95)<100", report.Warning, report.ThresholdFailed},
	} {
		m := newRun().traffic(traffic{to: 10, perS: 10})
		m.Define(run.Metric{Name: "http_req_duration", Thresholds: []string{tc.limit}})
		m.SetExecution(&run.Execution{ExitCode: tc.code})
		r := analyzed(t, m, nil)
		wantNote(t, r, "threshold_disagrees", tc.note)
		if r.Verdict.Status != tc.status {
			t.Errorf("exit code %d, %s: %s, want %s", tc.code, tc.limit, r.Verdict.Status, tc.status)
		}
	}
}

// The breakpoint level goes on until something fails.
func TestBreakpoint(t *testing.T) {
	m := newRun(adr("breakpoint")...).
		traffic(traffic{name: "execute_workflow", to: 20, perS: 50, timeouts: 5, dropped: 4}).
		plan(ramp("arrival-rate", 0, 60, 600))
	m.Define(run.Metric{Name: "http_req_failed", Thresholds: []string{"rate<0.1"}})
	m.SetExecution(&run.Execution{ExitCode: 99})
	r := analyzed(t, m, nil)
	if r.Verdict.Status != report.Passed || r.Verdict.ExitCode != 0 || len(r.Verdict.Also) > 0 {
		t.Errorf("verdict %+v, want it passed", r.Verdict)
	}
	if !r.Run.Load.Raised || !r.Run.Load.Plan.Changes {
		t.Errorf("a load that was raised until targets failed: %+v", r.Run.Load)
	}
	if want := "At no level of load was every target met, the lowest being 37.5/s; throughput stopped following the load at 112.5/s (37.4 requests/s completed); the load was raised until 2 of 5 targets failed; 750 requests, 20 % failed"; r.Verdict.Headline != want {
		t.Errorf("headline %q, want %q", r.Verdict.Headline, want)
	}
	for _, n := range r.Notes {
		if n.Severity == report.Invalid {
			t.Errorf("note %s makes it invalid", n.Code)
		}
	}
}

func TestProblemsBecomeNotes(t *testing.T) {
	m := newRun().traffic(traffic{to: 5, perS: 10})
	m.Problem(run.Problem{Code: "bad_line", Source: "run.json", Line: 7, Message: "it is not JSON", Count: 3})
	m.Problem(run.Problem{Code: "urls_grouped", Message: "grouped", Count: 1})
	m.Problem(run.Problem{Code: "time_gap", Message: "nothing for long", Count: 1})
	m.Source(run.Source{Name: "run.json", Samples: 50})
	m.Source(run.Source{Name: "summary.json"})
	r := analyzed(t, m, nil)
	if n := noteOf(r, "time_gap"); n == nil || n.Where != "run.json" {
		t.Errorf("%+v", n)
	}
	wantNote(t, r, "urls_grouped", report.Info)
	wantNote(t, r, "bad_line", report.Warning)
	if n := noteOf(r, "bad_line"); n.Where != "run.json:7" || n.Message != "it is not JSON (3 times)" {
		t.Errorf("%+v", n)
	}
}

// A script that throws in every iteration measures nothing; one that measures
// with metrics of its own needs no requests.
func TestNothingMeasured(t *testing.T) {
	m := newRun()
	for i := range 20 {
		m.add("iterations", "scenario=s", float64(i), 1)
		m.add("iteration_duration", "scenario=s", float64(i), 0.5)
	}
	r := analyzed(t, m, nil)
	wantNote(t, r, "nothing_measured", report.Invalid)
	if r.Verdict.Status != report.RunInvalid {
		t.Errorf("verdict %s", r.Verdict.Status)
	}
	m = newRun()
	m.add("iterations", "scenario=s", 1, 1)
	m.add("sql_query_ms", "scenario=s", 1, 3)
	wantNote(t, analyzed(t, m, nil), "nothing_measured", none)
}

func TestMostRequestsFailed(t *testing.T) {
	for each, severity := range map[int]report.Severity{3: report.Warning, 1: report.Invalid} {
		wantNote(t, analyzed(t, newRun().traffic(traffic{to: 20, perS: 20, failed: each}), nil), "many_errors", severity)
	}
}
