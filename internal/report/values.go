package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Values are named numbers in a fixed order, a JSON object; of two with one
// name the first counts, and only it is written. For a metric the
// names are k6's own: count, rate, avg, min, med, max, "p(90)", "p(95)",
// "p(99)", "p(99.9)", passes, fails, value.
type Values []Value

// Value is one named number; it is finite.
type Value struct {
	Name  string
	Value float64
}

// Get is the number of that name and whether there is one.
func (v Values) Get(name string) (float64, bool) {
	for _, x := range v {
		if x.Name == name {
			return x.Value, true
		}
	}
	return 0, false
}

// Num is the number of that name, or nil.
func (v Values) Num(name string) *float64 {
	if x, ok := v.Get(name); ok {
		return &x
	}
	return nil
}

// Distinct are the numbers that count: the first of each name.
func (v Values) Distinct() Values {
	seen := make(map[string]bool, len(v))
	return slices.DeleteFunc(slices.Clone(v), func(x Value) bool {
		was := seen[x.Name]
		seen[x.Name] = true
		return was
	})
}

// MarshalJSON writes an object in the order of v.
func (v Values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendJSON(&b, x.Name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := appendJSON(&b, x.Value); err != nil {
			return nil, fmt.Errorf("write value %q: %w", x.Name, err)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object in its order; null values are left out.
func (v *Values) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	if tok == nil {
		*v = nil
		return nil
	}
	if tok != json.Delim('{') {
		return fmt.Errorf("read named values: want an object, have %v", tok)
	}
	out := Values{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var x *float64
		if err := dec.Decode(&x); err != nil {
			return fmt.Errorf("read value %q: %w", key, err)
		}
		if x != nil {
			out = append(out, Value{Name: key.(string), Value: *x})
		}
	}
	*v = out.Distinct()
	return nil
}

// Points are numbers of which some may be missing: NaN is a gap, null in JSON.
type Points []float64

// MarshalJSON writes gaps as null.
func (p Points) MarshalJSON() ([]byte, error) {
	out := make([]*float64, len(p))
	for i := range p {
		if !math.IsNaN(p[i]) {
			out[i] = &p[i]
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads null as a gap.
func (p *Points) UnmarshalJSON(data []byte) error {
	var in []*float64
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	out := make(Points, len(in))
	for i, x := range in {
		out[i] = math.NaN()
		if x != nil {
			out[i] = *x
		}
	}
	*p = out
	return nil
}

// Interval is a range with an open end where a side is nil; in JSON it is an
// array of two.
type Interval struct {
	Low, High *float64
}

// MarshalJSON writes [low, high].
func (i Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]*float64{i.Low, i.High})
}

// UnmarshalJSON reads [low, high].
func (i *Interval) UnmarshalJSON(data []byte) error {
	var in []*float64
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if len(in) != 2 {
		return fmt.Errorf("read an interval: want two bounds, have %d", len(in))
	}
	i.Low, i.High = in[0], in[1]
	return nil
}

// appendJSON writes v without escaping <, > and &, which thresholds are full
// of; whoever puts a report into HTML has to escape it anyway.
func appendJSON(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // Encode's line end
	return nil
}
