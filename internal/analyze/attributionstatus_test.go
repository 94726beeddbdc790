package analyze

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/run"
)

// levelled is a run of two levels of load, 20 and 60 a second.
func levelled(low, high func(int, *rand.Rand) times) *maker {
	return newRun().engine(engine{to: 20, perS: 20}, low).engine(engine{from: 20, to: 40, perS: 60}, high).
		plan(ramp("arrival-rate", 20, 20, 20, 0, 60, 20, 60))
}

// queueing waits for a pool of one with so much of its capacity used.
func queueing(i int, rng *rand.Rand) times {
	out := healthy(i, rng)
	out["db-pool-wait"] = noisy(rng, 40)
	return out
}

// What queues under load is named by the load question and confirmed; a cost
// that every request pays alike is in no question but share.
func TestLoadNamesWhatQueues(t *testing.T) {
	a, out := explained(t, levelled(healthy, queueing).Finish(), "", held{})
	if a.Status != report.AttrConfirmed || a.Question != report.QuestionLoad || len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Detail != "pool exhaustion" {
		t.Fatalf("%s %s %v: %s", a.Status, a.Question, a.Bottlenecks, a.Reason)
	}
	if c := componentOf(t, a, component.Database); *c.Load < 0.9 || *c.Load > 1.1 || *c.WaitMS < 10 {
		t.Errorf("database has %.2f of the load question, wait %.2f", *c.Load, *c.WaitMS)
	}
	if out.Chart(report.ChartDelta) == nil || out.Chart(report.ChartAttribution) == nil {
		t.Error("a chart is missing")
	}
	costly := with("graph-build", 9)
	b, _ := explained(t, levelled(costly, costly).Finish(), "", held{})
	c := componentOf(t, b, component.Graph)
	if b.Status != report.AttrNone || b.DominantCost != component.Graph || c.Share < 0.4 || c.Load != nil && math.Abs(*c.Load) > 0 && b.Question != report.QuestionLoad {
		t.Errorf("a constant cost: %s, dominant %s, share %.2f", b.Status, b.DominantCost, c.Share)
	}
}

// A constant cost is plain in share and none of what makes slow requests slow;
// a queue is the other way round.
func TestTailIsBlindToConstantCosts(t *testing.T) {
	constant := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out["graph-build"] = 9
		return out
	}
	a, _ := explained(t, steady(constant), "", held{})
	c := componentOf(t, a, component.Graph)
	if c.Share < 0.39 || math.Abs(*c.Tail) > 0.05 {
		t.Errorf("graph has %.2f of the time and %.2f of the tail, want at least 0.39 and 0", c.Share, *c.Tail)
	}
}

// Waiting that follows from connections being held longer is not the pool's.
func TestHeldLongerIsNotThePool(t *testing.T) {
	slow := func(i int, rng *rand.Rand) times {
		out := queueing(i, rng)
		out["db-write"] += noisy(rng, 12)
		return out
	}
	a, _ := explained(t, levelled(healthy, slow).Finish(), "", held{})
	if len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Detail != "row contention" { // for it grows with the load
		t.Errorf("named %v: %s", a.Bottlenecks, a.Reason)
	}
	if !strings.Contains(strings.Join(a.Evidence, "\n"), "held it longer") {
		t.Errorf("the evidence does not say so: %v", a.Evidence)
	}
}

func TestTwoFaultsAreBothNamed(t *testing.T) {
	two := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out["db-write"] += noisy(rng, 6)
		out["graph-build"] += noisy(rng, 6)
		return out
	}
	a, _ := explained(t, steady(two), "", held{baseline: []*run.Run{steady(healthy)}, direct: true})
	if len(a.Bottlenecks) != 2 {
		t.Fatalf("named %v: %s", a.Bottlenecks, a.Reason)
	}
}

