package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/k6gen"
	"k6report/internal/needs"
)

func testHarness(t *testing.T) *harness {
	return &harness{
		options: options{program: "k6report", dir: t.TempDir(), n: 1, scale: 1e-6, seed: 1},
		now:     time.Now, log: io.Discard,
	}
}

func TestOnlyKnown(t *testing.T) {
	program := filepath.Join(t.TempDir(), "k6report")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"-only influxdb":            "",
		"-only influx":              `there is no measurement "influx"`,
		"-only influxdb -o page.md": "rewrites the whole table",
	} {
		o, err := parse(append(strings.Fields(args), "-k6report", program, "-dir", t.TempDir()), io.Discard)
		if want == "" && (err != nil || o.only != "influxdb") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %+v, %v; want %q", args, o, err, want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		times []time.Duration
		want  time.Duration
	}{
		{[]time.Duration{7}, 7},
		{[]time.Duration{9, 1, 5}, 5},
		{[]time.Duration{9, 1, 5, 3}, 3},
	} {
		given := slices.Clone(tt.times)
		if got := median(given); got != tt.want || !slices.Equal(given, tt.times) {
			t.Errorf("median of %v is %v, want %v; it left %v", tt.times, got, tt.want, given)
		}
	}
}

func TestVerdicts(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		row   row
		ratio string
		met   verdict
	}{
		{atMost("", "wc", 200*ms, 100*ms, 2), "2.00 × the time", yes},
		{atMost("", "wc", 201*ms, 100*ms, 2), "2.01 × the time", no},
		{atMost("", "gzip", 50*ms, 100*ms, 0.4), "0.50 × the time", no},
		{atLeast("", "jq", 10*ms, 400*ms, 40), "40.0 × faster", yes},
		{atLeast("", "jq", 10*ms, 390*ms, 40), "39.0 × faster", no},
		{within("", 50*ms, 50*ms), "–", no},
		{within("", 49*ms, 50*ms), "–", yes},
		{small("", 192_000_000), "–", no},
		{small("", 191_999_999), "–", yes},
		{small("", 0), "–", unknown},
		{evenly([]int64{1000, 2000, 4000}, []measured{{time: 100}, {time: 200}, {time: 450}}), "1.12 × between them", yes},
		{evenly([]int64{1000, 2000}, []measured{{time: 120}, {time: 200}}), "1.20 × between them", no},
		{linearly([]int64{1000, 2000, 4000}, []measured{{time: 150}, {time: 250}, {time: 450}}), "1.00 × between them", yes},
		{linearly([]int64{1000, 2000, 4000}, []measured{{time: 150}, {time: 250}, {time: 490}}), "1.20 × between them", no},
		{linearly([]int64{1000, 2000, 4000}, []measured{{time: 150}, {time: 149}, {time: 490}}), "–", unknown},
		{linearly([]int64{1000, 2000, 2000}, []measured{{time: 150}, {time: 250}, {time: 490}}), "–", unknown},
		{linearly([]int64{1000, 2000}, []measured{{time: 150}, {time: 250}}), "–", unknown},
	} {
		if tt.row.ratio != tt.ratio || tt.row.met != tt.met {
			t.Errorf("%+v: want ratio %q, met %q", tt.row, tt.ratio, tt.met)
		}
	}
}

func TestPage(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page.md")
	const text = "# Title\n" + beginMark + "old\n" + endMark + "rest\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := openPage(name)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(p.with("new\n")), "# Title\n"+beginMark+"\nnew\n\n"+endMark+"rest\n"; got != want {
		t.Errorf("rewritten:\n%s\nwant:\n%s", got, want)
	}
	for _, bad := range []string{"", beginMark, endMark + beginMark} {
		if err := os.WriteFile(name, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openPage(name); err == nil {
			t.Errorf("a page %q has a place for results", bad)
		}
	}
}

