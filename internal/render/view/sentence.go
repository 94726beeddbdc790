package view

import (
	"slices"
	"strings"

	"k6report/internal/report"
)

// Sentence begins a reason, a note or a piece of evidence with a capital where it
// stands as a sentence of its own. What begins with a name that the report holds
// keeps its case. Headlines are sentences as they are.
func Sentence(r *report.Report, text string) string {
	if slices.ContainsFunc(names(r), func(name string) bool { return begins(text, name) }) {
		return text
	}
	return report.Sentence(text)
}

// begins reports whether a text begins with a name, which may be of several
// words; none begins with an empty one.
func begins(text, name string) bool {
	rest, found := strings.CutPrefix(text, strings.Join(strings.Fields(name), " "))
	return found && name != "" && (rest == "" || strings.ContainsAny(rest[:1], " ,:;"))
}

// names are those that a text about a report may begin with.
func names(r *report.Report) []string {
	var out []string
	run := &r.Run
	for i := range run.Endpoints {
		out = append(out, run.Endpoints[i].Name)
	}
	for i := range run.Metrics {
		out = append(out, run.Metrics[i].Name)
	}
	for i := range run.Thresholds {
		out = append(out, run.Thresholds[i].Metric)
	}
	for i := range run.ServiceLevels {
		out = append(out, run.ServiceLevels[i].Metric)
	}
	for i := range run.Sources {
		out = append(out, run.Sources[i].Name)
	}
	for _, list := range [][]report.Part{run.Scenarios, run.Tenants, run.Personas} {
		for i := range list {
			out = append(out, list[i].Name)
		}
	}
	for i := range r.Notes {
		out = append(out, r.Notes[i].Where)
	}
	if a := r.Attribution; a != nil {
		for i := range a.Components {
			out = append(out, a.Components[i].Name)
		}
	}
	if c := r.Comparison; c != nil {
		for i := range c.Gates {
			out = append(out, c.Gates[i].Endpoint, c.Gates[i].Metric)
		}
	}
	return out
}