func TestInconclusiveSaysWhy(t *testing.T) {
	against := func(r *run.Run) held { return held{baseline: []*run.Run{r}, direct: true} }
	base := steady(healthy)
	four := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		for _, entry := range []string{"graph-build", "http-call", "queue", "ws-publish"} {
			out[entry] += noisy(rng, 3+float64(len(entry))/30)
		}
		return out
	}
	throttled := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		for name := range out {
			out[name] *= 2
		}
		return out
	}
	overlong := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out["transit"] = -2
		return out
	}
	joinedHalf := newRun().engine(engine{to: 30, perS: 40, unjoined: 2}, with("db-write", 5)).plan(rate("s", 40, 0, 30)).Finish()
	few := newRun().engine(engine{to: 12, perS: 10}, with("db-write", 5)).plan(rate("s", 10, 0, 12)).Finish()
	short := newRun().engine(engine{to: 6, perS: 80}, with("db-write", 5)).plan(rate("s", 80, 0, 6)).Finish()
	busy := newRun().engine(engine{to: 30, perS: 40}, with("db-write", 5)).plan(rate("s", 40, 0, 30))
	busy.SetExecution(&run.Execution{CPU: 59, Wall: 30, Cores: 2})
	for _, c := range []struct {
		name, reason string
		run          *run.Run
		against      *run.Run
	}{
		{"unattributed time", "unattributed time dominates", steady(with("untraced", 5)), base},
		{"no component has enough", "would be named", steady(four), base},
		{"all parts alike", "the machine had less to give", steady(throttled), base},
		{"times longer than the wait", "exceed what clients waited", steady(overlong), base},
		{"few requests with times", "at least 90 %", joinedHalf, base},
		{"coverage differs", "like isn't held against like", steady(with("db-write", 5)), newRun().engine(engine{to: 30, perS: 40, unjoined: 12}, healthy).plan(rate("s", 40, 0, 30)).Finish()},
		{"few requests", "too few", few, base},
		{"few blocks", "too few", short, base},
		{"busy generator", "load generator", busy.Finish(), base},
	} {
		a, _ := explained(t, c.run, "", against(c.against))
		if a.Status != report.AttrInconclusive || !strings.Contains(a.Reason, c.reason) || len(a.Bottlenecks) > 0 {
			t.Errorf("%s: %s: %q, want %q", c.name, a.Status, a.Reason, c.reason)
		}
	}
	// A suspicion stands, yet the mean did not move.
	a, _ := explained(t, steady(healthy), "", held{baseline: []*run.Run{base}, gates: worseGate("execute", "avg(95)", report.GateSuspected)})
	if a.Status != report.AttrInconclusive || !strings.Contains(a.Reason, "may be none") {
		t.Errorf("no change: %s: %q", a.Status, a.Reason)
	}
	b, _ := explained(t, steady(healthy), "", held{baseline: []*run.Run{base}, direct: true})
	if b.Status != report.AttrNone || !strings.Contains(b.Reason, "may be none") {
		t.Errorf("no change, compared: %s: %q", b.Status, b.Reason)
	}
}

// The verdict that a regression explains confirms it.
func TestConfirmedByTheVerdict(t *testing.T) {
	slow, base := steady(with("db-write", 5)), steady(healthy)
	for _, c := range []struct {
		against held
		status  string
	}{
		{held{baseline: []*run.Run{base}, gates: worseGate("execute", "avg(95)", report.GateRegressed)}, report.AttrConfirmed},
		{held{baseline: []*run.Run{base}, gates: worseGate("execute", "avg(95)", report.GateSuspected)}, report.AttrLikely},
		{held{baseline: []*run.Run{base}}, report.AttrNone},
	} {
		if a, _ := explained(t, slow, "", c.against); a.Status != c.status {
			t.Errorf("%s, want %s: %s", a.Status, c.status, a.Reason)
		}
	}
}

// Where nothing tells which time is of which request, means of windows give the
// same answer, and it is said.
func TestWindowsGiveTheSameAnswer(t *testing.T) {
	loose := func(times func(int, *rand.Rand) times) *run.Run {
		return newRun().engine(engine{to: 30, perS: 40, series: true}, times).plan(rate("s", 40, 0, 30)).Finish()
	}
	a, out := explained(t, loose(with("db-write", 5)), "", held{baseline: []*run.Run{loose(healthy)}, direct: true})
	exact, _ := explained(t, steady(with("db-write", 5)), "", held{baseline: []*run.Run{steady(healthy)}, direct: true})
	if a.Join != report.JoinWindow || exact.Join != report.JoinRequest {
		t.Fatalf("joined by %s and %s", a.Join, exact.Join)
	}
	wantNote(t, out, "attribution_by_windows", report.Info)
	if len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Component != component.Database {
		t.Fatalf("named %v: %s", a.Bottlenecks, a.Reason)
	}
	// Only requests can be told apart by how long they took.
	for around, of := range map[bool]*report.Attribution{false: a, true: exact} {
		if got := strings.Join(of.Evidence, "\n"); strings.Contains(got, "around p95") != around {
			t.Errorf("joined by %s: %s", of.Join, got)
		}
	}
	for _, name := range []string{component.Database, component.Graph, component.HTTPPool} {
		x, y := componentOf(t, a, name), componentOf(t, exact, name)
		if math.Abs(x.Share-y.Share) > 0.01 || math.Abs(*x.Regression-*y.Regression) > 0.02 {
			t.Errorf("%s has %.3f and %.3f by windows, %.3f and %.3f by request", name, x.Share, *x.Regression, y.Share, *y.Regression)
		}
	}
}

