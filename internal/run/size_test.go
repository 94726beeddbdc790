package run_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/run"
)

// load is a made-up run that is fed to a Builder directly.
type load struct {
	seed       uint64
	duration   time.Duration
	rate       float64 // requests per second
	endpoints  int
	components bool
}

var clientMetrics = []string{
	"http_reqs", "http_req_duration", "http_req_blocked", "http_req_connecting",
	"http_req_tls_handshaking", "http_req_sending", "http_req_waiting", "http_req_receiving", "http_req_failed",
}

var componentMetrics = []string{
	"db_pool_wait_ms", "db_write_latency_ms", "db_commit_latency_ms", "db_read_latency_ms",
	"graph_build_duration", "template_resolve_ms", "http_call_ms", "ws_publish_ms", "workflow_server_ms",
}

// feed adds a load's samples, with the latencies of internal/k6gen.
func feed(b *run.Builder, l load) {
	rng := rand.New(rand.NewPCG(l.seed, 1))
	var client, server []int
	for i, name := range clientMetrics {
		kind := run.Trend
		switch i {
		case 0:
			kind = run.Counter
		case len(clientMetrics) - 1:
			kind = run.Rate
		}
		b.Define(run.Metric{Name: name, Type: kind})
		client = append(client, b.Metric(name))
	}
	if l.components {
		for _, name := range componentMetrics {
			b.Define(run.Metric{Name: name, Type: run.Trend, Contains: "time"})
			server = append(server, b.Metric(name))
		}
	}
	start := time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC).UnixNano()
	micro := func(v float64) float64 { return math.Round(v*1e6) / 1e6 }
	for i := range int(l.rate * l.duration.Seconds()) {
		at := start + int64(float64(i)/l.rate*1e9)
		endpoint := rng.IntN(l.endpoints)
		status, failed, expected := "200", 0.0, "true"
		if rng.Float64() < 0.0005 {
			status, failed, expected = "500", 1, "false"
		}
		blocked, connecting := 0.001+0.004*rng.Float64(), 0.0
		if rng.Float64() < 0.001 {
			connecting = 0.2 + 0.1*rng.Float64()
			blocked += connecting
		}
		sending, receiving := 0.005+0.03*rng.Float64(), 0.02+0.1*rng.Float64()
		waiting := (2 + float64(endpoint%10)) * math.Exp(0.5*rng.NormFloat64())
		duration := sending + waiting + receiving
		end := at + int64((blocked+duration)*1e6)
		name := fmt.Sprintf("endpoint_%d", endpoint)
		tags := b.Tags([]run.Tag{
			{Name: "expected_response", Value: expected},
			{Name: "group", Value: ""},
			{Name: "method", Value: "GET"},
			{Name: "name", Value: name},
			{Name: "proto", Value: "HTTP/1.1"},
			{Name: "scenario", Value: "default"},
			{Name: "status", Value: status},
			{Name: "url", Value: name},
		})
		for k, v := range []float64{1, duration, blocked, connecting, 0, sending, waiting, receiving, failed} {
			b.Series(client[k], tags).Add(end, micro(v))
		}
		place := b.AddRequest("http", tags, &run.Request{
			Start: at, Duration: duration, Total: blocked + duration, Failed: failed != 0,
			Parts: [6]float64{blocked - connecting, connecting, 0, sending, waiting, receiving},
		})
		if !l.components {
			continue
		}
		tags = b.Tags([]run.Tag{{Name: "endpoint", Value: name}, {Name: "scenario", Value: "default"}})
		left := waiting
		for k, metric := range componentMetrics {
			v := waiting * 0.98
			if k < len(componentMetrics)-1 {
				v = left * 0.5 * rng.Float64()
				left -= v
			}
			b.Series(server[k], tags).Add(end, micro(v))
			b.Join(place, metric, micro(v), k == 0)
		}
	}
}

// TestSnapshotSize holds snapshots to 3 MB for half an hour of 20 endpoints at
// 500/s.
func TestSnapshotSize(t *testing.T) {
	needs.Time(t, "takes seconds")
	for _, components := range []bool{false, true} {
		b := run.NewBuilder(run.Options{})
		l := load{seed: 1, duration: 30 * time.Minute, rate: 500, endpoints: 20, components: components}
		feed(b, l)
		r := b.Finish()
		var snapshot bytes.Buffer
		if err := run.Encode(&snapshot, r); err != nil {
			t.Fatal(err)
		}
		rows := 0
		for _, table := range r.Requests.Tables {
			for _, b := range table.Blocks {
				rows += len(b.Rows.List)
			}
		}
		t.Logf("seed %d, components %t: %d bytes, %d series, windows of %v, %d rows, blocks of %v", l.seed, components, snapshot.Len(),
			len(r.Series), r.WindowLength, rows, r.Requests.BlockLength)
		if snapshot.Len() > 3_000_000 {
			t.Errorf("seed %d, components %t: the snapshot takes %d bytes", l.seed, components, snapshot.Len())
		}
	}
}
