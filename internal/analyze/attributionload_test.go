package analyze

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/run"
)

// stage is a level of load: what is planned, and what comes of it.
type stage struct {
	planned, perS float64 // a second; perS of 0: as planned
	of            func(int, *rand.Rand) times
}

// staged is a run of stages of 20 s.
func staged(list ...stage) *maker {
	m := newRun()
	var plan []float64
	for i, s := range list {
		if s.perS == 0 {
			s.perS = s.planned
		}
		m.engine(engine{from: 20 * float64(i), to: 20 * float64(i+1), perS: s.perS}, s.of)
		plan = append(plan, 0, s.planned, 20, s.planned)
	}
	return m.plan(ramp("arrival-rate", list[0].planned, plan[2:]...))
}

// Growth that may be less than is asked about is neither none nor explained.
func TestUncertainGrowthIsNoPeace(t *testing.T) {
	now := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		if i >= 900 && i < 1000 { // for two seconds or so
			out["db-read"] = 60
		}
		return out
	}
	a, _ := explained(t, staged(stage{20, 0, healthy}, stage{60, 0, now}).Finish(), "", held{})
	if a.Status != report.AttrInconclusive || a.ReasonCode != report.ReasonUncertain || a.Question != report.QuestionLoad || !strings.Contains(a.Reason, "for certain") {
		t.Errorf("%s %s: %s", a.Status, a.ReasonCode, a.Reason)
	}
	// The same of two runs side by side.
	b, _ := explained(t, steady(now), "", held{baseline: []*run.Run{steady(healthy)}, direct: true})
	if b.Status != report.AttrInconclusive || b.ReasonCode != report.ReasonUncertain || b.Question != report.QuestionRegression {
		t.Errorf("side by side: %s %s: %s", b.Status, b.ReasonCode, b.Reason)
	}
	c, _ := explained(t, staged(stage{20, 0, healthy}, stage{60, 0, healthy}).Finish(), "", held{})
	if c.Status != report.AttrNone || c.ReasonCode != "" {
		t.Errorf("no growth: %s %s: %s", c.Status, c.ReasonCode, c.Reason)
	}
}

// A level at which the system gave way is left out of the question, not of the
// answer.
func TestACollapseIsSaid(t *testing.T) {
	for _, c := range []struct {
		name                   string
		stages                 []stage
		status, code, evidence string
	}{
		{"out of the blue", []stage{{20, 0, healthy}, {60, 0, healthy}, {120, 30, healthy}}, report.AttrInconclusive, report.ReasonCollapse, ""},
		{"above the only level", []stage{{60, 0, healthy}, {120, 30, healthy}}, report.AttrInconclusive, report.ReasonCollapse, "no two levels"},
		{"after a queue", []stage{{20, 0, healthy}, {60, 0, queueing}, {120, 30, queueing}}, report.AttrConfirmed, "", "left out of the comparison"},
		{"none", []stage{{20, 0, healthy}, {60, 0, healthy}, {120, 0, healthy}}, report.AttrNone, "", ""},
	} {
		a, _ := explained(t, staged(c.stages...).Finish(), "", held{})
		got := a.Reason + "\n" + strings.Join(a.Evidence, "\n")
		if a.Status != c.status || a.ReasonCode != c.code || !strings.Contains(got, c.evidence) {
			t.Errorf("%s: %s %s: %s", c.name, a.Status, a.ReasonCode, got)
		}
		if said := strings.Contains(got, "at 120/s throughput was down to"); said != (c.name != "none") {
			t.Errorf("%s: collapse said %v: %s", c.name, said, got)
		}
	}
	failed := func(share float64) string {
		a := &attributor{this: &attributed{levels: []loadLevel{
			{stretch: stretch{demand: demand{perS: 20}}, asked: 20, perS: 20}, {stretch: stretch{demand: demand{perS: 60}}, asked: 60, perS: 60, errors: share},
		}}}
		return a.collapseAbove(0)
	}
	if got := failed(0.31); got != "at 60/s 31 % of the requests failed" || failed(0.01) != "" {
		t.Errorf("of failures: %q, %q", got, failed(0.01))
	}
}

// Time that grows while throughput no longer does is a sign of what limits.
func TestAStallConfirms(t *testing.T) {
	slow := with("graph-build", 10)
	for _, c := range []struct {
		perS   float64
		status string
	}{{41, report.AttrConfirmed}, {80, report.AttrLikely}} {
		a, _ := explained(t, staged(stage{20, 0, healthy}, stage{40, 0, healthy}, stage{80, c.perS, slow}).Finish(), "", held{})
		stalled := strings.Contains(strings.Join(a.Evidence, "\n"), "from 40/s to 80/s the time in graph went from")
		if a.Status != c.status || stalled != (c.status == report.AttrConfirmed) || a.Bottlenecks[0].Component != component.Graph {
			t.Errorf("%g/s of 80: %s, stalled %v: %s", c.perS, a.Status, stalled, a.Reason)
		}
	}
}

// The engine's own gauge of servers in use is believed where Little's law, which
// counts the critical path only, sees too few.
func TestTheGaugeOfServersInUseConfirms(t *testing.T) {
	slow := with("db-read", 5)
	for _, c := range []struct {
		inUse  float64
		status string
	}{{19, report.AttrConfirmed}, {12, report.AttrLikely}} {
		m := staged(stage{20, 0, healthy}, stage{60, 0, slow}).gauge("engine_db_pool_size", 40, func(float64) float64 { return 20 })
		m.gauge("engine_db_pool_in_use", 40, func(at float64) float64 {
			if at < 20 {
				return 19 // at the lower level it is no sign
			}
			return c.inUse
		})
		a, _ := explained(t, m.Finish(), "", held{})
		in := strings.Contains(strings.Join(a.Evidence, "\n"), "servers of database were in use in")
		if a.Status != c.status || in != (c.status == report.AttrConfirmed) {
			t.Errorf("%g of 20 in use: %s: %v", c.inUse, a.Status, a.Evidence)
		}
	}
}

