package analyze

import (
	"math/rand/v2"
	"strings"
	"testing"

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
		against := held{direct: true}
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
	a, _ := explained(t, fast, "", held{baseline: []*run.Run{slow}, direct: true})
	if a.Status != report.AttrNone || len(a.Bottlenecks) > 0 || !strings.Contains(a.Reason, "fell, most of it in database") {
		t.Errorf("%s %v: %s", a.Status, a.Bottlenecks, a.Reason)
	}
	b, _ := explained(t, fast, "", held{baseline: []*run.Run{slow}, gates: worseGate("execute", "avg(95)", report.GateSuspected)})
	if b.Status != report.AttrInconclusive || len(b.Bottlenecks) > 0 {
		t.Errorf("suspected: %s %v: %s", b.Status, b.Bottlenecks, b.Reason)
	}
}
