package analyze

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/stat"
)

// gateOn is a gate with the usual smallest change.
func gateOn(metric, endpoint, statistic string) config.Gate {
	g := config.Gate{GateKey: gateKey(metric, endpoint, statistic), SmallestChange: config.DefaultSmallestChange}
	if g.Absolute() {
		g.SmallestChange = config.DefaultSmallestRise
	}
	return g
}

// values are runs with those statistics.
func values(list ...float64) []GateValue {
	var out []GateValue
	for _, v := range list {
		out = append(out, GateValue{Value: v, Count: 1000})
	}
	return out
}

// failures are runs with so many failures in 1,000 requests each.
func failures(list ...uint64) []GateValue {
	var out []GateValue
	for _, n := range list {
		out = append(out, GateValue{Value: float64(n) / 1000, Count: 1000, Events: n})
	}
	return out
}

func TestDecide(t *testing.T) {
	average, tail := gateOn("http_req_duration", "a", "avg(95)"), gateOn("http_req_duration", "a", "p(95)")
	rate, errors := gateOn("http_reqs", "", "rate"), gateOn("http_req_failed", "", "rate")
	five := values(100, 101, 99, 100.5, 99.5)
	quietly := failures(1, 0, 2, 1, 1)
	accepted := &config.Accepted{UpTo: 0.2, Reason: "encrypts"}
	for _, tt := range []struct {
		name    string
		in      GateInput
		rules   Rules
		verdict string
		reason  string
	}{
		{"unchanged", GateInput{Gate: average, Base: five, Candidates: values(100.4)}, Rules{}, report.GateOK, ""},
		{"slower, once", GateInput{Gate: average, Base: five, Candidates: values(110)}, Rules{}, report.GateSuspected, "a second one has to confirm"},
		{"slower, twice", GateInput{Gate: average, Base: five, Candidates: values(110, 111)}, Rules{}, report.GateRegressed, "in both runs"},
		{"slower, then not", GateInput{Gate: average, Base: five, Candidates: values(110, 100)}, Rules{}, report.GateOK, "did not confirm"},
		{"not slower, then slower", GateInput{Gate: average, Base: five, Candidates: values(100, 110)}, Rules{}, report.GateOK, ""},
		{"slower, once, and one is enough", GateInput{Gate: average, Base: five, Candidates: values(110)}, Rules{ConfirmRuns: 1}, report.GateRegressed, "more false alarms"},
		{"by too little to matter", GateInput{Gate: average, Base: values(100, 100, 100, 100, 100), Candidates: values(104.9, 104.9)}, Rules{}, report.GateOK, ""},
		{"by just enough", GateInput{Gate: average, Base: values(100, 100, 100, 100, 100), Candidates: values(105.1, 105.1)}, Rules{}, report.GateRegressed, ""},
		{"below the floor of a percentile", GateInput{Gate: tail, Base: values(100, 100, 100, 100, 100), Candidates: values(106, 106)}, Rules{}, report.GateOK, ""},
		{"faster, once", GateInput{Gate: average, Base: five, Candidates: values(90)}, Rules{}, report.GateImproved, "one run"},
		{"faster, twice", GateInput{Gate: average, Base: five, Candidates: values(90, 91)}, Rules{}, report.GateImproved, ""},
		{"faster, then not", GateInput{Gate: average, Base: five, Candidates: values(90, 100)}, Rules{}, report.GateOK, "did not confirm"},
		{"less throughput", GateInput{Gate: rate, Base: five, Candidates: values(90, 90)}, Rules{}, report.GateRegressed, ""},
		{"more throughput", GateInput{Gate: rate, Base: five, Candidates: values(110, 110)}, Rules{}, report.GateImproved, ""},
		{"an invalid run", GateInput{Gate: average, Base: five, Candidates: values(110, 110)}, Rules{Doubtful: "the run is invalid"}, report.GateSuspected, "the run is invalid"},
		{"noise", GateInput{Gate: average, Base: values(60, 100, 150, 90, 130), Candidates: values(110)}, Rules{}, report.GateInconclusive, "not even a change of 25 %"},

		{"one baseline run, slower", GateInput{Gate: average, Base: values(100), Candidates: values(130, 130)}, Rules{}, report.GateSuspected, "4 more baseline runs are needed"},
		{"one baseline run, within the guard", GateInput{Gate: average, Base: values(100), Candidates: values(124, 124)}, Rules{}, report.GateOK, "guard"},
		{"one baseline run, p95 within the guard", GateInput{Gate: tail, Base: values(100), Candidates: values(139)}, Rules{}, report.GateOK, "guard"},
		{"one baseline run, p95 beyond it", GateInput{Gate: tail, Base: values(100), Candidates: values(141)}, Rules{}, report.GateSuspected, ""},
		{"two baseline runs", GateInput{Gate: average, Base: values(100, 101), Candidates: values(130, 130)}, Rules{}, report.GateSuspected, "3 more baseline runs are needed"},
		{"three baseline runs", GateInput{Gate: average, Base: values(100, 101, 99), Candidates: values(115, 115)}, Rules{}, report.GateSuspected, "2 more baseline runs are needed"},
		{"four baseline runs", GateInput{Gate: average, Base: values(100, 101, 99, 100), Candidates: values(115, 115)}, Rules{}, report.GateSuspected, "1 more baseline run is needed"},
		{"three baseline runs, faster", GateInput{Gate: average, Base: values(100, 101, 99), Candidates: values(85, 85)}, Rules{}, report.GateOK, "looks better"},

		{"a new epoch of one run", GateInput{Gate: average, Base: values(120), Carried: five, Candidates: values(133, 133)}, Rules{}, report.GateSuspected, "epoch is new"},
		{"a new epoch of two", GateInput{Gate: average, Base: values(120, 121), Carried: five, Candidates: values(133, 133)}, Rules{}, report.GateRegressed, ""},
		{"a new epoch, as it is now", GateInput{Gate: average, Base: values(120, 121), Carried: five, Candidates: values(120, 120)}, Rules{}, report.GateOK, ""},

		{"errors in a new epoch of two", GateInput{Gate: errors, Base: failures(1, 0), Carried: quietly, Candidates: failures(20, 22)}, Rules{}, report.GateRegressed, ""},
		{"errors in a new epoch of one", GateInput{Gate: errors, Base: failures(1), Carried: quietly, Candidates: failures(20, 22)}, Rules{}, report.GateSuspected, "epoch is new"},
		{"errors of two runs", GateInput{Gate: errors, Base: failures(1, 0), Candidates: failures(20, 22)}, Rules{}, report.GateSuspected, "3 more baseline runs are needed"},
		{"errors came in bursts in the epoch before", GateInput{Gate: errors, Base: failures(1, 0), Carried: failures(0, 60, 2, 45, 1), Candidates: failures(20, 22)}, Rules{}, report.GateOK, ""},
		{"two runs, after others of the same epoch", GateInput{Gate: average, Base: values(100, 101), Earlier: [][]GateValue{five}, Candidates: values(130, 130)}, Rules{}, report.GateSuspected, "3 more baseline runs are needed"},

		{"accepted", GateInput{Gate: average, Accepted: accepted, Base: five, Candidates: values(118, 118)}, Rules{}, report.GateAccepted, "encrypts"},
		{"accepted, a little above it by noise", GateInput{Gate: average, Accepted: accepted, Base: five, Candidates: values(121, 121)}, Rules{}, report.GateAccepted, "encrypts"},
		{"more than accepted", GateInput{Gate: average, Accepted: accepted, Base: five, Candidates: values(140, 140)}, Rules{}, report.GateRegressed, "more than the accepted"},
		{"errors accepted, a little above it by chance", GateInput{Gate: errors, Accepted: &config.Accepted{UpTo: 0.022, Reason: "sheds load"}, Base: failures(0, 0, 0, 0, 0), Candidates: failures(24, 24)}, Rules{}, report.GateAccepted, "sheds load"},
		{"more errors than accepted", GateInput{Gate: errors, Accepted: &config.Accepted{UpTo: 0.022, Reason: "sheds load"}, Base: failures(0, 0, 0, 0, 0), Candidates: failures(50, 50)}, Rules{}, report.GateRegressed, "more than the accepted"},

		{"gone now", GateInput{Gate: average, Base: five}, Rules{}, report.GateNotComparable, "now"},
		{"new in the candidate", GateInput{Gate: average, Candidates: values(1)}, Rules{}, report.GateNotComparable, "baseline"},
		{"few requests", GateInput{Gate: average, Base: five, Candidates: []GateValue{{Value: 130, Count: 99}}}, Rules{}, report.GateInconclusive, "fewer than 100"},
		{"few requests for p99", GateInput{Gate: gateOn("http_req_duration", "a", "p(99)"), Base: five, Candidates: []GateValue{{Value: 130, Count: 299}}}, Rules{}, report.GateInconclusive, "fewer than 300"},

		{"errors as usual", GateInput{Gate: errors, Base: quietly, Candidates: failures(2)}, Rules{}, report.GateOK, ""},
		{"more errors, once", GateInput{Gate: errors, Base: quietly, Candidates: failures(20)}, Rules{}, report.GateSuspected, ""},
		{"more errors, twice", GateInput{Gate: errors, Base: quietly, Candidates: failures(20, 15)}, Rules{}, report.GateRegressed, ""},
		{"fewer errors, twice", GateInput{Gate: errors, Base: failures(20, 22, 19, 21, 18), Candidates: failures(5, 4)}, Rules{}, report.GateImproved, ""},
		{"errors come in bursts", GateInput{Gate: errors, Base: failures(0, 60, 2, 45, 1), Candidates: failures(50, 50)}, Rules{}, report.GateOK, ""},
		{"errors with one baseline run", GateInput{Gate: errors, Base: failures(1), Candidates: failures(20, 20)}, Rules{}, report.GateSuspected, ""},
		{"checks that pass less", GateInput{Gate: gateOn("checks", "", "rate"), Base: failures(999, 1000, 998, 999, 999), Candidates: failures(970, 975)}, Rules{}, report.GateRegressed, ""},

		{"groups apart", GateInput{Gate: average, Base: values(100, 101, 99), Candidates: values(110, 111, 109)}, Rules{Group: true}, report.GateRegressed, ""},
		{"groups alike", GateInput{Gate: average, Base: values(100, 101, 99), Candidates: values(100, 101, 99)}, Rules{Group: true}, report.GateOK, ""},
		{"groups of one", GateInput{Gate: average, Base: values(100), Candidates: values(150)}, Rules{Group: true}, report.GateSuspected, "noise between runs"},
		{"groups of five in all", GateInput{Gate: average, Base: values(100, 101, 99), Candidates: values(130, 131)}, Rules{Group: true}, report.GateSuspected, "1 more run would tell"},
		{"groups of six in all", GateInput{Gate: average, Base: values(100, 101, 99, 100), Candidates: values(130, 131)}, Rules{Group: true}, report.GateRegressed, ""},
		{"groups apart in errors", GateInput{Gate: errors, Base: failures(1, 0, 2), Candidates: failures(20, 22, 21)}, Rules{Group: true}, report.GateRegressed, ""},
		{"a single new run", GateInput{Gate: average, Base: five, Candidates: values(120)}, Rules{Group: true}, report.GateSuspected, "two runs or more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := Decide([]GateInput{tt.in}, tt.rules)[0]
			if g.Verdict != tt.verdict || !strings.Contains(g.Reason, tt.reason) {
				t.Errorf("%s (%s), want %s (%s)", g.Verdict, g.Reason, tt.verdict, tt.reason)
			}
		})
	}
}

