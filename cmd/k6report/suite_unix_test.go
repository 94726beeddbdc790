//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/report"
)

// suite is the whole chain: the reference engine, k6, the suite and k6report.
type suite struct {
	dir, url string
	engine   *exec.Cmd
	env      []string
}

// startSuite builds the engine and starts it on a free port.
func startSuite(t *testing.T) *suite {
	t.Helper()
	k6 := endToEnd(t)
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{dir: t.TempDir()}
	// Where all tests have it: go links it again only when it has changed.
	binary := filepath.Join(root, ".cache", "test", "engine")
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, "./cmd/engine")
	build.Dir = filepath.Join(root, "testbed")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the engine: %v\n%s", err, out)
	}
	s.engine = exec.CommandContext(context.WithoutCancel(t.Context()), binary, "--addr", "127.0.0.1:0", "--log-level", "warn")
	out, err := s.engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.engine.Process.Signal(syscall.SIGTERM) // it may be gone
		_ = s.engine.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s.url = strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
	s.env = []string{
		"K6REPORT_SCENARIOS=" + filepath.Join(root, "scenarios"), "K6REPORT_K6=" + k6, "K6REPORT_FORMATS=json,summary",
		"RATE_SCALE=0.05", "TIME_SCALE=0.02", "K6REPORT_CONFIG=", "BASE_URL=", "INSTANCE_ID=",
	}
	return s
}

// run starts k6report; the fake k6 of prepare is passed over by K6REPORT_K6.
func (s *suite) run(t *testing.T, args ...string) *program {
	t.Helper()
	p := prepare(t, s.dir, s.env, append([]string{"run"}, args...)...)
	p.start(t)
	return p
}

func (s *suite) report(t *testing.T) *report.Report {
	t.Helper()
	return readReport(t, filepath.Join(s.dir, "out", reportFile))
}

// runningAwhile are lines of k6's progress: the test is in its third second, or
// later on a machine that stalled.
func runningAwhile() []string { return []string{"running (02.", "running (03.", "running (04."} }

// An engine that dies in mid-run is named, and the error budget is what failed.
func TestEngineDiesInMidRun(t *testing.T) {
	s := startSuite(t)
	p := s.run(t, "baseline", "--url", s.url, "--out", "out", "-v")
	p.await(t, runningAwhile()...)
	if err := s.engine.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	said := p.ends(t, report.ExitThresholdFailed)
	if !strings.Contains(said, "the target does not answer any more") {
		t.Errorf("standard error %s", said)
	}
	r := s.report(t)
	if r.Verdict.Status != report.ThresholdFailed || !slices.Contains(r.Verdict.Also, report.RunInvalid) {
		t.Errorf("verdict %+v", r.Verdict)
	}
	var codes []string
	for _, n := range r.Notes {
		codes = append(codes, n.Code)
	}
	if !slices.Contains(codes, "error_budget") {
		t.Errorf("notes %q", codes)
	}
	if !slices.ContainsFunc(r.Run.Errors, func(e report.Failure) bool { return strings.Contains(fmt.Sprint(e), "refused") }) {
		t.Errorf("errors %+v do not say that the connection was refused", r.Run.Errors)
	}
	// Now nothing answers: nothing is run.
	p = s.run(t, "smoke", "--url", s.url, "--out", "later")
	if said := p.ends(t, exitFailed); !strings.Contains(said, "the system under test does not answer") || !strings.Contains(said, "hint: nothing was run") {
		t.Errorf("standard error %s", said)
	}
}

