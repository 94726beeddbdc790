package analyze

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

// comparable is a run of 20 s at 50/s with two endpoints, of which one may be
// slower; runs of different seeds differ by about half a percent and in their
// identity.
func comparableRun(seed uint64, change func(*maker, *traffic)) *run.Run {
	return plannedRun(50, seed, change)
}

// plannedRun is one that was planned at another rate.
func plannedRun(perS float64, seed uint64, change func(*maker, *traffic)) *run.Run {
	rng := rand.New(rand.NewPCG(seed, 5))
	level := math.Exp(0.005 * rng.NormFloat64())
	m := newRun("testid=" + string(rune('a'+seed)))
	m.plan(rate("s", perS, 0, 20))
	for i, name := range []string{"order", "browse"} {
		of := traffic{name: name, from: float64(i) / 50, to: 20 + float64(i)/50, perS: 25}
		mean := 30.0 - 20*float64(i)
		of.ms = func(float64) float64 { return mean * level * math.Exp(0.1*rng.NormFloat64()) }
		if change != nil {
			change(m, &of)
		}
		m.traffic(of)
	}
	return m.Finish()
}

// slower slows an endpoint by a factor.
func slower(name string, factor float64) func(*maker, *traffic) {
	return func(_ *maker, t *traffic) {
		if ms := t.ms; t.name == name {
			t.ms = func(at float64) float64 { return factor * ms(at) }
		}
	}
}

func baselineOf(n int, change func(*maker, *traffic)) *Baseline {
	b := &Baseline{Name: "main"}
	for i := range n {
		b.Runs = append(b.Runs, comparableRun(uint64(i), change))
	}
	return b
}

func gateNamed(t *testing.T, r *report.Report, metric, endpoint, statistic string) report.Gate {
	t.Helper()
	if r.Comparison != nil {
		for _, g := range r.Comparison.Gates {
			if g.Metric == metric && g.Endpoint == endpoint && g.Statistic == statistic {
				return g
			}
		}
	}
	t.Fatalf("there is no gate on %s of %s of %q", statistic, metric, endpoint)
	return report.Gate{}
}

func TestComparisonFromRuns(t *testing.T) {
	b := baselineOf(5, nil)
	slow := slower("order", 1.12)
	r := Analyze(comparableRun(10, slow), Options{Baseline: b, Rerun: comparableRun(11, slow)})
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Status != report.Regressed || !strings.Contains(r.Verdict.Headline, "order") {
		t.Errorf("verdict %+v", r.Verdict)
	}
	g := gateNamed(t, r, "http_req_duration", "order", "avg(95)")
	if g.Verdict != report.GateRegressed || math.Abs(*g.Change-0.12) > 0.02 {
		t.Errorf("the slower endpoint: %s by %v", g.Verdict, *g.Change)
	}
	if g := gateNamed(t, r, "http_req_duration", "browse", "avg(95)"); g.Verdict != report.GateOK {
		t.Errorf("the other endpoint: %s (%s)", g.Verdict, g.Reason)
	}
	if r.Comparison.Gates[0].Verdict != report.GateRegressed {
		t.Error("what regressed does not come first")
	}
	for _, want := range []string{"rate http_req_failed", "rate http_reqs"} {
		statistic, metric, _ := strings.Cut(want, " ")
		gateNamed(t, r, metric, "", statistic)
	}
	for _, s := range r.Comparison.Shift {
		if s.Endpoint == "order" && math.Abs(*s.Change-0.12) > 0.04 {
			t.Errorf("p%g of the slower endpoint moved by %v", 100*s.Quantile, *s.Change)
		}
	}
	for name, want := range map[string]float64{"order": 0.12, "browse": 0} {
		at := slices.IndexFunc(r.Comparison.Endpoints, func(e report.EndpointChange) bool { return e.Endpoint == name && e.Statistic == "p(95)" })
		if at < 0 {
			t.Fatalf("how %s moved is in none of %+v", name, r.Comparison.Endpoints)
		}
		if e := r.Comparison.Endpoints[at]; math.Abs(*e.Change-want) > 0.04 || *e.Interval.Low > *e.Change || *e.Interval.High < *e.Change || !(*e.Baseline > 0) {
			t.Errorf("%s moved by %v (%v to %v)", name, *e.Change, *e.Interval.Low, *e.Interval.High)
		}
	}
	if n := len(r.Comparison.Shift); n < 20 {
		t.Errorf("%d quantiles in the shift of two endpoints", n)
	}

	// By one run it is only suspected, and of the same build nothing is.
	if r := Analyze(comparableRun(10, slow), Options{Baseline: b}); r.Verdict.Status != report.Suspected {
		t.Errorf("by one run: %+v", r.Verdict)
	}
	if r := Analyze(comparableRun(10, nil), Options{Baseline: b}); r.Verdict.Status != report.Passed || !strings.Contains(r.Verdict.Headline, "No worse than main") {
		t.Errorf("of the same build: %+v", r.Verdict)
	}
}

