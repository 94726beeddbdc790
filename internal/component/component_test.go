package component_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	if got, want := strings.Join(component.Names(nil), " "), "client network queue database graph http_pool websocket other"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	lines := component.Names(func(c component.Component) bool { return c.Line })
	if !slices.Equal(lines, []string{component.Client, component.Queue}) {
		t.Errorf("lines are %v", lines)
	}
}

// What the script calls a time is what the table knows it by.
func TestScriptsHaveTheTable(t *testing.T) {
	want := map[string]string{"total": "workflow_server_ms"}
	for _, c := range component.All() {
		for _, p := range c.Parts {
			if p.Metric != "" {
				want[p.Name] = p.Metric
			}
		}
	}
	got := map[string]string{}
	entry := regexp.MustCompile(`(?m)^  '([a-z-]+)': '([a-z0-9_]+)',$`)
	for _, m := range entry.FindAllStringSubmatch(read(t, "scenarios", "lib", "server-timing.js"), -1) {
		got[m[1]] = m[2]
	}
	if !maps.Equal(got, want) {
		t.Errorf("scenarios/lib/server-timing.js has %v, want %v", got, want)
	}
}

// Who writes a configuration file, or Server-Timing, reads the names there.
func TestPagesHaveTheTable(t *testing.T) {
	template, page := read(t, "internal", "config", "template.yaml"), read(t, "docs", "attribution.md")
	for _, c := range component.All() {
		if !named(template, c.Name) {
			t.Errorf("the template of k6report.yaml doesn't name %s", c.Name)
		}
		if !named(page, c.Name) {
			t.Errorf("docs/attribution.md doesn't name %s", c.Name)
		}
		for _, p := range c.Parts {
			if p.Metric != "" && !named(page, p.Name) {
				t.Errorf("docs/attribution.md doesn't name %s", p.Name)
			}
		}
	}
}

func named(text, name string) bool {
	return regexp.MustCompile(fmt.Sprintf(`(^|[^a-z_-])%s($|[^a-z_-])`, regexp.QuoteMeta(name))).MatchString(text)
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
