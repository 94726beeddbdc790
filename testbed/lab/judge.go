package lab

import (
	"fmt"
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
	// PartsOff is how far the shares of the components are from adding up to
	// the whole difference, as a fraction; nil where there are none.
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
	j := Judgement{Said: said(r), Mark: NotConcerned}
	if a := r.Attribution; a != nil && a.Question == "regression" {
		sum, any := 0.0, false
		for _, c := range a.Components {
			if c.Regression != nil {
				sum, any = sum+*c.Regression, true
			}
		}
		if any {
			off := math.Abs(sum - 1)
			j.PartsOff = &off
		}
	}
	switch f.Expect {
	case fault.Bottleneck:
		j.Mark = naming(f.Truth, r.Attribution)
	case fault.Nothing, fault.Unattributed, fault.HostWide:
		j.Mark = silence(f.Expect, r.Attribution)
	}
	return j
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
// load question, a constant cost may be the dominant one or nothing, and
// gauges and tenants have findings of their own.
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
		j.Mark = Right
		if a != nil && a.DominantCost != "" {
			j.Said += "; dominant cost: " + a.DominantCost
		}
	}
	return j
}

// findings are the names of soak findings by fault.
func findings() map[string]string {
	return map[string]string{"leak": "leak", "ws-memory": "connection_memory", "graph-memory": "allocation"}
}

func finding(f fault.Fault, r *Report) (Mark, string) {
	want, heard := findings()[f.Name], []string{}
	mark := Silent
	if r.Soak != nil {
		for _, one := range r.Soak.Findings {
			if !one.Drifts {
				continue
			}
			heard = append(heard, one.Name)
			if one.Name == want {
				mark = Right
			}
		}
	}
	if len(heard) == 0 {
		return mark, "no finding"
	}
	slices.Sort(heard)
	return mark, strings.Join(slices.Compact(heard), ", ")
}

// What makes tenants unequal: throughput far from even, or one that waits
// longer than the others.
const (
	unevenJain  = 0.8
	unevenRatio = 1.5
)

func unfair(r *Report) (Mark, string) {
	f := r.Run.Fairness
	if f == nil {
		return Silent, "no fairness"
	}
	jain, ratio := 1.0, 1.0
	if f.Jain != nil {
		jain = *f.Jain
	}
	if f.Ratio != nil {
		ratio = *f.Ratio
	}
	mark := Silent
	if jain < unevenJain || ratio > unevenRatio {
		mark = Right
	}
	return mark, fmt.Sprintf("Jain %.2f, worst p95 %.2f of the median", jain, ratio)
}
