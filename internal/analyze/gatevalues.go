package analyze

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
	"k6report/internal/threshold"
)

// GateValue is a gate's statistic of one run: what a comparison needs of it,
// and what a baseline keeps for the trend when the run itself is thinned.
type GateValue struct {
	Metric    string `json:"metric"`
	Endpoint  string `json:"endpoint,omitempty"` // empty: the whole run
	Statistic string `json:"statistic"`          // as in k6report.yaml, such as "avg(95)"
	// Value is in the metric's unit, of a rate of failures or checks a fraction,
	// of other rates per second.
	Value float64 `json:"value"`
	// SE is the standard error of ln(Value) within the run, by block bootstrap;
	// nil when the run is too short to tell.
	SE *float64 `json:"se,omitempty"`
	// Count is the number of requests or samples that it rests on, Events those
	// that a rate counts: requests that failed, checks that passed.
	Count  uint64 `json:"count"`
	Events uint64 `json:"events,omitempty"`
}

func (v *GateValue) is(k config.GateKey) bool {
	return v.Metric == k.Metric && v.Endpoint == k.Endpoint && v.Statistic == k.Statistic.String()
}

func (v *GateValue) counts() stat.Counts {
	return stat.Counts{Events: float64(v.Events), Trials: float64(v.Count)}
}

// Statistics of default gates.
const (
	statFastest = "avg(95)"
	statP95     = "p(95)"
	statRate    = "rate"
)

// Metrics of default gates.
const (
	metricRequests = "http_reqs"
	metricFailed   = "http_req_failed"
)

// mostRecorded bounds the endpoints whose values are recorded.
const mostRecorded = 30

// GateValues are the values of all gates that a run may be compared by later:
// of the configured ones, and of the statistics that default gates use, for the
// 30 endpoints with most total time and at least 100 requests. They rest on the
// blocks of time after the run's own warm-up, and without the drain. The order
// is fixed. A nil configuration is an empty one.
func GateValues(r *run.Run, c *config.Config) []GateValue {
	s := newSubject(r, c)
	v := s.valuer(s.warmUp())
	var out []GateValue
	add := func(k config.GateKey) {
		if slices.ContainsFunc(out, func(have GateValue) bool { return have.is(k) }) {
			return
		}
		if value, ok := v.value(k, true); ok {
			out = append(out, value)
		}
	}
	for _, g := range s.config.Gates {
		add(g.GateKey)
	}
	heaviest := v.endpoints()
	for _, e := range heaviest[:min(mostRecorded, len(heaviest))] {
		for _, statistic := range []string{statFastest, "med", statP95, "p(99)"} {
			if e.count >= minGated && (statistic != "p(99)" || e.count >= enoughForP99) {
				add(gateKey(e.metric, e.name, statistic))
			}
		}
	}
	add(gateKey(metricFailed, "", statRate))
	add(v.throughput())
	return out
}

// gateKey makes a key of parts that are known to be right.
func gateKey(metric, endpoint, statistic string) config.GateKey {
	s, err := config.ParseStatistic(statistic)
	if err != nil {
		s = config.Statistic{Statistic: threshold.Statistic{Method: threshold.Rate}}
	}
	return config.GateKey{Metric: metric, Endpoint: endpoint, Statistic: s}
}

// warmUp is where comparisons begin, by this run alone: the configured warm-up,
// else the one found; 0 where none is, or where the load changes.
func (s *subject) warmUp() float64 {
	if s.changes() || len(s.Requests.Tables) == 0 {
		return 0
	}
	if w := s.config.Exclude.WarmUp; w != nil {
		return w.Seconds()
	}
	state, starts := s.steadyState()
	if !state.Steady || state.Cut == 0 {
		return 0
	}
	return starts[state.Cut]
}

// valuer computes gates of one run, from the blocks between a cut and the drain.
type valuer struct {
	*subject
	cut        float64
	histograms map[[2]string]*histogram // by protocol and endpoint
}

func (s *subject) valuer(cut float64) *valuer {
	return &valuer{subject: s, cut: cut, histograms: make(map[[2]string]*histogram)}
}