// A k6 that is killed, as by a machine that runs out of memory, leaves a report
// on what there is.
func TestK6DiesInMidRun(t *testing.T) {
	s := startSuite(t)
	pidFile := filepath.Join(s.dir, "pid")
	wrapper := filepath.Join(s.dir, "k6-wrapper")
	k6 := s.env[slices.IndexFunc(s.env, func(v string) bool { return strings.HasPrefix(v, "K6REPORT_K6=") })]
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = run ] && echo $$ >%q\nexec %q \"$@\"\n", pidFile, strings.TrimPrefix(k6, "K6REPORT_K6="))
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	// What the machine made of the targets until then is not what this is about.
	p := s.run(t, "baseline", "--url", s.url, "--out", "out", "-v", "--k6", wrapper, "--fail-on", "none")
	p.await(t, runningAwhile()...)
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	said := p.ends(t, exitOK)
	if !strings.Contains(said, "k6 was ended by a signal: killed") || !strings.Contains(said, "out of memory") {
		t.Errorf("standard error %s", said)
	}
	r := s.report(t)
	if !slices.Contains(append(r.Verdict.Also, r.Verdict.Status), report.RunInvalid) ||
		!strings.HasPrefix(r.Verdict.Headline, "k6 was ended by a signal") || !slices.ContainsFunc(r.Notes, func(n report.Note) bool {
		return n.Severity == report.Invalid && strings.Contains(n.Message, "k6 was ended by a signal")
	}) {
		t.Errorf("verdict %+v, notes %+v", r.Verdict, r.Notes)
	}
	if n := r.Run.Load.Requests; n == nil || *n == 0 {
		t.Error("nothing of what was measured is reported")
	}
}

// Ctrl-C stops k6 in order, with the suite's own teardown, and reports.
func TestInterruptLevel(t *testing.T) {
	s := startSuite(t)
	p := s.run(t, "baseline", "--repeat", "3", "--url", s.url, "--out", "out", "-v")
	p.await(t, runningAwhile()...)
	p.signal(t, syscall.SIGINT)
	said := p.ends(t, exitInterrupted)
	if !strings.Contains(said, "the run and its reports are in out/1") || strings.Contains(said, "run 2 of 3") ||
		!strings.Contains(said, "run 1 of 3, baseline, was interrupted; not made: 2 more") {
		t.Errorf("standard error %s", said)
	}
	if r := readRecord(t, filepath.Join(s.dir, "out", "1", executionFile)); r.ExitCode != 105 || !r.Interrupted {
		t.Errorf("record %+v", r)
	}
	if !strings.Contains(p.stdout.String(), "INVALID") {
		t.Errorf("standard output %s", &p.stdout)
	}
}

// A breakpoint run that breaks at once reports a capacity, and does not fail.
func TestBreakpointIsNoFailure(t *testing.T) {
	s := startSuite(t)
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	engine := &http.Server{Handler: breaking(target)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = engine.Serve(listener) }() // until it is closed
	t.Cleanup(func() { engine.Close() })
	s.env = append(s.env, "TIME_SCALE=0.05")
	p := s.run(t, "breakpoint", "--url", "http://"+listener.Addr().String(), "--out", "out", "--json")
	p.ends(t, exitOK)
	r := s.report(t)
	if r.Verdict.Status != report.Passed || r.Verdict.ExitCode != 0 || !strings.Contains(r.Verdict.Headline, "the load was raised until") {
		t.Errorf("verdict %+v", r.Verdict)
	}
	// What a capacity is read from: the plan, the levels that were held, and the
	// threshold that ended the run.
	if l := r.Run.Load; l.Plan == nil || len(l.Levels) < 2 {
		t.Errorf("load %+v: want the plan and the levels", l)
	}
	if !slices.ContainsFunc(r.Run.Thresholds, func(x report.Threshold) bool {
		return x.Metric == "http_req_duration{name:execute_workflow}" && x.Expression == "p(95)<500" && x.OK != nil && !*x.OK
	}) {
		t.Errorf("thresholds %+v", r.Run.Thresholds)
	}
	var record struct {
		ExitCode int `json:"exit_code"`
	}
	data, err := os.ReadFile(filepath.Join(s.dir, "out", executionFile))
	if err != nil || json.Unmarshal(data, &record) != nil || record.ExitCode != 99 {
		t.Errorf("k6's exit code %d, %v", record.ExitCode, err)
	}
}

