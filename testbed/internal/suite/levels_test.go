package suite

import (
	"encoding/json"
	"maps"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// level is what the ADR's table, and the suite's documentation, say of one.
type level struct {
	name, script, mode string
	lasts              time.Duration
	budget             string // of errors
	load               map[string]load
}

// load is one scenario: its executor and the most that it comes to, requests
// a second or VUs.
type load struct {
	executor, persona string
	peak              int
}

const (
	constantRate = "constant-arrival-rate"
	rampingRate  = "ramping-arrival-rate"
	constantVUs  = "constant-vus"

	normal = "rate<0.001"
	peak   = "rate<0.01"
)

func levels() []level {
	monitor := load{constantRate, "health_monitor", 1}
	stress := func(name string, lasts time.Duration, budget string, l map[string]load) level {
		l["health"] = monitor
		return level{name, "execution-stress.js", name, lasts, budget, l}
	}
	return []level{
		{"smoke", "smoke-test.js", "", 30 * time.Second, normal, map[string]load{"smoke": {constantVUs, "smoke", 1}}},
		stress("baseline", 5*time.Minute, normal, map[string]load{"baseline": {constantRate, "mixed", 100}}),
		stress("load", 10*time.Minute, normal, map[string]load{"load": {rampingRate, "mixed", 500}}),
		stress("stress", 11*time.Minute, peak, map[string]load{"stress": {rampingRate, "mixed", 1000}}),
		stress("spike", 10*time.Minute, peak, map[string]load{
			"base": {constantRate, "mixed", 100}, "spike": {rampingRate, "mixed", 5000},
		}),
		{"chaos", "production-chaos.js", "", 10 * time.Minute, normal, map[string]load{
			"platform_users":  {constantVUs, "platform_user", 100},
			"developers":      {constantVUs, "developer", 50},
			"cicd":            {constantRate, "cicd", 500},
			"devops":          {constantVUs, "devops", 10},
			"batch":           {constantVUs, "batch", 20},
			"health_monitors": {constantRate, "health_monitor", 10},
		}},
		{"db", "db-contention.js", "", 10 * time.Minute, peak, map[string]load{
			"writers": {rampingRate, "writer", 1000}, "readers": {constantRate, "reader", 200}, "health": monitor,
		}},
		stress("soak", 30*time.Minute, normal, map[string]load{"soak": {constantRate, "mixed", 500}}),
		stress("ultimate", 8*time.Minute, peak, map[string]load{"ultimate": {rampingRate, "mixed", 10000}}),
		stress("breakpoint", 27*time.Minute+30*time.Second, peak, map[string]load{
			"breakpoint": {rampingRate, "mixed", 12800},
		}),
	}
}

func (l level) env(more map[string]string) map[string]string {
	env := maps.Clone(more)
	if env == nil {
		env = map[string]string{}
	}
	if l.mode != "" {
		env["TEST_MODE"] = l.mode
	}
	return env
}

// plan is what k6 makes of a script's options.
type plan struct {
	Scenarios     map[string]planned
	Thresholds    map[string][]json.RawMessage
	Tags          map[string]string
	Stats         []string `json:"summaryTrendStats"`
	TotalDuration duration
}

type planned struct {
	Executor                string
	StartTime, Duration     duration
	Rate, VUs               int
	StartRate               int
	TimeUnit                duration
	PreAllocatedVUs, MaxVUs int
	Tags                    map[string]string
	Stages                  []stage
	GracefulStop            *duration
}

type stage struct {
	Duration duration
	Target   int
}

// duration is one as k6 prints it.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

// end is when the scenario's own time has passed.
func (p planned) end() time.Duration {
	sum := p.StartTime + p.Duration
	for _, s := range p.Stages {
		sum += s.Duration
	}
	return time.Duration(sum)
}

func (p planned) peak() int {
	most := max(p.Rate, p.VUs)
	for _, s := range p.Stages {
		most = max(most, s.Target)
	}
	return most
}

func inspect(t *testing.T, script string, env map[string]string) plan {
	t.Helper()
	args := []string{"inspect", "--execution-requirements"}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		args = append(args, "-e", name+"="+env[name])
	}
	out, err := exec.CommandContext(t.Context(), k6Binary(t), append(args, filepath.Join(scenarios, script))...).Output()
	if err != nil {
		t.Fatalf("inspect %s with %v: %v", script, env, err)
	}
	var p plan
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatalf("inspect %s: %v", script, err)
	}
	return p
}

