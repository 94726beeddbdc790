// Package storetest holds every store.Store to the same promises. It is run
// by the tests of each implementation.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// Run tests the stores that open gives: each call a fresh, empty one, which
// closes itself at the end of the test it is given.
func Run(t *testing.T, open func(*testing.T) store.Store) {
	tests := map[string]func(*testing.T, store.Store){
		"definitions and versions": definitions,
		"pages":                    pages,
		"executions":               executions,
		"filters":                  filters,
		"statistics":               statistics,
		"many tasks":               manyTasks,
		"side by side":             sideBySide,
		"timings":                  timings,
		"cancelled":                cancelled,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func definition(name string) workflow.Definition {
	return workflow.Definition{
		Name: name, Description: "for tests",
		Input:  []workflow.Field{{Name: "n", Type: "number", Default: 2.0}},
		Tasks:  []workflow.Task{{ID: "a", Kind: "echo", With: map[string]any{"v": "{{input.n}}"}}},
		Output: map[string]any{"v": "{{tasks.a.output.v}}"},
	}
}

func definitions(t *testing.T, s store.Store) {
	ctx := t.Context()
	if _, err := s.Definition(ctx, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an absent workflow: %v, want ErrNotFound", err)
	}
	if _, err := s.Versions(ctx, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an absent workflow's versions: %v, want ErrNotFound", err)
	}
	first, second := definition("w"), definition("w")
	second.Tasks = append(second.Tasks, workflow.Task{ID: "b", Kind: "echo", DependsOn: []string{"a"}})
	for i, step := range []struct {
		save workflow.Definition
		want int
	}{{first, 1}, {first, 1}, {second, 2}, {second, 2}, {first, 3}} {
		if got, err := s.SaveDefinition(ctx, step.save); err != nil || got != step.want {
			t.Fatalf("step %d: version %d, %v; want %d", i, got, err, step.want)
		}
	}
	want := definition("w")
	want.Version = 3
	if got, err := s.Definition(ctx, "w"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Definition = %+v, %v; want %+v", got, err, want)
	}
	versions, err := s.Versions(ctx, "w")
	if err != nil || len(versions) != 3 {
		t.Fatalf("Versions = %+v, %v; want 3", versions, err)
	}
	if v := versions[1]; v.Version != 2 || v.Tasks != 2 || v.Description != "for tests" || v.CreatedAt.IsZero() {
		t.Errorf("second version = %+v", v)
	}
}

func pages(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, name := range []string{"c", "a", "d", "b", "a"} {
		if _, err := s.SaveDefinition(ctx, definition(name)); err != nil {
			t.Fatal(err)
		}
	}
	for page, want := range map[store.Page]string{
		{Take: 2}: "abc", {Skip: 2, Take: 2}: "cd", {Skip: 1, Take: 9}: "bcd", {Skip: 9, Take: 9}: "",
	} {
		list, err := s.Definitions(ctx, page)
		got := ""
		for _, w := range list {
			got += w.Name
		}
		if err != nil || got != want {
			t.Errorf("page %+v holds %q, %v; want %q", page, got, err, want)
		}
	}
}

// origin is a time as databases keep it.
func origin() time.Time { return time.UnixMicro(1_700_000_000_123_456) }

func execution(id string, minute int) workflow.Execution {
	at := origin().Add(time.Duration(minute) * time.Minute)
	return workflow.Execution{
		ID: id, Tenant: "acme", Workflow: "w", Version: 1, Status: workflow.Completed,
		CreatedAt: at, Duration: 1_234_567, GraphBuild: 4_321,
		Cost:  workflow.Cost{Setup: 10, Scheduling: 20, Teardown: 30},
		Input: map[string]any{"n": 2.5, "text": "it's \"quoted\" ✓"}, Output: map[string]any{"v": []any{true, nil}},
		Tasks: []workflow.TaskRun{
			{
				ID: "a", Kind: "echo", Started: at, Completed: at.Add(time.Millisecond), Wait: 7,
				Output: map[string]any{"v": 1.0},
			},
			{
				ID: "b", Kind: "echo", Started: at.Add(2 * time.Millisecond), Completed: at.Add(3 * time.Millisecond),
				WaitedFor: []string{"a"}, Error: "no",
			},
		},
		Plan: workflow.Plan{Order: []string{"a", "b"}, Groups: [][]string{{"a"}, {"b"}}},
	}
}

func executions(t *testing.T, s store.Store) {
	ctx := t.Context()
	want := execution("e1", 0)
	save(t, s, want)
	got, err := s.Execution(ctx, "acme", "e1")
	if err != nil {
		t.Fatal(err)
	}
	if !got.CreatedAt.Equal(want.CreatedAt) {
		t.Errorf("created at %v, want %v", got.CreatedAt, want.CreatedAt)
	}
	for i := range got.Tasks {
		if !got.Tasks[i].Started.Equal(want.Tasks[i].Started) || !got.Tasks[i].Completed.Equal(want.Tasks[i].Completed) {
			t.Errorf("task %d ran %v, want %v", i, got.Tasks[i], want.Tasks[i])
		}
		// Time zones may differ, the instants don't.
		got.Tasks[i].Started, got.Tasks[i].Completed = want.Tasks[i].Started, want.Tasks[i].Completed
	}
	got.CreatedAt = want.CreatedAt
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Execution =\n%+v, want\n%+v", got, want)
	}

	trace, err := s.Trace(ctx, "acme", "e1")
	if err != nil || trace.Workflow != "w" || !reflect.DeepEqual(trace.Plan, want.Plan) || len(trace.Timings) != 2 {
		t.Fatalf("Trace = %+v, %v", trace, err)
	}
	a, b := trace.Timings[0], trace.Timings[1]
	if a.ID != "a" || !a.Success || a.Wait != 7 || len(a.WaitedFor) != 0 || a.Completed.Sub(a.Started) != time.Millisecond {
		t.Errorf("timing of a = %+v", a)
	}
	if b.ID != "b" || b.Success || !reflect.DeepEqual(b.WaitedFor, []string{"a"}) || !b.Started.Equal(want.Tasks[1].Started) {
		t.Errorf("timing of b = %+v", b)
	}

	for _, who := range [][2]string{{"acme", "e2"}, {"other", "e1"}} {
		if _, err := s.Execution(ctx, who[0], who[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("execution of %v: %v, want ErrNotFound", who, err)
		}
		if _, err := s.Trace(ctx, who[0], who[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("trace of %v: %v, want ErrNotFound", who, err)
		}
	}
	if err := s.SaveExecution(ctx, want); err == nil {
		t.Error("the same id was stored twice")
	}
}

func filters(t *testing.T, s store.Store) {
	for i := range 5 {
		e := execution(fmt.Sprint(i), i)
		if i == 3 {
			e.Status, e.Error = workflow.Failed, "why"
		}
		save(t, s, e)
	}
	stranger := execution("s", 9)
	stranger.Tenant = "globex"
	save(t, s, stranger)
	other := execution("o", 9)
	other.Workflow = "v"
	save(t, s, other)

	for _, tt := range []struct {
		filter store.ExecutionFilter
		page   store.Page
		want   string
	}{
		{store.ExecutionFilter{Tenant: "acme", Workflow: "w"}, store.Page{Take: 9}, "43210"},
		{store.ExecutionFilter{Tenant: "acme", Workflow: "w"}, store.Page{Skip: 1, Take: 2}, "321"},
		{store.ExecutionFilter{Tenant: "acme", Workflow: "w", Status: workflow.Failed}, store.Page{Take: 9}, "3"},
		{store.ExecutionFilter{Tenant: "acme", Workflow: "w", Status: workflow.Completed}, store.Page{Take: 9}, "4210"},
		{store.ExecutionFilter{Tenant: "globex", Workflow: "w"}, store.Page{Take: 9}, "s"},
		{store.ExecutionFilter{Tenant: "acme", Workflow: "none"}, store.Page{Take: 9}, ""},
	} {
		list, err := s.Executions(t.Context(), tt.filter, tt.page)
		got := ""
		for _, e := range list {
			got += e.ID
		}
		if err != nil || got != tt.want {
			t.Errorf("%+v %+v lists %q, %v; want %q", tt.filter, tt.page, got, err, tt.want)
		}
		for _, e := range list {
			if e.Version != 1 || e.Duration != 1_234_567 || e.Status == "" || e.CreatedAt.IsZero() || e.Workflow != "w" {
				t.Errorf("incomplete summary %+v", e)
			}
		}
	}
}

func statistics(t *testing.T, s store.Store) {
	if got, err := s.Stats(t.Context(), "w"); err != nil || got != (workflow.Stats{}) {
		t.Errorf("Stats before any execution = %+v, %v", got, err)
	}
	late, early, failed := execution("1", 5), execution("2", 0), execution("3", 1)
	failed.Status = workflow.Failed
	for _, e := range []workflow.Execution{late, early, failed} {
		e.Duration = 2 * time.Millisecond
		save(t, s, e)
	}
	got, err := s.Stats(t.Context(), "w")
	if err != nil || got.Executions != 3 || got.Failures != 1 || got.Time != 6*time.Millisecond || !got.LastAt.Equal(late.CreatedAt) {
		t.Errorf("Stats = %+v, %v", got, err)
	}
}

func manyTasks(t *testing.T, s store.Store) {
	e := execution("big", 0)
	e.Tasks = nil
	for i := range 250 {
		e.Tasks = append(e.Tasks, workflow.TaskRun{ID: fmt.Sprint("t", i), Started: origin(), Completed: origin()})
	}
	save(t, s, e)
	trace, err := s.Trace(t.Context(), "acme", "big")
	if err != nil || len(trace.Timings) != 250 {
		t.Fatalf("%d timings, %v; want 250", len(trace.Timings), err)
	}
	for i, timing := range trace.Timings {
		if timing.ID != fmt.Sprint("t", i) {
			t.Fatalf("timing %d is of %s", i, timing.ID)
		}
	}
}

func sideBySide(t *testing.T, s store.Store) {
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := s.SaveExecution(t.Context(), execution(fmt.Sprintf("%d-%d", w, i), i)); err != nil {
					t.Error(err)
				}
				if _, err := s.Executions(t.Context(), store.ExecutionFilter{Tenant: "acme", Workflow: "w"}, store.Page{Take: 5}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	stats, err := s.Stats(t.Context(), "w")
	if err != nil || stats.Executions != writers*each {
		t.Errorf("%d executions counted, %v; want %d", stats.Executions, err, writers*each)
	}
	if p := s.Pool(); p.Size < 1 || p.InUse != 0 {
		t.Errorf("pool at rest = %+v", p)
	}
}

func timings(t *testing.T, s store.Store) {
	save(t, s, execution("e", 0))
	for _, tt := range []struct {
		do   func(context.Context) error
		want []string
	}{
		{
			func(ctx context.Context) error { return s.SaveExecution(ctx, execution("e2", 0)) },
			[]string{timing.DBPoolWait, timing.DBWrite, timing.DBCommit},
		},
		{
			func(ctx context.Context) error { _, err := s.Execution(ctx, "acme", "e"); return err },
			[]string{timing.DBPoolWait, timing.DBRead},
		},
		{
			func(ctx context.Context) error { _, err := s.Trace(ctx, "acme", "e"); return err },
			[]string{timing.DBPoolWait, timing.DBTrace},
		},
		{s.Ping, []string{timing.DBPoolWait, timing.DBRead}},
	} {
		rec := timing.Start(time.Now)
		if err := tt.do(timing.With(t.Context(), rec)); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range rec.Parts() {
			names = append(names, p.Name)
		}
		if !reflect.DeepEqual(names, tt.want) {
			t.Errorf("timed %v, want %v", names, tt.want)
		}
	}
}

func cancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SaveExecution(ctx, execution("e", 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("saving for a cancelled request: %v", err)
	}
	if _, err := s.Execution(t.Context(), "acme", "e"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was cancelled: %v, want ErrNotFound", err)
	}
}

func save(t *testing.T, s store.Store, e workflow.Execution) {
	t.Helper()
	if err := s.SaveExecution(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}
