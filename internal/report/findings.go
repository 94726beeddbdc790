package report

import "time"

// Overhead is what orchestration costs beside the work itself.
type Overhead struct {
	Percent    OverheadStats  `json:"percent"` // in percent points (15 = 15 %), as the engine reports it
	MS         *OverheadStats `json:"ms,omitempty"`
	Definition string         `json:"definition"` // what is counted and what is excluded
	Samples    int64          `json:"samples"`
	Target     *float64       `json:"target"` // in percent; null: none set
	OK         *bool          `json:"ok"`     // null: no target or no data
	Source     string         `json:"source,omitempty"`
	// Endpoints are the endpoints that run workflows, by name; empty where the
	// overhead isn't known by endpoint.
	Endpoints []EndpointOverhead `json:"endpoints,omitempty"`
}

// EndpointOverhead is the overhead of the workflows that one endpoint runs.
type EndpointOverhead struct {
	Endpoint string         `json:"endpoint"`
	Percent  OverheadStats  `json:"percent"`
	MS       *OverheadStats `json:"ms,omitempty"`
	Samples  int64          `json:"samples"`
	OK       *bool          `json:"ok"` // null: no target or no data
}

// OverheadStats are statistics of the overhead.
type OverheadStats struct {
	Avg *float64 `json:"avg,omitempty"`
	Med *float64 `json:"med,omitempty"`
	P95 *float64 `json:"p(95),omitempty"`
}

// What an attribution may say (Attribution.Status).
const (
	AttrConfirmed    = "confirmed"
	AttrLikely       = "likely"
	AttrNone         = "none"
	AttrInconclusive = "inconclusive"
	AttrNoData       = "no_data"
)

// Why an attribution is inconclusive (Attribution.ReasonCode).
const (
	ReasonUncertain    = "uncertain"    // the change may be none, or less than is asked about
	ReasonFewData      = "few_data"     // too few requests, or too little time
	ReasonCoverage     = "coverage"     // too few requests with times of the server, or to endpoints of both sides
	ReasonServerTimes  = "server_times" // the server's times don't fit what clients waited
	ReasonGenerator    = "generator"    // the load generator was near its limit
	ReasonHostWide     = "host_wide"    // work of all kinds took longer
	ReasonUnattributed = "unattributed" // too much of the change is in no component
	ReasonSpread       = "spread"       // no component has enough of the change
	ReasonConfidence   = "confidence"   // other draws rank another component first
	ReasonCollapse     = "collapse"     // the system gave way at a level of load that nothing led up to
	ReasonTargets      = "targets"      // a target failed, and nothing is known to have grown
	ReasonNotTime      = "not_time"     // what got worse is not the mean time of whole requests
	ReasonNoReference  = "no_reference" // there is nothing to hold the time against
)

// Questions that a named bottleneck answers (Attribution.Question).
const (
	QuestionRegression = "regression"
	QuestionLoad       = "load"
)

// Ways in which requests and server times were brought together.
const (
	JoinRequest = "request" // exact, by rid
	JoinWindow  = "window"  // by means of windows
)

// Attribution says which part of the engine the time went to.
type Attribution struct {
	Status      string       `json:"status"`
	Question    string       `json:"question,omitempty"`
	Bottlenecks []Bottleneck `json:"bottlenecks"`
	// DominantCost is the component with the largest share; empty: none known.
	DominantCost string      `json:"dominant_cost,omitempty"`
	Confidence   *float64    `json:"confidence,omitempty"` // share of bootstrap replicates that rank it first
	Coverage     *float64    `json:"coverage,omitempty"`   // share of requests with component data
	Join         string      `json:"join,omitempty"`
	Components   []Component `json:"components"`
	Evidence     []string    `json:"evidence"` // sentences with numbers
	Reason       string      `json:"reason"`   // why nothing, or nothing certain, is named; empty otherwise
	// ReasonCode says the same to programs where the status is inconclusive; empty
	// otherwise.
	ReasonCode string `json:"reason_code,omitempty"`
	// Needed is what would have to be there for an answer; empty where Reason
	// says all.
	Needed string `json:"needed,omitempty"`
	// Mix is the part of the difference that a changed mix of endpoints
	// explains, in ms; nil where there is no reference.
	Mix *float64 `json:"mix_ms,omitempty"`
	// Excess are the differences that the columns of Components explain, one a
	// question that was asked; empty where nothing could be compared.
	Excess []Excess `json:"excess,omitempty"`
}