// Of several suspected gates one that is barely so has to be clearer.
func TestDecideCorrectsForSeveral(t *testing.T) {
	average := gateOn("http_req_duration", "a", "avg(95)")
	base := values(100, 104, 96, 102, 98)
	// Just under 0.01, once more: confirmed alone.
	barely := GateInput{Gate: average, Base: base, Candidates: values(119, 118.5)}
	if g := Decide([]GateInput{barely}, Rules{})[0]; g.Verdict != report.GateRegressed {
		t.Fatalf("alone it is %s with p %v", g.Verdict, *g.PValue)
	}
	three := Decide([]GateInput{barely, barely, barely}, Rules{})
	for _, g := range three {
		if g.Verdict != report.GateSuspected || !strings.Contains(g.Reason, "so many gates") {
			t.Errorf("one of three is %s (%s)", g.Verdict, g.Reason)
		}
	}
}

// A mirrored input gives the mirrored result, to the last digit of p.
func TestDecideMirrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	swap := map[string]string{report.GateRegressed: report.GateImproved, report.GateOK: report.GateOK, report.GateImproved: report.GateRegressed}
	mirrored := func(list []GateValue) []GateValue {
		var out []GateValue
		for _, v := range list {
			out = append(out, GateValue{Value: 100 * 100 / v.Value, Count: v.Count})
		}
		return out
	}
	seen := make(map[string]int)
	for range 1000 {
		var base, candidates []GateValue
		for range 6 {
			base = append(base, values(100*math.Exp(0.02*rng.NormFloat64()))...)
		}
		for range 2 {
			candidates = append(candidates, values(100*math.Exp(0.02*rng.NormFloat64()+0.3*(rng.Float64()-0.5)))...)
		}
		in := GateInput{Gate: gateOn("http_req_duration", "a", "avg(95)"), Base: base, Candidates: candidates}
		here := Decide([]GateInput{in}, Rules{})[0]
		in.Base, in.Candidates = mirrored(base), mirrored(candidates)
		there := Decide([]GateInput{in}, Rules{})[0]
		want, decided := swap[here.Verdict]
		if !decided { // suspected has no mirror
			continue
		}
		seen[here.Verdict]++
		if there.Verdict != want && there.Verdict != report.GateSuspected || math.Abs(*here.PValue-*there.PValue) > 1e-9 {
			t.Fatalf("%s with p %v, mirrored %s with p %v", here.Verdict, *here.PValue, there.Verdict, *there.PValue)
		}
	}
	if seen[report.GateImproved] < 20 || seen[report.GateRegressed] < 20 {
		t.Errorf("few cases tell: %v", seen)
	}
}