// The sentences of the headline: where it grew, and what that did around p95.
func TestEvidenceOfEndpointsAndPercentiles(t *testing.T) {
	shop := func(cart, checkout float64) *maker {
		return newRun().engine(engine{name: "cart", to: 30, perS: 20}, plus(healthy, times{"db-pool-wait": cart})).
			engine(engine{name: "checkout", to: 30, perS: 40}, plus(healthy, times{"db-pool-wait": checkout})).plan(rate("s", 60, 0, 30))
	}
	a, _ := explained(t, shop(3, 30).Finish(), "", held{baseline: []*run.Run{shop(0, 0).Finish()}, direct: true})
	got := strings.Join(a.Evidence, "\n")
	lies := regexp.MustCompile(`(\d+(\.\d+)?) % of that lies in checkout`).FindStringSubmatch(got)
	around := regexp.MustCompile(`around p95 \(p90(\.\d)? to p98(\.\d)?\) checkout grew by (\d+(\.\d+)?) ms, from (\d+(\.\d+)?) ms to (\d+(\.\d+)?) ms on average; (\d+(\.\d+)? %|all) of that is database`).FindStringSubmatch(got)
	if lies == nil || around == nil {
		t.Fatalf("the evidence is %s", got)
	}
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	// 30 of 40 a second and 3 of 20: 1200 of 1260 ms a second.
	if v := number(lies[1]); math.Abs(v-95.2) > 1 {
		t.Errorf("%g %% of it lie in checkout", v)
	}
	if by, from, to := number(around[3]), number(around[5]), number(around[7]); math.Abs(to-from-by) > 0.2 || by < 30 {
		t.Errorf("by %g from %g to %g", by, from, to)
	}
	few, _ := explained(t, newRun().engine(engine{to: 20, perS: 40}, with("db-write", 5)).plan(rate("s", 40, 0, 20)).Finish(), "",
		held{baseline: []*run.Run{newRun().engine(engine{to: 20, perS: 40}, healthy).plan(rate("s", 40, 0, 20)).Finish()}, direct: true})
	if got := strings.Join(few.Evidence, "\n"); strings.Contains(got, "around p95") || strings.Contains(got, "lies in") {
		t.Errorf("800 requests have no 100 from p90 to p99, and one endpoint has all: %s", got)
	}
}

// The columns of all questions add up, of the run and of each endpoint.
func TestColumnsAddUp(t *testing.T) {
	shop := func(of func(int, *rand.Rand) times) *run.Run {
		m := newRun()
		for i, perS := range []float64{20, 60} {
			from := 20 * float64(i)
			m.engine(engine{name: "cart", from: from, to: from + 20, perS: perS}, healthy)
			if i == 0 {
				m.engine(engine{name: "checkout", from: from, to: from + 20, perS: perS}, healthy)
			} else {
				m.engine(engine{name: "checkout", from: from, to: from + 20, perS: perS}, of)
			}
		}
		return m.plan(ramp("arrival-rate", 40, 20, 40, 0, 120, 20, 120)).Finish()
	}
	a, out := explained(t, shop(queueing), "", held{baseline: []*run.Run{shop(healthy)}, direct: true})
	var lists [][]report.Share
	var whole []report.Share
	for _, c := range a.Components {
		whole = append(whole, report.Share{Component: c.Name, Share: c.Share, Tail: c.Tail, Load: c.Load, Regression: c.Regression})
	}
	lists = append(lists, whole)
	for _, e := range out.Run.Endpoints {
		lists = append(lists, e.Attribution)
	}
	columns := 0
	for _, list := range lists {
		for _, of := range []func(report.Share) *float64{
			func(s report.Share) *float64 { return &s.Share }, func(s report.Share) *float64 { return s.Tail },
			func(s report.Share) *float64 { return s.Load }, func(s report.Share) *float64 { return s.Regression },
		} {
			if !slices.ContainsFunc(list, func(s report.Share) bool { return of(s) != nil }) {
				continue
			}
			columns++
			sum := 0.0
			for _, s := range list {
				sum += *of(s)
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("a column of %v adds up to %v", list, sum)
			}
		}
	}
	// Of the run and of checkout all four; cart grew with nothing.
	if columns != 10 {
		t.Errorf("%d columns, want 10", columns)
	}
}

// A further run without the levels leaves no gap between those that count.
func TestRunsOfTheLoadQuestionAreNumberedOn(t *testing.T) {
	made := func(m *maker) *attributed {
		s := newSubject(m.Finish(), nil)
		return attributedRun(s, &s.Requests, newPartition(s.config, &s.Requests), 0)
	}
	one, other, again := made(levelled(healthy, queueing)), made(staged(stage{20, 0, healthy}, stage{80, 0, healthy})), made(levelled(healthy, queueing))
	a := &attributor{this: one, rerun: []*attributed{other, again}, partition: newPartition(one.config, one.requests, other.requests, again.requests)}
	a.askLoad()
	for _, side := range []sample{a.load.hard, a.load.reference} {
		if side.runs != 2 || len(side.segments) != 2 || side.segments[0].run != 0 || side.segments[1].run != 1 {
			t.Errorf("%d runs, numbered %d and %d", side.runs, side.segments[0].run, side.segments[1].run)
		}
	}
}
