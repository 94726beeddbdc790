package analyze

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/run"
)

// engineRun is a run that a baseline may hold, with an identity of its own.
func engineRun(id string, perS float64, of func(int, *rand.Rand) times, tags ...string) *run.Run {
	return newRun(append(tags, "testid="+id)...).engine(engine{to: 30, perS: perS}, of).plan(rate("s", perS, 0, 30)).Finish()
}

func excessNamed(a *report.Attribution, question string) *report.Excess {
	i := slices.IndexFunc(a.Excess, func(e report.Excess) bool { return e.Question == question })
	if i < 0 {
		return nil
	}
	return &a.Excess[i]
}

// What the comparison leaves out or refuses explains nothing.
func TestAttributionRestsOnTheRunsThatWereCompared(t *testing.T) {
	slow, candidate := with("graph-build", 100), engineRun("candidate", 40, with("db-write", 5))
	b := &Baseline{Name: "main", Runs: []*run.Run{engineRun("old", 160, slow)}}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		b.Runs = append(b.Runs, engineRun(id, 40, healthy))
	}
	b.Runs = append(b.Runs, candidate)
	r := Analyze(candidate, Options{Baseline: b, Rerun: engineRun("rerun", 160, slow)})
	for _, code := range []string{"baseline_runs_left_out", "baseline_holds_run", "rerun_unused"} {
		if noteOf(r, code) == nil {
			t.Errorf("no note %s", code)
		}
	}
	e := excessNamed(r.Attribution, report.QuestionRegression)
	if e == nil {
		t.Fatalf("nothing is held against the baseline: %+v", r.Attribution)
	}
	want(t, "time in the baseline", &e.ReferenceMS, 11.06, 0.03)
	want(t, "time in the run", &e.HardMS, 16.06, 0.03)
	confirming := Analyze(candidate, Options{Baseline: b, Rerun: engineRun("rerun", 40, with("db-write", 9))}).Attribution
	want(t, "time in both runs", &excessNamed(confirming, report.QuestionRegression).HardMS, 18.06, 0.03)
	if confirming.Status != report.AttrConfirmed {
		t.Errorf("by both runs: %s: %s", confirming.Status, confirming.Reason)
	}
	if a := r.Attribution; a.Status != report.AttrLikely || a.Bottlenecks[0].Component != component.Database {
		t.Errorf("%s %v: %s", a.Status, a.Bottlenecks, a.Reason)
	}
}

// Without a comparison there is no regression to explain.
func TestNoRegressionWithoutAComparison(t *testing.T) {
	slow := with("db-write", 5)
	for name, r := range map[string]*report.Report{
		"another load":      Analyze(engineRun("x", 40, slow), Options{Baseline: &Baseline{Runs: []*run.Run{engineRun("y", 160, healthy)}}}),
		"side by side":      Analyze(engineRun("x", 40, slow), Options{Baseline: &Baseline{Runs: []*run.Run{engineRun("y", 160, healthy)}, Group: true}}),
		"a breakpoint":      Analyze(engineRun("x", 40, slow, "level=breakpoint"), Options{Baseline: &Baseline{Runs: []*run.Run{engineRun("y", 40, healthy, "level=breakpoint")}}}),
		"the run by itself": Analyze(engineRun("x", 40, slow), Options{Baseline: &Baseline{Runs: []*run.Run{engineRun("x", 40, slow)}}}),
	} {
		a := r.Attribution
		if excessNamed(a, report.QuestionRegression) != nil || len(a.Bottlenecks) > 0 || a.Mix != nil || componentOf(t, a, component.Database).Regression != nil {
			t.Errorf("%s: %s %v, excess %+v", name, a.Status, a.Bottlenecks, a.Excess)
		}
		if a.ReasonCode != report.ReasonNoReference {
			t.Errorf("%s: %s %s: %s", name, a.Status, a.ReasonCode, a.Reason)
		}
	}
	// Forced, they are compared.
	forced := Analyze(engineRun("x", 40, slow), Options{Force: true, Baseline: &Baseline{Runs: []*run.Run{engineRun("y", 160, healthy)}}})
	if excessNamed(forced.Attribution, report.QuestionRegression) == nil {
		t.Errorf("forced: %+v", forced.Attribution)
	}
}

