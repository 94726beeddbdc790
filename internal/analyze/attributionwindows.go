package analyze

import (
	"math"
	"slices"
	"time"

	"k6report/internal/run"
)

// windowRequests brings requests and server times together where nothing tells
// which time is of which request, as in InfluxDB: by the means of each endpoint
// in each window of time. Each window of an endpoint is one row of a table whose
// requests all took the window's mean time: exact for means, blind to what
// differs between the requests of a window.
func (s *subject) windowRequests() *run.Requests {
	out := &run.Requests{BlockLength: s.WindowLength, Columns: append(run.ClientColumns(), s.serverTimes()...)}
	if s.WindowLength <= 0 {
		out.BlockLength = time.Second
	}
	for _, p := range protocols {
		byEndpoint := make(map[run.Endpoint]map[int64]*windowSums)
		at := func(e run.Endpoint, index int64) *windowSums {
			if byEndpoint[e] == nil {
				byEndpoint[e] = make(map[int64]*windowSums)
			}
			if byEndpoint[e][index] == nil {
				byEndpoint[e][index] = &windowSums{ms: make([]float64, len(out.Columns)), durations: run.NewSketch(run.BlockBits)}
			}
			return byEndpoint[e][index]
		}
		s.eachWindow(p.Duration, func(t run.TagSet) func(*run.Window) {
			e := endpointOf(p.Name, t)
			return func(w *run.Window) {
				sums := at(e, w.Index)
				sums.n += w.Count
				sums.total += w.Sum.Float()
				sums.durations.AddN(max(0, w.Sum.Float()/float64(w.Count)), w.Count)
			}
		})
		if p.Name == run.ProtocolHTTP {
			s.addClientTimes(at)
		}
		if p.Judged != "" {
			s.eachWindow(p.Judged, func(t run.TagSet) func(*run.Window) {
				windows := byEndpoint[endpointOf(p.Name, t)]
				return func(w *run.Window) {
					if sums := windows[w.Index]; sums != nil {
						sums.failed += w.Sum.Float()
					}
				}
			})
		}
		s.addServerTimes(byEndpoint, out.Columns)
		for e, windows := range byEndpoint {
			out.Tables = append(out.Tables, tableOf(e, windows, out.BlockLength))
		}
	}
	slices.SortFunc(out.Tables, func(a, b run.Table) int { return a.Compare(b.Endpoint) })
	return out
}

// addServerTimes brings the server's times to the windows of their endpoints. A time
// carries no method: where a name has several, it goes to them by their requests.
func (s *subject) addServerTimes(byEndpoint map[run.Endpoint]map[int64]*windowSums, columns []string) {
	own := len(run.ClientColumns())
	named := make(map[string][]run.Endpoint)
	for e := range byEndpoint {
		named[e.Name] = append(named[e.Name], e)
	}
	for i, metric := range columns[own:] {
		s.eachWindow(metric, func(t run.TagSet) func(*run.Window) {
			alike := named[t.Value("endpoint")]
			return func(w *run.Window) {
				all := uint64(0)
				for _, e := range alike {
					if sums := byEndpoint[e][w.Index]; sums != nil {
						all += sums.n
					}
				}
				for _, e := range alike {
					if sums := byEndpoint[e][w.Index]; sums != nil && sums.n > 0 {
						share := float64(sums.n) / float64(all)
						sums.ms[own+i] += w.Sum.Float() * share
						sums.joined = max(sums.joined, sums.counted(i, uint64(math.Round(float64(w.Count)*share))))
					}
				}
			}
		})
	}
}

// serverTimes are the metrics with samples that tell how long a server took.
func (s *subject) serverTimes() []string {
	var names []string
	for _, m := range s.Metrics {
		if _, ok := partOf(s.config, m.Name); (ok || isTotal(m.Name)) && len(s.SeriesOf(m.Name)) > 0 {
			names = append(names, m.Name)
		}
	}
	return names
}

// windowSums is what is known of an endpoint's requests in a window.
type windowSums struct {
	n         uint64
	total     float64 // ms
	failed    float64
	joined    uint64
	counts    []uint64  // of samples of each server time
	ms        []float64 // by column
	durations *run.Sketch
}

// counted adds up the samples of a server time.
func (w *windowSums) counted(column int, n uint64) uint64 {
	for len(w.counts) <= column {
		w.counts = append(w.counts, 0)
	}
	w.counts[column] += n
	return w.counts[column]
}

// eachWindow visits the windows of a metric's series that count. of says what
// visits those of a series, by its tags; nil leaves the series out.
func (s *subject) eachWindow(metric string, of func(run.TagSet) func(*run.Window)) {
	series := s.SeriesOf(metric)
	for i := range series {
		if !s.counted(series[i].Tags) {
			continue
		}
		visit := of(series[i].Tags)
		if visit == nil {
			continue
		}
		for j := range series[i].Windows {
			if w := &series[i].Windows[j]; w.Count > 0 {
				visit(w)
			}
		}
	}
}

// addClientTimes adds what k6 measures of an HTTP request on its own side.
// blocked contains connecting and the handshake, and is no part of the duration.
func (s *subject) addClientTimes(at func(run.Endpoint, int64) *windowSums) {
	add := func(metric string, put func(*windowSums, float64)) {
		s.eachWindow(metric, func(t run.TagSet) func(*run.Window) {
			e := endpointOf(run.ProtocolHTTP, t)
			return func(w *run.Window) { put(at(e, w.Index), w.Sum.Float()) }
		})
	}
	for metric, column := range map[string]int{
		"http_req_connecting": run.ColumnConnecting, "http_req_tls_handshaking": run.ColumnTLS,
		"http_req_sending": run.ColumnSending, "http_req_waiting": run.ColumnWaiting, "http_req_receiving": run.ColumnReceiving,
	} {
		add(metric, func(w *windowSums, ms float64) { w.ms[column] += ms })
	}
	add("http_req_blocked", func(w *windowSums, ms float64) { w.ms[run.ColumnClient] += ms })
}

// tableOf makes a table of an endpoint's windows.
func tableOf(e run.Endpoint, windows map[int64]*windowSums, length time.Duration) run.Table {
	out := run.Table{Endpoint: e, First: math.MaxInt64, Last: math.MinInt64}
	for _, index := range sortedKeys(windows) {
		w := windows[index]
		if w.n == 0 {
			continue
		}
		blocked := w.ms[run.ColumnClient]
		w.ms[run.ColumnClient] = max(0, blocked-w.ms[run.ColumnConnecting]-w.ms[run.ColumnTLS])
		total := w.total + max(blocked, w.ms[run.ColumnConnecting]+w.ms[run.ColumnTLS])
		row := run.Row{
			Bin: run.RowOf(total / float64(w.n)), Count: w.n, Joined: min(w.joined, w.n),
			Total: int64(math.Round(total * 1000)),
		}
		rows := run.Rows{List: []run.Row{row}, Width: len(w.ms)}
		for _, ms := range w.ms {
			rows.Sums = append(rows.Sums, int64(math.Round(ms*1000)))
		}
		start := index * int64(length)
		out.First, out.Last = min(out.First, start), max(out.Last, start)
		out.Blocks = append(out.Blocks, run.Block{
			Index: index, Count: w.n, Failed: uint64(max(0, w.failed)), Durations: w.durations, Rows: rows,
		})
	}
	return out
}
