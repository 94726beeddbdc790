package threshold

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseMetric(t *testing.T) {
	tests := []struct {
		name   string
		metric string
		tags   []Tag
	}{
		{"checks", "checks", nil},
		{"m{a:1}", "m", []Tag{{"a", "1"}}},
		{"m{b:2,a:1}", "m", []Tag{{"a", "1"}, {"b", "2"}}},
		{"m{ a : 1 , b : 2 }", "m", []Tag{{"a", "1"}, {"b", "2"}}},
		{"m{group:::login}", "m", []Tag{{"group", "::login"}}},
		{"m{url:https://h:8080/x,s:200}", "m", []Tag{{"s", "200"}, {"url", "https://h:8080/x"}}},
		{"m{name:http://${}.com}", "m", []Tag{{"name", "http://${}.com"}}},
		{`m{a:'1',b:"2"}`, "m", []Tag{{"a", "1"}, {"b", "2"}}},
		{`m{"a":1}`, "m", []Tag{{"a", "1"}}},
		{`m{" a" : ' 1' , b : "2 "}`, "m", []Tag{{" a", " 1"}, {"b", "2 "}}},
		{`m{a:'"1'"}`, "m", []Tag{{"a", "1"}}},
		{`m{a:it's}`, "m", []Tag{{"a", "it's"}}},
		{`m{a:"",b: }`, "m", []Tag{{"a", ""}, {"b", ""}}},
		{"m{a:1,a:2}", "m", []Tag{{"a", "2"}}},
		{"m {a:1}", "m ", []Tag{{"a", "1"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			metric, tags, err := ParseMetric(tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if metric != tt.metric || !reflect.DeepEqual(tags, tt.tags) {
				t.Errorf("ParseMetric = %q %q, want %q %q", metric, tags, tt.metric, tt.tags)
			}
		})
	}
}

func TestParseMetricErrors(t *testing.T) {
	tests := []struct{ name, want string }{
		{"", `metric name "", character 1: it is empty`},
		{"{a:1}", `metric name "{a:1}", character 1: a metric's name is missing before its tags`},
		{"m{a:1", `metric name "m{a:1", character 6: "}" is missing`},
		{"ma:1}", `metric name "ma:1}", character 5: "}" without "{" before it`},
		{"m}a{b", `metric name "m}a{b", character 2: "}" without "{" before it`},
		{"m{a:b}r", `metric name "m{a:b}r", character 7: unexpected text after "}"`},
		{"m{}", `metric name "m{}", character 3: a tag is missing: write key:value`},
		{"m{a:1,}", `metric name "m{a:1,}", character 7: a tag is missing: write key:value`},
		{"m{é:1,easy}", `metric name "m{é:1,easy}", character 7: tag "easy" has no value: write key:value, or key:"" for an empty one`},
		{"m{a:}", `metric name "m{a:}", character 3: tag "a:" has no value: write key:value, or key:"" for an empty one`},
		{`m{u:"a,b"}`, `metric name "m{u:\"a,b\"}", character 8: tag "b\"" has no value: write key:value, or key:"" for an empty one`},
		{`m{"":1}`, `metric name "m{\"\":1}", character 3: tag "\"\":1" has no key: write key:value`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			metric, tags, err := ParseMetric(tt.name)
			if err == nil {
				t.Fatalf("ParseMetric = %q %q, want an error", metric, tags)
			}
			if err.Error() != tt.want {
				t.Errorf("error\n %s, want\n %s", err, tt.want)
			}
		})
	}
}

func FuzzParseMetric(f *testing.F) {
	for _, seed := range []string{
		"m", "m{a:1}", `m{ "a" : ' 1' , b:x:y }`, "m{a:${},b: }", "m{}", "m{a:1,,b:2}", "m}{", "m{:1}", "m{a:1,a:2}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		metric, tags, err := ParseMetric(name)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(name) {
				t.Fatalf("ParseMetric(%q): error %#v has no place in the name", name, err)
			}
			_ = err.Error() // cuts the name at the offset: must not panic
			return
		}
		if !strings.HasPrefix(name, metric) || metric == "" {
			t.Fatalf("ParseMetric(%q): metric %q isn't how the name begins", name, metric)
		}
		for i, tag := range tags {
			if tag.Key == "" || i > 0 && tags[i-1].Key >= tag.Key {
				t.Fatalf("ParseMetric(%q): keys of %q are empty or not in order", name, tags)
			}
		}
	})
}
