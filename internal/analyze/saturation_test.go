package analyze

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

// steps is a run of load levels of 10 s each; ms is the time at each of them.
func steps(rates []float64, ms func(perS float64) float64) *maker {
	return climb(rates, func(perS float64) traffic {
		return traffic{perS: perS, ms: func(float64) float64 { return ms(perS) }}
	})
}

// climb is a run of load levels of 10 s each, with what the system completes of
// what is asked at each of them.
func climb(asked []float64, done func(perS float64) traffic) *maker {
	m := newRun()
	var stages []float64
	for i, perS := range asked {
		at := done(perS)
		at.from = float64(i) * 10
		at.to = at.from + 10
		m.traffic(at)
		stages = append(stages, 0, perS, 10, perS)
	}
	return m.plan(ramp("arrival-rate", asked[0], stages...))
}

func TestCapacityIsTheHighestLevelAtWhichTargetsHeld(t *testing.T) {
	rates := []float64{20, 40, 60, 80}
	m := steps(rates, func(perS float64) float64 {
		if perS >= 60 {
			return 300
		}
		return 20
	})
	r := analyzed(t, m, configured(t, levels("endpoints: {get: [p(95)<100]}")))
	s := r.Saturation
	if s == nil {
		t.Fatal("no saturation of four levels")
	}
	want(t, "capacity", s.CapacityPerS, 40, 1e-9)
	if s.KneePerS != nil || s.Status != report.SatFewLevels || !strings.Contains(s.Headline, "met up to 40/s") {
		t.Errorf("%+v", s)
	}
	met := ""
	for _, l := range r.Run.Load.Levels {
		met += fmt.Sprint(*l.TargetsMet, " ")
	}
	if met != "true true false false " {
		t.Errorf("targets met: %s", met)
	}
	if c := r.Chart(report.ChartSaturation); c == nil || len(c.X) != 4 || len(c.Marks) != 1 {
		t.Errorf("chart %+v", c)
	}
	if r := analyzed(t, newRun().traffic(traffic{to: 30, perS: 20}).plan(rate("s", 20, 0, 30)), nil); r.Saturation != nil {
		t.Error("one level of load has a capacity")
	}
}

// Capacity ends with the first level that the system did not bear, whatever
// became of those above: survivors of a load that is dropped are fast.
func TestCapacityEndsWhereTheLoadIsNotBorne(t *testing.T) {
	fast := func(perS float64) traffic { return traffic{perS: perS} }
	for _, tc := range []struct {
		what     string
		done     func(perS float64) traffic
		capacity *float64
		headline string
	}{
		{"all is well", fast, report.Num(80), "met up to 80/s, the highest load"},
		{"a level that failed, and one above it that did not", func(perS float64) traffic {
			if perS == 40 {
				return traffic{perS: perS, ms: func(float64) float64 { return 300 }}
			}
			return fast(perS)
		}, report.Num(20), "met up to 20/s;"},
		{"a fortieth of the highest load is dropped", func(perS float64) traffic {
			if perS == 80 {
				return traffic{perS: perS, dropped: 40}
			}
			return fast(perS)
		}, report.Num(60), "met up to 60/s; throughput followed"},
		{"half of it is dropped", func(perS float64) traffic {
			if perS >= 60 {
				return traffic{perS: perS, dropped: 2}
			}
			return fast(perS)
		}, report.Num(40), "met up to 40/s; throughput stopped following the load at 60/s"},
		{"the lowest failed, and those above it did not", func(perS float64) traffic {
			if perS == 20 {
				return traffic{perS: perS, ms: func(float64) float64 { return 300 }}
			}
			return fast(perS)
		}, nil, "Targets were missed already at the lowest load, 20/s"},
		{"half is dropped from the first on", func(perS float64) traffic { return traffic{perS: perS, dropped: 2} }, nil, "At the lowest load, 20/s, 50 % of the iterations were dropped"},
	} {
		s := analyzed(t, climb([]float64{20, 40, 60, 80}, tc.done), configured(t, levels("endpoints: {get: [p(95)<100]}"))).Saturation
		if (s.CapacityPerS == nil) != (tc.capacity == nil) || tc.capacity != nil && *s.CapacityPerS != *tc.capacity || !strings.Contains(s.Headline, tc.headline) {
			t.Errorf("%s: %s", tc.what, s.Headline)
		}
	}
	r := analyzed(t, climb([]float64{20, 40}, func(perS float64) traffic { return traffic{perS: perS, dropped: int(perS) / 10} }), nil)
	want(t, "share dropped", r.Run.Load.Levels[0].DropShare, 0.5, 0.02)
	want(t, "share dropped", r.Run.Load.Levels[1].DropShare, 0.25, 0.02)
}

