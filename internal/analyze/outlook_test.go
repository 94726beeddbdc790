package analyze

import (
	"testing"
	"time"

	"k6report/internal/run"
)

func TestForesee(t *testing.T) {
	const second = time.Second
	for name, tc := range map[string]struct {
		plan run.Plan
		want Outlook
	}{
		"a constant rate beside monitors": {
			run.Plan{MaxVUs: 30, Scenarios: []run.Scenario{
				{Name: "load", Executor: "constant-arrival-rate", Rate: 100, TimeUnit: second, Duration: 10 * second},
				{Name: "monitor", Executor: "constant-arrival-rate", Rate: 60, TimeUnit: time.Minute, Duration: 10 * second},
			}},
			Outlook{Seconds: 10, PeakPerS: 101, Iterations: 1010, MaxVUs: 30},
		},
		"a burst upon a base": {
			run.Plan{Scenarios: []run.Scenario{
				{Name: "base", Executor: "constant-arrival-rate", Rate: 10, TimeUnit: second, Duration: 20 * second},
				{Name: "spike", Executor: "ramping-arrival-rate", TimeUnit: second, Start: 5 * second, Duration: 4 * second, Stages: []run.Stage{
					{Duration: 2 * second, Target: 100}, {Duration: 2 * second},
				}},
			}},
			Outlook{Seconds: 20, PeakPerS: 110, Iterations: 400},
		},
		"virtual users": {
			run.Plan{MaxVUs: 9, Scenarios: []run.Scenario{
				{Name: "a", Executor: "constant-vus", VUs: 4, Duration: 30 * second},
				{Name: "b", Executor: "ramping-vus", VUs: 1, Duration: 5 * second, Stages: []run.Stage{{Duration: 5 * second, Target: 5}}},
			}},
			Outlook{Seconds: 30, Looping: 9, MaxVUs: 9},
		},
		"iterations": {
			run.Plan{MaxVUs: 5, Scenarios: []run.Scenario{
				{Name: "a", Executor: "per-vu-iterations", VUs: 3, Iterations: 7, Duration: 600 * second},
				{Name: "b", Executor: "shared-iterations", VUs: 2, Iterations: 10, Duration: 600 * second},
			}},
			Outlook{Iterations: 31, MaxVUs: 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Foresee(&tc.plan); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
