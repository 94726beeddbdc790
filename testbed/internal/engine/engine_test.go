package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/template"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// memory is a store of one definition that keeps what it is given.
type memory struct {
	store.Store
	def   workflow.Definition
	fail  error
	mu    sync.Mutex
	saved []workflow.Execution
}

func (m *memory) Definition(_ context.Context, name string) (workflow.Definition, error) {
	if name != m.def.Name {
		return workflow.Definition{}, store.ErrNotFound
	}
	return m.def, nil
}

func (m *memory) SaveExecution(_ context.Context, e workflow.Execution) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.saved = append(m.saved, e)
	}
	return m.fail
}

func newEngine(db *memory, limit int, publish func(context.Context, Event)) *Engine {
	kinds := map[string]runner.Kind{
		"sleep": func(context.Context, map[string]any) (map[string]any, error) {
			time.Sleep(10 * time.Millisecond)
			return nil, nil
		},
	}
	dry := map[string]runner.Kind{
		"sleep": func(context.Context, map[string]any) (map[string]any, error) {
			return map[string]any{"dry": true}, nil
		},
	}
	options := runner.Options{Kinds: kinds, Resolver: template.NewResolver(), Workers: 4, Now: time.Now}
	dryOptions := options
	dryOptions.Kinds = dry
	var ids atomic.Int64
	return New(Options{
		Store: db, Runner: runner.New(options), Dry: runner.New(dryOptions), Limit: limit, Publish: publish,
		NewID: func() string { return fmt.Sprintf("id-%d", ids.Add(1)) },
	})
}

func oneTask() *memory {
	return &memory{def: workflow.Definition{
		Name: "w", Version: 1, Tasks: []workflow.Task{{ID: "a", Kind: "sleep"}},
		Input: []workflow.Field{{Name: "n", Type: "number", Default: 1.0}},
	}}
}

func TestMoreExecutionsThanPlacesWaitInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := oneTask()
		e := newEngine(db, 2, nil)
		waits := make([]time.Duration, 6)
		var wg sync.WaitGroup
		for i := range waits {
			wg.Go(func() {
				rec := timing.Start(time.Now)
				if _, err := e.Execute(timing.With(t.Context(), rec), Request{Workflow: "w"}); err != nil {
					t.Error(err)
				}
				waits[i] = rec.Parts()[0].Duration // the queue is what comes first
			})
		}
		synctest.Wait()
		if n := e.Running(); n != 2 {
			t.Errorf("%d run, want 2", n)
		}
		wg.Wait()
		slices.Sort(waits)
		const ms = time.Millisecond
		if want := []time.Duration{0, 0, 10 * ms, 10 * ms, 20 * ms, 20 * ms}; !slices.Equal(waits, want) {
			t.Errorf("waits %v, want %v", waits, want)
		}
		if e.Running() != 0 || len(db.saved) != 6 {
			t.Errorf("%d still run, %d were saved", e.Running(), len(db.saved))
		}
	})
}

func TestACancelledRequestLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(oneTask(), 1, nil)
		go func() { _, _ = e.Execute(t.Context(), Request{Workflow: "w"}) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := e.Execute(ctx, Request{Workflow: "w"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		time.Sleep(time.Second)
		if e.Running() != 0 {
			t.Errorf("%d still run", e.Running())
		}
	})
}

func TestEventsTellTheWholeStory(t *testing.T) {
	var mu sync.Mutex
	var told []string
	listen := func(_ context.Context, e Event) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprintf("%d %s %s/%s/%s %s", e.Sequence, e.Kind, e.Tenant, e.Workflow, e.ExecutionID, e.TaskID))
		if e.Record != nil {
			told = append(told, fmt.Sprint(e.Record.Status))
		}
	}
	db := oneTask()
	e := newEngine(db, 1, listen)
	record, err := e.Execute(t.Context(), Request{Tenant: "t", Workflow: "w", ID: "mine"})
	if err != nil || record.ID != "mine" || record.Tenant != "t" || record.Input["n"] != 1.0 {
		t.Errorf("record = %+v, %v", record, err)
	}
	want := []string{
		"1 WorkflowStarted t/w/mine ", "2 TaskStarted t/w/mine a", "3 TaskCompleted t/w/mine a",
		"4 WorkflowCompleted t/w/mine ", "completed",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}

	told, db.fail = nil, errors.New("disk full")
	if _, err := e.Execute(t.Context(), Request{Tenant: "t", Workflow: "w"}); !errors.Is(err, db.fail) {
		t.Errorf("error = %v", err)
	}
	if len(told) != 5 || told[4] != "failed" || !strings.Contains(told[3], "id-1") {
		t.Errorf("told %q of an execution that could not be stored", told)
	}
}

func TestTestsRunDryAndStoreNothing(t *testing.T) {
	db := oneTask()
	e := newEngine(db, 1, func(context.Context, Event) { t.Error("a test was published") })
	for name, test := range map[string]func() (workflow.Execution, error){
		"stored":     func() (workflow.Execution, error) { return e.Test(t.Context(), "w", nil) },
		"definition": func() (workflow.Execution, error) { return e.TestDefinition(t.Context(), db.def, nil) },
	} {
		record, err := test()
		if err != nil || record.ID != "" || record.Tasks[0].Output["dry"] != true || len(db.saved) != 0 {
			t.Errorf("%s: %+v, %v; saved %d", name, record, err, len(db.saved))
		}
	}
	var bad *DefinitionError
	if _, err := e.TestDefinition(t.Context(), workflow.Definition{Name: "empty"}, nil); !errors.As(err, &bad) {
		t.Errorf("a definition without tasks: %v", err)
	}
	if _, err := e.Deploy(t.Context(), workflow.Definition{Name: "empty"}); !errors.As(err, &bad) {
		t.Errorf("deploying it: %v", err)
	}
}

func TestInputsAreChecked(t *testing.T) {
	e := newEngine(oneTask(), 1, nil)
	wrong := map[string]any{"n": "one"}
	var input *InputError
	if _, err := e.Execute(t.Context(), Request{Workflow: "w", Input: wrong}); !errors.As(err, &input) {
		t.Errorf("execute: %v", err)
	}
	if _, err := e.Test(t.Context(), "w", wrong); !errors.As(err, &input) {
		t.Errorf("test: %v", err)
	}
	faults, err := e.ValidateInput(t.Context(), "w", wrong)
	if err != nil || len(faults) != 1 || faults[0].Field != "n" {
		t.Errorf("validation = %v, %v", faults, err)
	}
	if _, err := e.ValidateInput(t.Context(), "none", nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an absent workflow: %v", err)
	}
}
