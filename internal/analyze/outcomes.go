package analyze

import (
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// protocols are those of requests; iterations are none.
var protocols = slices.DeleteFunc(slices.Clone(run.Protocols()), func(p run.Protocol) bool { return p.Name == run.ProtocolIteration })

// isDuration reports whether a metric has a sample of each request of a protocol.
func isDuration(metric string) bool {
	return slices.ContainsFunc(protocols, func(p run.Protocol) bool { return p.Duration == metric })
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
	if run.ProtocolOf(protocol).Silent() {
		return
	}
	o.add(outcome{judged: b.Count, failed: b.Failed, observed: b.Count, timeouts: b.Timeouts})
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
		total += max(s.count(p.Duration), s.count(p.Counter))
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
func outcomesBy[K comparable](s *subject, p run.Protocol, key func(run.TagSet) (K, bool)) map[K]outcome {
	out := make(map[K]outcome)
	if p.Silent() {
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
	judgedByK6 := p.Judged != "" && s.has(p.Judged)
	if judgedByK6 {
		each(p.Judged, func(of *run.Series) outcome { return outcome{judged: of.Count, failed: of.Nonzero} })
	}
	each(p.Counter, func(of *run.Series) outcome {
		o := outcome{observed: of.Count}
		if run.TimedOut(p.Name, of.Tags) {
			o.timeouts = of.Count
		}
		if !judgedByK6 {
			o.judged = of.Count
			if run.Failed(p.Name, of.Tags) {
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
		for e, o := range outcomesBy(s, p, func(t run.TagSet) (run.Endpoint, bool) { return endpointOf(p.Name, t), true }) {
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
