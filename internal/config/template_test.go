package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// setting is a line of the template that is commented out, as against prose.
var setting = regexp.MustCompile(`^( *)#([^ #].*)$`)

func uncomment(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = setting.ReplaceAllString(line, "$1$2")
	}
	return strings.Join(lines, "\n")
}

func TestTemplate(t *testing.T) {
	if c := parse(t, Template()); !reflect.DeepEqual(c, &Config{}) {
		t.Errorf("the template sets %+v", c)
	}

	whole := parse(t, uncomment(Template()))
	value := reflect.ValueOf(*whole)
	for i := range value.NumField() {
		if f := value.Type().Field(i); f.IsExported() && value.Field(i).IsZero() { // others are no settings
			t.Errorf("the template has no example of %s", value.Type().Field(i).Name)
		}
	}

	settings := 0
	lines := strings.Split(Template(), "\n")
	for i, line := range lines {
		if !setting.MatchString(line) {
			continue
		}
		settings++
		alone := append([]string(nil), lines...)
		alone[i] = uncomment(line)
		c, err := Parse(file, []byte(strings.Join(alone, "\n")))
		if err != nil {
			t.Errorf("line %d alone: %v", i+1, err)
		} else if reflect.DeepEqual(c, &Config{}) && !strings.HasSuffix(line, "false") {
			t.Errorf("line %d alone sets nothing: %s", i+1, line)
		}
	}
	if settings < 20 {
		t.Errorf("only %d settings found in the template", settings)
	}
}

// Every key that the parser knows is in the template, so that nobody has to
// look for it elsewhere.
func TestTemplateHasEveryKey(t *testing.T) {
	for _, section := range []string{"", "service_levels", "exclude", "baseline", "publish"} {
		text := "no_such_key: 1"
		if section != "" {
			text = section + ": {no_such_key: 1}"
		}
		_, err := Parse(file, []byte(text))
		if err == nil {
			t.Fatalf("%q is accepted", text)
		}
		_, keys, found := strings.Cut(err.Error(), "; use ")
		if !found {
			t.Fatalf("the error lists no keys: %v", err)
		}
		for _, key := range strings.Split(keys, ", ") {
			if !regexp.MustCompile(`(?m)^ *#?` + key + `:`).MatchString(Template()) {
				t.Errorf("key %s of %q isn't in the template", key, section)
			}
		}
	}
}
