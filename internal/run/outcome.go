package run

// The protocols of an [Endpoint]. ProtocolIteration marks the pseudo-endpoint of a
// scenario's iterations.
const (
	ProtocolHTTP      = "http"
	ProtocolGRPC      = "grpc"
	ProtocolWebsocket = "websocket"
	ProtocolBrowser   = "browser"
	ProtocolIteration = "iteration"
)

// Protocol is how k6 tells of the requests of one kind.
type Protocol struct {
	Name string
	// Duration is the metric with a sample of each request, in milliseconds.
	Duration string
	// Counter is the metric whose tags tell how a request ended, Judged that with
	// k6's judgement of each request; "" where there is none.
	Counter, Judged string
	// failed and timedOut go by the tags of a request; nil is never.
	failed, timedOut func(TagSet) bool
}

// Silent says that nothing tells of failures: k6 measures only what went well.
func (p Protocol) Silent() bool { return p.failed == nil }

var protocols = []Protocol{
	{ProtocolHTTP, "http_req_duration", "http_reqs", "http_req_failed", failedHTTP, timedOutHTTP},
	{ProtocolGRPC, "grpc_req_duration", "grpc_req_duration", "", failedGRPC, timedOutGRPC},
	{ProtocolWebsocket, "ws_connecting", "ws_connecting", "", nil, timedOutHTTP},
	{ProtocolBrowser, "browser_http_req_duration", "browser_http_req_duration", "browser_http_req_failed", failedHTTP, timedOutHTTP},
	{ProtocolIteration, "iteration_duration", "iterations", "", nil, nil},
}

// Protocols are those of which requests are known. Callers must not change them.
func Protocols() []Protocol { return protocols }

// ProtocolOf is the one of a name; zero, of which nothing is known, where there is
// none.
func ProtocolOf(name string) (p Protocol) {
	for i := range protocols {
		if protocols[i].Name == name {
			return protocols[i]
		}
	}
	return p
}

// Failed reports whether the tags of a request tell that it failed: by k6's
// own judgement of the response, else by an error or the status. Protocols are
// those of [Endpoint]; of others nothing is known to fail.
func Failed(protocol string, t TagSet) bool {
	if expected, judged := t.Get("expected_response"); judged {
		return expected == "false"
	}
	failed := ProtocolOf(protocol).failed
	return failed != nil && failed(t)
}

// TimedOut reports whether the tags of a request tell of a time limit that was
// passed: k6's error codes for a request or dial time-out (1050, 1211), the
// HTTP statuses 408 and 504, the gRPC status 4 (DEADLINE_EXCEEDED).
func TimedOut(protocol string, t TagSet) bool {
	timedOut := ProtocolOf(protocol).timedOut
	return timedOut != nil && timedOut(t)
}

func failedHTTP(t TagSet) bool {
	status := t.Value("status")
	return t.Value("error_code") != "" || t.Value("error") != "" || status == "0" || status >= "4"
}

func timedOutHTTP(t TagSet) bool {
	switch t.Value("error_code") {
	case "1050", "1211", "1408", "1504":
		return true
	}
	status := t.Value("status")
	return status == "408" || status == "504"
}

// failedGRPC goes by the status, of which 0 is OK.
func failedGRPC(t TagSet) bool {
	status := t.Value("status")
	return status != "" && status != "0"
}

func timedOutGRPC(t TagSet) bool { return t.Value("status") == "4" }
