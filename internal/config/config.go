// Package config reads k6report.yaml: what a team wants of its runs (service
// levels, gates, accepted changes) and how its data is to be read (components,
// endpoints, dimensions).
//
// It decodes and validates bytes and knows the presets. It opens no file, reads
// no environment, and judges no run. Every key is optional: the zero Config is
// what an absent or empty file means.
package config

import (
	"slices"
	"time"

	"k6report/internal/threshold"
)

// Config is a valid k6report.yaml. Lists keep the file's order unless said
// otherwise.
type Config struct {
	// Preset is the preset asked for: PresetADR0003, PresetNone, or empty,
	// which leaves it to the run's suite tag: see [Config.Effective].
	Preset string

	ServiceLevels ServiceLevels
	Gates         []Gate // at most MaxGates; empty: chosen from the baseline's data
	Accepted      []Accepted
	Components    []ComponentRule // the first that matches counts: see [Config.Component]
	Endpoints     []EndpointRule  // the first that matches counts: see [Config.EndpointName]
	Dimensions    []string        // tags to keep with up to 1,000 values each, without repeats
	Metrics       []Metric        // sorted by name, one each
	Exclude       Exclude
	Capacities    []Capacity // sorted by component, one each
	Baseline      Baseline
	Publish       Publish

	mask func(string) string // see Masked
}

// Metric says what a script's own metric is, for sources that don't: CSV and
// InfluxDB.
type Metric struct {
	Name string
	Type string // counter, gauge, rate or trend
	// Time says that a trend's values are milliseconds.
	Time bool
}

// MaxGates is how many gates a file may set. Every further gate raises the
// chance that one of them is suspected on an unchanged build.
const MaxGates = 10

// Target is one thing a service level demands.
type Target struct {
	Expression threshold.Expression
	Source     string // the file's name as given to Parse, or "preset adr-0003"
}

// ServiceLevels are limits that every run is held against, whatever its
// baseline did.
type ServiceLevels struct {
	Endpoints []EndpointLevels // sorted by endpoint, one each

	ErrorBudgets []ErrorBudget // sorted by level, one each: see [ServiceLevels.ErrorBudget]
	TimeoutRate  []Target      // of requests that timed out, as a fraction
	Overhead     []Target      // of orchestration, in percent points (15 = 15 %)
	GraphBuild   []Target      // graph build time, in ms
}

// EndpointLevels are the targets of one endpoint: "rate" is its error rate as a
// fraction, every other statistic is of its request duration in ms.
type EndpointLevels struct {
	Endpoint string // the request's name, as in the report's endpoint table
	Targets  []Target
}

// ErrorBudget is the share of failed requests that a run of a level may have.
type ErrorBudget struct {
	Level  string // of the suite, such as "smoke"; empty: every level without its own
	Target Target
}

// Endpoint returns an endpoint's targets, nil when it has none.
func (s ServiceLevels) Endpoint(name string) []Target {
	for _, e := range s.Endpoints {
		if e.Endpoint == name {
			return e.Targets
		}
	}
	return nil
}

// ErrorBudget returns the error budget of a level, or the one for every level;
// false when neither is set.
func (s ServiceLevels) ErrorBudget(level string) (Target, bool) {
	for _, wanted := range []string{level, ""} {
		for _, b := range s.ErrorBudgets {
			if b.Level == wanted {
				return b.Target, true
			}
		}
	}
	return Target{}, false
}

// Statistic is what a gate compares: one of k6's statistics, or the average of
// the fastest part of the requests, which outliers don't move.
type Statistic struct {
	threshold.Statistic

	// FastestPercent is the part that an average is taken of, over 0 and up to
	// 100 (all); 0 for other statistics than the average.
	FastestPercent float64
}

// GateKey says what a gate looks at.
type GateKey struct {
	Metric    string // k6's name, never of a submetric
	Endpoint  string // the request's name; empty: the whole run
	Statistic Statistic
}

// Absolute reports whether changes of the gate are differences (of a share of
// requests, 0.001 = 0.1 percentage point) rather than ratios.
func (k GateKey) Absolute() bool { return k.Metric == "http_req_failed" || k.Metric == "checks" }

// Gate is a comparison with the baseline that may fail a build.
type Gate struct {
	GateKey

	// SmallestChange is the smallest change that matters, as a fraction of the
	// baseline's value, or as a difference where [GateKey.Absolute]. Over 0.
	SmallestChange float64
}

// Smallest changes that matter where a gate names none.
const (
	DefaultSmallestChange = 0.05  // relative
	DefaultSmallestRise   = 0.001 // of a share of requests
)

// Accepted is an intended change for the worse.
type Accepted struct {
	GateKey

	UpTo   float64 // as SmallestChange; a larger change is still a regression
	Reason string  // never empty
}

// Exclude says what is left out of endpoint statistics and comparisons.
type Exclude struct {
	WarmUp *time.Duration // from the start of the run; nil: found from the data; 0: nothing is cut
	Groups []string       // k6 group names with their leading "::"
}

// Capacity is the number of servers of a component, such as the connections of
// a pool: how many requests it can work on at once.
type Capacity struct {
	Component string
	Servers   int    // over 0
	Source    string // as Target.Source
}

// Baseline holds the file's values of the flags about baselines. Empty: not set.
type Baseline struct {
	Name        string // --baseline
	Store       string // --store
	ConfirmRuns int    // --confirm-runs, 1 or 2; 0: not set
}

// Publish holds the file's values of the flags about publishing. Empty: not set.
type Publish struct {
	Comment string // --comment: CommentAlways, CommentChanges or CommentRegressions
	Key     string // --key
	Thread  bool   // --thread
	Require bool   // --require-publish
}

// When a note is written on a merge request.
const (
	CommentAlways      = "always"
	CommentChanges     = "changes"
	CommentRegressions = "regressions"
)

// Component returns where a metric or Server-Timing name belongs by the file's
// rules; false when no rule matches. The part is empty when the rule has none.
func (c *Config) Component(name string) (component, part string, ok bool) {
	for _, rule := range c.Components {
		if rule.Match.Match(name) {
			return rule.Component, rule.Part, true
		}
	}
	return "", "", false
}

// EndpointName returns the endpoint of a request by the file's rules; false
// when no rule matches. An empty method matches only rules without one.
func (c *Config) EndpointName(method, url string) (string, bool) {
	for _, rule := range c.Endpoints {
		if (rule.Method == "" || rule.Method == method) && rule.URL.Match(url) {
			return rule.Name, true
		}
	}
	return "", false
}

// Capacity returns the number of servers of a component; false when unknown.
func (c *Config) Capacity(component string) (Capacity, bool) {
	i := slices.IndexFunc(c.Capacities, func(x Capacity) bool { return x.Component == component })
	if i < 0 {
		return Capacity{}, false
	}
	return c.Capacities[i], true
}
