package analyze

import (
	"testing"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
)

func TestOfferedLoad(t *testing.T) {
	m := newRun().traffic(traffic{to: 20, perS: 50, dropped: 10}).plan(rate("s", 50, 0, 20))
	m.add("vus_max", "", 1, 7)
	m.add("vus", "", 22, 0) // the drain
	l := analyzed(t, m, nil).Run.Load
	want(t, "offered", l.OfferedPerS, 50, 1e-9)
	want(t, "achieved", l.AchievedPerS, 45, 1e-9)
	want(t, "dropped", l.DropShare, 0.1, 1e-9)
	wantCount(t, "dropped", l.DroppedIterations, 100)
	wantCount(t, "iterations", l.Iterations, 900)
	wantCount(t, "requests", l.Requests, 900)
	wantCount(t, "most VUs", l.VUsMax, 7)
	if l.OfferedP95 != nil {
		t.Errorf("offered p95 is %g, want none: a tenth never came", *l.OfferedP95)
	}
	if l.Plan == nil || l.Plan.TargetPerS == nil || *l.Plan.TargetPerS != 50 || *l.Plan.PlannedS != 20 {
		t.Errorf("plan %+v", l.Plan)
	}
}

func TestOfferedP95(t *testing.T) {
	// Of 1,000 offered 30 are dropped, those of 0 to 29 ms: the 950th of the rest
	// is the p95, at the completed quantile 0.95/0.97.
	m := newRun()
	for i := range 1000 {
		at := float64(i) / 100
		if i < 30 {
			m.add("dropped_iterations", "scenario=s", at, 1)
			continue
		}
		m.request(traffic{protocol: "http", scenario: "s", name: "get"}, at, float64(i), false, false)
		m.iteration("s", at, float64(i))
	}
	want(t, "offered p95", analyzed(t, m, nil).Run.Load.OfferedP95, 979.27, 0.001)
}

func TestLoadWithoutPlan(t *testing.T) {
	m := newRun().traffic(traffic{to: 10, perS: 20})
	m.add("vus", "", 13, 0) // 3 s in which nothing starts
	l := analyzed(t, m, nil).Run.Load
	want(t, "offered", l.OfferedPerS, 20, 1e-9)
	if l.Plan != nil {
		t.Error("a plan came from nowhere")
	}

	once := newRun().traffic(traffic{to: 0.01, perS: 1000, ms: func(float64) float64 { return 5000 }})
	want(t, "offered at once", analyzed(t, once, nil).Run.Load.OfferedPerS, 2, 0.01)
}

func TestAllDropped(t *testing.T) {
	m := newRun()
	for i := range 10 {
		m.add("dropped_iterations", "scenario=s", float64(i), 1)
	}
	r := analyzed(t, m, nil)
	want(t, "drop share", r.Run.Load.DropShare, 1, 0)
	wantCount(t, "iterations", r.Run.Load.Iterations, 0)
	if r.Run.Load.OfferedP95 != nil || r.Run.Load.Requests != nil {
		t.Error("numbers of requests that nobody made")
	}
	wantNote(t, r, "dropped_iterations", report.Invalid)
}

func TestIterationsWithoutTheirCounter(t *testing.T) {
	m := newRun()
	for i := range 10 {
		m.add("iteration_duration", "scenario=s", float64(i), 5)
	}
	m.add("iteration_duration", "group=::setup", 0, 5)
	wantCount(t, "iterations", analyzed(t, m, nil).Run.Load.Iterations, 10)
}

func TestOpenAndClosedMixed(t *testing.T) {
	m := newRun().
		traffic(traffic{scenario: "open", to: 20, perS: 30}).
		traffic(traffic{scenario: "closed", to: 20, perS: 12}).
		plan(rate("open", 30, 0, 20), vus("closed", 3, 0, 20))
	r := analyzed(t, m, nil)
	want(t, "offered", r.Run.Load.OfferedPerS, 42, 1e-9)
	want(t, "target of the open scenario", r.Run.Load.Plan.TargetPerS, 30, 0)
	wantNote(t, r, "load_missed", "")
	if e := r.Run.Load.Plan.Executors; e[0].TargetPerS == nil || e[1].TargetPerS != nil || *e[1].VUs != 3 {
		t.Errorf("executors %+v", e)
	}
}

func TestPlanWithoutEnd(t *testing.T) {
	limit := run.Scenario{Name: "i", Executor: "per-vu-iterations", Iterations: 100, VUs: 1, Duration: 10 * time.Minute}
	m := newRun().traffic(traffic{scenario: "s", to: 5, perS: 10}).traffic(traffic{scenario: "i", to: 20, perS: 10}).plan(rate("s", 10, 0, 5), limit)
	r := analyzed(t, m, nil)
	want(t, "offered", r.Run.Load.OfferedPerS, 250/20.0, 0.01)
	if p := r.Run.Load.Plan; p.PlannedS != nil || p.Executors[1].DurationS != nil {
		t.Error("the limit of the iterations is shown as a planned time")
	}
	wantNote(t, r, "ended_early", "")
}

