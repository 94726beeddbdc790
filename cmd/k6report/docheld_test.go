package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"k6report/internal/k6exec"
)

// holder holds the commands of a page against what is there.
type holder struct {
	page     docPage
	problems []string
}

func (h *holder) failf(format string, args ...any) {
	h.problems = append(h.problems, fmt.Sprintf(format, args...))
}

var (
	setsVariable = regexp.MustCompile(`^\w+=`)
	captures     = regexp.MustCompile(`^\w+=\$\((.*)\)$`)
)

// commandWords are the words of a command behind the variables that it sets, or of
// the one whose output a variable is set to.
func commandWords(line string) []string {
	if m := captures.FindStringSubmatch(line); m != nil {
		line = m[1]
	}
	words := shellWords(line)
	for len(words) > 1 && setsVariable.MatchString(words[0]) {
		words = words[1:]
	}
	return words
}

// shellWords are the words of a line, without their quotes.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && r == ' ':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	return words
}

// isExample reports whether a command is run: those of k6report and of k6, which
// is a fake one, and what these need.
func isExample(line string) bool {
	return slices.Contains([]string{"k6report", "k6", "zcat", "mkdir"}, commandWords(line)[0])
}

// isWhole reports whether what stands within a text is a command to be run, rather
// than the name of a verb or a flag: it names a file.
func isWhole(text string) bool {
	words := commandWords(text)
	return len(words) > 2 && isExample(text) && slices.ContainsFunc(words[1:], func(word string) bool {
		return placeholders[word] != "" || slices.Contains([]string{".json", ".gz", ".js", ".k6run"}, filepath.Ext(word))
	})
}

// span holds a command within a text. Other code there is no command.
func (h *holder) span(text string) {
	switch words := commandWords(text); {
	case len(words) < 2:
	case slices.Contains([]string{"k6report", "k6", "make"}, words[0]), words[0] == "go" && slices.Contains([]string{"test", "run"}, words[1]), strings.HasSuffix(words[0], ".sh"):
		h.command(text)
	}
}

// command holds a command against what it names. It is false for one that it does
// not know.
func (h *holder) command(line string) bool {
	words := commandWords(line)
	switch name := words[0]; {
	case name == "k6report":
		h.flags(words[1:])
	case name == "k6":
		h.k6(words[1:])
	case isExample(line): // which is run
	case name == "make":
		h.targets(words[1:])
	case name == "go" && len(words) > 1 && slices.Contains([]string{"test", "run", "install"}, words[1]):
		h.goCommand(words[1], words[2:])
	case name == "cd" && len(words) == 2:
		h.there(words[1])
	case name == "./run-tests.sh" && len(words) > 1:
		h.level(words[1:])
	case strings.HasSuffix(name, ".sh"):
		h.there(name)
	default:
		return false
	}
	for _, word := range words[1:] {
		if strings.HasPrefix(word, "scenarios/") && filepath.Ext(word) == ".js" {
			h.there(word)
		}
	}
	return true
}

func (h *holder) there(name string) {
	if h.page.find(name) == "" {
		h.failf("there is no %s", name)
	}
}

// flags looks for the verb and the flags of k6report.
func (h *holder) flags(words []string) {
	if at := slices.Index(words, "--"); at >= 0 {
		if behind := words[at+1:]; len(behind) > 0 && behind[0] == "k6" {
			h.k6(behind[1:])
		}
		words = words[:at]
	}
	if len(words) == 0 || words[0] == "VERB" {
		return
	}
	root := (&app{forges: forges()}).root()
	c, _, err := root.Find(words)
	if err != nil || c == root {
		h.failf("k6report has no verb %s", words[0])
		return
	}
	for _, word := range words {
		flag, _, _ := strings.Cut(word, "=")
		if name, long := strings.CutPrefix(flag, "--"); long && name != "help" && !hasFlag(c, name) {
			h.failf("%s has no flag %s", c.CommandPath(), flag)
		}
	}
}

