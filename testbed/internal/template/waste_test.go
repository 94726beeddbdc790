package template

import (
	"reflect"
	"testing"
)

// Compiling more often wastes time and changes nothing.
func TestWastefulResolversResolveAlike(t *testing.T) {
	value := map[string]any{
		"whole": "{{input.customer}}", "number": "{{ input.amount }}", "fallback": `{{input.region | "eu"}}`,
		"text": "Dear {{input.customer.name}} ({{input.tags.0}}, {{input.tags.1 | \"none\"}}), {{input.region|\"\"}}!",
		"list": []any{"{{input.none}}", 7.0, "plain"},
	}
	want, err := NewResolver().Resolve(value, scope(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Compile{PerText, PerExpression} {
		got, err := NewWastefulResolver(c).Resolve(value, scope(t))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("compiled as %d: %v, %v; want %v", c, got, err, want)
		}
		if _, err := NewWastefulResolver(c).Resolve("a {{input.nobody}}", scope(t)); err == nil {
			t.Errorf("compiled as %d: no error for an absent value", c)
		}
	}
}
