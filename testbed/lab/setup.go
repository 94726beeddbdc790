// Package lab is the laboratory: it gives a real engine a fault of a known
// kind, loads it with k6, lets k6report analyse the run, and counts how often
// the answer is the truth.
//
// It judges from outside: it runs programs and reads report.json.
package lab

import (
	"fmt"
	"slices"
	"time"

	"k6report/testbed/internal/fault"
)

// Setup is a configuration of engine and load that faults are put into. Runs
// of one setup are comparable; its healthy run is what its faults are held
// against.
type Setup struct {
	Name string
	// Flags are the engine's, healthy or not.
	Flags []string
	// Env are the settings of scenarios/lab.js.
	Env map[string]string
	// Listeners are connected to the hub all the time; Late ones come one by
	// one while the load runs.
	Listeners, Late int
	// Pause is how long a listener takes to read a message.
	Pause time.Duration
	// Rows says that the database starts with many executions.
	Rows bool
	// Faults are those that are tried in it.
	Faults []string
}

// rows is what the setup with many executions starts with.
const rows = 100_000

// Setups lists all of them. Rates keep the machine below about 60 % of two
// processors, so that what grows is the fault's and not the machine's.
func Setups() []Setup {
	env := func(workflows, low, high string, more ...string) map[string]string {
		e := map[string]string{"WORKFLOWS": workflows, "LOW": low, "HIGH": high}
		for i := 0; i+1 < len(more); i += 2 {
			e[more[i]] = more[i+1]
		}
		return e
	}
	return []Setup{
		{
			Name: "mixed", Env: env("order-chain,quote,report", "30", "70"),
			Faults: []string{"none", "db-wal", "callee", "http-dns", "untraced", "throttle", "slow", "leak"},
		},
		// Each execution commits once and waits for calls once, so that two equal faults
		// weigh alike; seldom enough that the statistics' row, which a slow commit keeps
		// locked, is waited for little (at 70/s of one workflow, seen: 26 ms of 49).
		{Name: "quotes", Env: env("quote,quotes-5", "14", "28", "EXECUTE", "0.8"), Faults: []string{"two"}},
		{
			Name: "held", Flags: []string{"--db-hold", "20ms"}, Env: env("order-chain,diamond", "15", "40", "EXECUTE", "0.8"),
			Faults: []string{"db-pool", "db-row", "db-exec"},
		},
		{
			Name: "rows", Flags: []string{"--db-rows", fmt.Sprint(rows)}, Rows: true,
			Env:    env("order-chain,diamond", "16", "32", "EXECUTE", "0.3", "READ", "list"),
			Faults: []string{"db-index"},
		},
		{Name: "mesh", Env: env("mesh-36", "15", "30", "EXECUTE", "0.8"), Faults: []string{"graph-cpu"}},
		{Name: "templates", Env: env("report", "15", "30", "EXECUTE", "0.8"), Faults: []string{"graph-regex"}},
		{Name: "wide", Env: env("layered-120", "6", "14", "EXECUTE", "0.8"), Faults: []string{"graph-memory"}},
		{
			Name: "calls", Flags: []string{"--callee-delay", "3ms"}, Env: env("quotes-5", "20", "50", "EXECUTE", "0.8"),
			Faults: []string{"http-limit"},
		},
		// A handshake costs both of its ends, which are one process here, more than all
		// else: at the rates of the calls it would take the machine.
		{
			Name: "handshakes", Flags: []string{"--callee-delay", "3ms"}, Env: env("quotes-5", "8", "20", "EXECUTE", "0.8"),
			Faults: []string{"http-churn"},
		},
		{
			Name: "listeners", Env: env("order-chain,diamond", "16", "36", "EXECUTE", "0.8"),
			Listeners: 2, Pause: 500 * time.Microsecond, Faults: []string{"ws-fanout"},
		},
		{
			Name: "connections", Flags: []string{"--hub-check", "15ms"},
			Env:    env("order-chain", "10", "20", "HUB_LOW", "20", "HUB_HIGH", "50"),
			Faults: []string{"ws-accept"},
		},
		{
			Name: "crowd", Env: env("order-chain,report", "12", "25"), Listeners: 20, Late: 150,
			Faults: []string{"ws-memory"},
		},
		{
			Name: "tenants", Env: env("quote", "30", "70", "EXECUTE", "0.8"), Faults: []string{"tenant"},
		},
	}
}

// loadOf is the load of a fault: one tenant's share is that of the load.
func (s Setup) loadOf(faultName string) map[string]string {
	e := map[string]string{}
	for name, value := range s.Env {
		e[name] = value
	}
	if faultName == "tenant" {
		e["TENANTS"] = "acme,acme,acme,acme,acme,acme,acme,acme,acme,acme,globex,initech"
	}
	return e
}

// Trial is one run of the laboratory.
type Trial struct {
	Setup    Setup
	Fault    string // "" for the healthy run of the setup
	Strength fault.Strength
	Seed     int
	Database string // Postgres or SQLite
}

// The databases that a trial may use.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// Key names the trial, and its folder.
func (t Trial) Key() string {
	if t.Fault == "" {
		return fmt.Sprintf("%s-%s-healthy", t.Database, t.Setup.Name)
	}
	return fmt.Sprintf("%s-%s-%s-%s-%d", t.Database, t.Setup.Name, t.Fault, t.Strength, t.Seed)
}

// Healthy is the trial that this one is held against.
func (t Trial) Healthy() Trial {
	return Trial{Setup: t.Setup, Database: t.Database}
}

// Plan says what to run.
type Plan struct {
	Databases    []string
	Faults       []string      // nil for all
	Strong, Mild int           // seeds of each
	Warmup, Stay time.Duration // before, and of each of the two loads
	FirstSeed    int           // 0 as 1; others for runs that rules were tuned on
}

// climb is what scenarios/lab.js takes from the first load to the second.
const climb = time.Second

// lasts is how long the load of a trial lasts.
func (p Plan) lasts() time.Duration { return p.Warmup + 2*p.Stay + climb }

// Trials lists the runs in order: every fault strong with the first seed, then
// with the next, then mild, so that what an interrupted laboratory has is spread
// over the catalogue; each setup's healthy run comes before its first fault. A
// fault that the database can't have is left out.
func (p Plan) Trials() []Trial {
	var list []Trial
	begun := map[string]bool{}
	for _, of := range []struct {
		strength fault.Strength
		seeds    int
	}{{fault.Strong, p.Strong}, {fault.Mild, p.Mild}} {
		for seed := range of.seeds {
			for _, t := range p.pairs() {
				if healthy := t.Healthy(); !begun[healthy.Key()] {
					begun[healthy.Key()] = true
					list = append(list, healthy)
				}
				t.Strength, t.Seed = of.strength, max(1, p.FirstSeed)+seed
				list = append(list, t)
			}
		}
	}
	return list
}

// pairs lists the faults of each database, in the setups they are tried in.
func (p Plan) pairs() []Trial {
	var list []Trial
	for _, db := range p.Databases {
		for _, s := range Setups() {
			for _, name := range s.Faults {
				f, _ := fault.Find(name)
				if (f.PostgreSQL || s.Rows) && db != Postgres || p.Faults != nil && !slices.Contains(p.Faults, name) {
					continue
				}
				list = append(list, Trial{Setup: s, Fault: name, Database: db})
			}
		}
	}
	return list
}
