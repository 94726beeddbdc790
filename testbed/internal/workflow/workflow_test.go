package workflow

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestCheckNamesEveryFault(t *testing.T) {
	d := Definition{
		Name:  "no spaces",
		Input: []Field{{Name: "n", Type: "integer"}},
		Tasks: []Task{{ID: "a.b"}},
	}
	err := d.Check()
	if err == nil {
		t.Fatal("a faulty definition passed")
	}
	for _, want := range []string{`"no spaces"`, `"a.b"`, `"integer"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q says nothing of %s", err, want)
		}
	}
	if err := (Definition{Name: "w"}).Check(); err == nil {
		t.Error("a workflow without tasks passed")
	}
	good := Definition{Name: "w", Tasks: []Task{{ID: "a"}}, Input: []Field{{Name: "n", Type: "number"}}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestCompleteInput(t *testing.T) {
	d := Definition{Input: []Field{
		{Name: "amount", Type: "number", Required: true},
		{Name: "region", Type: "string", Default: "eu"},
		{Name: "note", Type: "string"},
		{Name: "items", Type: "array"},
	}}
	given := map[string]any{"amount": 3.0, "extra": true}
	got, faults := d.CompleteInput(given)
	want := map[string]any{"amount": 3.0, "extra": true, "region": "eu"}
	if !reflect.DeepEqual(got, want) || faults != nil {
		t.Errorf("CompleteInput = %v, %v; want %v without faults", got, faults, want)
	}
	if len(given) != 2 {
		t.Error("the given input was changed")
	}

	_, faults = d.CompleteInput(map[string]any{"note": nil, "items": map[string]any{}})
	wantFaults := []InputFault{
		{"amount", "is required"},
		{"note", "is null, want string"},
		{"items", "is object, want array"},
	}
	if !reflect.DeepEqual(faults, wantFaults) {
		t.Errorf("faults = %v, want %v", faults, wantFaults)
	}
}

func TestActualGroups(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	trace := Trace{Timings: []TaskTiming{
		{ID: "c", Started: at(8), Completed: at(12)},
		{ID: "a", Started: at(0), Completed: at(10)},
		{ID: "b", Started: at(2), Completed: at(3)},
		{ID: "d", Started: at(12), Completed: at(13)}, // begins as c ends: not beside it
	}}
	want := [][]string{{"a", "b", "c"}, {"d"}}
	if got := trace.ActualGroups(); !reflect.DeepEqual(got, want) {
		t.Errorf("groups = %v, want %v", got, want)
	}
}
