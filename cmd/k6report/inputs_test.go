package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6exec"
	"k6report/internal/report"
)

var update = flag.Bool("update", false, "write the pages of docs/ anew that are made by tests")

// input is a form in which a run may be given.
type input struct {
	name    string
	sources []string
}

// fact is a question that a report answers or not.
type fact struct {
	name   string
	answer func(r *report.Report) string
}

// facts are the rows of the table.
var facts = []fact{
	{"counts, rates, averages", func(r *report.Report) string {
		requests, ok := metricOf(r, "http_reqs").Values.Get("count")
		_, average := metricOf(r, "http_req_duration").Values.Get("avg")
		return yes(ok && requests > 100 && average)
	}},
	{"percentiles", func(r *report.Report) string {
		if r.Run.Windows != nil {
			return "any"
		}
		var names []string
		for _, v := range metricOf(r, "http_req_duration").Values {
			if strings.HasPrefix(v.Name, "p(") || v.Name == "med" {
				names = append(names, strings.NewReplacer("med", "50", "p(", "", ")", "").Replace(v.Name))
			}
		}
		return strings.Join(names, ", ")
	}},
	{"course over time, distribution", func(r *report.Report) string { return yes(r.Run.Windows != nil && len(r.Charts) > 0) }},
	{"endpoints, errors", func(r *report.Report) string { return yes(len(r.Run.Endpoints) == 3 && len(r.Run.Errors) > 0) }},
	{"submetrics", func(r *report.Report) string {
		_, ok := metricOf(r, "http_req_duration{persona:dev}").Values.Get("avg")
		if ok || len(r.Run.Personas) > 0 {
			return yes(ok)
		}
		return "with a plan or summary"
	}},
	{"types of a script's metrics", func(r *report.Report) string {
		if slices.ContainsFunc(r.Notes, func(n report.Note) bool { return n.Code == "types_inferred" }) {
			return "inferred by name"
		}
		return yes(metricOf(r, "orders_total").Type == "counter" && metricOf(r, "queue_depth").Type == "gauge")
	}},
	{"checks", func(r *report.Report) string {
		switch {
		case len(r.Run.Checks) != 2:
			return "no"
		case r.Run.Checks[0].Group == "":
			return "without groups"
		}
		return "yes"
	}},
	{"thresholds", func(r *report.Report) string {
		whole, parts := false, false
		for _, t := range r.Run.Thresholds {
			whole = whole || t.OK != nil
			parts = parts || t.OK != nil && strings.Contains(t.Metric, "{")
		}
		switch {
		case parts:
			return "all"
		case whole:
			return "not of submetrics"
		}
		return "with a plan or summary"
	}},
	{"lost samples are seen", func(r *report.Report) string {
		if slices.ContainsFunc(r.Notes, func(n report.Note) bool { return n.Code == "points_lost_unknown" }) {
			return "with a summary"
		}
		return "yes"
	}},
	{"k6's own duration", func(r *report.Report) string {
		return yes(!slices.ContainsFunc(r.Notes, func(n report.Note) bool { return n.Code == "rates_by_span" }))
	}},
	{"times of samples", func(r *report.Report) string {
		switch {
		case r.Run.Windows == nil:
			return "no"
		case slices.ContainsFunc(r.Notes, func(n report.Note) bool { return n.Code == "times_in_seconds" }):
			return "whole seconds"
		}
		return "exact"
	}},
}

