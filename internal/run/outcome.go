package run

import "slices"

// Failed reports whether the tags of a request tell that it failed: by k6's
// own judgement of the response, else by an error or the status. Protocols are
// those of [Endpoint]; of others nothing is known to fail.
func Failed(protocol string, t TagSet) bool {
	if expected, judged := t.Get("expected_response"); judged {
		return expected == "false"
	}
	status := t.Value("status")
	switch protocol {
	case "grpc": // 0 is OK
		return status != "" && status != "0"
	case "http", "browser":
		return t.Value("error_code") != "" || t.Value("error") != "" || status == "0" || status >= "4"
	}
	return false
}

// TimedOut reports whether the tags of a request tell of a time limit that was
// passed: k6's error codes for a request or dial time-out (1050, 1211), the
// HTTP statuses 408 and 504, the gRPC status 4 (DEADLINE_EXCEEDED).
func TimedOut(protocol string, t TagSet) bool {
	status := t.Value("status")
	if protocol == "grpc" {
		return status == "4"
	}
	return slices.Contains([]string{"1050", "1211", "1408", "1504"}, t.Value("error_code")) ||
		status == "408" || status == "504"
}
