package analyze

import (
	"k6report/internal/run"
)

// Baseline is what a run is compared against: runs that measured the same
// thing before. The zero value has no runs: the first run ever.
type Baseline struct {
	// Name is the baseline's, or of the older side of a comparison.
	Name string
	// Runs are the runs to compare with, oldest first, all of the current epoch.
	// A run may be thin, without series: its plan, labels, request tables and
	// the series of [ThinMetrics] are all that is used, but for gates on other
	// metrics, which take Recorded.
	Runs []*run.Run
	// Recorded are the values of [GateValues] when runs were added, by run ID:
	// for what a thin run can't tell any more. May be nil.
	Recorded map[string][]GateValue
	// History are runs before Runs, oldest first, by their recorded values only:
	// what spread there is between runs of unchanged code is learned from them.
	History []PastRun
	// Epoch names the current epoch; "" where no change was ever accepted.
	Epoch string
	// Wanted is the number of runs from which a build can fail; 0 is 5.
	Wanted int
	// Unreachable says why the store couldn't be read; "" when it could.
	Unreachable string
	// Group says that candidates and Runs are two groups of runs that stand
	// beside each other, as in k6report compare, not a run and its confirmation.
	Group bool
}

// PastRun is an earlier run of a baseline.
type PastRun struct {
	ID     string
	Epoch  string
	Values []GateValue
}

// ThinMetrics are the metrics of which even a thin run keeps series, with their
// tags: what tells the level and scale of a run, and whether it held its load.
func ThinMetrics() []string { return []string{"dropped_iterations", "iterations", "vus_max"} }
