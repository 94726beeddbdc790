package suite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/testbed/internal/needs"
)

const scenarios = "../../../scenarios"

// endToEnd leaves a test that runs whole programs to the long round.
func endToEnd(t *testing.T) {
	t.Helper()
	needs.Time(t, "end to end")
}

// k6Binary finds the pinned k6. Where everything is required, its absence is a
// failure.
func k6Binary(t *testing.T) string {
	t.Helper()
	endToEnd(t)
	if path := os.Getenv("K6REPORT_K6"); path != "" {
		return path
	}
	if path, err := filepath.Abs("../../../.tools/bin/k6"); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	if path, err := exec.LookPath("k6"); err == nil {
		return path
	}
	needs.LeaveOut(t, "k6 is not installed; make tools installs it")
	return ""
}

func startEngine(t *testing.T, flags ...string) *Engine {
	t.Helper()
	// In one place for all tests: go links it again only when it has changed.
	binary, err := filepath.Abs("../../../.cache/test/engine")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(binary), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, "../../cmd/engine").CombinedOutput(); err != nil {
		t.Fatalf("build the engine: %v\n%s", err, out)
	}
	var log bytes.Buffer
	// The test's context ends before the clean-up, which stops it in order.
	e, err := StartEngine(context.WithoutCancel(t.Context()), binary, &log, flags...)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Errorf("%v\n%s", err, &log)
		}
	})
	return e
}

