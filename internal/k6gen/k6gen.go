// Package k6gen writes made-up k6 JSON or CSV for tests and benchmarks: the same
// bytes for the same options, of any size. It is not a model of a system under
// test; latencies are log-normal and independent.
package k6gen

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

// Options describe the run to make up.
type Options struct {
	Seed      uint64
	Start     time.Time
	Duration  time.Duration
	Rate      float64 // requests per second, at even distances
	Endpoints int     // 1 and more
	// Components adds a server's times to every request, joined by rid.
	Components bool
	// NoFailures leaves every request with status 200, which makes the series
	// 9 for each endpoint. Otherwise 1 request in 2,000 has status 500, and
	// there are up to 18.
	NoFailures bool
	// CSV writes the same samples as k6 writes them with --out csv and
	// K6_CSV_TIME_FORMAT=unix_nano.
	CSV bool
}

const csvHeader = "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata\n"

// componentNames are the server's times of a request.
var componentNames = []string{
	"db_pool_wait_ms", "db_write_latency_ms", "db_commit_latency_ms", "db_read_latency_ms",
	"graph_build_duration", "template_resolve_ms", "http_call_ms", "ws_publish_ms", "workflow_server_ms",
}

var definitions = []struct{ name, kind, contains string }{
	{"http_reqs", "counter", "default"},
	{"http_req_duration", "trend", "time"},
	{"http_req_blocked", "trend", "time"},
	{"http_req_connecting", "trend", "time"},
	{"http_req_tls_handshaking", "trend", "time"},
	{"http_req_sending", "trend", "time"},
	{"http_req_waiting", "trend", "time"},
	{"http_req_receiving", "trend", "time"},
	{"http_req_failed", "rate", "default"},
}

// generator holds the state of one run being written.
type generator struct {
	w    *bufio.Writer
	o    Options
	rng  *rand.Rand
	line []byte
	err  error // the writer's first
}

// Requests is how many requests the run has.
func (o Options) Requests() int64 { return int64(o.Rate * o.Duration.Seconds()) }

// Write writes the run and returns the number of its samples. It ends with the
// writer's first error.
func Write(w io.Writer, o Options) (samples int64, err error) {
	g := &generator{w: bufio.NewWriterSize(w, 1<<20), o: o, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	if o.CSV { // which has no definitions
		_, g.err = g.w.WriteString(csvHeader)
	}
	for _, d := range definitions {
		g.define(d.name, d.kind, d.contains)
	}
	if o.Components {
		for _, name := range componentNames {
			g.define(name, "trend", "time")
		}
	}
	for i := range o.Requests() {
		if g.err != nil {
			return samples, g.err
		}
		at := o.Start.Add(time.Duration(float64(i) / o.Rate * float64(time.Second)))
		samples += g.request(i, at)
	}
	return samples, g.w.Flush()
}

func (g *generator) define(name, kind, contains string) {
	if g.o.CSV {
		return
	}
	fmt.Fprintf(g.w, `{"type":"Metric","data":{"name":%q,"type":%q,"contains":%q,"thresholds":[],"submetrics":null},"metric":%q}`+"\n", name, kind, contains, name)
}

// request writes all samples of one request.
func (g *generator) request(i int64, start time.Time) int64 {
	endpoint := int(g.rng.Uint64N(uint64(g.o.Endpoints)))
	status, failed, expected := "200", 0.0, "true"
	if g.rng.Float64() < 0.0005 && !g.o.NoFailures {
		status, failed, expected = "500", 1, "false"
	}
	blocked := 0.001 + 0.004*g.rng.Float64()
	connecting := 0.0
	if g.rng.Float64() < 0.001 {
		connecting = 0.2 + 0.1*g.rng.Float64()
		blocked += connecting
	}
	sending, receiving := 0.005+0.03*g.rng.Float64(), 0.02+0.1*g.rng.Float64()
	waiting := (2 + float64(endpoint%10)) * math.Exp(0.5*g.rng.NormFloat64())
	duration := sending + waiting + receiving
	end := start.Add(time.Duration((blocked + duration) * 1e6))

	tags := fmt.Sprintf(`"expected_response":%q,"group":"","method":"GET","name":"endpoint_%d","proto":"HTTP/1.1","scenario":"default","status":%q,"url":"endpoint_%d"`,
		expected, endpoint, status, endpoint)
	meta := ""
	if g.o.Components {
		meta = `,"metadata":{"rid":"r` + strconv.FormatInt(i, 10) + `"}`
	}
	stamp := end.UTC().Format(time.RFC3339Nano)
	if g.o.CSV {
		stamp = strconv.FormatInt(end.UnixNano(), 10)
		tags = fmt.Sprintf(",,,%s,,GET,endpoint_%d,HTTP/1.1,default,,%s,,,endpoint_%d,,", expected, endpoint, status, endpoint)
		if meta = ""; g.o.Components {
			meta = "rid=r" + strconv.FormatInt(i, 10)
		}
	}
	values := [...]float64{1, duration, blocked, connecting, 0, sending, waiting, receiving, failed}
	for k, d := range definitions {
		g.point(d.name, stamp, values[k], tags, meta)
	}
	samples := int64(len(definitions))
	if g.o.Components {
		tags := fmt.Sprintf(`"endpoint":"endpoint_%d","scenario":"default"`, endpoint)
		if g.o.CSV {
			tags = fmt.Sprintf(",,,,,,,,default,,,,,,endpoint=endpoint_%d,", endpoint)
		}
		left := waiting
		for _, name := range componentNames[:len(componentNames)-1] {
			part := left * 0.5 * g.rng.Float64()
			left -= part
			g.point(name, stamp, part, tags, meta)
		}
		g.point(componentNames[len(componentNames)-1], stamp, waiting*0.98, tags, meta)
		samples += int64(len(componentNames))
	}
	return samples
}

func (g *generator) point(metric, stamp string, v float64, tags, meta string) {
	if g.o.CSV {
		g.row(metric, stamp, v, tags, meta)
		return
	}
	b := append(g.line[:0], `{"metric":"`...)
	b = append(b, metric...)
	b = append(b, `","type":"Point","data":{"time":"`...)
	b = append(b, stamp...)
	b = append(b, `","value":`...)
	b = strconv.AppendFloat(b, math.Round(v*1e6)/1e6, 'f', -1, 64)
	b = append(b, `,"tags":{`...)
	b = append(b, tags...)
	b = append(b, '}')
	b = append(b, meta...)
	b = append(b, "}}\n"...)
	g.line = b
	_, g.err = g.w.Write(b) // all that follow the first return it again
}

func (g *generator) row(metric, stamp string, v float64, tags, meta string) {
	b := append(g.line[:0], metric...)
	b = append(b, ',')
	b = append(b, stamp...)
	b = append(b, ',')
	b = strconv.AppendFloat(b, v, 'f', 6, 64)
	b = append(b, ',')
	b = append(b, tags...)
	b = append(b, meta...)
	b = append(b, '\n')
	g.line = b
	_, g.err = g.w.Write(b)
}
