package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k6report/internal/k6exec"
	"k6report/internal/needs"
	"k6report/internal/report"
)

// endToEnd finds the pinned k6, or says why the test is left out.
func endToEnd(t *testing.T) (k6 string) {
	t.Helper()
	needs.Time(t, "end to end")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	k6, err = k6exec.Find(k6exec.Search{Path: os.Getenv("PATH"), ToolsDir: filepath.Join(root, ".tools", "bin")})
	switch {
	case err == nil:
		return k6
	}
	needs.LeaveOut(t, "%v; run `make tools`", err)
	return ""
}

// target is a server on loopback whose answers take a time that a seed decides.
func target(t *testing.T, seed uint64) (url string) {
	t.Helper()
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 2))
	work := func(least, most time.Duration) {
		mu.Lock()
		d := least + time.Duration(rng.Int64N(int64(most-least)))
		mu.Unlock()
		time.Sleep(d) // the work of a server; nothing waits for it by the clock
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/fast", func(w http.ResponseWriter, _ *http.Request) {
		work(100*time.Microsecond, 4*time.Millisecond)
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/items/{id}", func(w http.ResponseWriter, r *http.Request) {
		work(time.Millisecond, 9*time.Millisecond)
		fmt.Fprintln(w, strings.Repeat(r.PathValue("id"), 100))
	})
	mux.HandleFunc("POST /slow", func(w http.ResponseWriter, _ *http.Request) {
		work(20*time.Millisecond, 60*time.Millisecond)
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("/fail", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// workshop is a folder with the script, in which k6 and k6report run.
type workshop struct {
	dir, k6, url string
	seed         int
}

func newWorkshop(t *testing.T, k6 string, seed int) workshop {
	t.Helper()
	w := workshop{dir: t.TempDir(), k6: k6, url: target(t, uint64(seed)), seed: seed}
	script, err := os.ReadFile(filepath.Join("testdata", "e2e", "script.js"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "script.js", string(script))
	return w
}

func (w workshop) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w workshop) read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// options tell the script what it is to do.
func (w workshop) options() []string {
	return []string{"-e", "BASE_URL=" + w.url, "-e", "SEED=" + strconv.Itoa(w.seed), "-e", "DURATION=3s"}
}

// command runs a program and returns what it said; another exit code fails.
func (w workshop) command(t *testing.T, code int, name string, args ...string) (stdout, stderr []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), endAtOnce, "K6_NO_USAGE_REPORT=true", "PATH="+filepath.Dir(w.k6)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%s %q: %v, want exit code %d\n%s\n%s", name, args, err, code, &out, &errs)
	}
	return out.Bytes(), errs.Bytes()
}

// analyze returns the report of sources.
func (w workshop) analyze(t *testing.T, sources ...string) *report.Report {
	t.Helper()
	out, _ := w.command(t, 0, "k6report", slices.Concat([]string{"analyze", "--json", "--fail-on", "none"}, sources)...)
	return decodeReport(t, out)
}

// decodeReport is a report that its schema describes.
func decodeReport(t *testing.T, content []byte) *report.Report {
	t.Helper()
	if err := checkSchema(content); err != nil {
		t.Fatal(err)
	}
	r, err := report.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSameNumbersAsK6 holds reports of real runs against k6's own summaries.
func TestSameNumbersAsK6(t *testing.T) {
	k6 := endToEnd(t)
	for seed, samples := range []string{"run.json", "run.json.gz"} {
		t.Run(samples, func(t *testing.T) {
			w := newWorkshop(t, k6, seed+1)
			plan, _ := w.command(t, 0, k6, slices.Concat([]string{"inspect", "--execution-requirements"}, w.options(), []string{"script.js"})...)
			w.write(t, "plan.json", string(plan))
			w.command(t, k6exec.ExitThresholds, k6, slices.Concat([]string{"run", "--quiet", "--address", "", "--out", "json=" + samples, "--summary-export", "summary.json"}, w.options(), []string{"script.js"})...)
			own := readSummary(t, w.read(t, "summary.json"))

			all := w.analyze(t, samples, "summary.json", "plan.json")
			own.sameMetrics(t, all, 0)
			own.sameChecks(t, all)
			own.sameThresholds(t, all, nil)
			noDisagreement(t, all)

			// The samples alone give the same, without help from the summary.
			planned := w.analyze(t, samples, "plan.json")
			own.sameMetrics(t, planned, rateTolerance)
			own.sameChecks(t, planned)
			own.sameThresholds(t, planned, nil)

			// Without the plan too, for what k6 writes into them.
			alone := w.analyze(t, samples)
			own.sameMetrics(t, alone, rateTolerance)
			own.sameChecks(t, alone)
			own.sameThresholds(t, alone, func(metric string) bool { return strings.Contains(metric, "{") || metric == "never_ms" })

			// The summary alone knows what it knows.
			summary := w.analyze(t, "summary.json")
			own.sameMetrics(t, summary, 0)
			own.sameChecks(t, summary)
			own.sameThresholds(t, summary, nil)

			endpointsOf(t, all)
		})
	}
}

// endpointsOf holds the table of endpoints against what the script asked for.
func endpointsOf(t *testing.T, r *report.Report) {
	t.Helper()
	var names []string
	for _, e := range r.Run.Endpoints {
		names = append(names, e.Name)
		if e.Protocol != "http" || e.Count == 0 {
			t.Errorf("endpoint %+v", e)
		}
	}
	slices.Sort(names)
	for _, want := range []string{"browse", "fail", "missing", `say "hi": now`} {
		if !slices.Contains(names, want) {
			t.Errorf("endpoints %q without %q", names, want)
		}
	}
	// Set-up is not theirs, and the addresses of /items/ID are one.
	if len(names) != 5 || slices.Contains(names, "prepare") {
		t.Errorf("endpoints %q", names)
	}
	for _, e := range r.Run.Endpoints {
		if want := map[string]float64{"fail": 1, "missing": 1, "browse": 0}; e.ErrorRate != nil {
			if rate, ok := want[e.Name]; ok && *e.ErrorRate != rate {
				t.Errorf("endpoint %s fails at a rate of %v", e.Name, *e.ErrorRate)
			}
		}
	}
}

// noDisagreement says that no source contradicts another.
func noDisagreement(t *testing.T, r *report.Report) {
	t.Helper()
	for _, n := range r.Notes {
		if strings.Contains(n.Code, "disagree") || strings.Contains(n.Code, "differ") || strings.HasPrefix(n.Code, "bad_") {
			t.Errorf("note %+v", n)
		}
	}
}

// TestRunWithK6 makes a real run through the program.
func TestRunWithK6(t *testing.T) {
	k6 := endToEnd(t)
	w := newWorkshop(t, k6, 3)
	args := slices.Concat([]string{"run", "--out", "out", "--label", "commit=abc", "--", "k6", "run"}, w.options(), []string{"script.js"})
	view, said := w.command(t, report.ExitThresholdFailed, "k6report", args...)
	if !bytes.Contains(view, []byte("THRESHOLD FAILED")) || !bytes.Contains(said, []byte("the run and its reports are in out")) {
		t.Errorf("standard output %s\nstandard error %s", view, said)
	}
	files, err := filesBelow(filepath.Join(w.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	if files, want := withoutPictures(files), filesOfARun(); !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
	var record k6exec.Execution
	if err := json.Unmarshal(w.read(t, "out/execution.json"), &record); err != nil {
		t.Fatal(err)
	}
	if record.ExitCode != k6exec.ExitThresholds || record.K6Version != k6exec.PinnedVersion || record.Labels["commit"] != "abc" ||
		record.CPUSeconds <= 0 || record.WallSeconds < 3 || record.Interrupted {
		t.Errorf("record %+v", record)
	}
	var plan struct {
		Scenarios     map[string]struct{ Executor string } `json:"scenarios"`
		TotalDuration string                               `json:"totalDuration"`
	}
	if err := json.Unmarshal(w.read(t, "out/plan.json"), &plan); err != nil {
		t.Fatal(err)
	}
	if plan.Scenarios["browse"].Executor != "constant-arrival-rate" || plan.TotalDuration == "" {
		t.Errorf("plan %+v", plan)
	}
	if log := w.read(t, "out/k6.log"); !bytes.Contains(log, []byte("thresholds on metrics")) {
		t.Errorf("log %s", log)
	}
	r := decodeReport(t, w.read(t, "out/report.json"))
	own := readSummary(t, w.read(t, "out/summary.json"))
	own.sameMetrics(t, r, 0)
	own.sameChecks(t, r)
	own.sameThresholds(t, r, nil)
	noDisagreement(t, r)
	if r.Run.K6 == nil || r.Run.K6.ExitCode == nil || *r.Run.K6.ExitCode != k6exec.ExitThresholds || r.Run.K6.CPU == nil ||
		!strings.HasPrefix(r.Run.ID, "script-") && !strings.Contains(r.Run.ID, "script") || r.Run.Labels["commit"] != "abc" {
		t.Errorf("run %s of k6 %+v with labels %v", r.Run.ID, r.Run.K6, r.Run.Labels)
	}
	if p := r.Run.Load.Plan; p == nil || len(p.Executors) != 3 {
		t.Errorf("plan in the report: %+v", p)
	}
	// The folder and its snapshot give the same report again.
	for _, source := range []string{"out", "out/run.k6run"} {
		again, _ := w.command(t, report.ExitThresholdFailed, "k6report", "analyze", "--json", "--label", "commit=abc", source)
		if !bytes.Equal(again, w.read(t, "out/report.json")) {
			t.Errorf("analyze %s gives another report", source)
		}
	}
}

// TestRunFailsWithK6 explains the ways in which k6 itself fails.
func TestRunFailsWithK6(t *testing.T) {
	k6 := endToEnd(t)
	w := newWorkshop(t, k6, 4)
	w.write(t, "throws.js", "throw new Error('boom');\n")
	w.write(t, "setup.js", "export function setup() { throw new Error('boom'); }\nexport default function () {}\n")
	w.write(t, "broken.js", "export default function ( {\n")

	for script, want := range map[string]string{
		"throws.js": "k6report: hint: nothing was run: the script threw an exception\n",
		"broken.js": "k6report: hint: nothing was run: ",
		"absent.js": "k6report: hint: nothing was run: is the script there?\n",
	} {
		out, said := w.command(t, exitFailed, "k6report", "run", "--out", "out", "--", "k6", "run", script)
		if !bytes.Contains(said, []byte("k6report: error: inspect "+script)) || !bytes.Contains(said, []byte(want)) || len(out) > 0 {
			t.Errorf("%s: standard output %q\nstandard error %s", script, out, said)
		}
		if _, err := os.Stat(filepath.Join(w.dir, "out")); err == nil {
			t.Errorf("%s: a folder was made", script)
		}
	}

	_, said := w.command(t, report.ExitOtherStatus, "k6report", "run", "--out", "out", "--fail-on", "invalid", "--", "k6", "run", "setup.js")
	for _, want := range []string{
		"boom",
		"k6report: error: k6 ended with exit code 107: the script threw an exception\n",
		"k6report: hint: see k6's log for the line",
		"k6report: hint: k6's log is out/k6.log\n",
	} {
		if !bytes.Contains(said, []byte(want)) {
			t.Errorf("standard error without %q:\n%s", want, said)
		}
	}
	if log := w.read(t, "out/k6.log"); !bytes.Contains(log, []byte("setup.js:1")) {
		t.Errorf("log %s", log)
	}
}

// TestHowToMakeOne follows the advice that analyze gives where there is no run.
func TestHowToMakeOne(t *testing.T) {
	k6 := endToEnd(t)
	w := newWorkshop(t, k6, 5)
	w.write(t, "SCRIPT.js", "import http from 'k6/http';\nexport default function () { http.get('"+w.url+"/fast'); }\n")
	_, said := w.command(t, exitUsage, "k6report", "analyze")
	steps := 0
	for line := range bytes.Lines(said) {
		_, advice, ok := strings.Cut(string(line), ": hint: ")
		if !ok {
			continue
		}
		steps++
		_, command, _ := strings.Cut(advice, ": ")
		if out, _ := w.command(t, 0, "sh", "-c", command); steps == 2 && !bytes.Contains(out, []byte("1 request")) {
			t.Errorf("%s says %s", command, out)
		}
	}
	if steps != 2 {
		t.Errorf("advice %s", said)
	}
}
