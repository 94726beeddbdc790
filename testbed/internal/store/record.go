package store

import (
	"encoding/json"
	"fmt"
	"reflect"

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

// NextVersion decides on the version of a definition, given the latest stored
// one as JSON (nil for none): that one's if both say the same, else the next.
// It answers the JSON to store, nil if there is nothing to store.
func NextVersion(d workflow.Definition, latest []byte) (version int, encoded []byte, err error) {
	version = 1
	if latest != nil {
		var stored workflow.Definition
		if err := json.Unmarshal(latest, &stored); err != nil {
			return 0, nil, fmt.Errorf("decode workflow %q: %w", d.Name, err)
		}
		d.Version = stored.Version
		same, err := equal(d, stored)
		if same || err != nil {
			return stored.Version, nil, err
		}
		version = stored.Version + 1
	}
	d.Version = version
	if encoded, err = json.Marshal(d); err != nil {
		return 0, nil, fmt.Errorf("encode workflow %q: %w", d.Name, err)
	}
	return version, encoded, nil
}

// equal compares as stored: numbers have lost their Go type there.
func equal(d, stored workflow.Definition) (bool, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return false, fmt.Errorf("encode workflow %q: %w", d.Name, err)
	}
	var plain workflow.Definition
	if err := json.Unmarshal(text, &plain); err != nil {
		return false, fmt.Errorf("decode workflow %q: %w", d.Name, err)
	}
	return reflect.DeepEqual(plain, stored), nil
}