// scaling is a run of a system that follows the scalability law, at so many
// requests in it at once, while what is asked for goes on rising; failed says of
// which level on every tenth request fails.
func scaling(law func(n float64) float64, failed int, at ...float64) *maker {
	var asked []float64
	for i := range at {
		asked = append(asked, 15*float64(i+1))
	}
	return climb(asked, func(perS float64) traffic {
		i := slices.Index(asked, perS)
		n := at[i]
		done := traffic{perS: law(n), ms: func(float64) float64 { return 1000 * n / law(n) }}
		if failed > 0 && i >= failed {
			done.failed = 10
		}
		return done
	})
}

// A system with a known peak: X(N) falls past it, while the load goes on rising.
func TestPeakOfASystemThatCollapses(t *testing.T) {
	law := func(n float64) float64 { return 20 * n / (1 + 0.02*(n-1) + 0.01*n*(n-1)) } // peak at N = 9.9, X = 96.15
	r := analyzed(t, scaling(law, 0, 1, 2, 3, 5, 8, 12, 18, 26), nil)
	s := r.Saturation
	if s.Status != report.SatPeak {
		t.Fatalf("%s: %s", s.Status, s.Headline)
	}
	want(t, "peak concurrency", s.PeakConcurrency, math.Sqrt(0.98/0.01), 0.15)
	want(t, "peak throughput", s.PeakPerS, 96.15, 0.05)
	if s.KneePerS == nil || s.PeakInterval == nil || *s.PeakInterval.Low > *s.PeakConcurrency {
		t.Errorf("%+v", s)
	}
	// Of the three levels past the knee, two are of failures: one is no fit.
	s = analyzed(t, scaling(law, 6, 1, 2, 3, 5, 8, 12, 18, 26), nil).Saturation
	if s.Status != report.SatFewLevels || s.KneePerS == nil || !strings.Contains(s.Headline, "needs 6 levels of load at which nearly all succeeds, 2 of them past") {
		t.Errorf("%s: %s", s.Status, s.Headline)
	}
}

// A law fitted to what was tested says nothing of a peak beyond it.
func TestNoPeakBeyondWhatWasTested(t *testing.T) {
	law := func(n float64) float64 { return 20 * n / (1 + 0.1*(n-1) + 0.0005*n*(n-1)) } // peak at N = 42.4
	s := analyzed(t, scaling(law, 0, 1, 2, 4, 8, 16, 18, 20, 22), nil).Saturation
	if s.Status != report.SatNoPeak || s.PeakConcurrency != nil || s.Sigma == nil {
		t.Errorf("%s: %+v", s.Status, s)
	}
	if !strings.Contains(s.Headline, "stopped following the load at") || !strings.Contains(s.Headline, "no peak in the tested range") {
		t.Error(s.Headline)
	}
}

func TestSpikeAndItsRecovery(t *testing.T) {
	at := func(at float64) float64 {
		switch {
		case at >= 20 && at < 36: // the burst and 6 s after it
			return 80
		}
		return 20
	}
	m := newRun().traffic(traffic{to: 20, perS: 20, ms: at}).traffic(traffic{from: 20, to: 30, perS: 100, ms: at}).traffic(traffic{from: 30, to: 60, perS: 20, ms: at})
	m.plan(ramp("arrival-rate", 20, 20, 20, 0, 100, 10, 100, 0, 20, 30, 20))
	s := analyzed(t, m, nil).Saturation
	if s == nil || s.Spike == nil {
		t.Fatalf("no spike: %+v", s)
	}
	want(t, "peak", s.Spike.PeakPerS, 100, 0.05)
	want(t, "p95 of the burst", s.Spike.PeakP95, 80, 0.01)
	if s.Spike.RecoveryS == nil || *s.Spike.RecoveryS < 5 || *s.Spike.RecoveryS > 7.5 {
		t.Errorf("recovered after %v", s.Spike.RecoveryS)
	}
}

