package ingest

import (
	"slices"
	"strings"

	"k6report/internal/run"
	"k6report/internal/threshold"
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

// builtin is the definition of one of k6's own metrics. Definitions are written
// beside the samples, too, but a part of a run may lack them.
func builtin(name string) (run.Metric, bool) {
	m, own := threshold.Builtin(name)
	if !own {
		return run.Metric{}, false
	}
	return run.Metric{Name: m.Name, Type: run.ParseMetricType(m.Type), Contains: m.Contains}, true
}

// isOfK6 reports whether a metric is k6's own, and none of a script. Those of its
// browser are known by their prefix: it has had others.
func isOfK6(name string) bool {
	_, own := threshold.Builtin(name)
	return own || strings.HasPrefix(name, "browser_")
}

// roleOf says what the samples of a metric mean, with the part or protocol.
func roleOf(name string) (r role, part int, protocol string) {
	if part := slices.Index(partNames[:], name); part >= 0 {
		return rolePart, part, ""
	}
	for _, p := range run.Protocols() { // but HTTP, whose requests are of parts
		if p.Duration == name {
			return roleDirect, 0, p.Name
		}
	}
	if isOfK6(name) {
		return rolePlain, 0, ""
	}
	return roleJoin, 0, ""
}
