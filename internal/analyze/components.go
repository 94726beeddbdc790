package analyze

import (
	"fmt"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// part is where a time belongs: a component, and what of it.
type part struct {
	component string
	name      string
	// wait says that it is time spent waiting for a server of the component to
	// be free; the component's other parts hold one.
	wait bool
}

// The parts that every request has. They stand first in every partition.
const (
	partClient       = iota // waiting for a free connection of the client
	partConnecting          // TCP
	partTLS                 // handshake
	partSending             //
	partReceiving           //
	partTransit             // waiting for the first byte, less what the server tells of
	partAccept              // until a websocket is open
	partUnattributed        // in the server, but in none of its times
	partUntimed             // of requests without any time of the server
	fixedParts
)

func fixed() []part {
	return []part{
		partClient:       {report.CompClient, "connection-wait", true},
		partConnecting:   {report.CompNetwork, "connecting", false},
		partTLS:          {report.CompNetwork, "tls", false},
		partSending:      {report.CompNetwork, "sending", false},
		partReceiving:    {report.CompNetwork, "receiving", false},
		partTransit:      {report.CompNetwork, "transit", false},
		partAccept:       {report.CompWebsocket, "ws-accept", true},
		partUnattributed: {report.CompOther, "unattributed", false},
		partUntimed:      {report.CompOther, "untimed", false},
	}
}

// serverTotal is the metric of the whole time in the server, which all other
// server times are parts of.
const serverTotal = "workflow_server_ms"

// timing is one name of the vocabulary: what a server calls a time, and the k6
// metric that scenarios/lib/server-timing.js makes of it.
type timing struct {
	entry, metric string
	part          part
}

// vocabulary are the server times that are understood without configuration.
func vocabulary() []timing {
	return []timing{
		{"queue", "engine_queue_wait_ms", part{report.CompQueue, "queue", true}},
		{"db-pool-wait", "db_pool_wait_ms", part{report.CompDatabase, "db-pool-wait", true}},
		{"db-write", "db_write_latency_ms", part{report.CompDatabase, "db-write", false}},
		{"db-commit", "db_commit_latency_ms", part{report.CompDatabase, "db-commit", false}},
		{"db-read", "db_read_latency_ms", part{report.CompDatabase, "db-read", false}},
		{"db-trace", "db_trace_query_latency_ms", part{report.CompDatabase, "db-trace", false}},
		{"graph-build", "graph_build_duration", part{report.CompGraph, "graph-build", false}},
		{"template-resolve", "template_resolve_ms", part{report.CompGraph, "template-resolve", false}},
		{"http-pool-wait", "http_pool_wait_ms", part{report.CompHTTPPool, "http-pool-wait", true}},
		{"http-dns", "http_dns_ms", part{report.CompHTTPPool, "http-dns", false}},
		{"http-connect", "http_connect_ms", part{report.CompHTTPPool, "http-connect", false}},
		{"http-call", "http_call_ms", part{report.CompHTTPPool, "http-call", false}},
		{"ws-publish", "ws_publish_ms", part{report.CompWebsocket, "ws-publish", false}},
		{"serialize", "serialize_ms", part{report.CompOther, "serialize", false}},
	}
}

// The spelling of metrics that stand for Server-Timing entries of other names.
const (
	timingPrefix = "server_timing_"
	timingSuffix = "_ms"
)

// entryOf is the Server-Timing entry that a metric stands for, "" for none.
// What the metric's name can't hold was written as _.
func entryOf(metric string) string {
	for _, t := range vocabulary() {
		if t.metric == metric {
			return t.entry
		}
	}
	if name, ok := strings.CutPrefix(metric, timingPrefix); ok {
		if name, ok = strings.CutSuffix(name, timingSuffix); ok {
			return name
		}
	}
	return ""
}

// isTotal reports whether a metric is the server's whole time.
func isTotal(metric string) bool {
	return metric == serverTotal || metric == timingPrefix+"total"+timingSuffix
}

// partOf is where a metric belongs: by the configuration, which goes by the
// name of the metric or of the entry, else by the vocabulary. It is false for a
// metric that is no part of a request's time, or one of unknown meaning.
func partOf(c *config.Config, metric string) (part, bool) {
	entry := entryOf(metric)
	for _, name := range []string{metric, entry, strings.ReplaceAll(entry, "_", "-")} {
		if name == "" {
			continue
		}
		component, sub, ok := c.Component(name)
		if !ok {
			continue
		}
		shown := entry
		if shown == "" {
			shown = metric
		}
		p := part{component: component, name: shown, wait: sub == partNameWait}
		if sub != "" && sub != partNameWait {
			p.name = sub
		}
		return p, true
	}
	for _, t := range vocabulary() {
		if t.metric == metric || entry != "" && strings.ReplaceAll(t.entry, "-", "_") == strings.ReplaceAll(entry, "-", "_") {
			return t.part, true
		}
	}
	return part{}, false
}

// partNameWait is the part of a configured component that is waiting.
const partNameWait = "wait"

// partition is the parts that requests of one or several runs are cut into.
type partition struct {
	parts  []part
	config *config.Config
}

// newPartition is the parts of all runs: the fixed ones, then those that
// servers told of, by component and name.
func newPartition(c *config.Config, all ...*run.Requests) *partition {
	p := &partition{parts: fixed(), config: c}
	var told []part
	for _, r := range all {
		for _, metric := range r.Columns[min(len(run.ClientColumns()), len(r.Columns)):] {
			if of, ok := partOf(c, metric); ok && !isTotal(metric) && !slices.Contains(told, of) && !slices.Contains(p.parts, of) {
				told = append(told, of)
			}
		}
	}
	slices.SortFunc(told, func(a, b part) int {
		if a.component != b.component {
			return componentRank(a.component) - componentRank(b.component)
		}
		if a.name != b.name {
			return strings.Compare(a.name, b.name)
		}
		if a.wait {
			return 1
		}
		return -1
	})
	p.parts = append(p.parts, told...)
	return p
}

func componentRank(name string) int { return slices.Index(config.Components(), name) }

// column says how a column of a request table is read.
type column struct {
	part  int // of the partition; -1: none
	total bool
}

// columns says how the columns of one run's tables are read.
func (p *partition) columns(r *run.Requests) []column {
	out := make([]column, len(r.Columns))
	for i, metric := range r.Columns {
		out[i].part = -1
		if i < len(run.ClientColumns()) {
			continue
		}
		if isTotal(metric) {
			out[i].total = true
		} else if of, ok := partOf(p.config, metric); ok {
			out[i].part = slices.Index(p.parts, of)
		}
	}
	return out
}

// noteUnmapped points out metrics that look like times of a component and are
// in none: their time shows up as other.
func (s *subject) noteUnmapped() {
	var found []string
	for _, m := range s.Metrics {
		if m.Type != run.Trend && m.Type != run.Unknown || isTotal(m.Name) || wholeTime(m.Name) || len(s.SeriesOf(m.Name)) == 0 {
			continue
		}
		if _, ok := partOf(s.config, m.Name); ok {
			continue
		}
		joined := slices.Contains(s.Requests.Columns, m.Name)
		byEndpoint := slices.ContainsFunc(s.SeriesOf(m.Name), func(series run.Series) bool { return series.Tags.Value("endpoint") != "" })
		switch {
		case strings.HasPrefix(m.Name, timingPrefix):
		case m.Contains == "time" && (joined || byEndpoint):
		default:
			continue
		}
		found = append(found, m.Name)
	}
	if len(found) == 0 {
		return
	}
	shown := strings.Join(found[:min(3, len(found))], ", ")
	if more := len(found) - 3; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	s.note("unmapped_component", report.Info,
		fmt.Sprintf("%s could be times of a component, but no rule says of which, so what they measure counts as other: map them in k6report.yaml, components: [{match: %q, component: database}]", shown, found[0]), "")
}

// wholeTime reports whether a metric is known to be no part of a request's
// time: it measures the whole of something, or happens beside the request.
func wholeTime(metric string) bool {
	switch metric {
	case "workflow_execution_duration", "ws_broadcast_delay_ms", "engine_sched_latency_ms", "iteration_duration", "group_duration":
		return true
	}
	return strings.HasPrefix(metric, "http_req_") || strings.HasPrefix(metric, "browser_") ||
		strings.HasPrefix(metric, "grpc_") || strings.HasPrefix(metric, "ws_") && !strings.HasSuffix(metric, "publish_ms")
}