// k6 looks for the flags of k6 run.
func (h *holder) k6(words []string) {
	c, err := k6exec.ParseRun(words)
	if err != nil {
		return // another verb of k6
	}
	for _, word := range words {
		flag, _, _ := strings.Cut(word, "=")
		if name, long := strings.CutPrefix(flag, "--"); long && !c.Has(name) {
			h.failf("k6 run has no flag %s", flag)
		}
	}
}

func hasFlag(c *cobra.Command, name string) bool {
	return slices.ContainsFunc([]*pflag.FlagSet{c.Flags(), c.InheritedFlags()}, func(set *pflag.FlagSet) bool { return set.Lookup(name) != nil })
}

// level looks for what run-tests.sh is given: a level, and flags of run or its own.
func (h *holder) level(words []string) {
	if level := words[0]; level != "LEVEL" && !slices.Contains(levelNames(), level) {
		h.failf("there is no level %s", level)
	}
	own := slices.DeleteFunc(slices.Clone(words[1:]), func(word string) bool { return word == "--output" })
	h.flags(append([]string{"run"}, own...))
}

// targets looks for targets and variables of make, and for the flags in these.
func (h *holder) targets(words []string) {
	content, err := os.ReadFile(repository("Makefile"))
	if err != nil {
		h.failf("%v", err)
		return
	}
	makefile := string(content)
	programs := map[string]string{"LAB": "testbed/cmd/lab", "ACCEPTANCE": "tools/acceptance"}
	for _, word := range words {
		name, value, sets := strings.Cut(word, "=")
		switch {
		case sets && !strings.Contains(makefile, "$("+name+")"):
			h.failf("make has no variable %s", name)
		case sets && programs[name] != "":
			h.goFlags(repository(programs[name]), strings.Fields(value))
		case !sets && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(word)+`:`).MatchString(makefile):
			h.failf("make has no target %s", word)
		}
	}
}

// goCommand looks for packages, the flags of a program and the names of tests.
func (h *holder) goCommand(verb string, words []string) {
	var folders []string
	patterns := make(map[string]string)
	for i, word := range words {
		switch {
		case strings.HasPrefix(word, "./"):
			folder := h.page.find(strings.TrimSuffix(word, "/..."))
			if folder == "" {
				h.failf("there is no package %s", word)
				return
			}
			folders = append(folders, folder)
			if verb == "run" { // the rest is the program's
				h.goFlags(folder, words[i+1:])
				return
			}
		case (word == "-run" || word == "-bench") && i+1 < len(words):
			patterns[word] = words[i+1]
		}
	}
	if len(folders) == 0 {
		folders = []string{repository(".")}
	}
	for flag, kinds := range map[string]string{"-run": "Test|Fuzz|Example", "-bench": "Benchmark"} {
		pattern := strings.NewReplacer("(", "", ")", "").Replace(patterns[flag])
		if pattern == "" || pattern == "^$" {
			continue
		}
		names, err := testNames(kinds, folders)
		if err != nil {
			h.failf("%v", err)
		}
		for part := range strings.SplitSeq(pattern, "|") {
			if re, err := regexp.Compile(part); err != nil || !slices.ContainsFunc(names, re.MatchString) {
				h.failf("go test %s finds no %s in %v", flag, part, folders)
			}
		}
	}
}

// testNames are the tests, or others of that kind, in folders and below.
func testNames(kinds string, folders []string) ([]string, error) {
	function := regexp.MustCompile(`(?m)^func ((?:` + kinds + `)\w*)\(`)
	var names []string
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") {
				return err
			}
			content, err := os.ReadFile(file)
			for _, m := range function.FindAllSubmatch(content, -1) {
				names = append(names, string(m[1]))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// goFlags looks for flags in the source of a program.
func (h *holder) goFlags(folder string, words []string) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		h.failf("there is no program in %s", folder)
		return
	}
	var source strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			h.failf("%v", err)
		}
		source.Write(content)
	}
	for _, word := range words {
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if strings.HasPrefix(word, "-") && !strings.Contains(source.String(), `"`+name+`"`) {
			h.failf("%s has no flag -%s", folder, name)
		}
	}
}

