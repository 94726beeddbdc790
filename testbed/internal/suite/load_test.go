package suite

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k6report/testbed/internal/needs"
)

// run is a level at a size for a machine that others use, too: 5 s long, by
// about 20 to 60 requests a second.
type run struct {
	level     string
	rateScale string
	endpoints []string
	metrics   []string // beyond those of every level
	loosely   bool     // a busy machine may come to its end here
}

// mixed are the endpoints of execution-stress.js.
func mixed() []string {
	return []string{"execute_workflow", "get_execution", "get_trace", "health_check", "list_executions", "list_workflows"}
}

func runs() []run {
	return []run{
		{level: "baseline", rateScale: "0.2", endpoints: mixed()},
		{level: "load", rateScale: "0.1", endpoints: mixed()},
		{level: "stress", rateScale: "0.05", endpoints: mixed()},
		{level: "spike", rateScale: "0.01", endpoints: mixed()},
		{
			level: "chaos", rateScale: "0.05",
			endpoints: []string{
				"execute_workflow", "get_execution", "get_trace", "get_versions", "get_workflow", "health_check",
				"hub_negotiate", "list_executions", "list_tasks", "list_workflows", "test_execute", "test_workflow",
				"validate_input",
			},
			metrics: []string{
				"ws_broadcast_delay_ms", "ws_dropped_messages", "ws_connecting", "ws_session_duration", "ws_sessions",
				"ws_msgs_received", "ws_msgs_sent",
			},
		},
		{level: "db", rateScale: "0.05", endpoints: mixed()},
		{level: "soak", rateScale: "0.1", endpoints: mixed()},
		{level: "ultimate", rateScale: "0.006", endpoints: mixed()},
		{level: "breakpoint", rateScale: "0.008", endpoints: mixed(), loosely: true},
	}
}

// adrMetrics are those that the load testing decision names.
func adrMetrics() []string {
	return []string{
		"workflow_execution_duration", "graph_build_duration", "orchestration_overhead_percent",
		"db_write_latency_ms", "db_read_latency_ms", "db_trace_query_latency_ms",
	}
}

// vocabulary lists the metrics that every level has samples of. The second
// list may be there, too.
func vocabulary() (always, perhaps []string) {
	always = append(adrMetrics(),
		// The engine's other times.
		"engine_queue_wait_ms", "db_pool_wait_ms", "db_commit_latency_ms", "template_resolve_ms", "http_pool_wait_ms",
		"http_call_ms", "ws_publish_ms", "serialize_ms", "workflow_server_ms",
		// Its gauges.
		"engine_db_pool_size", "engine_db_pool_in_use", "engine_executions_limit", "engine_executions_running",
		"engine_goroutines", "engine_heap_after_gc_bytes", "engine_gc_share", "engine_sched_latency_ms",
		"engine_http_conns", "engine_http_reuse_share", "engine_hub_connections", "engine_hub_dropped",
		"request_timeout_rate", "orchestration_overhead_micros",
		// k6's own.
		"checks", "data_received", "data_sent", "http_req_blocked", "http_req_connecting", "http_req_duration",
		"http_req_failed", "http_req_receiving", "http_req_sending", "http_req_tls_handshaking", "http_req_waiting",
		"http_reqs", "iteration_duration", "iterations", "vus", "vus_max",
	)
	perhaps = []string{
		"http_dns_ms", "http_connect_ms", // where the engine makes a connection
		"dropped_iterations", // on a busy machine
	}
	return always, perhaps
}

// tags lists those that samples may have: k6's, and the suite's.
func tags() []string {
	return []string{
		"check", "error", "error_code", "expected_response", "group", "method", "name", "proto", "scenario", "service",
		"status", "subproto", "tls_version", "url",
		"endpoint", "level", "persona", "rate_scale", "suite", "tenant", "time_scale",
	}
}

// One engine serves all levels, one after the other, as it would in use.
func TestEveryLevel(t *testing.T) {
	k6Binary(t) // before building anything
	e := startEngine(t)
	for _, r := range runs() {
		t.Run(r.level, func(t *testing.T) { r.goesWell(t, e) })
	}
}

