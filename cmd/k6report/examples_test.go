package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/needs"
)

// TestExamples runs every example of the help in a folder that holds the files
// it names.
func TestExamples(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "the examples are for a POSIX shell")
	}
	prepared := exampleFolder(t)
	root := (&app{forges: forges()}).root()
	walk(root, func(c *cobra.Command) {
		own := []string{"k6report", "help", "version", "completion", "bash", "zsh", "fish", "powershell"}
		if c.Example == "" && c.Runnable() && !slices.Contains(own, c.Name()) {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if c.Name() == "bash" || c.Name() == "zsh" || c.Name() == "fish" || c.Name() == "powershell" {
			return // cobra's own words
		}
		for line := range strings.Lines(c.Example) {
			t.Run(strings.TrimSpace(line), func(t *testing.T) {
				t.Parallel()
				runExamples(t, prepared, strings.TrimSpace(line))
			})
		}
	})
}

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		walk(sub, visit)
	}
}

// exampleFolder holds the files that the examples name.
func exampleFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"summary.json":                  `{"root_group":{},"metrics":{"http_reqs":{"count":120,"rate":40}}}`,
		"script.js":                     "export default function () {}\n",
		"scenarios/smoke-test.js":       "export default function () {}\n",
		"scenarios/execution-stress.js": "export default function () {}\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	samples := generated{seconds: 3, rate: 40}
	for _, name := range []string{"run.json.gz", "run.json", "results/20261123T114553-smoke/run.json.gz", "results/20261124T090000-load/run.json.gz"} {
		if err := samples.writeFile(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{
		"old", "new", "main-1", "main-2", "new-1", "new-2", "results/main/1", "results/main/2", "results/feature/1", "results/feature/2",
	} {
		m := usual(uint64(i))
		if err := m.writeFile(filepath.Join(dir, filepath.FromSlash(name)+".k6run")); err != nil {
			t.Fatal(err)
		}
	}
	slow := usual(30)
	slow.slow = 1.2
	if err := slow.writeFile(filepath.Join(dir, "slow.k6run")); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(8) {
		m := usual(seed + 1)
		if err := m.writeFile(filepath.Join(dir, "load", fmt.Sprintf("%d.k6run", seed))); err != nil {
			t.Fatal(err)
		}
	}
	if err := putK6(filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"snapshot", "run.json.gz", "-q", "-o", "run.k6run"},
		{"analyze", "run.json.gz", "-q", "-o", "report"},
		{"analyze", "run.json.gz", "-q", "--formats", "json", "-o", "."},
		{"analyze", "run.json.gz", "-q", "--formats", "json", "-o", "results/ci"},
		{"baseline", "add", "-q", "--baseline", "load", "load"},
		{"analyze", "slow.k6run", "-q", "--baseline", "load", "--formats", "json", "-o", "results/feature"},
	} {
		cmd := exec.CommandContext(t.Context(), "k6report", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), endAtOnce)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return dir
}

// runExamples runs commands, one after the other in one folder.
func runExamples(t *testing.T, prepared string, lines ...string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(prepared)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(healthOf("example"))
	t.Cleanup(server.Close)
	env := append(os.Environ(), endAtOnce, "BROWSER=true", "HOME="+dir, "PATH="+filepath.Join(dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	for _, line := range lines {
		runExample(t, dir, strings.ReplaceAll(line, defaultTarget, server.URL), server.URL, slices.Clone(env))
	}
}

func runExample(t *testing.T, dir, line, target string, env []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = dir, env
	if !strings.Contains(line, " -- ") { // a LEVEL's target, where the line names none
		cmd.Env = append(cmd.Env, "K6REPORT_URL="+target)
	}
	if strings.Contains(line, "publish gitlab") {
		s := gitlabtest.New()
		t.Cleanup(s.Close)
		cmd.Env = append(cmd.Env, jobOf(s)...)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, &stderr)
	}
	if stdout.Len()+stderr.Len() == 0 && !strings.Contains(line, "--out") && !strings.Contains(line, " -o ") && !strings.Contains(line, ">") && !strings.HasPrefix(line, "mkdir ") {
		t.Errorf("%s: it said nothing", line)
	}
	if strings.Contains(stderr.String(), "error:") {
		t.Errorf("%s: standard error:\n%s", line, &stderr)
	}
}
