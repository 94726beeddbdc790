package analyze

import (
	"math/rand/v2"
	"strings"
	"testing"

	"k6report/internal/report"
)

// users samples how many virtual users are busy, once a second.
func (m *maker) users(to float64, busy func(at float64) float64) *maker {
	for at := 0.5; at < to; at++ {
		m.add("vus", "", at, busy(at))
	}
	return m
}

// climbing is a run of an arrival rate that nobody tells of: stages of 20 s.
func climbing(times func(stage int) func(int, *rand.Rand) times, rates ...float64) *maker {
	m, rng := newRun(), rand.New(rand.NewPCG(3, 3))
	for i, perS := range rates {
		m.engine(engine{from: 20 * float64(i), to: 20 * float64(i+1), perS: perS}, times(i))
	}
	return m.users(20*float64(len(rates)), func(float64) float64 { return float64(rng.IntN(4)) })
}

func TestLevelsOfAnUnknownPlan(t *testing.T) {
	always := func(int) func(int, *rand.Rand) times { return healthy }
	r := analyzed(t, climbing(always, 20, 40, 80), nil)
	wantNote(t, r, "levels_measured", report.Info)
	wantNote(t, r, "no_steady_state", "")
	if len(r.Run.Load.Levels) != 3 || r.Saturation == nil {
		t.Fatalf("%d levels of three, saturation %+v", len(r.Run.Load.Levels), r.Saturation)
	}
	for i, perS := range []float64{20, 40, 80} {
		want(t, "rate", r.Run.Load.Levels[i].AchievedPerS, perS, 0.05)
		if r.Run.Load.Levels[i].TargetPerS != nil {
			t.Error("a target is made up")
		}
	}
	if r.Attribution.Status != report.AttrNone || r.Attribution.Question != report.QuestionLoad {
		t.Errorf("a healthy system under three loads: %s, %s", r.Attribution.Status, r.Attribution.Reason)
	}
	queues := func(stage int) func(int, *rand.Rand) times {
		if stage == 2 {
			return queueing
		}
		return healthy
	}
	a := analyzed(t, climbing(queues, 20, 40, 80), nil).Attribution
	if len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Detail != "pool exhaustion" || a.Question != report.QuestionLoad {
		t.Errorf("a queue: %s %v, %s", a.Status, a.Bottlenecks, a.Reason)
	}
}

// Virtual users by stages, of a system that completes 50 a second at most.
func TestLevelsOfVirtualUsersWithoutAPlan(t *testing.T) {
	m := newRun()
	users := []float64{2, 4, 8, 12, 16, 20}
	for i, n := range users {
		from := 15 * float64(i)
		perS := min(50, 10*n)
		m.traffic(traffic{from: from, to: from + 15, perS: perS, ms: func(float64) float64 { return 1000 * n / perS }})
	}
	m.users(15*float64(len(users)), func(at float64) float64 { return users[int(at/15)] })
	r := analyzed(t, m, nil)
	if r.Saturation == nil || r.Saturation.KneePerS == nil {
		t.Fatalf("no knee: %+v of %+v", r.Saturation, r.Run.Load.Levels)
	}
	want(t, "knee", r.Saturation.KneePerS, 8, 0.01)
	if r.Saturation.Status == report.SatFewLevels { // six are enough for a fit
		t.Error(r.Saturation.Headline)
	}
}

// A constant load has no levels, however the system slows down under it, and
// where nobody knows how many users there were, nothing is made up.
func TestNoLevelsOfAConstantLoad(t *testing.T) {
	slower := func(at float64) float64 { return 20 + 4*at }
	closed := newRun()
	for at := 0.0; at < 60; at += 5 {
		closed.traffic(traffic{from: at, to: at + 5, perS: 1000 * 5 / slower(at), ms: slower})
	}
	for name, r := range map[string]*report.Report{
		"five users":     analyzed(t, closed.users(60, func(float64) float64 { return 5 }), nil),
		"constant rate":  analyzed(t, climbing(func(int) func(int, *rand.Rand) times { return healthy }, 30, 30, 30), nil),
		"unknown number": analyzed(t, newRun().traffic(traffic{to: 30, perS: 10}).traffic(traffic{from: 30, to: 60, perS: 60}), nil),
	} {
		wantNote(t, r, "levels_measured", "")
		if len(r.Run.Load.Levels) > 0 || r.Saturation != nil {
			t.Errorf("%s: %d levels", name, len(r.Run.Load.Levels))
		}
	}
}

