package analyze

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

// steps is a run of load levels of 10 s each; ms is the time at each of them,
// and done the part of the requests that the system completes in time.
func steps(rates []float64, ms func(perS float64) float64) *maker {
	m := newRun()
	var stages []float64
	for i, perS := range rates {
		from := float64(i) * 10
		m.traffic(traffic{from: from, to: from + 10, perS: perS, ms: func(float64) float64 { return ms(perS) }})
		stages = append(stages, 0, perS, 10, perS)
	}
	return m.plan(ramp("arrival-rate", rates[0], stages...))
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

// A system with a known peak: X(N) falls past it, while the load goes on rising.
func TestPeakOfASystemThatCollapses(t *testing.T) {
	law := func(n float64) float64 { return 20 * n / (1 + 0.02*(n-1) + 0.01*n*(n-1)) } // peak at N = 9.9, X = 96.15
	m := newRun()
	var stages []float64
	for i, n := range []float64{1, 2, 3, 5, 8, 12, 18, 26} {
		asked, from := 15*float64(i+1), float64(i)*10
		perS := law(n) // completed
		m.traffic(traffic{from: from, to: from + 10, perS: perS, ms: func(float64) float64 { return 1000 * n / perS }})
		stages = append(stages, 0, asked, 10, asked)
	}
	r := analyzed(t, m.plan(ramp("arrival-rate", 15, stages...)), nil)
	s := r.Saturation
	if s.Status != report.SatPeak {
		t.Fatalf("%s: %s", s.Status, s.Headline)
	}
	want(t, "peak concurrency", s.PeakConcurrency, math.Sqrt(0.98/0.01), 0.15)
	want(t, "peak throughput", s.PeakPerS, 96.15, 0.05)
	if s.KneePerS == nil || s.PeakInterval == nil || *s.PeakInterval.Low > *s.PeakConcurrency {
		t.Errorf("%+v", s)
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
	if f := findingOf(r, findingLeak); f != nil && f.Drifts {
		t.Errorf("connections are a leak: %+v", f)
	}
	if r := with(10_000, 0.02); r.Soak != nil {
		t.Errorf("a healthy short run has the findings %+v", r.Soak)
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
	m.Define(run.Metric{Name: executionMetric, Type: run.Trend, Contains: "time"})
	for i := range 300 {
		at := float64(i) / 10
		m.add(overheadMetric, "scenario=s endpoint=execute_workflow", at, 20)
		m.add(executionMetric, "scenario=s endpoint=execute_workflow", at, 50)
	}
	o := analyzed(t, m, nil).Overhead
	if o == nil || o.Samples != 300 || o.OK == nil || *o.OK || o.Target == nil || *o.Target != 15 || len(o.Endpoints) != 1 {
		t.Fatalf("%+v", o)
	}
	want(t, "avg", o.Percent.Avg, 20, 1e-9)
	want(t, "ms", o.MS.Avg, 10, 1e-9)

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
