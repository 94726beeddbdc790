package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/needs"
)

// Words of the documentation that stand for what a reader has.
var placeholders = map[string]string{
	"REPORT.json": "results/feature/report.json",
	"SCRIPT.js":   "script.js",
	"OLD":         "old.k6run",
	"NEW":         "new.k6run",
	"HEALTHY":     "old.k6run",
	"FAULTY":      "new.k6run",
	"FOLDER":      "results/20261124T090000-load",
	"DIR":         "again",
}

// unheld are the commands that are neither run nor checked, and why.
var unheld = map[string]string{
	"docker compose -f deploy/compose.yaml up -d":                                                                   "there is no container engine among the tools; go test ./deploy holds the file",
	`curl -i -X POST http://127.0.0.1:8080/api/v1/workflows/order-chain/execute -d '{"input":{"orderId":"o-1"}}'`:   "asks the engine of the lines above it, whose own tests ask the same",
	"mv .cache/bench/new.txt .cache/bench/old.txt":                                                                  "puts aside what a benchmark wrote",
	"k6 run --out influxdb=http://localhost:8086/k6 --tag testid=nightly-7 --summary-export summary.json script.js": "TestScripts has it, with a server",
	"k6report analyze 'influxdb://localhost:8086/k6?testid=nightly-7' summary.json":                                 "TestScripts has it, with a server",
}

// TestDocumentedCommands runs the commands of k6report and k6 in the documentation:
// those of a block one after the other in one folder, and those within a text that
// name a file. All others are held against what they name. What can be done neither
// with is in unheld.
func TestDocumentedCommands(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "the commands are for a POSIX shell")
	}
	needs.Time(t, "runs a hundred programs")
	prepared := exampleFolder(t)
	words := documentedWords(t, prepared)
	for _, p := range documentation(t) {
		if p.name == "docs/commands.md" {
			continue // made of the help, whose examples TestExamples runs
		}
		run := func(lines []string) {
			if len(lines) == 0 {
				return
			}
			t.Run(p.name+"/"+lines[0], func(t *testing.T) {
				t.Parallel()
				runExamples(t, prepared, lines...)
			})
		}
		for _, b := range p.blocks {
			var lines []string
			for _, line := range b.commands() {
				if unheld[line] == "" && isExample(line) {
					lines = append(lines, words.Replace(line))
				}
			}
			run(lines)
		}
		for _, span := range p.spans {
			if isWhole(span) {
				run([]string{words.Replace(span)})
			}
		}
	}
}

// What commands name is there: verbs, flags, targets, packages, tests, scripts.
func TestDocumentedCommandsNameWhatIsThere(t *testing.T) {
	commands := 0
	used := make(map[string]bool)
	for _, p := range documentation(t) {
		h := holder{page: p}
		for _, span := range p.spans {
			h.span(span)
		}
		for _, html := range p.html {
			if strings.Contains(html, "<pre") || strings.Contains(html, "<code") {
				h.failf("%q is code that is neither run nor checked: write it in Markdown", html)
			}
		}
		for _, b := range p.blocks {
			for _, line := range b.hidden() {
				if p.name != "docs/commands.md" { // whose blocks are the help
					h.failf("%q is neither run nor checked in a block of %s", line, b.language)
				}
			}
			for _, line := range b.commands() {
				commands++
				for part := range strings.SplitSeq(line, " && ") {
					switch {
					case unheld[part] != "":
						used[part] = true
					case !h.command(part):
						h.failf("%q is neither run nor checked: teach the test to, or write into unheld why not; what is no command has a language", part)
					}
				}
			}
		}
		for _, problem := range h.problems {
			t.Errorf("%s: %s", p.name, problem)
		}
	}
	if commands < 80 {
		t.Errorf("only %d commands were found", commands)
	}
	for line := range unheld {
		if !used[line] {
			t.Errorf("no page has %q, which is in unheld", line)
		}
	}
}

// documentedWords replaces the placeholders.
func documentedWords(t *testing.T, folder string) *strings.Replacer {
	t.Helper()
	store := filepath.Join(folder, "results", "baselines", "load")
	entries, err := filepath.Glob(filepath.Join(store, "*"+baseline.Ending))
	if err != nil || len(entries) == 0 {
		t.Fatalf("%s holds no run: %v", store, err)
	}
	pairs := []string{"RUN", strings.TrimSuffix(filepath.Base(entries[len(entries)-1]), baseline.Ending)}
	for word, is := range placeholders {
		pairs = append(pairs, word, is)
	}
	return strings.NewReplacer(pairs...)
}

// documentedYAML are the fragments of YAML in pages: those for GitLab CI, which have
// jobs or include some, and those for k6report.yaml.
func documentedYAML(t *testing.T) (pipelines, configurations map[string]string) {
	t.Helper()
	pipelines, configurations = make(map[string]string), make(map[string]string)
	for _, p := range documentation(t) {
		for i, b := range p.blocks {
			if b.language != "yaml" {
				continue
			}
			name := fmt.Sprintf("%s, block %d", p.name, i+1)
			var keys map[string]any
			if err := yaml.Unmarshal([]byte(b.text), &keys); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			into := configurations
			for key, value := range keys {
				if job, isJob := value.(map[string]any); key == "include" || isJob && job["script"] != nil {
					into = pipelines
				}
			}
			into[name] = b.text
		}
	}
	return pipelines, configurations
}

// k6report takes what pages say stands in k6report.yaml.
func TestDocumentedConfiguration(t *testing.T) {
	_, configurations := documentedYAML(t)
	for name, fragment := range configurations {
		if _, err := config.Parse(name, []byte(fragment)); err != nil {
			t.Error(err)
		}
	}
	if len(configurations) < 5 {
		t.Errorf("only %d fragments were found", len(configurations))
	}
}

// Links lead to files that are there, and to headings that these have.
func TestLinks(t *testing.T) {
	pages := documentation(t)
	links := 0
	for _, p := range pages {
		for _, link := range p.links {
			if strings.Contains(link, "://") {
				continue
			}
			links++
			file, heading, _ := strings.Cut(link, "#")
			target := p.target(file)
			if _, err := os.Stat(repository(target)); err != nil {
				t.Errorf("%s: %s leads nowhere", p.name, link)
			}
			if heading != "" && !slices.ContainsFunc(pages, func(to docPage) bool { return to.name == target && slices.Contains(to.headings, heading) }) {
				t.Errorf("%s: %s leads to no heading", p.name, link)
			}
		}
	}
	if links < 60 {
		t.Errorf("only %d links were found", links)
	}
}