// twoEndpoints is a run of a rare endpoint and a common one.
func twoEndpoints(rare, common func(int, *rand.Rand) times) *run.Run {
	return newRun().engine(engine{name: "rare", to: 30, perS: 8}, rare).engine(engine{name: "common", to: 30, perS: 40}, common).
		plan(rate("s", 48, 0, 30)).Finish()
}

// A verdict is explained by the requests that its gate is on.
func TestAVerdictIsExplainedByItsOwnRequests(t *testing.T) {
	base, slow := twoEndpoints(healthy, healthy), twoEndpoints(with("graph-build", 10), with("db-read", 4))
	for _, c := range []struct {
		gates             []report.Gate
		direct            bool
		status, component string
	}{
		{worseGate("rare", "avg(95)", report.GateRegressed), false, report.AttrConfirmed, component.Graph},
		{worseGate("rare", "avg(95)", report.GateSuspected), false, report.AttrLikely, component.Graph},
		{worseGate("rare", "avg(95)", report.GateRegressed), true, report.AttrConfirmed, component.Graph},
		// Side by side, what is not certain leaves the whole to be explained.
		{worseGate("rare", "avg(95)", report.GateSuspected), true, report.AttrLikely, component.Database},
		{worseGate("common", "avg(95)", report.GateRegressed), false, report.AttrConfirmed, component.Database},
		{worseGate("", "avg", report.GateRegressed), false, report.AttrConfirmed, component.Database},
	} {
		a, out := explained(t, slow, "", held{baseline: []*run.Run{base}, gates: c.gates, direct: c.direct})
		if a.Status != c.status || len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Component != c.component {
			t.Errorf("%+v: %s %v: %s", c.gates, a.Status, a.Bottlenecks, a.Reason)
		}
		if got := *componentOf(t, a, c.component).Regression; got < 0.6 {
			t.Errorf("%+v: %s has %.2f of the difference", c.gates, c.component, got)
		}
		// Each endpoint has its own column.
		for endpoint, name := range map[string]string{"rare": component.Graph, "common": component.Database} {
			if got := endpointShare(t, out, endpoint, name).Regression; got == nil || math.Abs(*got-1) > 0.1 {
				t.Errorf("%+v: %s of %s has %v of its difference", c.gates, name, endpoint, got)
			}
		}
	}
	a, out := explained(t, slow, "", held{baseline: []*run.Run{base}, gates: worseGate("rare", "avg(95)", report.GateRegressed)})
	if e := excessNamed(a, report.QuestionRegression); e.Hard != "this run, in rare" || !strings.Contains(out.Chart(report.ChartDelta).Title, e.Hard) {
		t.Errorf("it is not said of which requests: %q, %q", e.Hard, out.Chart(report.ChartDelta).Title)
	}
}

func endpointShare(t *testing.T, r *report.Report, endpoint, name string) report.Share {
	t.Helper()
	for _, e := range r.Run.Endpoints {
		if i := slices.IndexFunc(e.Attribution, func(s report.Share) bool { return s.Component == name }); e.Name == endpoint && i >= 0 {
			return e.Attribution[i]
		}
	}
	t.Fatalf("no %s of %s", name, endpoint)
	return report.Share{}
}

// A gate on a percentile is explained by the requests around it, which may be
// slower while the mean is not.
func TestAPercentileIsExplainedByTheRequestsAroundIt(t *testing.T) {
	tail := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out["http-call"] *= 0.2
		if i%12 == 0 {
			out["db-read"] = 40
		}
		return out
	}
	base, slow := steady(healthy), steady(tail)
	a, _ := explained(t, slow, "", held{baseline: []*run.Run{base}, gates: worseGate("execute", "p(95)", report.GateSuspected)})
	if a.Status != report.AttrLikely || len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Detail != "slow query (read)" {
		t.Errorf("%s %v: %s", a.Status, a.Bottlenecks, a.Reason)
	}
	if e := excessNamed(a, report.QuestionRegression); e.Hard != "this run, in execute around its p95" {
		t.Errorf("asked of %q", e.Hard)
	}
	// There, too, a line is no cause.
	lined := func(i int, rng *rand.Rand) times {
		out := tail(i, rng)
		if out["db-read"] > 0 {
			out["queue"] = 200
		}
		return out
	}
	l, _ := explained(t, steady(lined), "", held{baseline: []*run.Run{base}, gates: worseGate("execute", "p(95)", report.GateSuspected)})
	if len(l.Bottlenecks) != 1 || l.Bottlenecks[0].Detail != "slow query (read)" {
		t.Errorf("behind a line: %s %v: %s", l.Status, l.Bottlenecks, l.Reason)
	}
	// The average of the same endpoint has nothing to do with that.
	b, _ := explained(t, slow, "", held{baseline: []*run.Run{base}, gates: worseGate("execute", "avg", report.GateSuspected)})
	if len(b.Bottlenecks) > 0 {
		t.Errorf("of the mean: %s %v: %s", b.Status, b.Bottlenecks, b.Reason)
	}
	// Windows hold means only.
	loose := func(of func(int, *rand.Rand) times) *run.Run {
		return newRun().engine(engine{to: 30, perS: 40, series: true}, of).plan(rate("s", 40, 0, 30)).Finish()
	}
	c, _ := explained(t, loose(with("db-read", 8)), "", held{baseline: []*run.Run{loose(healthy)}, gates: worseGate("execute", "p(95)", report.GateSuspected)})
	if e := excessNamed(c, report.QuestionRegression); e.Hard != "this run, in execute" || len(c.Bottlenecks) != 1 {
		t.Errorf("by windows: %q, %v: %s", e.Hard, c.Bottlenecks, c.Reason)
	}
}

