package analyze

import (
	"cmp"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/threshold"
)

// Samples that a percentile has to rest on; fewer are marked.
const (
	enoughForP99  = 300
	enoughForP999 = 3000
)

// trendStatistics are shown of every trend.
var trendStatistics = []string{"avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)"}

// metrics are all metrics and submetrics with the values of k6's summary,
// set-up included, as k6 counts. What only a summary tells is taken from there.
func (s *subject) metrics() []report.Metric {
	var out []report.Metric
	for _, m := range s.Metrics {
		all := s.Select(m.Name, nil)
		out = append(out, report.Metric{
			Name: m.Name, Type: m.Type.String(), Contains: m.Contains,
			Values: s.values(m.Name, &all),
		})
		for _, sub := range m.Submetrics {
			part := s.submetric(m.Name, sub.Tags)
			out = append(out, report.Metric{
				Name: sub.Name, Type: m.Type.String(), Contains: m.Contains,
				Values: s.values(sub.Name, &part),
			})
		}
	}
	slices.SortFunc(out, func(a, b report.Metric) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b report.Metric) bool { return a.Name == b.Name })
}

func (s *subject) submetric(metric string, tags []run.Tag) run.Selection {
	want := run.NewTagSet(tags...)
	return s.Select(metric, func(t run.TagSet) bool { return t.Contains(want) })
}

// values are a metric's statistics under k6's names; none without samples.
func (s *subject) values(name string, sel *run.Selection) report.Values {
	if sel.Count == 0 {
		return s.reportedValues(name)
	}
	var out report.Values
	add := func(statistic string) {
		st, err := threshold.ParseStatistic(statistic)
		if err != nil {
			return
		}
		if v, ok := s.statistic(sel, st); ok {
			out = append(out, report.Value{Name: statistic, Value: v})
		}
	}
	switch sel.Type {
	case run.Counter:
		add("count")
		add("rate")
	case run.Gauge:
		add("value")
		out = append(out, report.Value{Name: "min", Value: sel.Min}, report.Value{Name: "max", Value: sel.Max})
	case run.Rate:
		add("rate")
		out = append(out,
			report.Value{Name: "passes", Value: float64(sel.Nonzero)},
			report.Value{Name: "fails", Value: float64(sel.Count - sel.Nonzero)})
	default:
		out = append(out, report.Value{Name: "count", Value: float64(sel.Count)})
		for _, statistic := range trendStatistics {
			add(statistic)
		}
	}
	return out
}

// reportedValues are a metric's values from a summary.
func (s *subject) reportedValues(name string) report.Values {
	m, ok := s.reported(name)
	if !ok {
		return nil
	}
	var out report.Values
	for _, v := range m.Values {
		if v.Name == "value" && m.Type == run.Rate {
			v.Name = "rate" // the exported summary's own word for it
		}
		out = append(out, report.Value{Name: v.Name, Value: v.Value})
	}
	if m.Type == run.Trend && allZero(m.Values) {
		return nil // k6 writes zeros for a trend without samples
	}
	return out
}

func allZero(values []run.ReportedValue) bool {
	return !slices.ContainsFunc(values, func(v run.ReportedValue) bool { return v.Value != 0 })
}

func (s *subject) reported(name string) (run.ReportedMetric, bool) {
	if s.Reported == nil {
		return run.ReportedMetric{}, false
	}
	at := slices.IndexFunc(s.Reported.Metrics, func(m run.ReportedMetric) bool { return m.Name == name })
	if at < 0 {
		return run.ReportedMetric{}, false
	}
	return s.Reported.Metrics[at], true
}

// statistic computes what a threshold may ask of samples; false when there
// are none, or the statistic does not exist for the metric.
func (s *subject) statistic(sel *run.Selection, st threshold.Statistic) (float64, bool) {
	if sel.Count == 0 {
		return 0, false
	}
	if q, ok := st.Quantile(); ok {
		return sel.Quantile(q)
	}
	switch st.Method {
	case threshold.Count:
		if sel.Type == run.Counter {
			return sel.Sum.Float(), sel.Outside == 0
		}
		return float64(sel.Count), true
	case threshold.Rate:
		if sel.Type == run.Counter {
			seconds := s.k6Seconds()
			return sel.Sum.Float() / seconds, seconds > 0 && sel.Outside == 0
		}
		return float64(sel.Nonzero) / float64(sel.Count), true
	case threshold.Value:
		return sel.Value, true
	case threshold.Avg:
		return sel.Mean()
	case threshold.Min:
		return sel.Min, true
	case threshold.Max:
		return sel.Max, true
	}
	return 0, false
}

