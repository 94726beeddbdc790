package view

import (
	"slices"

	"k6report/internal/report"
)

// What most runs are of, in k6's words.
const (
	protocolHTTP = "http"
	durationHTTP = "http_req_duration"
)

func requests(r *report.Report) Line {
	l, line := &r.Run.Load, Line{Label: "Requests"}
	moved := l.BytesReceived != nil && l.BytesSent != nil && *l.BytesReceived+*l.BytesSent > 0
	counted := ""
	switch {
	case l.Requests != nil && *l.Requests > 0:
		counted = Count(*l.Requests)
		if l.RequestsPerS != nil {
			counted += " (" + PerSecond(*l.RequestsPerS) + ")"
		}
	case l.Requests != nil, uncounted(r) > 0, l.BytesReceived != nil && l.BytesSent != nil && !moved:
		counted = "none"
	}
	if extra := uncounted(r); extra > 0 {
		between := " and "
		if counted == "none" {
			between = ", "
		}
		counted += between + Count(extra) + " in set-up"
		if noted(r, "groups_excluded") {
			counted += " or excluded groups"
		}
	}
	if counted != "" {
		line.Parts = append(line.Parts, cell(counted, Normal))
	}
	for _, e := range ended(l) {
		line.Parts = append(line.Parts, e.Cell)
	}
	if moved {
		text := Bytes(float64(*l.BytesReceived)) + " in, " + Bytes(float64(*l.BytesSent)) + " out"
		line.Parts = append(line.Parts, cell(text, Normal))
	}
	return line
}

// ending is a share of the requests in words.
type ending struct {
	Cell
	none bool // there are none of them
}

// ended is how many requests failed and timed out, as far as it is known.
func ended(l *report.Load) []ending {
	var out []ending
	for _, e := range []struct {
		share      *float64
		some, none string
	}{{l.ErrorRate, "failed", "none failed"}, {l.TimeoutRate, "timed out", "no timeouts"}} {
		switch {
		case e.share == nil:
		case *e.share == 0:
			out = append(out, ending{cell(e.none, Good), true})
		default:
			out = append(out, ending{cell(Percent(*e.share)+" "+e.some, rate(e.share).Tone), false})
		}
	}
	return out
}

// Ended is how the requests ended, in a few words: that none timed out goes
// without saying where it is known how many failed.
func Ended(r *report.Report) []Cell {
	l := &r.Run.Load
	var out []Cell
	for i, e := range ended(l) {
		if i == 0 && l.ErrorRate != nil || !e.none {
			out = append(out, e.Cell)
		}
	}
	return out
}

// Percentiles are the run's p50, p95 and p99 in a few words.
func Percentiles(r *report.Report) []Cell {
	d, few, _ := latencyShown(r)
	d.Avg, d.Max = nil, nil
	return latencyOf(d, few)
}

// uncounted is how many HTTP requests k6 counts that the report's tables
// leave out, as set-up; 0 also when that isn't known.
func uncounted(r *report.Report) int64 {
	all := metricValues(r, "http_reqs").Num("count")
	if all == nil {
		return 0
	}
	own := int64(0) // a report states no number where there were none
	if n := r.Run.Load.Requests; n != nil {
		own = *n
	}
	for _, e := range r.Run.Endpoints {
		if e.Protocol != protocolHTTP {
			own -= e.Count
		}
	}
	return max(0, int64(*all)-max(0, own))
}

func metricValues(r *report.Report, name string) report.Values {
	for _, m := range r.Run.Metrics {
		if m.Name == name {
			return m.Values
		}
	}
	return nil
}

// noted reports whether a report has a note, of one of some severities where they
// are given.
func noted(r *report.Report, code string, severities ...report.Severity) bool {
	return slices.ContainsFunc(r.Notes, func(n report.Note) bool {
		return n.Code == code && (len(severities) == 0 || slices.Contains(severities, n.Severity))
	})
}

// latency is that of all HTTP requests together, of the most frequent protocol
// where there are none. A single endpoint's numbers are those of the run;
// percentiles of several can't be put together, so k6's own are taken, which
// count set-up.
func latency(r *report.Report) Line {
	d, few, remarks := latencyShown(r)
	line := Line{Label: "Latency", Parts: latencyOf(d, few)}
	if len(line.Parts) > 0 {
		line.Parts = append(line.Parts, remarks...)
	}
	return line
}

// latencyShown are the durations that stand for the run, which of them rest on
// few samples, and of which requests they are.
func latencyShown(r *report.Report) (d report.Durations, few []string, remarks []Cell) {
	protocol, metric, several := mainProtocol(r.Run.Endpoints)
	var own []report.Endpoint
	for _, e := range r.Run.Endpoints {
		if e.Protocol == protocol {
			own = append(own, e)
		}
	}
	if len(own) == 1 {
		d, few = own[0].DurationMS, own[0].FewSamples
	}
	if len(latencyOf(d, few)) == 0 {
		v := metricValues(r, metric)
		d, few = report.Durations{
			Avg: v.Num("avg"), Med: v.Num("med"), P95: v.Num("p(95)"), P99: v.Num("p(99)"), Max: v.Num("max"),
		}, nil
		// How many of other protocols were set-up's isn't known.
		if protocol != protocolHTTP || uncounted(r) > 0 {
			remarks = append(remarks, cell("with set-up", Dim))
		}
	}
	if several || protocol != protocolHTTP {
		remarks = append(remarks, cell(protocol+" only", Dim))
	}
	return d, few, remarks
}

func latencyOf(d report.Durations, few []string) []Cell {
	var out []Cell
	for _, x := range []struct {
		name string
		ms   *float64
	}{{"avg", d.Avg}, {"med", d.Med}, {"p(95)", d.P95}, {"p(99)", d.P99}, {"max", d.Max}} {
		if x.ms == nil {
			continue
		}
		c := cell(report.StatisticName(x.name)+" "+Milliseconds(*x.ms), Normal)
		if slices.Contains(few, x.name) {
			c = cell(c.Text+" (few samples)", Dim)
		}
		out = append(out, c)
	}
	return out
}

// mainProtocol is http if there is any or nothing is known of endpoints, else
// the one with the most requests; the metric of its durations, and whether there
// are other protocols.
func mainProtocol(list []report.Endpoint) (name, metric string, several bool) {
	counts := map[string]int64{}
	for _, e := range list {
		counts[e.Protocol] += e.Count
	}
	name, metric = protocolHTTP, durationHTTP
	if _, ok := counts[name]; !ok {
		most := int64(-1)
		for _, e := range list { // in the report's order, the first of equals
			if n := counts[e.Protocol]; n > most {
				name, metric, most = e.Protocol, e.Metric, n
			}
		}
	}
	return name, metric, len(counts) > 1
}