// The numbers beside a verdict, by hand: s is the floor of 1 %, n is 5, four
// degrees of freedom.
func TestGateNumbers(t *testing.T) {
	in := GateInput{Gate: gateOn("http_req_duration", "a", "avg(95)"), Base: values(100, 100, 100, 100, 100), Candidates: values(103)}
	g := Decide([]GateInput{in}, Rules{})[0]
	se := 0.01 * math.Sqrt(1.2)
	check := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || math.Abs(*got-want) > 1e-4 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	check("the change", g.Change, 0.03)
	check("the spread used", g.Noise, 0.01)
	// The threshold is ln 1.05, for 3.747 standard errors are less.
	check("detectable", g.Detectable, math.Expm1(math.Log(1.05)+0.940965*se))
	in.Gate.SmallestChange = 0.001
	g = Decide([]GateInput{in}, Rules{})[0]
	check("detectable, when less matters", g.Detectable, math.Expm1((3.746947+0.940965)*se))

	// A spread above the floor may have heavy tails: then it is 4.558.
	noisy := GateInput{Gate: in.Gate, Base: values(100, 104, 96, 102, 98), Candidates: values(103)}
	sd := stat.PooledSpread([]float64{math.Log(100), math.Log(104), math.Log(96), math.Log(102), math.Log(98)}).SD
	g = Decide([]GateInput{noisy}, Rules{})[0]
	check("detectable, over a spread", g.Detectable, math.Expm1((4.5577+0.940965)*sd*math.Sqrt(1.2)))

	// A bound by Student's t: of 100, 101, 99, 100, 100 the spread is 0.7072 %.
	in.Base = values(100, 101, 99, 100, 100)
	g = Decide([]GateInput{in}, Rules{})[0]
	check("the bound", g.Excluded, 1.03*math.Exp(2.131847*0.0070714*math.Sqrt(1.2))-1)
	check("its interval's upper end", g.Interval.High, *g.Excluded)

	// Within-run standard errors count where they are larger.
	for i := range in.Base {
		se := 0.03
		in.Base[i].SE = &se
	}
	check("the spread used", Decide([]GateInput{in}, Rules{})[0].Noise, 0.03)

	// Throughput: worse is less.
	in = GateInput{Gate: gateOn("http_reqs", "", "rate"), Base: values(100, 101, 99, 100, 100), Candidates: values(100)}
	g = Decide([]GateInput{in}, Rules{})[0]
	if !g.LowerIsWorse || !(*g.Excluded < 0) || !(*g.Detectable < 0) || *g.Interval.Low != *g.Excluded {
		t.Errorf("throughput: excluded %v, detectable %v, interval from %v", *g.Excluded, *g.Detectable, *g.Interval.Low)
	}
}

