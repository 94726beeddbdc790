package main

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/pflag"

	"k6report/internal/needs"
)

// ciFiles are the files that jobs of GitLab CI include.
func ciFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.yml", "templates/*.yml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "ci", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 5 {
		t.Fatalf("ci/ holds %v", files)
	}
	return files
}

// ciComponent is a file of ci/ with its inputs filled in, as GitLab does it: text
// for text.
type ciComponent struct{ text string }

var ciInput = regexp.MustCompile(`\$\[\[ inputs\.(\w+) \]\]`)

func readComponent(t *testing.T, file string) ciComponent {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, body, found := strings.Cut(string(content), "\n---\n")
	if !found {
		return ciComponent{text: string(content)}
	}
	var spec struct {
		Spec struct {
			Inputs map[string]map[string]any `yaml:"inputs"`
		} `yaml:"spec"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(head), &spec, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	used := make(map[string]bool)
	text := ciInput.ReplaceAllStringFunc(body, func(m string) string {
		name := ciInput.FindStringSubmatch(m)[1]
		used[name] = true
		def, known := spec.Spec.Inputs[name]
		if !known {
			t.Errorf("%s: there is no input %s", file, name)
		}
		if value, has := def["default"]; has {
			out, err := yaml.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Trim(strings.TrimSpace(string(out)), `"`)
		}
		return map[string]string{"script": "scenarios/smoke-test.js", "image": "registry.example.com/k6report"}[name]
	})
	for name := range spec.Spec.Inputs {
		if !used[name] {
			t.Errorf("%s: nothing uses the input %s", file, name)
		}
	}
	if strings.Contains(text, "$[[") {
		t.Errorf("%s: an input that is none", file)
	}
	return ciComponent{text: text}
}

// ciTexts are the files with their inputs filled in, and what init writes.
func ciTexts(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{snippetOfInit: ciSnippet}
	for _, file := range ciFiles(t) {
		files[file] = readComponent(t, file).text
	}
	return files
}

// The files parse, their scripts call verbs and flags that there are, and they
// keep what a load test asks of GitLab.
func TestCIFiles(t *testing.T) {
	flags := flagsOfCI(t)
	files := map[string]ciComponent{snippetOfInit: {text: ciSnippet}}
	for _, file := range ciFiles(t) {
		files[file] = readComponent(t, file)
	}
	pipelines, _ := documentedYAML(t)
	jobs := 0
	for page, fragment := range pipelines {
		files[page] = ciComponent{text: fragment}
		jobs += strings.Count(fragment, "k6report ci ")
	}
	if jobs == 0 {
		t.Error("no page has a job")
	}
	for file, c := range files {
		var jobs map[string]any
		if err := yaml.Unmarshal([]byte(c.text), &jobs); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for name, value := range jobs {
			job, isJob := value.(map[string]any)
			if !isJob || name == "include" {
				continue
			}
			checkJob(t, file+": "+name, job, flags)
		}
	}
}

// flagsOfCI are the flags of the ci verb.
func flagsOfCI(t *testing.T) map[string]bool {
	t.Helper()
	verb, _, err := (&app{forges: forges()}).root().Find([]string{"ci"})
	if err != nil {
		t.Fatal(err)
	}
	flags := make(map[string]bool)
	verb.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = true })
	return flags
}

// snippetOfInit is where the job of init stands, in messages.
const snippetOfInit = "init"

func checkJob(t *testing.T, where string, job map[string]any, flags map[string]bool) {
	t.Helper()
	scripts, isList := job["script"].([]any)
	if job["script"] != nil && !isList {
		t.Errorf("%s: the script is no list", where)
	}
	for _, line := range scripts {
		text, _ := line.(string)
		if strings.HasPrefix(text, "k6report publish ") { // what another job has measured
			var h holder
			h.flags(strings.Fields(text)[1:])
			for _, problem := range h.problems {
				t.Errorf("%s: %s", where, problem)
			}
			continue
		}
		ours, k6, _ := strings.Cut(text, " -- ")
		words := strings.Fields(ours)
		if len(words) < 2 || words[0] != "k6report" || words[1] != "ci" || !strings.HasPrefix(k6, "k6 run ") {
			t.Errorf("%s: the script is %q", where, text)
		}
		for _, w := range words {
			name, flag := strings.CutPrefix(w, "--")
			if name, _, _ = strings.Cut(name, "="); flag && !flags[name] {
				t.Errorf("%s: there is no flag --%s", where, name)
			}
		}
		if script := strings.Fields(k6); (strings.HasPrefix(where, snippetOfInit+":") || strings.HasPrefix(where, "docs/")) && script[len(script)-1] == "load.js" {
			continue // which is the user's
		} else if !strings.HasPrefix(script[len(script)-1], "scenarios/") {
			t.Errorf("%s: %q", where, k6)
		} else if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(script[len(script)-1]))); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
	variables, _ := job["variables"].(map[string]any)
	for name := range variables {
		flag := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "K6REPORT_")), "_", "-")
		if !flags[flag] {
			t.Errorf("%s: variable %s stands for no flag", where, name)
		}
	}
	if _, extends := job["extends"]; extends {
		return
	}
	for _, key := range []string{"image", "rules", "interruptible", "resource_group", "timeout", "artifacts"} {
		if job[key] == nil {
			t.Errorf("%s: no %s", where, key)
		}
	}
	if job["interruptible"] != false {
		t.Errorf("%s: a load test that is broken off says nothing", where)
	}
}

// ciSchema is GitLab's schema of its CI files, from the npm package that
// versions.env names.
func ciSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	module := filepath.Join("..", "..", ".tools", "npm", "node_modules", "gitlab-ci-local", "src", "schema", "schema.js")
	if _, err := os.Stat(module); err != nil {
		needs.LeaveOut(t, "missing: %s", "gitlab-ci-local, which holds GitLab's schema (tools/install.sh gitlab-ci-local)")
	}
	absolute, err := filepath.Abs(module)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e",
		`const {schema} = await import(process.argv[1]); console.log(JSON.stringify(schema))`, absolute)
	out, err := node.Output()
	if err != nil {
		needs.LeaveOut(t, "missing: %s", "node: "+err.Error())
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://gitlab.com/.gitlab-ci.yml", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("https://gitlab.com/.gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// GitLab's own schema accepts the files, and what it should refuse it refuses.
func TestCIFilesFollowGitLabsSchema(t *testing.T) {
	schema := ciSchema(t)
	validate := func(text string) error {
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			return err
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
		if err != nil {
			return err
		}
		return schema.Validate(value)
	}
	if err := validate(ciSnippet); err != nil {
		t.Errorf("init: %v", err)
	}
	pipelines, _ := documentedYAML(t)
	for page, fragment := range pipelines {
		if err := validate(fragment); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
	for _, file := range ciFiles(t) {
		if err := validate(readComponent(t, file).text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if validate("job: {script: x, interruptible: maybe}") == nil || validate("job: {script: x, artifacts: {reports: {junit: 7}}}") == nil {
		t.Error("the schema accepts anything")
	}
}

// A component that a page includes is there, and takes the inputs that it is given.
func TestDocumentedComponents(t *testing.T) {
	pipelines, _ := documentedYAML(t)
	found := 0
	for page, fragment := range pipelines {
		var pipeline struct {
			Include []struct {
				Component string         `yaml:"component"`
				Inputs    map[string]any `yaml:"inputs"`
			} `yaml:"include"`
		}
		if err := yaml.Unmarshal([]byte(fragment), &pipeline); err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		for _, include := range pipeline.Include {
			if include.Component == "" {
				continue
			}
			found++
			name, _, _ := strings.Cut(path.Base(include.Component), "@")
			head, _, _ := strings.Cut(documentationPage(t, "ci/templates/"+name+".yml"), "\n---\n")
			var spec struct {
				Spec struct {
					Inputs map[string]map[string]any `yaml:"inputs"`
				} `yaml:"spec"`
			}
			if err := yaml.Unmarshal([]byte(head), &spec); err != nil {
				t.Fatal(err)
			}
			for input := range include.Inputs {
				if _, known := spec.Spec.Inputs[input]; !known {
					t.Errorf("%s: %s has no input %s", page, name, input)
				}
			}
			for input, is := range spec.Spec.Inputs {
				_, optional := is["default"]
				if _, given := include.Inputs[input]; !given && !optional {
					t.Errorf("%s: %s wants the input %s", page, name, input)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no page includes a component")
	}
}

// The image has the versions that k6report is tested with.
func TestTheImageHasTheVersionsOfTheTests(t *testing.T) {
	read := func(parts ...string) string {
		content, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, parts...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	image := read("ci", "Containerfile")
	k6 := regexp.MustCompile(`(?m)^K6_VERSION=v(.+)$`).FindStringSubmatch(read("tools", "versions.env"))
	language := regexp.MustCompile(`(?m)^toolchain go(.+)$`).FindStringSubmatch(read("go.mod"))
	if k6 == nil || language == nil {
		t.Fatal("no versions")
	}
	for _, want := range []string{"ARG K6_VERSION=" + k6[1] + "\n", "ARG GO_VERSION=" + language[1] + "\n"} {
		if !strings.Contains(image, want) {
			t.Errorf("Containerfile has no %q", want)
		}
	}
}

// The second run's job runs where the first run's does, and says as much.
func TestTheTemplatesAgree(t *testing.T) {
	of := func(file string) map[string]any {
		var jobs map[string]map[string]any
		if err := yaml.Unmarshal([]byte(readComponent(t, filepath.Join("..", "..", "ci", "templates", file)).text), &jobs); err != nil || len(jobs) != 1 {
			t.Fatalf("%s: %d jobs, %v", file, len(jobs), err)
		}
		for _, job := range jobs {
			return job
		}
		return nil
	}
	first, second := of("load-test.yml"), of("confirm.yml")
	// The second run is made whatever came of the first: a threshold that failed
	// there clears nobody of being slower.
	for _, rule := range second["rules"].([]any) {
		if fields := rule.(map[string]any); fields["when"] != "always" {
			t.Errorf("the second run's job is skipped when the first one fails: %v", rule)
		} else {
			delete(fields, "when")
		}
	}
	for _, key := range []string{"rules", "interruptible", "resource_group", "cache", "stage", "image", "timeout"} {
		if first[key] == nil || !reflect.DeepEqual(first[key], second[key]) {
			t.Errorf("%s: %v and %v", key, first[key], second[key])
		}
	}
	variables, _ := first["variables"].(map[string]any)
	others, _ := second["variables"].(map[string]any)
	for name, value := range variables {
		if name != "K6REPORT_CONFIRM" && !reflect.DeepEqual(others[name], value) {
			t.Errorf("%s: %v and %v", name, value, others[name])
		}
	}
	if a, _ := second["artifacts"].(map[string]any); a == nil || !reflect.DeepEqual(a["reports"], map[string]any{"junit": "results/ci/junit.xml", "annotations": "results/ci/annotations.json"}) {
		t.Errorf("the artifacts of the second are %v", second["artifacts"])
	}
	// The second takes the key of its note from what the first left, whatever named it.
	for _, of := range []map[string]any{variables, others} {
		if key, set := of["K6REPORT_KEY"]; set {
			t.Errorf("a template says that the key is %v", key)
		}
	}
	if len(variables) < 5 {
		t.Errorf("only %d variables", len(variables))
	}
}

// extended is a job with what it extends, merged as GitLab does it: maps key by
// key, everything else as a whole.
func extended(jobs map[string]map[string]any, name string) map[string]any {
	job := jobs[name]
	base, _ := job["extends"].(string)
	if base == "" {
		return job
	}
	merged := mergeMaps(extended(jobs, base), job)
	delete(merged, "extends")
	return merged
}

func mergeMaps(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	for key, value := range over {
		below, isMap := value.(map[string]any)
		if under, both := merged[key].(map[string]any); both && isMap {
			value = mergeMaps(under, below)
		}
		merged[key] = value
	}
	return merged
}

// There are three ways to the same job: what init writes, what is extended, and
// the component. What they have in common is the same.
func TestAllJobsOfALoadTestAgree(t *testing.T) {
	jobsOf := func(text string) map[string]map[string]any {
		var whole map[string]any
		if err := yaml.Unmarshal([]byte(text), &whole); err != nil {
			t.Fatal(err)
		}
		jobs := make(map[string]map[string]any)
		for name, value := range whole {
			if job, isMap := value.(map[string]any); isMap {
				jobs[name] = job
			}
		}
		return jobs
	}
	ofFile := func(name ...string) map[string]map[string]any {
		return jobsOf(readComponent(t, filepath.Join(append([]string{"..", "..", "ci"}, name...)...)).text)
	}
	snippet := jobsOf(ciSnippet)
	template := ofFile("k6report.gitlab-ci.yml")
	example := ofFile("example.gitlab-ci.yml")
	maps.Copy(example, template) // which it includes
	common := []string{"rules", "interruptible", "resource_group", "timeout", "cache", "artifacts"}
	for _, c := range []struct {
		what     string
		ours     map[string]any
		theirs   map[string]any
		compared []string
	}{
		{"extended", extended(snippet, "load-test"), extended(template, ".k6report"), append([]string{"image"}, common...)},
		{"component", extended(snippet, "load-test"), ofFile("templates", "load-test.yml")["load-test"], common},
		{"component of the seed", extended(snippet, "load-test-seed"), ofFile("templates", "seed.yml")["load-test-seed"], common},
		{"seed of the example", extended(snippet, "load-test-seed"), extended(example, "load-test-seed"), []string{"rules", "resource_group", "artifacts"}},
	} {
		for _, key := range c.compared {
			if key == "cache" && strings.Contains(c.what, "seed") {
				continue // it reads no baseline
			}
			if c.ours[key] == nil || !reflect.DeepEqual(c.ours[key], c.theirs[key]) {
				t.Errorf("%s: %s of init is\n%v\nand here\n%v", c.what, key, c.ours[key], c.theirs[key])
			}
		}
	}
}

// Whatever GitLab shows of a job is declared, and made by the job.
func TestAllReportsAreDeclared(t *testing.T) {
	files := map[string]string{snippetOfInit: ciSnippet}
	for _, name := range []string{"k6report.gitlab-ci.yml", "templates/load-test.yml"} {
		files[name] = readComponent(t, filepath.Join("..", "..", "ci", filepath.FromSlash(name))).text
	}
	var made []string
	for _, f := range formats() {
		made = append(made, f.may...)
	}
	want := map[string]string{"junit": "junit.xml", "annotations": "annotations.json", "metrics": "metrics.txt", "load_performance": "load-performance.json"}
	for file, text := range files {
		var jobs map[string]struct {
			Artifacts struct {
				When     string            `yaml:"when"`
				ExposeAs string            `yaml:"expose_as"`
				Paths    []string          `yaml:"paths"`
				Reports  map[string]string `yaml:"reports"`
			} `yaml:"artifacts"`
		}
		if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		declared := 0
		for name, job := range jobs {
			a := job.Artifacts
			if len(a.Reports) == 0 {
				continue
			}
			declared++
			if a.ExposeAs == "" || !slices.Contains(a.Paths, ciFolder+"/") {
				t.Errorf("%s: %s exposes %q as %q", file, name, a.Paths, a.ExposeAs)
			}
			for kind, report := range want {
				if a.Reports[kind] != path.Join(ciFolder, report) || !slices.Contains(made, report) {
					t.Errorf("%s: %s declares %q as %s", file, name, a.Reports[kind], kind)
				}
			}
		}
		if declared != 1 || !strings.Contains(text, "when: always") {
			t.Errorf("%s: %d jobs declare reports", file, declared)
		}
	}
}

// What k6 wrote is large, and nobody masked it: the artifacts are without it.
func TestWhatK6WroteIsNoArtifact(t *testing.T) {
	want := []any{"results/**/" + samplesFile, "results/**/" + summaryFile}
	found := 0
	for file, text := range ciTexts(t) {
		var jobs map[string]any
		if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for name, value := range jobs {
			job, _ := value.(map[string]any)
			artifacts, _ := job["artifacts"].(map[string]any)
			if artifacts == nil || job["extends"] != nil { // then it is merged
				continue
			}
			found++
			if !reflect.DeepEqual(artifacts["exclude"], want) {
				t.Errorf("%s: %s excludes %v, want %v", file, name, artifacts["exclude"], want)
			}
		}
	}
	if found != 5 {
		t.Errorf("%d jobs have artifacts", found)
	}
}

