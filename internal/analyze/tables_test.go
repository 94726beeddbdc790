package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

func endpointNamed(t testing.TB, r *report.Report, name string) report.Endpoint {
	t.Helper()
	at := slices.IndexFunc(r.Run.Endpoints, func(e report.Endpoint) bool { return e.Name == name })
	if at < 0 {
		t.Fatalf("there is no endpoint %s", name)
	}
	return r.Run.Endpoints[at]
}

func TestEndpoints(t *testing.T) {
	slow := func(float64) float64 { return 300 }
	m := newRun().
		traffic(traffic{name: "list", to: 10, perS: 40, failed: 8, scenario: "browse"}).
		traffic(traffic{name: "list", to: 10, perS: 1, tags: "group=::setup"}). // not counted
		traffic(traffic{name: "execute", to: 10, perS: 20, ms: slow, timeouts: 10}).
		traffic(traffic{name: "Greeter/Hello", protocol: "grpc", to: 10, perS: 10, failed: 2}).
		traffic(traffic{name: "hub", protocol: "websocket", to: 10, perS: 5}).
		traffic(traffic{name: "page", protocol: "browser", to: 10, perS: 1, failed: 5})
	r := analyzed(t, m, nil)
	var order []string
	for _, e := range r.Run.Endpoints {
		order = append(order, e.Protocol+" "+e.Name)
	}
	if got := strings.Join(order, ", "); got != "http execute, http list, grpc Greeter/Hello, websocket hub, browser page" {
		t.Errorf("in the order %s, want the most time first", got)
	}
	for _, tc := range []struct {
		name             string
		count            int64
		errors, timeouts float64 // -1: unknown
	}{
		{"list", 400, 1.0 / 8, 0},
		{"execute", 200, 0.1, 0.1},
		{"Greeter/Hello", 100, 0.5, 0},
		{"hub", 50, -1, -1},
		{"page", 10, 0.2, 0},
	} {
		e := endpointNamed(t, r, tc.name)
		if e.Count != tc.count {
			t.Errorf("%s has %d requests, want %d", tc.name, e.Count, tc.count)
		}
		for what, x := range map[string]struct {
			got  *float64
			want float64
		}{"error rate": {e.ErrorRate, tc.errors}, "timeout rate": {e.TimeoutRate, tc.timeouts}} {
			if x.want < 0 && x.got != nil {
				t.Errorf("%s of %s is %g, want none", what, tc.name, *x.got)
			} else if x.want >= 0 {
				want(t, what+" of "+tc.name, x.got, x.want, 1e-9)
			}
		}
	}
	wantCount(t, "requests", r.Run.Load.Requests, 760)
	want(t, "error rate of all but websockets", r.Run.Load.ErrorRate, (50+20+50+2)/710.0, 1e-9)
	e := endpointNamed(t, r, "execute")
	want(t, "p95", e.DurationMS.P95, 300, 0.001)
	want(t, "rate", e.RatePerS, 20, 0.04)
	if got := endpointNamed(t, r, "list").Scenario + "," + e.Scenario; got != "browse,s" {
		t.Errorf("scenarios %s, want those of the counted requests", got)
	}
}

func TestEndpointOfOneScenario(t *testing.T) {
	m := newRun().traffic(traffic{name: "a", scenario: "x", to: 5, perS: 10}).
		traffic(traffic{name: "both", scenario: "x", to: 5, perS: 10}).
		traffic(traffic{name: "both", scenario: "y", to: 5, perS: 10})
	r := analyzed(t, m, nil)
	if got := endpointNamed(t, r, "a").Scenario; got != "x" {
		t.Errorf("scenario %q, want x", got)
	}
	if got := endpointNamed(t, r, "both").Scenario; got != "" {
		t.Errorf("scenario %q of an endpoint of two", got)
	}
}

// A source without the samples that make a request whole has no tables.
func TestEndpointsWithoutTables(t *testing.T) {
	m := newRun()
	for i := range 40 {
		status := "status=200 expected_response=true"
		if i%4 == 0 {
			status = "status=408 expected_response=false"
		}
		m.add("http_reqs", "name=get method=GET "+status, float64(i), 1)
		m.add("http_req_duration", "name=get method=GET "+status, float64(i), 5)
	}
	r := analyzed(t, m, nil)
	want(t, "error rate", endpointNamed(t, r, "get").ErrorRate, 0.25, 0)
	want(t, "timeout rate", endpointNamed(t, r, "get").TimeoutRate, 0.25, 0)
	want(t, "error rate of the run", r.Run.Load.ErrorRate, 0.25, 0)
	wantCount(t, "requests", r.Run.Load.Requests, 40)
}

