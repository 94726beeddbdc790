package run

import (
	"time"
)

// Run is one execution of k6 as measured. All slices are in a fixed order (see
// each), so that equal runs are equal bytes in a snapshot. Callers must not
// change a Run.
type Run struct {
	// ID identifies the run: its testid tag and start, else a hash of its
	// content. Never empty.
	ID string
	// Labels are what the user said of the run (--label commit=…), by name.
	Labels []Tag
	// Started is the earliest start of a sample, Ended the latest sample, in
	// nanoseconds since the Unix epoch. Both are 0 when there are no samples.
	Started, Ended int64
	// Sources are the inputs, in order of their names.
	Sources []Source
	// Metrics are in order of their names.
	Metrics []Metric
	// Series are in order of their keys.
	Series []Series
	// WindowLength is the length of a Window: a power of two of seconds.
	WindowLength time.Duration
	// Requests are the request tables; empty without samples of requests.
	Requests Requests
	// Folding says which tags were given up to keep the run small.
	Folding Folding
	// Plan is what k6 was asked to do; nil when unknown.
	Plan *Plan
	// Reported is what k6 said of the run in a summary; nil when unknown.
	Reported *Reported
	// Execution is how the k6 process went; nil when unknown.
	Execution *Execution
	// Problems are what was lost or doubtful while reading, in order of code
	// and place.
	Problems []Problem
}

// Source is one input of a run.
type Source struct {
	Name   string `json:"name"`
	Format string `json:"format"` // as ingest calls it: "k6-json", "csv", "summary" …
	// Lines were read, Samples taken from them, Skipped left out because they
	// could not be understood. All are 0 for a format without samples.
	Lines   int64 `json:"lines,omitempty"`
	Samples int64 `json:"samples,omitempty"`
	Skipped int64 `json:"skipped,omitempty"`
}

// MetricType is one of k6's four, or unknown.
type MetricType uint8

// The types of metrics. The zero value is an unknown type: samples were seen,
// but nothing said what they are.
const (
	Unknown MetricType = iota
	Counter
	Gauge
	Rate
	Trend
)

var typeNames = [...]string{"", "counter", "gauge", "rate", "trend"}

// String is k6's word for the type, "" for Unknown.
func (t MetricType) String() string {
	if int(t) >= len(typeNames) {
		return ""
	}
	return typeNames[t]
}

// ParseMetricType reads k6's word; other words are Unknown.
func ParseMetricType(s string) MetricType {
	for t, name := range typeNames {
		if name == s {
			return MetricType(t)
		}
	}
	return Unknown
}

// Metric is a metric's definition.
type Metric struct {
	Name string     `json:"name" mask:"metric"`
	Type MetricType `json:"type"`
	// Contains is k6's "default", "time" (milliseconds) or "data" (bytes); ""
	// when unknown.
	Contains string `json:"contains,omitempty"`
	// Thresholds are expressions in k6's grammar, sorted, without duplicates.
	Thresholds []string `json:"thresholds,omitempty"`
	// Submetrics are in order of their names.
	Submetrics []Submetric `json:"submetrics,omitempty"`
	// Wanted is how much its column in the request tables is wanted, of a metric
	// joined to requests: see [Options]. NoColumn says that it has none, for want
	// of room: its samples are in its series only.
	Wanted   int  `json:"wanted,omitempty"`
	NoColumn bool `json:"no_column,omitempty"`
}

// Submetric is the part of a metric whose samples carry all its tags.
type Submetric struct {
	Name string `json:"name" mask:"metric"` // as k6 writes it: metric{tag:value}
	Tags []Tag  `json:"tags"`
}

// Stats are the exact facts about a set of samples. The zero value is empty.
type Stats struct {
	Count   uint64 // samples
	Nonzero uint64 // samples other than 0: what a rate counts as passes
	// Outside counts samples of magnitude 2^40 and above, which Sum leaves out.
	Outside  uint64
	Sum      Sum
	Min, Max float64 // 0 when Count is 0
}

// Mean is the arithmetic mean; ok is false when there are no samples, or when
// some lie outside the domain of sums.
func (s Stats) Mean() (mean float64, ok bool) {
	if s.Count == 0 || s.Outside > 0 {
		return 0, false
	}
	return s.Sum.Float() / float64(s.Count), true
}

// Series is all samples of a metric with the same tags.
type Series struct {
	Key
	Stats
	// Latest is the sample with the highest time; of several, the highest value.
	Latest Point
	// Sketch is the distribution at FineBits; nil for types other than Trend
	// and Unknown.
	Sketch *Sketch
	// Windows hold samples, in order of time.
	Windows []Window
}

// Point is a value at a time, in nanoseconds since the Unix epoch.
type Point struct {
	Time  int64
	Value float64
}

func (p Point) before(o Point) bool {
	return p.Time < o.Time || p.Time == o.Time && p.Value < o.Value
}

// Window is the part of a series between Index and Index+1 window lengths
// after the Unix epoch, half-open.
type Window struct {
	Index int64
	Count uint64
	Sum   Sum // without samples outside the domain
}

