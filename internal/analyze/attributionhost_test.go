package analyze

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/run"
)

// scaled multiplies the times of a healthy engine: all by a factor, some by one of
// their own besides.
func scaled(all float64, own times) func(int, *rand.Rand) times {
	return func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		for name := range out {
			out[name] *= all
			if f, ok := own[name]; ok {
				out[name] *= f
			}
		}
		return out
	}
}

// plus adds to times.
func plus(of func(int, *rand.Rand) times, added times) func(int, *rand.Rand) times {
	return func(i int, rng *rand.Rand) times {
		out := of(i, rng)
		for _, name := range sortedKeys(added) {
			out[name] += noisy(rng, added[name])
		}
		return out
	}
}

// A machine that has less to give slows all work, by factors of their own, and what
// waits behind that. Waiting alone is no sign of it, nor is one component of the rest.
func TestASlowMachineIsNoComponent(t *testing.T) {
	base := steady(healthy)
	stopped := times{"transit": 6.8, "db-write": 4.7, "db-commit": 5.1, "graph-build": 2.4, "template-resolve": 3, "http-call": 3.4, "serialize": 3.7, "untraced": 2}
	for _, c := range []struct {
		name         string
		r, against   *run.Run
		detail       string // of what is named; empty: nothing
		code, reason string
	}{
		{"stopped now and then", steady(scaled(1, stopped)), base, "", report.ReasonHostWide, "either the machine had less to give, or one of them takes its processors"},
		{"slower, and a pool queues behind that", steady(plus(scaled(2.5, nil), times{"db-pool-wait": 15})), base, "", report.ReasonHostWide, "is waiting, which follows from that"},
		{"slower, and another pool stays short", steady(plus(scaled(1.5, times{"db-write": 0.67, "db-commit": 0.67}), times{"db-pool-wait": 60})), base, "pool exhaustion", "", ""},
		{"a pool is short, the rest a little slower", steady(plus(scaled(1.3, times{"db-write": 0.8, "db-commit": 0.8}), times{"db-pool-wait": 100})), base, "pool exhaustion", "", ""},
		{
			"a pool of short holds, the rest a little slower", steady(plus(scaled(1.3, times{"db-write": 0.08, "db-commit": 0.08}), times{"db-pool-wait": 60})),
			steady(scaled(1, times{"db-write": 0.1, "db-commit": 0.1})), "pool exhaustion", "", "",
		},
		{"several faults", steady(plus(healthy, times{"http-call": 5, "db-write": 3.7, "graph-build": 3.7, "ws-publish": 1})), base, "", report.ReasonSpread, ""},
		{"one takes the processors a little", steady(scaled(1.15, times{"graph-build": 30})), base, "DAG building", "", ""},
		{"one takes the processors", steady(scaled(2.5, times{"graph-build": 12})), base, "DAG building", "", ""},
		{"three lines under load", levelled(healthy, plus(healthy, times{"db-pool-wait": 6, "http-pool-wait": 4, "queue": 3})).Finish(), nil, "pool exhaustion", "", ""},
		{"all work under load", levelled(healthy, scaled(2, nil)).Finish(), nil, "", report.ReasonHostWide, "they share processors"},
	} {
		against := held{direct: true}
		if c.against != nil {
			against.baseline = []*run.Run{c.against}
		}
		a, _ := explained(t, c.r, "", against)
		detail := ""
		if len(a.Bottlenecks) == 1 {
			detail = a.Bottlenecks[0].Detail
		}
		if detail != c.detail || len(a.Bottlenecks) > 1 || a.ReasonCode != c.code || !strings.Contains(a.Reason, c.reason) {
			t.Errorf("%s: %s %v %s: %s", c.name, a.Status, a.Bottlenecks, a.ReasonCode, a.Reason)
		}
	}
}

