package lab

import (
	"math"
	"slices"
	"strings"

	"k6report/testbed/internal/fault"
)

// Mark is how good an answer is.
type Mark string

// The marks.
const (
	Right        Mark = "right"         // the component and its sub-part, or the right kind of silence
	RightPart    Mark = "component"     // the component, but another sub-part
	Silent       Mark = "silent"        // nothing named where something was to be found
	Partly       Mark = "partly"        // one of two
	Wrong        Mark = "wrong"         // a component that is not to blame
	Unexpected   Mark = "other silence" // nothing named, but for another reason than the true one
	NotConcerned Mark = "-"
)

// Judgement is the score of one answer.
type Judgement struct {
	Mark Mark
	Said string // what the report says, in short
	// Misnamed says that something is named that isn't to blame, whatever the fault.
	Misnamed bool
	// PartsOff is how far the parts of the difference are from adding up to that
	// of the requests' own durations, as a fraction; nil where there are none.
	PartsOff *float64
}

// said shortens an answer.
func said(r *Report) string {
	a := r.Attribution
	switch {
	case a == nil:
		return "no attribution"
	case a.names():
		var list []string
		for _, b := range a.Bottlenecks {
			list = append(list, b.Component+" / "+b.Detail)
		}
		return strings.Join(list, " + ")
	case a.Status == "inconclusive":
		return "inconclusive: " + a.Reason
	default:
		return a.Status
	}
}

// matches holds a named detail against the true one: "slow query (list)" is a
// slow query.
func (n Named) matches(t fault.Truth) (component, detail bool) {
	component = n.Component == t.Component
	return component, component && (t.Detail == "" || strings.HasPrefix(n.Detail, t.Detail))
}

// against judges a comparison with a healthy run.
func against(f fault.Fault, r *Report) Judgement {
	j := Judgement{Said: said(r), Mark: NotConcerned, Misnamed: naming(f.Truth, r.Attribution) == Wrong}
	switch f.Expect {
	case fault.Bottleneck:
		j.Mark = naming(f.Truth, r.Attribution)
	case fault.Nothing, fault.Unattributed, fault.HostWide:
		j.Mark = silence(f.Expect, r.Attribution)
	}
	return j
}

// partsOff holds the parts of the difference between two runs against what each of
// them says of its requests by itself; nil where the difference may be none, or is
// that of some endpoints.
func partsOff(compared, healthy, faulty *Report) *float64 {
	a := compared.Attribution
	if a == nil {
		return nil
	}
	for _, e := range a.Excess {
		if e.Question != "regression" || e.Hard != wholeRun || e.Interval == nil || e.Interval[0] == nil || e.Interval[1] == nil || *e.Interval[0] <= 0 && *e.Interval[1] >= 0 {
			continue
		}
		sum := 0.0
		for _, ms := range e.Parts {
			sum += ms
		}
		if grew := growth(healthy, faulty); grew != 0 {
			off := math.Abs(sum/grew - 1)
			return &off
		}
	}
	return nil
}

// wholeRun is what a regression question that is narrowed to no endpoint is about.
const wholeRun = "this run"

// growth is by how many ms a request took longer in one run than in another, with
// its mix of the endpoints that both have.
func growth(from, to *Report) float64 {
	all, ms := 0.0, 0.0
	for _, e := range to.Run.Endpoints {
		at := slices.IndexFunc(from.Run.Endpoints, func(o Endpoint) bool {
			return o.Name == e.Name && o.Protocol == e.Protocol && o.Method == e.Method
		})
		if at >= 0 && e.Duration.Avg != nil && from.Run.Endpoints[at].Duration.Avg != nil {
			all += e.Count
			ms += e.Count * (*e.Duration.Avg - *from.Run.Endpoints[at].Duration.Avg)
		}
	}
	return ms / max(1, all)
}