// Beside an endpoint whose mean is worse, one whose percentile is weighs as all of
// its requests, and not as the few around that.
func TestABandWeighsAsItsEndpoint(t *testing.T) {
	tail := func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		if i%12 == 0 {
			out["db-read"] = 40
		}
		return out
	}
	base, slow := twoEndpoints(healthy, healthy), twoEndpoints(with("graph-build", 4), tail)
	gates := append(worseGate("rare", "avg(95)", report.GateRegressed), worseGate("common", "p(95)", report.GateRegressed)...)
	a, _ := explained(t, slow, "", held{baseline: []*run.Run{base}, gates: gates})
	e := excessNamed(a, report.QuestionRegression)
	if e.Hard != "this run, in common around its p95 and rare" {
		t.Errorf("asked of %q", e.Hard)
	}
	// Five of six requests are to the common one. Around its p95 a twelfth of all, the
	// slowest, reads for 37 ms more: from p91.7 on in a band from p90 to p99.
	want(t, "change", &e.ChangeMS, 37*(99-91.7)/(99-90)*40/48+4*8./48, 0.1)
	if len(a.Bottlenecks) != 1 || a.Bottlenecks[0].Component != component.Database {
		t.Errorf("%s %v: %s", a.Status, a.Bottlenecks, a.Reason)
	}
}

// What is worse and no time of a request is not explained by one.
func TestErrorsAreNotExplainedByTime(t *testing.T) {
	base, slow := steady(healthy), steady(with("db-write", 5))
	for _, metric := range []string{metricFailed, metricRequests} {
		gates := []report.Gate{{Metric: metric, Statistic: "rate", Verdict: report.GateRegressed}}
		a, _ := explained(t, slow, "", held{baseline: []*run.Run{base}, gates: gates})
		if a.Status != report.AttrInconclusive || a.ReasonCode != report.ReasonNotTime || !strings.Contains(a.Reason, report.GateName(metric, "", "rate")) {
			t.Errorf("%s: %s %v: %s", metric, a.Status, a.Bottlenecks, a.Reason)
		}
	}
}

// Where both sides have several runs, these are drawn, for they differ by more than
// their requests do; where one has a single run, it is said that nobody knows.
func TestRunsDifferByMoreThanTheirRequests(t *testing.T) {
	base, rest, some, most := steady(healthy), steady(with("db-read", 5)), steady(with("db-read", 0.5)), steady(with("db-read", 6))
	a, out := explained(t, some, "", held{baseline: []*run.Run{base, rest}, rerun: []*run.Run{most}, direct: true})
	e := excessNamed(a, report.QuestionRegression)
	if a.Status != report.AttrNone || *e.Interval.Low > -1 || *e.Interval.High < 2 {
		t.Errorf("two runs a side: %s, %v to %v: %s", a.Status, *e.Interval.Low, *e.Interval.High, a.Reason)
	}
	wantNote(t, out, "one_run_a_side", "")
	b, out := explained(t, most, "", held{baseline: []*run.Run{base}, direct: true})
	if len(b.Bottlenecks) != 1 {
		t.Fatalf("one run a side: %s: %s", b.Status, b.Reason)
	}
	wantNote(t, out, "one_run_a_side", report.Info)
}

