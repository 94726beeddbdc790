package analyze

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"k6report/internal/run"
)

func planOf(scenarios ...run.Scenario) *schedule {
	return newSchedule(&run.Plan{Scenarios: scenarios})
}

// Times were measured with k6 v1.8.1.
func TestFirstStart(t *testing.T) {
	for _, tc := range []struct {
		name string
		of   run.Scenario
		want float64
	}{
		{"a constant rate starts at once", rate("s", 1, 0, 6), 0},
		{"a scenario waits for its start", vus("s", 1, 2, 5), 2},
		{"a ramp of virtual users from none", ramp("vus", 0, 6, 2), 3},
		{"a ramp of virtual users from one", ramp("vus", 1, 6, 2), 0},
		{"a ramp of a rate from none", ramp("arrival-rate", 0, 6, 2), math.Sqrt(6)},
		{"a ramp of a rate that stays", ramp("arrival-rate", 1, 6, 1), 1},
		{"a jump", ramp("arrival-rate", 0, 4, 0, 0, 10, 5, 10), 4.1},
		{"virtual users after a pause", ramp("vus", 0, 4, 0, 2, 2), 5},
		{"a falling rate", ramp("arrival-rate", 1, 4, 0), 4 - 2*math.Sqrt(2)},
		{"a rate that never makes an iteration", ramp("arrival-rate", 0, 1, 1), 0},
	} {
		if got := planOf(tc.of).firstStart("s"); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %g s, want %g", tc.name, got, tc.want)
		}
	}
	two := planOf(rate("a", 1, 7, 9), rate("b", 1, 3, 9))
	if got := two.firstStart("overwritten"); got != 3 {
		t.Errorf("an unknown scenario starts at %g s, want the earliest, 3", got)
	}
	var none *schedule
	if got := none.firstStart("s"); got != 0 {
		t.Errorf("without a plan %g s, want 0", got)
	}
}

func TestPlanned(t *testing.T) {
	minute := rate("s", 90, 0, 60)
	minute.TimeUnit = time.Minute
	for _, tc := range []struct {
		of          run.Scenario
		total, peak float64
	}{
		{rate("s", 100, 5, 65), 6000, 100},
		{minute, 90, 1.5},
		{ramp("arrival-rate", 0, 10, 100, 10, 100, 10, 0), 2000, 100},
	} {
		s := planOf(tc.of)
		if got := s.scenarios[0].planned(); math.Abs(got-tc.total) > 1e-9 {
			t.Errorf("%s plans %g iterations, want %g", tc.of.Executor, got, tc.total)
		}
		if got := s.peak(); math.Abs(got-tc.peak) > 1e-9 {
			t.Errorf("%s peaks at %g/s, want %g", tc.of.Executor, got, tc.peak)
		}
	}
	if got := planOf(rate("a", 10, 0, 10), rate("b", 5, 5, 20)).peak(); got != 15 {
		t.Errorf("two scenarios together peak at %g/s, want 15", got)
	}
	if got := planOf(rate("a", 10, 0, 10), rate("b", 5, 10, 20)).peak(); got != 10 {
		t.Errorf("two scenarios in turn peak at %g/s, want 10", got)
	}
}

func levelsText(s *schedule) string {
	levels, _ := s.levels(func(stretch) bool { return true })
	var parts []string
	for _, l := range levels {
		text := fmt.Sprintf("%g-%g:", l.from, l.to)
		if l.perS > 0 {
			text += fmt.Sprintf("%g/s", l.perS)
		}
		if l.vus > 0 {
			text += fmt.Sprintf("%gVU", l.vus)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func TestLevels(t *testing.T) {
	iterations := run.Scenario{Name: "i", Executor: "shared-iterations", Iterations: 10, VUs: 1, Duration: 10 * time.Minute}
	for _, tc := range []struct {
		name    string
		plan    *schedule
		want    string
		changes bool
	}{
		{"a constant load", planOf(rate("a", 10, 0, 60), vus("b", 2, 0, 60)), "", false},
		{"a ramping executor that stays", planOf(ramp("arrival-rate", 5, 30, 5, 30, 5)), "", false},
		{"iterations have no fixed end", planOf(rate("a", 10, 0, 60), iterations), "", false},
		{"a short offset is no level", planOf(rate("a", 10, 0, 60), vus("b", 2, 2, 60)), "", false},
		{"steps", planOf(ramp("arrival-rate", 10, 10, 10, 0, 20, 10, 20, 0, 30, 4, 30)), "0-10:10/s 10-20:20/s", true},
		{"a plateau of 5 s counts", planOf(ramp("arrival-rate", 1, 5, 1, 0, 2, 5, 2)), "0-5:1/s 5-10:2/s", true},
		{"a ramp of eight slices", planOf(ramp("arrival-rate", 0, 16, 80)), "0-2:5/s 2-4:15/s 4-6:25/s 6-8:35/s 8-10:45/s 10-12:55/s 12-14:65/s 14-16:75/s", true},
		{"a ramp too short to be cut", planOf(ramp("arrival-rate", 0, 15, 80, 10, 80)), "15-25:80/s", true},
		{"virtual users", planOf(ramp("vus", 1, 2, 10, 20, 10)), "2-22:10VU", true},
		{"scenarios in turn", planOf(vus("a", 1, 0, 10), vus("b", 3, 10, 30)), "0-10:1VU 10-30:3VU", true},
		{"a pause is no level", planOf(rate("a", 10, 0, 10), rate("b", 10, 20, 30)), "0-10:10/s 20-30:10/s", true},
		{"open and closed together", planOf(rate("a", 10, 0, 20), ramp("vus", 1, 10, 1, 0, 2, 10, 2)), "0-10:10/s1VU 10-20:10/s2VU", true},
	} {
		if got := levelsText(tc.plan); got != tc.want {
			t.Errorf("%s: levels %s, want %s", tc.name, got, tc.want)
		}
		if got := tc.plan.changes(); got != tc.changes {
			t.Errorf("%s: changes = %v", tc.name, got)
		}
	}
}
