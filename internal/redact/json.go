package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// JSON masks the strings of one JSON value by text, and the names of members by name,
// which is also given the names, as they were, of what they are in, the outermost
// first; lists have none. Members whose names become the same are kept with a number.
// What holds no secret stays byte for byte; else the members of objects come sorted.
func JSON(content []byte, text func(string) string, name func(in []string, name string) string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	var before any
	if err := d.Decode(&before); err != nil {
		return nil, fmt.Errorf("mask the secrets of JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("mask the secrets of JSON: something follows it")
	}
	after := jsonMasks{text, name}.masked(nil, before)
	if reflect.DeepEqual(before, after) {
		return content, nil
	}
	return json.MarshalIndent(after, "", "  ")
}

type jsonMasks struct {
	text func(string) string
	name func(in []string, name string) string
}

// masked is a value with all texts masked.
func (m jsonMasks) masked(in []string, value any) any {
	switch v := value.(type) {
	case string:
		return m.text(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.masked(in, v[i])
		}
		return out
	case map[string]any:
		return m.object(in, v)
	default:
		return value
	}
}

func (m jsonMasks) object(in []string, members map[string]any) map[string]any {
	out := make(map[string]any, len(members))
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if m.name(in, name) != name {
			changed = append(changed, name)
			continue
		}
		out[name] = m.masked(append(in[:len(in):len(in)], name), members[name])
	}
	for _, name := range changed {
		unique := free(m.name(in, name), func(name string) bool { _, taken := out[name]; return taken })
		out[unique] = m.masked(append(in[:len(in):len(in)], name), members[name])
	}
	return out
}

// free is a name, with a number where it is taken, within the braces that it may end
// in.
func free(name string, taken func(string) bool) string {
	inner, braced := strings.CutSuffix(name, "}")
	for n := 2; taken(name); n++ {
		if name = fmt.Sprint(inner, " ", n); braced {
			name += "}"
		}
	}
	return name
}
