package lab

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/testbed/internal/fault"
)

func names(question string, pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, `{"component":"`+pairs[i]+`","detail":"`+pairs[i+1]+`"}`)
	}
	return `{"attribution":{"status":"likely","question":"` + question + `","bottlenecks":[` + strings.Join(list, ",") + `]}}`
}

func silent(code string) string {
	return `{"attribution":{"status":"inconclusive","reason_code":"` + code + `","bottlenecks":[]}}`
}

const nothing = `{"attribution":{"status":"none","bottlenecks":[],"dominant_cost":"graph"}}`

func TestAgainst(t *testing.T) {
	for _, tt := range []struct {
		fault, report string
		want          Mark
	}{
		{"db-pool", names("regression", "database", "pool exhaustion"), Right},
		{"db-pool", names("regression", "database", "row contention"), RightPart},
		{"db-pool", names("regression", "graph", "DAG building"), Wrong},
		{"db-pool", names("regression", "database", "pool exhaustion", "graph", "DAG building"), Wrong},
		{"db-pool", nothing, Silent},
		{"db-pool", silent("few_data"), Silent},
		{"db-pool", `{}`, Silent},
		{"db-index", names("regression", "database", "slow query (list)"), Right},
		{"slow", names("regression", "database", "anything"), Right},
		{"two", names("regression", "http_pool", "slow callee", "database", "commit/WAL"), Right},
		{"two", names("regression", "http_pool", "slow callee"), Partly},
		{"none", nothing, Right},
		{"none", silent("uncertain"), Right},
		{"none", names("regression", "database", "x"), Wrong},
		{"untraced", silent("unattributed"), Right},
		{"untraced", silent("few_data"), Unexpected},
		{"untraced", nothing, Unexpected},
		{"throttle", silent("host_wide"), Right},
		{"throttle", names("regression", "database", "x"), Wrong},
		{"leak", nothing, NotConcerned},
	} {
		f, _ := fault.Find(tt.fault)
		r := parsed(t, tt.report)
		if got := against(f, r).Mark; got != tt.want {
			t.Errorf("%s with %s is %q, want %q", tt.fault, tt.report, got, tt.want)
		}
	}
	for name, report := range map[string]string{"tenant": names("regression", "queue", "request queue"), "leak": nothing, "db-pool": silent("few_data")} {
		f, _ := fault.Find(name)
		if against(f, parsed(t, report)).Misnamed {
			t.Errorf("%s with %s names what isn't to blame", name, report)
		}
		if !against(f, parsed(t, names("regression", "graph", "x"))).Misnamed {
			t.Errorf("%s named graph, and that counts for nothing", name)
		}
	}
}

func TestAlone(t *testing.T) {
	found := func(name, drifts string) string {
		return `{"soak":{"findings":[{"name":"` + name + `","drifts":` + drifts + `}]}}`
	}
	for _, tt := range []struct {
		fault, report string
		want          Mark
	}{
		{"db-pool", names("load", "database", "pool exhaustion"), Right},
		{"db-pool", nothing, Silent},
		{"db-pool", names("load", "graph", "DAG building"), Wrong},
		{"graph-cpu", nothing, Right},
		{"graph-cpu", `{"attribution":{"status":"none","dominant_cost":"database"}}`, Unexpected},
		{"graph-cpu", `{"attribution":{"status":"inconclusive","dominant_cost":"database"}}`, Right},
		{"graph-cpu", `{}`, Silent},
		{"two", `{"attribution":{"status":"none","dominant_cost":"http_pool"}}`, Right},
		{"graph-cpu", names("load", "database", "pool exhaustion"), Wrong},
		{"graph-cpu", names("load", "graph", "DAG building"), Right},
		{"none", names("load", "queue", "request queue"), Wrong},
		{"leak", found("leak", "true"), Right},
		{"leak", found("leak", "false"), Silent},
		{"ws-memory", found("leak", "true"), Silent},
		{"ws-memory", found("connection_memory", "true"), Right},
		{"graph-memory", found("allocation", "true"), Right},
		{"graph-memory", `{}`, Silent},
		{"tenant", `{"run":{"fairness":{"jain":0.5,"ratio":1,"noisy":"acme"}}}`, Right},
		{"tenant", `{"run":{"fairness":{"jain":0.5,"ratio":1,"noisy":"globex"}}}`, Wrong},
		{"tenant", `{"run":{"fairness":{"jain":0.5,"ratio":3}}}`, Silent},
		{"tenant", `{}`, Silent},
	} {
		f, _ := fault.Find(tt.fault)
		r := parsed(t, tt.report)
		if got := alone(f, r).Mark; got != tt.want {
			t.Errorf("%s with %s is %q, want %q", tt.fault, tt.report, got, tt.want)
		}
	}
}

