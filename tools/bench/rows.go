package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k6report/internal/k6gen"
)

// measurement is one that gives rows of the table.
type measurement struct {
	name string
	make func(ctx context.Context) ([]row, error)
}

// measurements are all, in the order of the table.
func (h *harness) measurements() []measurement {
	return []measurement{
		{"json", h.reading},
		{"gzip", h.inflating},
		{"csv", h.rows},
		{"influxdb", h.querying},
		{"series", h.manySeries},
		{"growing", h.growing},
		{"attribution", h.attributing},
		{"quick", h.quick},
	}
}

// measurementNames are their names.
func measurementNames() []string {
	var names []string
	for _, m := range new(harness).measurements() {
		names = append(names, m.name)
	}
	return names
}

// measure makes the rows that are asked for.
func (h *harness) measure(ctx context.Context) ([]row, error) {
	var rows []row
	for _, m := range h.measurements() {
		if h.only != "" && h.only != m.name {
			continue
		}
		more, err := m.make(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	if h.only != "" {
		return rows, nil
	}
	return rows, h.plausible(ctx)
}

// reading compares reading the main run with other readers of it.
func (h *harness) reading(ctx context.Context) ([]row, error) {
	o := h.wanted(mainRun, 2)
	name, size, err := h.input(ctx, o)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(h.log, "reading %s\n", bytesOf(size))
	programs := []program{h.k6report("analyze", "-q", name)}
	wc, wcMissing := lookUp("wc", "-l", name)
	if wcMissing == "" {
		wc.read = counts(points(o) + perRequest) // each metric has a definition
		programs = append(programs, wc)
	}
	duckdb, duckdbMissing := h.duckdb(name, points(o))
	if duckdbMissing == "" {
		programs = append(programs, duckdb)
	}
	results, err := h.compare(ctx, h.n, programs...)
	if err != nil {
		return nil, err
	}
	mine, theirs := results[0], results[1:]

	var rows []row
	what := "analyze -q, " + bytesOf(size)
	if wcMissing != "" {
		rows = append(rows, skipped(what, duration(mine.time), wcMissing, "at most 2 ×"))
	} else {
		rows = append(rows, atMost(what, "wc -l", mine.time, theirs[0].time, 2))
		theirs = theirs[1:]
	}
	if duckdbMissing != "" {
		rows = append(rows, skipped(what, duration(mine.time), duckdbMissing, "at least 4 ×"))
	} else {
		rows = append(rows, atLeast(what, "DuckDB", mine.time, theirs[0].time, 4))
	}
	jq, err := h.jq(ctx, what, name, mine)
	if err != nil {
		return nil, err
	}
	return append(rows, jq, small(memoryOf(size, o), mine.memory)), nil
}

// jq compares with jq, once: it takes its time.
func (h *harness) jq(ctx context.Context, what, name string, mine measured) (row, error) {
	p, missing := lookUp("jq", "-c", `select(.type=="Point")|.data.value`, name)
	if missing != "" {
		return skipped(what, duration(mine.time), missing, "at least 40 ×"), nil
	}
	theirs, err := h.compare(ctx, 1, p)
	if err != nil {
		return row{}, err
	}
	return atLeast(what, "jq", mine.time, theirs[0].time, 40), nil
}

// inflating compares reading a compressed run with inflating it.
func (h *harness) inflating(ctx context.Context) ([]row, error) {
	name, _, err := h.input(ctx, h.wanted(mainRun, 2))
	if err != nil {
		return nil, err
	}
	zipped, size, err := h.compressed(ctx, name)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(h.log, "reading %s of gzip\n", bytesOf(size))
	programs := []program{h.k6report("analyze", "-q", zipped)}
	gzip, missing := lookUp("gzip", "-dc", zipped)
	if missing == "" {
		programs = append(programs, gzip)
	}
	results, err := h.compare(ctx, h.n, programs...)
	if err != nil {
		return nil, err
	}
	what := "analyze -q, the same as gzip, " + bytesOf(size)
	if missing != "" {
		return []row{skipped(what, duration(results[0].time), missing, "at most 0.4 ×")}, nil
	}
	return []row{atMost(what, "gzip -dc", results[0].time, results[1].time, 0.4)}, nil
}

// rows compares reading CSV with reading the same samples as JSON: at half the
// samples a second, it takes twice the time.
func (h *harness) rows(ctx context.Context) ([]row, error) {
	o := h.wanted(mainRun, 2)
	lines, _, err := h.input(ctx, o)
	if err != nil {
		return nil, err
	}
	o.CSV = true
	rows, size, err := h.input(ctx, o)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(h.log, "reading %s of CSV\n", bytesOf(size))
	results, err := h.compare(ctx, h.n, h.k6report("analyze", "-q", rows), h.k6report("analyze", "-q", lines))
	if err != nil {
		return nil, err
	}
	return []row{atMost("analyze -q, the same as CSV, "+bytesOf(size), "as JSON", results[0].time, results[1].time, 2)}, nil
}

// manySeries looks at memory and time with about 20, 500 and 5,000 series.
func (h *harness) manySeries(ctx context.Context) ([]row, error) {
	var rows []row
	var programs []program
	var sizes []int64
	var names []string
	runs := []k6gen.Options{h.wanted(mainRun, 2), h.wanted(mainRun, 56), h.wanted(mainRun, 556)}
	for _, o := range runs {
		name, size, err := h.input(ctx, o)
		if err != nil {
			return nil, err
		}
		sizes, names = append(sizes, size), append(names, fmt.Sprint(series(o)))
		programs = append(programs, h.k6report("analyze", "-q", name))
	}
	fmt.Fprintf(h.log, "reading runs with %s series\n", strings.Join(names, ", "))
	results, err := h.compare(ctx, h.n, programs...)
	if err != nil {
		return nil, err
	}
	for i, o := range runs[1:] { // the first has its row beside its time
		rows = append(rows, small(memoryOf(sizes[i+1], o), results[i+1].memory))
	}
	values, ratio := perByte(sizes, results)
	return append(rows, row{
		"time per byte, " + strings.Join(names, ", ") + " series", values, "–",
		fmt.Sprintf("%.2f × between them", ratio), noGoal, unknown,
	}), nil
}

// series is how many a run of wanted has.
func series(o k6gen.Options) int { return o.Endpoints * perRequest }

func memoryOf(size int64, o k6gen.Options) string {
	return fmt.Sprintf("peak memory, %s, %d series", bytesOf(size), series(o))
}

// quick looks at what people wait for again and again.
func (h *harness) quick(ctx context.Context) ([]row, error) {
	const minutes = "30 min at 500/s, 20 endpoints"
	var programs []program
	for _, components := range []bool{false, true} {
		o := h.during(30*60, 500, 20)
		o.Components = components
		name := filepath.Join(h.dir, fmt.Sprintf("snapshot-components-%t.k6run", components))
		fmt.Fprintf(h.log, "making up %s\n", filepath.Base(name))
		if err := h.snapshot(ctx, o, name); err != nil {
			return nil, err
		}
		programs = append(programs, h.k6report("analyze", name))
	}
	results, err := h.compare(ctx, h.n*quickFactor, append(programs, h.k6report("--help"))...)
	if err != nil {
		return nil, err
	}
	return []row{
		within("analyze a snapshot of "+minutes, results[0].time, 50*time.Millisecond),
		within("the same with component data", results[1].time, 100*time.Millisecond),
		within("--help", results[2].time, 20*time.Millisecond),
	}, nil
}

// snapshot makes up a run and has k6report keep it. The run itself is not kept.
func (h *harness) snapshot(ctx context.Context, o k6gen.Options, name string) error {
	cmd := h.command(ctx, h.program, "snapshot", "-q", "-", "-o", name)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	r, w := io.Pipe()
	cmd.Stdin = r
	written := make(chan error, 1)
	go func() {
		_, err := k6gen.Write(w, o)
		written <- errors.Join(err, w.Close())
	}()
	err := cmd.Run()
	_ = r.Close() // ends the writing where the program ended first; never fails
	writeErr := <-written
	if err != nil {
		return failed(cmd.Args, err, stderr.Bytes())
	}
	if writeErr != nil {
		return fmt.Errorf("make up a run: %w", writeErr)
	}
	return nil
}

// plausible checks that k6report saw every sample of the main run. It comes last
// because it takes memory; see peakMemory.
func (h *harness) plausible(ctx context.Context) error {
	o := h.wanted(mainRun, 2)
	name, _, err := h.input(ctx, o)
	if err != nil {
		return err
	}
	snapshot := filepath.Join(h.dir, "plausible.k6run")
	if _, _, err := h.once(ctx, h.k6report("snapshot", "-q", name, "-o", snapshot)); err != nil {
		return err
	}
	r, err := decoded(snapshot)
	if err != nil {
		return err
	}
	var seen uint64
	for _, s := range r.Series {
		seen += s.Count
	}
	if seen != uint64(points(o)) || len(r.Series) != series(o) {
		return fmt.Errorf("compare the work done: k6report saw %d samples of %d series, and the run has %d of %d",
			seen, len(r.Series), points(o), series(o))
	}
	h.note("k6report and its peers that count agree: the run has %d samples of %d series.", points(o), series(o))
	return nil
}

//go:embed duckdb.cjs
var duckdbScript string

// duckdb groups a run with DuckDB, for Node.js.
func (h *harness) duckdb(name string, points int64) (p program, missing string) {
	if _, err := os.Stat(filepath.Join(h.npm, "node_modules", "@duckdb", "node-api")); err != nil {
		return program{}, "DuckDB is not installed"
	}
	p, missing = lookUp("node", "-e", duckdbScript, h.npm, name)
	noted := false
	p.read = func(stdout []byte, _ time.Duration) (time.Duration, error) {
		var said struct {
			Nanoseconds, Points, Groups int64
			Version                     string
		}
		if err := json.Unmarshal(stdout, &said); err != nil {
			return 0, err
		}
		if said.Points != points {
			return 0, fmt.Errorf("it counts %d samples, and the run has %d", said.Points, points)
		}
		if !noted {
			noted = true
			h.note("DuckDB %s makes %d groups of metric, tags and second; the start of Node.js is not counted.", said.Version, said.Groups)
		}
		return time.Duration(said.Nanoseconds), nil
	}
	return p, missing
}

// lookUp finds a program, or says that it is missing.
func lookUp(name string, args ...string) (p program, missing string) {
	path, err := exec.LookPath(name)
	if err != nil {
		return program{}, name + " is not installed"
	}
	return program{argv: append([]string{path}, args...)}, ""
}

// counts reads what wc prints, and wants that many.
func counts(want int64) func([]byte, time.Duration) (time.Duration, error) {
	return func(stdout []byte, wall time.Duration) (time.Duration, error) {
		number, _, _ := strings.Cut(strings.TrimSpace(string(stdout)), " ")
		if number != strconv.FormatInt(want, 10) {
			return 0, fmt.Errorf("it counts %q lines, and the run has %d", number, want)
		}
		return wall, nil
	}
}

// bytesOf shows a size.
func bytesOf(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	}
}
