package analyze

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/report"
	"k6report/internal/run"
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

func TestWhySteadyStateIsUnknown(t *testing.T) {
	for _, tc := range []struct {
		name string
		of   func(*run.Run)
		to   float64
		perS float64
		want string
	}{
		{"short", nil, 15, 50, "the run is too short (16 blocks of 1 s"},
		{"seldom", nil, 60, 0.2, "requests came too seldom (12 blocks of 1 s"},
		{"long blocks", func(r *run.Run) { lengthen(r, 4) }, 60, 50, "its blocks of time are too long, as the requests are of too many kinds or durations to keep shorter ones (15 blocks of 4 s"},
	} {
		r := newRun().traffic(traffic{to: tc.to, perS: tc.perS}).Finish()
		if tc.of != nil {
			tc.of(r)
		}
		n := noteOf(reportOn(t, r, nil), "steady_unknown")
		if n == nil || !strings.Contains(n.Message, tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, n, tc.want)
		}
	}
}

// lengthen makes the blocks of a run that many times as long, keeping the
// requests of the first of each only.
func lengthen(r *run.Run, times int64) {
	r.Requests.BlockLength *= time.Duration(times)
	for i := range r.Requests.Tables {
		t := &r.Requests.Tables[i]
		for j := range t.Blocks {
			t.Blocks[j].Index /= times
		}
		t.Blocks = slices.CompactFunc(t.Blocks, func(a, b run.Block) bool { return a.Index == b.Index })
	}
}

func TestLevelsOfLongBlocks(t *testing.T) {
	// 16 s up, 20 s, a step of 6 s, 20 s, 10 s down.
	plan := ramp("arrival-rate", 10, 16, 50, 20, 50, 0, 60, 6, 60, 0, 40, 20, 40, 10, 0)
	for _, tc := range []struct {
		times  int64
		levels int
		note   string
	}{
		{1, 11, ": 1 ramp of the plan"},
		{2, 7, ": 1 ramp of the plan"}, // no more than 4 slices hold a whole block each
		{4, 4, ": 1 plateau and 1 ramp of the plan"},
		{16, 0, ": 3 plateaus and 2 ramps of the plan"},
	} {
		r := newRun().traffic(traffic{to: 72, perS: 40}).plan(plan).Finish()
		lengthen(r, tc.times)
		out := reportOn(t, r, nil)
		if got := len(out.Run.Load.Levels); got != tc.levels {
			t.Errorf("blocks of %d s: %d levels, want %d", tc.times, got, tc.levels)
		}
		wantNote(t, out, "levels_left_out", report.Info)
		if n := noteOf(out, "levels_left_out"); n != nil && !strings.Contains(n.Message, tc.note) {
			t.Errorf("blocks of %d s: %s, want %s", tc.times, n.Message, tc.note)
		}
	}
	r := analyzed(t, newRun().traffic(traffic{to: 60, perS: 40}).plan(rate("s", 40, 0, 60)), nil)
	wantNote(t, r, "levels_left_out", "")
}
