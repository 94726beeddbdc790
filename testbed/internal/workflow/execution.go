package workflow

import (
	"slices"
	"time"
)

// Status is how an execution ended.
type Status string

// The ends an execution can have.
const (
	Completed Status = "completed"
	Failed    Status = "failed"
)

// ParseStatus reads a status as a request names it; "" is any.
func ParseStatus(text string) (Status, bool) {
	s := Status(text)
	return s, s == "" || s == Completed || s == Failed
}

// Execution is the record of one run of a workflow. Times have microsecond
// resolution, as databases keep no finer ones.
type Execution struct {
	ID         string // empty for a trial that is not stored
	Tenant     string
	Workflow   string
	Version    int
	Status     Status
	Error      string // of the first task that failed; empty when completed
	CreatedAt  time.Time
	Duration   time.Duration // from the start to the output
	GraphBuild time.Duration
	Cost       Cost
	Input      map[string]any
	Output     map[string]any // nil when failed
	Tasks      []TaskRun      // those that ran, in the order of the plan
	Plan       Plan
}

// Plan is what the graph asked for.
type Plan struct {
	Order  []string   `json:"order"`  // each task after those it depends on
	Groups [][]string `json:"groups"` // tasks that could run side by side
}

// Cost is the part of an execution's duration in which no task was under way.
type Cost struct {
	Setup      time.Duration // before the first task: the graph and the scope
	Scheduling time.Duration // between tasks
	Teardown   time.Duration // after the last task: the output
}

// Total is the whole of the cost.
func (c Cost) Total() time.Duration { return c.Setup + c.Scheduling + c.Teardown }

// TaskRun is the record of one task in an execution.
type TaskRun struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Started   time.Time      `json:"started"`
	Completed time.Time      `json:"completed"`
	Wait      time.Duration  `json:"waitNs"` // from being ready to starting
	WaitedFor []string       `json:"waitedFor,omitempty"`
	Output    map[string]any `json:"output,omitempty"` // nil when failed
	Error     string         `json:"error,omitempty"`  // empty when it succeeded
}

// Success says whether the task did its work.
func (t TaskRun) Success() bool { return t.Error == "" }

// TaskTiming is what a trace keeps of a task.
type TaskTiming struct {
	ID        string
	Started   time.Time
	Completed time.Time
	Wait      time.Duration
	WaitedFor []string
	Success   bool
}

// Trace tells when the tasks of an execution ran, in the order of the plan.
type Trace struct {
	ExecutionID string
	Workflow    string
	Timings     []TaskTiming
	Plan        Plan
}

// ActualGroups lists the tasks that did run side by side: those connected by
// overlapping times. Tasks that ran alone are groups of one. Groups stand in
// the order of their start.
func (t Trace) ActualGroups() [][]string {
	byStart := slices.Clone(t.Timings)
	slices.SortStableFunc(byStart, func(a, b TaskTiming) int { return a.Started.Compare(b.Started) })
	var groups [][]string
	var busyUntil time.Time
	for _, task := range byStart {
		if last := len(groups) - 1; last >= 0 && task.Started.Before(busyUntil) {
			groups[last] = append(groups[last], task.ID)
		} else {
			groups = append(groups, []string{task.ID})
		}
		if task.Completed.After(busyUntil) {
			busyUntil = task.Completed
		}
	}
	return groups
}
