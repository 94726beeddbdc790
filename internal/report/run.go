package report

import "time"

// Run is what was measured, in the form in which it is shown.
type Run struct {
	ID     string            `json:"id"`     // testid, else a hash of the content
	Labels map[string]string `json:"labels"` // --label K=V and what was recorded of the machine
	// Started and Ended are the first and the last sample's time in UTC; zero
	// (absent) when no source has a time axis.
	Started   time.Time         `json:"started,omitzero"`
	Ended     time.Time         `json:"ended,omitzero"`
	DurationS *float64          `json:"duration_s,omitempty"`
	Sources   []Source          `json:"sources"`
	Tags      map[string]string `json:"tags"` // tags that every sample of the run carries
	Windows   *Windows          `json:"windows,omitempty"`
	K6        *K6               `json:"k6,omitempty"`
	Load      Load              `json:"load"`

	Metrics   []Metric   `json:"metrics"`
	Endpoints []Endpoint `json:"endpoints"`
	Scenarios []Part     `json:"scenarios"`
	Personas  []Part     `json:"personas"`
	Groups    []Part     `json:"groups"`
	Tenants   []Part     `json:"tenants"`
	// Dimensions are the tables of further tags that the configuration names.
	Dimensions []Dimension `json:"dimensions,omitempty"`
	Fairness   *Fairness   `json:"fairness,omitempty"`
	Errors     []Failure   `json:"errors"`
	Thresholds []Threshold `json:"thresholds"`
	// ServiceLevels are the targets of the run as a whole (error budget,
	// timeouts, overhead); those of an endpoint are with the endpoint.
	ServiceLevels []Target `json:"service_levels"`
	Checks        []Check  `json:"checks"`
}

// Source is one input as it was named when the run was first read.
type Source struct {
	Name    string `json:"name"`
	Format  string `json:"format"`            // "k6-json", "csv", "summary", "inspect", "influxdb" …
	Samples *int64 `json:"samples,omitempty"` // what was read; nil for a format without samples
	Skipped int64  `json:"skipped,omitempty"` // lines or points that could not be used
}

// Windows is the grid of the run's time series.
type Windows struct {
	LengthS float64 `json:"length_s"`
	Count   int     `json:"count"`
}

// K6 is what is known of the k6 that ran.
type K6 struct {
	Version  string `json:"version,omitempty"`
	ExitCode *int   `json:"exit_code,omitempty"`
	// CPU is the share of the machine's processor time that k6 used; nil when
	// k6 wasn't started by k6report.
	CPU *float64 `json:"cpu,omitempty"`
}

// Load is what was planned, what was offered and what was achieved, in
// iterations a second by start time within the scheduled window.
type Load struct {
	Plan              *Plan    `json:"plan,omitempty"` // nil: unknown
	OfferedPerS       *float64 `json:"offered_per_s,omitempty"`
	AchievedPerS      *float64 `json:"achieved_per_s,omitempty"`
	DroppedIterations *int64   `json:"dropped_iterations,omitempty"`
	DropShare         *float64 `json:"drop_share,omitempty"` // of the offered iterations
	// OfferedP95 is the p95 when dropped iterations count as infinitely slow,
	// in ms; nil when nothing was dropped or the value has no bound.
	OfferedP95 *float64 `json:"offered_p95,omitempty"`
	VUsMax     *int64   `json:"vus_max,omitempty"`
	Iterations *int64   `json:"iterations,omitempty"`
	Requests   *int64   `json:"requests,omitempty"` // all protocols, without set-up
	// RequestsPerS is the requests over the run's duration.
	RequestsPerS  *float64 `json:"requests_per_s,omitempty"`
	ErrorRate     *float64 `json:"error_rate,omitempty"`
	TimeoutRate   *float64 `json:"timeout_rate,omitempty"`
	BytesSent     *int64   `json:"bytes_sent,omitempty"`
	BytesReceived *int64   `json:"bytes_received,omitempty"`
	// Steady is the part that gates compare; nil when there is no steady
	// state or the load ramps.
	Steady *Span   `json:"steady,omitempty"`
	Levels []Level `json:"levels,omitempty"` // of a ramp or a stepped plan
	// Raised says that the load was raised until targets failed, as the run was
	// meant to: what was missed is what it looked for, no failure.
	Raised bool `json:"raised,omitzero"`
}