// Each number is of what stands beside it, and waiting is in none of them.
func TestASlowMachineIsToldByItsOwnNumbers(t *testing.T) {
	p := &partition{}
	var c contrast
	for _, of := range []struct {
		part
		before, after float64
	}{
		{part{component.Queue, "queue", true}, 1, 90},
		{part{component.Database, "db-write", false}, 10, 50},
		{part{component.Database, "db-pool-wait", true}, 0.1, 70},
		{part{component.Graph, "graph-build", false}, 5, 20},
		{part{component.Network, "transit", false}, 1, 10},
		{part{component.HTTPPool, "http-call", false}, 1, 2.5},
		{part{component.HTTPPool, "http-pool-wait", true}, 1, 50},
		{part{component.Other, "unattributed", false}, 4, 4.1},
	} {
		p.parts = append(p.parts, of.part)
		c.reference, c.hard = append(c.reference, of.before), append(c.hard, of.after)
	}
	q := &question{name: report.QuestionRegression, parts: c}
	q.components = contrast{reference: grouped(c.reference, p.componentOf()), hard: grouped(c.hard, p.componentOf())}
	got := (&attributor{partition: p}).hostWide(&excess{question: q})
	if want := "not only database and graph took longer: network +900 %, http_pool +150 % (waiting left out)"; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What the engine's gauges tell of its processors stands beside the answer.
func TestProcessorsAreEvidence(t *testing.T) {
	stepped := func(low, high float64) func(float64) float64 {
		return func(at float64) float64 {
			if at < 20 {
				return low
			}
			return high
		}
	}
	r := levelled(healthy, scaled(2, nil)).gauge(gaugeScheduling, 40, stepped(0.25, 6)).gauge(gaugeGC, 40, stepped(0.125, 0.5)).Finish()
	a, _ := explained(t, r, "", held{})
	got := strings.Join(a.Evidence, "\n")
	for _, want := range []string{
		"waiting for a processor (engine_sched_latency_ms): 6 ms (60/s), 0.25 ms (20/s)",
		"collecting garbage, of the processors' time (engine_gc_share): 50 % (60/s), 12.5 % (20/s)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	// A run of a store keeps no gauges.
	kept := run.Thin(steady(healthy), ThinMetrics())
	slow := newRun().engine(engine{to: 30, perS: 40}, scaled(2, nil)).plan(rate("s", 40, 0, 30)).gauge(gaugeScheduling, 30, stepped(4, 4)).Finish()
	a, _ = explained(t, slow, "", held{baseline: []*run.Run{kept}, direct: true})
	if want := "waiting for a processor (engine_sched_latency_ms): 4 ms (this run)"; !slices.Contains(a.Evidence, want) {
		t.Errorf("no %q in %v", want, a.Evidence)
	}
}

// A line grows where requests take longer behind it; it is to blame itself only
// where they don't.
func TestALineIsBlamedByWhatIsBehindIt(t *testing.T) {
	base := steady(healthy)
	for _, c := range []struct {
		name              string
		added             times
		component, detail string
		evidence          string
	}{
		{"a slow callee behind the queue", times{"queue": 200, "http-call": 25}, component.HTTPPool, "slow callee", "they took longer behind it"},
		{"a short pool behind the queue", times{"queue": 200, "db-pool-wait": 40}, component.Database, "pool exhaustion", "they took longer behind it"},
		{"a slow callee behind the client's connections", times{"client": 200, "http-call": 25}, component.HTTPPool, "slow callee", "they took longer behind it"},
		{"the queue, and then the client's connections", times{"client": 300, "queue": 100, "http-call": 25}, component.HTTPPool, "slow callee", "they took longer behind it"},
		{"few executions at once", times{"queue": 200, "http-call": 1}, component.Queue, "request queue", "for about as long as before"},
		{"few connections of the client", times{"client": 200, "http-call": 1}, component.Client, "client connections", "for about as long as before"},
	} {
		a, _ := explained(t, steady(plus(healthy, c.added)), "", held{baseline: []*run.Run{base}, direct: true})
		if len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Component != c.component || a.Bottlenecks[0].Detail != c.detail {
			t.Errorf("%s: %s %v: %s", c.name, a.Status, a.Bottlenecks, a.Reason)
		}
		if got := strings.Join(a.Evidence, "\n"); !strings.Contains(got, c.evidence) {
			t.Errorf("%s: no %q in %s", c.name, c.evidence, got)
		}
		// The columns are of all that changed.
		if got := *componentOf(t, a, lineOf(c.added)).Regression; got < 0.5 {
			t.Errorf("%s: the line has %.2f of the difference", c.name, got)
		}
	}
}

func lineOf(added times) string {
	if added["client"] > 0 {
		return component.Client
	}
	return component.Queue
}