// A baseline without times of the server explains the same whether it is at hand or
// was kept, which leaves the means of its blocks: slow requests aren't told from fast
// ones in it.
func TestABaselineWithoutTimesIsExplainedByMeans(t *testing.T) {
	base := newRun().engine(engine{to: 30, perS: 40, unjoined: 1}, healthy).plan(rate("s", 40, 0, 30)).Finish()
	var file bytes.Buffer
	if err := run.Encode(&file, base); err != nil {
		t.Fatal(err)
	}
	kept, err := run.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, of := range []*run.Run{base, kept} {
		a, _ := explained(t, steady(with("db-read", 8)), "", held{baseline: []*run.Run{of}, gates: worseGate("execute", "p(95)", report.GateSuspected)})
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("around")) {
			t.Errorf("slow requests of means: %s", text)
		}
		// Sums of many rows round otherwise than one of all.
		told = append(told, regexp.MustCompile(`-?\d+\.\d+(e-\d+)?`).ReplaceAllStringFunc(string(text), func(number string) string {
			v, _ := strconv.ParseFloat(number, 64)
			return strconv.FormatFloat(math.Round(v*1e9)/1e9+0, 'g', -1, 64)
		}))
	}
	if told[0] != told[1] {
		t.Errorf("at hand\n%s\nkept\n%s", told[0], told[1])
	}
}

// Falling time is believed where the data are.
func TestFallingTimeOfBadDataSaysNothing(t *testing.T) {
	half := newRun().engine(engine{to: 30, perS: 40, unjoined: 2}, healthy).plan(rate("s", 40, 0, 30)).Finish()
	a, _ := explained(t, half, "", held{baseline: []*run.Run{steady(with("db-write", 5))}, direct: true})
	if a.Status != report.AttrInconclusive || a.ReasonCode != report.ReasonCoverage {
		t.Errorf("%s %s: %s", a.Status, a.ReasonCode, a.Reason)
	}
}

// A different mix of endpoints is told apart, and no step of the difference.
func TestADifferentMixIsNoStep(t *testing.T) {
	mixed := func(cheap, dear float64, more times) *run.Run {
		return newRun().engine(engine{name: "cheap", to: 30, perS: cheap}, plus(healthy, more)).
			engine(engine{name: "dear", to: 30, perS: dear}, plus(with("http-call", 20), more)).plan(rate("s", cheap+dear, 0, 30)).Finish()
	}
	a, out := explained(t, mixed(25, 25, times{"db-read": 5}), "", held{baseline: []*run.Run{mixed(40, 10, nil)}, direct: true})
	want(t, "mix", a.Mix, 6, 0.15)
	if got := strings.Join(a.Evidence, "\n"); !strings.Contains(got, "a different mix of endpoints adds +") {
		t.Errorf("it is not said: %s", got)
	}
	c := out.Chart(report.ChartDelta)
	if slices.Contains(c.XLabels, "mix") || math.Abs(total(c.Series[0].Y)-excessNamed(a, report.QuestionRegression).ChangeMS) > 1e-9 {
		t.Errorf("%v in steps of %v", c.XLabels, c.Series[0].Y)
	}
	want(t, "change", &excessNamed(a, report.QuestionRegression).ChangeMS, 5, 0.2)
}

// Shares of a difference that may be none are shares of noise.
func TestNoSharesOfNoise(t *testing.T) {
	base, same := twoEndpoints(healthy, healthy), twoEndpoints(healthy, with("db-read", 0.02))
	a, out := explained(t, same, "", held{baseline: []*run.Run{base}, direct: true})
	for _, c := range a.Components {
		if c.Regression != nil {
			t.Errorf("%s has %.2f of nothing", c.Name, *c.Regression)
		}
	}
	if got := endpointShare(t, out, "common", component.Database).Regression; got != nil {
		t.Errorf("common: %.2f of nothing", *got)
	}
	_, out = explained(t, twoEndpoints(healthy, with("db-read", 4)), "", held{baseline: []*run.Run{base}, direct: true})
	if got := endpointShare(t, out, "rare", component.Database).Regression; got != nil {
		t.Errorf("rare: %.2f of nothing", *got)
	}
	if got := endpointShare(t, out, "common", component.Database).Regression; got == nil {
		t.Error("common has no shares of what changed")
	}
}
