package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Encode writes r as indented JSON that ends in a line break. The same report
// gives the same bytes, and what Decode makes of them encodes to them again.
// Strings are made valid UTF-8, lists that are nil are written as empty, times
// in UTC; r itself stays as it is. A report that fails Check isn't written.
//
// <, > and & are not escaped: expressions are full of them and people read
// this file. Whoever puts it into a page has to escape it.
func Encode(w io.Writer, r *Report) error {
	if err := r.Check(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(clean(reflect.ValueOf(r)).Interface()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Decode reads one report. Fields that it doesn't know are skipped, so that a
// report of a later k6report is readable; another schema, a second document
// or a report that fails Check is an error.
func Decode(rd io.Reader) (*Report, error) {
	dec := json.NewDecoder(rd)
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	// The schema first: another document must not fail on some field's type.
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil || head.Schema == "" {
		return nil, fmt.Errorf("read report: this is no report.json, it names no schema (want %s)", SchemaID)
	}
	if head.Schema != SchemaID {
		return nil, fmt.Errorf("read report: its schema is %.60q, this k6report reads %s", head.Schema, SchemaID)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("read report: there is more in it after the report's end")
	}
	r := new(Report)
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	return r, nil
}

// clean is a deep copy of v as it is written: no nil lists, no invalid UTF-8.
func clean(v reflect.Value) reflect.Value {
	if t, ok := v.Interface().(time.Time); ok {
		return reflect.ValueOf(t.UTC().Round(0))
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(strings.ToValidUTF8(v.String(), "\uFFFD"))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(clean(v.Elem()))
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(clean(v.Index(i)))
		}
		if named, ok := out.Interface().(Values); ok {
			out.Set(reflect.ValueOf(named.Distinct()))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		// In a fixed order, for two keys may become one.
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			out.SetMapIndex(clean(k), clean(v.MapIndex(k)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(clean(v.Field(i)))
		}
	default:
		out.Set(v)
	}
	return out
}