// Runs of a store keep blocks of requests and no windows; a run from a database
// has windows only. Its regression is explained all the same.
func TestWindowsAgainstRunsOfAStore(t *testing.T) {
	loose := newRun().engine(engine{to: 30, perS: 40, series: true}, with("db-write", 5)).plan(rate("s", 40, 0, 30)).Finish()
	kept := run.Thin(steady(healthy), ThinMetrics())
	a, out := explained(t, loose, "", held{baseline: []*run.Run{kept}, direct: true})
	wantNote(t, out, "attribution_by_windows", report.Info)
	if a.Join != report.JoinWindow || a.Question != report.QuestionRegression || len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Component != component.Database {
		t.Fatalf("joined by %s, asked %q, named %v: %s", a.Join, a.Question, a.Bottlenecks, a.Reason)
	}
	exact, _ := explained(t, steady(with("db-write", 5)), "", held{baseline: []*run.Run{kept}, direct: true})
	if x, y := componentOf(t, a, component.Database), componentOf(t, exact, component.Database); math.Abs(*x.Regression-*y.Regression) > 0.02 {
		t.Errorf("the database explains %.3f by windows, %.3f by request", *x.Regression, *y.Regression)
	}
}

func TestNoComponentData(t *testing.T) {
	a, out := explained(t, newRun().traffic(traffic{to: 30, perS: 40}).plan(rate("s", 40, 0, 30)).Finish(), "", held{})
	if a.Status != report.AttrNoData || !strings.Contains(a.Needed, "Server-Timing") || len(a.Components) > 0 {
		t.Errorf("%s: %s; %s", a.Status, a.Reason, a.Needed)
	}
	for _, n := range out.Notes {
		if strings.Contains(n.Message, "Server-Timing") {
			t.Error("it is said twice")
		}
	}
}

// Other projects' names map with one line, and what is not mapped is pointed out.
func TestMappedByConfiguration(t *testing.T) {
	made := func() *run.Run {
		m := newRun()
		m.Define(run.Metric{Name: "server_timing_redis_ms", Type: run.Trend, Contains: "time"})
		for i := range 1200 {
			at := float64(i) / 40
			q := run.Request{Start: t0 + int64(at*1e9), Duration: 10, Total: 10}
			q.Parts[run.ColumnWaiting] = 10
			m.Join(m.AddRequest("http", m.tagged("name=get method=GET"), &q), "server_timing_redis_ms", 8, true)
			m.add("http_req_duration", "name=get method=GET", at+0.01, 10)
			m.add("server_timing_redis_ms", "endpoint=get", at+0.01, 8)
		}
		return m.Finish()
	}
	a := reportOn(t, made(), nil)
	if a.Attribution.Status != report.AttrNoData {
		t.Errorf("unmapped: %s", a.Attribution.Status)
	}
	wantNote(t, a, "unmapped_component", report.Info)
	b := reportOn(t, made(), configured(t, "components: [{match: redis, component: database}]"))
	wantNote(t, b, "unmapped_component", "")
	if c := componentOf(t, b.Attribution, component.Database); math.Abs(c.Share-0.8) > 1e-6 {
		t.Errorf("database has %.3f of the time, want 0.8", c.Share)
	}
}

func TestLittlesLawConfirms(t *testing.T) {
	// 60 a second that each hold a connection for 5 ms keep 0.3 of them busy.
	busy := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out["db-write"] = 12
		return out
	}
	text := func(yaml string) string {
		a, _ := explained(t, levelled(healthy, busy).Finish(), yaml, held{})
		return a.Status + " " + strings.Join(a.Evidence, "\n")
	}
	if got := text("capacities: {database: 1}"); strings.Contains(got, "Little's law") {
		t.Errorf("0.8 of 1 connection counts as busy: %s", got)
	}
	slower := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out["db-write"] = 30
		return out
	}
	a, _ := explained(t, levelled(healthy, slower).Finish(), "capacities: {database: 2}", held{})
	if got := strings.Join(a.Evidence, "\n"); a.Status != report.AttrConfirmed || !strings.Contains(got, "Little's law") {
		t.Errorf("%s: %s", a.Status, got)
	}
}

