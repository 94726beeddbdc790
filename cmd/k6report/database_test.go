package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6exec"
	"k6report/internal/report"
)

// TestInfluxDBOfK6 has k6 write a run to a file and to a real InfluxDB at once,
// and holds the reports of both against each other: what differs is what
// InfluxDB lost, and the report says so.
func TestInfluxDBOfK6(t *testing.T) {
	k6 := endToEnd(t)
	server := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := server.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	w := newWorkshop(t, k6, 5)
	w.command(t, k6exec.ExitThresholds, k6, slices.Concat([]string{
		"run", "--quiet", "--address", "", "--tag", "testid=night 1", "--out", "json=run.json",
		"--out", "influxdb=http://" + server.Addr + "/k6", "--summary-export", "summary.json",
	}, w.options(), []string{"script.js"})...)
	file := w.analyze(t, "run.json", "summary.json")
	for _, url := range []string{"influxdb://" + server.Addr + "/k6?testid=night%201", "influxdb2://" + server.Addr + "/k6/autogen?testid=night%201"} {
		sameReport(t, file, w.analyze(t, url, "summary.json"))
		alone := w.analyze(t, url)
		if !slices.ContainsFunc(alone.Notes, func(n report.Note) bool { return n.Code == "points_lost_unknown" }) {
			t.Errorf("%s: nothing says that points may be lost", url)
		}
	}

	// The environment says who asks; the command line may not.
	secret := "influxdb://me:" + "hunter2@" + server.Addr + "/k6"
	_, said := w.command(t, exitUsage, "k6report", "analyze", secret)
	if text := string(said); !strings.Contains(text, "INFLUX_PASSWORD") || strings.Contains(text, "hunter2") {
		t.Errorf("said %s", said)
	}
}

// sameReport allows for points that the report says are lost.
func sameReport(t *testing.T, file, database *report.Report) {
	t.Helper()
	stated := slices.ContainsFunc(database.Notes, func(n report.Note) bool { return n.Code == "points_lost" })
	var wanted, lost float64
	for _, want := range file.Run.Metrics {
		i := slices.IndexFunc(database.Run.Metrics, func(m report.Metric) bool { return m.Name == want.Name })
		if i < 0 {
			t.Errorf("%s is missing", want.Name)
			continue
		}
		got := database.Run.Metrics[i]
		if got.Type != want.Type {
			continue // a script's own, whose type InfluxDB does not keep
		}
		for _, v := range want.Values {
			have, ok := got.Values.Get(v.Name)
			if !ok {
				t.Errorf("%s of %s is missing", v.Name, want.Name)
				continue
			}
			switch near := math.Abs(have-v.Value) <= 0.05*math.Abs(v.Value); {
			case have != v.Value && !stated:
				t.Errorf("%s of %s is %v, want %v, and nothing is said to be lost", v.Name, want.Name, have, v.Value)
			case v.Name == "max" && have > v.Value, v.Name == "min" && have < v.Value:
				t.Errorf("%s of %s is %v, beyond %v, which samples that are lost do not explain", v.Name, want.Name, have, v.Value)
			case v.Name != "max" && v.Name != "min" && !near:
				t.Errorf("%s of %s is %v, want about %v: more than little is lost", v.Name, want.Name, have, v.Value)
			}
			if v.Name == "count" && want.Contains != "data" {
				wanted, lost = wanted+v.Value, lost+v.Value-have
			}
		}
	}
	if wanted == 0 || lost < 0 || lost > 0.01*wanted {
		t.Errorf("of %v samples %v are lost", wanted, lost)
	}
	if len(database.Run.Endpoints) != len(file.Run.Endpoints) {
		t.Errorf("%d endpoints, want %d", len(database.Run.Endpoints), len(file.Run.Endpoints))
	}
	if lost > 0 && !stated {
		t.Errorf("%v samples are lost, and nothing says so", lost)
	}
	if len(database.Run.Checks) != len(file.Run.Checks) {
		t.Errorf("%d checks, want %d", len(database.Run.Checks), len(file.Run.Checks))
	}
}