func TestComparisonNotes(t *testing.T) {
	candidate := comparableRun(10, nil)
	for name, tt := range map[string]struct {
		options Options
		code    string
		status  report.Status
	}{
		"none":        {Options{Baseline: &Baseline{Name: "main"}}, "no_baseline", report.Passed},
		"unreachable": {Options{Baseline: &Baseline{Name: "main", Unreachable: "timeout"}}, "baseline_unreachable", report.Passed},
		"itself":      {Options{Baseline: &Baseline{Name: "main", Runs: []*run.Run{candidate}}}, "baseline_holds_run", report.Passed},
		"few":         {Options{Baseline: baselineOf(3, nil)}, "few_baseline_runs", report.Passed},
		"again":       {Options{Baseline: baselineOf(5, nil), Rerun: candidate}, "rerun_unused", report.Passed},
		"other load":  {Options{Baseline: &Baseline{Name: "main", Runs: []*run.Run{plannedRun(60, 1, nil)}}}, "", report.NotComparable},
		"forced": {
			Options{Force: true, Baseline: baselineOf(5, func(m *maker, _ *traffic) { m.common = append(m.common, tag("region=eu")) })},
			"comparability_unknown", report.Passed,
		},
	} {
		r := Analyze(candidate, tt.options)
		if r.Verdict.Status != tt.status || tt.code != "" && noteOf(r, tt.code) == nil {
			t.Errorf("%s: %s, notes %+v", name, r.Verdict.Status, r.Notes)
		}
	}
}

// Runs of the baseline that measured something else take no part; the others do.
func TestComparisonLeavesRunsOut(t *testing.T) {
	b := baselineOf(5, nil)
	b.Runs = append([]*run.Run{plannedRun(60, 20, nil)}, b.Runs...)
	r := Analyze(comparableRun(10, nil), Options{Baseline: b})
	if r.Comparison.Baseline.Runs != 5 || noteOf(r, "baseline_runs_left_out") == nil || len(r.Comparison.Differences) > 0 {
		t.Errorf("%d runs, differences %v", r.Comparison.Baseline.Runs, r.Comparison.Differences)
	}
}

// A gate whose endpoint is gone can't be compared; the others can.
func TestComparisonEndpointGone(t *testing.T) {
	r := Analyze(comparableRun(10, func(_ *maker, t *traffic) {
		if t.name == "browse" {
			t.name = "search"
		}
	}), Options{Baseline: baselineOf(5, nil)})
	if g := gateNamed(t, r, "http_req_duration", "browse", "p(95)"); g.Verdict != report.GateNotComparable {
		t.Errorf("a gate on nothing: %s", g.Verdict)
	}
	if g := gateNamed(t, r, "http_req_duration", "order", "p(95)"); g.Verdict != report.GateOK || r.Verdict.Status != report.Passed {
		t.Errorf("the other: %s, verdict %s", g.Verdict, r.Verdict.Status)
	}
}

