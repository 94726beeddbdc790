package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k6report/internal/run"
)

// observed is what the samples of a metric tell of its type.
type observed struct {
	samples  uint64
	min, max float64
	whole    bool // all values seen so far are 0 or 1, as of a rate
}

// inferTypes says what the metrics are of which no source tells the type: k6's
// own are known by name, those of a script by k6's habits of naming and by
// their values. A metric that neither tells stays unknown, and is read as a
// trend, which loses nothing.
func (rd *reader) inferTypes() {
	typed := make(map[string]bool)
	for _, r := range slices.Concat(rd.parts, rd.late) {
		for _, m := range r.Metrics {
			typed[m.Name] = typed[m.Name] || m.Type != run.Unknown
		}
	}
	for _, m := range rd.known {
		typed[m.Name] = typed[m.Name] || m.Type != run.Unknown
	}
	seen := make(map[string]observed)
	for _, r := range rd.parts {
		for i := range r.Series {
			s := &r.Series[i]
			if typed[s.Metric] {
				continue
			}
			o, again := seen[s.Metric]
			if !again {
				o = observed{min: s.Min, max: s.Max, whole: true}
			}
			o.samples += s.Count
			o.min, o.max = min(o.min, s.Min), max(o.max, s.Max)
			// Values between 0 and 1 of which as many are not 0 as they add up to.
			o.whole = o.whole && s.Min >= 0 && s.Max <= 1 && s.Outside == 0 && s.Sum.Float() == float64(s.Nonzero)
			seen[s.Metric] = o
		}
	}
	inferred := &run.Run{}
	var said []string
	for _, name := range sortedKeys(seen) {
		m := seen[name].definition(name)
		if m.Type == run.Unknown {
			continue
		}
		inferred.Metrics = append(inferred.Metrics, m)
		kind := m.Type.String()
		if m.Contains == "time" {
			kind = "trend of times"
		}
		said = append(said, fmt.Sprintf("%s as a %s", clip(name), kind))
	}
	if len(said) == 0 {
		return
	}
	rd.late = append(rd.late, inferred)
	rd.b.Problem(run.Problem{
		Code: "types_inferred", Source: rd.untyped[0], Count: uint64(len(said)),
		Message: "this format tells no types of metrics; by their names and values are read " + shortList(said, 8) + ": where that is wrong, say so under metrics in k6report.yaml",
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// definition infers the type of a metric.
func (o observed) definition(name string) run.Metric {
	m := run.Metric{Name: name}
	ends := func(suffixes ...string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool {
			return strings.HasSuffix(name, s) || name == strings.TrimPrefix(s, "_")
		})
	}
	switch {
	case ends("_ms", "_duration", "_latency", "_time") && o.min >= 0:
		m.Type, m.Contains = run.Trend, "time"
	case o.whole && ends("_rate", "_ratio", "_failed", "_success", "_successful", "_ok", "_passed"),
		o.whole && o.min == 0 && o.max == 1 && ends("_errors", "_failures"):
		m.Type, m.Contains = run.Rate, "default"
	case ends("_total", "_count", "_counter", "_messages", "_sum") && o.min >= 0:
		m.Type, m.Contains = run.Counter, "default"
	}
	return m
}
