package analyze

import (
	"cmp"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// failureKey is what failed requests are told apart by.
type failureKey struct{ kind, endpoint, status, code, text string }

// failures counts failed requests by endpoint, status, error code and text,
// the most frequent first.
func (s *subject) failures() []report.Failure {
	counts := make(map[failureKey]uint64)
	totals := make(map[string]uint64)
	for _, metric := range []string{"http_reqs", "grpc_req_duration", "browser_http_req_duration"} {
		series := s.SeriesOf(metric)
		for i := range series {
			t := series[i].Tags
			if run.IsSetup(t) {
				continue
			}
			totals[t.Value("name")] += series[i].Count
			if key, failed := failureOf(metric, t); failed {
				counts[key] += series[i].Count
			}
		}
	}
	var out []report.Failure
	for key, n := range counts {
		out = append(out, report.Failure{
			Kind: key.kind, Endpoint: key.endpoint, Status: key.status, ErrorCode: key.code, Text: key.text,
			Count: int64(n), Share: report.Num(float64(n) / float64(totals[key.endpoint])),
		})
	}
	slices.SortFunc(out, func(a, b report.Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Status, b.Status),
			cmp.Compare(a.ErrorCode, b.ErrorCode), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// failureOf tells whether the requests of a series failed: by k6's own
// judgement of the response, or by an error.
func failureOf(metric string, t run.TagSet) (failureKey, bool) {
	key := failureKey{
		kind: report.KindError, endpoint: t.Value("name"), status: t.Value("status"),
		code: t.Value("error_code"), text: t.Value("error"),
	}
	if run.TimedOut(t) {
		key.kind = report.KindTimeout
	}
	expected, judged := t.Get("expected_response")
	switch {
	case judged:
		return key, expected == "false"
	case metric == "grpc_req_duration":
		return key, key.status != "" && key.status != "0"
	case metric == "browser_http_req_duration":
		return key, key.status >= "4"
	}
	return key, key.code != "" || key.text != ""
}

// checks are k6's, with set-up, by group and name.
func (s *subject) checks() []report.Check {
	type id struct{ group, name string }
	groups := groupBy(s.Run, "checks", func(t run.TagSet) (id, bool) {
		return id{t.Value("group"), t.Value("check")}, true
	})
	var out []report.Check
	for key, sel := range groups {
		out = append(out, report.Check{
			Name: key.name, Group: key.group,
			Passes: int64(sel.Nonzero), Fails: int64(sel.Count - sel.Nonzero),
		})
	}
	if len(out) == 0 && s.Reported != nil {
		for _, c := range s.Reported.Checks {
			out = append(out, report.Check{Name: c.Name, Group: c.Group, Passes: int64(c.Passes), Fails: int64(c.Fails)})
		}
	}
	slices.SortFunc(out, func(a, b report.Check) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return out
}
