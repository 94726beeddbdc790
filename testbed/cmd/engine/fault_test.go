package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/listener"
	"k6report/testbed/internal/store/postgres"
	"k6report/testbed/internal/suite"
)

// trial is the load under which a fault shows, and what it has to come to.
type trial struct {
	fault    string
	flags    []string // of the healthy engine as well
	workflow string   // that is executed
	list     bool     // its executions are listed, too
	atOnce   int
	ratio    float64 // of the parts that grow, at least
}

func trials() []trial {
	hold := []string{"--db-hold", "10ms"}
	quick := []string{"--callee-delay", "1ms"}
	return []trial{
		{fault: "db-pool", flags: hold, workflow: "order-chain", atOnce: 4, ratio: 5},
		{fault: "db-row", flags: hold, workflow: "order-chain", atOnce: 4, ratio: 2},
		{fault: "db-exec", flags: hold, workflow: "order-chain", atOnce: 4, ratio: 2},
		{fault: "db-index", flags: []string{"--db-rows", "60000"}, workflow: "order-chain", list: true, atOnce: 2, ratio: 3},
		{fault: "db-wal", workflow: "order-chain", atOnce: 2, ratio: 5},
		{fault: "slow=3", workflow: "order-chain", atOnce: 1, ratio: 1.8},
		{fault: "graph-cpu", workflow: "mesh-36", atOnce: 1, ratio: 20},
		{fault: "graph-regex", workflow: "report", atOnce: 1, ratio: 2},
		{fault: "http-limit", flags: quick, workflow: "quotes-5", atOnce: 2, ratio: 5},
		{fault: "http-churn", flags: quick, workflow: "quotes-5", atOnce: 1, ratio: 5},
		{fault: "http-dns", flags: quick, workflow: "quote", atOnce: 2, ratio: 20},
		{fault: "callee", flags: quick, workflow: "quote", atOnce: 2, ratio: 5},
		{fault: "two", workflow: "quote", atOnce: 2, ratio: 2},
		{fault: "tenant", workflow: "diamond", atOnce: 4, ratio: 5},
	}
}

// components of the parts, as the load test's analysis groups them.
func component(part string) string {
	switch {
	case strings.HasPrefix(part, "db-"):
		return "database"
	case part == "graph-build" || part == "template-resolve":
		return "graph"
	case strings.HasPrefix(part, "http-"):
		return "http_pool"
	case strings.HasPrefix(part, "ws-"):
		return "websocket"
	default:
		return part
	}
}

// clusterFor answers the URL of a PostgreSQL server that lives as long as the
// test, and skips where there is none.
func clusterFor(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a server: not with -short")
	}
	cluster, err := suite.StartCluster(t.Context(), "../../scripts/postgres.sh")
	if errors.Is(err, suite.ErrNotInstalled) && os.Getenv("K6REPORT_REQUIRE_ALL") != "1" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return cluster.URL
}

// stage starts engines on databases of their own and keeps the healthy ones.
type stage struct {
	server  string
	made    int
	healthy map[string]*process
}

func (s *stage) start(t *testing.T, flags ...string) *process {
	t.Helper()
	s.made++
	db, err := postgres.CreateDatabase(t.Context(), s.server, fmt.Sprintf("engine_%d", s.made), "")
	if err != nil {
		t.Fatal(err)
	}
	return startEngine(t, append([]string{"--db", db, "--samples", "0"}, flags...)...)
}

func (s *stage) healthyOne(t *testing.T, flags []string) *process {
	t.Helper()
	key := strings.Join(flags, " ")
	if s.healthy[key] == nil {
		s.healthy[key] = s.start(t, flags...)
	}
	return s.healthy[key]
}