// The defaults of a component's inputs are of their types and options, or GitLab
// refuses the component. What k6report.yaml may set is empty: a variable that is
// counts as none, any other counts over the file.
func TestTheDefaultsOfComponents(t *testing.T) {
	for _, name := range []string{"load-test", "confirm", "seed"} {
		page := documentationPage(t, "ci/templates/"+name+".yml")
		head, body, _ := strings.Cut(page, "\n---\n")
		var spec struct {
			Spec struct {
				Inputs map[string]struct {
					Type    string `yaml:"type"`
					Options []any  `yaml:"options"`
					Default any    `yaml:"default"`
				} `yaml:"inputs"`
			} `yaml:"spec"`
		}
		if err := yaml.Unmarshal([]byte(head), &spec); err != nil {
			t.Fatal(err)
		}
		for input, is := range spec.Spec.Inputs {
			if is.Default == nil {
				continue
			}
			_, isText := is.Default.(string)
			_, isTruth := is.Default.(bool)
			if !(is.Type == "" && isText || is.Type == "boolean" && isTruth) || is.Options != nil && !slices.Contains(is.Options, is.Default) {
				t.Errorf("%s: the default of %s is %#v: %s of %v", name, input, is.Default, is.Type, is.Options)
			}
			if slices.Contains([]string{"baseline", "comment", "thread"}, input) && is.Default != "" {
				t.Errorf("%s: the default of %s is %v, whatever k6report.yaml says", name, input, is.Default)
			}
			if variable := strings.ToUpper(input) + ": "; is.Default == "" && strings.Contains(body, "K6REPORT_"+variable) && !strings.Contains(body, variable+`"$[[ inputs.`+input+` ]]"`) {
				t.Errorf("%s: %s without quotes is null, not empty", name, input)
			}
		}
	}
}