// scales are factors as the suite takes them, and its floors.
type scales struct {
	name, rate, time string
	factorRate       float64
	factorTime       float64
}

func (s scales) seconds(full time.Duration) time.Duration {
	return max(min(full, 5*time.Second), time.Duration(float64(full)*s.factorTime))
}

func (s scales) peak(l load) int {
	switch {
	case l.persona == "health_monitor" || l.persona == "smoke":
		return l.peak
	case l.executor == constantVUs:
		return max(1, int(math.Round(float64(l.peak)*s.factorRate)))
	default:
		return int(math.Ceil(max(20, float64(l.peak)*s.factorRate)))
	}
}

func TestThePlanOfEveryLevel(t *testing.T) {
	for _, s := range []scales{
		{"full size", "1", "1", 1, 1},
		{"on a laptop", "0.05", "0.05", 0.05, 0.05},
		{"at the floor", "0.001", "0.001", 0.001, 0.001},
	} {
		for _, l := range levels() {
			t.Run(s.name+"/"+l.name, func(t *testing.T) {
				p := inspect(t, l.script, l.env(map[string]string{"RATE_SCALE": s.rate, "TIME_SCALE": s.time}))
				p.holds(t, l, s)
			})
		}
	}
}

// holds holds a plan against the table, as far as scales leave it alone.
func (p plan) holds(t *testing.T, l level, s scales) {
	t.Helper()
	if got, want := slices.Sorted(maps.Keys(p.Scenarios)), slices.Sorted(maps.Keys(l.load)); !slices.Equal(got, want) {
		t.Fatalf("scenarios %v, want %v", got, want)
	}
	lasts := s.seconds(l.lasts)
	var end time.Duration
	for name, want := range l.load {
		got := p.Scenarios[name]
		end = max(end, got.end())
		if got.Executor != want.executor || got.Tags["persona"] != want.persona || got.peak() != s.peak(want) {
			t.Errorf("%s is %s of %q up to %d, want %+v, up to %d",
				name, got.Executor, got.Tags["persona"], got.peak(), want, s.peak(want))
		}
		if _, own := got.Tags["scenario"]; own {
			t.Errorf("%s hides k6's own tag scenario", name)
		}
		if want.executor != constantVUs {
			got.hasVUs(t, name)
		}
	}
	if (end - lasts).Abs() > 10*time.Millisecond { // parts are rounded
		t.Errorf("lasts %v, want %v", end, lasts)
	}
	wantTags := map[string]string{"suite": "adr-0003", "level": l.name, "rate_scale": s.rate, "time_scale": s.time}
	if !maps.Equal(p.Tags, wantTags) {
		t.Errorf("tags %v, want %v", p.Tags, wantTags)
	}
	for _, stat := range []string{"med", "p(95)", "p(99)", "count"} {
		if !slices.Contains(p.Stats, stat) {
			t.Errorf("summaries lack %s: %v", stat, p.Stats)
		}
	}
}

// hasVUs holds a scenario to as many VUs as its rate needs: too many would
// weigh on a laptop, too few would drop iterations.
func (p planned) hasVUs(t *testing.T, name string) {
	t.Helper()
	rate := p.peak()
	if p.TimeUnit != duration(time.Second) || p.StartRate != 0 {
		t.Errorf("%s: rates per %v, from %d", name, time.Duration(p.TimeUnit), p.StartRate)
	}
	if p.PreAllocatedVUs < rate/4 || p.PreAllocatedVUs > max(10, rate/4+1) || p.MaxVUs < rate || p.MaxVUs > max(rate, 20) {
		t.Errorf("%s: %d to %d VUs for %d/s", name, p.PreAllocatedVUs, p.MaxVUs, rate)
	}
}

