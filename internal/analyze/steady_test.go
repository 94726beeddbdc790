package analyze

import (
	"strings"
	"testing"

	"k6report/internal/report"
)

// warmUp is 10 ms, and more in the first seconds.
func warmUp(seconds, extra float64) func(float64) float64 {
	return func(at float64) float64 {
		ms := 10 + float64(int(at*50)%7)/10
		if at < seconds {
			ms += extra
		}
		return ms
	}
}

func TestSteadyState(t *testing.T) {
	for _, tc := range []struct {
		name     string
		to       float64
		ms       func(float64) float64
		drain    float64
		from     float64 // of the steady state; -1: none
		tol      float64
		note     string
		severity report.Severity
	}{
		{name: "steady throughout", to: 60, from: 0},
		{name: "a warm-up", to: 60, ms: warmUp(12, 30), from: 12, tol: 1, note: "warm_up_cut", severity: report.Info},
		{name: "the drain is dropped", to: 60, drain: 6, from: 0},
		{name: "too short to tell", to: 15, from: -1, note: "steady_unknown", severity: report.Info},
		{name: "drifting", to: 60, ms: func(at float64) float64 { return 10 + at }, from: -1, note: "no_steady_state", severity: report.Warning},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := newRun().traffic(traffic{to: tc.to, perS: 50, ms: tc.ms})
			m.add("vus", "", tc.to+tc.drain, 0)
			r := analyzed(t, m, nil)
			for _, code := range []string{"warm_up_cut", "steady_unknown", "no_steady_state"} {
				severity := report.Severity("")
				if code == tc.note {
					severity = tc.severity
				}
				wantNote(t, r, code, severity)
			}
			steady := r.Run.Load.Steady
			switch {
			case tc.from < 0 && steady != nil:
				t.Errorf("steady from %g to %g s, want none", steady.FromS, steady.ToS)
			case tc.from >= 0 && steady == nil:
				t.Error("no steady state")
			case tc.from >= 0 && (steady.FromS < tc.from-tc.tol || steady.FromS > tc.from+tc.tol):
				t.Errorf("steady from %g s, want %g", steady.FromS, tc.from)
			case tc.from >= 0 && (steady.ToS < tc.to-0.1 || steady.ToS > tc.to):
				t.Errorf("steady to %g s, want %g", steady.ToS, tc.to)
			}
		})
	}
}

func TestSteadyStateAndPlan(t *testing.T) {
	constant := newRun().traffic(traffic{to: 40, perS: 50}).plan(rate("s", 50, 0, 40))
	constant.add("vus", "", 55, 0)
	if s := analyzed(t, constant, nil).Run.Load.Steady; s == nil || s.ToS != 40 {
		t.Errorf("steady %v, want it to end with the schedule", s)
	}
	ramping := newRun().traffic(traffic{to: 40, perS: 50, ms: func(at float64) float64 { return 10 + at }}).
		plan(ramp("arrival-rate", 40, 40, 60))
	r := analyzed(t, ramping, nil)
	if r.Run.Load.Steady != nil || len(r.Run.Load.Levels) == 0 {
		t.Error("a ramp is not analysed by level")
	}
	wantNote(t, r, "no_steady_state", "")
}

func TestConfiguredWarmUp(t *testing.T) {
	drifting := func() *maker {
		return newRun().traffic(traffic{to: 60, perS: 50, ms: func(at float64) float64 { return 10 + at }})
	}
	for _, tc := range []struct {
		yaml     string
		from     float64
		severity report.Severity
	}{
		{"exclude: {warm_up: 15s}", 15, report.Info},
		{"exclude: {warm_up: 0s}", 0, ""},
		{"exclude: {warm_up: 2m}", -1, report.Warning},
	} {
		r := analyzed(t, drifting(), configured(t, tc.yaml))
		wantNote(t, r, "warm_up_configured", tc.severity)
		wantNote(t, r, "no_steady_state", "")
		switch s := r.Run.Load.Steady; {
		case tc.from < 0 && s != nil, tc.from >= 0 && s == nil:
			t.Errorf("%s: steady %v", tc.yaml, s)
		case s != nil && s.FromS != tc.from:
			t.Errorf("%s: steady from %g s", tc.yaml, s.FromS)
		}
		if e := r.Run.Endpoints[0]; e.Count != 3000 {
			t.Errorf("%s: the endpoint table has %d requests, want the whole run", tc.yaml, e.Count)
		}
	}
	r := analyzed(t, newRun().traffic(traffic{to: 60, perS: 50, ms: warmUp(12, 30)}), nil)
	marks := r.Chart(report.ChartLatency).Marks
	if len(marks) != 1 || !strings.Contains(marks[0].Label, "warm-up") || marks[0].X != r.Run.Load.Steady.FromS {
		t.Errorf("the cut is not marked in the chart: %v", marks)
	}
}
