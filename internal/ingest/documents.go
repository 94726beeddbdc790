package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k6report/internal/run"
)

// readDocument reads a source that is one JSON document.
func readDocument(in *input, into any) error {
	data, err := readAll(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s (%s): %w%s", in.name, in.format.name, plainJSONError(err), lineOf(data, err))
	}
	return nil
}

// lineOf says where in a document an error lies.
func lineOf(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var offset int64
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	default:
		return ""
	}
	line := 1 + bytes.Count(data[:min(int64(len(data)), offset)], []byte("\n"))
	return fmt.Sprintf(" (line %d)", line)
}

func readSnapshot(_ context.Context, in *input, rd *reader) error {
	content, err := in.unpacked()
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	r, err := run.Decode(content)
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	rd.parts = append(rd.parts, r)
	return nil
}

// executionRecord is what k6report run writes beside the samples.
type executionRecord struct {
	K6Version   string            `json:"k6_version"`
	ExitCode    int               `json:"exit_code"`
	Meaning     string            `json:"meaning"`
	CPUSeconds  float64           `json:"cpu_s"`
	WallSeconds float64           `json:"wall_s"`
	Cores       int               `json:"cpus"`
	Started     string            `json:"started"`
	Ended       string            `json:"ended"`
	Labels      map[string]string `json:"labels"`
}

func readExecution(_ context.Context, in *input, rd *reader) error {
	var d executionRecord
	if err := readDocument(in, &d); err != nil {
		return err
	}
	rd.b.SetExecution(&run.Execution{
		K6Version: d.K6Version, ExitCode: d.ExitCode, Meaning: d.Meaning, CPU: d.CPUSeconds, Wall: d.WallSeconds,
		Cores: d.Cores, Started: d.Started, Ended: d.Ended,
	})
	for name, value := range d.Labels {
		if _, given := rd.options.Labels[name]; !given {
			rd.b.Label(name, value)
		}
	}
	rd.b.Source(run.Source{Name: in.name, Format: in.format.id})
	return nil
}