func TestOverload(t *testing.T) {
	drops := func(_ *maker, t *traffic) { t.dropped = 12 }
	candidate := func(seed uint64) *run.Run { return comparableRun(seed, drops) }
	if r := Analyze(candidate(10), Options{}); r.Verdict.Status != report.RunInvalid {
		t.Fatalf("by itself: %s", r.Verdict.Status)
	}
	b := baselineOf(5, nil)
	r := Analyze(candidate(10), Options{Baseline: b})
	if r.Verdict.Status != report.Suspected || !strings.HasPrefix(r.Verdict.Headline, "Load not sustained") {
		t.Errorf("one run: %+v", r.Verdict)
	}
	if ok, _ := MayJoin(r); ok {
		t.Error("a run that did not carry its load may join the baseline")
	}
	if r := Analyze(candidate(10), Options{Baseline: b, Rerun: candidate(11)}); r.Verdict.Status != report.Regressed {
		t.Errorf("two runs: %+v", r.Verdict)
	}
	if r := Analyze(candidate(10), Options{Baseline: b, Rerun: comparableRun(11, nil)}); r.Verdict.Status != report.Suspected {
		t.Errorf("a second run that carried it: %+v", r.Verdict)
	}
	// A baseline that did no better shows nothing.
	if r := Analyze(candidate(10), Options{Baseline: baselineOf(5, drops)}); r.Verdict.Status != report.RunInvalid {
		t.Errorf("a baseline that dropped as much: %+v", r.Verdict)
	}
	two := baselineOf(2, nil)
	if r := Analyze(candidate(10), Options{Baseline: two, Rerun: candidate(11)}); r.Verdict.Status != report.Suspected {
		t.Errorf("two baseline runs: %+v", r.Verdict)
	}
	two.Epoch, two.History = "2", pastRuns(5, "1")
	if r := Analyze(candidate(10), Options{Baseline: two, Rerun: candidate(11)}); r.Verdict.Status != report.Regressed {
		t.Errorf("two runs of a new epoch: %+v", r.Verdict)
	}
	two.Epoch = "1"
	if r := Analyze(candidate(10), Options{Baseline: two, Rerun: candidate(11)}); r.Verdict.Status != report.Suspected || noteOf(r, "few_baseline_runs") == nil {
		t.Errorf("two runs after thin ones: %+v", r.Verdict)
	}

	// Groups beside each other: all runs of the new side drop, or one does not.
	group := baselineOf(5, nil)
	group.Group, group.CandidateName = true, "feature"
	if r := Analyze(candidate(10), Options{Baseline: group, More: []*run.Run{candidate(11), candidate(12)}}); r.Verdict.Status != report.Regressed {
		t.Errorf("a group that dropped: %+v", r.Verdict)
	}
	r = Analyze(candidate(10), Options{Baseline: group, More: []*run.Run{candidate(11), comparableRun(12, nil)}})
	if g := gateNamed(t, r, metricLoad, "", "sustained"); g.Verdict != report.GateSuspected || !strings.Contains(g.Reason, "another run carried it") {
		t.Errorf("a group of which one run carried it: %s (%s)", g.Verdict, g.Reason)
	}
	group.Runs = baselineOf(5, drops).Runs
	if r := Analyze(candidate(10), Options{Baseline: group, More: []*run.Run{candidate(11), candidate(12)}}); r.Verdict.Status != report.RunInvalid {
		t.Errorf("both sides dropped: %+v", r.Verdict)
	}
}

// pastRuns are thin ones of an epoch, with the gate values of comparableRun.
func pastRuns(n int, epoch string) []PastRun {
	var out []PastRun
	for i := range n {
		r := comparableRun(uint64(i), nil)
		out = append(out, PastRun{ID: r.ID, Epoch: epoch, Values: GateValues(r, nil)})
	}
	return out
}

// Of a group, too, only runs that measured the same thing count.
func TestGroupsLeaveRunsOut(t *testing.T) {
	b := baselineOf(4, nil)
	b.Group, b.CandidateName = true, "feature"
	slow := slower("order", 1.12)
	r := Analyze(comparableRun(10, slow), Options{Baseline: b, More: []*run.Run{comparableRun(11, slow), plannedRun(60, 12, slow)}})
	if n := noteOf(r, "run_left_out"); n == nil || !strings.Contains(n.Message, "feature measured something else") || len(r.Comparison.Candidate) != 2 {
		t.Errorf("another load: %v, %+v", r.Comparison.Candidate, r.Notes)
	}
	// A run that ended long before its plan tells of no side.
	short := comparableRun(13, func(_ *maker, t *traffic) { t.to /= 4 })
	if why := checked(short, nil).unusable(); why == "" {
		t.Fatal("a run of a quarter of its plan is valid")
	}
	b.Runs = append(b.Runs, short)
	r = Analyze(comparableRun(10, slow), Options{Baseline: b, More: []*run.Run{comparableRun(11, slow), short}})
	if r.Comparison.Baseline.Runs != 4 || len(r.Comparison.Candidate) != 2 {
		t.Errorf("a run cut short takes part: %+v, now %v", r.Comparison.Baseline, r.Comparison.Candidate)
	}
}

