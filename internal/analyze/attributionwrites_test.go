package analyze

import (
	"math/rand/v2"
	"strings"
	"testing"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// locked waits for a row in three of four requests, as long as the one before
// holds it; the others find it free.
func locked(hold float64) func(int, *rand.Rand) times {
	return func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		if i%4 != 0 {
			out["db-write"] += hold * rng.ExpFloat64()
		}
		return out
	}
}

// What writes are slow by is told from who waits: nobody waits for a lock that
// is free, and everybody for a slow statement.
func TestWhatWritesAreSlowBy(t *testing.T) {
	committing := func(i int, rng *rand.Rand) times {
		out := locked(12)(i, rng)
		out["db-commit"] += 8
		return out
	}
	loose := func(times func(int, *rand.Rand) times) *run.Run {
		return newRun().engine(engine{to: 30, perS: 40, series: true}, times).plan(rate("s", 40, 0, 30)).Finish()
	}
	for _, c := range []struct {
		name, detail, evidence string
		run, against           *run.Run
	}{
		{"a lock", "row contention", "waits for locks", steady(locked(10)), steady(healthy)},
		{"a slow statement", "slow query (write)", "the statement that is slow", steady(with("db-write", 8)), steady(healthy)},
		{"a slow commit that holds the lock", "commit/WAL", "locks are held until the commit", steady(committing), steady(healthy)},
		{"nothing tells", "row contention or slow writes", "nothing tells", loose(locked(10)), loose(healthy)},
		{
			"a slow statement at all levels", "slow query (write)", "every level of load",
			looseLevels(with("db-write", 8), with("db-write", 8)), looseLevels(healthy, healthy),
		},
		{
			"a lock that more load makes longer", "row contention", "the more load there is",
			looseLevels(with("db-write", 8), with("db-write", 16)), looseLevels(healthy, healthy),
		},
		// What grew with the load does not take as long at every level of it.
		{"a little growth with the load", "row contention or slow writes", "nothing tells", looseLevels(with("db-write", 12), with("db-write", 17)), nil},
		{
			"a little growth with the load against a baseline", "row contention or slow writes", "nothing tells",
			looseLevels(with("db-write", 12), with("db-write", 17)), looseLevels(healthy, healthy),
		},
		// Nobody knows what a level with a handful of requests would take.
		{"too few at one level", "row contention or slow writes", "nothing tells", fewLow(with("db-write", 2), with("db-write", 16)), fewLow(healthy, healthy)},
	} {
		against := reference{direct: true}
		if c.against != nil {
			against.baseline = []*run.Run{c.against}
		}
		a, _ := explained(t, c.run, "", against)
		if len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Detail != c.detail || a.Bottlenecks[0].Remedy == "" {
			t.Errorf("%s: %s %v: %s", c.name, a.Status, a.Bottlenecks, a.Reason)
			continue
		}
		if got := strings.Join(a.Evidence, "\n"); !strings.Contains(got, c.evidence) {
			t.Errorf("%s: no %q in %s", c.name, c.evidence, got)
		}
	}
}

// looseLevels is a run of two levels of load that nothing joins.
func looseLevels(low, high func(int, *rand.Rand) times) *run.Run {
	return newRun().engine(engine{to: 20, perS: 20, series: true}, low).engine(engine{from: 20, to: 40, perS: 60, series: true}, high).
		plan(ramp("arrival-rate", 20, 20, 20, 0, 60, 20, 60)).Finish()
}

// fewLow is one whose lower level has few requests.
func fewLow(low, high func(int, *rand.Rand) times) *run.Run {
	return newRun().engine(engine{to: 20, perS: 8, series: true}, low).engine(engine{from: 20, to: 40, perS: 60, series: true}, high).
		plan(ramp("arrival-rate", 8, 20, 8, 0, 60, 20, 60)).Finish()
}

// A faster system has no bottleneck for being faster.
func TestNothingIsNamedWhenTimeFalls(t *testing.T) {
	fast, slow := steady(healthy), steady(with("db-write", 5))
	a, _ := explained(t, fast, "", reference{baseline: []*run.Run{slow}, direct: true})
	if a.Status != report.AttrNone || len(a.Bottlenecks) > 0 || !strings.Contains(a.Reason, "fell, most of it in database") {
		t.Errorf("%s %v: %s", a.Status, a.Bottlenecks, a.Reason)
	}
	b, _ := explained(t, fast, "", reference{baseline: []*run.Run{slow}, suspected: true})
	if b.Status != report.AttrInconclusive || len(b.Bottlenecks) > 0 {
		t.Errorf("suspected: %s %v: %s", b.Status, b.Bottlenecks, b.Reason)
	}
}

// A machine that is slower slows components by factors of their own.
func TestASlowMachineIsNoComponent(t *testing.T) {
	stopped := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		for name, factor := range map[string]float64{
			"transit": 6.8, "db-write": 4.7, "db-commit": 5.1, "graph-build": 2.4, "template-resolve": 3, "http-call": 3.4, "serialize": 3.7, "untraced": 2,
		} {
			out[name] *= factor
		}
		return out
	}
	a, _ := explained(t, steady(stopped), "", reference{baseline: []*run.Run{steady(healthy)}, direct: true})
	if a.Status != report.AttrInconclusive || !strings.Contains(a.Reason, "machine itself") {
		t.Errorf("%s %v: %s", a.Status, a.Bottlenecks, a.Reason)
	}
	// One component that suffers most of all, and drags the others along,
	// is to blame all the same.
	hog := func(all, graph float64) func(int, *rand.Rand) times {
		return func(i int, rng *rand.Rand) times {
			out := healthy(i, rng)
			for name := range out {
				out[name] *= all
			}
			out["graph-build"] *= graph
			return out
		}
	}
	for _, slow := range []func(int, *rand.Rand) times{hog(1.15, 30), hog(2.5, 12)} {
		b, _ := explained(t, steady(slow), "", reference{baseline: []*run.Run{steady(healthy)}, direct: true})
		if len(b.Bottlenecks) != 1 || b.Bottlenecks[0].Detail != "DAG building" {
			t.Errorf("%s %v: %s", b.Status, b.Bottlenecks, b.Reason)
		}
	}
}

// Each number is of what stands beside it: the rest's growth of the rest, a
// component's of the component.
func TestASlowMachineIsToldByItsOwnNumbers(t *testing.T) {
	before := times{report.CompDatabase: 10, report.CompGraph: 5, report.CompNetwork: 1, report.CompHTTPPool: 1, report.CompOther: 4}
	after := times{report.CompDatabase: 50, report.CompGraph: 20, report.CompNetwork: 10, report.CompHTTPPool: 2.5, report.CompOther: 4.1}
	var c contrast
	for _, name := range config.Components() {
		c.reference, c.hard = append(c.reference, before[name]), append(c.hard, after[name])
	}
	got := (&attributor{}).hostWide(&excess{question: &question{components: c}})
	if want := "without database and graph, too, the rest of the time changed by +177 % (network +900 %, http_pool +150 %), all of it by +312 %"; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
