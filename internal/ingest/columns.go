package ingest

import (
	"cmp"
	"slices"

	"k6report/internal/run"
)

const codeColumns = "columns_left_out"

// noteColumns says which times of requests the tables have no column for.
func noteColumns(r *run.Run) {
	// What a snapshot brought along is found again.
	r.Problems = slices.DeleteFunc(r.Problems, func(p run.Problem) bool { return p.Code == codeColumns })
	var left []run.Metric
	for _, m := range r.Metrics {
		isTime := (m.Type == run.Trend || m.Type == run.Unknown) && (m.Contains == "time" || m.Contains == "")
		if m.NoColumn && (isTime || m.Wanted > 0) {
			left = append(left, m)
		}
	}
	if len(left) == 0 {
		return
	}
	slices.SortStableFunc(left, func(a, b run.Metric) int { return cmp.Compare(b.Wanted, a.Wanted) })
	var names []string
	for _, m := range left {
		names = append(names, clip(m.Name))
	}
	addProblem(r, run.Problem{
		Code:    codeColumns,
		Message: "more times are recorded with requests than the tables of requests have columns for: left out are " + shortList(names, 8) + ", so what they measure counts as other; what components in k6report.yaml map comes first",
	})
}