// Questions that are answered beside those of Attribution.Question.
const QuestionTail = "tail"

// Excess is by how much the mean time of a request differs between a hard case
// and its reference, both with the hard case's mix of endpoints.
type Excess struct {
	Question    string    `json:"question"` // tail, load or regression
	Reference   string    `json:"reference"`
	Hard        string    `json:"hard"`
	ReferenceMS float64   `json:"reference_ms"`
	HardMS      float64   `json:"hard_ms"`
	ChangeMS    float64   `json:"change_ms"`
	Interval    *Interval `json:"interval,omitempty"` // of the change, 95 %
	Confidence  *float64  `json:"confidence,omitempty"`
	Coverage    *float64  `json:"coverage,omitempty"` // of the hard case's requests
	// Shares are each component's part of the change, by its name; they add up
	// to 1. Parts are the same by sub-part, in ms.
	Shares Values `json:"shares"`
	Parts  Values `json:"parts"`
}

// Bottleneck is a named cause.
type Bottleneck struct {
	Component string `json:"component"`
	Detail    string `json:"detail"` // the sub-part: "pool exhaustion"
	Remedy    string `json:"remedy"` // one sentence
}

// Component is one component's part in the four questions. The shares of a
// column add up to 1 over all components.
type Component struct {
	Name       string   `json:"name"`
	MeanMS     float64  `json:"mean_ms"`
	Share      float64  `json:"share"`
	Tail       *float64 `json:"tail,omitempty"`
	Load       *float64 `json:"load,omitempty"`
	Regression *float64 `json:"regression,omitempty"`
	WaitMS     *float64 `json:"wait_ms,omitempty"` // of the mean
	Parts      Values   `json:"parts"`             // mean ms by sub-part
}

// Comparison holds the run against its baseline.
type Comparison struct {
	Baseline  Baseline `json:"baseline"`
	Candidate []string `json:"candidate_ids"` // one, or two when confirmed
	// CandidateName names the candidate's side where two groups of runs are
	// compared; empty: it is the run of this report.
	CandidateName string `json:"candidate_name,omitempty"`
	// Differences is what makes the runs not comparable; empty: comparable.
	Differences []Difference `json:"differences,omitempty"`
	// Forced says that they were compared all the same.
	Forced bool `json:"forced,omitzero"`
	// Labels are those that differ by intent, such as the commit.
	Labels []Difference `json:"labels,omitempty"`
	// WarmUpS is the start of each run that was left out, the same for all.
	WarmUpS float64 `json:"warm_up_s,omitzero"`
	Noise   Noise   `json:"noise"`
	Gates   []Gate  `json:"gates"`
	Shift   []Shift `json:"shift"`
	// Endpoints are how the endpoints with most time moved, whether gates are on them or
	// not; no verdict is made of it.
	Endpoints   []EndpointChange `json:"endpoints,omitempty"`
	Exploratory []Finding        `json:"exploratory"`
}

// Baseline is what was compared against.
type Baseline struct {
	Name string   `json:"name"`
	Runs int      `json:"runs"`
	IDs  []string `json:"ids"`
	// Wanted is the number of runs from which a build can fail; Runs below it
	// means at most "suspected".
	Wanted int    `json:"wanted,omitempty"`
	Epoch  string `json:"epoch,omitempty"`
}

// Difference is something that the two sides don't share.
type Difference struct {
	What      string `json:"what"`
	Baseline  string `json:"baseline"`
	Candidate string `json:"candidate"`
}

// EndpointChange is how a statistic of an endpoint moved.
type EndpointChange struct {
	Metric    string    `json:"metric"`
	Endpoint  string    `json:"endpoint"`
	Statistic string    `json:"statistic"` // p(95)
	Baseline  *float64  `json:"baseline"`  // in milliseconds
	Candidate *float64  `json:"candidate"`
	Change    *float64  `json:"change"` // as a ratio less 1
	Interval  *Interval `json:"interval,omitempty"`
}