// The floor is what the history of successive runs shows, once it is long enough;
// what runs of long ago differ by is no spread between those of now.
func TestFloorLearned(t *testing.T) {
	quiet := func(level float64, n int) (list []GateValue) {
		for i := range n {
			list = append(list, values(level*(1+0.001*float64(i%3)))...)
		}
		return list
	}
	in := GateInput{
		Gate: gateOn("http_req_duration", "a", "p(95)"), Base: quiet(100, 5), Candidates: values(100),
		Earlier: [][]GateValue{quiet(130, 5)},
	}
	if g := Decide([]GateInput{in}, Rules{})[0]; *g.Noise < 0.02 {
		t.Errorf("after 8 differences the spread used is %v, want the floor or more", *g.Noise)
	}
	in.Earlier = [][]GateValue{quiet(130, 20)}
	if g := Decide([]GateInput{in}, Rules{})[0]; *g.Noise > 0.003 {
		t.Errorf("after 23 quiet differences the spread used is %v, want what they show", *g.Noise)
	}
	// Two levels in one epoch, as of another load: the step is one difference of many.
	in.Earlier = [][]GateValue{append(quiet(130, 15), quiet(100, 15)...)}
	in.Candidates = values(120)
	if g := Decide([]GateInput{in}, Rules{})[0]; *g.Noise > 0.04 || *g.BaselineSpread > 0.003 || g.Verdict != report.GateSuspected {
		t.Errorf("after a step the spread used is %v, of the runs %v, and 20 %% slower is %s", *g.Noise, *g.BaselineSpread, g.Verdict)
	}
}