// The noise that gates learned is said beside what their runs differ by.
func TestLearnedNoiseIsTold(t *testing.T) {
	b := baselineOf(5, nil)
	if n := Analyze(comparableRun(10, nil), Options{Baseline: b}).Comparison.Noise; n.Learned != nil || n.Median == nil {
		t.Errorf("five runs taught %+v", n)
	}
	b.History = pastRuns(12, "")
	n := Analyze(comparableRun(10, nil), Options{Baseline: b}).Comparison.Noise
	if n.Learned == nil || *n.Learned < 0.001 || *n.Learned > 0.01 || n.LearnedRuns != 16 {
		t.Errorf("17 runs taught %+v", n)
	}
}

// What is not gated is looked at as well, and changes no verdict.
func TestExploratoryFindings(t *testing.T) {
	with := func(factor float64) func(*maker, *traffic) {
		return func(m *maker, t *traffic) {
			if t.name == "order" { // three others take more time, so that no gate is on the last
				rng := rand.New(rand.NewPCG(uint64(t.ms(0)*1e6), 6)) // another in each run
				beside := func(name string, mean float64) {
					m.traffic(traffic{
						name: name, scenario: "beside", to: 20, perS: 6,
						ms: func(float64) float64 { return mean * math.Exp(0.05*rng.NormFloat64()) },
					})
				}
				beside("third", 9)
				beside("seldom", 5*factor)
			}
		}
	}
	b := baselineOf(6, with(1))
	r := Analyze(comparableRun(10, with(1.15)), Options{Baseline: b})
	found := slices.ContainsFunc(r.Comparison.Exploratory, func(f report.Finding) bool {
		return f.Endpoint == "seldom" && f.QValue != nil && *f.QValue <= falseShare && *f.Change > 0.1
	})
	if !found || r.Verdict.Status != report.Passed {
		t.Errorf("15 %% slower beside the gates: %s, %+v", r.Verdict.Status, r.Comparison.Exploratory)
	}
	for _, f := range r.Comparison.Exploratory {
		if slices.ContainsFunc(r.Comparison.Gates, func(g report.Gate) bool {
			return g.Metric == f.Metric && g.Endpoint == f.Endpoint && g.Statistic == f.Statistic
		}) {
			t.Errorf("the gate on %s of %s is listed again", f.Statistic, f.Endpoint)
		}
	}
	if r := Analyze(comparableRun(10, with(1)), Options{Baseline: b}); len(r.Comparison.Exploratory) > 0 {
		t.Errorf("of an unchanged run are listed %+v", r.Comparison.Exploratory)
	}
}

// All runs lose the same start, the longest that any of them needed.
func TestComparisonCutsAlike(t *testing.T) {
	slowStart := func(_ *maker, t *traffic) {
		ms := t.ms
		t.ms = func(at float64) float64 {
			if at < 5 {
				return 3 * ms(at)
			}
			return ms(at)
		}
	}
	b := baselineOf(5, nil)
	b.Runs[2] = comparableRun(2, slowStart)
	r := Analyze(comparableRun(10, nil), Options{Baseline: b})
	if cut := r.Comparison.WarmUpS; cut < 4 || cut > 10 || noteOf(r, "warm_up_common") == nil {
		t.Fatalf("cut at %v", cut)
	}
	if g := gateNamed(t, r, "http_req_duration", "order", "avg(95)"); g.Verdict != report.GateOK || *g.BaselineSpread > 0.02 {
		t.Errorf("after the cut: %s, spread %v", g.Verdict, *g.BaselineSpread)
	}
	// Three times 30 ms are in the start of one run only.
	if c := r.Chart(report.ChartDistribution); c == nil || c.Endpoint != "" || c.X[len(c.X)-1] > 60 {
		t.Errorf("the distribution has the warm-up: %+v", c)
	}
}

// A load that changes has no warm-up to cut, whether a plan says so or not.
func TestChangingLoadsAreComparedWhole(t *testing.T) {
	always := func(int) func(int, *rand.Rand) times { return healthy }
	r := Analyze(climbing(always, 20, 40, 81).Finish(), Options{Baseline: &Baseline{Runs: []*run.Run{climbing(always, 20, 40, 80).Finish()}}})
	wantNote(t, r, "compared_whole", report.Info)
	if n := noteOf(r, "compared_whole"); n != nil && !strings.Contains(n.Message, "as measured") {
		t.Error(n.Message)
	}
}

