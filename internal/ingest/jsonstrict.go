package ingest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k6report/internal/run"
)

// jsonLine is a line of k6 JSON of either kind, in any order of keys.
type jsonLine struct {
	Metric string          `json:"metric"`
	Type   string          `json:"type"`
	Data   json.RawMessage `json:"data"`
}

type jsonPoint struct {
	Time     *string           `json:"time"`
	Value    json.RawMessage   `json:"value"`
	Tags     map[string]string `json:"tags"`
	Metadata map[string]string `json:"metadata"`
}

type jsonMetric struct {
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Contains   string            `json:"contains"`
	Thresholds []json.RawMessage `json:"thresholds"`
	Submetrics []struct {
		Name string            `json:"name"`
		Tags map[string]string `json:"tags"`
	} `json:"submetrics"`
}

// strict reads one line by the rules of JSON. An error says what is wrong with
// the line, for a person.
func (p *parser) strict(line []byte) error {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	var l jsonLine
	if err := json.Unmarshal(line, &l); err != nil {
		return plainJSONError(err)
	}
	switch {
	case l.Type != "Point" && l.Type != "Metric":
	case len(l.Data) == 0:
		return errors.New("the line has no data")
	case l.Type == "Metric":
		return p.strictMetric(l)
	case l.Metric == "":
		return errors.New("the sample names no metric")
	case len(l.Metric) > maxName:
		return fmt.Errorf("the metric's name %q is longer than %d bytes", clip(l.Metric), maxName)
	default:
		return p.strictPoint(l)
	}
	return errors.New("it is JSON, but no line of k6: neither a Metric nor a Point")
}

func (p *parser) strictPoint(l jsonLine) error {
	var d jsonPoint
	if err := json.Unmarshal(l.Data, &d); err != nil {
		return plainJSONError(err)
	}
	if d.Time == nil {
		return errors.New("the sample has no time")
	}
	if len(d.Value) == 0 {
		return errors.New("the sample has no value")
	}
	var c clock
	at, ok := c.parse([]byte(*d.Time))
	if !ok {
		return fmt.Errorf("%q is not a time", clip(*d.Time))
	}
	v, n := parseNumber(d.Value)
	if n == 0 || n != len(d.Value) {
		return fmt.Errorf("the value %s is not a finite number", clip(string(d.Value)))
	}
	// Encoded again, the tags have one text whatever their order was.
	text, err := json.Marshal(d.Tags)
	if err != nil {
		return err
	}
	e := p.entries[string(text)]
	if e == nil {
		e = p.remembered(text, d.Tags)
	}
	p.sample(p.metric(l.Metric), at, v, e, referenceOf(d.Metadata).of(e))
	return nil
}

func (p *parser) strictMetric(l jsonLine) error {
	var d jsonMetric
	if err := json.Unmarshal(l.Data, &d); err != nil {
		return plainJSONError(err)
	}
	if err := d.check(); err != nil {
		return err
	}
	m, err := d.definition()
	p.define(m)
	if err != nil {
		p.segment.problem(run.Problem{
			Code: "bad_threshold", Line: p.segment.lines, Count: 1,
			Message: fmt.Sprintf("metric %q: %v: it was left out, the rest of the definition counts", clip(d.Name), err),
		})
	}
	if m.Type == run.Unknown {
		p.segment.problem(run.Problem{
			Code: "metric_type", Line: p.segment.lines, Count: 1,
			Message: fmt.Sprintf("metric %q has a type %q that k6report doesn't know: it is read as a trend; update k6report if a newer k6 wrote it", clip(d.Name), clip(d.Type)),
		})
	}
	return nil
}

func (d jsonMetric) check() error {
	switch {
	case d.Name == "":
		return errors.New("the metric has no name")
	case len(d.Name) > maxName:
		return fmt.Errorf("the metric's name %q is longer than %d bytes", clip(d.Name), maxName)
	}
	return nil
}

// definition is what could be read; the error is the first thing that could
// not.
func (d jsonMetric) definition() (run.Metric, error) {
	m := run.Metric{Name: d.Name, Type: run.ParseMetricType(d.Type), Contains: d.Contains}
	var bad error
	for _, raw := range d.Thresholds {
		expression, err := decodeThreshold(raw)
		if err != nil {
			bad = cmp.Or(bad, err)
			continue
		}
		m.Thresholds = append(m.Thresholds, expression)
	}
	for _, s := range d.Submetrics {
		sub := run.Submetric{Name: s.Name}
		for name, value := range s.Tags {
			sub.Tags = append(sub.Tags, run.Tag{Name: name, Value: value})
		}
		m.Submetrics = append(m.Submetrics, sub)
	}
	return m, bad
}

// decodeThreshold reads a threshold as k6 writes it: a string or an object.
func decodeThreshold(raw json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var object struct {
		Threshold string `json:"threshold"`
	}
	if err := json.Unmarshal(raw, &object); err != nil || object.Threshold == "" {
		return "", fmt.Errorf("a threshold is neither text nor an object: %s", clip(string(raw)))
	}
	return object.Threshold, nil
}

// decodeStrings reads a JSON object of strings.
func decodeStrings(b []byte) (map[string]string, error) {
	var m map[string]string
	err := json.Unmarshal(b, &m)
	return m, err
}

// plainJSONError drops what only means something to a Go programmer.
func plainJSONError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%q is a %s where k6 writes something else", kind.Field, kind.Value)
	}
	return fmt.Errorf("it is not JSON: %w", err)
}

// clip shortens a text of the input for a message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// shortList names the first of a list, and says how many more there are.
func shortList(list []string, most int) string {
	text := strings.Join(list[:min(len(list), most)], ", ")
	if more := len(list) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