// The levels that are about the database, on the one that production has.
func TestLevelsOnPostgreSQL(t *testing.T) {
	k6Binary(t)
	cluster, err := StartCluster(t.Context(), "../../scripts/postgres.sh")
	switch {
	case errors.Is(err, ErrNotInstalled):
		needs.LeaveOut(t, "%v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	e := startEngine(t, "--db", cluster.URL)
	for _, r := range runs() {
		if slices.Contains([]string{"stress", "chaos", "db"}, r.level) {
			t.Run(r.level, func(t *testing.T) { r.goesWell(t, e) })
		}
	}
}

// goesWell runs the level and holds what it measured against all that a level
// promises.
func (r run) goesWell(t *testing.T, e *Engine) {
	t.Helper()
	all := levels()
	l := all[slices.IndexFunc(all, func(l level) bool { return l.name == r.level })]
	result, s := runScript(t, l.script, l.env(map[string]string{
		"BASE_URL": e.URL, "RATE_SCALE": r.rateScale, "TIME_SCALE": "0.001",
	}))
	s.joins(t)
	s.everyDeclaredMetricHasData(t)
	s.speaksTheVocabulary(t, r)
	s.isTagged(t, l, r)
	hasPercentiles(t, result.Summary)
	if got := s.endpoints(); !slices.Equal(got, r.endpoints) {
		t.Errorf("endpoints %v, want %v", got, r.endpoints)
	}
	if !r.loosely {
		s.allWentWell(t)
	}
}

func (s *samples) speaksTheVocabulary(t *testing.T, r run) {
	t.Helper()
	always, perhaps := vocabulary()
	always = append(always, r.metrics...)
	for _, metric := range always {
		if len(s.points[metric]) == 0 {
			t.Errorf("%s has no samples", metric)
		}
	}
	for _, metric := range slices.Sorted(maps.Keys(s.points)) {
		if !slices.Contains(always, metric) && !slices.Contains(perhaps, metric) {
			t.Errorf("%s is not in the suite's vocabulary", metric)
		}
	}
}

// isTagged holds every sample to the run's tags, and those of the load itself
// to a persona and a tenant, each of which must occur.
func (s *samples) isTagged(t *testing.T, l level, r run) {
	t.Helper()
	known := tags()
	ofRun := map[string]string{"suite": "adr-0003", "level": l.name, "rate_scale": r.rateScale, "time_scale": "0.001"}
	personas, tenants := map[string]bool{}, map[string]bool{}
	for metric, points := range s.points {
		for _, p := range points {
			for tag := range p.Tags {
				if !slices.Contains(known, tag) {
					t.Fatalf("%s has the tag %s", metric, tag)
				}
			}
			for tag, want := range ofRun {
				if p.Tags[tag] != want {
					t.Fatalf("%s: tag %s is %q, want %q", metric, tag, p.Tags[tag], want)
				}
			}
			if p.Tags["scenario"] == "" || metric == "dropped_iterations" { // nobody's, or not begun
				continue
			}
			if want := l.load[p.Tags["scenario"]].persona; p.Tags["persona"] != want || p.Tags["tenant"] == "" {
				t.Fatalf("%s of scenario %s has tags %v, want persona %s and a tenant", metric, p.Tags["scenario"], p.Tags, want)
			}
			personas[p.Tags["persona"]], tenants[p.Tags["tenant"]] = true, true
		}
	}
	for name, load := range l.load {
		if !personas[load.persona] {
			t.Errorf("persona %s of scenario %s did nothing", load.persona, name)
		}
	}
	if len(tenants) != 3 {
		t.Errorf("tenants %v, want 3", tenants)
	}
}

// allWentWell: at this size, nothing fails on any machine.
func (s *samples) allWentWell(t *testing.T) {
	t.Helper()
	for _, p := range s.points["checks"] {
		if p.Value != 1 {
			t.Errorf("check %q failed", p.Tags["check"])
		}
	}
	for _, p := range s.points["http_req_failed"] {
		if p.Value != 0 {
			t.Errorf("%s failed with %s %s", p.Tags["name"], p.Tags["status"], p.Tags["error"])
		}
	}
	for _, p := range s.points["ws_dropped_messages"] {
		if p.Value != 0 {
			t.Errorf("%v events of the hub were lost", p.Value)
		}
	}
}

// breaking stands before an engine and lets it fall ill after some executions:
// from then on they answer too late.
func breaking(t *testing.T, engine string) string {
	t.Helper()
	target, err := url.Parse(engine)
	if err != nil {
		t.Fatal(err)
	}
	const healthy, late = 20, 700 * time.Millisecond
	var executions atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && executions.Add(1) > healthy {
			select {
			case <-time.After(late):
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestBreakpointEndsWhenTheSystemBreaks(t *testing.T) {
	k6 := k6Binary(t)
	e := startEngine(t)
	var log bytes.Buffer
	result, err := Run{
		K6: k6, Script: filepath.Join(scenarios, "execution-stress.js"), OS: os.Environ(), Dir: t.TempDir(), Log: &log,
		Env: map[string]string{"BASE_URL": breaking(t, e.URL), "TEST_MODE": "breakpoint", "RATE_SCALE": "0.05", "TIME_SCALE": "0.01"},
	}.Do(t.Context())
	if err != nil || result.ExitCode != ExitThresholds {
		t.Fatalf("exit %d, want %d, %v:\n%s", result.ExitCode, ExitThresholds, err, &log)
	}
	iterations := readSamples(t, result.Samples).points["iterations"]
	// It breaks after 20 executions, in the second second; a machine may take its
	// time to see that, but not until the plan is over.
	const planned = 16500 * time.Millisecond
	if took := iterations[len(iterations)-1].Time.Sub(iterations[0].Time); took > planned*3/4 {
		t.Errorf("the run went on for %v of %v", took, planned)
	}
	if !strings.Contains(log.String(), "http_req_duration{name:execute_workflow}") {
		t.Errorf("k6 does not say what broke:\n%s", &log)
	}
}

func TestSafeChaosOnlyReads(t *testing.T) {
	k6Binary(t)
	e := startEngine(t)
	_, s := runScript(t, "production-chaos.js", map[string]string{
		"BASE_URL": e.URL, "SAFE": "1", "RATE_SCALE": "0.05", "TIME_SCALE": "0.001",
	})
	for _, p := range s.points["http_reqs"] {
		if p.Tags["method"] != "GET" {
			t.Fatalf("SAFE=1 sent %s %s", p.Tags["method"], p.Tags["name"])
		}
	}
	if n := len(s.points["ws_connecting"]); n > 0 {
		t.Errorf("SAFE=1 made %d connections to the hub", n)
	}
	s.allWentWell(t)
}
