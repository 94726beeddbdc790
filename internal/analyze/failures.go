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
	for _, p := range protocols {
		if p.Silent() {
			continue
		}
		series := s.SeriesOf(p.Counter)
		for i := range series {
			t := series[i].Tags
			if !s.counted(t) {
				continue
			}
			totals[t.Value("name")] += series[i].Count
			if run.Failed(p.Name, t) {
				counts[failureOf(p.Name, t)] += series[i].Count
			}
		}
	}
	var out []report.Failure
	for key, n := range counts {
		out = append(out, report.Failure{
			Kind: key.kind, Endpoint: key.endpoint, Status: key.status, ErrorCode: key.code, Text: key.text,
			Count: int64(n), Share: share(n, totals[key.endpoint]),
		})
	}
	slices.SortFunc(out, func(a, b report.Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Status, b.Status),
			cmp.Compare(a.ErrorCode, b.ErrorCode), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

func failureOf(protocol string, t run.TagSet) failureKey {
	key := failureKey{
		kind: report.KindError, endpoint: t.Value("name"), status: t.Value("status"),
		code: t.Value("error_code"), text: t.Value("error"),
	}
	if run.TimedOut(protocol, t) {
		key.kind = report.KindTimeout
	}
	return key
}

// checks are k6's, with set-up, by group and name. Where there were too many
// to be kept apart, a summary still has them all.
func (s *subject) checks() []report.Check {
	type id struct{ group, name string }
	groups := make(map[id]*report.Check)
	series := s.SeriesOf("checks")
	for i := range series {
		key := id{series[i].Tags.Value("group"), series[i].Tags.Value("check")}
		if groups[key] == nil {
			groups[key] = &report.Check{Name: key.name, Group: key.group}
		}
		groups[key].Passes += int64(series[i].Nonzero)
		groups[key].Fails += int64(series[i].Count - series[i].Nonzero)
	}
	folded := slices.Contains(s.Folding.Tags, "check") || slices.Contains(s.Folding.Tags, "group")
	if s.Reported != nil && len(s.Reported.Checks) > 0 && (len(groups) == 0 || folded) {
		clear(groups)
		for _, c := range s.Reported.Checks {
			groups[id{c.Group, c.Name}] = &report.Check{Name: c.Name, Group: c.Group, Passes: int64(c.Passes), Fails: int64(c.Fails)}
		}
	}
	var out []report.Check
	for _, c := range groups {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b report.Check) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return out
}