// A report judges load by plateaus of 5 s or more.
func TestPlateausLastOnALaptop(t *testing.T) {
	for _, l := range levels() {
		p := inspect(t, l.script, l.env(map[string]string{"RATE_SCALE": "0.05", "TIME_SCALE": "0.05"}))
		for name, s := range p.Scenarios {
			var plateaus []int
			for i := 1; i < len(s.Stages); i++ {
				if s.Stages[i].Target != s.Stages[i-1].Target {
					continue
				}
				if s.Stages[i].Duration < duration(5*time.Second) {
					t.Errorf("%s: %s stays at %d for %v", l.name, name, s.Stages[i].Target, time.Duration(s.Stages[i].Duration))
				}
				plateaus = append(plateaus, s.Stages[i].Target)
			}
			if !slices.IsSorted(plateaus) || len(slices.Compact(slices.Clone(plateaus))) != len(plateaus) {
				t.Errorf("%s: %s has plateaus at %v", l.name, name, plateaus)
			}
			want := map[string]int{"load": 3, "stress": 4, "spike": 1, "ultimate": 4, "breakpoint": 15, "writers": 4}[name]
			if len(plateaus) != want {
				t.Errorf("%s: %s has %d plateaus, want %d", l.name, name, len(plateaus), want)
			}
		}
	}
}

// The ADR's tables, in k6's words.
func TestThresholdsAreTheTables(t *testing.T) {
	for _, l := range levels() {
		want := map[string][]string{
			"http_req_duration{name:execute_workflow}": {"med<100", "p(95)<500", "p(99)<1000"},
			"http_req_duration{name:list_workflows}":   {"med<50", "p(95)<200", "p(99)<500"},
			"http_req_duration{name:get_execution}":    {"med<30", "p(95)<100", "p(99)<200"},
			"http_req_duration{name:get_trace}":        {"med<50", "p(95)<200", "p(99)<500"},
			"http_req_duration{name:health_check}":     {"p(99)<100"},
			"http_req_failed":                          {l.budget},
			"request_timeout_rate":                     {"rate<0.05"},
			"orchestration_overhead_percent":           {"avg<15"},
			"graph_build_duration":                     {"p(95)<5"},
		}
		got, aborting := inspect(t, l.script, l.env(nil)).thresholds(t)
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: thresholds %v, want %v", l.name, got, want)
		}
		var wantAborting []string
		if l.name == "breakpoint" {
			wantAborting = []string{
				"http_req_duration{name:execute_workflow} p(95)<500", "http_req_failed rate<0.01",
				"request_timeout_rate rate<0.05",
			}
		}
		if !slices.Equal(aborting, wantAborting) {
			t.Errorf("%s: aborts by %v, want %v", l.name, aborting, wantAborting)
		}
	}
}

// thresholds reads the expressions by metric, and those that abort.
func (p plan) thresholds(t *testing.T) (all map[string][]string, aborting []string) {
	t.Helper()
	all = map[string][]string{}
	for _, metric := range slices.Sorted(maps.Keys(p.Thresholds)) {
		for _, raw := range p.Thresholds[metric] {
			var full struct {
				Threshold      string
				AbortOnFail    bool
				DelayAbortEval duration
			}
			if err := json.Unmarshal(raw, &full.Threshold); err != nil {
				if err := json.Unmarshal(raw, &full); err != nil {
					t.Fatal(err)
				}
			}
			all[metric] = append(all[metric], full.Threshold)
			if full.AbortOnFail {
				aborting = append(aborting, metric+" "+full.Threshold)
				if full.DelayAbortEval != duration(time.Minute) {
					t.Errorf("%s %s aborts after %v, want 1m", metric, full.Threshold, time.Duration(full.DelayAbortEval))
				}
			}
		}
	}
	return all, aborting
}

func TestSafeLeavesWritersOut(t *testing.T) {
	for _, l := range levels() {
		p := inspect(t, l.script, l.env(map[string]string{"SAFE": "1"}))
		for name := range l.load {
			_, there := p.Scenarios[name]
			writes := slices.Contains([]string{"cicd", "devops", "batch", "writers"}, name)
			if there == writes {
				t.Errorf("%s: SAFE=1 and scenario %s: %v", l.name, name, there)
			}
		}
		for metric := range p.Thresholds { // nothing would be there to judge
			if strings.Contains(metric, "execute_workflow") || strings.HasPrefix(metric, "graph_") || strings.HasPrefix(metric, "orchestration_") {
				t.Errorf("%s: SAFE=1 and a threshold on %s", l.name, metric)
			}
		}
	}
}

func TestAnUnknownLevelSaysWhichThereAre(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), k6Binary(t), "inspect", "-e", "TEST_MODE=lod",
		filepath.Join(scenarios, "execution-stress.js")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "baseline, load, stress, spike, soak, ultimate, breakpoint") {
		t.Errorf("%v: %s", err, out)
	}
}