// The tenant that has to be named is the one that the load makes noisy.
func TestTheNoisyTenantIsTheLoads(t *testing.T) {
	for _, s := range Setups() {
		if !slices.Contains(s.Faults, "tenant") {
			continue
		}
		all := strings.Split(s.loadOf("tenant")["TENANTS"], ",")
		of := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name != noisyTenant })
		if 2*len(of) < len(all) {
			t.Errorf("%s sends %d of %d", noisyTenant, len(of), len(all))
		}
	}
}

// The parts of a difference are held against what the requests' own durations say.
func TestPartsAddUp(t *testing.T) {
	run := func(list, execute float64) *Report {
		return parsed(t, fmt.Sprintf(`{"run":{"endpoints":[{"name":"list","protocol":"http","method":"GET","count":100,"duration_ms":{"avg":%g}},
			{"name":"execute","protocol":"http","method":"POST","count":300,"duration_ms":{"avg":%g}},
			{"name":"new","protocol":"http","method":"GET","count":1000,"duration_ms":{"avg":1}}]}}`, list, execute))
	}
	healthy, faulty := run(2, 10), run(2, 30) // a mean of 15 ms more, of what both have
	healthy.Run.Endpoints = healthy.Run.Endpoints[:2]
	for _, tc := range []struct {
		excess string
		want   float64 // below 0: nothing to say
	}{
		{`{"question":"regression","hard":"this run","interval":[14,16],"parts":{"db-write":14,"transit":1}}`, 0},
		{`{"question":"regression","hard":"this run","interval":[14,16],"parts":{"db-write":11,"transit":1}}`, 0.2},
		{`{"question":"regression","hard":"this run, in new","interval":[14,16],"parts":{"db-write":11,"transit":1}}`, -1},
		{`{"question":"regression","hard":"this run","interval":[-1,16],"parts":{"db-write":11,"transit":1}}`, -1},
		{`{"question":"load","interval":[14,16],"parts":{"db-write":11,"transit":1}}`, -1},
	} {
		off := partsOff(parsed(t, `{"attribution":{"excess":[`+tc.excess+`]}}`), healthy, faulty)
		if (off == nil) != (tc.want < 0) || off != nil && math.Abs(*off-tc.want) > 1e-9 {
			t.Errorf("%s is off by %v, want %g", tc.excess, off, tc.want)
		}
	}
	if off := partsOff(&Report{}, healthy, faulty); off != nil {
		t.Errorf("no attribution is off by %v", *off)
	}
}

