package k6exec

import (
	"fmt"
	"time"
)

// ExecutionSchema names the form of an Execution in JSON.
const ExecutionSchema = "k6report.execution/v1"

// Execution is the record of one k6 process: what no output of k6 holds. It is
// written beside the samples as JSON, and read as one of a run's sources.
type Execution struct {
	Schema string `json:"schema"` // ExecutionSchema

	K6Version string   `json:"k6_version,omitempty"` // such as "v1.8.1"; "" when not known
	Args      []string `json:"args"`                 // what k6 was given after its name; secrets are masked

	ExitCode    int     `json:"exit_code"`        // -1 when a signal ended k6
	Signal      string  `json:"signal,omitempty"` // the signal that did, such as "killed"
	Meaning     string  `json:"meaning"`          // of the exit code, by Explain
	Remedy      string  `json:"remedy,omitempty"` // by Explain
	Interrupted bool    `json:"interrupted"`      // k6 was asked to stop before its end
	CPUSeconds  float64 `json:"cpu_s"`            // user and system time of k6, ≥ 0
	WallSeconds float64 `json:"wall_s"`           // from start to exit, start-up and teardown included, ≥ 0
	CPUs        int     `json:"cpus"`             // processors that k6 could use, ≥ 1

	// Started and Ended are what the clock said, in UTC: where it was set meanwhile,
	// WallSeconds went by all the same.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`

	Labels map[string]string `json:"labels,omitempty"` // the caller's, such as commit
}

// Ending says in words how k6 ended.
func (e Execution) Ending() string {
	if e.Signal != "" {
		return fmt.Sprintf("%s: %s", e.Meaning, e.Signal)
	}
	return fmt.Sprintf("k6 ended with exit code %d: %s", e.ExitCode, e.Meaning)
}