// Fast refusals are no recovery, nor is a moment before latency rises again.
func TestRecoveryIsOfErrorsTooAndStays(t *testing.T) {
	flat := func(ms float64) func(float64) float64 { return func(float64) float64 { return ms } }
	for _, tc := range []struct {
		what  string
		after []traffic // the burst, which ends at 30 s
		want  float64   // 0: not within the run
	}{
		{"refused until 40 s", []traffic{{from: 30, to: 40, perS: 20, ms: flat(5), failed: 1}, {from: 40, to: 60, perS: 20, ms: flat(20)}}, 10},
		{"refused to the end", []traffic{{from: 30, to: 60, perS: 20, ms: flat(5), failed: 1}}, 0},
		{"slow again from 36 to 48 s", []traffic{{from: 30, to: 36, perS: 20, ms: flat(20)}, {from: 36, to: 48, perS: 20, ms: flat(80)}, {from: 48, to: 60, perS: 20, ms: flat(20)}}, 18},
		{"one of all requests fails", []traffic{{from: 30, to: 60, perS: 20, ms: flat(20), failed: 1000}}, 0.5},
	} {
		m := newRun().traffic(traffic{to: 20, perS: 20, ms: flat(20)}).traffic(traffic{from: 20, to: 30, perS: 100, ms: flat(80)})
		for _, part := range tc.after {
			m.traffic(part)
		}
		m.plan(ramp("arrival-rate", 20, 20, 20, 0, 100, 10, 100, 0, 20, 30, 20))
		got := analyzed(t, m, nil).Saturation.Spike.RecoveryS
		switch {
		case tc.want > 0:
			want(t, tc.what, got, tc.want, 1/tc.want)
		case got != nil:
			t.Errorf("%s: back after %g s", tc.what, *got)
		}
	}
}

// gauges samples one a second.
func (m *maker) gauge(metric string, to float64, value func(at float64) float64) *maker {
	m.Define(run.Metric{Name: metric, Type: run.Trend, Contains: "default"})
	for at := 0.0; at < to; at++ {
		m.add(metric, "scenario=health endpoint=health_check", at, value(at))
	}
	return m
}

func findingOf(r *report.Report, name string) *report.SoakFinding {
	if r.Soak == nil {
		return nil
	}
	for i := range r.Soak.Findings {
		if f := &r.Soak.Findings[i]; f.Name == name {
			return f
		}
	}
	return nil
}

func TestLeakIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	made := func(each float64) *report.Report {
		m := newRun("level=soak").traffic(traffic{to: 120, perS: 20}).plan(rate("s", 20, 0, 120))
		m.gauge(gaugeHeap, 120, func(at float64) float64 { return 20e6 + each*20*at + 1e6*rng.Float64() })
		return analyzed(t, m, nil)
	}
	leak := made(50_000)
	f := findingOf(leak, findingLeak)
	if f == nil || !f.Drifts || !strings.Contains(leak.Soak.Headline, "a request") {
		t.Fatalf("50 kB a request: %+v", leak.Soak)
	}
	want(t, "per hour", f.PerHour, 50_000*20*3600, 0.05)
	if f := findingOf(made(0), findingLeak); f == nil || f.Drifts {
		t.Errorf("a heap that stays is %+v", f)
	}
	young := newRun("level=soak").traffic(traffic{to: 30, perS: 20}).plan(rate("s", 20, 0, 30))
	young.gauge(gaugeHeap, 30, func(at float64) float64 { return 3e6 + 0.1e6*min(at, 16) + 1e4*rng.Float64() })
	young.gauge(gaugeGoroutines, 30, func(at float64) float64 { return 20 + 10*min(at, 16) })
	r := analyzed(t, young, nil)
	for _, name := range []string{findingLeak, findingTrend} {
		if f := findingOf(r, name); f == nil || f.PValue == nil || *f.PValue > trendP || f.Drifts {
			t.Errorf("what grows at first and then rests is %+v", f)
		}
	}
	// Collections come the more rarely, the more there is to collect.
	collected := []float64{0, 1, 2, 4, 4, 7, 7, 7, 7, 7, 7}
	rare := newRun("level=soak").traffic(traffic{to: 11, perS: 34}).plan(rate("s", 34, 0, 11))
	rare.gauge(gaugeHeap, 11, func(at float64) float64 { return 4e6 + 1.7e6*collected[int(at)] })
	if f := findingOf(analyzed(t, rare, nil), findingLeak); f == nil || !f.Drifts {
		t.Errorf("a heap that grew at each collection is %+v", f)
	}
	if f := findingOf(made(-5000), findingLeak); f == nil || f.Drifts || strings.Contains(f.Text, "grew") {
		t.Errorf("a heap that falls is %+v", f)
	}
	wantNote(t, leak, "short_soak", report.Info)
}

