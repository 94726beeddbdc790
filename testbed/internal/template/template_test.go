package template

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func scope(t testing.TB) map[string]any {
	t.Helper()
	var s map[string]any
	text := `{
		"input": {"customer": {"name": "Ada", "vip": true}, "amount": 1250000.5, "tags": ["a", "b"], "none": null},
		"tasks": {"fetch-price": {"output": {"price": 3}}}
	}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestResolve(t *testing.T) {
	tests := []struct{ in, want string }{
		{`"plain"`, `"plain"`},
		{`"Dear {{input.customer.name}}!"`, `"Dear Ada!"`},
		{`"{{ input.customer }}"`, `{"name":"Ada","vip":true}`},
		{`"{{input.amount}}"`, `1250000.5`},
		{`"{{input.amount}} EUR"`, `"1250000.5 EUR"`},
		{`"{{input.tags.1}}{{input.tags.0}}"`, `"ba"`},
		{`"{{tasks.fetch-price.output.price}}"`, `3`},
		{`"{{input.none}}"`, `null`},
		{`"all: {{input.customer.vip}} {{input.tags}} {{input.none}}"`, `"all: true [\"a\",\"b\"] null"`},
		{`"{{input.region | \"eu\"}}"`, `"eu"`},
		{`"{{input.region|\"\"}}x"`, `"x"`},
		{`"{{input.customer.name | \"nobody\"}}"`, `"Ada"`},
		{`{"a": ["{{input.customer.name}}", 7, true, null]}`, `{"a":["Ada",7,true,null]}`},
		{`"{{not an expression}} {{}} {{input.}}"`, `"{{not an expression}} {{}} {{input.}}"`},
	}
	r := NewResolver()
	for _, tt := range tests {
		var in, want any
		if err := json.Unmarshal([]byte(tt.in), &in); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		got, err := r.Resolve(in, scope(t))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Resolve(%s) = %#v, %v; want %#v", tt.in, got, err, want)
		}
	}
}

func TestResolveNamesWhatIsMissing(t *testing.T) {
	r := NewResolver()
	for _, path := range []string{"input.nobody", "input.tags.2", "input.tags.x", "input.customer.name.first", "elsewhere"} {
		for _, text := range []any{"{{" + path + "}}", map[string]any{"k": []any{"to {{" + path + "}}"}}} {
			_, err := r.Resolve(text, scope(t))
			if err == nil || !strings.Contains(err.Error(), "{{"+path+"}}") {
				t.Errorf("Resolve(%v) error = %v, want one naming the path", text, err)
			}
		}
	}
}

func TestResolveChangesNeitherArgument(t *testing.T) {
	r := NewResolver()
	value := map[string]any{"list": []any{"{{input.customer.name}}"}, "text": "{{input.amount}}"}
	s := scope(t)
	if _, err := r.Resolve(value, s); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, scope(t)) {
		t.Error("the scope was changed")
	}
	if want := (map[string]any{"list": []any{"{{input.customer.name}}"}, "text": "{{input.amount}}"}); !reflect.DeepEqual(value, want) {
		t.Errorf("the value was changed to %v", value)
	}
}

func TestReferences(t *testing.T) {
	value := map[string]any{
		"b": []any{"{{tasks.x.output}} {{input.a}}", "{{input.a | \"0\"}}"},
		"n": 3.0,
	}
	got := NewResolver().References(value)
	if want := []string{"input.a", "tasks.x.output"}; !reflect.DeepEqual(got, want) {
		t.Errorf("References = %v, want %v", got, want)
	}
}

// A value that came out of a template must not be taken for one.
func TestResolvedTextIsNotResolvedAgain(t *testing.T) {
	s := map[string]any{"input": map[string]any{"evil": "{{input.secret}}", "secret": "x"}}
	got, err := NewResolver().Resolve("say {{input.evil}}", s)
	if err != nil || got != "say {{input.secret}}" {
		t.Errorf("Resolve = %v, %v", got, err)
	}
}

func BenchmarkResolve(b *testing.B) {
	r, s := NewResolver(), scope(b)
	for b.Loop() {
		if _, err := r.Resolve("Dear {{input.customer.name}}, {{input.amount}}", s); err != nil {
			b.Fatal(err)
		}
	}
}
