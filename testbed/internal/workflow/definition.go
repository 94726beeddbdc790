// Package workflow holds the engine's nouns: definitions, and the records of
// their executions. They are plain values; running them is the business of
// package runner, keeping them that of package store.
package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k6report/testbed/internal/graph"
)

// Definition describes a workflow in one version.
type Definition struct {
	Name        string  `json:"name"`
	Version     int     `json:"version"` // from 1; 0 while not stored
	Description string  `json:"description,omitempty"`
	Input       []Field `json:"input,omitempty"`
	Tasks       []Task  `json:"tasks"`
	// Output is a template over the input and all tasks' outputs. Nil stands
	// for the outputs of the last level's tasks by their id.
	Output map[string]any `json:"output,omitempty"`
}

// Field is one expected value of a workflow's input.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // string, number, boolean, object or array
	Required bool   `json:"required,omitempty"`
	Default  any    `json:"default,omitempty"` // nil for none
}

// Task is one step: a kind of work and its parameters, in which templates may
// refer to {{input.…}} and {{tasks.ID.output.…}} of the tasks it depends on.
type Task struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	DependsOn []string       `json:"dependsOn,omitempty"`
	With      map[string]any `json:"with,omitempty"`
}

// Summary is a definition's line in a list.
type Summary struct {
	Name        string
	Version     int
	Description string
	Tasks       int
	CreatedAt   time.Time
}

// Stats sums up all executions of a workflow, whatever the version or tenant.
type Stats struct {
	Executions int64
	Failures   int64
	Time       time.Duration // of all of them together
	LastAt     time.Time     // zero if never executed
}

// MaxTasks bounds a definition, so that a request can't ask for any size.
const MaxTasks = 1000

// Nodes lists the tasks as graph.Build wants them.
func (d Definition) Nodes() []graph.Node {
	nodes := make([]graph.Node, len(d.Tasks))
	for i, t := range d.Tasks {
		nodes[i] = graph.Node{ID: t.ID, After: t.DependsOn}
	}
	return nodes
}

// ValidName says whether name can be a workflow's or a task's: letters,
// digits, '-' and '_', at most 64 of them, so that it fits into paths and
// templates as it is.
func ValidName(name string) bool {
	stranger := func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	}
	return 0 < len(name) && len(name) <= 64 && !strings.ContainsFunc(name, stranger)
}

// Check tells what is wrong with the definition apart from its graph, which
// graph.Build checks, and its kinds of task, which the runner knows. All
// faults are joined in one error.
func (d Definition) Check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !ValidName(d.Name) {
		fault("workflow name %q: want 1 to 64 letters, digits, '-' or '_'", d.Name)
	}
	if n := len(d.Tasks); n == 0 || n > MaxTasks {
		fault("a workflow has 1 to %d tasks, this has %d", MaxTasks, n)
	}
	for _, t := range d.Tasks {
		if !ValidName(t.ID) {
			fault("task id %q: want 1 to 64 letters, digits, '-' or '_'", t.ID)
		}
	}
	fieldTypes := []string{"string", "number", "boolean", "object", "array"}
	for _, f := range d.Input {
		if !slices.Contains(fieldTypes, f.Type) {
			fault("input %q has type %q; want one of %s", f.Name, f.Type, strings.Join(fieldTypes, ", "))
		}
	}
	return errors.Join(faults...)
}

// InputFault says what is wrong with one value of an input.
type InputFault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// CompleteInput returns a copy of input with the defaults of absent fields
// filled in, and what is wrong with it, in the order of the definition; no
// faults mean that the workflow can run on it. Fields that the definition
// doesn't name are passed on: templates may use them.
func (d Definition) CompleteInput(input map[string]any) (map[string]any, []InputFault) {
	complete := make(map[string]any, len(input)+len(d.Input))
	for name, value := range input {
		complete[name] = value
	}
	var faults []InputFault
	for _, f := range d.Input {
		value, present := complete[f.Name]
		switch {
		case present && typeName(value) != f.Type:
			faults = append(faults, InputFault{f.Name, fmt.Sprintf("is %s, want %s", typeName(value), f.Type)})
		case !present && f.Default != nil:
			complete[f.Name] = f.Default
		case !present && f.Required:
			faults = append(faults, InputFault{f.Name, "is required"})
		}
	}
	return complete, faults
}

// typeName names a decoded JSON value's type in JSON's words.
func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	default:
		return "number"
	}
}