func TestOriginIsTheEarliestScenario(t *testing.T) {
	// The first sample of all is of a, whose table comes before b's.
	m := newRun().
		traffic(traffic{scenario: "a", to: 20, perS: 10}).
		traffic(traffic{scenario: "b", from: 10, to: 20, perS: 10}).
		plan(rate("a", 10, 0, 20), rate("b", 10, 10, 20))
	s := newSubject(m.Finish(), nil)
	if s.origin != t0 {
		t.Errorf("the schedule begins %g s late", float64(s.origin-t0)/1e9)
	}

	m = newRun().traffic(traffic{from: 3, to: 20, perS: 10}).plan(ramp("vus", 0, 6, 2, 14, 2))
	r := m.Finish()
	if s := newSubject(r, nil); s.origin != t0 {
		t.Errorf("with a ramp from no virtual user it begins %g s late", float64(s.origin-t0)/1e9)
	}
	wantNote(t, reportOn(t, r, nil), "ended_early", "")
}

func TestSetUpIsNoLoad(t *testing.T) {
	m := newRun()
	for i := range 30 { // 15 s of it
		m.request(traffic{protocol: "http", name: "get", tags: "group=::setup status=200"}, float64(i)/2-15, 400, false, false)
	}
	m.traffic(traffic{to: 10, perS: 20}).plan(rate("s", 20, 0, 10))
	r := analyzed(t, m, nil)
	wantCount(t, "requests", r.Run.Load.Requests, 200)
	want(t, "offered", r.Run.Load.OfferedPerS, 20, 1e-9)
	wantNote(t, r, "starts_late", report.Info)
	for _, x := range r.Chart(report.ChartThroughput).X {
		if x < 0 {
			t.Errorf("set-up is in the chart, at %g s", x)
		}
	}
	if v, _ := metricOf(t, r, "http_reqs").Get("count"); v != 230 {
		t.Errorf("http_reqs counts %g, want set-up in it, as k6 counts", v)
	}
}

func TestMeasuredLevels(t *testing.T) {
	m := newRun()
	for k := range 3 {
		from, perS := float64(k)*10, float64(10*(k+1))
		m.traffic(traffic{from: from, to: from + 10, perS: perS, ms: func(float64) float64 { return 20 * perS }})
	}
	for i := range 20 {
		m.add("dropped_iterations", "scenario=s", 20+float64(i)/2, 1)
	}
	m.plan(ramp("arrival-rate", 10, 10, 10, 0, 20, 10, 20, 0, 32, 10, 32))
	levels := analyzed(t, m, nil).Run.Load.Levels
	if len(levels) != 3 {
		t.Fatalf("%d levels, want 3", len(levels))
	}
	for k, l := range levels {
		perS := float64(10 * (k + 1))
		want(t, "achieved", l.AchievedPerS, perS, 1e-9)
		want(t, "p95", l.P95, 20*perS, 0.01)
		want(t, "concurrency", l.Concurrency, perS*20*perS/1000, 1e-9)
		want(t, "errors", l.ErrorRate, 0, 0)
	}
	want(t, "target of the third", levels[2].TargetPerS, 32, 0)
	want(t, "offered at the third", levels[2].OfferedPerS, 32, 0.02)
	if l := levels[0]; l.FromS != 0 || l.ToS != 10 || l.Count != 90 {
		t.Errorf("the first level is %+v, want the 9 whole blocks of it", l)
	}
}

// A system that answers nothing for some blocks is slow, not absent.
func TestLevelWithAStall(t *testing.T) {
	m := newRun().
		traffic(traffic{to: 4, perS: 10}).traffic(traffic{from: 8, to: 11, perS: 10}).
		traffic(traffic{from: 11, to: 21, perS: 20}).
		plan(ramp("arrival-rate", 10, 11, 10, 0, 20, 10, 20))
	levels := analyzed(t, m, nil).Run.Load.Levels
	if len(levels) != 2 {
		t.Fatalf("%d levels, want 2", len(levels))
	}
	want(t, "achieved with a stall", levels[0].AchievedPerS, 6, 0.05)
}

func TestScales(t *testing.T) {
	m := newRun("rate_scale=0.01", "time_scale=1").traffic(traffic{to: 5, perS: 10}).plan(rate("s", 10, 0, 5))
	p := analyzed(t, m, nil).Run.Load.Plan
	want(t, "rate scale", p.RateScale, 0.01, 0)
	if p.TimeScale != nil {
		t.Error("full size is shown as a scale")
	}
}

func TestBytes(t *testing.T) {
	m := newRun().traffic(traffic{to: 2, perS: 10})
	m.add("data_sent", "", 1, 100, 200)
	l := analyzed(t, m, nil).Run.Load
	wantCount(t, "sent", l.BytesSent, 300)
	if l.BytesReceived != nil {
		t.Error("bytes received are known from nowhere")
	}
}
