package run

import "slices"

// TimedOut reports whether the tags of a request tell of a time limit that was
// passed: k6's error codes for a request or dial time-out (1050, 1211), and
// the HTTP statuses 408 and 504.
func TimedOut(t TagSet) bool {
	return slices.Contains([]string{"1050", "1211", "1408", "1504"}, t.Value("error_code")) ||
		slices.Contains([]string{"408", "504"}, t.Value("status"))
}
