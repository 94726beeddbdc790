package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/needs"
	"k6report/testbed/internal/store/postgres"
	"k6report/testbed/internal/suite"
	"k6report/testbed/internal/timing"
)

// trial is the load under which a fault shows, and what it has to come to.
type trial struct {
	fault    string
	flags    []string // of the healthy engine as well
	workflow string   // that is executed
	list     bool     // its executions are listed, too
	atOnce   int
	// What the parts that grow are multiplied by, at least. Without mild, only
	// the one setting is tried.
	strong, mild float64
	second       []string // parts that may grow as well, but less
}

// setting is a fault as the engine's flag names it, and the ratio that it comes to.
type setting struct {
	name  string
	ratio float64
}

func (tr trial) settings() []setting {
	list := []setting{{tr.fault, tr.strong}}
	if tr.mild > 0 {
		list = append(list, setting{tr.fault + "=" + string(fault.Mild), tr.mild})
	}
	return list
}

func trials() []trial {
	hold := []string{"--db-hold", "10ms"}
	quick := []string{"--callee-delay", "1ms"}
	rows := []string{"--db-rows", "60000"}
	return []trial{
		{fault: "db-pool", flags: hold, workflow: "order-chain", atOnce: 4, strong: 5, mild: 5},
		{fault: "db-row", flags: hold, workflow: "order-chain", atOnce: 4, strong: 2, mild: 2, second: []string{"db-pool-wait"}},
		{fault: "db-exec", flags: hold, workflow: "order-chain", atOnce: 4, strong: 2, mild: 2, second: []string{"db-pool-wait"}},
		{fault: "db-index", flags: rows, workflow: "order-chain", list: true, atOnce: 2, strong: 3, mild: 2},
		// One at a time: others would wait for the statistics' row until the commit, and writes grow with it.
		{fault: "db-wal", workflow: "order-chain", atOnce: 1, strong: 5, mild: 2},
		{fault: "slow=3", workflow: "order-chain", atOnce: 1, strong: 1.8},
		{fault: "graph-cpu", workflow: "mesh-36", atOnce: 1, strong: 20, mild: 5},
		{fault: "graph-regex", workflow: "report", atOnce: 1, strong: 2, mild: 1.3},
		{fault: "http-limit", flags: quick, workflow: "quotes-5", atOnce: 2, strong: 5, mild: 5},
		// A callee so slow that no connection is given back before the new ones are made.
		{fault: "http-churn", flags: []string{"--callee-delay", "15ms"}, workflow: "quotes-5", atOnce: 1, strong: 5, mild: 5},
		{fault: "http-dns", flags: quick, workflow: "quote", atOnce: 2, strong: 20, mild: 20, second: []string{"http-connect"}},
		{fault: "callee", flags: quick, workflow: "quote", atOnce: 2, strong: 5, mild: 2.5, second: []string{"http-pool-wait"}},
		{fault: "two", workflow: "quote", atOnce: 2, strong: 2, mild: 1.8},
	}
}

// parts are those of Server-Timing but the total.
func parts() []string {
	return []string{
		timing.Queue, timing.DBPoolWait, timing.DBWrite, timing.DBCommit, timing.DBRead, timing.DBTrace, timing.GraphBuild,
		timing.TemplateResolve, timing.HTTPPoolWait, timing.HTTPDNS, timing.HTTPConnect, timing.HTTPCall, timing.WSPublish,
		timing.Serialize, unnamed,
	}
}

// unnamed is what no part of Server-Timing covers.
const unnamed = "unnamed"

// components are the parts as the load test's analysis groups them.
func components() map[string][]string {
	groups := map[string][]string{}
	for _, part := range parts() {
		group := part
		switch {
		case strings.HasPrefix(part, "db-"):
			group = "database"
		case part == timing.GraphBuild || part == timing.TemplateResolve:
			group = "graph"
		case strings.HasPrefix(part, "http-"):
			group = "http_pool"
		case strings.HasPrefix(part, "ws-"):
			group = "websocket"
		}
		groups[group] = append(groups[group], part)
	}
	return groups
}

