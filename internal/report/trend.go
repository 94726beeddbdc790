package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// TrendSchemaID names the version of a [TrendDocument].
const TrendSchemaID = "k6report.trend/v1"

// TrendDocument is a baseline's history by itself, as k6report trend prints it.
type TrendDocument struct {
	Schema    string    `json:"schema"`
	Generator Generator `json:"generator"`
	Trend     *Trend    `json:"trend"` // as in a report
}

// EncodeTrend writes a baseline's history as [Encode] writes a report.
func EncodeTrend(w io.Writer, generator Generator, t *Trend) error {
	if t == nil {
		return errors.New("write trend: there is none")
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	document := &TrendDocument{Schema: TrendSchemaID, Generator: generator, Trend: t}
	if err := enc.Encode(clean(reflect.ValueOf(document)).Interface()); err != nil {
		return fmt.Errorf("write trend: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write trend: %w", err)
	}
	return nil
}
