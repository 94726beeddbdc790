package analyze

import (
	"fmt"
	"slices"
	"strings"

	"k6report/internal/component"
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
	out := make([]part, fixedParts)
	for i, name := range [fixedParts]string{
		partClient:       "connection-wait",
		partConnecting:   "connecting",
		partTLS:          "tls",
		partSending:      "sending",
		partReceiving:    "receiving",
		partTransit:      "transit",
		partAccept:       "ws-accept",
		partUnattributed: "unattributed",
		partUntimed:      "untimed",
	} {
		known, _ := knownPart(func(p component.Part) bool { return p.Name == name })
		out[i] = known.part
	}
	return out
}

// components are those of the table, in the report's order: what is counted by
// component is a list in the same order.
var components = component.All()

func componentRank(name string) int {
	return slices.IndexFunc(components, func(c component.Component) bool { return c.Name == name })
}

// known is a part of the table: what stands there, and where it belongs.
type known struct {
	component.Part
	part part
}

// knownPart is the first part of the table that is asked for.
func knownPart(asked func(component.Part) bool) (known, bool) {
	for i := range components {
		for _, p := range components[i].Parts {
			if asked(p) {
				return known{p, part{component: components[i].Name, name: p.Name, wait: p.Wait}}, true
			}
		}
	}
	return known{}, false
}

// toldAs is the part that a server tells of by a metric of the scripts.
func toldAs(metric string) (known, bool) {
	return knownPart(func(p component.Part) bool { return p.Metric != "" && p.Metric == metric })
}

// The spelling of metrics that stand for Server-Timing entries of other names.
const (
	timingPrefix = "server_timing_"
	timingSuffix = "_ms"
)

// entryOf is the Server-Timing entry that a metric stands for, "" for none.
// What the metric's name can't hold was written as _.
func entryOf(metric string) string {
	if known, ok := toldAs(metric); ok {
		return known.Name
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
	return metric == component.TotalMetric || metric == timingPrefix+component.Total+timingSuffix
}

// partOf is where a metric belongs: by the configuration, which goes by the
// name of the metric or of the entry, else by the table of components. It is false for a
// metric that is no part of a request's time, or one of unknown meaning.
func partOf(c *config.Config, metric string) (part, bool) {
	entry := entryOf(metric)
	for _, name := range []string{metric, entry, strings.ReplaceAll(entry, "_", "-")} {
		if name == "" {
			continue
		}
		configured, sub, ok := c.Component(name)
		if !ok {
			continue
		}
		shown := entry
		if shown == "" {
			shown = metric
		}
		p := part{component: configured, name: shown, wait: sub == partNameWait}
		if sub != "" && sub != partNameWait {
			p.name = sub
		}
		return p, true
	}
	known, ok := knownPart(func(p component.Part) bool {
		return p.Metric != "" && (p.Metric == metric || strings.ReplaceAll(p.Name, "-", "_") == strings.ReplaceAll(entry, "-", "_"))
	})
	return known.part, ok
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

// column is one of a request table that holds a server's times.
type column struct {
	at   int // of the table's columns
	part int // of the partition; wholeServer: of none
}

// wholeServer marks the column of a server's whole time.
const wholeServer = -1

// columns are those of one run's tables that hold times of the server, ascending.
func (p *partition) columns(r *run.Requests) []column {
	var out []column
	for at := len(run.ClientColumns()); at < len(r.Columns); at++ {
		if isTotal(r.Columns[at]) {
			out = append(out, column{at, wholeServer})
		} else if of, ok := partOf(p.config, r.Columns[at]); ok {
			if part := slices.Index(p.parts, of); part >= 0 {
				out = append(out, column{at, part})
			}
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