// Plan is the schedule, from k6 inspect or the configuration.
type Plan struct {
	Executors  []Executor `json:"executors"`
	TargetPerS *float64   `json:"target_per_s,omitempty"` // highest planned; nil for closed models
	PlannedS   *float64   `json:"planned_s,omitempty"`    // without gracefulStop
	// Changes says that the load is planned to change over time, so that
	// TargetPerS is not that of the whole run.
	Changes bool `json:"changes,omitzero"`
	// RateScale and TimeScale shrink the suite; nil is full size.
	RateScale *float64 `json:"rate_scale,omitempty"`
	TimeScale *float64 `json:"time_scale,omitempty"`
}

// Executor is one k6 scenario of the plan.
type Executor struct {
	Scenario   string   `json:"scenario"`
	Type       string   `json:"type"` // k6's name, "constant-arrival-rate" …
	TargetPerS *float64 `json:"target_per_s,omitempty"`
	VUs        *int64   `json:"vus,omitempty"` // the most that it may use
	StartS     float64  `json:"start_s"`
	DurationS  *float64 `json:"duration_s,omitempty"`
}

// Span is a half-open stretch of the run.
type Span struct {
	FromS float64 `json:"from_s"`
	ToS   float64 `json:"to_s"`
}

// Level is one plateau of a stepped load or one slice of a ramp.
type Level struct {
	FromS        float64  `json:"from_s"`
	ToS          float64  `json:"to_s"`
	TargetPerS   *float64 `json:"target_per_s,omitempty"`
	OfferedPerS  *float64 `json:"offered_per_s,omitempty"`
	AchievedPerS *float64 `json:"achieved_per_s,omitempty"`
	DropShare    *float64 `json:"drop_share,omitempty"`  // of what was offered; nil: nothing was dropped, or unknown
	Concurrency  *float64 `json:"concurrency,omitempty"` // measured: throughput times time in system
	P50          *float64 `json:"p50,omitempty"`
	P95          *float64 `json:"p95,omitempty"`
	P99          *float64 `json:"p99,omitempty"`
	ErrorRate    *float64 `json:"error_rate,omitempty"`
	Count        int64    `json:"count"`              // requests
	TargetsMet   *bool    `json:"targets_met"`        // null: no targets, or too few samples
	Collapsed    bool     `json:"collapsed,omitzero"` // throughput no longer followed the load
}

// Metric is a metric or submetric with the values that k6's summary has.
type Metric struct {
	Name     string `json:"name"`
	Type     string `json:"type"`     // counter, gauge, rate, trend
	Contains string `json:"contains"` // default, time (ms), data (bytes)
	Values   Values `json:"values"`   // set-up included, as k6 counts; empty: no samples
}

