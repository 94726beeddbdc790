package forge

import (
	"strings"
	"testing"
)

func TestKeysDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{"", "load", "load 1/2", "load 2/2", "load_1/2", "load_1_2", "lasttest ü", strings.Repeat("x", 200), strings.Repeat("x", 201)} {
		key := Key(text)
		if other, twice := seen[key]; twice || !markerLine.MatchString((Marker{Key: key, Pipeline: 1, Hash: digest("")}).String()) {
			t.Errorf("%q has key %q, as %q", text, key, other)
		}
		seen[key] = text
	}
}
