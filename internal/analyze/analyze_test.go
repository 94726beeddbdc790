package analyze

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// t0 is when made-up runs start: half a second into a second, so that no block
// or window begins with the schedule.
var t0 = time.Date(2026, 11, 23, 12, 0, 0, 500e6, time.UTC).UnixNano()

// maker makes runs for tests.
type maker struct {
	*run.Builder
	common  []run.Tag // on every sample
	handles map[string]*run.Tags
	of      int // the generation of the handles
}

// newRun starts a run; common are tags such as "level=load" of every sample.
func newRun(common ...string) *maker {
	m := &maker{Builder: run.NewBuilder(run.Options{})}
	for _, c := range common {
		m.common = append(m.common, tag(c))
	}
	for name, kind := range map[string]run.MetricType{
		"http_reqs": run.Counter, "iterations": run.Counter, "dropped_iterations": run.Counter,
		"http_req_failed": run.Rate, "checks": run.Rate, "vus": run.Gauge, "vus_max": run.Gauge,
	} {
		m.Define(run.Metric{Name: name, Type: kind, Contains: "default"})
	}
	for _, p := range protocols {
		m.Define(run.Metric{Name: p.Duration, Type: run.Trend, Contains: "time"})
	}
	m.Define(run.Metric{Name: "iteration_duration", Type: run.Trend, Contains: "time"})
	for _, name := range []string{"data_sent", "data_received"} {
		m.Define(run.Metric{Name: name, Type: run.Counter, Contains: "data"})
	}
	return m
}

func tag(text string) run.Tag {
	name, value, _ := strings.Cut(text, "=")
	return run.Tag{Name: name, Value: value}
}

// tagged is the handle of tags such as "a=b c=d".
func (m *maker) tagged(tags string) *run.Tags {
	if m.handles == nil || m.of != m.Generation() {
		m.handles, m.of = make(map[string]*run.Tags), m.Generation()
	}
	if m.handles[tags] == nil {
		list := slices.Clone(m.common)
		for _, field := range strings.Fields(tags) {
			list = append(list, tag(field))
		}
		h := m.Tags(list)
		if m.of != m.Generation() {
			return h // not to be kept
		}
		m.handles[tags] = h
	}
	return m.handles[tags]
}

// add adds samples at a time in seconds; tags as "a=b c=d".
func (m *maker) add(metric, tags string, at float64, values ...float64) {
	for _, v := range values {
		m.Series(m.Metric(metric), m.tagged(tags)).Add(t0+int64(at*1e9), v)
	}
}

// traffic is iterations of one request each.
type traffic struct {
	protocol string  // empty: http
	from, to float64 // of the starts, in seconds
	perS     float64
	ms       func(at float64) float64 // nil: 10 to 11
	scenario string                   // empty: s
	name     string                   // empty: get
	tags     string                   // of the request, further
	// The first of so many requests fails, runs into a time limit, or drops
	// with its iteration; 0: none does.
	failed, timeouts, dropped int
}

func (m *maker) traffic(t traffic) *maker {
	if t.protocol == "" {
		t.protocol = "http"
	}
	if t.scenario == "" {
		t.scenario = "s"
	}
	if t.name == "" {
		t.name = "get"
	}
	nth := func(i, of int) bool { return of > 0 && i%of == 0 }
	for i, n := 0, int(math.Round((t.to-t.from)*t.perS)); i < n; i++ {
		at := t.from + float64(i)/t.perS
		if nth(i, t.dropped) {
			m.add("dropped_iterations", "scenario="+t.scenario, at, 1)
			continue
		}
		ms := 10 + float64(i%11)/10
		if t.ms != nil {
			ms = t.ms(at)
		}
		m.request(t, at, ms, nth(i, t.failed), nth(i, t.timeouts))
		m.iteration(t.scenario, at, ms)
	}
	return m
}

func (m *maker) request(t traffic, at, ms float64, failed, timeout bool) {
	tags := "scenario=" + t.scenario + " name=" + t.name + " method=GET " + t.tags
	failure := 0.0
	switch {
	case timeout:
		tags, failure = tags+" status=0 error_code=1050 expected_response=false", 1
	case failed:
		tags, failure = tags+" status=503 error_code=1503 expected_response=false", 1
	case t.protocol == "http":
		tags += " status=200 expected_response=true"
	}
	end := at + ms/1000
	for _, p := range protocols {
		if p.Name != t.protocol {
			continue
		}
		m.add(p.Duration, tags, end, ms)
		if p.Counter != p.Duration {
			m.add(p.Counter, tags, end, 1)
		}
		if p.Judged != "" {
			m.add(p.Judged, tags, end, failure)
		}
	}
	if h := m.tagged(tags); !run.IsSetup(h.Set().Value("group")) {
		m.AddRequest(t.protocol, h, &run.Request{
			Start: t0 + int64(at*1e9), Duration: ms, Total: ms, Failed: failure > 0, Timeout: timeout,
		})
	}
}

