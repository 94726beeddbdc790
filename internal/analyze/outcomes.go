package analyze

import (
	"k6report/internal/report"
	"k6report/internal/run"
)

// protocol says how the requests of one kind are measured.
type protocol struct {
	name     string
	duration string // metric with a sample of each request, in milliseconds
	counter  string // metric whose tags tell how a request ended
	failed   string // metric with k6's judgement of each request; "" where there is none
	// silent says that nothing tells of failures: k6 measures only what went well.
	silent bool
}

var protocols = []protocol{
	{name: "http", duration: "http_req_duration", counter: "http_reqs", failed: "http_req_failed"},
	{name: "grpc", duration: "grpc_req_duration", counter: "grpc_req_duration"},
	{name: "websocket", duration: "ws_connecting", counter: "ws_connecting", silent: true},
	{name: "browser", duration: "browser_http_req_duration", counter: "browser_http_req_duration", failed: "browser_http_req_failed"},
}

// outcome counts how requests ended. Rates of nothing do not exist.
type outcome struct {
	judged, failed     uint64
	observed, timeouts uint64
}

func (o *outcome) add(p outcome) {
	o.judged += p.judged
	o.failed += p.failed
	o.observed += p.observed
	o.timeouts += p.timeouts
}

// addBlock adds a block of a protocol's requests.
func (o *outcome) addBlock(protocol string, b *run.Block) {
	if silent(protocol) {
		return
	}
	o.add(outcome{judged: b.Count, failed: b.Failed, observed: b.Count, timeouts: b.Timeouts})
}

func silent(protocol string) bool {
	for _, p := range protocols {
		if p.name == protocol {
			return p.silent
		}
	}
	return true // iterations
}

func (o *outcome) errorRate() *float64 { return share(o.failed, o.judged) }

func (o *outcome) timeoutRate() *float64 { return share(o.timeouts, o.observed) }

func share(part, whole uint64) *float64 {
	if whole == 0 {
		return nil
	}
	return report.Num(float64(part) / float64(whole))
}

// requests is the number of requests of all protocols that count in tables.
func (s *subject) requests() uint64 {
	total := uint64(0)
	for _, p := range protocols {
		total += max(s.count(p.duration), s.count(p.counter))
	}
	return total
}

// count is the number of samples of a metric that count in tables.
func (s *subject) count(metric string) uint64 {
	total := uint64(0)
	series := s.SeriesOf(metric)
	for i := range series {
		if s.counted(series[i].Tags) {
			total += series[i].Count
		}
	}
	return total
}

// outcomesBy counts the outcomes of a protocol's requests from their series,
// by a key; series without one are left out.
func outcomesBy[K comparable](s *subject, p protocol, key func(run.TagSet) (K, bool)) map[K]outcome {
	out := make(map[K]outcome)
	if p.silent {
		return out
	}
	each := func(metric string, count func(*run.Series) outcome) {
		series := s.SeriesOf(metric)
		for i := range series {
			if k, ok := key(series[i].Tags); ok && s.counted(series[i].Tags) {
				o := out[k]
				o.add(count(&series[i]))
				out[k] = o
			}
		}
	}
	judgedByK6 := p.failed != "" && s.has(p.failed)
	if judgedByK6 {
		each(p.failed, func(of *run.Series) outcome { return outcome{judged: of.Count, failed: of.Nonzero} })
	}
	each(p.counter, func(of *run.Series) outcome {
		o := outcome{observed: of.Count}
		if run.TimedOut(p.name, of.Tags) {
			o.timeouts = of.Count
		}
		if !judgedByK6 {
			o.judged = of.Count
			if run.Failed(p.name, of.Tags) {
				o.failed = of.Count
			}
		}
		return o
	})
	return out
}

// endpointOf is the endpoint that samples of a protocol belong to.
func endpointOf(protocol string, t run.TagSet) run.Endpoint {
	return run.Endpoint{Protocol: protocol, Name: t.Value("name"), Method: t.Value("method")}
}

// endpointOutcomes are the outcomes of all endpoints: from the tables of
// requests, which keep them whatever tags were folded, unless those were made
// under another configuration.
func (s *subject) endpointOutcomes() map[run.Endpoint]outcome {
	out := make(map[run.Endpoint]outcome)
	for _, p := range protocols {
		for e, o := range outcomesBy(s, p, func(t run.TagSet) (run.Endpoint, bool) { return endpointOf(p.name, t), true }) {
			out[e] = o
		}
	}
	if !s.tablesAsConfigured() {
		return out
	}
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		var o outcome
		for j := range t.Blocks {
			o.addBlock(t.Protocol, &t.Blocks[j])
		}
		if o.judged > 0 {
			out[t.Endpoint] = o
		}
	}
	return out
}
