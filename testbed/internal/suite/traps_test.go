package suite

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Traps that suites of this kind fall into and that running them doesn't show.
func TestScriptsKeepClearOfTraps(t *testing.T) {
	imported := regexp.MustCompile(`(?m)(?:\bfrom|\bimport|\brequire\(|\bopen\()\s*['"]([^'"]+)['"]`)
	comment := regexp.MustCompile(`(?m)^\s*//.*$`)
	traps := map[string]*regexp.Regexp{
		"counts with a Gauge, which only sets":                  regexp.MustCompile(`\bGauge\b`),
		"hides k6's own tag scenario":                           regexp.MustCompile(`tags:\s*\{[^}]*\bscenario\s*:`),
		"collects ids in a module's array, which is one per VU": regexp.MustCompile(`(?m)^(?:const|let|var) \w+ = \[\];`),
		"takes the whole request's time for a part of it":       regexp.MustCompile(`\.add\([^)]*\.timings\.duration`),
	}
	scripts, all := os.DirFS(scenarios), 0
	err := fs.WalkDir(scripts, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".js" {
			return err
		}
		all++
		text, err := fs.ReadFile(scripts, name)
		if err != nil {
			return err
		}
		text = comment.ReplaceAll(text, nil)
		for _, m := range imported.FindAllStringSubmatch(string(text), -1) {
			own := strings.HasPrefix(m[1], "./") || strings.HasPrefix(m[1], "../")
			if !own && m[1] != "k6" && !strings.HasPrefix(m[1], "k6/") || strings.HasPrefix(m[1], "k6/x/") {
				t.Errorf("%s needs %s, which is neither the suite's nor k6's own", name, m[1])
			}
			if own {
				if _, err := fs.Stat(scripts, path.Join(path.Dir(name), m[1])); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for what, trap := range traps {
			if found := trap.Find(text); found != nil {
				t.Errorf("%s %s: %s", name, what, found)
			}
		}
		return nil
	})
	if err != nil || all < 8 {
		t.Errorf("%d scripts, %v", all, err)
	}
}
