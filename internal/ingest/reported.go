package ingest

import (
	"cmp"
	"fmt"
	"strings"

	"k6report/internal/run"
)

// checkReported refuses a summary of another run. Samples may be missing: then
// there are fewer than the summary counts, and they lie between its extremes.
// Where many metrics hold what the summary has not seen, it is of other samples.
func checkReported(r *run.Run, sources []Source) error {
	if r.Reported == nil || len(r.Series) == 0 {
		return nil
	}
	compared, unseen, example := 0, 0, ""
	for i := range r.Reported.Metrics {
		m := &r.Reported.Metrics[i]
		sel := r.Select(m.Name, nil)
		if sel.Count == 0 || sel.Outside > 0 || strings.Contains(m.Name, "{") || m.Type != run.Trend && m.Type != run.Counter {
			continue
		}
		said, text := beyond(m, &sel)
		if text == "" {
			continue
		}
		compared++
		if said {
			unseen++
			example = cmp.Or(example, text)
		}
	}
	if unseen < 3 || 3*unseen < compared {
		return nil
	}
	return differentRuns{fmt.Errorf("read %s: the summary is of another run than the samples: %s (and %d more of %d metrics): give the summary of this run, or none", names(sources), example, unseen-1, compared)}
}

// beyond reports whether samples hold what a summary's metric has not seen; the
// text is "" where the summary tells nothing to compare.
func beyond(m *run.ReportedMetric, sel *run.Selection) (unseen bool, text string) {
	if count, ok := m.Value("count"); ok && m.Type == run.Counter {
		sum := sel.Sum.Float()
		return sum > count*1.001+0.5, fmt.Sprintf("%s is %g there and %g here", clip(m.Name), count, sum)
	}
	if highest, ok := m.Value("max"); ok && (highest != 0 || sel.Max != 0) {
		if sel.Max > highest+2e-6 {
			return true, fmt.Sprintf("%s is at most %g there and %g here", clip(m.Name), highest, sel.Max)
		}
		text = m.Name
	}
	if lowest, ok := m.Value("min"); ok && (lowest != 0 || sel.Min != 0) {
		if sel.Min < lowest-2e-6 {
			return true, fmt.Sprintf("%s is at least %g there and %g here", clip(m.Name), lowest, sel.Min)
		}
		text = m.Name
	}
	return false, text
}

// leaveSummary drops the summary of one of several generators.
func leaveSummary(r *run.Run) {
	if r.Reported == nil {
		return
	}
	r.Reported = nil
	addProblem(r, run.Problem{
		Code:    "summary_of_part",
		Message: "the samples are of several load generators, the summary of one: it is not used, since what k6 says of a part is not true of the whole",
	})
}