func (m *maker) iteration(scenario string, at, ms float64) {
	m.add("iterations", "scenario="+scenario, at+ms/1000, 1)
	m.add("iteration_duration", "scenario="+scenario, at+ms/1000, ms)
	m.AddRequest(run.ProtocolIteration, m.tagged("scenario="+scenario), &run.Request{
		Start: t0 + int64(at*1e9), Duration: ms, Total: ms,
	})
}

// plan gives the run a plan.
func (m *maker) plan(scenarios ...run.Scenario) *maker {
	m.SetPlan(&run.Plan{Scenarios: scenarios})
	return m
}

// rate is a scenario of a constant arrival rate.
func rate(name string, perS, from, to float64) run.Scenario {
	return run.Scenario{
		Name: name, Executor: "constant-arrival-rate", Rate: perS, TimeUnit: time.Second,
		Start: secs(from), Duration: secs(to - from), VUs: 5, MaxVUs: 10,
	}
}

// vus is a scenario of a constant number of virtual users.
func vus(name string, n int64, from, to float64) run.Scenario {
	return run.Scenario{Name: name, Executor: "constant-vus", VUs: n, MaxVUs: n, Start: secs(from), Duration: secs(to - from)}
}

func secs(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// ramp is a scenario of a ramping executor; stages are seconds and targets in
// turn.
func ramp(executor string, from float64, stages ...float64) run.Scenario {
	s := run.Scenario{Name: "s", Executor: "ramping-" + executor}
	if executor == "vus" {
		s.VUs = int64(from)
	} else {
		s.Rate, s.TimeUnit = from, time.Second
	}
	for i := 0; i < len(stages); i += 2 {
		s.Stages = append(s.Stages, run.Stage{Duration: secs(stages[i]), Target: stages[i+1]})
		s.Duration += secs(stages[i])
	}
	return s
}

// configured reads a configuration.
func configured(t testing.TB, yaml string) *config.Config {
	t.Helper()
	c, err := config.Parse("k6report.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// analyzed reports on a run, which is checked on the way.
func analyzed(t testing.TB, m *maker, c *config.Config) *report.Report {
	t.Helper()
	return reportOn(t, m.Finish(), c)
}

func reportOn(t testing.TB, r *run.Run, c *config.Config) *report.Report {
	t.Helper()
	if err := r.Check(); err != nil {
		t.Fatalf("the test's run is unsound: %v", err)
	}
	out := Analyze(r, Options{Config: c, Version: "1.0.0", FailOn: report.DefaultFailOn()})
	if err := out.Check(); err != nil {
		t.Fatalf("the report is unsound: %v", err)
	}
	return out
}

func encoded(t testing.TB, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noteOf is the first note of a code, nil when there is none.
func noteOf(r *report.Report, code string) *report.Note {
	for i := range r.Notes {
		if r.Notes[i].Code == code {
			return &r.Notes[i]
		}
	}
	return nil
}

// wantNote fails unless the report has a note of that severity; "" is none.
func wantNote(t testing.TB, r *report.Report, code string, severity report.Severity) {
	t.Helper()
	n := noteOf(r, code)
	switch {
	case severity == "" && n != nil:
		t.Errorf("there is a note %s: %s", code, n.Message)
	case severity != "" && n == nil:
		t.Errorf("there is no note %s", code)
	case severity != "" && n.Severity != severity:
		t.Errorf("note %s is %s, want %s", code, n.Severity, severity)
	}
}

// want fails unless a number exists and is within a relative tolerance.
func want(t testing.TB, what string, got *float64, value, tolerance float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is unknown, want %g", what, value)
	} else if math.Abs(*got-value) > tolerance*math.Abs(value) {
		t.Errorf("%s = %g, want %g", what, *got, value)
	}
}

func wantCount(t testing.TB, what string, got *int64, value int64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is unknown, want %d", what, value)
	} else if *got != value {
		t.Errorf("%s = %d, want %d", what, *got, value)
	}
}
