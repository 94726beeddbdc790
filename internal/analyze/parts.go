package analyze

import (
	"cmp"
	"fmt"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
)

// parts fills the tables by scenario, persona, group, tenant and configured
// dimension.
func (s *subject) parts(out *report.Run) {
	out.Scenarios = s.scenarioParts()
	out.Personas = s.partsBy("persona")
	out.Groups = s.partsBy("group")
	out.Tenants = s.partsBy("tenant")
	out.Fairness = fairness(out.Tenants)
	for _, name := range s.config.Dimensions {
		if rows := s.partsBy(name); len(rows) > 0 && !slices.Contains([]string{"scenario", "persona", "group", "tenant"}, name) {
			out.Dimensions = append(out.Dimensions, report.Dimension{Name: name, Rows: rows})
		}
	}
}

// partsBy cuts the requests of the run by a tag. A tag that has the same value
// everywhere cuts nothing.
func (s *subject) partsBy(tag string) []report.Part {
	key := func(t run.TagSet) (string, bool) {
		value, ok := t.Get(tag)
		return value, ok && value != "" && !run.IsSetup(t)
	}
	requests := make(map[string]*run.Selection)
	failed := make(map[string]*run.Selection)
	for _, p := range protocols {
		for name, sel := range groupBy(s.Run, p.duration, key) {
			if requests[name] == nil {
				requests[name] = sel
			} else {
				requests[name].Merge(sel)
			}
		}
		if p.failed != "" {
			for name, sel := range groupBy(s.Run, p.failed, key) {
				if failed[name] == nil {
					failed[name] = sel
				} else {
					failed[name].Merge(sel)
				}
			}
		}
	}
	if len(requests) == 1 && s.tags[tag] != "" {
		return nil
	}
	var out []report.Part
	for _, name := range sortedKeys(requests) {
		part := s.part(name, requests[name])
		if f := failed[name]; f != nil && f.Count > 0 {
			part.ErrorRate = report.Num(float64(f.Nonzero) / float64(f.Count))
		}
		out = append(out, part)
	}
	return out
}

// scenarioParts are the iterations by scenario.
func (s *subject) scenarioParts() []report.Part {
	iterations := groupBy(s.Run, "iteration_duration", func(t run.TagSet) (string, bool) {
		return t.Value("scenario"), !run.IsSetup(t)
	})
	var out []report.Part
	for _, name := range sortedKeys(iterations) {
		out = append(out, s.part(name, iterations[name]))
	}
	return out
}

func (s *subject) part(name string, sel *run.Selection) report.Part {
	d := durations(sel)
	out := report.Part{
		Name: name, Count: int64(sel.Count), P50: d.Med, P95: d.P95, P99: d.P99,
		FewSamples: fewSamples(sel.Count),
	}
	if s.seconds > 0 {
		out.RatePerS = report.Num(float64(sel.Count) / s.seconds)
	}
	return out
}

// fairness compares tenants; nil where there are fewer than two.
func fairness(tenants []report.Part) *report.Fairness {
	var p95s, rates []float64
	out := &report.Fairness{}
	for _, t := range tenants {
		if t.P95 == nil {
			continue
		}
		p95s = append(p95s, *t.P95)
		rates = append(rates, float64(t.Count))
		if out.WorstP95 == nil || *t.P95 > *out.WorstP95 {
			out.Worst, out.WorstP95 = t.Name, t.P95
		}
	}
	if len(p95s) < 2 {
		return nil
	}
	slices.SortFunc(p95s, cmp.Compare[float64])
	median := stat.Quantile(p95s, 0.5)
	out.MedianP95 = report.Num(median)
	if median > 0 {
		out.Ratio = report.Num(*out.WorstP95 / median)
		out.Text = fmt.Sprintf("p95 of the slowest tenant is %.2g times that of the median one", *out.Ratio)
	}
	out.Jain = report.Num(stat.JainIndex(rates))
	return out
}