// Every fault of a bottleneck shows in the parts that the catalogue says, as a
// multiple of a healthy engine's under the same load, and nowhere else as much.
func TestFaultsShow(t *testing.T) {
	s := &stage{server: clusterFor(t), healthy: map[string]*process{}}
	whole := t // the engines outlive the subtests
	for _, tr := range trials() {
		t.Run(tr.fault, func(t *testing.T) {
			good := s.healthyOne(whole, tr.flags)
			bad := s.start(whole, append(slices.Clone(tr.flags), "--fault", tr.fault)...)
			setting, err := fault.Parse(tr.fault)
			if err != nil {
				t.Fatal(err)
			}
			before, after := load(t, good.url, tr), load(t, bad.url, tr)
			bad.stop(t)
			shows(t, setting.Fault, tr.ratio, before, after)
		})
	}
}

func shows(t *testing.T, f fault.Fault, ratio float64, before, after map[string]float64) {
	t.Helper()
	const least = 0.05 // ms; what a healthy engine may take without anybody noticing
	named, grown, others := map[string]bool{}, 0.0, map[string]float64{}
	for _, part := range f.Parts {
		named[component(part)] = true
		grown += after[part] - before[part]
		if after[part] < ratio*max(least, before[part]) {
			t.Errorf("%s went from %.3f to %.3f ms, want %v times", part, before[part], after[part], ratio)
		}
	}
	for part := range after {
		if c := component(part); !named[c] && part != "total" {
			others[c] += after[part] - before[part]
		}
	}
	for c, moved := range others {
		if moved > 0.7*grown {
			t.Errorf("%s grew by %.3f ms, %v by %.3f", c, moved, f.Parts, grown)
		}
	}
	if t.Failed() {
		t.Logf("before %v\nafter  %v", before, after)
	}
}

// requests is how many of a kind a trial sends.
const requests = 40

// load sends requests, several at once, and answers the median of each part in
// ms, and of what no part covers as "unnamed".
func load(t *testing.T, url string, tr trial) map[string]float64 {
	t.Helper()
	return loadBy(t, url, tr, median)
}