func TestGaugeFindings(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	with := func(perConnection, gc float64) *report.Report {
		m := newRun().traffic(traffic{to: 60, perS: 20}).plan(rate("s", 20, 0, 60))
		hub := func(at float64) float64 { return math.Floor(at / 2) }
		m.gauge(gaugeHub, 60, hub).gauge(gaugeGC, 60, func(float64) float64 { return gc })
		m.gauge(gaugeHeap, 60, func(at float64) float64 { return 20e6 + perConnection*hub(at) + 1e5*rng.Float64() })
		return analyzed(t, m, nil)
	}
	r := with(512_000, 0.15)
	if f := findingOf(r, findingConnection); f == nil || !f.Drifts || !strings.Contains(f.Text, "kB of heap") {
		t.Errorf("512 kB a connection: %+v", r.Soak)
	}
	if f := findingOf(r, findingAllocation); f == nil || !f.Drifts {
		t.Errorf("15 %% of the processors collect garbage: %+v", r.Soak)
	}
	if f := findingOf(r, findingLeak); f == nil || !strings.Contains(f.Text, "unless the hub connections") {
		t.Errorf("connections may not be what grows: %+v", f)
	}
	if r := with(10_000, 0.02); r.Soak != nil {
		t.Errorf("a healthy short run has the findings %+v", r.Soak)
	}
}

// What is kept of each request may be little where many come.
func TestSlowLeakOfALongRun(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	m := newRun().traffic(traffic{to: 700, perS: 20}).plan(rate("s", 20, 0, 700))
	m.gauge(gaugeHeap, 700, func(at float64) float64 { return 20e6 + 200*20*at + 1e5*rng.Float64() })
	if f := findingOf(analyzed(t, m, nil), findingLeak); f == nil || !f.Drifts || !strings.Contains(f.Text, "0.2 kB a request") {
		t.Errorf("200 bytes a request: %+v", f)
	}
}

// What grows while connections are opened is theirs only where it follows them.
func TestHeapBesideConnections(t *testing.T) {
	oneByOne := func(at float64) float64 { return math.Floor(at) }
	forAWhile := func(at float64) float64 {
		if at >= 15 && at < 30 {
			return 40
		}
		return 10
	}
	for _, tc := range []struct {
		what            string
		hub             func(at float64) float64
		heap            func(at, hub float64) float64
		leak, memory    bool   // drifts
		leaks, memories string // in the texts
	}{
		{"a leak while connections are opened", oneByOne, func(at, _ float64) float64 { return 20e6 + 1e6*at }, true, true, "unless the hub connections", "may take up to 1"},
		{"connections that are opened", oneByOne, func(_, hub float64) float64 { return 20e6 + 512e3*hub }, true, true, "unless the hub connections", "may take up to 51"},
		{"connections that take little are opened", oneByOne, func(_, hub float64) float64 { return 4e6 + 90e3*hub }, false, false, "unless the hub connections", "may take up to 9"},
		{"a warm-up while connections are opened", oneByOne, func(at, _ float64) float64 { return 20e6 + 20e6*(1-math.Exp(-at/10)) }, false, false, "", ""},
		{"connections that come and go", forAWhile, func(_, hub float64) float64 { return 20e6 + 512e3*hub }, false, true, "without what hub connections take", "takes 51"},
		{"a leak while connections come and go", forAWhile, func(at, hub float64) float64 { return 20e6 + 1e6*at + 512e3*hub }, true, true, "without what hub connections take", "takes 51"},
		{"a leak, and connections that take little", forAWhile, func(at, hub float64) float64 { return 20e6 + 1e6*at + 10e3*hub }, true, false, "", "takes"},
	} {
		rng := rand.New(rand.NewPCG(1, 4))
		m := newRun("level=soak").traffic(traffic{to: 60, perS: 20}).plan(rate("s", 20, 0, 60))
		m.gauge(gaugeHub, 60, tc.hub).gauge(gaugeHeap, 60, func(at float64) float64 { return tc.heap(at, tc.hub(at)) + 1e5*rng.Float64() })
		r := analyzed(t, m, nil)
		for name, want := range map[string]struct {
			drifts bool
			text   string
		}{findingLeak: {tc.leak, tc.leaks}, findingConnection: {tc.memory, tc.memories}} {
			f := findingOf(r, name)
			if f == nil {
				if want.drifts || want.text != "" {
					t.Errorf("%s: no %s", tc.what, name)
				}
				continue
			}
			if f.Drifts != want.drifts || !strings.Contains(f.Text, want.text) {
				t.Errorf("%s: %s drifts %v: %s", tc.what, name, f.Drifts, f.Text)
			}
		}
	}
}

// A connection has some goroutines, but not hundreds.
func TestGoroutinesOfConnections(t *testing.T) {
	for _, tc := range []struct {
		perS   float64
		drifts bool
	}{{2, false}, {200, true}} {
		m := newRun("level=soak").traffic(traffic{to: 60, perS: 20}).plan(rate("s", 20, 0, 60))
		m.gauge(gaugeHub, 60, math.Floor).gauge(gaugeGoroutines, 60, func(at float64) float64 { return 50 + tc.perS*at })
		if f := findingOf(analyzed(t, m, nil), findingTrend); f == nil || f.Drifts != tc.drifts || !strings.Contains(f.Text, "unless the hub connections") {
			t.Errorf("%g goroutines for each connection: %+v", tc.perS, f)
		}
	}
}

