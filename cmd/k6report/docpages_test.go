package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// docPage is a page of the documentation.
type docPage struct {
	name     string // from the root of the repository, with slashes
	blocks   []docBlock
	spans    []string // code within a text
	links    []string // where its links lead
	headings []string // as links name them
	html     []string // what is written in HTML
}

// docBlock is a block of code.
type docBlock struct{ language, text string }

// repository is a path from the root of the repository, with slashes.
func repository(name string) string {
	return filepath.Join("..", "..", filepath.FromSlash(name))
}

func documentationPage(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(repository(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// documentation is every page of the repository.
func documentation(t *testing.T) []docPage {
	t.Helper()
	var pages []docPage
	err := filepath.WalkDir(repository("."), func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(repository("."), file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		made := name == "bin" || d.Name() == "node_modules" || strings.HasPrefix(name, "results/") || strings.HasPrefix(d.Name(), ".") && name != "."
		switch {
		case d.IsDir() && made:
			return fs.SkipDir
		case !d.IsDir() && path.Ext(name) == ".md":
			pages = append(pages, readPage(t, name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 25 {
		t.Fatalf("only %d pages were found", len(pages))
	}
	return pages
}

func readPage(t *testing.T, name string) docPage {
	t.Helper()
	p := docPage{name: name}
	source := []byte(documentationPage(t, name))
	err := ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			p.blocks = append(p.blocks, docBlock{string(n.Language(source)), string(n.Lines().Value(source))})
		case *ast.CodeBlock:
			p.blocks = append(p.blocks, docBlock{text: string(n.Lines().Value(source))})
		case *ast.HTMLBlock:
			p.html = append(p.html, string(n.Lines().Value(source)))
		case *ast.RawHTML:
			p.html = append(p.html, string(n.Segments.Value(source)))
		case *ast.CodeSpan:
			p.spans = append(p.spans, textOf(n, source))
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.Heading:
			p.headings = append(p.headings, anchor(textOf(n, source)))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// textOf is the text below a node, on one line.
func textOf(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) { // fails only where the function does
		if piece, ok := c.(*ast.Text); ok && entering {
			b.Write(piece.Value(source))
			if piece.SoftLineBreak() {
				b.WriteByte('\n')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// anchor is a heading as links name it.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.ToLower(heading))
}

// target is the file, from the root, that a link of the page leads to; a link
// without a file leads to the page itself.
func (p *docPage) target(file string) string {
	if file == "" {
		return p.name
	}
	return path.Join(path.Dir(p.name), file)
}

// find is a file or folder that the page names, from the root or from where the
// page is; "" is nowhere.
func (p *docPage) find(name string) string {
	for _, from := range []string{".", path.Dir(p.name)} {
		file := repository(path.Join(from, name))
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// otherLanguages are those of blocks without commands. Jobs in YAML are held by
// TestCIFiles.
var otherLanguages = []string{"text", "yaml", "http", "go", "js", "javascript", "csharp"}

func (b docBlock) ofShell() bool { return slices.Contains([]string{"", "sh", "bash"}, b.language) }

// hidden are commands in a block that is for no shell: nobody runs them.
func (b docBlock) hidden() []string {
	if b.ofShell() {
		return nil
	}
	if !slices.Contains(otherLanguages, b.language) {
		return []string{b.text}
	}
	return hiddenCommand.FindAllString(b.text, -1)
}

var hiddenCommand = regexp.MustCompile(`(?m)^\s*(?:\$ \s*)?(?:k6report|k6 (?:run|inspect)|make|go (?:run|test)|\S+\.sh) .*$`)

// remark is what stands behind a command.
var remark = regexp.MustCompile(`(^|\s+)#\s.*$`)

// commands are the lines of a block for a shell; one of no language is for one.
func (b docBlock) commands() []string {
	if !b.ofShell() {
		return nil
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		if line = remark.ReplaceAllString(strings.TrimSpace(line), ""); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
