package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"k6report/internal/threshold"
)

const file = "k6report.yaml"

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse(file, []byte(text))
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return c
}

func own(t *testing.T, expressions ...string) []Target {
	t.Helper()
	targets := make([]Target, len(expressions))
	for i, text := range expressions {
		expression, err := threshold.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		targets[i] = Target{expression, file}
	}
	return targets
}

func statistic(t *testing.T, text string) Statistic {
	t.Helper()
	s, err := ParseStatistic(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseWhole(t *testing.T) {
	c := parse(t, `
preset: adr-0003
service_levels:
  endpoints:
    "GET /b": p(50) < 20
    checkout: [med<100, p(95)<500, "rate<0.001"]
  error_rate: {stress: rate<0.02, default: rate<=0.01}
  timeout_rate: rate<0.05
  overhead:
    - avg<15
    - p(95)<30
  graph_build: p(95)<5
accepted:
  - {endpoint: checkout, statistic: p(95), up_to: 150%, reason: "signed, !12"}
gates:
  - {endpoint: checkout, statistic: p(95), smallest_change: 0.1}
  - {statistic: avg(95)}
  - {metric: http_req_failed, statistic: rate}
components:
  - {match: "redis_*", component: database, part: wait}
endpoints:
  - {url: "/api/*", name: api, method: get}
dimensions: [tenant, region]
metrics: {queue_depth: gauge, db_wait: time}
exclude:
  warm_up: 1m30s
  groups: [login, "::browse::list"]
capacities: {http_pool: 64, database: 100}
baseline: {name: main, store: "gitlab:", confirm_runs: 1}
publish: {comment: changes, key: nightly, thread: true, require: false}
`)

	warmUp := 90 * time.Second
	want := &Config{
		Preset: "adr-0003",
		ServiceLevels: ServiceLevels{
			Endpoints: []EndpointLevels{
				{"GET /b", own(t, "p(50)<20")},
				{"checkout", own(t, "med<100", "p(95)<500", "rate<0.001")},
			},
			ErrorBudgets: []ErrorBudget{
				{"", own(t, "rate<=0.01")[0]},
				{"stress", own(t, "rate<0.02")[0]},
			},
			TimeoutRate: own(t, "rate<0.05"),
			Overhead:    own(t, "avg<15", "p(95)<30"),
			GraphBuild:  own(t, "p(95)<5"),
		},
		Gates: []Gate{
			{GateKey{"http_req_duration", "checkout", statistic(t, "p(95)")}, 0.1},
			{GateKey{"http_req_duration", "", statistic(t, "avg(95)")}, 0.05},
			{GateKey{"http_req_failed", "", statistic(t, "rate")}, 0.001},
		},
		Accepted: []Accepted{
			{GateKey{"http_req_duration", "checkout", statistic(t, "p(95)")}, 1.5, "signed, !12"},
		},
		Components: c.Components, // held below: patterns don't compare
		Endpoints:  c.Endpoints,
		Dimensions: []string{"tenant", "region"},
		Metrics:    []Metric{{Name: "db_wait", Type: "trend", Time: true}, {Name: "queue_depth", Type: "gauge"}},
		Exclude:    Exclude{&warmUp, []string{"::login", "::browse::list"}},
		Capacities: []Capacity{{"database", 100, file}, {"http_pool", 64, file}},
		Baseline:   Baseline{"main", "gitlab:", 1},
		Publish:    Publish{"changes", "nightly", true, false},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("Parse =\n%+v, want\n%+v", c, want)
	}

	if component, part, ok := c.Component("redis_get_ms"); component != "database" || part != "wait" || !ok {
		t.Errorf("Component = %q, %q, %v", component, part, ok)
	}
	if _, _, ok := c.Component("db_get_ms"); ok {
		t.Error("a rule matches db_get_ms")
	}
	if name, ok := c.EndpointName("GET", "http://h/api/x"); name != "api" || !ok {
		t.Errorf("EndpointName = %q, %v", name, ok)
	}
	if name, ok := c.EndpointName("POST", "http://h/api/x"); ok {
		t.Errorf("EndpointName of a POST = %q", name)
	}
	if budget, ok := c.ServiceLevels.ErrorBudget("stress"); !ok || budget.Expression.String() != "rate<0.02" {
		t.Errorf("budget of stress = %v, %v", budget, ok)
	}
	if budget, ok := c.ServiceLevels.ErrorBudget("smoke"); !ok || budget.Expression.String() != "rate<=0.01" {
		t.Errorf("budget of smoke = %v, %v", budget, ok)
	}
}

func TestParseSetsNothing(t *testing.T) {
	for _, text := range []string{
		"", "\n", "# prose\n", "---\n", "{}", "null", "\ufeff# x\r\n",
		"gates:\nservice_levels:\n  endpoints:\nexclude: {}\naccepted: ~\ncapacities:\n",
		"service_levels:\n  endpoints:\n    checkout: []\n",
	} {
		if c := parse(t, text); !reflect.DeepEqual(c, &Config{}) {
			t.Errorf("Parse(%q) = %+v", text, c)
		}
	}
}

func TestParseYAMLForms(t *testing.T) {
	want := parse(t, "dimensions: [a, b]\nbaseline: {name: main}")
	for _, text := range []string{
		"dimensions:\n- a\n- b\nbaseline:\n  name: main\n",
		"\ufeffdimensions: ['a', \"b\"]\r\nbaseline: {name: main}\r\n",
		`{"dimensions": ["a", "b"], "baseline": {"name": "main"}}`,
		"dimensions: [&x a, b]\nbaseline: &y {name: !!str main}\n",
	} {
		if c := parse(t, text); !reflect.DeepEqual(c, want) {
			t.Errorf("Parse(%q) = %+v, want %+v", text, c, want)
		}
	}
	c := parse(t, "service_levels:\n  endpoints:\n    a: &fast [p(95)<50]\n    b: *fast\n")
	if !reflect.DeepEqual(c.ServiceLevels.Endpoint("b"), own(t, "p(95)<50")) {
		t.Errorf("an alias reads as %v", c.ServiceLevels.Endpoint("b"))
	}
	// The length of a warm-up that isn't set and of one that is 0 differ.
	if c := parse(t, "exclude: {warm_up: 0s}"); c.Exclude.WarmUp == nil || *c.Exclude.WarmUp != 0 {
		t.Errorf("warm_up: 0s reads as %v", c.Exclude.WarmUp)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // one for each mistake, without the file's name
	}{
		{"unknown key", "\ngatess: []\n", []string{`2:1: unknown key "gatess" in the configuration; did you mean "gates"?`}},
		{"unknown key below", "exclude:\n  warmup: 3s\n", []string{`2:3: unknown key "warmup" in exclude; did you mean "warm_up"?`}},
		{"unknown key, nothing near", "exclude: {é: 1, xyz: 3s}\n", []string{
			`1:11: unknown key "é" in exclude; use warm_up, groups`,
			`1:17: unknown key "xyz" in exclude; use warm_up, groups`,
		}},
		{"secret", "publish:\n  gitlab_token: glpat\n", []string{`2:3: unknown key "gitlab_token" in publish; credentials come from the environment only, take it out of the file`}},
		{"merge key", "x: &x {a: 1}\n<<: *x\n", []string{
			`1:1: unknown key "x" in the configuration; use preset, service_levels, gates, accepted, components, endpoints, dimensions, metrics, exclude, capacities, baseline, publish`,
			`2:1: a key of the configuration must be a plain word`,
		}},
		{"root", "- a\n", []string{"1:1: the configuration must be a mapping, not a list; write `key: value` lines below it"}},
		{"second document", "---\npreset: none\n---\npreset: none\n", []string{"4:1: a second document in one file; take the `---` out"}},
		{"twice", "preset: none\npreset: none\n", []string{`2:1: not YAML: mapping key "preset" already defined at [1:1]`}},
		{"syntax", "gates: [\n", []string{"1:8: not YAML: sequence end token ']' not found"}},
		{"flow too deep", "x:\n  " + strings.Repeat("[", 100_000), []string{"2:23: lists and mappings are nested more than 20 deep"}},
		{"mappings too deep", strings.Repeat("{a: ", 50_000), []string{"1:81: lists and mappings are nested more than 20 deep"}},
		{"entries too deep", strings.Repeat("- ", 100_000), []string{"1:41: lists and mappings are nested more than 20 deep"}},
		{"preset", "preset: adr-3\n", []string{`1:9: preset can't be "adr-3"; use adr-0003, none`}},
		{"alias", "dimensions: *nothing\n", []string{`1:13: there is no anchor &nothing before this`}},
		{"expression", "service_levels:\n  overhead: avg<15%\n", []string{`2:13: threshold "avg<15%", character 5: "15%" is not a number`}},
		{"method", "service_levels: {overhead: rate<0.15}\n", []string{`1:28: overhead can't use rate; use avg, min, max, med, p(N)`}},
		{"fraction", "service_levels: {timeout_rate: rate<5}\n", []string{`1:32: the limit of "rate<5" is over 1; rates are fractions: 5 % is 0.05`}},
		{"limit", "service_levels: {graph_build: [p(95)<-5, avg<inf]}\n", []string{
			`1:32: the limit of "p(95)<-5" must be a number from 0 up`,
			`1:42: the limit of "avg<+Inf" must be a number from 0 up`,
		}},
		{"lower budget", "service_levels:\n  error_rate: {smoke: rate>0.1}\n", []string{`2:23: an error budget is an upper limit, not ">"; write rate<0.01`}},
		{"list of budgets", "service_levels:\n  error_rate: {smoke: [rate<0.1]}\n", []string{`2:23: an error_rate must be a single value, not a list`}},
		{"limit twice", "service_levels:\n  endpoints:\n    a: [med<5, p(50)<6]\n", []string{`3:16: the targets of a limit p(50) twice: "med<5" and "p(50)<6"`}},
		{"targets", "service_levels:\n  endpoints:\n    a: {p95: 500}\n", []string{"3:8: the targets of a must be a list, not a mapping; begin each element with `- `"}},
		{"hostile name", "service_levels: {endpoints: {\"a\\nb\": rate<2, c: {}}}", []string{
			`1:38: the limit of "rate<2" is over 1; rates are fractions: 5 % is 0.05`,
			"1:49: the targets of c must be a list, not a mapping; begin each element with `- `",
		}},
		{"hostile name, shown", "service_levels: {endpoints: {\"a\\nb\": count<2}}", []string{
			`1:38: the targets of "a\nb" can't use count; use avg, min, max, med, p(N), rate`,
		}},
		{"empty element", "dimensions: [a, ]\nexclude:\n  groups:\n  -\n", []string{"4:5: groups has an empty element"}},
		{"metric type", "metrics: {a: histogram}", []string{`1:14: the type of a can't be "histogram"; use counter, gauge, rate, trend, time`}},
		{"dimension twice", "dimensions: [a, a]", []string{`1:17: dimensions has "a" twice`}},
		{"gate without statistic", "gates:\n  - endpoint: a\n", []string{`2:5: a gate has no statistic`}},
		{"gate that isn't one", "gates:\n  - p(95)\n", []string{"2:5: a gate must be a mapping, not a single value; write `key: value` lines below it"}},
		{"gate statistic", "gates: [{statistic: max}, {statistic: count}, {statistic: p(100)}, {statistic: avg(0)}, {statistic: p95}]", []string{
			`1:21: max rests on a single request and can't be a gate`,
			`1:39: count can't be a gate: use avg, avg(N), med, p(N) or rate`,
			`1:59: p(100) rests on a single request and can't be a gate`,
			`1:80: statistic "avg(0)": write avg(N) with N over 0 and at most 100`,
			`1:101: statistic "p95", character 1: "p95" is no aggregation method: use count, rate, value, avg, min, med, max or p(N)`,
		}},
		{"gate type", "gates: [{metric: http_reqs, statistic: avg(95)}]", []string{`1:9: a gate on http_reqs: the metric has no avg(95), use rate`}},
		{"gate type of a trend", "gates: [{statistic: rate}]", []string{`1:9: a gate on http_req_duration: the metric has no rate, use avg, avg(N), med or p(N)`}},
		{"gate type of a browser's metric", "gates: [{metric: browser_http_req_failed, statistic: p(95)}, {metric: browser_web_vital_lcp, statistic: rate}, {metric: grpc_streams, statistic: med}]", []string{
			`1:9: a gate on browser_http_req_failed: the metric has no p(95), use rate`,
			`1:62: a gate on browser_web_vital_lcp: the metric has no rate, use avg, avg(N), med or p(N)`,
			`1:112: a gate on grpc_streams: the metric has no med, use rate`,
		}},
		{"gate on users", "gates: [{metric: vus, statistic: avg}]", []string{`1:9: a gate on vus: numbers of virtual users are what was asked for, not what was measured`}},
		{"gate submetric", "gates: [{metric: 'm{a:1}', statistic: avg}]", []string{"1:18: a gate's metric can't be the submetric \"m{a:1}\"; name the part with `endpoint:`"}},
		{"gate metric", "gates: [{metric: 'a b', statistic: avg}]", []string{`1:18: "a b" can't be a metric's name`}},
		{"gate twice", "gates: [{statistic: avg}, {metric: http_req_duration, statistic: avg(100)}]", []string{`1:27: a second gate on avg of http_req_duration`}},
		{"smallest change", "gates: [{statistic: avg, smallest_change: 5}, {statistic: med, smallest_change: 0%}, {statistic: p(90), smallest_change: ten}]", []string{
			`1:43: smallest_change must be over 0 and at most 1 (100%), not "5"`,
			`1:81: smallest_change must be over 0 and at most 1 (100%), not "0%"`,
			`1:122: smallest_change must be a fraction such as 0.05 or 5%, not "ten"`,
		}},
		{"accepted without reason", "accepted:\n- {statistic: avg, up_to: 5%, reason: ''}\n- {statistic: med, reason: x}", []string{
			`2:39: reason is empty`,
			`3:3: an accepted change has no up_to`,
		}},
		{"accepted, no gate", "accepted:\n- {statistic: avg, up_to: 5%, reason: x}\ngates:\n- {statistic: med}\n", []string{
			`2:3: no gate looks at avg of http_req_duration; the gates are: med of http_req_duration`,
		}},
		{"accepted twice", "accepted: [{statistic: avg, up_to: 5%, reason: x}, {statistic: avg, up_to: 6%, reason: y}]", []string{
			`1:52: avg of http_req_duration is accepted twice; keep the larger one`,
		}},
		{"component", "components:\n- {match: a, component: databse}\n- {component: graph}\n", []string{
			`2:25: component can't be "databse"; did you mean "database"?`,
			`3:3: a component rule has no match`,
		}},
		{"endpoint", "endpoints:\n- {url: /a}\n- {name: }\n", []string{
			`2:3: an endpoint rule has no name`,
			`3:3: an endpoint rule has no url`,
			`3:3: an endpoint rule has no name`,
		}},
		{"warm-up", "exclude: {warm_up: 30}", []string{`1:20: warm_up can't be "30"; write it with a unit: 30s, 1m30s, or 0s for no cut`}},
		{"negative warm-up", "exclude: {warm_up: -3s}", []string{`1:20: warm_up can't be "-3s"; write it with a unit: 30s, 1m30s, or 0s for no cut`}},
		{"capacity", "capacities: {client: 3, http-pool: 3, database: 0, graph: 1.5}", []string{
			`1:14: capacities can't have "client"; use ` + strings.Join(countedComponents(), ", "),
			`1:25: capacities can't have "http-pool"; did you mean "http_pool"?`,
			`1:49: the capacity of database must be a whole number from 1 to 1000000, not "0"`,
			`1:59: the capacity of graph must be a whole number from 1 to 1000000, not "1.5"`,
		}},
		{"store", "baseline: {store: 'https://me:pw@host/x'}", []string{`1:19: store holds a user name or password; credentials come from the environment only`}},
		{"confirm runs", "baseline: {confirm_runs: 3}", []string{`1:26: confirm_runs must be a whole number from 1 to 2, not "3"`}},
		{"comment", "publish: {comment: allways}", []string{`1:20: comment can't be "allways"; did you mean "always"?`}},
		{"boolean", "publish: {thread: yes}", []string{`1:19: thread can't be "yes"; use true, false`}},
		{"single value", "baseline: {name: [a]}", []string{`1:18: name must be a single value, not a list`}},
		{"in order", "publish: {x: 1}\npreset: none\nexclude: {y: 1}\naccepted: [{z: 1, statistic: avg, up_to: 1%, reason: r}]\ngates: [{q: 1, statistic: avg}]", []string{
			`1:11: unknown key "x" in publish; use comment, key, thread, require`,
			`3:11: unknown key "y" in exclude; use warm_up, groups`,
			`4:13: unknown key "z" in an accepted change; use metric, endpoint, statistic, up_to, reason`,
			`5:10: unknown key "q" in a gate; use metric, endpoint, statistic, smallest_change`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse(file, []byte(tt.text))
			if err == nil {
				t.Fatalf("Parse = %+v, want an error", c)
			}
			want := file + ":" + strings.Join(tt.want, "\n"+file+":")
			if err.Error() != want {
				t.Errorf("error\n%s\nwant\n%s", err, want)
			}
			var at *Error
			if !errors.As(err, &at) || at.File != file || at.Line == 0 || at.Column == 0 {
				t.Errorf("error %#v has no place", err)
			}
		})
	}
}

func TestParseTooMany(t *testing.T) {
	gate := func(i int) string {
		return "- {statistic: p(" + strings.Repeat("1", i%2+1) + "." + strings.Repeat("1", i+1) + ")}\n"
	}
	gates := "gates:\n"
	for i := range MaxGates {
		gates += gate(i)
	}
	if c := parse(t, gates); len(c.Gates) != MaxGates {
		t.Errorf("%d gates, want %d", len(c.Gates), MaxGates)
	}
	_, err := Parse(file, []byte(gates+gate(MaxGates)))
	want := file + ":12:3: more than 10 gates; keep the ones that matter: each one more raises false alarms"
	if err == nil || err.Error() != want {
		t.Errorf("an 11th gate: %v, want %s", err, want)
	}

	_, err = Parse(file, []byte("dimensions: ["+strings.Repeat("a,", 100)+"]"))
	if lines := strings.Split(err.Error(), "\n"); len(lines) != maxErrors+1 || lines[maxErrors] != file+": and 79 more mistakes" {
		t.Errorf("99 mistakes print %d lines, the last %q", len(lines), lines[len(lines)-1])
	}

	_, err = Parse(file, []byte(strings.Repeat("#", maxSize+1)))
	if want := file + ": 262145 bytes are more than a configuration's limit of 262144"; err == nil || err.Error() != want {
		t.Errorf("a huge file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Template())
	f.Add(uncomment(Template()))
	for _, seed := range []string{
		"a: &a [*a]", "? [x]\n: 3", "gates: [{statistic: p(95), smallest_change: 5%}]", "<<: *x", "exclude: |\n  x\n",
		"capacities: {database: 1e3}", "service_levels: {error_rate: {default: rate<1}}", "- - - -", "!!binary x: y",
		"accepted:\n- {up_to: .inf}", "%YAML 1.2\n---\n", "preset: &x\ndimensions: *x", "endpoints: [{url: '**/*?', name: 'x'}]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(file, []byte(text))
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v", c, err)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), file+":") {
				t.Fatalf("error %q doesn't name the file", err)
			}
			return
		}
		if len(c.Gates) > MaxGates {
			t.Fatalf("%d gates", len(c.Gates))
		}
		for _, gate := range c.Gates {
			again, err := ParseStatistic(gate.Statistic.String())
			if err != nil || again != gate.Statistic || !(gate.SmallestChange > 0) {
				t.Fatalf("gate %+v: its statistic reads again as %v, %v", gate, again, err)
			}
		}
		for _, rule := range c.Components {
			if rule.Component == "" || rule.Match.String() == "" {
				t.Fatalf("component rule %+v", rule)
			}
		}
		c.Component("db")
		c.EndpointName("GET", "https://host/path?x")
		c.Effective("adr-0003")
	})
}