func loadBy(t *testing.T, url string, tr trial, middle func([]float64) float64) map[string]float64 {
	t.Helper()
	paths := []string{"POST /api/v1/workflows/" + tr.workflow + "/execute"}
	if tr.list {
		paths = append(paths, "GET /api/v1/workflows/"+tr.workflow+"/executions")
	}
	for range 5 { // what comes first pays for what all need
		send(t, url, paths[0])
	}
	var mu sync.Mutex
	found := map[string][]float64{}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range tr.atOnce {
		wg.Go(func() {
			for next.Add(1) <= requests {
				turn := map[string]float64{}
				for _, path := range paths {
					for name, ms := range send(t, url, path) {
						turn[name] += ms
					}
				}
				mu.Lock()
				for name, ms := range turn {
					found[name] = append(found[name], ms)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	result := map[string]float64{}
	for name, values := range found {
		result[name] = middle(append(values, make([]float64, max(0, requests-len(values)))...)) // where it isn't, it took no time
	}
	return result
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func send(t *testing.T, url, what string) map[string]float64 {
	method, path, _ := strings.Cut(what, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %d %s %v", what, resp.StatusCode, text, err)
		return nil
	}
	parts := map[string]float64{}
	for _, entry := range strings.Split(resp.Header.Get("Server-Timing"), ", ") {
		name, digits, _ := strings.Cut(entry, ";dur=")
		ms, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			t.Errorf("%s: Server-Timing %q", what, entry)
		}
		parts[name] = ms
	}
	unnamed := parts["total"]
	for name, ms := range parts {
		if name != "total" {
			unnamed -= ms
		}
	}
	parts["unnamed"] = unnamed
	return parts
}

// onSQLite starts a healthy and a faulty engine without a server.
func onSQLite(t *testing.T, setting string, flags ...string) (good, bad *process) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds: not with -short")
	}
	flags = append([]string{"--samples", "0"}, flags...)
	return startEngine(t, flags...), startEngine(t, append(flags, "--fault", setting)...)
}

func TestUntracedTimeIsInNoPart(t *testing.T) {
	good, bad := onSQLite(t, "untraced")
	tr := trial{workflow: "diamond", atOnce: 2}
	before, after := load(t, good.url, tr), load(t, bad.url, tr)
	grown := after["unnamed"] - before["unnamed"]
	if grown < 15 {
		t.Errorf("unnamed time grew by %v ms, want 15 or more", grown)
	}
	for part := range after {
		if moved := after[part] - before[part]; part != "total" && part != "unnamed" && moved > grown/5 {
			t.Errorf("%s grew by %v ms", part, moved)
		}
	}
}

func TestThrottlingSlowsEverything(t *testing.T) {
	good, bad := onSQLite(t, "throttle")
	tr := trial{workflow: "layered-120", atOnce: 1}
	// The mean, since stops hit some requests and not others, by turns, since
	// others may use the machine, too.
	before, after := map[string]float64{}, map[string]float64{}
	for range 3 {
		for into, p := range map[*map[string]float64]*process{&before: good, &after: bad} {
			for part, ms := range loadBy(t, p.url, tr, mean) {
				(*into)[part] += ms
			}
		}
	}
	bad.stop(t) // in order, however often it is stopped on the way
	if after["total"] < 1.5*before["total"] {
		t.Errorf("the total went from %v to %v ms", before["total"]/3, after["total"]/3)
	}
	// One processor's worth of stops hits all that takes time, not one of it.
	grown := after["total"] - before["total"]
	for part := range after {
		if moved := after[part] - before[part]; part != "total" && moved > 0.8*grown {
			t.Errorf("%s alone grew by %v of %v ms", part, moved/3, grown/3)
		}
	}
}

// gauges answers what /health tells.
func (p *process) gauges(t *testing.T) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for name, value := range get(t, p.url+"/health")["gauges"].(map[string]any) {
		found[name] = value.(float64)
	}
	return found
}

// burst is how many executions there are between two looks at the gauges.
const burst = 5

// sendsUntil executes until a condition holds, for a while.
func (p *process) sendsUntil(t *testing.T, workflow string, holds func(gauges map[string]float64) bool) bool {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		for range burst {
			send(t, p.url, "POST /api/v1/workflows/"+workflow+"/execute")
		}
		if holds(p.gauges(t)) {
			return true
		}
	}
	return false
}

func TestALeakKeepsWhatRequestsBring(t *testing.T) {
	good, bad := onSQLite(t, "leak")
	const kept = 8 << 20 // 160 requests
	if !bad.sendsUntil(t, "diamond", func(g map[string]float64) bool { return g["heapAfterGcBytes"] > kept+4<<20 }) {
		t.Errorf("gauges %v", bad.gauges(t))
	}
	load(t, good.url, trial{workflow: "diamond", atOnce: 2})
	load(t, good.url, trial{workflow: "report", atOnce: 2})
	if heap := good.gauges(t)["heapAfterGcBytes"]; heap > kept {
		t.Errorf("a healthy engine keeps %v bytes", heap)
	}
}

func TestCopiedScopesAreAllocated(t *testing.T) {
	good, bad := onSQLite(t, "graph-memory")
	perRequest := func(p *process) float64 {
		rate := 0.0
		began, sent := time.Now(), 0
		p.sendsUntil(t, "layered-120", func(g map[string]float64) bool {
			sent += burst
			rate = g["allocBytesPerSecond"]
			return time.Since(began) > 1500*time.Millisecond
		})
		return rate / (float64(sent) / time.Since(began).Seconds())
	}
	before, after := perRequest(good), perRequest(bad)
	if after < 4*before {
		t.Errorf("a request allocates %.0f kB, of a healthy engine %.0f", after/1000, before/1000)
	}
}

func listeners(t *testing.T, p *process, n int, pause time.Duration, workflows ...string) {
	t.Helper()
	for range n {
		l, err := listener.Start(t.Context(), listener.Options{
			BaseURL: p.url, Tenant: "default", Workflows: workflows, Pause: pause,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
	}
	for deadline := time.Now().Add(20 * time.Second); p.gauges(t)["hubConnections"] < float64(n); {
		if time.Now().After(deadline) {
			t.Fatalf("%v of %d listeners are there", p.gauges(t)["hubConnections"], n)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestBroadcastWaitsForSlowListeners(t *testing.T) {
	good, bad := onSQLite(t, "ws-fanout")
	for _, p := range []*process{good, bad} {
		listeners(t, p, 2, time.Millisecond, "diamond")
	}
	tr := trial{workflow: "diamond", atOnce: 2}
	before, after := load(t, good.url, tr), load(t, bad.url, tr)
	f, _ := fault.Find("ws-fanout")
	shows(t, f, 10, before, after)
}

func TestHubConnectionsTakeMemory(t *testing.T) {
	const n = 40
	good, bad := onSQLite(t, "ws-memory")
	for _, p := range []*process{good, bad} {
		listeners(t, p, n, 0)
	}
	each := func(heap float64) bool { return heap > n*200<<10 }
	if !bad.sendsUntil(t, "diamond", func(g map[string]float64) bool { return each(g["heapAfterGcBytes"]) }) {
		t.Errorf("gauges %v", bad.gauges(t))
	}
	load(t, good.url, trial{workflow: "report", atOnce: 2})
	if g := good.gauges(t); each(g["heapAfterGcBytes"]) {
		t.Errorf("gauges of a healthy engine %v", g)
	}
}

func TestFewAcceptSlotsKeepConnectionsWaiting(t *testing.T) {
	const n, check = 10, 10 * time.Millisecond
	good, bad := onSQLite(t, "ws-accept", "--hub-check", check.String())
	connect := func(p *process) time.Duration {
		var sum atomic.Int64
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				began := time.Now()
				l, err := listener.Start(t.Context(), listener.Options{BaseURL: p.url})
				sum.Add(int64(time.Since(began)))
				if err != nil {
					t.Error(err)
					return
				}
				_ = l.Close()
			})
		}
		wg.Wait()
		return time.Duration(sum.Load() / n)
	}
	if before, after := connect(good), connect(bad); after < 2*before || before < check {
		t.Errorf("connecting took %v, with one slot %v", before, after)
	}
	tr := trial{workflow: "diamond", atOnce: 1}
	before, after := load(t, good.url, tr), load(t, bad.url, tr)
	if after["total"] > 2*before["total"] {
		t.Errorf("executions took %v ms, with one slot %v", before["total"], after["total"])
	}
}

func TestFaultsOfPostgreSQLDoNotStartOnSQLite(t *testing.T) {
	for _, f := range fault.Catalogue() {
		if !f.PostgreSQL {
			continue
		}
		for _, strength := range []fault.Strength{fault.Mild, fault.Strong} {
			err := run(t.Context(), []string{"--fault", f.Name + "=" + string(strength)}, io.Discard, io.Discard)
			if !errors.Is(err, fault.ErrUnsupported) || !errors.As(err, new(*usageError)) ||
				!strings.Contains(err.Error(), "unsupported") || !strings.Contains(err.Error(), f.Name) {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
}

// Whatever is said of faults on the command line is in the log, too, so that a
// faulty engine can't be taken for a healthy one.
func TestTheLogTellsFaults(t *testing.T) {
	p := startEngine(t, "--db", ":memory:", "--fault", "callee=mild", "--fault", "slow=1.5")
	p.stop(t)
	for _, want := range []string{"fault=callee=mild", "fault=slow=1.5"} {
		if !strings.Contains(strings.ReplaceAll(p.stderr.String(), `"`, ""), want) {
			t.Errorf("the log lacks %q:\n%s", want, &p.stderr)
		}
	}
}
