// Package internal_test holds the architecture: who may import whom. The table
// is the depguard section of .golangci.yml, with the reason beside each rule.
package internal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// rule is one rule of depguard in list mode lax: what starts with a denied
// prefix is forbidden unless a longer allowed one fits.
type rule struct {
	ListMode string   `yaml:"list-mode"`
	Files    []string `yaml:"files"`
	Allow    []string `yaml:"allow"`
	Deny     []struct {
		Pkg  string `yaml:"pkg"`
		Desc string `yaml:"desc"`
	} `yaml:"deny"`
}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func TestImports(t *testing.T) {
	rules := readRules(t)
	for _, module := range []string{"..", filepath.Join("..", "testbed")} {
		for _, p := range listPackages(t, module) {
			dir := relative(t, p.Dir)
			for _, bad := range violations(rules, dir, p.Imports, slices.Concat(p.TestImports, p.XTestImports)) {
				t.Errorf("%s %s", p.ImportPath, bad)
			}
		}
	}
}

// TestEveryPackageHasARule makes a new package take its place in the table.
func TestEveryPackageHasARule(t *testing.T) {
	rules := readRules(t)
	for _, p := range listPackages(t, "..") {
		name, ok := strings.CutPrefix(p.ImportPath, "k6report/internal/")
		if !ok || len(p.Imports) == 0 && p.TestImports == nil {
			continue
		}
		name, _, _ = strings.Cut(name, "/")
		if _, ok := rules[name]; !ok {
			t.Errorf("%s is in no rule of .golangci.yml: say what it may import, and why", p.ImportPath)
		}
	}
}

// TestRulesBite holds the reading of the rules against imports that break them.
func TestRulesBite(t *testing.T) {
	rules := readRules(t)
	tests := []struct {
		dir, imports string
		inTest       bool
		want         string // a part of the reason; "" is allowed
	}{
		{"internal/run", "k6report/internal/ingest", false, "ground that all stand on"},
		{"internal/run", "k6report/internal/report", false, "ground that all stand on"},
		{"internal/run", "k6report/internal/report", true, ""},
		{"internal/run", "math/bits", false, ""},
		{"internal/ingest", "k6report/internal/run", false, ""},
		{"internal/ingest", "k6report/internal/config", false, "cannot judge"},
		{"internal/render", "k6report/internal/run", false, "cannot compute"},
		{"internal/render/html", "k6report/internal/run", false, "cannot compute"},
		{"internal/report/sample", "k6report/internal/report", false, ""},
		{"internal/analyze", "k6report/internal/render", false, "cannot read or print"},
		{"internal/baseline", "k6report/internal/atomicfile", false, ""},
		{"internal/stat", "github.com/spf13/cobra", false, "cmd/k6report"},
		{"cmd/k6report", "github.com/spf13/cobra", false, ""},
		{"cmd/k6report", "k6report/internal/gitlab", false, ""},
		{"internal/gitlab", "k6report/internal/forge", false, ""},
		{"internal/gitlab", "k6report/internal/report", false, "knows no report"},
		{"internal/forge", "k6report/internal/gitlab", false, "knows none of them"},
		{"internal/forge/forgetest", "k6report/internal/forge", false, ""},
		{"cmd/k6report", "gitlab.com/gitlab-org/api/client-go/v2", false, "only internal/gitlab"},
		{"cmd/k6report", "github.com/xanzy/go-gitlab", true, "it moved"},
		{"internal/run", "github.com/DataDog/sketches-go/ddsketch", false, "oracle"},
		{"internal/run", "github.com/DataDog/sketches-go/ddsketch", true, ""},
		{"testbed/lab", "k6report/internal/report", false, "from outside"},
		{"testbed/lab", "k6report/testbed/internal/engine", false, ""},
	}
	for _, tt := range tests {
		imports, testImports := []string{tt.imports}, []string(nil)
		if tt.inTest {
			imports, testImports = testImports, imports
		}
		got := strings.Join(violations(rules, tt.dir, imports, testImports), "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s imports %s (test: %t): %q, want %q", tt.dir, tt.imports, tt.inTest, got, tt.want)
		}
	}
}