// Noise is the spread between runs of unchanged code.
type Noise struct {
	Definition string   `json:"definition"`
	Runs       int      `json:"runs"`
	Median     *float64 `json:"median,omitempty"`     // relative standard deviation over the gates
	Largest    *float64 `json:"largest,omitempty"`    // the same of the noisiest gate
	Dispersion *float64 `json:"dispersion,omitempty"` // of error counts, ≥ 1
	// Learned is the least spread that gates believe, the median over those that have
	// learned it from successive runs; absent where none has. LearnedRuns is of how many.
	Learned     *float64 `json:"learned,omitempty"`
	LearnedRuns int      `json:"learned_runs,omitempty"`
}

// Verdicts of a gate.
const (
	GateRegressed     = "regressed"
	GateSuspected     = "suspected"
	GateAccepted      = "accepted" // slower, as the configuration says it may be
	GateNotComparable = "not_comparable"
	GateInconclusive  = "inconclusive"
	GateImproved      = "improved"
	GateOK            = "ok"
)

// Gate is one statistic that may fail a build.
type Gate struct {
	Metric    string   `json:"metric"`
	Endpoint  string   `json:"endpoint"` // empty: the whole run
	Statistic string   `json:"statistic"`
	Unit      string   `json:"unit"` // of both sides, as in charts
	Baseline  *float64 `json:"baseline"`
	Candidate *float64 `json:"candidate"`
	Change    *float64 `json:"change"` // relative; of error rates, a difference
	// Interval holds the true change in 90 % of cases. Its bound on the worse
	// side is Excluded: a change worse than that is excluded at 95 %. Where the
	// spread between runs is unknown there is none, and Interval knows the spread
	// within the runs only.
	Interval *Interval `json:"interval"`
	Excluded *float64  `json:"excluded,omitempty"`
	// PValue is one-sided, of the side to which it moved; after a confirmation
	// that of the second run, corrected by Holm for all that it confirms.
	PValue *float64 `json:"p_value"`
	// LowerIsWorse says that less is worse, as of throughput: changes for the
	// worse are negative then.
	LowerIsWorse bool `json:"lower_is_worse,omitzero"`
	// BaselineSpread and CandidateSpread are the relative standard deviations
	// between the runs of each side; absent for a single run.
	BaselineSpread  *float64 `json:"baseline_spread,omitempty"`
	CandidateSpread *float64 `json:"candidate_spread,omitempty"`
	// Detectable is the smallest change for the worse that would be suspected 4
	// times in 5, Confirmable the smallest that would be confirmed.
	Detectable  *float64 `json:"detectable"`
	Confirmable *float64 `json:"confirmable,omitempty"`
	Noise       *float64 `json:"noise,omitempty"` // relative standard deviation used
	Tolerance   *float64 `json:"tolerance,omitempty"`
	Verdict     string   `json:"verdict"`
	Reason      string   `json:"reason,omitempty"`
}

// Shift is how far one quantile of an endpoint moved.
type Shift struct {
	Endpoint  string    `json:"endpoint"`
	Quantile  float64   `json:"quantile"` // 0 … 1
	Baseline  float64   `json:"baseline"` // ms
	Candidate float64   `json:"candidate"`
	Change    *float64  `json:"change"` // relative
	Interval  *Interval `json:"interval,omitempty"`
}

// Finding is an exploratory difference: listed, never failing a build.
type Finding struct {
	Metric    string   `json:"metric"`
	Endpoint  string   `json:"endpoint,omitempty"`
	Statistic string   `json:"statistic"`
	Unit      string   `json:"unit"`
	Baseline  *float64 `json:"baseline"`
	Candidate *float64 `json:"candidate"`
	Change    *float64 `json:"change"`
	PValue    *float64 `json:"p_value"`
	QValue    *float64 `json:"q_value,omitempty"` // Benjamini–Hochberg
}

// What a saturation analysis may say (Saturation.Status).
const (
	SatPeak      = "peak"
	SatNoPeak    = "no_peak" // in the tested range
	SatFewLevels = "few_levels"
)

