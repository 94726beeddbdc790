package analyze

import (
	"fmt"
	"slices"
	"strings"

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
		if slices.Contains([]string{"scenario", "persona", "group", "tenant"}, name) {
			continue
		}
		if rows := s.partsBy(name); len(rows) > 0 {
			out.Dimensions = append(out.Dimensions, report.Dimension{Name: name, Rows: rows})
		}
	}
}

// partsBy cuts the requests of the run by a tag. Where one part is the whole,
// the tag cuts nothing and there is no table.
func (s *subject) partsBy(tag string) []report.Part {
	key := func(t run.TagSet) (string, bool) {
		value := t.Value(tag)
		return value, value != ""
	}
	requests := make(map[string]*run.Selection)
	ended := make(map[string]outcome)
	for _, p := range protocols {
		for name, sel := range groupBy(s, p.Duration, key) {
			if requests[name] == nil {
				requests[name] = sel
			} else {
				requests[name].Merge(sel)
			}
		}
		for name, o := range outcomesBy(s, p, key) {
			o.add(ended[name])
			ended[name] = o
		}
	}
	var out []report.Part
	for _, name := range sortedKeys(requests) {
		part := s.part(name, requests[name])
		o := ended[name]
		part.ErrorRate = o.errorRate()
		out = append(out, part)
	}
	if len(out) == 1 && uint64(out[0].Count) >= s.requests() {
		return nil
	}
	return out
}

// scenarioParts are the iterations by scenario.
func (s *subject) scenarioParts() []report.Part {
	iterations := groupBy(s, "iteration_duration", func(t run.TagSet) (string, bool) {
		return t.Value("scenario"), true
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

// noisyFactor is how many times the median tenant's requests a noisy one sends.
const noisyFactor = 3

// fairness compares tenants; nil where there are fewer than two. A p95 that rests
// on few samples is compared with none.
func fairness(tenants []report.Part) *report.Fairness {
	if len(tenants) < 2 {
		return nil
	}
	out := &report.Fairness{}
	var p95s, counts []float64
	var slowest, most report.Part
	all := 0.0
	for _, t := range tenants {
		counts = append(counts, float64(t.Count))
		all += float64(t.Count)
		if t.Count > most.Count {
			most = t
		}
		if t.P95 == nil || slices.Contains(t.FewSamples, "p(95)") {
			continue
		}
		p95s = append(p95s, *t.P95)
		if slowest.P95 == nil || *t.P95 > *slowest.P95 {
			slowest = t
		}
	}
	out.Jain = report.Num(stat.JainIndex(counts))
	var said []string
	if len(p95s) > 1 {
		median := medianTenant(p95s)
		out.Worst, out.WorstP95, out.MedianP95 = slowest.Name, slowest.P95, report.Num(median)
		if median > 0 {
			out.Ratio = report.Num(*slowest.P95 / median)
			said = append(said, fmt.Sprintf("p95 of %s is %s times the median tenant's", slowest.Name, report.Digits(*slowest.P95/median, 3)))
		}
	}
	if usual := medianTenant(counts); usual > 0 && float64(most.Count) >= noisyFactor*usual {
		out.Noisy = most.Name
		said = append(said, fmt.Sprintf("%s sent %s of the requests, %s times as many as the median tenant", most.Name, percent(float64(most.Count)/all), report.Digits(float64(most.Count)/usual, 3)))
	}
	out.Text = strings.Join(said, "; ")
	return out
}

// medianTenant is what the tenant in the middle has; of two in the middle the
// lower, for with only two the mean would be half of what it is compared with.
func medianTenant(of []float64) float64 {
	slices.Sort(of)
	return of[(len(of)-1)/2]
}