// influxd starts an InfluxDB on a free port.
func influxd(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", ".tools", "bin", "influxd"))
	if err == nil && !isFile(path) {
		path, err = exec.LookPath("influxd")
	}
	switch {
	case err == nil:
	default:
		needs.LeaveOut(t, "influxd is missing; run `tools/install.sh influxd`")
	}
	dir := t.TempDir()
	config := fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = %[1]q
[data]
  dir = %[2]q
  wal-dir = %[3]q
[http]
  bind-address = "127.0.0.1:0"
  log-enabled = false
[monitor]
  store-enabled = false
`, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"))
	file := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, "-config", file)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // its data are thrown away
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(said)
	listening := regexp.MustCompile(`Listening on HTTP.* addr=(127\.0\.0\.1:\d+)`)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() { // it must not block on a full pipe
				for lines.Scan() {
				}
			}()
			return "http://" + m[1]
		}
	}
	t.Fatal("influxd ended before it listened")
	return ""
}

// influxRows asks for one statement's series and counts its rows.
func influxRows(t *testing.T, server, statement string) (rows int, columns map[string]bool) {
	t.Helper()
	response, err := http.Get(server + "/query?db=k6&q=" + url.QueryEscape(statement))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Results []struct {
			Error  string
			Series []struct {
				Columns []string
				Values  [][]any
			}
		}
		Error string
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != "" || len(answer.Results) != 1 || answer.Results[0].Error != "" {
		t.Fatalf("%s: %+v", statement, answer)
	}
	columns = map[string]bool{}
	for _, s := range answer.Results[0].Series {
		rows += len(s.Values)
		for _, v := range s.Values {
			columns[fmt.Sprint(v[len(v)-1])] = true
		}
	}
	return rows, columns
}

// TestGrafana writes a level into a real InfluxDB and asks it all that the
// dashboard does.
func TestGrafana(t *testing.T) {
	endToEnd(t)
	server := influxd(t)
	s := startSuite(t)
	s.env = append(s.env, "K6_INFLUXDB_ADDR="+server, "TIME_SCALE=0.01")
	p := s.run(t, "chaos", "--grafana", "--url", s.url, "--out", "out", "--fail-on", "none")
	said := p.ends(t, exitOK)
	m := regexp.MustCompile(`in Grafana the run is testid (chaos-[0-9a-z]+); as a SOURCE: 'influxdb://`).FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("standard error %s", said)
	}
	testid := m[1]
	if n, ids := influxRows(t, server, `SHOW TAG VALUES FROM "http_reqs" WITH KEY = "testid"`); n != 1 || !ids[testid] {
		t.Errorf("testids %v, want %s alone", ids, testid)
	}
	// As many requests as the report has, so none were lost on the way.
	r := s.report(t)
	var counted float64
	for _, metric := range r.Run.Metrics {
		if metric.Name == "http_reqs" {
			counted, _ = metric.Values.Get("count")
		}
	}
	if _, n := influxRows(t, server, fmt.Sprintf(`SELECT sum("value") FROM "http_reqs" WHERE "testid" = '%s'`, testid)); counted == 0 || !n[fmt.Sprint(counted)] {
		t.Errorf("InfluxDB has %v requests, the report %v", n, counted)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", "grafana", "dashboards", "k6report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Query string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	asked := 0
	fill := strings.NewReplacer("$timeFilter", "time > now() - 1h", "$__interval_ms", "1000", "$__interval", "1s", "$testid", testid)
	for _, panel := range dashboard.Panels {
		for _, q := range panel.Targets {
			asked++
			n, _ := influxRows(t, server, fill.Replace(q.Query))
			// Only where connections were made or load was dropped.
			if n == 0 && !regexp.MustCompile(`"(http_dns_ms|http_connect_ms|dropped_iterations)"`).MatchString(q.Query) {
				t.Errorf("panel %q has no data: %s", panel.Title, q.Query)
			}
		}
	}
	if asked < 50 {
		t.Errorf("only %d queries", asked)
	}
}

