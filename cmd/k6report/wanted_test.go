package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k6report/internal/run"
)

// A script that records more times of a request than there are columns keeps the
// server's whole time and what the attribution knows, then what the configuration
// maps; the rest is named.
func TestManyTimesOfARequest(t *testing.T) {
	dir := t.TempDir()
	samples, config := filepath.Join(dir, "run.json"), filepath.Join(dir, "k6report.yaml")
	if err := (generated{seconds: 5, rate: 40, components: true}).writeFile(samples); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	const strangers = 15
	var all []byte
	for line := range bytes.Lines(lines) {
		if bytes.Contains(line, []byte("workflow_server_ms")) {
			for i := range strangers {
				all = append(all, bytes.ReplaceAll(line, []byte("workflow_server_ms"), fmt.Appendf(nil, "cache_%02d_ms", i))...)
			}
		}
		all = append(all, line...)
	}
	for path, content := range map[string][]byte{samples: all, config: []byte("components: [{match: 'cache_1*_ms', component: database}]\n")} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		more []string
		left string // without a column
	}{
		{nil, "cache_09_ms, cache_10_ms, cache_11_ms, cache_12_ms, cache_13_ms, cache_14_ms"},
		{[]string{"--config", config}, "cache_04_ms, cache_05_ms, cache_06_ms, cache_07_ms, cache_08_ms, cache_09_ms"},
	} {
		a, stdout, stderr := terminal(t, 100)
		snapshot := filepath.Join(dir, "run.k6run")
		if code := a.run(t.Context(), append([]string{"snapshot", samples, "-q", "-o", snapshot}, tt.more...)); code != exitOK {
			t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
		}
		content, err := os.ReadFile(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		r, err := run.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		for _, metric := range []string{"db_pool_wait_ms", "ws_publish_ms", "workflow_server_ms"} {
			if !slices.Contains(r.Requests.Columns, metric) {
				t.Errorf("%s has no column: %q", metric, r.Requests.Columns)
			}
		}
		out := filepath.Join(dir, "out")
		if code := a.run(t.Context(), append([]string{"analyze", samples, "-q", "--fail-on", "none", "--out", out}, tt.more...)); code != exitOK {
			t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
		}
		said := ""
		for _, n := range reportIn(t, out).Notes {
			if n.Code == "columns_left_out" {
				said = strings.Join(regexp.MustCompile(`\w+_ms`).FindAllString(n.Message, -1), ", ")
			}
		}
		if said != tt.left {
			t.Errorf("%q: left out are said to be %q, want %q", tt.more, said, tt.left)
		}
	}
}