// Saturation is the capacity that a ramp shows. The levels are in run.load.
type Saturation struct {
	Status   string `json:"status"`
	Headline string `json:"headline"` // a sentence, as that of the verdict
	// Sigma, Kappa and Lambda are the Universal Scalability Law's contention,
	// coherency and one-client throughput (1/s); nil without a fit.
	Sigma  *float64 `json:"sigma,omitempty"`
	Kappa  *float64 `json:"kappa,omitempty"`
	Lambda *float64 `json:"lambda_per_s,omitempty"`
	// PeakConcurrency and PeakPerS are the fitted maximum.
	PeakConcurrency *float64  `json:"peak_concurrency,omitempty"`
	PeakInterval    *Interval `json:"peak_interval,omitempty"`
	PeakPerS        *float64  `json:"peak_per_s,omitempty"`
	// KneePerS is the level at which throughput stopped following the load.
	KneePerS *float64 `json:"knee_per_s,omitempty"`
	// CapacityPerS is the highest level at which every target was met.
	CapacityPerS *float64 `json:"capacity_per_s,omitempty"`
	// SigmaInterval and KappaInterval are 95 % intervals by bootstrap.
	SigmaInterval *Interval `json:"sigma_interval,omitempty"`
	KappaInterval *Interval `json:"kappa_interval,omitempty"`
	Spike         *Spike    `json:"spike,omitempty"`
}

// Spike is how a burst went.
type Spike struct {
	PeakPerS  *float64 `json:"peak_per_s,omitempty"`
	PeakP95   *float64 `json:"peak_p95,omitempty"`   // ms
	RecoveryS *float64 `json:"recovery_s,omitempty"` // until within 10 % of before; nil: not within the run
}

// Soak is what changes slowly over a long run.
type Soak struct {
	Headline string        `json:"headline"` // a sentence, as that of the verdict
	Findings []SoakFinding `json:"findings"`
}

// SoakFinding is one series' drift, or what a gauge of the system says.
type SoakFinding struct {
	// Name is what was looked for: trend, leak (of the heap after collection),
	// connection_memory (heap over hub connections) or allocation (the share of
	// collecting garbage).
	Name     string   `json:"name"`
	Metric   string   `json:"metric"`
	Endpoint string   `json:"endpoint,omitempty"`
	Unit     string   `json:"unit"`
	From     *float64 `json:"from,omitempty"` // fitted at the start
	To       *float64 `json:"to,omitempty"`   // fitted at the end
	PerHour  *float64 `json:"per_hour,omitempty"`
	Change   *float64 `json:"change,omitempty"` // relative, over the run
	PValue   *float64 `json:"p_value,omitempty"`
	Drifts   bool     `json:"drifts"` // it was found
	Text     string   `json:"text,omitempty"`
}

// Trend is the history of a baseline.
type Trend struct {
	Baseline string        `json:"baseline"`
	Runs     []TrendRun    `json:"runs"` // oldest first
	Series   []TrendSeries `json:"series"`
	// Needed is how many values a change point takes at least, where no series has as
	// many: then none can be found, however large. 0 where one can.
	Needed int `json:"values_needed,omitzero"`
}

// TrendRun is one run of the history.
type TrendRun struct {
	ID      string    `json:"id"`
	Commit  string    `json:"commit,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Status  Status    `json:"status,omitempty"`
	// Epoch is the stretch of the baseline that the run belongs to, "" for the
	// first: an accepted change starts a new one.
	Epoch string `json:"epoch,omitempty"`
}

// TrendSeries is one gate's statistic over the runs.
type TrendSeries struct {
	Metric    string `json:"metric"`
	Endpoint  string `json:"endpoint,omitempty"`
	Statistic string `json:"statistic"`
	Unit      string `json:"unit"`
	// LowerIsWorse says that less is worse, as of throughput.
	LowerIsWorse bool     `json:"lower_is_worse,omitzero"`
	Y            Points   `json:"y"` // as many as Runs
	Changes      []Change `json:"changes"`
}

// Change is a change point of a series.
type Change struct {
	Index  int    `json:"index"` // of the first run after it
	ID     string `json:"id"`    // that run's
	Commit string `json:"commit,omitempty"`
	// Before and After are the levels up to the neighbouring change points: means,
	// geometric where changes are ratios.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// Change is relative, of error rates a difference; Interval holds it in 95 %.
	Change   *float64  `json:"change"`
	Interval *Interval `json:"interval,omitempty"`
	PValue   *float64  `json:"p_value,omitempty"`
}
