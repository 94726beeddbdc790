package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
)

// The engine's gauges, which the suite's health persona samples.
const (
	gaugeHeap        = "engine_heap_after_gc_bytes"
	gaugeGoroutines  = "engine_goroutines"
	gaugePoolInUse   = "engine_db_pool_in_use"
	gaugeConnections = "engine_http_conns"
	gaugeHub         = "engine_hub_connections"
	gaugeGC          = "engine_gc_share"
)

// Names of findings beside plain trends.
const (
	findingTrend      = "trend"
	findingLeak       = "leak"
	findingConnection = "connection_memory"
	findingAllocation = "allocation"
)

// What makes a trend, and a finding of a gauge.
const (
	trendP      = 0.01
	trendChange = 0.05 // over a long run
	// A short run is still warming up: caches fill, pools and heaps grow to what
	// the load needs. What grows by less than this in it is no finding, nor are
	// gauges that grow in its first half alone.
	shortChange      = 0.50
	soakWindows      = 60        // that a series is cut into, lest neighbours depend on each other
	longRun          = 600.0     // seconds from which on a run sees a slow leak
	leastLatency     = 60.0      // seconds of constant load that a trend of latency needs
	heavyConnection  = 100_000.0 // bytes of a hub connection
	busyConnection   = 10.0      // goroutines of a hub connection
	leakRequest      = 1000.0    // bytes kept of each request of a short run
	heavyGC          = 0.10      // of the processors' time
	leastConnections = 5.0       // by which hub connections must have changed
	slowLeak         = time.Hour
)

