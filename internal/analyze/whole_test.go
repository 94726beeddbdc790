package analyze

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"k6report/internal/ingest"
	"k6report/internal/report"
	"k6report/internal/run"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

// realRun is the run of k6 that package ingest is tested with.
func realRun(t testing.TB, names ...string) *run.Run {
	t.Helper()
	var sources []ingest.Source
	for _, name := range names {
		f, err := os.Open(filepath.Join("..", "ingest", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		sources = append(sources, ingest.Source{Name: name, Reader: f})
	}
	r, err := ingest.Read(context.Background(), sources, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReportOfARealRun(t *testing.T) {
	for name, sources := range map[string][]string{
		"whole":   {"k6.json.gz", "plan.json", "summary.json"},
		"samples": {"k6.json.gz"},
		"summary": {"summary.json"},
	} {
		t.Run(name, func(t *testing.T) {
			got := encoded(t, reportOn(t, realRun(t, sources...), nil))
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("not as in %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// A summary knows of no set-up, endpoint or course over time, and what it does
// not tell is not shown as 0.
func TestSummaryAlone(t *testing.T) {
	r := reportOn(t, realRun(t, "summary.json"), nil)
	l := r.Run.Load
	wantCount(t, "requests", l.Requests, 2507)
	wantCount(t, "iterations", l.Iterations, 1253)
	wantCount(t, "dropped", l.DroppedIterations, 0)
	if l.Plan != nil || l.OfferedPerS != nil || l.TimeoutRate != nil || l.Steady != nil || !r.Run.Started.IsZero() || r.Run.Windows != nil {
		t.Errorf("what a summary does not tell is shown: %+v", l)
	}
	if len(r.Run.Endpoints) != 0 || len(r.Charts) != 0 || len(r.Run.Errors) != 0 {
		t.Error("tables and charts of what nobody knows")
	}
	if len(r.Run.Thresholds) == 0 || len(r.Run.Checks) != 2 {
		t.Errorf("%d thresholds, %d checks", len(r.Run.Thresholds), len(r.Run.Checks))
	}
	if v, ok := metricOf(t, r, "http_req_tls_handshaking").Get("avg"); !ok || v != 0 {
		t.Error("a time that was always 0 is shown as if it had no samples")
	}
	wantNote(t, r, "summary_only", report.Warning)
	wantNote(t, r, "rates_by_span", none)
}

// TestAnyRun holds the report of any run to what every renderer relies on.
func TestAnyRun(t *testing.T) {
	const seed = 20261123
	t.Logf("seed %d", seed)
	for i := range 60 {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		r := anyRun(rng)
		if err := r.Check(); err != nil {
			t.Fatalf("run %d is unsound: %v", i, err)
		}
		c := configured(t, []string{
			"", "preset: adr-0003", "dimensions: [a, b]\nexclude: {groups: ['::g'], warm_up: 3s}",
			levels("endpoints: {get: [p(95)<5, rate<0.1]}", "error_rate: rate<0.1", "overhead: avg<1"),
		}[rng.IntN(4)])
		out := Analyze(r, Options{Config: c, FailOn: report.DefaultFailOn()})
		if err := out.Check(); err != nil {
			t.Fatalf("report %d is unsound: %v", i, err)
		}
		first := encoded(t, out)
		if again := encoded(t, Analyze(r, Options{Config: c, FailOn: report.DefaultFailOn()})); !bytes.Equal(first, again) {
			t.Fatalf("report %d differs when made again:\n%s", i, cmp.Diff(string(first), string(again)))
		}
		back, err := report.Decode(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("report %d is not readable: %v", i, err)
		}
		if again := encoded(t, back); !bytes.Equal(first, again) {
			t.Fatalf("report %d changes when read and written", i)
		}
		if out.Verdict.Headline == "" || out.Verdict.Headline != sentence(out.Verdict.Headline) {
			t.Fatalf("report %d has the headline %q", i, out.Verdict.Headline)
		}
	}
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// anyRun is a run of random samples, plan and summary, not all of them likely.
func anyRun(rng *rand.Rand) *run.Run {
	m := newRun()
	if rng.IntN(3) == 0 {
		m = newRun(adr(pick(rng, "load", "stress", "breakpoint"))...)
	}
	m.Define(run.Metric{Name: "tt", Type: pick(rng, run.Unknown, run.Trend, run.Gauge, run.Rate, run.Counter), Thresholds: []string{anyExpression(rng)}})
	metrics := []string{
		"http_reqs", "http_req_duration", "http_req_failed", "iterations", "iteration_duration", "dropped_iterations",
		"vus", "vus_max", "checks", "data_sent", "grpc_req_duration", "ws_connecting", "browser_http_req_failed", "tt", "untold",
	}
	span := pick(rng, 0, 0.1, 30, 400, 1e6)
	for range pick(rng, 0, 1, 5, 200) {
		m.add(pick(rng, metrics...), anyTags(rng), rng.Float64()*span-span/10, anyValue(rng))
	}
	for range rng.IntN(3) {
		from := rng.Float64() * min(span, 50)
		m.traffic(traffic{
			protocol: pick(rng, "http", "grpc", "websocket", "browser"), from: from, to: from + rng.Float64()*min(span, 60), perS: 1 + 9*rng.Float64(),
			name: pick(rng, "get", "list"), scenario: pick(rng, "s", "x"), tags: anyTags(rng), failed: rng.IntN(5), dropped: rng.IntN(20), timeouts: rng.IntN(9),
			ms: func(float64) float64 { return min(math.Abs(anyValue(rng)), 1e9) },
		})
	}
	if rng.IntN(2) == 0 {
		m.plan(
			pick(rng, rate("s", 10*rng.Float64(), 0, span), vus("s", 3, 1, span), ramp("arrival-rate", 1, span/2, 9, span/2, 0), ramp("vus", 0, span, 3)),
			pick(rng, rate("x", 0, 0, 0), vus("x", 0, 0, 5), run.Scenario{Name: "x", Executor: "shared-iterations"}, run.Scenario{Name: "x"}),
		)
	}
	if rng.IntN(3) == 0 {
		m.SetReported(anySummary(rng, metrics))
	}
	if rng.IntN(4) == 0 {
		m.SetExecution(&run.Execution{ExitCode: pick(rng, 0, 99, 108, -1), CPU: rng.Float64() * 9, Wall: 3 * rng.Float64(), Cores: rng.IntN(3)})
	}
	return m.Finish()
}

func anySummary(rng *rand.Rand, metrics []string) *run.Reported {
	out := &run.Reported{Duration: time.Duration(rng.IntN(3)) * 10 * time.Second}
	for _, name := range metrics {
		if rng.IntN(2) == 0 {
			continue
		}
		of := run.ReportedMetric{Name: name, Type: run.MetricType(rng.IntN(5))}
		for _, value := range []string{"avg", "count", "fails", "p(95)", "passes", "rate", "value"} {
			if rng.IntN(2) == 0 {
				of.Values = append(of.Values, run.ReportedValue{Name: value, Value: math.Abs(anyValue(rng))})
			}
		}
		if name == "http_req_failed" { // a share to every k6
			of.Values = []run.ReportedValue{{Name: "value", Value: rng.Float64()}}
		}
		if rng.IntN(2) == 0 {
			of.Thresholds = []run.ReportedThreshold{{Expression: anyExpression(rng), OK: rng.IntN(2) == 0}}
		}
		out.Metrics = append(out.Metrics, of)
	}
	return out
}

func anyValue(rng *rand.Rand) float64 {
	return pick(rng, 0, 1, -1, rng.Float64()*100, rng.NormFloat64(), 1e-300, math.MaxFloat64, -math.MaxFloat64, 1<<40, 1e12)
}

func anyExpression(rng *rand.Rand) string {
	return pick(rng, "p(95)", "avg", "med", "max", "count", "rate", "value", "nonsense") + pick(rng, "<", ">=", "==") + pick(rng, "0", "1", "12.5", "1e300")
}

func anyTags(rng *rand.Rand) string {
	tags := ""
	for _, name := range []string{"name", "scenario", "group", "persona", "tenant", "status", "check", "a", "expected_response", "instance"} {
		if rng.IntN(3) == 0 {
			tags += name + "=" + pick(rng, "get", "s", "::setup", "::g", "503", "\xff", fmt.Sprint(rng.IntN(100))) + " "
		}
	}
	return tags
}