// Plan is what k6 was asked to do, from k6 inspect.
type Plan struct {
	Scenarios []Scenario `json:"scenarios"` // by name
	// Thresholds are by metric or submetric name.
	Thresholds []MetricThresholds `json:"thresholds,omitempty"`
	// MaxVUs is the highest number of virtual users the plan may need.
	MaxVUs int64 `json:"max_vus,omitempty"`
}

// MetricThresholds are the threshold expressions on one metric or submetric.
type MetricThresholds struct {
	Metric      string   `json:"metric" mask:"metric"`
	Expressions []string `json:"expressions"`
}

// Scenario is one entry of k6's scenarios. Durations are in nanoseconds.
type Scenario struct {
	Name     string `json:"name"`
	Executor string `json:"executor"`
	// Start is the offset from the start of the test.
	Start time.Duration `json:"start,omitempty"`
	// Duration is the scheduled time without the graceful stop; 0 where the
	// executor has no fixed one and no limit is known.
	Duration time.Duration `json:"duration,omitempty"`
	// Rate is iterations per TimeUnit of constant-arrival-rate, and the start
	// rate of ramping-arrival-rate; 0 for closed models.
	Rate     float64       `json:"rate,omitempty"`
	TimeUnit time.Duration `json:"time_unit,omitempty"`
	// VUs is the number of virtual users at the start (closed models) or
	// allocated beforehand (arrival rates).
	VUs    int64 `json:"vus,omitempty"`
	MaxVUs int64 `json:"max_vus,omitempty"`
	// Iterations is the total of the two iteration executors; for
	// per-vu-iterations it is a virtual user's.
	Iterations int64   `json:"iterations,omitempty"`
	Stages     []Stage `json:"stages,omitempty"`
}

// Stage is one stage of a ramping executor: the target is virtual users, or
// iterations per time unit.
type Stage struct {
	Duration time.Duration `json:"duration"`
	Target   float64       `json:"target"`
}

// Reported is what k6 itself said of the run in a summary.
type Reported struct {
	Metrics []ReportedMetric `json:"metrics"` // by name, submetrics included
	Checks  []ReportedCheck  `json:"checks,omitempty"`
	// Duration is k6's own duration of the run; 0 when it can't be known.
	Duration time.Duration `json:"duration,omitempty"`
}

// ReportedMetric is one metric of a summary.
type ReportedMetric struct {
	Name       string              `json:"name" mask:"metric"`
	Type       MetricType          `json:"type,omitempty"`
	Values     []ReportedValue     `json:"values"` // by name
	Thresholds []ReportedThreshold `json:"thresholds,omitempty"`
}

// Value is a reported value by k6's name; ok is false when it isn't there.
func (m ReportedMetric) Value(name string) (value float64, ok bool) {
	for _, v := range m.Values {
		if v.Name == name {
			return v.Value, true
		}
	}
	return 0, false
}

// ReportedValue is a statistic under k6's name for it, such as "p(95)".
type ReportedValue struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// ReportedThreshold is k6's own verdict.
type ReportedThreshold struct {
	Expression string `json:"expression"`
	OK         bool   `json:"ok"`
}

// ReportedCheck is a check as a summary counts it.
type ReportedCheck struct {
	Group  string `json:"group"` // k6's path, such as "::login"; "" is the root
	Name   string `json:"name"`
	Passes uint64 `json:"passes"`
	Fails  uint64 `json:"fails"`
}

// Execution is how the k6 process went.
type Execution struct {
	K6Version string `json:"k6_version,omitempty"`
	ExitCode  int    `json:"exit_code"`
	// Meaning is the exit code in words; "" when unknown.
	Meaning string `json:"meaning,omitempty"`
	// CPU and Wall are the process' processor and elapsed time, in seconds.
	CPU  float64 `json:"cpu_s,omitempty"`
	Wall float64 `json:"wall_s,omitempty"`
	// Cores is the number of processors the generator could use; 0 if unknown.
	Cores int `json:"cores,omitempty"`
	// Started and Ended are RFC 3339 times; "" when unknown.
	Started string `json:"started,omitempty"`
	Ended   string `json:"ended,omitempty"`
}

// Problem is something that was lost or doubtful while reading.
type Problem struct {
	Code string `json:"code" mask:"-"` // stable, such as "bad_line"
	// Source and Line are the first place, Line counted from 1; 0 when the
	// problem is not one of a line.
	Source string `json:"source,omitempty"`
	Line   int64  `json:"line,omitempty"`
	// Message says what is wrong and what to do, for a person.
	Message string `json:"message"`
	// Count is how often it happened; 0 for a fact that has no number.
	Count uint64 `json:"count"`
}

// Metric returns a metric's definition.
func (r *Run) Metric(name string) (Metric, bool) {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Duration is the time from the first sample's start to the last sample; at
// most the longest that a Duration tells, 292 years.
func (r *Run) Duration() time.Duration { return time.Unix(0, r.Ended).Sub(time.Unix(0, r.Started)) }