func partsText(parts []report.Part) string {
	var out []string
	for _, p := range parts {
		text := fmt.Sprintf("%s:%d", p.Name, p.Count)
		if p.ErrorRate != nil {
			text += fmt.Sprintf(":%.3g", *p.ErrorRate)
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestParts(t *testing.T) {
	m := newRun("region=eu").
		traffic(traffic{scenario: "browse", to: 10, perS: 40, failed: 4, tags: "persona=dev tenant=acme group=::browse plan=gold"}).
		traffic(traffic{scenario: "ci", to: 10, perS: 10, tags: "persona=ci tenant=globex plan=free"}).
		traffic(traffic{scenario: "rpc", protocol: "grpc", to: 10, perS: 1, failed: 2, tags: "persona=ci tenant=globex plan=free"}).
		traffic(traffic{scenario: "ci", to: 10, perS: 5, tags: "persona=ops group=::setup"})
	r := analyzed(t, m, configured(t, "dimensions: [plan, region, persona]")).Run
	for _, tc := range []struct{ what, got, want string }{
		{"personas", partsText(r.Personas), "ci:110:0.0455 dev:400:0.25"},
		{"tenants", partsText(r.Tenants), "acme:400:0.25 globex:110:0.0455"},
		{"groups", partsText(r.Groups), "::browse:400:0.25"},
		{"scenarios", partsText(r.Scenarios), "browse:400 ci:150 rpc:10"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s are %s, want %s", tc.what, tc.got, tc.want)
		}
	}
	if len(r.Dimensions) != 1 || r.Dimensions[0].Name != "plan" || partsText(r.Dimensions[0].Rows) != "free:110:0.0455 gold:400:0.25" {
		t.Errorf("dimensions %+v, want plan alone: region cuts nothing, personas have their own table", r.Dimensions)
	}
	if len(r.Personas[0].FewSamples) != 1 || len(r.Personas[1].FewSamples) != 0 {
		t.Error("the part of 110 requests must be marked, that of 400 not")
	}
}

func TestOnePartThatIsTheWholeIsNoTable(t *testing.T) {
	m := newRun().traffic(traffic{to: 5, perS: 10, tags: "persona=dev group=::g"})
	m.add("vus", "", 5, 1) // has neither
	if r := analyzed(t, m, nil).Run; r.Personas != nil || r.Groups != nil {
		t.Errorf("personas %v, groups %v", r.Personas, r.Groups)
	}
}

func TestFairness(t *testing.T) {
	ms := func(v float64) func(float64) float64 { return func(float64) float64 { return v } }
	m := newRun()
	for i, tenant := range []string{"a", "b", "c"} {
		m.traffic(traffic{to: 10, perS: []float64{10, 10, 40}[i], ms: ms([]float64{20, 30, 90}[i]), tags: "tenant=" + tenant})
	}
	f := analyzed(t, m, nil).Run.Fairness
	if f == nil || f.Worst != "c" {
		t.Fatalf("fairness %+v", f)
	}
	want(t, "ratio", f.Ratio, 3, 0.002)
	want(t, "Jain's index", f.Jain, 60*60/(3*1800.0), 1e-9)
	m = newRun()
	m.traffic(traffic{to: 10, perS: 10, ms: ms(100), tags: "tenant=a"}).traffic(traffic{to: 10, perS: 10, ms: ms(1000), tags: "tenant=b"})
	m.traffic(traffic{to: 3, perS: 1, ms: ms(9000), tags: "tenant=seldom"})
	f = analyzed(t, m, nil).Run.Fairness
	if f.Worst != "b" || !strings.HasPrefix(f.Text, "p95 of b is 10 times the median tenant's") {
		t.Errorf("of two tenants with enough requests: %+v", f)
	}
	want(t, "ratio of two", f.Ratio, 10, 0.002)
	if got := analyzed(t, newRun().traffic(traffic{to: 10, perS: 5, tags: "tenant=a"}), nil).Run.Fairness; got != nil {
		t.Error("one tenant is compared with itself")
	}
}

func TestExcludedGroups(t *testing.T) {
	make := func() *maker {
		return newRun().
			traffic(traffic{to: 10, perS: 20, failed: 5, tags: "group=::main"}).
			traffic(traffic{to: 10, perS: 10, timeouts: 1, tags: "group=::warm"}).
			traffic(traffic{name: "nested", to: 10, perS: 10, timeouts: 1, tags: "group=::warm::deep"}).
			traffic(traffic{to: 10, perS: 1, tags: "group=::warmer"})
	}
	r := analyzed(t, make(), configured(t, `exclude: {groups: ["::warm"]}`))
	wantNote(t, r, "groups_excluded", report.Info)
	wantNote(t, r, "excluded_otherwise", report.Warning) // the maker's tables have them
	wantCount(t, "requests", r.Run.Load.Requests, 210)
	want(t, "error rate", r.Run.Load.ErrorRate, 40/210.0, 1e-9)
	want(t, "timeout rate", r.Run.Load.TimeoutRate, 0, 0)
	if len(r.Run.Endpoints) != 1 || r.Run.Endpoints[0].Count != 210 {
		t.Errorf("endpoints %+v", r.Run.Endpoints)
	}
	want(t, "error rate of the endpoint", r.Run.Endpoints[0].ErrorRate, 40/210.0, 1e-9)
	if got := partsText(r.Run.Groups); got != "::main:200:0.2 ::warmer:10:0" {
		t.Errorf("groups %s", got)
	}
	if len(r.Run.Errors) != 1 || r.Run.Errors[0].Count != 40 {
		t.Errorf("errors %+v", r.Run.Errors)
	}
	all := analyzed(t, make(), nil)
	wantCount(t, "requests of all groups", all.Run.Load.Requests, 410)
	wantNote(t, all, "groups_excluded", none)
}

func TestFailures(t *testing.T) {
	m := newRun()
	ask := func(n int, protocol, tags string) {
		for range n {
			if protocol == "grpc" {
				m.add("grpc_req_duration", "name=rpc "+tags, 1, 5)
				continue
			}
			m.add("http_reqs", "name=get "+tags, 1, 1)
		}
	}
	ask(90, "http", "status=200 expected_response=true")
	ask(1, "http", "status=404 error_code=1404 expected_response=true") // as the script expects
	ask(4, "http", "status=503 error_code=1503 expected_response=false")
	ask(3, "http", "status=0 error_code=1050 error=timeout expected_response=false")
	ask(2, "http", "status=500") // without the tags of judgement
	ask(7, "http", "status=503 expected_response=false group=::setup")
	ask(4, "grpc", "status=0")
	ask(6, "grpc", "status=14")
	var got []string
	for _, f := range analyzed(t, m, nil).Run.Errors {
		got = append(got, fmt.Sprintf("%d %s %s %s %s %s %.2f", f.Count, f.Kind, f.Endpoint, f.Status, f.ErrorCode, f.Text, *f.Share))
	}
	want := []string{
		"6 error rpc 14   0.60",
		"4 error get 503 1503  0.04",
		"3 timeout get 0 1050 timeout 0.03",
		"2 error get 500   0.02",
	}
	if !slices.Equal(got, want) {
		t.Errorf("failures\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestChecks(t *testing.T) {
	m := newRun().traffic(traffic{to: 1, perS: 10})
	m.add("checks", "check=ok group=::g", 1, 1, 1, 0)
	m.add("checks", "check=ok group=::g scenario=other", 1, 1)
	m.add("checks", "check=ready group=::setup", 1, 1)
	m.add("checks", "check=ok", 1, 0)
	said := []run.ReportedCheck{{Group: "::g", Name: "ok", Passes: 3, Fails: 2}}
	m.SetReported(&run.Reported{Checks: said})
	wantText := " ok 0 1; ::g ok 3 1; ::setup ready 1 0"
	if got := checksText(analyzed(t, m, nil)); got != wantText {
		t.Errorf("checks %s, want %s", got, wantText)
	}

	alone := newRun()
	alone.SetReported(&run.Reported{Checks: said, Metrics: []run.ReportedMetric{}})
	if got := checksText(analyzed(t, alone, nil)); got != "::g ok 3 2" {
		t.Errorf("checks of a summary alone: %s", got)
	}

	many := newRun()
	for i := range 100 {
		many.add("checks", fmt.Sprintf("check=c%d", i), 1, 1)
	}
	many.SetReported(&run.Reported{Checks: said})
	if got := checksText(analyzed(t, many, nil)); got != "::g ok 3 2" {
		t.Errorf("checks too many to be kept apart: %s, want the summary's", got)
	}
}

func checksText(r *report.Report) string {
	var out []string
	for _, c := range r.Run.Checks {
		out = append(out, fmt.Sprintf("%s %s %d %d", c.Group, c.Name, c.Passes, c.Fails))
	}
	return strings.Join(out, "; ")
}

func TestCharts(t *testing.T) {
	m := newRun().traffic(traffic{to: 5, perS: 20}).traffic(traffic{from: 10, to: 15, perS: 20, failed: 2}).plan(rate("s", 25, 0, 15))
	r := analyzed(t, m, nil)
	through := r.Chart(report.ChartThroughput)
	if len(through.X) != 16 { // half a second at both ends
		t.Fatalf("throughput at %v", through.X)
	}
	for i, x := range through.X {
		wanted := 20.0
		switch {
		case x == 5 || x == 10:
			wanted = 10
		case x > 5 && x < 10:
			wanted = 0
		}
		if got := through.Series[0].Y[i]; math.Abs(got-wanted) > 3 {
			t.Errorf("%g requests/s at %g s, want %g", got, x, wanted)
		}
	}
	last := len(through.Series) - 1
	if target := through.Series[last]; target.Name != "target iterations" || !target.Planned || target.Y[3] != 25 {
		t.Errorf("target %+v", target)
	}
	if slices.ContainsFunc(through.Series[:last], func(s report.Series) bool { return s.Planned }) {
		t.Error("what came is taken for what was planned")
	}
	latency := r.Chart(report.ChartLatency)
	stall := slices.Index(latency.X, 7)
	if stall < 0 || !math.IsNaN(latency.Series[1].Y[stall]) {
		t.Errorf("a stall is not a gap: %v at %v", latency.Series[1].Y, latency.X)
	}
	if y := r.Chart(report.ChartErrors).Series[0].Y; y[2] != 0 || math.Abs(y[12]-0.5) > 0.1 {
		t.Errorf("error rates %v", y)
	}
	if analyzed(t, newRun().traffic(traffic{to: 5, perS: 20}), nil).Chart(report.ChartErrors) != nil {
		t.Error("a chart of no errors")
	}
}
