package engine

import (
	"context"
	"sync/atomic"

	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/workflow"
)

// EventKind names what happened, as listeners know it.
type EventKind string

// What happens in an execution: the first and the last once, the others once
// for each task that runs.
const (
	WorkflowStarted   EventKind = "WorkflowStarted"
	TaskStarted       EventKind = "TaskStarted"
	TaskCompleted     EventKind = "TaskCompleted"
	WorkflowCompleted EventKind = "WorkflowCompleted"
)

// Event tells of one step of an execution.
type Event struct {
	Kind        EventKind
	Tenant      string
	Workflow    string
	ExecutionID string
	// Sequence numbers the events of an execution from 1 without gaps, so that
	// a listener knows what it missed. Tasks side by side may arrive in another
	// order; the last event has the highest number.
	Sequence int64
	TaskID   string              // of the task events
	Task     *workflow.TaskRun   // of TaskCompleted
	Record   *workflow.Execution // of WorkflowCompleted; its ID is empty if it could not be stored
}

// story tells the events of one execution.
type story struct {
	engine  *Engine
	request Request
	told    atomic.Int64
}

func (s *story) tell(ctx context.Context, e Event) {
	if s.engine.Publish == nil {
		return
	}
	e.Tenant, e.Workflow, e.ExecutionID = s.request.Tenant, s.request.Workflow, s.request.ID
	e.Sequence = s.told.Add(1)
	s.engine.Publish(ctx, e)
}

func (s *story) task(ctx context.Context, e runner.Event) {
	if e.Result == nil {
		s.tell(ctx, Event{Kind: TaskStarted, TaskID: e.TaskID})
		return
	}
	s.tell(ctx, Event{Kind: TaskCompleted, TaskID: e.TaskID, Task: e.Result})
}
