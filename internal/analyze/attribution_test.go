package analyze

import (
	"math"
	"math/rand/v2"
	"testing"

	"k6report/internal/component"
	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// engine is requests of an engine whose time is known in its parts.
type engine struct {
	name     string  // of the endpoint; empty: execute
	from, to float64 // of the starts, in seconds
	perS     float64 //

	unjoined int  // the first of so many has no server times; 0: none
	series   bool // server times as series by endpoint too
}

// times are a request's parts in ms: of the table of components by name, "total" being
// their sum, "transit", "client" and "untraced" beside it.
type times map[string]float64

// told are the parts that servers tell of.
func told() (parts []component.Part) {
	for _, c := range components {
		for _, p := range c.Parts {
			if p.Metric != "" {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

func (m *maker) engine(e engine, times func(i int, rng *rand.Rand) times) *maker {
	if e.name == "" {
		e.name = "execute"
	}
	rng := rand.New(rand.NewPCG(7, uint64(len(e.name))))
	metrics := map[string]string{component.Total: component.TotalMetric}
	for _, p := range told() {
		metrics[p.Name] = p.Metric
	}
	for _, metric := range metrics {
		m.Define(run.Metric{Name: metric, Type: run.Trend, Contains: "time"})
	}
	m.Define(run.Metric{Name: "http_req_blocked", Type: run.Trend, Contains: "time"})
	for i, n := 0, int(math.Round((e.to-e.from)*e.perS)); i < n; i++ {
		at := e.from + float64(i)/e.perS
		parts := times(i, rng)
		server := parts["untraced"]
		for name, ms := range parts {
			if _, ok := metrics[name]; ok {
				server += ms
			}
		}
		waiting := server + parts["transit"]
		var q run.Request
		q.Start = t0 + int64(at*1e9)
		q.Parts[run.ColumnClient], q.Parts[run.ColumnWaiting] = parts["client"], waiting
		q.Duration, q.Total = waiting, waiting+parts["client"]
		end := at + q.Total/1000
		tags := "scenario=s status=200 expected_response=true method=POST name=" + e.name
		place := m.AddRequest("http", m.tagged(tags), &q)
		m.add("http_req_duration", tags, end, q.Duration)
		m.add("http_req_blocked", tags, end, parts["client"])
		m.add("http_reqs", tags, end, 1)
		m.iteration("s", at, q.Total)
		if e.unjoined > 0 && i%e.unjoined == 0 {
			continue
		}
		all := map[string]float64{"total": server}
		for name, ms := range parts {
			if _, ok := metrics[name]; ok {
				all[name] = ms
			}
		}
		first := true
		for _, name := range sortedKeys(all) {
			if !e.series {
				m.Join(place, metrics[name], all[name], first)
				first = false
			}
			m.add(metrics[name], "scenario=s endpoint="+e.name, end, all[name])
		}
	}
	return m
}

// noisy is about ms: with a tail, as times have.
func noisy(rng *rand.Rand, ms float64) float64 { return ms * (0.7 + 0.3*rng.ExpFloat64()) }

// healthy are the times of an engine of which nothing is wrong.
func healthy(_ int, rng *rand.Rand) times {
	return times{
		"transit": noisy(rng, 0.3), "client": 0.01, "queue": 0.01, "db-pool-wait": 0.02, "db-write": noisy(rng, 3), "db-commit": noisy(rng, 1),
		"graph-build": noisy(rng, 1), "template-resolve": noisy(rng, 0.5), "http-call": noisy(rng, 5), "http-pool-wait": 0.02, "serialize": 0.1, "untraced": 0.1,
	}
}

// with adds to the times of a healthy engine.
func with(entry string, ms float64) func(int, *rand.Rand) times {
	return func(i int, rng *rand.Rand) times {
		out := healthy(i, rng)
		out[entry] += noisy(rng, ms)
		return out
	}
}

func componentOf(t testing.TB, a *report.Attribution, name string) report.Component {
	t.Helper()
	for _, c := range a.Components {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no component %s", name)
	return report.Component{}
}

// held is what a run is held against, as a comparison would have it: its runs, and
// what it says of gates.
type held struct {
	baseline, rerun []*run.Run
	gates           []report.Gate
	direct          bool
}

func (h held) against(c *config.Config) reference {
	subjects := func(runs []*run.Run) []*subject {
		var out []*subject
		for _, r := range runs {
			out = append(out, newSubject(r, c))
		}
		return out
	}
	return reference{baseline: subjects(h.baseline), rerun: subjects(h.rerun), gates: h.gates, direct: h.direct}
}

// worseGate is a gate on an endpoint's latency that got worse.
func worseGate(endpoint, statistic, verdict string) []report.Gate {
	return []report.Gate{{Metric: "http_req_duration", Endpoint: endpoint, Statistic: statistic, Verdict: verdict}}
}

// explained analyses a run against others.
func explained(t testing.TB, r *run.Run, yaml string, against held) (*report.Attribution, *report.Report) {
	t.Helper()
	s := newSubject(r, configured(t, yaml))
	out := reportOn(t, r, s.config)
	out.Charts = nil
	for i := range out.Run.Endpoints {
		out.Run.Endpoints[i].Attribution = nil
	}
	out.Attribution = s.attribution(out, against.against(s.config))
	out.Notes = append(out.Notes, s.sortedNotes()...)
	if err := out.Check(); err != nil {
		t.Fatalf("the report is unsound: %v", err)
	}
	return out.Attribution, out
}

func steady(times func(int, *rand.Rand) times) *run.Run {
	return newRun().engine(engine{to: 30, perS: 40}, times).plan(rate("s", 40, 0, 30)).Finish()
}

// The truth is known: what was added to a healthy engine is named, in the
// regression question, whatever its share of the whole is.
func TestRegressionNamesWhatWasAdded(t *testing.T) {
	base := steady(healthy)
	for entry, truth := range map[string][2]string{
		"db-pool-wait": {component.Database, "pool exhaustion"}, "db-write": {component.Database, "slow query (write)"},
		"db-commit": {component.Database, "commit/WAL"}, "db-read": {component.Database, "slow query (read)"},
		"db-trace": {component.Database, "slow query (trace)"}, "graph-build": {component.Graph, "DAG building"},
		"template-resolve": {component.Graph, "template resolution"}, "http-pool-wait": {component.HTTPPool, "connection limit"},
		"http-connect": {component.HTTPPool, "connection churn"}, "http-dns": {component.HTTPPool, "DNS"},
		"http-call": {component.HTTPPool, "slow callee"}, "ws-publish": {component.Websocket, "broadcast"},
		"queue": {component.Queue, "request queue"}, "transit": {component.Network, "before or after the server's own times"},
	} {
		a, _ := explained(t, steady(with(entry, 4)), "", held{baseline: []*run.Run{base}, direct: true})
		if a.Status != report.AttrLikely || a.Question != report.QuestionRegression || len(a.Bottlenecks) != 1 {
			t.Errorf("%s: %s %s %v: %s", entry, a.Status, a.Question, a.Bottlenecks, a.Reason)
			continue
		}
		b := a.Bottlenecks[0]
		if b.Component != truth[0] || b.Detail != truth[1] || b.Remedy == "" {
			t.Errorf("%s: named %s, %s (%s)", entry, b.Component, b.Detail, b.Remedy)
		}
		if r := componentOf(t, a, truth[0]).Regression; math.Abs(*r-1) > 0.1 {
			t.Errorf("%s: %s explains %.2f of the difference", entry, truth[0], *r)
		}
		want(t, "confidence", a.Confidence, 1, 0.01)
	}
}

func TestSharesOfEachQuestionAddUp(t *testing.T) {
	a, _ := explained(t, steady(with("db-write", 4)), "", held{baseline: []*run.Run{steady(healthy)}, direct: true})
	for name, of := range map[string]func(report.Component) *float64{
		"share":      func(c report.Component) *float64 { return &c.Share },
		"tail":       func(c report.Component) *float64 { return c.Tail },
		"regression": func(c report.Component) *float64 { return c.Regression },
	} {
		sum := 0.0
		for _, c := range a.Components {
			sum += *of(c)
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s adds up to %v", name, sum)
		}
	}
}
