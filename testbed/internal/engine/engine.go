// Package engine is what the reference engine does, whatever the protocol it
// is asked over: it admits an execution, reads the definition, runs it, and
// stores what happened.
package engine

import (
	"context"
	"fmt"
	"strings"

	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// Options are what an Engine is made of. All are required.
type Options struct {
	Store  store.Store
	Runner *runner.Runner
	Dry    *runner.Runner // the same, but calling nobody outside
	// Limit is how many executions run at once, at least 1; more wait in the
	// queue.
	Limit int
	NewID func() string // a new execution's id, unique and rising with time
	// Publish hears of executions as they go on. It is called by several
	// goroutines at once and should not keep them waiting. Nil hears nothing.
	Publish func(context.Context, Event)
}

// Engine executes workflows. It is safe for concurrent use.
type Engine struct {
	Options
	places chan struct{}
}

// New returns an Engine.
func New(o Options) *Engine {
	return &Engine{Options: o, places: make(chan struct{}, o.Limit)}
}

// InputError says that an input doesn't fit the workflow.
type InputError struct {
	Workflow string
	Faults   []workflow.InputFault // at least one
}

func (e *InputError) Error() string {
	var list []string
	for _, f := range e.Faults {
		list = append(list, fmt.Sprintf("%s %s", f.Field, f.Message))
	}
	return fmt.Sprintf("input of workflow %q: %s", e.Workflow, strings.Join(list, "; "))
}

// DefinitionError says that a definition can't be executed.
type DefinitionError struct {
	Workflow string
	Err      error
}

func (e *DefinitionError) Error() string { return fmt.Sprintf("workflow %q: %v", e.Workflow, e.Err) }

func (e *DefinitionError) Unwrap() error { return e.Err }

// Running answers how many executions run at present.
func (e *Engine) Running() int { return len(e.places) }

// Request asks for an execution.
type Request struct {
	Tenant   string
	Workflow string
	Input    map[string]any // nil for an empty one
	ID       string         // "" for a new one
}

// Execute runs the latest version of a workflow for a tenant and stores the
// record, which it answers even when a task failed. Errors: store.ErrNotFound,
// *InputError, or what went wrong with the database; then nothing was stored.
func (e *Engine) Execute(ctx context.Context, r Request) (workflow.Execution, error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return workflow.Execution{}, err
	}
	defer leave()
	d, err := e.Store.Definition(ctx, r.Workflow)
	if err != nil {
		return workflow.Execution{}, err
	}
	input, faults := d.CompleteInput(r.Input)
	if len(faults) > 0 {
		return workflow.Execution{}, &InputError{Workflow: d.Name, Faults: faults}
	}
	if r.ID == "" {
		r.ID = e.NewID()
	}
	story := &story{engine: e, request: r}
	story.tell(ctx, Event{Kind: WorkflowStarted})
	record, err := e.Runner.Run(ctx, d, input, story.task)
	if err == nil {
		record.ID, record.Tenant = r.ID, r.Tenant
		err = e.Store.SaveExecution(ctx, record)
	}
	if err != nil {
		record.ID, record.Status, record.Error = "", workflow.Failed, "the execution could not be finished"
	}
	story.tell(ctx, Event{Kind: WorkflowCompleted, Record: &record})
	if err != nil {
		return workflow.Execution{}, err
	}
	return record, nil
}

// Test runs the latest version of a workflow without calling anybody outside,
// and stores nothing: the record has no id. Errors as Execute's.
func (e *Engine) Test(
	ctx context.Context, name string, input map[string]any,
) (workflow.Execution, error) {
	leave, err := e.enter(ctx)
	if err != nil {
		return workflow.Execution{}, err
	}
	defer leave()
	d, err := e.Store.Definition(ctx, name)
	if err != nil {
		return workflow.Execution{}, err
	}
	return run(ctx, e.Dry, d, input)
}

// TestDefinition does the same with a definition that isn't stored. It also
// answers *DefinitionError.
func (e *Engine) TestDefinition(
	ctx context.Context, d workflow.Definition, input map[string]any,
) (workflow.Execution, error) {
	if err := e.Dry.Check(d); err != nil {
		return workflow.Execution{}, &DefinitionError{d.Name, err}
	}
	leave, err := e.enter(ctx)
	if err != nil {
		return workflow.Execution{}, err
	}
	defer leave()
	return run(ctx, e.Dry, d, input)
}

// ValidateInput tells what is wrong with an input for a workflow; no faults
// mean that it can run. Errors: store.ErrNotFound, or the database's.
func (e *Engine) ValidateInput(
	ctx context.Context, name string, input map[string]any,
) ([]workflow.InputFault, error) {
	d, err := e.Store.Definition(ctx, name)
	if err != nil {
		return nil, err
	}
	_, faults := d.CompleteInput(input)
	return faults, nil
}

// run executes a definition on an input that has yet to be checked.
func run(
	ctx context.Context, r *runner.Runner, d workflow.Definition, input map[string]any,
) (workflow.Execution, error) {
	complete, faults := d.CompleteInput(input)
	if len(faults) > 0 {
		return workflow.Execution{}, &InputError{Workflow: d.Name, Faults: faults}
	}
	return r.Run(ctx, d, complete, nil)
}

// enter waits for a place among the running executions.
func (e *Engine) enter(ctx context.Context) (leave func(), err error) {
	defer timing.From(ctx).Begin(timing.Queue).End()
	select {
	case e.places <- struct{}{}:
		return func() { <-e.places }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other executions to finish: %w", ctx.Err())
	}
}

// Deploy stores a definition that the engine can execute and answers its
// version.
func (e *Engine) Deploy(ctx context.Context, d workflow.Definition) (int, error) {
	if err := e.Runner.Check(d); err != nil {
		return 0, &DefinitionError{d.Name, err}
	}
	return e.Store.SaveDefinition(ctx, d)
}
