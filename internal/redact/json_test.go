package redact

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// FuzzJSON: what is masked is JSON of as many values, holds no secret, and is masked
// no further; what holds none stays byte for byte.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.50,null,true,"x"]}`, `{"` + token + `":"` + token + `","***":1e99}`, `["https://u:p@h/x"]`,
		`{"m{a:` + token + `}":1,"m{a:` + token + `2}":{}}`, `"\ud800"`, ` 1 `, `{} {}`,
	} {
		f.Add(text)
	}
	r := New([]string{token})
	name := func(_ []string, name string) string { return r.Text(name) }
	f.Fuzz(func(t *testing.T, text string) {
		masked, err := JSON([]byte(text), r.Text, name)
		if err != nil {
			if json.Valid([]byte(text)) {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		before, after := decoded(t, text), decoded(t, string(masked))
		// Of members of the same name the last counts, here as for all who read JSON.
		if out, err := json.Marshal(after); err != nil || strings.Contains(string(out), token) {
			t.Fatalf("%s becomes %s, %v", text, masked, err)
		}
		if values(before) != values(after) {
			t.Fatalf("%s becomes %s, of %d values instead of %d", text, masked, values(after), values(before))
		}
		again, err := JSON(masked, r.Text, name)
		if err != nil || !bytes.Equal(again, masked) {
			t.Fatalf("%s becomes %s and that %s, %v", text, masked, again, err)
		}
		same := func(s string) string { return s }
		if plain, err := JSON([]byte(text), same, func(_ []string, name string) string { return name }); err != nil || string(plain) != text {
			t.Fatalf("%s becomes %s, %v", text, plain, err)
		}
		if reflect.DeepEqual(before, after) && string(masked) != text {
			t.Fatalf("%s becomes %s", text, masked)
		}
	})
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// values counts what is in a value, and itself.
func values(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += values(x)
		}
	case map[string]any:
		for _, x := range v {
			n += values(x)
		}
	}
	return n
}
