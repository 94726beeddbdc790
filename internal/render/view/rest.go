package view

import (
	"maps"
	"slices"
	"strings"

	"k6report/internal/report"
)

// noteMark is the sign and tone of a severity.
func noteMark(s report.Severity) Cell {
	switch s {
	case report.Invalid:
		return Cell{"✗", Bad}
	case report.Error:
		return Cell{"✗", Bad}
	case report.Warning:
		return Cell{"!", Warn}
	}
	return Cell{"i", Dim}
}

// notes are all notes, what weighs most first. The message comes before the
// place, for it says what to do.
func notes(r *report.Report, opts Options) Section {
	if len(r.Notes) == 0 {
		return Section{}
	}
	s := Section{ID: "notes", Title: "Notes"}
	for _, severity := range []report.Severity{report.Invalid, report.Error, report.Warning, report.Info} {
		for _, n := range r.Notes {
			if n.Severity != severity {
				continue
			}
			text := n.Message
			if n.Where != "" && !strings.Contains(text, n.Where) {
				text += " (" + places(n.Where, opts) + ")"
			}
			tone := Normal
			if severity == report.Invalid {
				tone = Bad
			}
			s.Lines = append(s.Lines, Line{Mark: noteMark(severity), Label: n.Code, Parts: []Cell{{text, tone}}, Whole: severity != report.Info})
		}
	}
	return s
}

// places is a list of places, "a, b and 3 more" unless all are asked for. A
// comma within a submetric's braces separates none.
func places(where string, opts Options) string {
	var list []string
	depth, from := 0, 0
	for i, r := range where {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case depth <= 0 && strings.HasPrefix(where[i:], ", "):
			list = append(list, where[from:i])
			from = i + 2
		}
	}
	list = append(list, where[from:])
	if opts.All || len(list) <= 3 {
		return where
	}
	return list[0] + ", " + list[1] + " and " + Count(int64(len(list)-2)) + " more"
}

// metrics are k6's own numbers, set-up included.
func metrics(r *report.Report) Section {
	if len(r.Run.Metrics) == 0 {
		return Section{}
	}
	s := Section{ID: "metrics", Title: "Metrics", Summary: []Cell{{"as k6 counts, set-up included", Dim}}}
	for _, m := range r.Run.Metrics {
		l := Line{Label: m.Name}
		for _, v := range m.Values.Distinct() {
			l.Parts = append(l.Parts, cell(report.StatisticName(v.Name)+" "+Measure(v.Value, valueUnit(m, v.Name)), Normal))
		}
		if len(l.Parts) == 0 {
			l.Parts = []Cell{{"no samples", Warn}}
		}
		s.Lines = append(s.Lines, l)
	}
	return s
}

// valueUnit is the unit of one value of a metric.
func valueUnit(m report.Metric, name string) string {
	switch {
	case m.Type == "rate" && name == "rate":
		return report.UnitShare
	case name == "count" || name == "passes" || name == "fails":
		if m.Contains == "data" {
			return report.UnitBytes
		}
		return report.UnitCount
	case name == "rate" && m.Contains == "data":
		return bytesPerS
	case name == "rate":
		return report.UnitPerS
	case m.Contains == "time":
		return report.UnitMS
	case m.Contains == "data":
		return report.UnitBytes
	}
	return ""
}

// facts is where the numbers come from.
func facts(r *report.Report) Section {
	s := Section{ID: "sources", Title: "Sources"}
	for _, src := range r.Run.Sources {
		parts := []Cell{{src.Name, Strong}, {src.Format, Normal}}
		if src.Samples != nil {
			parts = append(parts, cell(Count(*src.Samples)+" samples", Normal))
		}
		if src.Skipped > 0 {
			parts = append(parts, cell(Count(src.Skipped)+" not readable", Warn))
		}
		s.Lines = append(s.Lines, Line{Label: "read", Parts: parts})
	}
	pairs := func(label string, m map[string]string) {
		l := Line{Label: label, Verbatim: true}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			l.Parts = append(l.Parts, cell(k+"="+m[k], Normal))
		}
		s.Lines = append(s.Lines, l)
	}
	pairs("labels", r.Run.Labels)
	pairs("tags", r.Run.Tags)
	if o := r.Overhead; o != nil && o.Definition != "" {
		s.Lines = append(s.Lines, Line{Label: "overhead", Parts: []Cell{{o.Definition, Normal}}})
	}
	return s.withoutEmptyLines()
}

func method(r *report.Report) Section {
	s := Section{ID: "method", Title: "Method"}
	for _, m := range r.Method {
		s.Lines = append(s.Lines, Line{Label: m.Topic, Parts: []Cell{{m.Text, Normal}}})
	}
	return s.withoutEmptyLines()
}
