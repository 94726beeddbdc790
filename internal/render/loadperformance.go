package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"k6report/internal/report"
)

// LoadPerformance writes the shape of k6's --summary-export, which GitLab's
// load performance widget reads, from any input. As there, a threshold that is
// true has failed.
func LoadPerformance(w io.Writer, r *report.Report) error {
	out := struct {
		Metrics map[string]map[string]any `json:"metrics"`
		Root    map[string]any            `json:"root_group"`
	}{make(map[string]map[string]any), rootGroup(r.Run.Checks)}
	for _, m := range r.Run.Metrics {
		values := make(map[string]any)
		for _, v := range m.Values.Distinct() {
			values[valid(v.Name)] = v.Value
		}
		if rate, ok := values["rate"]; ok && m.Type == "rate" {
			delete(values, "rate")
			values["value"] = rate
		}
		out.Metrics[valid(m.Name)] = values
	}
	for _, t := range r.Run.Thresholds {
		if t.OK == nil {
			continue
		}
		name := valid(t.Metric)
		m := out.Metrics[name]
		if m == nil {
			m = make(map[string]any)
			out.Metrics[name] = m
		}
		failed, ok := m["thresholds"].(map[string]bool)
		if !ok {
			failed = make(map[string]bool)
			m["thresholds"] = failed
		}
		failed[valid(t.Expression)] = !*t.OK
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write load-performance.json: %w", err)
	}
	return nil
}

// valid is a name as report.json has it.
func valid(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// rootGroup is k6's tree of groups with the checks in it.
func rootGroup(checks []report.Check) map[string]any {
	root := newGroup("", "")
	for _, c := range checks {
		of, check := valid(c.Group), valid(c.Name)
		group, path := root, ""
		for name := range strings.SplitSeq(strings.TrimPrefix(of, "::"), "::") {
			if name == "" {
				continue
			}
			path += "::" + name
			groups := group["groups"].(map[string]any)
			next, ok := groups[name].(map[string]any)
			if !ok {
				next = newGroup(name, path)
				groups[name] = next
			}
			group = next
		}
		group["checks"].(map[string]any)[check] = map[string]any{
			"name": check, "path": of + "::" + check, "passes": c.Passes, "fails": c.Fails,
		}
	}
	return root
}

func newGroup(name, path string) map[string]any {
	return map[string]any{"name": name, "path": path, "groups": make(map[string]any), "checks": make(map[string]any)}
}
