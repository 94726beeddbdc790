package report

// Identifiers of charts. Each is drawn in its own way; one with another
// identifier is kept, but drawn by nothing.
const (
	ChartLatency    = "latency"    // p50, p95, p99 over time, ms
	ChartThroughput = "throughput" // requests, iterations and those that were planned over time, 1/s
	ChartErrors     = "errors"     // error share over time
	ChartVUs        = "vus"        // VUs over time

	// ChartDistribution is the share of requests that took at most x ms, a
	// series for each side of a comparison: this run's first, then the baseline's.
	ChartDistribution = "distribution"
	// ChartAttribution is the mean time in each component over time, a series a
	// component (named as in Attribution) in ms, to be stacked.
	ChartAttribution = "attribution"
	// ChartDelta is by how much each component's mean time grew against the
	// reference, bars in ms, named by XLabels.
	ChartDelta = "delta"
	// ChartSaturation is what happened at each load: x is the load in 1/s,
	// series are "p50", "p95" in ms; Marks are the knee and the capacity.
	ChartSaturation = "saturation"
)

// Kinds of chart.
const (
	KindLine = "line" // x is continuous
	KindBar  = "bar"  // x are categories, named by XLabels
)

// Units of numbers in charts, targets and thresholds.
const (
	UnitMS    = "ms"
	UnitS     = "s"
	UnitPerS  = "1/s"
	UnitShare = "share" // a fraction, shown as percent
	UnitBytes = "B"
	UnitCount = "count"
)

// Chart is a picture's data: at most 300 points a series.
type Chart struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Endpoint is the one that it is of; empty: of all requests.
	Endpoint string   `json:"endpoint,omitempty"`
	Kind     string   `json:"kind"`
	Unit     string   `json:"unit"`               // of y: ms, s, 1/s, share, B, count; empty: a plain number
	XUnit    string   `json:"x_unit"`             // of x; s is seconds since the run's start
	X        Points   `json:"x"`                  // ascending, no gaps
	XLabels  []string `json:"x_labels,omitempty"` // as many as X, for categories
	// Series have as many points as X each.
	Series []Series `json:"series"`
	Marks  []Mark   `json:"marks,omitempty"`
}

// Series is one line or one set of bars.
type Series struct {
	Name string `json:"name"`
	Y    Points `json:"y"`
	// Planned says that it is what was planned, not what came.
	Planned bool `json:"planned,omitzero"`
}

// Mark is a place on x that means something: the end of the warm-up, a load
// level, a change point.
type Mark struct {
	X     float64 `json:"x"`
	Label string  `json:"label"`
}

// Chart is the chart with that id, or nil.
func (r *Report) Chart(id string) *Chart {
	for i := range r.Charts {
		if r.Charts[i].ID == id {
			return &r.Charts[i]
		}
	}
	return nil
}