func TestLatencyDriftsInASoak(t *testing.T) {
	soak := func(slope float64) *report.Report {
		m := newRun("level=soak").traffic(traffic{to: 700, perS: 5, ms: func(at float64) float64 { return 10 + slope*at + math.Mod(at*7, 2) }})
		return analyzed(t, m.plan(rate("s", 5, 0, 700)), nil)
	}
	if f := findingOf(soak(0.01), findingTrend); f == nil || !f.Drifts {
		t.Errorf("60 %% more over the run: %+v", f)
	}
	if f := findingOf(soak(-0.01), findingTrend); f == nil || f.Drifts {
		t.Errorf("less time is a drift: %+v", f)
	}
	r := soak(0)
	if f := findingOf(r, findingTrend); f == nil || f.Drifts || !strings.Contains(r.Soak.Headline, "Nothing drifts") {
		t.Errorf("no drift: %+v", r.Soak)
	}
}

func TestNoisyTenant(t *testing.T) {
	m := newRun()
	for _, tenant := range []string{"a", "b", "c"} {
		perS := 5.0
		if tenant == "b" {
			perS = 50
		}
		m.traffic(traffic{to: 30, perS: perS, tags: "tenant=" + tenant})
	}
	f := analyzed(t, m, nil).Run.Fairness
	if f == nil || f.Noisy != "b" || !strings.Contains(f.Text, "10 times as many") {
		t.Errorf("%+v", f)
	}
}

func TestOverhead(t *testing.T) {
	m := newRun(adr("load")...).engine(engine{name: "execute_workflow", to: 30, perS: 40}, healthy).plan(rate("s", 40, 0, 30))
	m.Define(run.Metric{Name: overheadMetric, Type: run.Trend, Contains: "default"})
	m.Define(run.Metric{Name: overheadTimeMetric, Type: run.Trend, Contains: "default"})
	for i := range 300 { // short executions cost half of their 10 ms, long ones a hundredth of their 1000
		at, percent, micros := float64(i)/10, 50.0, 5000.0
		if i%2 == 1 {
			percent, micros = 1, 10_000
		}
		m.add(overheadMetric, "scenario=s endpoint=execute_workflow", at, percent)
		m.add(overheadTimeMetric, "scenario=s endpoint=execute_workflow", at, micros)
	}
	m.add(overheadMetric, "scenario=s endpoint=execute_workflow group=::setup", 1, 90)
	m.add(overheadTimeMetric, "scenario=s endpoint=execute_workflow group=::setup", 1, 1e6)
	o := analyzed(t, m, nil).Overhead
	if o == nil || o.Samples != 300 || o.OK == nil || *o.OK || o.Target == nil || *o.Target != 15 || len(o.Endpoints) != 1 {
		t.Fatalf("%+v", o)
	}
	want(t, "avg", o.Percent.Avg, 25.5, 1e-9)
	want(t, "ms", o.MS.Avg, 7.5, 1e-9)
	want(t, "p95", o.MS.P95, 10, 0.001)
	want(t, "ms of the endpoint", o.Endpoints[0].MS.Avg, 7.5, 1e-9)
	old := newRun().traffic(traffic{to: 5, perS: 20})
	old.Define(run.Metric{Name: overheadMetric, Type: run.Trend, Contains: "default"})
	old.add(overheadMetric, "scenario=s endpoint=execute_workflow", 1, 20)
	if o := analyzed(t, old, nil).Overhead; o == nil || o.MS != nil || o.Endpoints[0].MS != nil {
		t.Errorf("what the engine does not tell is made up: %+v", o)
	}

	o = reportOn(t, steady(healthy), nil).Overhead
	if o == nil || o.OK != nil || !strings.Contains(o.Definition, "excluded") {
		t.Fatalf("from the components: %+v", o)
	}
	// graph 1.5, queue 0.01, serialize and untraced 0.2 of 10.75 ms in the server
	want(t, "avg", o.Percent.Avg, 100*1.71/10.75, 0.03)
	want(t, "ms", o.MS.Avg, 1.71, 0.03)
	if o := analyzed(t, newRun().traffic(traffic{to: 5, perS: 20}), nil).Overhead; o != nil {
		t.Errorf("nothing is known of it, yet %+v", o)
	}
}