func runScript(t *testing.T, script string, env map[string]string) (Result, *samples) {
	t.Helper()
	var log bytes.Buffer
	result, err := Run{
		K6: k6Binary(t), Script: filepath.Join(scenarios, script), Env: env, OS: os.Environ(),
		Dir: t.TempDir(), Log: &log,
	}.Do(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	// Thresholds are about a machine's speed, which a test can't promise.
	if result.ExitCode != ExitOK && result.ExitCode != ExitThresholds {
		t.Fatalf("k6 exited with %d:\n%s", result.ExitCode, &log)
	}
	return result, readSamples(t, result.Samples)
}

// samples is what k6 wrote, by metric.
type samples struct {
	declared map[string]declaration
	points   map[string][]point
}

type declaration struct {
	Type       string            `json:"type"`
	Thresholds []json.RawMessage `json:"thresholds"` // strings, or objects that say when to abort
	Submetrics []struct {
		Name string `json:"name"`
	} `json:"submetrics"`
}

type point struct {
	Time     time.Time         `json:"time"`
	Value    float64           `json:"value"`
	Tags     map[string]string `json:"tags"`
	Metadata map[string]string `json:"metadata"`
}

func readSamples(t *testing.T, path string) *samples {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &samples{declared: map[string]declaration{}, points: map[string][]point{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var line struct {
			Type, Metric string
			Data         json.RawMessage
		}
		var d declaration
		var p point
		err := json.Unmarshal(lines.Bytes(), &line)
		if err == nil && line.Type == "Metric" {
			err = json.Unmarshal(line.Data, &d)
			s.declared[line.Metric] = d
		} else if err == nil {
			err = json.Unmarshal(line.Data, &p)
			s.points[line.Metric] = append(s.points[line.Metric], p)
		}
		if err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// joins holds each request to having one id, and exactly one set of server
// times under it whose parts are at most the total, itself at most what the
// client saw.
func (s *samples) joins(t *testing.T) {
	t.Helper()
	type request struct {
		endpoint        string
		duration, total float64
		parts           float64
	}
	requests := map[string]*request{}
	for _, p := range s.points["http_req_duration"] {
		rid := p.Metadata["rid"]
		if rid == "" || requests[rid] != nil {
			t.Fatalf("request of %s has rid %q: missing or used before", p.Tags["name"], rid)
		}
		requests[rid] = &request{endpoint: p.Tags["name"], duration: p.Value}
	}
	for _, p := range s.points["workflow_server_ms"] {
		r := requests[p.Metadata["rid"]]
		if r == nil || r.total != 0 || r.endpoint != p.Tags["endpoint"] {
			t.Fatalf("server times %+v belong to request %+v", p, r)
		}
		r.total = p.Value
	}
	for _, metric := range []string{
		"engine_queue_wait_ms", "db_pool_wait_ms", "db_write_latency_ms", "db_commit_latency_ms", "db_read_latency_ms",
		"db_trace_query_latency_ms", "graph_build_duration", "template_resolve_ms", "serialize_ms",
		"http_pool_wait_ms", "http_call_ms", "ws_publish_ms",
	} {
		if len(s.points[metric]) == 0 {
			t.Errorf("%s has no samples", metric)
		}
		for _, p := range s.points[metric] {
			requests[p.Metadata["rid"]].parts += p.Value
		}
	}
	for _, metric := range []string{"http_dns_ms", "http_connect_ms"} { // only where a connection was made
		for _, p := range s.points[metric] {
			requests[p.Metadata["rid"]].parts += p.Value
		}
	}
	for rid, r := range requests {
		if r.total == 0 || r.parts > r.total+1e-6 || r.total > r.duration+0.1 {
			t.Errorf("request %s of %s: parts %v, server %v, client %v ms", rid, r.endpoint, r.parts, r.total, r.duration)
		}
	}
}

// endpoints lists the name tags of requests outside of set-up, sorted.
func (s *samples) endpoints() []string {
	var names []string
	for _, p := range s.points["http_reqs"] {
		if !strings.HasPrefix(p.Tags["group"], "::setup") && !strings.HasPrefix(p.Tags["group"], "::teardown") {
			names = append(names, p.Tags["name"])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestSmoke(t *testing.T) {
	k6Binary(t) // before building anything
	e := startEngine(t)
	result, s := runScript(t, "smoke-test.js", map[string]string{"BASE_URL": e.URL, "TIME_SCALE": "0.05"})
	s.joins(t)

	want := []string{
		"execute_workflow", "get_execution", "get_trace", "get_versions", "get_workflow", "health_check",
		"list_executions", "list_tasks", "list_workflows", "test_workflow",
	}
	if got := s.endpoints(); !slices.Equal(got, want) {
		t.Errorf("endpoints %v, want %v", got, want)
	}
	for _, p := range s.points["checks"] {
		if p.Value != 1 {
			t.Errorf("check %q failed", p.Tags["check"])
		}
	}
	tenants := map[string]bool{}
	for _, p := range s.points["http_reqs"] {
		for tag, want := range map[string]string{"suite": "adr-0003", "level": "smoke", "rate_scale": "1", "time_scale": "0.05"} {
			if p.Tags[tag] != want {
				t.Fatalf("tag %s is %q, want %q", tag, p.Tags[tag], want)
			}
		}
		if strings.HasPrefix(p.Tags["group"], "::") {
			continue
		}
		if p.Tags["persona"] != "smoke" || p.Tags["tenant"] == "" || p.Tags["scenario"] != "smoke" {
			t.Fatalf("tags %v lack a persona, a tenant or k6's own scenario", p.Tags)
		}
		tenants[p.Tags["tenant"]] = true
	}
	if len(tenants) != 3 {
		t.Errorf("tenants %v, want 3", tenants)
	}
	s.everyDeclaredMetricHasData(t)
	hasPercentiles(t, result.Summary)
}

// everyDeclaredMetricHasData also covers submetrics: an empty one passes its
// thresholds in silence.
func (s *samples) everyDeclaredMetricHasData(t *testing.T) {
	t.Helper()
	for metric, d := range s.declared {
		if len(s.points[metric]) == 0 {
			t.Errorf("%s is declared and has no samples", metric)
		}
		for _, sub := range d.Submetrics {
			selector := strings.TrimSuffix(strings.TrimPrefix(sub.Name, metric+"{"), "}")
			tag, value, _ := strings.Cut(selector, ":")
			if !slices.ContainsFunc(s.points[metric], func(p point) bool { return p.Tags[tag] == value }) {
				t.Errorf("%s has no samples", sub.Name)
			}
		}
	}
	for _, metric := range append(adrMetrics(), "request_timeout_rate",
		"engine_goroutines", "engine_db_pool_in_use", "engine_heap_after_gc_bytes", "engine_sched_latency_ms",
	) {
		if len(s.points[metric]) == 0 {
			t.Errorf("%s has no samples", metric)
		}
	}
}

func hasPercentiles(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var summary struct {
		Metrics map[string]map[string]any `json:"metrics"`
	}
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	for _, metric := range []string{"http_req_duration", "http_req_duration{name:get_trace}", "db_write_latency_ms"} {
		for _, stat := range []string{"count", "med", "p(95)", "p(99)"} {
			if value, ok := summary.Metrics[metric][stat].(float64); !ok || value <= 0 {
				t.Errorf("summary of %s has %s = %v", metric, stat, summary.Metrics[metric][stat])
			}
		}
	}
}

func TestSmokeAtARate(t *testing.T) {
	k6Binary(t)
	e := startEngine(t)
	_, s := runScript(t, "smoke-test.js", map[string]string{
		"BASE_URL": e.URL, "TEST_MODE": "rate", "RATE": "30", "DURATION": "4s",
	})
	s.joins(t)
	n := 0
	for _, p := range s.points["http_reqs"] {
		if !strings.HasPrefix(p.Tags["group"], "::") {
			n++
		}
	}
	n += len(s.points["dropped_iterations"])
	// What was due when the machine stalled at the very end is not made up for.
	if n < 105 || n > 122 {
		t.Errorf("%d requests in 4 s at 30/s, want 120", n)
	}
	s.tenantsAreAlike(t)
}

// tenantsAreAlike holds the tenants to equal shares, and each endpoint to all
// tenants: one that always asked for the same would seem to be treated unlike
// the others.
func (s *samples) tenantsAreAlike(t *testing.T) {
	t.Helper()
	shares, asks, all := map[string]int{}, map[string]map[string]bool{}, 0
	for _, p := range s.points["http_reqs"] {
		if strings.HasPrefix(p.Tags["group"], "::") {
			continue
		}
		tenant, endpoint := p.Tags["tenant"], p.Tags["name"]
		shares[tenant]++
		all++
		if asks[endpoint] == nil {
			asks[endpoint] = map[string]bool{}
		}
		asks[endpoint][tenant] = true
	}
	if len(shares) != 3 {
		t.Errorf("tenants %v, want 3", shares)
	}
	for tenant, n := range shares {
		if share := 3 * float64(n) / float64(all); share < 0.87 || share > 1.13 {
			t.Errorf("%d requests for %s of %d for three tenants", n, tenant, all)
		}
	}
	for endpoint, tenants := range asks {
		if len(tenants) < 2 {
			t.Errorf("%s is asked by %v only", endpoint, tenants)
		}
	}
}

func TestSafeOnlyReads(t *testing.T) {
	k6Binary(t)
	e := startEngine(t)
	_, s := runScript(t, "smoke-test.js", map[string]string{"BASE_URL": e.URL, "SAFE": "1", "TIME_SCALE": "0.01"})
	for _, p := range s.points["http_reqs"] {
		if p.Tags["method"] != "GET" {
			t.Fatalf("SAFE=1 sent %s %s", p.Tags["method"], p.Tags["name"])
		}
	}
	for metric, d := range s.declared {
		if len(s.points[metric]) == 0 && len(d.Thresholds) > 0 {
			t.Errorf("%s has a threshold and no samples", metric)
		}
	}
}

func TestAStrangerOnThePortIsNotLoaded(t *testing.T) {
	k6 := k6Binary(t)
	e := startEngine(t)
	var log bytes.Buffer
	result, err := Run{
		K6: k6, Script: filepath.Join(scenarios, "smoke-test.js"), OS: os.Environ(), Dir: t.TempDir(), Log: &log,
		Env: map[string]string{"BASE_URL": e.URL, "INSTANCE_ID": "somebody-else"},
	}.Do(t.Context())
	const aborted = 108
	if err != nil || result.ExitCode != aborted || !strings.Contains(log.String(), "not somebody-else") {
		t.Fatalf("exit %d, %v:\n%s", result.ExitCode, err, &log)
	}
	if n := len(readSamples(t, result.Samples).points["http_reqs"]); n != 1 {
		t.Errorf("%d requests were sent to a stranger, want 1", n)
	}
}

func TestServerTimingLibrary(t *testing.T) {
	result, _ := runScript(t, "lib/server-timing.test.js", nil)
	if result.ExitCode != ExitOK {
		t.Errorf("exit code %d", result.ExitCode)
	}
}
