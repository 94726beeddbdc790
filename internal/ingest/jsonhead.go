package ingest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"

	"k6report/internal/run"
)

var (
	anyTime    = regexp.MustCompile(`"time"\s*:\s*"([^"]*)"`)
	firstPoint = regexp.MustCompile(`\{"metric":"(\w*)","type":"Point"`)
)

// jsonStart finds the times at the start of a file.
func jsonStart(head []byte) start {
	var c clock
	s := start{part: parts}
	for _, m := range anyTime.FindAllSubmatch(head, -1) {
		if at, ok := c.parse(m[1]); ok {
			s.latest = max(s.latest, at)
			s.first = cmp.Or(s.first, at)
		}
	}
	if m := firstPoint.FindSubmatch(head); m != nil {
		if r, part, _ := roleOf(string(m[1])); r == rolePart {
			s.part = part
		}
	}
	return s
}

// jsonDefinitions are the metrics that the head of a file defines.
func jsonDefinitions(head []byte) []run.Metric {
	var metrics []run.Metric
	for line := range bytes.Lines(head) {
		var l jsonLine
		var d jsonMetric
		if !bytes.Contains(line, []byte(`"Metric"`)) || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		if json.Unmarshal(line, &l) != nil || l.Type != "Metric" || json.Unmarshal(l.Data, &d) != nil || d.check() != nil {
			continue
		}
		m, _ := d.definition() // reading notes what is wrong with it
		metrics = append(metrics, m)
	}
	return metrics
}