// violations says which imports of the package in dir, relative to the root,
// break a rule, and why.
func violations(rules map[string]rule, dir string, imports, testImports []string) []string {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		r := rules[name]
		covered, tests := covers(r, dir)
		if !covered {
			continue
		}
		checked := imports
		if tests {
			checked = slices.Concat(imports, testImports)
		}
		for _, i := range checked {
			if why := forbidden(r, i); why != "" {
				bad = append(bad, fmt.Sprintf("imports %s: %s", i, why))
			}
		}
	}
	return bad
}

// covers reports whether a rule speaks of the package in dir, and of its tests.
func covers(r rule, dir string) (covered, tests bool) {
	tests = true
	excluded := false
	for _, pattern := range r.Files {
		switch {
		case pattern == "$all":
			covered = true
		case pattern == "!$test":
			tests = false
		case strings.HasPrefix(pattern, "!"):
			excluded = excluded || within(strings.TrimPrefix(pattern, "!"), dir)
		default:
			covered = covered || within(pattern, dir)
		}
	}
	return covered && !excluded, tests
}

func within(pattern, dir string) bool {
	tree := strings.TrimSuffix(strings.TrimPrefix(pattern, "${config-path}/"), "/**")
	return dir == tree || strings.HasPrefix(dir, tree+"/")
}

// forbidden returns the reason against an import, or "". As depguard does, it
// compares prefixes of the text, and the longest decides.
func forbidden(r rule, imported string) (why string) {
	longest := 0
	for _, d := range r.Deny {
		if strings.HasPrefix(imported, d.Pkg) && len(d.Pkg) > longest {
			longest, why = len(d.Pkg), d.Desc
		}
	}
	for _, allowed := range r.Allow {
		if strings.HasPrefix(imported, allowed) && len(allowed) > longest {
			return ""
		}
	}
	return why
}

// readRules reads the table and refuses what this test would misread.
func readRules(t *testing.T) map[string]rule {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]rule `yaml:"rules"`
				} `yaml:"depguard"`
			} `yaml:"settings"`
		} `yaml:"linters"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	rules := file.Linters.Settings.Depguard.Rules
	if len(rules) == 0 {
		t.Fatal(".golangci.yml has no rules of depguard")
	}
	for name, r := range rules {
		if r.ListMode != "lax" || len(r.Deny) == 0 || len(r.Files) == 0 {
			t.Errorf("rule %s: this test knows list-mode lax, with files and something denied", name)
		}
		for _, pattern := range r.Files {
			p := strings.TrimPrefix(pattern, "!")
			if p == "$all" || p == "$test" && p != pattern {
				continue
			}
			if ok, err := path.Match("${config-path}/*/**", trimMiddle(p)); !ok || err != nil {
				t.Errorf("rule %s: this test can't read the pattern %s", name, pattern)
			}
		}
		for _, d := range r.Deny {
			if d.Desc == "" {
				t.Errorf("rule %s: no reason why %s is denied", name, d.Pkg)
			}
		}
	}
	return rules
}

// trimMiddle turns ${config-path}/a/b/** into ${config-path}/a/**.
func trimMiddle(pattern string) string {
	parts := strings.Split(pattern, "/")
	if len(parts) < 3 {
		return pattern
	}
	return strings.Join([]string{parts[0], parts[1], parts[len(parts)-1]}, "/")
}

// listPackages lists the packages of the module in dir. Dependencies need not be
// there: only import lines are read.
func listPackages(t *testing.T, dir string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			t.Fatalf("go list in %s: %v: %s", dir, err, exit.Stderr)
		}
		t.Fatalf("go list in %s: %v", dir, err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatalf("go list in %s found no package", dir)
	}
	return packages
}

// relative returns a package's folder relative to the root, with slashes.
func relative(t *testing.T, dir string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(rel)
}
