package analyze

import (
	"strings"

	"k6report/internal/run"
)

// BaselineParts are the parts of a name for the baseline that a run belongs to,
// so that runs of different names are never comparable: its level, else its
// suite, else its scenarios; where it ran; and its scale, unless it is whole. No
// part is empty; none is known of some runs.
func BaselineParts(r *run.Run) []string {
	s := newSubject(r, nil)
	var parts []string
	switch level, suite := s.labelled("level"), s.labelled("suite"); {
	case level != "":
		parts = append(parts, level)
	case suite != "":
		parts = append(parts, suite)
	default:
		if names := s.scenarioNames(); len(names) > 0 {
			parts = append(parts, strings.Join(names, "-"))
		}
	}
	where := s.labelled("env")
	if where == "" {
		where = s.labelled("environment")
	}
	for _, part := range []string{where, s.labelled("cluster"), s.labelled("region")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, scale := range []struct{ label, word string }{{"rate_scale", "rate-"}, {"time_scale", "time-"}} {
		if v := s.labelled(scale.label); v != "" && v != "1" {
			parts = append(parts, scale.word+v)
		}
	}
	return parts
}