// TestDocumentation: the page that the Makefile names takes results, and has no
// others: what stands outside the marks is not measured anew.
func TestDocumentation(t *testing.T) {
	p, err := openPage(filepath.Join("..", "..", "docs", "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.before + p.after) {
		if strings.HasPrefix(line, "|") {
			t.Errorf("a table stands outside the marks: %s", line)
		}
	}
}

func TestRunsAreMadeUpOnce(t *testing.T) {
	h := testHarness(t)
	o := h.wanted(mainRun, 2)
	name, size, err := h.input(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if about := points(o) * bytesPerPoint; size < about*95/100 || size > about*105/100 {
		t.Errorf("%d samples take %d bytes, and bytesPerPoint says %d", points(o), size, about)
	}
	if !upToDate(name, o) {
		t.Error("a run just made up is not up to date")
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2]++ // as by another generator
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if upToDate(name, o) {
		t.Error("a run of another generator is up to date")
	}
}

// TestPoints: what is said of a run's size is what it has.
func TestPoints(t *testing.T) {
	for _, o := range []k6gen.Options{{}, {Components: true}, {CSV: true}} {
		o.Duration, o.Rate, o.Endpoints = time.Second, 20, 1
		samples, err := k6gen.Write(io.Discard, o)
		if err != nil || samples != points(o) {
			t.Errorf("%+v: %d samples, %v; want %d", o, samples, err, points(o))
		}
	}
}

func TestNoRoom(t *testing.T) {
	h := testHarness(t)
	if _, known := freeBytes(h.dir); !known {
		needs.LeaveOut(t, "this system doesn't tell the room on a disk")
	}
	if err := h.room(1); err != nil {
		t.Error(err)
	}
	if err := h.room(1e15); !errors.Is(err, errNoRoom) {
		t.Errorf("room for 264 petabytes: %v", err)
	}
}

func TestFailuresAreErrors(t *testing.T) {
	h := testHarness(t)
	missing := program{argv: []string{os.Args[0], "-no-such-flag"}}
	if _, err := h.compare(t.Context(), 1, missing); err == nil || !strings.Contains(err.Error(), "no-such-flag") {
		t.Errorf("a program that fails: %v, want what it said", err)
	}
	if _, err := counts(5)([]byte(" 5 run.json\n"), 0); err != nil {
		t.Error(err)
	}
	if _, err := counts(5)([]byte("50 run.json\n"), 0); err == nil {
		t.Error("50 lines are 5")
	}
}

func TestMemoryIsMeasured(t *testing.T) {
	h := testHarness(t)
	results, err := h.compare(t.Context(), 1, program{argv: []string{os.Args[0], "-test.run", "^$"}})
	if err != nil {
		t.Fatal(err)
	}
	if memory := results[0].memory; runtime.GOOS == "linux" && (memory < 1e6 || memory > 1e9) {
		t.Errorf("a test that does nothing takes %d bytes", memory)
	}
}

// TestEndToEnd tries out the harness at a hundred-thousandth of the sizes, with
// the peers that are there. It says nothing of times.
func TestEndToEnd(t *testing.T) {
	needs.Time(t, "builds k6report")
	dir := t.TempDir()
	built := filepath.Join(dir, "k6report")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", built, "k6report/cmd/k6report")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	page := filepath.Join(dir, "page.md")
	if err := os.WriteFile(page, []byte("before\n"+beginMark+endMark+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-k6report", built, "-dir", filepath.Join(dir, "runs"), "-npm", filepath.Join("..", "..", ".tools", "npm"),
		"-n", "1", "-scale", "1e-5", "-o", page,
	}
	var stdout, stderr strings.Builder
	if err := command(context.Background(), args, &stdout, &stderr, time.Now); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	got := stdout.String()
	if rows := strings.Count(got, "\n|") - 2; rows != 18 { // one without a goal
		t.Errorf("%d rows, want 18", rows)
	}
	for _, want := range []string{"measures nothing", "seed 1", runtime.Version(), "18 series", "504 series", "5004 series", "--help", "agree", "with component data", "of 17 goals met"} {
		if !strings.Contains(got, want) {
			t.Errorf("the results lack %q", want)
		}
	}
	rewritten, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(rewritten), "before\n") || !strings.HasSuffix(string(rewritten), "after\n") || !strings.Contains(string(rewritten), got) {
		t.Errorf("the page holds:\n%s\nwant what was printed:\n%s", rewritten, got)
	}
	if t.Failed() {
		t.Log(got, stderr.String())
	}
}

// TestMakefileNamesTheMeasurements: what ONLY may be is said where it is set.
func TestMakefileNamesTheMeasurements(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	if list := "(" + strings.Join(measurementNames(), ", ") + ")"; !strings.Contains(string(makefile), list) {
		t.Errorf("the Makefile doesn't say %s", list)
	}
}