// Loads that were measured are never alike to the last digit: what tells two
// levels of a run apart tells those of two runs apart, too.
func TestMeasuredLoadsAreAlikeWithinATolerance(t *testing.T) {
	levelsOf := func(m *maker) *attributed {
		s := newSubject(m.Finish(), nil)
		return attributedRun(s, &s.Requests, newPartition(s.config, &s.Requests), 0)
	}
	always := func(int) func(int, *rand.Rand) times { return healthy }
	one, again, other := levelsOf(climbing(always, 20, 40, 80)), levelsOf(climbing(always, 21, 39, 82)), levelsOf(climbing(always, 20, 50, 80))
	if !sameLevels([]*attributed{one, again}) {
		t.Errorf("levels of %+v and %+v are told apart", one.levels, again.levels)
	}
	if sameLevels([]*attributed{one, other}) {
		t.Error("40 and 50 a second are taken for the same load")
	}
	planned := levelsOf(levelled(healthy, healthy))
	near := levelsOf(newRun().engine(engine{to: 20, perS: 21}, healthy).engine(engine{from: 20, to: 40, perS: 60}, healthy).
		plan(ramp("arrival-rate", 21, 21, 20, 0, 60, 20, 60)))
	if !sameLevels([]*attributed{planned, planned}) || sameLevels([]*attributed{planned, near}) {
		t.Error("planned levels are alike to the last digit")
	}
	users := &loadLevel{stretch: stretch{demand: demand{vus: 20}, measured: true}, asked: 20}
	rate := &loadLevel{stretch: stretch{demand: demand{perS: 20}, measured: true}, asked: 20}
	if users.sameLoad(rate) {
		t.Error("20 virtual users are taken for 20 iterations a second")
	}

	a := &attributor{this: one, rerun: []*attributed{again}, partition: newPartition(one.config, one.requests, again.requests)}
	if a.askLoad(); a.load.hard.runs != 2 || a.load.reference.runs != 2 {
		t.Errorf("the load question rests on %d and %d runs, want 2", a.load.hard.runs, a.load.reference.runs)
	}
}

// Of a load that comes back, what came first counts.
func TestMeasuredLoadThatComesBackIsOneLevelOfCapacity(t *testing.T) {
	r := analyzed(t, climbing(func(int) func(int, *rand.Rand) times { return healthy }, 20, 60, 21), nil)
	if c := r.Chart(report.ChartSaturation); len(r.Run.Load.Levels) != 3 || c == nil || len(c.X) != 2 {
		t.Errorf("%d levels, latency over load %+v, want it at two", len(r.Run.Load.Levels), c)
	}
}

// Throughput that stays is no sign where the load stayed, too.
func TestAStallTakesMoreLoad(t *testing.T) {
	m := newRun().engine(engine{to: 20, perS: 20}, healthy).engine(engine{from: 20, to: 40, perS: 60}, healthy).
		engine(engine{from: 40, to: 60, perS: 20}, healthy).engine(engine{from: 60, to: 80, perS: 60}, queueing).
		plan(ramp("arrival-rate", 20, 20, 20, 0, 60, 20, 60, 0, 20, 20, 20, 0, 60, 20, 60))
	a, _ := explained(t, m.Finish(), "", held{})
	if got := strings.Join(a.Evidence, "\n"); a.Question != report.QuestionLoad || strings.Contains(got, "from 60/s to 60/s") {
		t.Errorf("%s: %s", a.Question, got)
	}
}
