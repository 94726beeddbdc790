package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k6report/internal/render/view"
	"k6report/internal/report"
)

// The table of verdicts in docs/troubleshooting.md is what the code does: a row
// for every status, in the order in which they count. What each says stands in
// docs/method.md.
func TestVerdictsAreExplained(t *testing.T) {
	page, method := documentationPage(t, "docs/troubleshooting.md"), documentationPage(t, "docs/method.md")
	have := regexp.MustCompile("(?m)^\\| [A-Z ]+ \\| `[a-z_]+` \\|.*$").FindAllString(page, -1)
	all, err := report.ParseFailOn("all")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, s := range report.Statuses() {
		code := report.ExitCode(s, []report.Status{s})
		cells := []string{view.Badge(s).Text, "`" + string(s) + "`", strconv.Itoa(code), namedByDefault(t, s), yes(slices.Contains(all, s))}
		want = append(want, "| "+strings.Join(cells, " | ")+" |")
		if name := strings.ReplaceAll(string(s), "_", " "); !strings.Contains(method, "| **"+name+"** ") {
			t.Errorf("docs/method.md does not say what %s is", name)
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("docs/troubleshooting.md has\n%s\nand the code\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// namedByDefault says which verbs name a status in --fail-on by themselves.
func namedByDefault(t *testing.T, s report.Status) string {
	t.Helper()
	var by []string
	verbs := []string{"analyze", "compare", "run", "ci"}
	for _, verb := range verbs {
		c, _, err := (&app{forges: forges()}).root().Find([]string{verb})
		if err != nil {
			t.Fatal(err)
		}
		_, usual, found := strings.Cut(c.Flags().Lookup("fail-on").Usage, "(default ")
		if !found {
			t.Fatalf("%s does not say what --fail-on is by default", verb)
		}
		if slices.Contains(strings.Split(strings.TrimSuffix(usual, ")"), ","), string(s)) {
			by = append(by, "`"+verb+"`")
		}
	}
	if n := len(by); n > 0 && n < len(verbs) {
		return "by " + strings.Join(by, " and ")
	}
	return yes(len(by) > 0)
}
