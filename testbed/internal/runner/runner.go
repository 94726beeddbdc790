// Package runner executes a workflow: it builds the graph, runs the tasks
// level by level, side by side inside a level, and writes down what happened.
//
// It stores nothing and speaks no protocol; what a task does comes in as a
// Kind.
package runner

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k6report/testbed/internal/graph"
	"k6report/testbed/internal/template"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// Kind does one kind of work. Its parameters have their templates filled in
// and must not be changed; its output becomes visible to later tasks.
type Kind func(ctx context.Context, with map[string]any) (map[string]any, error)

// Options are what a Runner is made of. All are required but where said.
type Options struct {
	Kinds    map[string]Kind
	Resolver *template.Resolver
	Workers  int // tasks of one execution that run at once, at least 1
	Now      timing.Clock
	// Plan makes the graph; nil for graph.Build.
	Plan func([]graph.Node) (graph.Graph, error)
	// ScopeCopies is how many copies of the values that templates see are made
	// for each task, for nothing; 0 for none.
	ScopeCopies int
}

// Runner executes workflows. It is safe for concurrent use.
type Runner struct{ Options }

// New returns a Runner.
func New(o Options) *Runner {
	if o.Plan == nil {
		o.Plan = graph.Build
	}
	return &Runner{o}
}

// Event tells that a task begins or, with a Result, that it ended.
type Event struct {
	TaskID string
	Result *workflow.TaskRun // nil when it begins
}

// Observe hears of tasks as they run. It is called by several goroutines at
// once, with the context that carries the task's timeline. Nil hears nothing.
type Observe func(context.Context, Event)

// Check tells whether the runner could execute the definition.
func (r *Runner) Check(d workflow.Definition) error {
	if err := d.Check(); err != nil {
		return err
	}
	for _, t := range d.Tasks {
		if r.Kinds[t.Kind] == nil {
			return fmt.Errorf("task %q is of kind %q, which the engine does not have", t.ID, t.Kind)
		}
	}
	_, err := graph.Build(d.Nodes())
	return err
}

// Run executes the definition on a complete input. A task's failure is part
// of the record: tasks beside it finish, later ones don't run. An error means
// that the definition can't be executed at all.
func (r *Runner) Run(
	ctx context.Context, d workflow.Definition, input map[string]any, observe Observe,
) (workflow.Execution, error) {
	e := &execution{runner: r, def: d, observe: observe, started: r.Now()}
	e.record = workflow.Execution{
		Workflow: d.Name, Version: d.Version, Status: workflow.Completed,
		CreatedAt: e.started.Truncate(time.Microsecond), Input: input,
	}
	if err := e.plan(ctx); err != nil {
		return workflow.Execution{}, fmt.Errorf("workflow %q: %w", d.Name, err)
	}
	e.outputs = make(map[string]any, len(d.Tasks))
	e.scope = map[string]any{"input": input, "tasks": e.outputs}
	e.runs = make([]workflow.TaskRun, len(d.Tasks))
	e.done = make([]time.Time, len(d.Tasks))

	at := r.Now()
	e.record.Cost.Setup = at.Sub(e.started)
	for _, level := range e.graph.Levels {
		at = e.runLevel(ctx, level, at)
		if e.record.Status == workflow.Failed {
			break
		}
	}
	e.finish(ctx)
	ended := r.Now()
	e.record.Cost.Teardown = ended.Sub(at)
	e.record.Duration = ended.Sub(e.started)
	return e.record, nil
}

// execution is the state of one Run.
type execution struct {
	runner  *Runner
	def     workflow.Definition
	observe Observe
	started time.Time
	graph   graph.Graph
	scope   map[string]any // what templates see; written between levels only
	outputs map[string]any // the scope's "tasks"
	runs    []workflow.TaskRun
	done    []time.Time // when each task completed, at full resolution
	record  workflow.Execution
}

func (e *execution) plan(ctx context.Context) error {
	span := timing.From(ctx).Begin(timing.GraphBuild)
	defer span.End()
	began := e.runner.Now()
	g, err := e.runner.Plan(e.def.Nodes())
	if err != nil {
		return err
	}
	e.graph = g
	for _, i := range g.Order() {
		e.record.Plan.Order = append(e.record.Plan.Order, e.def.Tasks[i].ID)
	}
	for _, level := range g.Levels {
		group := make([]string, len(level))
		for k, i := range level {
			group[k] = e.def.Tasks[i].ID
		}
		e.record.Plan.Groups = append(e.record.Plan.Groups, group)
	}
	e.record.GraphBuild = e.runner.Now().Sub(began)
	return nil
}