// k6Seconds is what k6 divides counters by: known from a summary, else about
// the time between the first and the last sample.
func (s *subject) k6Seconds() float64 {
	if s.Reported != nil && s.Reported.Duration > 0 {
		return s.Reported.Duration.Seconds()
	}
	return s.seconds
}

// protocols say how the requests of each kind are measured.
var protocols = []struct {
	name, duration, count, failed string // metrics; "" where there is none
}{
	{name: "http", duration: "http_req_duration", count: "http_reqs", failed: "http_req_failed"},
	{name: "grpc", duration: "grpc_req_duration"},
	{name: "websocket", duration: "ws_connecting"},
	{name: "browser", duration: "browser_http_req_duration", failed: "browser_http_req_failed"},
}

// endpoints are all kinds of requests, without set-up and teardown, those with
// most time first.
func (s *subject) endpoints() []report.Endpoint {
	var out []report.Endpoint
	total := make(map[int]float64)
	for _, p := range protocols {
		groups := s.group(p.duration, func(t run.TagSet) (run.Endpoint, bool) {
			return run.Endpoint{Protocol: p.name, Name: t.Value("name"), Method: t.Value("method")}, !run.IsSetup(t)
		})
		for _, e := range sortedEndpoints(groups) {
			sel := groups[e]
			total[len(out)] = sel.Sum.Float()
			out = append(out, s.endpoint(e, sel))
		}
	}
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total[b], total[a]) })
	sorted := make([]report.Endpoint, len(out))
	for i, from := range order {
		sorted[i] = out[from]
	}
	return sorted
}

func sortedEndpoints(groups map[run.Endpoint]*run.Selection) []run.Endpoint {
	var list []run.Endpoint
	for e := range groups {
		list = append(list, e)
	}
	slices.SortFunc(list, run.Endpoint.Compare)
	return list
}

func (s *subject) endpoint(e run.Endpoint, sel *run.Selection) report.Endpoint {
	out := report.Endpoint{
		Name: e.Name, Protocol: e.Protocol, Method: e.Method,
		Count:      int64(sel.Count),
		DurationMS: durations(sel),
		FewSamples: fewSamples(sel.Count),
	}
	if s.seconds > 0 {
		out.RatePerS = report.Num(float64(sel.Count) / s.seconds)
	}
	if counts, known := s.outcomes(e); known {
		out.ErrorRate = report.Num(float64(counts.Failed) / float64(counts.Count))
		out.TimeoutRate = report.Num(float64(counts.Timeouts) / float64(counts.Count))
	}
	out.Targets = s.endpointTargets(e, sel, &out)
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
	switch {
	case count < enoughForP99:
		return []string{"p(99)"}
	default:
		return nil
	}
}

// outcomes counts the requests of an endpoint and their failures.
func (s *subject) outcomes(e run.Endpoint) (counts run.Block, known bool) {
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		if t.Endpoint != e {
			continue
		}
		for j := range t.Blocks {
			counts.Count += t.Blocks[j].Count
			counts.Failed += t.Blocks[j].Failed
			counts.Timeouts += t.Blocks[j].Timeouts
		}
	}
	return counts, counts.Count > 0 && e.Protocol != "websocket"
}

// group adds up the series of a metric by a key; series without one are left
// out.
func (s *subject) group(metric string, key func(run.TagSet) (run.Endpoint, bool)) map[run.Endpoint]*run.Selection {
	return groupBy(s.Run, metric, key)
}

func groupBy[K comparable](r *run.Run, metric string, key func(run.TagSet) (K, bool)) map[K]*run.Selection {
	m, _ := r.Metric(metric)
	out := make(map[K]*run.Selection)
	series := r.SeriesOf(metric)
	for i := range series {
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
