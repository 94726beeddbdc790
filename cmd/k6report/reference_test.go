package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k6report/internal/component"
	"k6report/internal/config"
)

// TestReference holds the pages, and the parts of files, that are made from the code,
// or writes them with -update.
func TestReference(t *testing.T) {
	for name, text := range map[string]string{
		"commands.md": commandsPage(),
		"configuration.md": "# k6report.yaml\n\n" + generatedNote +
			"\n`k6report init` writes this file, every setting as a comment. Commands look for it in the working directory, or where `--config` says.\n\n" +
			"```yaml\n" + config.Template() + "```\n",
	} {
		path := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != text {
			t.Errorf("docs/%s is not what the code says: make it anew with `make reference`", name)
		}
	}
	holdPart(t, "docs/attribution.md", tableBegin, tableEnd, serverTimesTable(), "reference")
	holdPart(t, "scenarios/lib/server-timing.js", "const METRICS = {\n", "};\n", serverTimesScript(), "reference")
}

// toldParts are the parts that a server may tell of, each with its component.
func toldParts(visit func(component.Component, component.Part)) {
	for _, c := range component.All() {
		for _, p := range c.Parts {
			if p.Metric != "" {
				visit(c, p)
			}
		}
	}
}

// serverTimesTable is what the server's times are called, for people.
func serverTimesTable() string {
	var b strings.Builder
	b.WriteString("| Server-Timing | k6 metric | component |\n|---|---|---|\n")
	toldParts(func(c component.Component, p component.Part) {
		of := c.Name
		if p.Wait {
			of += ", waiting"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", p.Name, p.Metric, of)
	})
	fmt.Fprintf(&b, "| `%s` | `%s` | the whole |\n", component.Total, component.TotalMetric)
	return b.String()
}

// serverTimesScript is the same for the script that records them.
func serverTimesScript() string {
	var b strings.Builder
	toldParts(func(_ component.Component, p component.Part) {
		fmt.Fprintf(&b, "  '%s': '%s',\n", p.Name, p.Metric)
	})
	fmt.Fprintf(&b, "  '%s': '%s',\n", component.Total, component.TotalMetric)
	return b.String()
}

const generatedNote = "Made from the code by `make reference`.\n"

// commandsPage is the help of all commands.
func commandsPage() string {
	var b strings.Builder
	b.WriteString("# Commands\n\n" + generatedNote)
	for _, c := range documented((&app{forges: forges()}).root()) {
		fmt.Fprintf(&b, "\n## %s\n\n", c.CommandPath())
		about := c.Long
		if about == "" {
			about = strings.ToUpper(c.Short[:1]) + c.Short[1:] + "."
		}
		b.WriteString("```text\n" + about + "\n\nUsage: " + c.UseLine() + "\n")
		if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
			b.WriteString("\n" + flags.FlagUsages())
		}
		b.WriteString("```\n")
		if c.Example != "" {
			b.WriteString("\n```\n" + unindent(c.Example) + "\n```\n")
		}
	}
	return b.String()
}

func unindent(example string) string {
	lines := strings.Split(example, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}
