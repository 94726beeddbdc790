package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"k6report/internal/baseline"
)

// Words of the documentation that stand for what a reader has.
var placeholders = map[string]string{
	"REPORT.json": "results/feature/report.json",
	"SCRIPT.js":   "script.js",
	"NAME":        "load",
	"OLD":         "old.k6run",
	"NEW":         "new.k6run",
}

// TestDocumentedCommands runs every command of a block in the documentation, in
// the folder of the examples, and holds those within a text against the flags.
func TestDocumentedCommands(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for a POSIX shell")
	}
	if testing.Short() {
		t.Skip("runs a hundred programs")
	}
	prepared := exampleFolder(t)
	words := documentedWords(t, prepared)
	commands := 0
	for _, page := range documentation(t) {
		blocks, spans := commandsOf(t, page)
		name := filepath.Base(page)
		for _, line := range slices.Concat(blocks, spans) {
			holdFlags(t, name, line)
		}
		for _, line := range blocks {
			if strings.Contains(line, "influxd") { // TestScripts has those, with a server
				continue
			}
			commands++
			t.Run(name+"/"+line, func(t *testing.T) {
				t.Parallel()
				runExample(t, prepared, words.Replace(line))
			})
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands were found", commands)
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

// documentation is every page that users read.
func documentation(t *testing.T) []string {
	t.Helper()
	pages := []string{filepath.Join("..", "..", "README.md")}
	for _, pattern := range []string{"docs/*.md", "testbed/README.md", "deploy/README.md"} {
		more, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	return pages
}

var comment = regexp.MustCompile(`\s+#\s.*$`)

// commandsOf are the commands in a page: those of blocks of code, by line, and
// those within a text.
func commandsOf(t *testing.T, page string) (blocks, spans []string) {
	t.Helper()
	source, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	take := func(list *[]string, line string) {
		if line = comment.ReplaceAllString(strings.TrimSpace(line), ""); strings.HasPrefix(line, "k6report ") {
			*list = append(*list, line)
		}
	}
	root := goldmark.DefaultParser().Parse(text.NewReader(source))
	err = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch {
		case !entering:
		case isShell(n, source):
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				take(&blocks, string(line.Value(source)))
			}
		case n.Kind() == ast.KindCodeSpan:
			var span strings.Builder
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if piece, ok := c.(*ast.Text); ok {
					span.Write(piece.Value(source))
				}
			}
			take(&spans, span.String())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks, spans
}

// isShell reports whether a node is a block of what a shell gets: one of no
// language.
func isShell(n ast.Node, source []byte) bool {
	if fenced, ok := n.(*ast.FencedCodeBlock); ok {
		return len(fenced.Language(source)) == 0
	}
	return n.Kind() == ast.KindCodeBlock
}

// holdFlags looks for the verb and the flags of a command.
func holdFlags(t *testing.T, page, line string) {
	t.Helper()
	words := strings.Fields(strings.TrimPrefix(line, "k6report "))
	if at := slices.Index(words, "--"); at >= 0 {
		words = words[:at]
	}
	if len(words) == 0 || words[0] == "VERB" {
		return
	}
	root := (&app{}).root()
	c, _, err := root.Find(words)
	if err != nil || c == root {
		t.Errorf("%s: %q: there is no such verb", page, line)
		return
	}
	for _, word := range words {
		flag, _, _ := strings.Cut(word, "=")
		if name, long := strings.CutPrefix(flag, "--"); long && name != "help" && !hasFlag(c, name) {
			t.Errorf("%s: %q: %s has no flag %s", page, line, c.CommandPath(), flag)
		}
	}
}

func hasFlag(c *cobra.Command, name string) bool {
	found := false
	for _, set := range []*pflag.FlagSet{c.Flags(), c.InheritedFlags()} {
		found = found || set.Lookup(name) != nil
	}
	return found
}
