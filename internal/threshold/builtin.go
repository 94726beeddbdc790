package threshold

// Metric is one of k6's own metrics.
type Metric struct {
	Name string
	// Type is "counter", "gauge", "rate" or "trend", as for [Methods].
	Type string
	// Contains is k6's "default", "time" (milliseconds) or "data" (bytes).
	Contains string
}

var builtins = []Metric{
	{"vus", "gauge", "default"},
	{"vus_max", "gauge", "default"},
	{"iterations", "counter", "default"},
	{"iteration_duration", "trend", "time"},
	{"dropped_iterations", "counter", "default"},
	{"checks", "rate", "default"},
	{"group_duration", "trend", "time"},
	{"http_reqs", "counter", "default"},
	{"http_req_failed", "rate", "default"},
	{"http_req_duration", "trend", "time"},
	{"http_req_blocked", "trend", "time"},
	{"http_req_connecting", "trend", "time"},
	{"http_req_tls_handshaking", "trend", "time"},
	{"http_req_sending", "trend", "time"},
	{"http_req_waiting", "trend", "time"},
	{"http_req_receiving", "trend", "time"},
	{"ws_sessions", "counter", "default"},
	{"ws_msgs_sent", "counter", "default"},
	{"ws_msgs_received", "counter", "default"},
	{"ws_ping", "trend", "time"},
	{"ws_session_duration", "trend", "time"},
	{"ws_connecting", "trend", "time"},
	{"grpc_req_duration", "trend", "time"},
	{"grpc_streams", "counter", "default"},
	{"grpc_streams_msgs_received", "counter", "default"},
	{"grpc_streams_msgs_sent", "counter", "default"},
	{"data_sent", "counter", "data"},
	{"data_received", "counter", "data"},
	{"browser_data_sent", "counter", "data"},
	{"browser_data_received", "counter", "data"},
	{"browser_http_req_duration", "trend", "time"},
	{"browser_http_req_failed", "rate", "default"},
	{"browser_web_vital_cls", "trend", "default"},
	{"browser_web_vital_fcp", "trend", "time"},
	{"browser_web_vital_fid", "trend", "time"},
	{"browser_web_vital_inp", "trend", "time"},
	{"browser_web_vital_lcp", "trend", "time"},
	{"browser_web_vital_ttfb", "trend", "time"},
}

// Builtin returns the one of k6's own metrics that has a name; false for all others.
func Builtin(name string) (Metric, bool) {
	for _, m := range builtins {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