// soak is what changes slowly: trends of latency and of the engine's gauges,
// and what the gauges say of memory. Nil for a short run without findings.
func (s *subject) soak(out *report.Report) *report.Soak {
	var findings []report.SoakFinding
	long := s.end >= longRun
	soaking := s.level() == "soak" || long
	span := s.constantSpan()
	connection, each := s.connectionMemory()
	if f := s.leak(span, each); f != nil {
		findings = append(findings, *f)
	}
	for _, metric := range []string{gaugeGoroutines, gaugePoolInUse, gaugeConnections} {
		if f := s.gaugeTrend(metric, span); f != nil {
			findings = append(findings, *f)
		}
	}
	if connection != nil {
		findings = append(findings, *connection)
	}
	if f := s.allocation(); f != nil {
		findings = append(findings, *f)
	}
	if soaking {
		findings = append(findings, s.latencyTrends(out, span)...)
	}
	drifts := 0
	for _, f := range findings {
		if f.Drifts {
			drifts++
		}
	}
	if !soaking && drifts == 0 {
		return nil
	}
	slices.SortStableFunc(findings, func(a, b report.SoakFinding) int {
		rank := func(f report.SoakFinding) int {
			if f.Drifts {
				return 0
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
	headline := soakHeadline(findings, drifts, longText(span.to-span.from))
	soak := &report.Soak{Findings: findings, Headline: phrase{text: headline}.sentence()} // names of gauges are no plain words
	if soaking && s.end < slowLeak.Seconds() {
		s.note("short_soak", report.Info, fmt.Sprintf("%s of soak can't see a slow leak: what grows by less than %s in it, or only after hours, stays unseen", longText(s.end), percent(s.leastChange())), "")
	}
	return soak
}

// soakHeadline names the first of what drifts. looked is for how long.
func soakHeadline(findings []report.SoakFinding, drifts int, looked string) string {
	const most = 2 // the table has all
	var named []string
	for _, f := range findings[:min(drifts, most)] {
		named = append(named, f.Text)
	}
	switch {
	case drifts > most:
		return fmt.Sprintf("%s; %d more", joinWords(named), drifts-most)
	case drifts > 0:
		return joinWords(named)
	case len(findings) == 0:
		return "nothing to look at: no stretch of constant load was long enough, and no gauge of the engine was sampled"
	}
	return fmt.Sprintf("nothing drifts: %s looked at over %s", plural(len(findings), "series", "series"), looked)
}

func longText(seconds float64) string {
	if seconds < 120 {
		return report.Digits(seconds, 3) + " s"
	}
	return report.Digits(seconds/60, 3) + " minutes"
}

// leastChange is how much a series must change over the run to count.
func (s *subject) leastChange() float64 {
	if s.end >= longRun {
		return trendChange
	}
	return shortChange
}

// constantSpan is the longest stretch of constant load, after the warm-up; the
// whole run where no plan tells of changes.
func (s *subject) constantSpan() stretch {
	longest := stretch{from: 0, to: s.end}
	if s.changes() {
		longest = stretch{}
		for _, l := range s.loads() {
			if !l.ramp && l.to-l.from > longest.to-longest.from {
				longest = l
			}
		}
	}
	if w := s.config.Exclude.WarmUp; w != nil {
		longest.from = max(longest.from, w.Seconds())
	}
	return longest
}

// series is the means of a metric by window within a stretch, cut into at most
// soakWindows: times in seconds after the origin.
func (s *subject) meansOf(metric string, match func(run.TagSet) bool, within stretch) (times, means []float64) {
	g := s.grid(within, int64(s.WindowLength))
	type sums struct{ n, sum float64 }
	windows := make(map[int64]*sums)
	s.eachWindow(metric, func(t run.TagSet) func(*run.Window) {
		if match != nil && !match(t) {
			return nil
		}
		return func(w *run.Window) {
			if !g.holds(w.Index) {
				return
			}
			at := windows[w.Index]
			if at == nil {
				at = &sums{}
				windows[w.Index] = at
			}
			at.n += float64(w.Count)
			at.sum += w.Sum.Float()
		}
	})
	indexes := sortedKeys(windows)
	each := max(1, (len(indexes)+soakWindows-1)/soakWindows)
	for from := 0; from < len(indexes); from += each {
		to := min(from+each, len(indexes))
		n, sum, at := 0.0, 0.0, 0.0
		for _, index := range indexes[from:to] {
			w := windows[index]
			n += w.n
			sum += w.sum
			at += s.middle(index, s.WindowLength)
		}
		times = append(times, at/float64(to-from))
		means = append(means, sum/n)
	}
	return times, means
}

// trendOf is the trend of a series as a finding; nil where there are too few
// points to tell. What falls does not drift: less time or memory is no worry.
func (s *subject) trendOf(name, metric, endpoint, unit string, times, values []float64) *report.SoakFinding {
	times, values = stat.Decorrelate(times, values)
	t := stat.FindTrend(times, values)
	if math.IsNaN(t.P) {
		return nil
	}
	from, to := t.Start+t.Slope*times[0], t.Start+t.Slope*times[len(times)-1]
	f := &report.SoakFinding{
		Name: name, Metric: metric, Endpoint: endpoint, Unit: unit, From: report.Num(from), To: report.Num(to),
		PerHour: report.Num(t.Slope * 3600), PValue: report.Num(t.P),
	}
	if from > 0 {
		f.Change = report.Num(to/from - 1)
	}
	f.Drifts = t.P < trendP && f.Change != nil && *f.Change >= s.leastChange()
	return f
}

// gaugeTrend is the trend of one of the engine's gauges.
func (s *subject) gaugeTrend(metric string, span stretch) *report.SoakFinding {
	times, values := s.meansOf(metric, nil, span)
	f := s.trendOf(findingTrend, metric, "", report.UnitCount, times, values)
	if f == nil {
		return nil
	}
	f.Drifts = f.Drifts && s.goesOn(f, times, values)
	f.Text = fmt.Sprintf("%s went from %s to %s", metric, report.Digits(*f.From, 3), report.Digits(*f.To, 3))
	if metric == gaugeGoroutines {
		s.besideConnections(f, span, busyConnection)
	}
	return f
}

// goesOn reports whether a gauge of a short run still grows in the second half as
// a drift would: what has come to rest by then has only grown into its load.
func (s *subject) goesOn(f *report.SoakFinding, times, values []float64) bool {
	half := len(times) / 2
	last := stat.FindTrend(times[half:], values[half:])
	return s.end >= longRun || last.Slope*(times[len(times)-1]-times[0]) >= shortChange**f.From
}

// besideConnections says of what grew while hub connections were opened that they
// may have it; it is no finding where that is no more for each than heavy ones have.
func (s *subject) besideConnections(f *report.SoakFinding, span stretch, heavy float64) {
	opened := openedPerS(s.meansOf(gaugeHub, nil, span))
	if opened == 0 || *f.PerHour <= 0 {
		return
	}
	f.Drifts = f.Drifts && *f.PerHour/3600 >= heavy*opened
	f.Text += ", unless the hub connections opened meanwhile have it"
}

// leak is the trend of the heap without what hub connections take of it, so many
// bytes each, as far as that is known.
func (s *subject) leak(span stretch, each float64) *report.SoakFinding {
	times, heap, hub := s.heapAndHub(span)
	collected := firstOfEach(heap)
	told := each > 0 && len(hub) > 0
	if told {
		for i := range heap {
			heap[i] -= each * (hub[i] - hub[0])
		}
	}
	f := s.trendOf(findingLeak, gaugeHeap, "", report.UnitBytes, times, heap)
	if f == nil {
		return nil
	}
	f.Text = fmt.Sprintf("the heap after collection went from %s to %s MB", report.Digits(*f.From/1e6, 3), report.Digits(*f.To/1e6, 3))
	if perS := s.completedPerS(span); perS > 0 && *f.PerHour > 0 {
		kept := *f.PerHour / 3600 / perS
		f.Text += fmt.Sprintf(", by %s kB a request", report.Digits(kept/1e3, 3))
		f.Drifts = f.Drifts && (s.end >= longRun || kept >= leakRequest)
	}
	f.Drifts = f.Drifts && s.goesOn(f, only(times, collected), only(heap, collected))
	if told {
		f.Text += ", without what hub connections take"
	} else {
		s.besideConnections(f, span, heavyConnection)
	}
	return f
}

// firstOfEach is the places of what differs from the value before it. The heap after
// collection stays as it was told until the next collection: between two, nothing
// is known of it, least of all that it has come to rest.
func firstOfEach(values []float64) (places []int) {
	for i, value := range values {
		if i == 0 || value != values[i-1] {
			places = append(places, i)
		}
	}
	return places
}

// only is the values at some places.
func only(values []float64, places []int) []float64 {
	out := make([]float64, len(places))
	for i, place := range places {
		out[i] = values[place]
	}
	return out
}

// heapAndHub is the heap and the number of hub connections over a stretch; hub is
// nil where they weren't sampled together.
func (s *subject) heapAndHub(within stretch) (times, heap, hub []float64) {
	times, heap = s.meansOf(gaugeHeap, nil, within)
	hubTimes, hub := s.meansOf(gaugeHub, nil, within)
	if !slices.Equal(times, hubTimes) {
		hub = nil
	}
	return times, heap, hub
}

// openedPerS is by how many a second the hub's connections rose; 0 where they did
// not for certain, or by hardly any.
func openedPerS(times, hub []float64) float64 {
	if len(hub) < 2 {
		return 0
	}
	t := stat.FindTrend(times, hub)
	if !(t.P < trendP) || t.Slope*(times[len(times)-1]-times[0]) < leastConnections {
		return 0
	}
	return t.Slope
}

// connectionMemory is the heap that an open hub connection takes, and how much
// each does where that is known: where the heap follows the connections beside
// what both do over time. A heap that grows while connections are opened one
// after the other may grow by itself: then all that it grew by is the most that
// they may take. Nil where neither tells.
func (s *subject) connectionMemory() (f *report.SoakFinding, each float64) {
	times, heap, hub := s.heapAndHub(stretch{from: 0, to: s.end})
	if len(hub) == 0 {
		return nil, 0
	}
	if t, span := stat.FindRelation(times, hub, heap); t.P < trendP && t.Slope > 0 && span >= leastConnections {
		return &report.SoakFinding{
			Name: findingConnection, Metric: gaugeHeap, Unit: report.UnitBytes, PValue: report.Num(t.P), Drifts: t.Slope >= heavyConnection,
			Text: fmt.Sprintf("each hub connection takes %s kB of heap", report.Digits(t.Slope/1e3, 3)),
		}, t.Slope
	}
	opened := openedPerS(times, hub)
	f = s.trendOf(findingConnection, gaugeHeap, "", report.UnitBytes, times, heap)
	if opened == 0 || f == nil || *f.PerHour <= 0 {
		return nil, 0
	}
	most := *f.PerHour / 3600 / opened
	f.Drifts = f.Drifts && most >= heavyConnection
	f.Text = fmt.Sprintf("each hub connection may take up to %s kB of heap", report.Digits(most/1e3, 3))
	return f, 0
}

// allocation says that collecting garbage takes much of the processors' time,
// at the highest load; nil where the engine doesn't tell.
func (s *subject) allocation() *report.SoakFinding {
	span := stretch{from: 0, to: s.end}
	if s.changes() {
		highest := 0.0
		for _, l := range s.loads() {
			if load := max(l.perS, l.vus); !l.ramp && l.to-l.from >= minLevel && load > highest {
				highest, span = load, l
			}
		}
	}
	_, values := s.meansOf(gaugeGC, nil, span)
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	share := stat.Quantile(values, 0.5)
	return &report.SoakFinding{
		Name: findingAllocation, Metric: gaugeGC, Unit: report.UnitShare, To: report.Num(share), Drifts: share > heavyGC,
		Text: fmt.Sprintf("collecting garbage takes %s of the processors' time: what is allocated for each request is the cost", percent(share)),
	}
}

// latencyTrends are the trends of endpoints under constant load.
func (s *subject) latencyTrends(out *report.Report, span stretch) []report.SoakFinding {
	if span.to-span.from < leastLatency {
		return nil
	}
	var found []report.SoakFinding
	for i := range out.Run.Endpoints {
		e := &out.Run.Endpoints[i]
		metric, key := durationMetric(e.Protocol), run.Endpoint{Protocol: e.Protocol, Name: e.Name, Method: e.Method}
		times, values := s.meansOf(metric, func(t run.TagSet) bool { return endpointOf(e.Protocol, t) == key }, span)
		f := s.trendOf(findingTrend, metric, e.Name, report.UnitMS, times, values)
		if f == nil {
			continue
		}
		f.Text = fmt.Sprintf("the mean time of %s went from %s to %s", e.Name, shortMS(*f.From), shortMS(*f.To))
		found = append(found, *f)
	}
	return found
}