// Durations are an endpoint's times in ms; nil where a source doesn't say.
type Durations struct {
	Avg *float64 `json:"avg,omitempty"`
	Min *float64 `json:"min,omitempty"`
	Med *float64 `json:"med,omitempty"`
	P90 *float64 `json:"p(90),omitempty"`
	P95 *float64 `json:"p(95),omitempty"`
	P99 *float64 `json:"p(99),omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Endpoint is one kind of request over the whole run without set-up and
// teardown. Websocket sessions, gRPC calls and browser pages are endpoints
// too, told apart by Protocol.
type Endpoint struct {
	Name        string    `json:"name"`
	Protocol    string    `json:"protocol"`         // http, websocket, grpc, browser
	Metric      string    `json:"metric,omitempty"` // k6's, that the durations are of
	Method      string    `json:"method,omitempty"`
	Scenario    string    `json:"scenario,omitempty"`
	Count       int64     `json:"count"`
	RatePerS    *float64  `json:"rate_per_s,omitempty"`
	ErrorRate   *float64  `json:"error_rate,omitempty"`
	TimeoutRate *float64  `json:"timeout_rate,omitempty"`
	FewSamples  []string  `json:"few_samples,omitempty"` // statistics that rest on few samples, as k6 names them
	DurationMS  Durations `json:"duration_ms"`
	Targets     []Target  `json:"targets,omitempty"`
	// Attribution says where this endpoint's time goes; nil without data.
	Attribution []Share `json:"attribution,omitempty"`
}

// Share is a component's part of a time.
type Share struct {
	Component string  `json:"component"`
	MeanMS    float64 `json:"mean_ms"`
	Share     float64 `json:"share"`
	// Tail, Load and Regression are parts of what makes slow requests of the
	// endpoint slow, of what it took longer under load, and than the baseline;
	// nil where that can't be told or nothing differs.
	Tail       *float64 `json:"tail,omitempty"`
	Load       *float64 `json:"load,omitempty"`
	Regression *float64 `json:"regression,omitempty"`
}

// Target is a service level: what was asked for and what was seen.
type Target struct {
	Metric     string   `json:"metric,omitempty"` // empty: the endpoint's duration
	Expression string   `json:"expression"`       // in k6's grammar, "p(95)<500"
	Text       string   `json:"text"`             // for people, "p95 under 500 ms"
	Observed   *float64 `json:"observed,omitempty"`
	Unit       string   `json:"unit,omitempty"` // of the observed number, as in charts
	OK         *bool    `json:"ok"`             // null: could not be judged
	Source     string   `json:"source,omitempty"`
}

// Part is one scenario, persona, group, tenant or other slice of the run.
// Times are in ms.
type Part struct {
	Name       string   `json:"name"`
	Count      int64    `json:"count"`
	RatePerS   *float64 `json:"rate_per_s,omitempty"`
	P50        *float64 `json:"p50,omitempty"`
	P95        *float64 `json:"p95,omitempty"`
	P99        *float64 `json:"p99,omitempty"`
	ErrorRate  *float64 `json:"error_rate,omitempty"`
	FewSamples []string `json:"few_samples,omitempty"`
}

// Dimension is a table by a tag of the user's own.
type Dimension struct {
	Name string `json:"name"`
	Rows []Part `json:"rows"`
}

// Fairness compares tenants with each other.
type Fairness struct {
	Worst     string   `json:"worst"` // the tenant with the highest p95
	WorstP95  *float64 `json:"worst_p95,omitempty"`
	MedianP95 *float64 `json:"median_p95,omitempty"`
	Ratio     *float64 `json:"ratio,omitempty"` // WorstP95 / MedianP95
	// Jain is Jain's index of throughput, 1/n … 1 (1 = all equal).
	Jain *float64 `json:"jain,omitempty"`
	// Noisy is a tenant that sends at least three times as many requests as the
	// median one; empty: none does.
	Noisy string `json:"noisy,omitempty"`
	Text  string `json:"text,omitempty"`
}

// The kinds of Failure.
const (
	KindError   = "error"
	KindTimeout = "timeout"
)

// Failure is one kind of failed request, counted.
type Failure struct {
	Kind      string   `json:"kind"`
	Endpoint  string   `json:"endpoint,omitempty"`
	Status    string   `json:"status,omitempty"`     // as tagged: "503", "0"; empty: none
	ErrorCode string   `json:"error_code,omitempty"` // k6's, "1050"
	Text      string   `json:"text,omitempty"`
	Count     int64    `json:"count"`
	Share     *float64 `json:"share,omitempty"` // of the endpoint's requests, of the run's where no endpoint is named
}

// Threshold is a threshold of k6 over the whole run with set-up, as k6 judges.
type Threshold struct {
	Metric     string   `json:"metric"` // with the submetric's tags, as k6 writes it
	Expression string   `json:"expression"`
	OK         *bool    `json:"ok"` // null: could not be judged
	Observed   *float64 `json:"observed"`
	Unit       string   `json:"unit,omitempty"`   // of the observed number, as in charts
	Source     string   `json:"source"`           // who judged: "summary", "samples"
	Reason     string   `json:"reason,omitempty"` // why it could not be judged
}

// Check is a k6 check.
type Check struct {
	Name   string `json:"name"`
	Group  string `json:"group"` // k6's path "::a::b", empty at the root
	Passes int64  `json:"passes"`
	Fails  int64  `json:"fails"`
}