// keeps reports whether a block is after the cut and before the drain.
func (v *valuer) keeps(b *run.Block) bool {
	start := v.blockStart(b.Index)
	if v.cut > 0 && start < v.cut-1e-6 {
		return false
	}
	return start+v.Requests.BlockLength.Seconds() <= v.end+1
}

// gated is an endpoint that may have gates.
type gated struct {
	metric, name string
	count        uint64
	waited       float64 // in all, in milliseconds
}

// endpoints are those that requests were made to, that with most time first.
func (v *valuer) endpoints() []gated {
	sums := make(map[[2]string]*gated)
	for i := range v.Requests.Tables {
		t := &v.Requests.Tables[i]
		metric := durationMetric(t.Protocol)
		if t.Protocol == run.ProtocolIteration || metric == "" {
			continue
		}
		key := [2]string{metric, t.Name}
		if sums[key] == nil {
			sums[key] = &gated{metric: metric, name: t.Name}
		}
		for j := range t.Blocks {
			if b := &t.Blocks[j]; v.keeps(b) {
				sums[key].count += b.Count
				sums[key].waited += waited(b)
			}
		}
	}
	var out []gated
	for _, g := range sums {
		if g.name != "" { // a gate without an endpoint is the whole run's
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, compareGated)
	return out
}

// compareGated puts what took most time first.
func compareGated(a, b gated) int {
	return cmp.Or(cmp.Compare(b.waited, a.waited), cmp.Compare(a.metric, b.metric), cmp.Compare(a.name, b.name))
}

// durationMetric is the metric of a protocol's own duration; "" for none.
func durationMetric(protocol string) string { return run.ProtocolOf(protocol).Duration }

// throughput is the default gate on it: requests, or iterations where there are
// none over HTTP.
func (v *valuer) throughput() config.GateKey {
	if slices.ContainsFunc(v.Requests.Tables, func(t run.Table) bool { return t.Protocol == run.ProtocolHTTP }) {
		return gateKey(metricRequests, "", statRate)
	}
	return gateKey("iterations", "", statRate)
}

// value computes a gate's statistic, and its standard error where that is worth
// the time it takes; false when there is nothing to compute it from.
func (v *valuer) value(k config.GateKey, se bool) (GateValue, bool) {
	out := GateValue{Metric: k.Metric, Endpoint: k.Endpoint, Statistic: k.Statistic.String()}
	var ok bool
	switch k.Metric {
	case metricFailed:
		ok = v.errors(&out)
	case metricRequests:
		ok = v.rate(&out, run.ProtocolHTTP)
	case "iterations":
		ok = v.rate(&out, run.ProtocolIteration)
	default:
		ok = v.fromBlocks(&out, k, se) || v.fromSeries(&out, k)
	}
	return out, ok && report.Num(out.Value) != nil
}

// errors is the share of failed requests, over all protocols that tell where
// none is over HTTP.
func (v *valuer) errors(out *GateValue) bool {
	http := slices.ContainsFunc(v.Requests.Tables, func(t run.Table) bool { return t.Protocol == run.ProtocolHTTP })
	var all outcome
	for i := range v.Requests.Tables {
		t := &v.Requests.Tables[i]
		if http && t.Protocol != run.ProtocolHTTP || out.Endpoint != "" && t.Name != out.Endpoint {
			continue
		}
		for j := range t.Blocks {
			if b := &t.Blocks[j]; v.keeps(b) {
				all.addBlock(t.Protocol, b)
			}
		}
	}
	if all.judged == 0 {
		return false
	}
	out.Count, out.Events = all.judged, all.failed
	out.Value = float64(all.failed) / float64(all.judged)
	return true
}

// rate is the requests of a protocol by the time of the blocks that lie between
// the cut and the end as wholes.
func (v *valuer) rate(out *GateValue, protocol string) bool {
	g := v.grid(stretch{from: v.cut, to: v.end}, int64(v.Requests.BlockLength))
	if g.seconds == 0 {
		return false
	}
	perBlock := make([]float64, g.last-g.first+1)
	found := false
	for i := range v.Requests.Tables {
		t := &v.Requests.Tables[i]
		if t.Protocol != protocol || out.Endpoint != "" && t.Name != out.Endpoint {
			continue
		}
		found = true
		for j := range t.Blocks {
			if b := &t.Blocks[j]; g.holds(b.Index) {
				perBlock[b.Index-g.first] += float64(b.Count)
				out.Count += b.Count
			}
		}
	}
	if !found || out.Count == 0 {
		return false
	}
	out.Value = float64(out.Count) / g.seconds
	out.SE = standardError(len(perBlock), func(weights []float64) float64 {
		sum := 0.0
		for i, w := range weights {
			sum += w * perBlock[i]
		}
		return sum
	})
	return true
}

// fromBlocks is a statistic of durations.
func (v *valuer) fromBlocks(out *GateValue, k config.GateKey, se bool) bool {
	h := v.histogram(k.Metric, k.Endpoint)
	if h == nil {
		return false
	}
	statistic := func(weights []float64) float64 { return statisticOf(h, k.Statistic, weights) }
	out.Value, out.Count = statistic(nil), h.count
	if se {
		out.SE = standardError(len(h.blocks), statistic)
	}
	return out.Value > 0
}

// histogram holds the durations of an endpoint, or of all with that metric; nil
// when there are none.
func (v *valuer) histogram(metric, endpoint string) *histogram {
	key := [2]string{metric, endpoint}
	if h, ok := v.histograms[key]; ok {
		return h
	}
	parts := make(map[int64][]*run.Sketch)
	for i := range v.Requests.Tables {
		t := &v.Requests.Tables[i]
		if durationMetric(t.Protocol) != metric || endpoint != "" && t.Name != endpoint {
			continue
		}
		for j := range t.Blocks {
			b := &t.Blocks[j]
			if v.keeps(b) {
				parts[b.Index] = append(parts[b.Index], b.Durations)
			}
		}
	}
	v.histograms[key] = newHistogram(mergedBlocks(parts))
	return v.histograms[key]
}

// fromSeries is a statistic of the whole run with its warm-up, for metrics that
// blocks don't hold.
func (v *valuer) fromSeries(out *GateValue, k config.GateKey) bool {
	sel := v.Select(k.Metric, func(t run.TagSet) bool {
		return v.counted(t) && (k.Endpoint == "" || t.Value("name") == k.Endpoint)
	})
	if sel.Count == 0 {
		return false
	}
	statistic := k.Statistic.Statistic
	if k.Statistic.FastestPercent > 0 && k.Statistic.FastestPercent < 100 {
		if sel.Sketch == nil {
			return false
		}
		h := newHistogram(map[int64]*run.Sketch{0: sel.Sketch})
		out.Value, out.Count = statisticOf(h, k.Statistic, nil), sel.Count
		return true
	}
	value, ok := v.statistic(&sel, statistic)
	out.Value, out.Count = value, sel.Count
	if sel.Type == run.Rate {
		out.Events = sel.Nonzero
	}
	return ok
}

// What the bootstrap of standard errors draws. The seed is fixed, so that the
// same runs give the same report.
const (
	bootstrapSeed = 20261123
	replicates    = 100
	fewestBlocks  = 5 // of which a standard error can be told
)

// standardError is that of the logarithm of a statistic of so many blocks, given
// how often each counts; nil when it can't be told.
func standardError(blocks int, statistic func(weights []float64) float64) *float64 {
	if blocks < fewestBlocks {
		return nil
	}
	rng := rand.New(rand.NewPCG(bootstrapSeed, uint64(blocks)))
	weights := make([]float64, blocks)
	values := make([]float64, 0, replicates)
	for range replicates {
		stat.BlockBootstrap(rng, weights)
		if y := math.Log(statistic(weights)); !math.IsNaN(y) && !math.IsInf(y, 0) {
			values = append(values, y)
		}
	}
	if len(values) < replicates/2 {
		return nil
	}
	return report.Num(stat.PooledSpread(values).SD)
}