// What is not there is found, and what is not known is said.
func TestHolder(t *testing.T) {
	for _, c := range []struct {
		line, problem string
		known         bool
	}{
		{"make lab LAB='-faults db-pool -strong 1'", "", true},
		{"make lab LAB=-nothing=1", "has no flag -nothing", true},
		{"make nothing", "no target nothing", true},
		{"make bench NOTHING=1", "no variable NOTHING", true},
		{`go run ./cmd/engine --addr 127.0.0.1:8080 --db "$url"`, "", true},
		{"go run ./cmd/engine --nothing", "has no flag -nothing", true},
		{"go run ./cmd/nothing", "no package ./cmd/nothing", true},
		{"go test ./cmd/engine -run 'Fault|Untraced'", "", true},
		{"go test ./cmd/engine -run 'Fault|Nothing'", "finds no Nothing", true},
		{"go test -run '^$' -bench Nothing ./internal/stat", "finds no Nothing", true},
		{"url=$(scripts/postgres.sh start /tmp/engine-pg)", "", true},
		{"scripts/nothing.sh", "no scripts/nothing.sh", true},
		{"RATE_SCALE=0.2 ./run-tests.sh breakpoint --verbose --output out", "", true},
		{"./run-tests.sh nothing", "no level nothing", true},
		{"./run-tests.sh smoke --nothing", "has no flag --nothing", true},
		{"k6report run --confirm -- k6 run --tag a=b x.js", "", true},
		{"k6report run --confirm -- k6 run --nothing x.js", "k6 run has no flag --nothing", true},
		{"k6 run --nothing=1 x.js", "k6 run has no flag --nothing", true},
		{"k6 inspect --execution-requirements x.js", "", true},
		{"k6report run --nothing -- k6 run x.js", "has no flag --nothing", true},
		{"k6report nothing", "no verb nothing", true},
		{"k6 run scenarios/nothing.js", "no scenarios/nothing.js", true},
		{"cd nothing", "no nothing", true},
		{"rm -rf results", "", false},
		{"go tool pprof cpu.out", "", false},
	} {
		h := holder{page: docPage{name: "testbed/README.md"}}
		known := h.command(c.line)
		problems := strings.Join(h.problems, "\n")
		if known != c.known || (problems == "") != (c.problem == "") || !strings.Contains(problems, c.problem) {
			t.Errorf("%s: known %t, problems %q", c.line, known, problems)
		}
	}
}

// No spelling of a block hides a command.
func TestHiddenCommands(t *testing.T) {
	for _, c := range []struct {
		language, text string
		hidden         bool
	}{
		{"", "k6report nothing\n", false}, // which is run
		{"sh", "k6report nothing\n", false},
		{"console", "$ ls\n", true},
		{"shell", "ls\n", true},
		{"text", "k6report analyze run.json\n", true},
		{"text", "first\n  $ make test\n", true},
		{"text", "the verdict\n                 k6 v1.8.1 used 2.56 % CPU\n", false},
		{"yaml", "script: [k6report ci]\n", false},
	} {
		if got := len(docBlock{c.language, c.text}.hidden()) > 0; got != c.hidden {
			t.Errorf("%s %q: hidden %t", c.language, c.text, got)
		}
	}
	for text, whole := range map[string]bool{
		"k6report run": false, "k6report ci --join always": false, "k6report compare HEALTHY FAULTY": true,
		"k6report render report.json --out DIR": true, "k6 run --out json=run.json SCRIPT.js": true, "report.json": false,
		"make lab": false, "k6report analyze": false,
	} {
		if got := isWhole(text); got != whole {
			t.Errorf("%s: whole %t", text, got)
		}
	}
}
