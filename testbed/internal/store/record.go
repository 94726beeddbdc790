package store

import (
	"encoding/json"
	"fmt"

	"k6report/testbed/internal/workflow"
)

// Documents are the parts of an execution that are kept as JSON, since they
// are only ever read whole.
type Documents struct {
	Input, Output, Cost, Tasks, Plan string
}

// EncodeDocuments takes them out of a record.
func EncodeDocuments(e workflow.Execution) (Documents, error) {
	var d Documents
	for _, part := range []struct {
		into  *string
		value any
	}{{&d.Input, e.Input}, {&d.Output, e.Output}, {&d.Cost, e.Cost}, {&d.Tasks, e.Tasks}, {&d.Plan, e.Plan}} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return Documents{}, fmt.Errorf("encode execution %s: %w", e.ID, err)
		}
		*part.into = string(text)
	}
	return d, nil
}

// Decode puts them into a record.
func (d Documents) Decode(e *workflow.Execution) error {
	for _, part := range []struct {
		text string
		into any
	}{{d.Input, &e.Input}, {d.Output, &e.Output}, {d.Cost, &e.Cost}, {d.Tasks, &e.Tasks}, {d.Plan, &e.Plan}} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return fmt.Errorf("decode execution %s: %w", e.ID, err)
		}
	}
	return nil
}