func parsed(t *testing.T, text string) *Report {
	t.Helper()
	r, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every fault of the catalogue is tried in one setup, after its healthy run.
func TestPlan(t *testing.T) {
	p := Plan{Databases: []string{Postgres}, Strong: 5, Mild: 2, Warmup: 5 * time.Second, Stay: 15 * time.Second}
	runs, keys := map[string]int{}, map[string]bool{}
	for _, trial := range p.Trials() {
		if keys[trial.Key()] {
			t.Errorf("%s twice", trial.Key())
		}
		if keys[trial.Key()] = true; !keys[trial.Healthy().Key()] {
			t.Errorf("%s comes before its healthy run", trial.Key())
		}
		runs[trial.Fault]++
	}
	for _, name := range fault.Names() {
		if runs[name] != 7 {
			t.Errorf("%d runs of %s, want 7", runs[name], name)
		}
	}
	p.Databases = []string{SQLite}
	for _, trial := range p.Trials() {
		if f, _ := fault.Find(trial.Fault); f.PostgreSQL {
			t.Errorf("%s on SQLite", trial.Key())
		}
	}
}

// A healthy run that something else slowed down is no baseline.
func TestDisturbed(t *testing.T) {
	l := &Lab{Plan: Plan{Warmup: 5 * time.Second, Stay: 15 * time.Second}}
	healthy, faulty := Trial{Setup: Setups()[0]}, Trial{Setup: Setups()[0], Fault: "callee"}
	if l.disturbed(healthy, 40*time.Second) || !l.disturbed(healthy, 52*time.Second) || l.disturbed(faulty, 52*time.Second) {
		t.Error("36 s of load in 40 s are not disturbed, in 52 s they are, and a faulty run never is")
	}
}

// judged is a strong fault with one report for all that was asked.
func judged(t *testing.T, name, text string) Scored {
	t.Helper()
	f, _ := fault.Find(name)
	r := parsed(t, text)
	return Scored{
		Trial: Trial{Setup: Setups()[0], Fault: name, Strength: fault.Strong, Seed: 1, Database: Postgres},
		Fault: f, Against: against(f, r), Alone: alone(f, r),
	}
}

// Without ids, nothing is the same answer as nothing only where nothing is right,
// and the same component with another sub-part is another answer.
func TestSameAnswerWithoutIDs(t *testing.T) {
	right, part := names("regression", "database", "commit/WAL"), names("regression", "database", "pool exhaustion")
	for _, tc := range []struct {
		fault, joined, unjoined string
		want                    count
	}{
		{"db-wal", right, right, count{1, 1}},
		{"db-wal", right, part, count{0, 1}},
		{"db-wal", right, silent("few_data"), count{0, 1}},
		{"db-wal", silent("few_data"), right, count{0, 1}},
		{"db-wal", silent("few_data"), silent("few_data"), count{}},
		{"none", nothing, nothing, count{1, 1}},
		{"untraced", silent("unattributed"), silent("few_data"), count{0, 1}},
	} {
		s := judged(t, tc.fault, tc.joined)
		other := judged(t, tc.fault, tc.unjoined).Against
		s.Unjoined = &other
		if got := Count([]Scored{s}).Unjoined; got != tc.want {
			t.Errorf("%s: %s, without ids %s, counts as %s", tc.fault, s.Against.Said, s.Unjoined.Said, got)
		}
	}
}

func TestConstantCosts(t *testing.T) {
	other := `{"attribution":{"status":"none","dominant_cost":"client"}}`
	n := Count([]Scored{judged(t, "graph-cpu", nothing), judged(t, "graph-cpu", other), judged(t, "db-pool", other), judged(t, "slow", other)})
	if n.Constant != (count{1, 2}) {
		t.Errorf("%s constant costs are dominant", n.Constant)
	}
}

func TestCounts(t *testing.T) {
	list := []Scored{
		judged(t, "db-wal", names("regression", "database", "commit/WAL")),
		judged(t, "db-wal", names("regression", "database", "pool exhaustion")),
		judged(t, "callee", names("regression", "graph", "DAG building")),
		judged(t, "none", nothing),
		judged(t, "two", silent("confidence")),
	}
	same, other := list[0].Against, list[2].Against
	list[0].Unjoined, list[1].Unjoined = &same, &other
	n := Count(list)
	if n.Component != (count{2, 3}) || n.Detail != (count{1, 3}) || n.WrongNew != (count{1, 3}) ||
		n.Controls != (count{1, 1}) || n.Two != (count{1, 1}) || n.FalseFind != (count{0, 1}) {
		t.Errorf("numbers %+v", n)
	}
	var b bytes.Buffer
	p := Plan{Databases: []string{Postgres}, Strong: 5, Warmup: 5 * time.Second, Stay: 15 * time.Second}
	if err := Page(&b, p, "lab -strong 5", "On a Sunday.", list); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"two rates of 15s each after 5s", "Made by `lab -strong 5`", "5 of the 110 faulty runs", "of its setup. On a Sunday.",
		"Not reached or not tried: strong fault against a healthy run: the right component (2 of 3, wanted all but 2 of 50)",
		"the right component | all but 2 of 50 | 2 of 3 | **no** |", "… a wrong component | at most 1 of 50 | 1 of 3 | **no** |",
		"19 of 20 | 1 of 1 | yes |", "9 of 10 | no runs | not tried |", "silence is right | 17 of 20 | 1 of 2 |", "| db-wal strong | database | | | | 2 | | | | | |",
		"| callee strong | http_pool | | | | | 1 | | | | |", "| none strong |  | | | | | | | | | 1 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}