// naming judges what is to be named.
func naming(truth []fault.Truth, a *Attribution) Mark {
	if !a.names() {
		return Silent
	}
	found, details := make([]bool, len(truth)), true
	for _, b := range a.Bottlenecks {
		at := slices.IndexFunc(truth, func(t fault.Truth) bool { return t.Component == b.Component })
		if at < 0 {
			return Wrong
		}
		found[at] = true
		if _, ok := b.matches(truth[at]); !ok {
			details = false
		}
	}
	switch {
	case slices.Contains(found, false):
		return Partly
	case details:
		return Right
	default:
		return RightPart
	}
}

// silence judges what must not be named, and why.
func silence(e fault.Expect, a *Attribution) Mark {
	if a.names() {
		return Wrong
	}
	if e == fault.Nothing {
		return Right
	}
	codes := map[fault.Expect]string{fault.Unattributed: "unattributed", fault.HostWide: "host_wide"}
	if a != nil && a.Status == "inconclusive" && a.ReasonCode == codes[e] {
		return Right
	}
	return Unexpected
}

// alone judges a run without a baseline: what queues must be named by the
// load question, a constant cost must be the dominant one unless nothing is
// certain, and gauges and tenants have findings of their own.
func alone(f fault.Fault, r *Report) Judgement {
	j := Judgement{Said: said(r)}
	a := r.Attribution
	switch {
	case f.Expect == fault.Finding:
		j.Mark, j.Said = finding(f, r)
	case f.Expect == fault.Fairness:
		j.Mark, j.Said = unfair(r)
	case f.Expect == fault.Nothing, f.Expect == fault.Unattributed, f.Expect == fault.HostWide:
		if j.Mark = Right; a.names() {
			j.Mark = Wrong
		}
	case f.Queues:
		if j.Mark = naming(f.Truth, a); j.Mark == Right && a.Question != "load" {
			j.Mark = RightPart
		}
	case a.names():
		if j.Mark = naming(f.Truth, a); j.Mark == RightPart || j.Mark == Partly {
			j.Mark = Right
		}
	default:
		j.Mark = constant(f.Truth, a)
		if a != nil && a.DominantCost != "" {
			j.Said += "; dominant cost: " + a.DominantCost
		}
	}
	return j
}

// constant judges what is said of a cost that every request pays alike, where
// nothing is named.
func constant(truth []fault.Truth, a *Attribution) Mark {
	switch {
	case a == nil:
		return Silent
	case a.Status == "inconclusive", slices.ContainsFunc(truth, func(t fault.Truth) bool { return t.Component == a.DominantCost }):
		return Right
	default:
		return Unexpected
	}
}

// findings are the names of soak findings by fault.
func findings() map[string]string {
	return map[string]string{"leak": "leak", "ws-memory": "connection_memory", "graph-memory": "allocation"}
}

// foundIn are the names of what a run's gauges and tenants are found to show.
func foundIn(r *Report) []string {
	var names []string
	if r.Soak != nil {
		for _, one := range r.Soak.Findings {
			if one.Drifts {
				names = append(names, one.Name)
			}
		}
	}
	if f := r.Run.Fairness; f != nil && f.Noisy != "" {
		names = append(names, "noisy tenant")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func finding(f fault.Fault, r *Report) (Mark, string) {
	heard := foundIn(r)
	switch {
	case len(heard) == 0:
		return Silent, "no finding"
	case slices.Contains(heard, findings()[f.Name]):
		return Right, strings.Join(heard, ", ")
	}
	return Silent, strings.Join(heard, ", ")
}

// noisyTenant is the one that sends ten times its share (see [Setup]).
const noisyTenant = "acme"

func unfair(r *Report) (Mark, string) {
	f := r.Run.Fairness
	if f == nil {
		return Silent, "no fairness"
	}
	switch f.Noisy {
	case noisyTenant:
		return Right, f.Text
	case "":
		return Silent, f.Text
	}
	return Wrong, f.Text
}
