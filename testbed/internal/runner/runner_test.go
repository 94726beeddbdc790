package runner

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k6report/testbed/internal/template"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// kinds of these tests: work that takes a stated time, and work that fails.
func testKinds() map[string]Kind {
	return map[string]Kind{
		"sleep": func(ctx context.Context, with map[string]any) (map[string]any, error) {
			span := timing.From(ctx).Begin("work")
			defer span.End()
			time.Sleep(time.Duration(with["ms"].(float64)) * time.Millisecond)
			return map[string]any{"slept": with["ms"]}, nil
		},
		"fail": func(context.Context, map[string]any) (map[string]any, error) {
			return map[string]any{"half": "done"}, errors.New("no luck")
		},
		"echo": func(_ context.Context, with map[string]any) (map[string]any, error) { return with, nil },
	}
}

func newRunner(workers int) *Runner {
	return New(Options{Kinds: testKinds(), Resolver: template.NewResolver(), Workers: workers, Now: time.Now})
}

func sleep(id string, ms float64, after ...string) workflow.Task {
	return workflow.Task{ID: id, Kind: "sleep", DependsOn: after, With: map[string]any{"ms": ms}}
}

func diamond() workflow.Definition {
	return workflow.Definition{Name: "diamond", Version: 2, Tasks: []workflow.Task{
		sleep("start", 1), sleep("left", 10, "start"), sleep("right", 4, "start"), sleep("end", 2, "left", "right"),
	}}
}

func run(t *testing.T, r *Runner, d workflow.Definition, input map[string]any) workflow.Execution {
	t.Helper()
	record, err := r.Run(t.Context(), d, input, nil)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestALevelRunsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := timing.Start(time.Now)
		record, err := newRunner(8).Run(timing.With(t.Context(), rec), diamond(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if record.Duration != 13*time.Millisecond {
			t.Errorf("the diamond took %v, want 13ms: 1 + the longer of 10 and 4 + 2", record.Duration)
		}
		if record.Cost.Total() != 0 {
			t.Errorf("cost %+v, want none on a clock that only sleeping moves", record.Cost)
		}
		end := record.Tasks[3]
		if end.ID != "end" || end.Wait != 0 {
			t.Errorf("the last task is %+v, want end without waiting once it was ready", end)
		}
		if want := []string{"left", "right"}; !reflect.DeepEqual(end.WaitedFor, want) {
			t.Errorf("end waited for %v, want %v", end.WaitedFor, want)
		}
		rec.Finish()
		for _, p := range rec.Parts() {
			if p.Name == "work" && p.Duration != 13*time.Millisecond {
				t.Errorf("critical path has %v of work, want 13ms", p.Duration)
			}
		}
	})
}

func TestWorkersBoundALevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := workflow.Definition{Name: "wide"}
		for i := range 5 {
			d.Tasks = append(d.Tasks, sleep(fmt.Sprint("t", i), 10))
		}
		for workers, want := range map[int]int{1: 50, 2: 30, 5: 10, 99: 10} {
			record := run(t, newRunner(workers), d, nil)
			if record.Duration != time.Duration(want)*time.Millisecond {
				t.Errorf("5 tasks of 10ms with %d workers took %v, want %dms", workers, record.Duration, want)
			}
			if last := record.Tasks[4]; last.Wait != record.Duration-10*time.Millisecond {
				t.Errorf("the last task waited %v with %d workers", last.Wait, workers)
			}
			if record.Cost.Total() != 0 {
				t.Errorf("%d workers: cost %+v, want none: all were busy", workers, record.Cost)
			}
		}
	})
}

func TestOutputsFlowAlongTheGraph(t *testing.T) {
	d := workflow.Definition{
		Name: "flow",
		Tasks: []workflow.Task{
			{ID: "a", Kind: "echo", With: map[string]any{"name": "{{input.name}}"}},
			{ID: "b", Kind: "echo", DependsOn: []string{"a"}, With: map[string]any{"hi": "Hi {{tasks.a.output.name}}"}},
		},
	}
	record := run(t, newRunner(2), d, map[string]any{"name": "Ada"})
	if want := (map[string]any{"b": map[string]any{"hi": "Hi Ada"}}); !reflect.DeepEqual(record.Output, want) {
		t.Errorf("output = %v, want the last level's %v", record.Output, want)
	}
	d.Output = map[string]any{"greeting": "{{tasks.b.output.hi}}, from {{tasks.a.output.name}}"}
	record = run(t, newRunner(2), d, map[string]any{"name": "Ada"})
	if want := (map[string]any{"greeting": "Hi Ada, from Ada"}); !reflect.DeepEqual(record.Output, want) {
		t.Errorf("output = %v, want %v", record.Output, want)
	}
}

