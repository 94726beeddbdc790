package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestNoteCodesAreExplained holds docs/troubleshooting.md against the code: a
// line for every code that a note can have, and none for what no note has.
func TestNoteCodesAreExplained(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| [^|]+ \\| [^|]+ \\|$").FindAllSubmatch(page, -1) {
		if explained[string(row[1])] {
			t.Errorf("%s is explained twice", row[1])
		}
		explained[string(row[1])] = true
	}
	used := noteCodes(t)
	if len(used) < 50 {
		t.Errorf("only %d codes were found in the code", len(used))
	}
	for _, code := range slices.Sorted(maps.Keys(used)) {
		if !explained[code] {
			t.Errorf("%s: the note %s is not in the tables of docs/troubleshooting.md", used[code], code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(explained)) {
		if used[code] == "" {
			t.Errorf("docs/troubleshooting.md explains %s, which nothing says", code)
		}
	}
}

// noteCodes are the codes of all notes and problems, with a place of each.
func noteCodes(t *testing.T) map[string]string {
	t.Helper()
	codes := map[string]string{}
	files := token.NewFileSet()
	for _, root := range []string{"ingest", "run", "analyze", filepath.Join("..", "cmd")} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for node := range ast.Preorder(file) {
				if literal := noteCode(node); literal != nil {
					code, err := strconv.Unquote(literal.Value)
					if err != nil {
						return err
					}
					codes[code] = files.Position(literal.Pos()).String()
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return codes
}

// noteCode is the literal of a code where a node names one: the field Code of a
// note or problem, a constant codeX, or the first argument of what makes a note.
func noteCode(node ast.Node) *ast.BasicLit {
	switch n := node.(type) {
	case *ast.CompositeLit:
		if !slices.Contains([]string{"Note", "Problem"}, lastName(n.Type)) {
			return nil
		}
		for _, element := range n.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok && lastName(pair.Key) == "Code" {
				return stringLiteral(pair.Value)
			}
		}
	case *ast.ValueSpec:
		if strings.HasPrefix(n.Names[0].Name, "code") && len(n.Values) == 1 {
			return stringLiteral(n.Values[0])
		}
	case *ast.CallExpr:
		if slices.Contains([]string{"note", "bad", "several"}, lastName(n.Fun)) && len(n.Args) > 1 {
			return stringLiteral(n.Args[0])
		}
	}
	return nil
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func stringLiteral(e ast.Expr) *ast.BasicLit {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		return literal
	}
	return nil
}
