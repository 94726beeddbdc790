package api

import (
	"net/http"
	"time"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/workflow"
)

type executionBody struct {
	ExecutionID          string          `json:"executionId,omitempty"` // absent when not stored
	WorkflowName         string          `json:"workflowName"`
	WorkflowVersion      int             `json:"workflowVersion"`
	Status               workflow.Status `json:"status"`
	Success              bool            `json:"success"`
	Error                string          `json:"error,omitempty"`
	CreatedAt            time.Time       `json:"createdAt"`
	Input                map[string]any  `json:"input"`
	Output               map[string]any  `json:"output"` // null when failed
	TaskDetails          []taskBody      `json:"taskDetails"`
	ExecutionTimeMs      float64         `json:"executionTimeMs"`
	GraphBuildDurationMs float64         `json:"graphBuildDurationMs"`
	OrchestrationCost    costBody        `json:"orchestrationCost"`
}

type taskBody struct {
	TaskID      string         `json:"taskId"`
	Kind        string         `json:"kind"`
	Success     bool           `json:"success"`
	Error       string         `json:"error,omitempty"`
	StartedAt   time.Time      `json:"startedAt"`
	CompletedAt time.Time      `json:"completedAt"`
	DurationMs  float64        `json:"durationMs"`
	Output      map[string]any `json:"output"`
}

// costBody tells what orchestration cost in microseconds, and in percent of
// the execution's time.
type costBody struct {
	SetupMicros              float64 `json:"setupMicros"`
	TeardownMicros           float64 `json:"teardownMicros"`
	SchedulingOverheadMicros float64 `json:"schedulingOverheadMicros"`
	TotalMicros              float64 `json:"totalOrchestrationCostMicros"`
	Percentage               float64 `json:"orchestrationCostPercentage"`
}

func executionBodyOf(e workflow.Execution) executionBody {
	b := executionBody{
		ExecutionID: e.ID, WorkflowName: e.Workflow, WorkflowVersion: e.Version,
		Status: e.Status, Success: e.Status == workflow.Completed, Error: e.Error,
		CreatedAt: e.CreatedAt.UTC(), Input: e.Input, Output: e.Output,
		TaskDetails:     make([]taskBody, 0, len(e.Tasks)),
		ExecutionTimeMs: milliseconds(e.Duration), GraphBuildDurationMs: milliseconds(e.GraphBuild),
		OrchestrationCost: costBody{
			SetupMicros: microseconds(e.Cost.Setup), TeardownMicros: microseconds(e.Cost.Teardown),
			SchedulingOverheadMicros: microseconds(e.Cost.Scheduling), TotalMicros: microseconds(e.Cost.Total()),
		},
	}
	if e.Duration > 0 {
		b.OrchestrationCost.Percentage = 100 * float64(e.Cost.Total()) / float64(e.Duration)
	}
	for _, t := range e.Tasks {
		b.TaskDetails = append(b.TaskDetails, taskBody{
			TaskID: t.ID, Kind: t.Kind, Success: t.Success(), Error: t.Error,
			StartedAt: t.Started.UTC(), CompletedAt: t.Completed.UTC(),
			DurationMs: milliseconds(t.Completed.Sub(t.Started)), Output: t.Output,
		})
	}
	return b
}

func (s *Server) getExecution(r *http.Request) (answer, error) {
	who, err := tenant(r)
	if err != nil {
		return answer{}, err
	}
	e, err := s.Store.Execution(r.Context(), who, r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	return ok(executionBodyOf(e))
}

type executionLine struct {
	ExecutionID     string          `json:"executionId"`
	WorkflowName    string          `json:"workflowName"`
	WorkflowVersion int             `json:"workflowVersion"`
	Status          workflow.Status `json:"status"`
	CreatedAt       time.Time       `json:"createdAt"`
	ExecutionTimeMs float64         `json:"executionTimeMs"`
}

func (s *Server) listExecutions(r *http.Request) (answer, error) {
	who, err := tenant(r)
	if err != nil {
		return answer{}, err
	}
	p, err := page(r)
	if err != nil {
		return answer{}, err
	}
	status, known := workflow.ParseStatus(r.URL.Query().Get("status"))
	if !known {
		return answer{}, badRequest("status is %q; want %q or %q", status, workflow.Completed, workflow.Failed)
	}
	name := r.PathValue("name")
	found, err := s.Store.Executions(r.Context(),
		store.ExecutionFilter{Tenant: who, Workflow: name, Status: status}, p)
	if err != nil {
		return answer{}, err
	}
	if len(found) == 0 { // no executions, or no such workflow?
		if _, err := s.Store.Definition(r.Context(), name); err != nil {
			return answer{}, err
		}
	}
	return ok(list(found, p, func(e store.ExecutionSummary) executionLine {
		return executionLine{e.ID, e.Workflow, e.Version, e.Status, e.CreatedAt.UTC(), milliseconds(e.Duration)}
	}))
}

type traceBody struct {
	ExecutionID  string       `json:"executionId"`
	WorkflowName string       `json:"workflowName"`
	TaskTimings  []timingBody `json:"taskTimings"`
	// DependencyOrder lists all tasks of the plan, each after those it needs.
	DependencyOrder       []string   `json:"dependencyOrder"`
	PlannedParallelGroups [][]string `json:"plannedParallelGroups"`
	ActualParallelGroups  [][]string `json:"actualParallelGroups"`
}

type timingBody struct {
	TaskID         string    `json:"taskId"`
	StartedAt      time.Time `json:"startedAt"`
	CompletedAt    time.Time `json:"completedAt"`
	DurationMs     float64   `json:"durationMs"`
	WaitTimeMs     float64   `json:"waitTimeMs"`
	WaitedForTasks []string  `json:"waitedForTasks"`
	Success        bool      `json:"success"`
}

func (s *Server) getTrace(r *http.Request) (answer, error) {
	who, err := tenant(r)
	if err != nil {
		return answer{}, err
	}
	trace, err := s.Store.Trace(r.Context(), who, r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	b := traceBody{
		ExecutionID: trace.ExecutionID, WorkflowName: trace.Workflow,
		TaskTimings:     make([]timingBody, 0, len(trace.Timings)),
		DependencyOrder: trace.Plan.Order, PlannedParallelGroups: trace.Plan.Groups,
		ActualParallelGroups: trace.ActualGroups(),
	}
	for _, t := range trace.Timings {
		waitedFor := t.WaitedFor
		if waitedFor == nil {
			waitedFor = []string{} // "for none" is a list, too
		}
		b.TaskTimings = append(b.TaskTimings, timingBody{
			t.ID, t.Started.UTC(), t.Completed.UTC(), milliseconds(t.Completed.Sub(t.Started)),
			milliseconds(t.Wait), waitedFor, t.Success,
		})
	}
	return ok(b)
}