// The second run's job is told all that the first one's is.
func TestTheSecondRunsInputsAreThoseOfTheFirst(t *testing.T) {
	page := documentationPage(t, "ci/templates/confirm.yml")
	for _, input := range []string{"k6_args", "target", "timeout", "baseline", "fail_on", "comment", "thread"} {
		if !regexp.MustCompile(`(?m)^    ` + input + `:\n      description: "?As in load-test`).MatchString(page) {
			t.Errorf("confirm does not say that %s is that of load-test", input)
		}
	}
}

// Whoever reads init's file knows how often the script stands in it.
func TestHowOftenTheScriptStandsInTheSnippet(t *testing.T) {
	if !strings.Contains(ciSnippet, "load.js below, twice") || strings.Count(ciSnippet, "k6 run load.js\n") != 2 {
		t.Error(ciSnippet)
	}
}

// Schedules of all branches share one issue: those of other branches than the
// default one run nothing.
func TestSchedulesAreOfTheDefaultBranch(t *testing.T) {
	for file, text := range ciTexts(t) {
		for line := range strings.Lines(text) {
			if strings.Contains(line, `"schedule"`) && !strings.Contains(line, "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH") {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
}

// What is started by hand to seed a baseline stands in no schedule, whose branch is
// the default one, too.
func TestTheSeedIsInNoSchedule(t *testing.T) {
	manual := 0
	for file, text := range ciTexts(t) {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if strings.TrimSpace(line) != "when: manual" {
				continue
			}
			manual++
			if !strings.Contains(lines[i-1], `&& $CI_PIPELINE_SOURCE != "schedule"`) {
				t.Errorf("%s: %s", file, lines[i-1])
			}
		}
	}
	if manual != 3 {
		t.Errorf("%d jobs are started by hand", manual)
	}
}

// Without a token that may write nothing is published, and one that is protected
// is not there: whoever reads only these texts must know.
func TestWhatIsSaidOfTheToken(t *testing.T) {
	verb, _, err := (&app{forges: forges()}).root().Find([]string{"ci"})
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"init": ciSnippet, "help": verb.Long} {
		text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\n# ", " ")), " ")
		if !strings.Contains(text, "nothing is published") || strings.Contains(text, "all but the") {
			t.Errorf("%s: %s", what, text)
		}
	}
	if !strings.Contains(ciSnippet, "not protected") {
		t.Error("init does not say that the token's variable is not protected")
	}
}

// An empty map takes nothing out of what is extended: GitLab merges both.
func TestNothingEmptyIsMergedIntoWhatIsExtended(t *testing.T) {
	empty := regexp.MustCompile(`(?m)^ *[a-z_]+: (\{\}|\[\])$`)
	if found := empty.FindString(ciSnippet); found != "" {
		t.Errorf("init: %q", found)
	}
	for _, file := range ciFiles(t) {
		if found := empty.FindString(readComponent(t, file).text); found != "" {
			t.Errorf("%s: %q", file, found)
		}
	}
}

// The clone belongs to another user than the image's: git must trust it, and
// what is in the image must be able to write into it.
func TestTheImageWorksInAClone(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "ci", "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(string(content), "FROM docker.io/library/alpine")
	if !strings.Contains(last, "git config --system --add safe.directory '*'") {
		t.Error("git refuses the clone")
	}
	if regexp.MustCompile(`(?m)^USER`).MatchString(last) {
		t.Error("its user can't write into the clone, which is root's")
	}
}