// breaking stands before an engine that falls ill: after some executions they
// answer too late.
func breaking(engine *url.URL) http.Handler {
	const healthy, late = 50, 900 * time.Millisecond
	var executions atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(engine)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // of requests that k6 gave up at its end
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && executions.Add(1) > healthy {
			select {
			case <-time.After(late):
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	})
}

// TestRunTestsScript is what a newcomer types in a clean clone.
func TestRunTestsScript(t *testing.T) {
	k6 := endToEnd(t)
	dir := t.TempDir()
	script := func(code int, args ...string) (stdout, stderr string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join("..", "..", "run-tests.sh"), args...)
		cmd.Env = append(os.Environ(), "TIME_SCALE=0.02", "BASE_URL=", "K6REPORT_URL=", "INSTANCE_ID=",
			"PATH="+filepath.Dir(k6)+string(filepath.ListSeparator)+os.Getenv("PATH"))
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
			t.Fatalf("run-tests.sh %q: %v, want exit code %d\n%s\n%s", args, err, code, &out, &errs)
		}
		return out.String(), errs.String()
	}
	if _, said := script(exitUsage); !strings.Contains(said, "./run-tests.sh LEVEL") {
		t.Errorf("standard error %s", said)
	}
	if help, _ := script(0, "--help"); !strings.Contains(help, "--output") || strings.Contains(help, "set -e") {
		t.Errorf("help %s", help)
	}
	// A variable that is not set must not load some other system.
	for _, args := range [][]string{{"smoke", "--url", ""}, {"smoke", "--url="}, {"smoke", "--url"}, {"smoke", "--output"}, {"smoke", "--output="}} {
		if _, said := script(exitUsage, args...); !strings.Contains(said, "has no value") {
			t.Errorf("run-tests.sh %q: %s", args, said)
		}
	}
	view, said := script(0, "smoke", "--output", dir, "--fail-on", "none")
	if !strings.Contains(view, "execute_workflow") || !strings.Contains(said, "the reference engine runs at http://127.0.0.1:") {
		t.Errorf("standard output %s\nstandard error %s", view, said)
	}
	for _, name := range []string{samplesFile, summaryFile, planFile, executionFile, logFile, "report.json"} {
		if !isFile(filepath.Join(dir, name)) {
			t.Errorf("no %s", name)
		}
	}
	// The engine is gone with the script.
	u := regexp.MustCompile(`engine runs at (\S+?),`).FindStringSubmatch(said)
	if response, err := http.Get(u[1] + "/health"); err == nil {
		_ = response.Body.Close() // it was not to be there at all
		t.Errorf("%s still answers", u[1])
	}
	// Levels that load the engine from all sides, and the one that would break it
	// at the others' scale: not started here, since nobody says yes.
	for _, level := range []string{"chaos", "db"} {
		out := filepath.Join(dir, level)
		view, said := script(0, level, "--output="+out, "--fail-on", "none")
		if !strings.Contains(view, "execute_workflow") || !strings.Contains(said, "RATE_SCALE=0.05") || !isFile(filepath.Join(out, "report.json")) {
			t.Errorf("%s: standard output %s\nstandard error %s", level, view, said)
		}
	}
	if _, said := script(exitUsage, "ultimate"); !strings.Contains(said, "RATE_SCALE=0.02") || !strings.Contains(said, "not started: Level ultimate") ||
		!regexp.MustCompile(`up to 20[01]/s`).MatchString(said) { // a health monitor's is beside it
		t.Errorf("standard error %s", said)
	}
	if _, said := script(exitFailed, "smoke", "--url=http://127.0.0.1:1"); !strings.Contains(said, "does not answer") || strings.Contains(said, "reference engine") {
		t.Errorf("standard error %s", said)
	}
}