// anyQuestion is a question of random cells and blocks.
func anyQuestion(t *rapid.T) (*question, *partition) {
	p := &partition{parts: fixed()}
	q := &question{cells: &cellIndex{}}
	cells := rapid.IntRange(1, 4).Draw(t, "cells")
	for i := range cells {
		q.cells.number(cellKey{Endpoint: run.Endpoint{Protocol: "http", Name: string(rune('a' + i))}})
	}
	side := func(name string) sample {
		out := sample{runs: 1, segments: []segment{{}}}
		for b := range rapid.IntRange(1, 12).Draw(t, name) {
			o := observed{at: int64(b), seconds: 1}
			for c := range cells {
				sums := cellSums{cell: c, n: float64(rapid.IntRange(1, 50).Draw(t, "n")), parts: make([]float64, len(p.parts))}
				for j := range sums.parts {
					sums.parts[j] = rapid.Float64Range(0, 1000).Draw(t, "ms") * sums.n
				}
				o.cells = append(o.cells, sums)
			}
			out.segments[0].blocks = append(out.segments[0].blocks, o)
		}
		return out
	}
	q.hard, q.reference = side("hard"), side("reference")
	q.answer(p)
	return q, p
}

func nearly(a, b []float64) bool {
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-6*(1+math.Abs(a[i])) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestPropertiesOfShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, p := anyQuestion(t)
		if math.Abs(q.parts.change()) < 1e-3*total(q.parts.hard) { // shares of nothing are none
			q.hard = times2(q.hard, 2)
			q.answer(p)
		}
		shares := q.components.shares()
		if sum := total(shares); math.Abs(sum-1) > 1e-9 {
			t.Fatalf("shares add up to %v", sum)
		}
		// Order of what was read.
		turned := *q
		turned.hard.segments = []segment{{}}
		for i := range q.hard.segments[0].blocks {
			turned.hard.segments[0].blocks = append(turned.hard.segments[0].blocks, q.hard.segments[0].blocks[len(q.hard.segments[0].blocks)-1-i])
		}
		turned.answer(p)
		if !nearly(turned.components.shares(), shares) {
			t.Fatalf("%v in another order, %v", turned.components.shares(), shares)
		}
		// Another unit of time.
		scaled := *q
		factor := rapid.Float64Range(0.001, 1000).Draw(t, "factor")
		scaled.hard, scaled.reference = times2(q.hard, factor), times2(q.reference, factor)
		scaled.answer(p)
		if !nearly(scaled.components.shares(), shares) {
			t.Fatalf("%v at another scale, %v", scaled.components.shares(), shares)
		}
		// An endpoint whose time did not change.
		idle := *q
		idle.cells = &cellIndex{keys: append(append([]cellKey{}, q.cells.keys...), cellKey{Endpoint: run.Endpoint{Name: "idle"}})}
		same := cellSums{cell: len(q.cells.keys), n: 10, parts: make([]float64, len(p.parts))}
		same.parts[partTransit] = 50
		for _, side := range []*sample{&idle.hard, &idle.reference} {
			*side = times2(*side, 1)
			side.segments[0].blocks[0].cells = append(side.segments[0].blocks[0].cells, same)
		}
		idle.answer(p)
		if !nearly(idle.components.shares(), shares) {
			t.Fatalf("%v beside an idle endpoint, %v", idle.components.shares(), shares)
		}
	})
}

// times2 is a copy of a sample with all times multiplied.
func times2(s sample, factor float64) sample {
	out := sample{runs: s.runs}
	for _, g := range s.segments {
		to := segment{run: g.run}
		for _, b := range g.blocks {
			o := observed{at: b.at, seconds: b.seconds}
			for _, c := range b.cells {
				parts := make([]float64, len(c.parts))
				for i := range parts {
					parts[i] = c.parts[i] * factor
				}
				o.cells = append(o.cells, cellSums{cell: c.cell, n: c.n, joined: c.joined, parts: parts})
			}
			to.blocks = append(to.blocks, o)
		}
		out.segments = append(out.segments, to)
	}
	return out
}

// Rows in any order of merging give the same report, for tables are sorted.
func TestPartsOfARunInAnyOrder(t *testing.T) {
	part := func(from float64) *run.Run {
		return newRun().engine(engine{from: from, to: from + 15, perS: 40}, with("db-write", 3)).Finish()
	}
	a, b := part(0), part(15)
	merge := func(parts ...*run.Run) string {
		builder := run.NewBuilder(run.Options{})
		for _, p := range parts {
			builder.AddRun(p)
		}
		return string(encoded(t, reportOn(t, builder.Finish(), nil)))
	}
	if merge(a, b) != merge(b, a) {
		t.Error("the order in which parts are merged changes the report")
	}
}

func BenchmarkAttribution(b *testing.B) {
	m := newRun()
	for i := range 20 {
		m.engine(engine{name: string(rune('a' + i)), to: 110, perS: 25}, healthy)
	}
	r := m.plan(rate("s", 500, 0, 110)).Finish()
	s := newSubject(r, nil)
	against := held{baseline: []*run.Run{r}, direct: true}.against(s.config)
	for b.Loop() {
		s.notes = nil
		s.attribution(&report.Report{}, against)
	}
}
