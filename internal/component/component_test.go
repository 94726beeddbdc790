package component_test

import (
	"slices"
	"testing"

	"k6report/internal/component"
)

// What a table has twice, one of the two is lost.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	add := func(kind, name string) {
		if key := kind + " " + name; name == "" || seen[key] {
			t.Errorf("%s %q is empty or there twice", kind, name)
		} else {
			seen[key] = true
		}
	}
	for _, c := range component.All() {
		add("component", c.Name)
		if len(c.Parts) == 0 {
			t.Errorf("%s has no part", c.Name)
		}
		if (c.Size == "") != (c.InUse == "") {
			t.Errorf("%s: of its gauges %q and %q one tells nothing without the other", c.Name, c.Size, c.InUse)
		}
		for _, p := range c.Parts {
			add("part", p.Name)
			if p.Metric != "" {
				add("metric", p.Metric)
			}
			if (p.Cause == "") != (p.Remedy == "") {
				t.Errorf("%s: the cause %q and the remedy %q go together", p.Name, p.Cause, p.Remedy)
			}
			if c.Outside && p.Metric != "" {
				t.Errorf("%s: a server can't tell of what is outside of it", p.Name)
			}
		}
	}
}

func TestNames(t *testing.T) {
	if all := component.Names(nil); len(all) != len(component.All()) {
		t.Errorf("all names are %v", all)
	}
	lines := component.Names(func(c component.Component) bool { return c.Line })
	if !slices.Equal(lines, []string{component.Client, component.Queue}) {
		t.Errorf("lines are %v", lines)
	}
}