// runLevel runs the tasks of a level that began at a time and answers when it
// ended. Each worker is a branch of the request's timeline and takes tasks
// until none is left, so that the branch finishing last was busy throughout.
func (e *execution) runLevel(ctx context.Context, level []int, began time.Time) time.Time {
	workers := min(len(level), e.runner.Workers)
	busy := make([]interval, len(level))
	var next atomic.Int64
	work := func(ctx context.Context) {
		for k := next.Add(1) - 1; int(k) < len(level); k = next.Add(1) - 1 {
			from := e.runner.Now()
			e.runTask(ctx, level[k])
			busy[k] = interval{from, e.runner.Now()}
		}
	}
	if workers == 1 {
		work(ctx) // no goroutine, no branch: a chain should cost nothing
	} else {
		rec := timing.From(ctx)
		branches := rec.Fork(workers)
		branch := func(w int) {
			defer branches[w].Finish()
			work(timing.With(ctx, branches[w]))
		}
		var wg sync.WaitGroup
		for w := 1; w < workers; w++ {
			wg.Go(func() { branch(w) })
		}
		branch(0)
		wg.Wait()
		rec.Join(branches)
	}
	e.collect(level)
	ended := e.runner.Now()
	e.record.Cost.Scheduling += ended.Sub(began) - covered(busy)
	return ended
}

type interval struct{ from, to time.Time }

// covered is the time in which at least one of the intervals was under way.
// It sorts them.
func covered(list []interval) time.Duration {
	slices.SortFunc(list, func(a, b interval) int { return a.from.Compare(b.from) })
	var sum time.Duration
	var until time.Time
	for _, i := range list {
		if i.from.Before(until) {
			i.from = until
		}
		if i.to.After(i.from) {
			sum += i.to.Sub(i.from)
			until = i.to
		}
	}
	return sum
}

// collect moves a level's results into the record and into the scope.
func (e *execution) collect(level []int) {
	for _, i := range level {
		run := e.runs[i]
		e.record.Tasks = append(e.record.Tasks, run)
		if run.Success() {
			e.outputs[run.ID] = map[string]any{"output": run.Output}
			continue
		}
		if e.record.Status != workflow.Failed {
			e.record.Error = fmt.Sprintf("task %q failed: %s", run.ID, run.Error)
		}
		e.record.Status = workflow.Failed
	}
}

func (e *execution) runTask(ctx context.Context, i int) {
	task := e.def.Tasks[i]
	ready := e.started
	var waitedFor []string
	for _, d := range e.graph.Before[i] {
		waitedFor = append(waitedFor, e.def.Tasks[d].ID)
		if e.done[d].After(ready) {
			ready = e.done[d]
		}
	}
	if e.observe != nil {
		e.observe(ctx, Event{TaskID: task.ID})
	}
	started := e.runner.Now()
	output, err := e.perform(ctx, task)
	e.done[i] = e.runner.Now()
	run := workflow.TaskRun{
		ID: task.ID, Kind: task.Kind, Output: output,
		Started: started.Truncate(time.Microsecond), Completed: e.done[i].Truncate(time.Microsecond),
		Wait: started.Sub(ready), WaitedFor: waitedFor,
	}
	if err != nil {
		run.Output, run.Error = nil, err.Error()
	}
	e.runs[i] = run
	if e.observe != nil {
		e.observe(ctx, Event{TaskID: task.ID, Result: &run})
	}
}

func (e *execution) perform(ctx context.Context, task workflow.Task) (map[string]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("not started: %w", err)
	}
	kind := e.runner.Kinds[task.Kind]
	if kind == nil {
		return nil, fmt.Errorf("the engine has no kind of task %q", task.Kind)
	}
	with, err := e.resolve(ctx, task.With)
	if err != nil {
		return nil, err
	}
	return kind(ctx, with)
}

func (e *execution) resolve(ctx context.Context, value map[string]any) (map[string]any, error) {
	span := timing.From(ctx).Begin(timing.TemplateResolve)
	defer span.End()
	scope := any(e.scope)
	for range e.runner.ScopeCopies {
		scope = deepCopy(scope)
	}
	filled, err := e.runner.Resolver.Resolve(value, scope.(map[string]any)) // a copy of a map is one
	if err != nil {
		return nil, err
	}
	return filled.(map[string]any), nil // a map is resolved into a map
}

// deepCopy copies maps and lists at every depth.
func deepCopy(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for name, item := range v {
			copied[name] = deepCopy(item)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, item := range v {
			copied[i] = deepCopy(item)
		}
		return copied
	default:
		return v
	}
}

// finish makes up the output of an execution that completed.
func (e *execution) finish(ctx context.Context) {
	if e.record.Status != workflow.Completed {
		return
	}
	if e.def.Output != nil {
		output, err := e.resolve(ctx, e.def.Output)
		if err != nil {
			e.record.Status, e.record.Error = workflow.Failed, "output: "+err.Error()
			return
		}
		e.record.Output = output
		return
	}
	e.record.Output = make(map[string]any)
	if levels := e.graph.Levels; len(levels) > 0 {
		for _, i := range levels[len(levels)-1] {
			e.record.Output[e.runs[i].ID] = e.runs[i].Output
		}
	}
}
