package ingest

import (
	"encoding/json"
	"fmt"

	"k6report/internal/run"
)

// ReadPlan reads what k6 inspect --execution-requirements prints without any
// other source: the plan of a run that is yet to be made. A threshold that can't
// be understood is left out; Read tells of it.
func ReadPlan(document []byte) (*run.Plan, error) {
	var d inspected
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("read the plan that k6 inspect printed: %w", err)
	}
	p, _ := d.plan()
	return p, nil
}