// clusterFor answers the URL of a PostgreSQL server that lives as long as the
// test, and skips where there is none.
func clusterFor(t *testing.T) string {
	t.Helper()
	needs.Time(t, "starts a server")
	cluster, err := suite.StartCluster(t.Context(), "../../scripts/postgres.sh")
	if errors.Is(err, suite.ErrNotInstalled) {
		needs.LeaveOut(t, "%v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return cluster.URL
}

// stage starts engines, each on a database of its own, and keeps the healthy
// ones.
type stage struct {
	postgres bool
	server   string // where databases are made
	made     int
	healthy  map[string]*process
}

func (s *stage) start(t *testing.T, flags ...string) *process {
	t.Helper()
	flags = append([]string{"--samples", "0"}, flags...)
	if !s.postgres {
		return startEngine(t, append([]string{"--db", ":memory:"}, flags...)...)
	}
	s.made++
	db, err := postgres.CreateDatabase(t.Context(), s.server, fmt.Sprintf("engine_%d", s.made), "")
	if err != nil {
		t.Fatal(err)
	}
	return startEngine(t, append([]string{"--db", db}, flags...)...)
}

func (s *stage) healthyOne(t *testing.T, flags []string) *process {
	t.Helper()
	key := strings.Join(flags, " ")
	if s.healthy[key] == nil {
		s.healthy[key] = s.start(t, flags...)
	}
	return s.healthy[key]
}

// Every fault of a bottleneck shows in the parts that the catalogue says, as a
// multiple of a healthy engine's under the same load, and nowhere else as much.
func TestFaultsOfTheDatabaseShow(t *testing.T) {
	tryAll(t, &stage{postgres: true, server: clusterFor(t)})
}

// Those that are not about PostgreSQL show without it.
func TestFaultsShow(t *testing.T) {
	needs.Time(t, "takes seconds")
	tryAll(t, &stage{})
}

func tryAll(t *testing.T, s *stage) {
	s.healthy = map[string]*process{}
	whole := t // the healthy engines outlive the subtests
	for _, tr := range trials() {
		for _, of := range tr.settings() {
			parsed, err := fault.Parse(of.name)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Fault.PostgreSQL != s.postgres {
				continue
			}
			t.Run(of.name, func(t *testing.T) {
				good := s.healthyOne(whole, tr.flags)
				bad := s.start(t, append(slices.Clone(tr.flags), "--fault", of.name)...)
				show(t, signals(parsed.Fault, of.ratio, tr.second), tr.pairs(t, good, bad, median))
				bad.stop(t)
			})
		}
	}
}

// What shows a fault must not show it in an engine that is well.
func TestAHealthyEngineShowsNoFault(t *testing.T) {
	good, other := onSQLite(t, "none")
	for _, tr := range []trial{
		{fault: "slow=3", workflow: "order-chain", atOnce: 1, strong: 1.8},
		{fault: "graph-regex", workflow: "report", atOnce: 1, strong: 1.3},
	} {
		parsed, err := fault.Parse(tr.fault)
		if err != nil {
			t.Fatal(err)
		}
		claims := signals(parsed.Fault, tr.strong, nil)[:1]
		if e := weigh(claims, tr.pairs(t, good, other, median))[0]; e.shown {
			t.Errorf("%s shows in a healthy engine: %v", tr.fault, e)
		}
	}
}

// signals are the claims by which a fault of parts shows: they grow, the other
// parts of their components don't, but for those that may, and no component
// does.
func signals(f fault.Fault, ratio float64, second []string) []claim {
	const flat, less, component = 0.4, 1, 0.7
	var claims []claim
	for _, part := range f.Parts {
		claims = append(claims, grows(part, ratio))
	}
	for name, group := range components() {
		own := slices.ContainsFunc(group, func(part string) bool { return slices.Contains(f.Parts, part) })
		if !own {
			claims = append(claims, growsLess(name, group, component, f.Parts))
		}
		for _, part := range group {
			switch {
			case slices.Contains(f.Parts, part):
			case slices.Contains(second, part):
				claims = append(claims, growsLess(part, []string{part}, less, f.Parts))
			default:
				claims = append(claims, growsLess(part, []string{part}, flat, f.Parts))
			}
		}
	}
	return claims
}

// onSQLite starts a healthy and a faulty engine without a server.
func onSQLite(t *testing.T, setting string, flags ...string) (good, bad *process) {
	t.Helper()
	needs.Time(t, "takes seconds")
	flags = append([]string{"--samples", "0"}, flags...)
	return startEngine(t, flags...), startEngine(t, append(flags, "--fault", setting)...)
}

// A fault that is added to the catalogue is tried by one of these tests, in both
// strengths.
func TestEveryFaultIsTried(t *testing.T) {
	files, err := filepath.Glob("*fault_test.go")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	var tests []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests = append(tests, text...)
	}
	tried := map[string]bool{}
	for _, tr := range trials() {
		for _, of := range tr.settings() {
			tried[of.name] = true
		}
	}
	// Those of other tests are settings in a list, or an engine's own.
	for _, found := range regexp.MustCompile(`\{"([a-z-]+(?:=[a-z]+)?)", [0-9.]+\}|onSQLite\(t, "([a-z=-]+)"`).FindAllSubmatch(tests, -1) {
		tried[string(found[1])+string(found[2])] = true
	}
	for _, name := range fault.Names() {
		switch name {
		case "none": // has no strength
			if !tried[name] {
				t.Errorf("no test tries %s", name)
			}
			continue
		case "slow": // has a factor
			if !tried["slow=3"] {
				t.Errorf("no test tries %s", name)
			}
			continue
		}
		for _, of := range []string{name, name + "=" + string(fault.Mild)} {
			if !tried[of] {
				t.Errorf("no test tries %s", of)
			}
		}
	}
}

func TestFaultsOfPostgreSQLDoNotStartOnSQLite(t *testing.T) {
	for _, f := range fault.Catalogue() {
		if !f.PostgreSQL {
			continue
		}
		for _, strength := range []fault.Strength{fault.Mild, fault.Strong} {
			err := run(t.Context(), []string{"--fault", f.Name + "=" + string(strength)}, io.Discard, io.Discard)
			if !errors.Is(err, fault.ErrUnsupported) || !errors.As(err, new(*usageError)) ||
				!strings.Contains(err.Error(), "unsupported") || !strings.Contains(err.Error(), f.Name) {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
}

// Whatever is said of faults on the command line is in the log, too, so that a
// faulty engine can't be taken for a healthy one.
func TestTheLogTellsFaults(t *testing.T) {
	p := startEngine(t, "--db", ":memory:", "--fault", "callee=mild", "--fault", "slow=1.5")
	p.stop(t)
	for _, want := range []string{"fault=callee=mild", "fault=slow=1.5"} {
		if !strings.Contains(strings.ReplaceAll(p.stderr.String(), `"`, ""), want) {
			t.Errorf("the log lacks %q:\n%s", want, &p.stderr)
		}
	}
}
