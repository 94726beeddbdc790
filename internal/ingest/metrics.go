package ingest

import (
	"slices"
	"strings"

	"k6report/internal/run"
)

// role is what a sample of a metric means beyond its own series.
type role uint8

const (
	rolePlain  role = iota
	rolePart        // one of the samples that k6 writes for each HTTP request
	roleDirect      // a request of its own, such as grpc_req_duration
	roleJoin        // a script's own metric: perhaps a server's time of a request
)

// The parts of an HTTP request, in the order in which k6 writes them.
const (
	partCount = iota
	partDuration
	partBlocked
	partConnecting
	partTLS
	partSending
	partWaiting
	partReceiving
	partFailed
	parts
)

var partNames = [parts]string{
	"http_reqs", "http_req_duration", "http_req_blocked", "http_req_connecting",
	"http_req_tls_handshaking", "http_req_sending", "http_req_waiting", "http_req_receiving",
	"http_req_failed",
}

// directProtocols are the metrics of which each sample is a request.
var directProtocols = map[string]string{
	"grpc_req_duration":         "grpc",
	"ws_connecting":             "websocket",
	"browser_http_req_duration": "browser",
	"iteration_duration":        run.ProtocolIteration,
}

// builtins are k6's own metrics. Their definitions are written too, but a part
// of a run may lack them.
var builtins = []run.Metric{
	{Name: "vus", Type: run.Gauge, Contains: "default"},
	{Name: "vus_max", Type: run.Gauge, Contains: "default"},
	{Name: "iterations", Type: run.Counter, Contains: "default"},
	{Name: "iteration_duration", Type: run.Trend, Contains: "time"},
	{Name: "dropped_iterations", Type: run.Counter, Contains: "default"},
	{Name: "checks", Type: run.Rate, Contains: "default"},
	{Name: "group_duration", Type: run.Trend, Contains: "time"},
	{Name: "http_reqs", Type: run.Counter, Contains: "default"},
	{Name: "http_req_failed", Type: run.Rate, Contains: "default"},
	{Name: "http_req_duration", Type: run.Trend, Contains: "time"},
	{Name: "http_req_blocked", Type: run.Trend, Contains: "time"},
	{Name: "http_req_connecting", Type: run.Trend, Contains: "time"},
	{Name: "http_req_tls_handshaking", Type: run.Trend, Contains: "time"},
	{Name: "http_req_sending", Type: run.Trend, Contains: "time"},
	{Name: "http_req_waiting", Type: run.Trend, Contains: "time"},
	{Name: "http_req_receiving", Type: run.Trend, Contains: "time"},
	{Name: "ws_sessions", Type: run.Counter, Contains: "default"},
	{Name: "ws_msgs_sent", Type: run.Counter, Contains: "default"},
	{Name: "ws_msgs_received", Type: run.Counter, Contains: "default"},
	{Name: "ws_ping", Type: run.Trend, Contains: "time"},
	{Name: "ws_session_duration", Type: run.Trend, Contains: "time"},
	{Name: "ws_connecting", Type: run.Trend, Contains: "time"},
	{Name: "grpc_req_duration", Type: run.Trend, Contains: "time"},
	{Name: "grpc_streams", Type: run.Counter, Contains: "default"},
	{Name: "grpc_streams_msgs_received", Type: run.Counter, Contains: "default"},
	{Name: "grpc_streams_msgs_sent", Type: run.Counter, Contains: "default"},
	{Name: "data_sent", Type: run.Counter, Contains: "data"},
	{Name: "data_received", Type: run.Counter, Contains: "data"},
	{Name: "browser_data_sent", Type: run.Counter, Contains: "data"},
	{Name: "browser_data_received", Type: run.Counter, Contains: "data"},
	{Name: "browser_http_req_duration", Type: run.Trend, Contains: "time"},
	{Name: "browser_http_req_failed", Type: run.Rate, Contains: "default"},
	{Name: "browser_web_vital_cls", Type: run.Trend, Contains: "default"},
	{Name: "browser_web_vital_fcp", Type: run.Trend, Contains: "time"},
	{Name: "browser_web_vital_fid", Type: run.Trend, Contains: "time"},
	{Name: "browser_web_vital_inp", Type: run.Trend, Contains: "time"},
	{Name: "browser_web_vital_lcp", Type: run.Trend, Contains: "time"},
	{Name: "browser_web_vital_ttfb", Type: run.Trend, Contains: "time"},
}

// builtin is the definition of one of k6's own metrics.
func builtin(name string) (run.Metric, bool) {
	at := slices.IndexFunc(builtins, func(m run.Metric) bool { return m.Name == name })
	if at < 0 {
		return run.Metric{}, false
	}
	return builtins[at], true
}

// roleOf says what the samples of a metric mean, with the part or protocol.
func roleOf(name string) (r role, part int, protocol string) {
	if part := slices.Index(partNames[:], name); part >= 0 {
		return rolePart, part, ""
	}
	if protocol, ok := directProtocols[name]; ok {
		return roleDirect, 0, protocol
	}
	if _, own := builtin(name); own || strings.HasPrefix(name, "browser_") {
		return rolePlain, 0, ""
	}
	return roleJoin, 0, ""
}