func metricOf(r *report.Report, name string) report.Metric {
	at := slices.IndexFunc(r.Run.Metrics, func(m report.Metric) bool { return m.Name == name })
	if at < 0 {
		return report.Metric{}
	}
	return r.Run.Metrics[at]
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

// TestInputs makes a run with k6, reads it in every form, and holds the table of
// docs/inputs.md against what each form answered.
func TestInputs(t *testing.T) {
	k6 := endToEnd(t)
	w := newWorkshop(t, k6, 6)
	script, err := os.ReadFile(filepath.Join("..", "..", "internal", "ingest", "testdata", "script.js"))
	if err != nil {
		t.Fatal(err)
	}
	// k6's output to InfluxDB loses points with a newline in a tag.
	const newline = `twice\nor more`
	if !strings.Contains(string(script), newline) {
		t.Fatalf("the script names no group with %s any more", newline)
	}
	w.write(t, "script.js", strings.ReplaceAll(string(script), newline, "twice or more"))
	server := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := server.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	common := []string{"--quiet", "--address", "", "-e", "BASE=" + w.url, "--tag", "testid=inputs"}
	w.command(t, k6exec.ExitThresholds, k6, slices.Concat([]string{"run"}, common, []string{
		"--out", "json=run.json", "--out", "csv=run.csv", "--out", "influxdb=http://" + server.Addr + "/k6", "--summary-export", "summary.json", "-e", "DATA=handed.json", "script.js",
	})...)
	// k6 writes one of the two shapes in a run.
	w.command(t, k6exec.ExitThresholds, k6, slices.Concat([]string{"run"}, common, []string{
		"--new-machine-readable-summary", "--summary-export", "machine.json", "-e", "DATA=other.json", "script.js",
	})...)
	w.command(t, 0, "gzip", "-k", "run.json")
	w.command(t, 0, "k6report", "snapshot", "run.json", "summary.json", "-o", "run.k6run")

	inputs := []input{
		{"JSON", []string{"run.json"}},
		{"JSON, gzip", []string{"run.json.gz"}},
		{"CSV", []string{"run.csv"}},
		{"`--summary-export`", []string{"summary.json"}},
		{"`handleSummary`", []string{"handed.json"}},
		{"machine-readable summary", []string{"machine.json"}},
		{"InfluxDB by InfluxQL", []string{"influxdb://" + server.Addr + "/k6?testid=inputs"}},
		{"InfluxDB by Flux", []string{"influxdb2://" + server.Addr + "/k6/autogen?org=any&testid=inputs"}},
		{"snapshot of JSON and summary", []string{"run.k6run"}},
	}
	reports := make([]*report.Report, len(inputs))
	for i, in := range inputs {
		reports[i] = w.analyze(t, in.sources...)
	}
	sameRun(t, inputs, reports)
	holdPart(t, "docs/inputs.md", tableBegin, tableEnd, table(inputs, reports), "inputs-table")

	// The two forms of the samples hold the same, the summary says the same.
	for _, sources := range [][]string{{"run.json", "run.csv"}, {"run.csv", "summary.json"}, {"run.json", "handed.json"}} {
		both := w.analyze(t, sources...)
		noDisagreement(t, both)
		if n, _ := metricOf(both, "http_reqs").Values.Get("count"); n != mustCount(t, reports[0]) {
			t.Errorf("%q: %v requests, want %v", sources, n, mustCount(t, reports[0]))
		}
	}
}

func mustCount(t *testing.T, r *report.Report) float64 {
	t.Helper()
	n, ok := metricOf(r, "http_reqs").Values.Get("count")
	if !ok {
		t.Fatal("no count of http_reqs")
	}
	return n
}

// sameRun holds the numbers of all forms of the one run against each other.
func sameRun(t *testing.T, inputs []input, reports []*report.Report) {
	t.Helper()
	for i, r := range reports {
		if strings.HasPrefix(inputs[i].name, "machine") {
			continue
		}
		got, want := mustCount(t, r), mustCount(t, reports[0])
		if strings.HasPrefix(inputs[i].name, "InfluxDB") && got < want && got > 0.99*want {
			continue // it lost points, which changes all statistics a little
		}
		if got != want {
			t.Errorf("%s: %v requests, want %v", inputs[i].name, got, want)
		}
		for statistic, tolerance := range map[string]float64{"avg": 1e-6, "max": 1e-6, "p(95)": 0.001} {
			got, _ := metricOf(r, "http_req_duration").Values.Get(statistic)
			want, _ := metricOf(reports[0], "http_req_duration").Values.Get(statistic)
			if got < want*(1-tolerance)-1e-6 || got > want*(1+tolerance)+1e-6 {
				t.Errorf("%s: %s is %v, want %v", inputs[i].name, statistic, got, want)
			}
		}
	}
}

// table is Markdown: a row for each fact, a column for each input.
func table(inputs []input, reports []*report.Report) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, in := range inputs {
		fmt.Fprintf(&b, " %s |", in.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(inputs)) + "\n")
	for _, f := range facts {
		fmt.Fprintf(&b, "| %s |", f.name)
		for _, r := range reports {
			fmt.Fprintf(&b, " %s |", f.answer(r))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Where a page holds a table that a test makes.
const (
	tableBegin = "<!-- table: begin -->\n"
	tableEnd   = "<!-- table: end -->"
)

// holdPart compares what stands between two lines of a file, or writes it with
// -update. target is that of make which does.
func holdPart(t *testing.T, name, begin, end, text, target string) {
	t.Helper()
	page := documentationPage(t, name)
	head, rest, begun := strings.Cut(page, begin)
	have, tail, ended := strings.Cut(rest, end)
	switch {
	case !begun || !ended:
		t.Errorf("%s has no place for what is made: %q to %q", name, begin, end)
	case have == text:
	case !*update:
		t.Errorf("%s: make it anew with `make %s`\n%s\nwant\n%s", name, target, have, text)
	default:
		if err := os.WriteFile(repository(name), []byte(head+begin+text+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