func TestAFailureStopsLaterLevels(t *testing.T) {
	d := workflow.Definition{Name: "broken", Tasks: []workflow.Task{
		{ID: "bad", Kind: "fail"}, sleep("good", 0), sleep("never", 0, "bad"),
	}}
	record := run(t, newRunner(4), d, nil)
	if record.Status != workflow.Failed || record.Error != `task "bad" failed: no luck` || record.Output != nil {
		t.Errorf("record = %v %q %v", record.Status, record.Error, record.Output)
	}
	if len(record.Tasks) != 2 || record.Tasks[0].Success() || !record.Tasks[1].Success() {
		t.Errorf("tasks = %+v, want bad and good", record.Tasks)
	}
	if record.Tasks[0].Output != nil {
		t.Error("a failed task has an output")
	}
	if len(record.Plan.Order) != 3 {
		t.Errorf("plan = %v, want all three tasks", record.Plan.Order)
	}
}

func TestFailuresOfOtherKinds(t *testing.T) {
	tests := map[string]workflow.Definition{
		`task "a" failed: the engine has no kind of task "magic"`: {Tasks: []workflow.Task{{ID: "a", Kind: "magic"}}},
		`task "a" failed: template {{input.x}}: there is no such value; give a fallback as in {{input.x | ""}}`: {
			Tasks: []workflow.Task{{ID: "a", Kind: "echo", With: map[string]any{"v": "{{input.x}}"}}},
		},
		`output: template {{tasks.b.output}}: there is no such value; give a fallback as in {{tasks.b.output | ""}}`: {
			Tasks: []workflow.Task{{ID: "a", Kind: "echo"}}, Output: map[string]any{"v": "{{tasks.b.output}}"},
		},
	}
	for want, d := range tests {
		if record := run(t, newRunner(1), d, nil); record.Status != workflow.Failed || record.Error != want {
			t.Errorf("%v %q, want failed %q", record.Status, record.Error, want)
		}
	}
}

func TestACancelledRequestStartsNoMoreTasks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRunner(1)
	r.Kinds["cancel"] = func(context.Context, map[string]any) (map[string]any, error) { cancel(); return nil, nil }
	record, err := r.Run(ctx, workflow.Definition{Name: "w", Tasks: []workflow.Task{
		{ID: "a", Kind: "cancel"}, {ID: "b", Kind: "echo", DependsOn: []string{"a"}},
	}}, nil, nil)
	if err != nil || record.Status != workflow.Failed || !record.Tasks[0].Success() || record.Tasks[1].Success() {
		t.Errorf("record = %+v, %v; want b not started", record, err)
	}
}

func TestCyclesAndUnknownKindsAreRefused(t *testing.T) {
	cyclic := workflow.Definition{Name: "c", Tasks: []workflow.Task{sleep("a", 0, "b"), sleep("b", 0, "a")}}
	if _, err := newRunner(1).Run(t.Context(), cyclic, nil, nil); err == nil {
		t.Error("a cycle ran")
	}
	r := newRunner(1)
	if err := r.Check(cyclic); err == nil {
		t.Error("a cycle passed the check")
	}
	if err := r.Check(workflow.Definition{Name: "w", Tasks: []workflow.Task{{ID: "a", Kind: "magic"}}}); err == nil {
		t.Error("an unknown kind passed the check")
	}
	if err := r.Check(diamond()); err != nil {
		t.Error(err)
	}
}

func TestObserverHearsOfEveryTask(t *testing.T) {
	var mu sync.Mutex
	started, ended := map[string]int{}, map[string]int{}
	_, err := newRunner(4).Run(t.Context(), diamond(), nil, func(_ context.Context, e Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Result == nil {
			started[e.TaskID]++
		} else {
			ended[e.Result.ID]++
		}
	})
	want := map[string]int{"start": 1, "left": 1, "right": 1, "end": 1}
	if err != nil || !reflect.DeepEqual(started, want) || !reflect.DeepEqual(ended, want) {
		t.Errorf("started %v, ended %v, %v", started, ended, err)
	}
}

func TestCoveredCountsOverlapsOnce(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	list := []interval{{at(20), at(30)}, {at(0), at(10)}, {at(5), at(8)}, {at(8), at(12)}, {at(40), at(40)}}
	if got := covered(list); got != 22*time.Millisecond {
		t.Errorf("covered %v, want 12 + 10 ms", got)
	}
	if got := covered(nil); got != 0 {
		t.Errorf("nothing covers %v", got)
	}
}
