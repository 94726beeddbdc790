package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6gen"
)

// influxRun is the size of the run in the database, in samples.
const influxRun = 1_100_000

// querying compares reading a run from a real InfluxDB 1.8 with fetching the
// same rows and throwing them away.
func (h *harness) querying(ctx context.Context) ([]row, error) {
	o := h.wanted(influxRun, 20)
	what := fmt.Sprintf("analyze -q influxdb://…, %.1f million points", float64(points(o))/1e6)
	const goal = "at most 1.2 ×"
	influxd, err := influxtest.Find(filepath.Dir(filepath.Dir(h.npm)))
	if err != nil {
		return []row{skipped(what, "–", "influxd is missing", goal)}, nil
	}
	dir, err := os.MkdirTemp(h.dir, "influxdb-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for InfluxDB: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what stays is in a folder for such things
	server, err := influxtest.Start(ctx, influxd, dir, influxtest.Options{})
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	fmt.Fprintf(h.log, "writing %d points to InfluxDB\n", points(o))
	if err := fill(ctx, server, o); err != nil {
		return nil, fmt.Errorf("fill InfluxDB: %w", err)
	}
	mine := h.k6report("analyze", "-q", "--fail-on", "none", "influxdb://"+server.Addr+"/k6?testid=bench")
	curl, missing := lookUp("curl", "-sS", "-o", os.DevNull, "-G", "http://"+server.Addr+"/query",
		"--data-urlencode", "db=k6", "--data-urlencode", "epoch=ns", "--data-urlencode", "chunked=true",
		"--data-urlencode", `q=SELECT "value" FROM /.*/ WHERE "testid" = 'bench' GROUP BY *`)
	programs := []program{mine}
	if missing == "" {
		programs = append(programs, curl)
	}
	fmt.Fprintln(h.log, "reading them")
	results, err := h.compare(ctx, h.n, programs...)
	if err != nil {
		return nil, err
	}
	memory := small(fmt.Sprintf("peak memory, InfluxDB, %.1f million points", float64(points(o))/1e6), results[0].memory)
	if missing != "" {
		return []row{skipped(what, duration(results[0].time), missing, goal), memory}, nil
	}
	return []row{atMost(what, "curl", results[0].time, results[1].time, 1.2), memory}, nil
}

// fill writes a made-up run to a new database.
func fill(ctx context.Context, server *influxtest.Server, o k6gen.Options) error {
	if err := server.Query(ctx, "CREATE DATABASE k6"); err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() {
		_, err := k6gen.Write(w, o)
		w.CloseWithError(err)
	}()
	defer r.Close()
	_, err := server.WriteK6(ctx, "k6", r, map[string]string{"testid": "bench"})
	return err
}
