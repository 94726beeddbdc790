package analyze

import (
	"cmp"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// Samples that a percentile has to rest on; those of fewer are marked.
const (
	enoughForP90  = 30
	enoughForP95  = 60
	enoughForP99  = 300
	enoughForP999 = 3000
)

// endpoints are all kinds of requests, without set-up and teardown, those with
// most time first.
func (s *subject) endpoints() []report.Endpoint {
	type measured struct {
		run.Endpoint
		*run.Selection
	}
	var list []measured
	scenarios := make(map[run.Endpoint]map[string]bool)
	for _, p := range protocols {
		groups := groupBy(s, p.Duration, func(t run.TagSet) (run.Endpoint, bool) {
			e := endpointOf(p.Name, t)
			if scenarios[e] == nil {
				scenarios[e] = make(map[string]bool)
			}
			scenarios[e][t.Value("scenario")] = true
			return e, true
		})
		for e, sel := range groups {
			list = append(list, measured{e, sel})
		}
	}
	slices.SortFunc(list, func(a, b measured) int {
		return cmp.Or(cmp.Compare(b.Sum.Float(), a.Sum.Float()), a.Endpoint.Compare(b.Endpoint))
	})
	outcomes := s.endpointOutcomes()
	several := len(groupBy(s, "iteration_duration", func(t run.TagSet) (string, bool) { return t.Value("scenario"), true })) > 1
	var out []report.Endpoint
	for _, m := range list {
		e := s.endpoint(m.Endpoint, m.Selection, outcomes[m.Endpoint])
		if of := sortedKeys(scenarios[m.Endpoint]); several && len(of) == 1 {
			e.Scenario = of[0]
		}
		out = append(out, e)
	}
	return out
}

func (s *subject) endpoint(e run.Endpoint, sel *run.Selection, ended outcome) report.Endpoint {
	out := report.Endpoint{
		Name: e.Name, Protocol: e.Protocol, Metric: durationMetric(e.Protocol), Method: e.Method,
		Count:      int64(sel.Count),
		ErrorRate:  ended.errorRate(),
		DurationMS: durations(sel),
		FewSamples: fewSamples(sel.Count),
	}
	if !run.ProtocolOf(e.Protocol).Silent() {
		out.TimeoutRate = ended.timeoutRate()
	}
	if s.seconds > 0 {
		out.RatePerS = report.Num(float64(sel.Count) / s.seconds)
	}
	out.Targets = s.endpointTargets(sel, &out)
	return out
}

func durations(sel *run.Selection) report.Durations {
	q := func(q float64) *float64 {
		if v, ok := sel.Quantile(q); ok {
			return report.Num(v)
		}
		return nil
	}
	out := report.Durations{Med: q(0.5), P90: q(0.9), P95: q(0.95), P99: q(0.99), Min: report.Num(sel.Min), Max: report.Num(sel.Max)}
	if mean, ok := sel.Mean(); ok {
		out.Avg = report.Num(mean)
	}
	return out
}

func fewSamples(count uint64) []string {
	var few []string
	for _, p := range []struct {
		name   string
		enough uint64
	}{{"p(90)", enoughForP90}, {"p(95)", enoughForP95}, {"p(99)", enoughForP99}} {
		if count < p.enough {
			few = append(few, p.name)
		}
	}
	return few
}

// groupBy adds up the series of a metric that count in tables by a key; series
// without one are left out.
func groupBy[K comparable](s *subject, metric string, key func(run.TagSet) (K, bool)) map[K]*run.Selection {
	m, _ := s.Metric(metric)
	out := make(map[K]*run.Selection)
	series := s.SeriesOf(metric)
	for i := range series {
		if !s.counted(series[i].Tags) {
			continue
		}
		k, ok := key(series[i].Tags)
		if !ok {
			continue
		}
		if out[k] == nil {
			out[k] = &run.Selection{Type: m.Type}
		}
		out[k].Add(&series[i])
	}
	return out
}