// Where the load of one run changes by just enough to be told and that of the
// other by just too little, both are compared whole: what is said of them agrees.
func TestLoadsThatHardlyChangeAreComparedAlike(t *testing.T) {
	always := func(int) func(int, *rand.Rand) times { return healthy }
	slowStart := func(stage int) func(int, *rand.Rand) times {
		return func(i int, rng *rand.Rand) times {
			out := healthy(i, rng)
			if stage == 0 && i < 200 {
				out["http-call"] += 30
			}
			return out
		}
	}
	constant, changing := climbing(slowStart, 40, 58).Finish(), climbing(always, 40, 63).Finish()
	if s := newSubject(constant, nil); s.changes() || s.warmUp() == 0 || !newSubject(changing, nil).changes() {
		t.Fatalf("the loads are not those to tell apart: %v, %v", s.warmUp(), s.changes())
	}
	for _, runs := range [][2]*run.Run{{constant, changing}, {changing, constant}} {
		r := Analyze(runs[0], Options{Baseline: &Baseline{Runs: []*run.Run{runs[1]}}, Force: true})
		wantNote(t, r, "compared_whole", report.Info)
		wantNote(t, r, "warm_up_common", "")
		if n := noteOf(r, "warm_up_cut"); n != nil && !strings.Contains(n.Message, "comparisons of constant loads leave them out") {
			t.Errorf("of whole runs it is said: %s", n.Message)
		}
		if r.Comparison.WarmUpS != 0 {
			t.Errorf("the first %v s are left out of whole runs", r.Comparison.WarmUpS)
		}
	}
}

func TestGateValues(t *testing.T) {
	r := comparableRun(1, nil)
	values := GateValues(r, configured(t, "gates:\n  - metric: iteration_duration\n    statistic: med\n"))
	find := func(metric, endpoint, statistic string) GateValue {
		i := slices.IndexFunc(values, func(v GateValue) bool {
			return v.Metric == metric && v.Endpoint == endpoint && v.Statistic == statistic
		})
		if i < 0 {
			t.Fatalf("no value of %s of %s of %q in %+v", statistic, metric, endpoint, values)
		}
		return values[i]
	}
	full := Analyze(r, Options{})
	for _, e := range full.Run.Endpoints {
		if v := find("http_req_duration", e.Name, "p(95)"); math.Abs(v.Value/(*e.DurationMS.P95)-1) > 0.01 || v.Count != uint64(e.Count) {
			t.Errorf("p95 of %s is %v of %d, the table says %v of %d", e.Name, v.Value, v.Count, *e.DurationMS.P95, e.Count)
		}
		// The standard error of 500 values that scatter by 10 %.
		if v := find("http_req_duration", e.Name, "avg(95)"); v.SE == nil || *v.SE < 0.002 || *v.SE > 0.009 || !(v.Value < *e.DurationMS.Avg) {
			t.Errorf("the average of the fastest of %s: %+v", e.Name, v)
		}
	}
	if v := find("http_reqs", "", "rate"); math.Abs(v.Value-50) > 0.5 {
		t.Errorf("throughput %v", v.Value)
	}
	if v := find("http_req_failed", "", "rate"); v.Value != 0 || v.Count != 1000 {
		t.Errorf("errors %+v", v)
	}
	find("iteration_duration", "", "med")
}

// A thin run compares as the whole one does.
func TestComparisonOfThinRuns(t *testing.T) {
	b := baselineOf(5, nil)
	want := Analyze(comparableRun(10, nil), Options{Baseline: b})
	for i, r := range b.Runs {
		thin := *r
		thin.Series = slices.DeleteFunc(slices.Clone(r.Series), func(s run.Series) bool { return !slices.Contains(ThinMetrics(), s.Metric) })
		b.Runs[i] = &thin
	}
	got := Analyze(comparableRun(10, nil), Options{Baseline: b})
	if len(got.Comparison.Gates) != len(want.Comparison.Gates) || got.Verdict.Headline != want.Verdict.Headline {
		t.Fatalf("thin: %q, whole: %q", got.Verdict.Headline, want.Verdict.Headline)
	}
	for i := range got.Comparison.Gates {
		if a, b := got.Comparison.Gates[i], want.Comparison.Gates[i]; *a.Change != *b.Change || a.Verdict != b.Verdict {
			t.Errorf("%s of %s: %v, whole %v", a.Statistic, a.Endpoint, *a.Change, *b.Change)
		}
	}
}
