package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAccept(t *testing.T) {
	statistic := func(text string) Statistic {
		s, err := ParseStatistic(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	list := []Accepted{
		{GateKey{"http_req_duration", `a "b": #c`, statistic("p(95)")}, 0.2, "why: it's \"so\"\n- x"},
		{GateKey{"http_req_failed", "", statistic("rate")}, 0.003, "é"},
	}
	const entries = `- {endpoint: "a \"b\": #c", statistic: p(95), up_to: 20%, reason: "why: it's \"so\"\n- x"}
INDENT- {metric: http_req_failed, statistic: rate, up_to: 0.3%, reason: "\u00e9"}
`
	in := func(indent string) string { return indent + strings.ReplaceAll(entries, "INDENT", indent) }
	for name, tc := range map[string]struct{ file, want string }{
		"none":            {"", "accepted:\n" + in("  ")},
		"another setting": {"preset: none\n", "preset: none\naccepted:\n" + in("  ")},
		"no line end":     {"preset: none", "preset: none\naccepted:\n" + in("  ")},
		"comments alone":  {"# nothing\n", "# nothing\naccepted:\n" + in("  ")},
		"empty list":      {"accepted:\n  # one day\npreset: none\n", "accepted:\n" + in("  ") + "  # one day\npreset: none\n"},
		"a list": {
			"accepted:\n- {statistic: p(95), up_to: 5%, reason: x}\npreset: none\n",
			"accepted:\n" + in("") + "- {statistic: p(95), up_to: 5%, reason: x}\npreset: none\n",
		},
		"a list further in": {
			"accepted:\n      - statistic: p(95)\n        up_to: 5%\n        reason: x\n",
			"accepted:\n" + in("      ") + "      - statistic: p(95)\n        up_to: 5%\n        reason: x\n",
		},
		"byte order mark": {"\ufeffaccepted:\n", "\ufeffaccepted:\n" + in("  ")},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Accept("k6report.yaml", []byte(tc.file), list)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Error(diff)
			}
			read, err := Parse("k6report.yaml", got)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range list {
				if diff := cmp.Diff(want, read.Accepted[i]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	// The file that k6report init writes, too.
	if _, err := Accept("k6report.yaml", []byte(Template()), list); err != nil {
		t.Error(err)
	}
	for name, file := range map[string]string{
		"flow":         "accepted: [{statistic: p(95), up_to: 5%, reason: x}]\n",
		"scalar":       "accepted: 5\n",
		"not YAML":     "accepted: [\n",
		"there before": "accepted:\n  - {metric: http_req_failed, statistic: rate, up_to: 1%, reason: x}\n",
		"of no gate":   "gates:\n  - {statistic: p(99)}\n",
	} {
		if got, err := Accept("k6report.yaml", []byte(file), list); err == nil {
			t.Errorf("%s: became %s", name, got)
		}
	}
}

func TestFingerprint(t *testing.T) {
	s, err := ParseStatistic("p(95)")
	if err != nil {
		t.Fatal(err)
	}
	a := Accepted{GateKey{"m", "e", s}, 0.2, "why"}
	seen := map[string]bool{a.Fingerprint(): true}
	for _, b := range []Accepted{
		{GateKey{"m2", "e", s}, 0.2, "why"},
		{GateKey{"m", "e2", s}, 0.2, "why"},
		{GateKey{"m", "e", Statistic{}}, 0.2, "why"},
		{GateKey{"m", "e", s}, 0.3, "why"},
		{GateKey{"m", "e", s}, 0.2, "once more"},
	} {
		if seen[b.Fingerprint()] {
			t.Errorf("%+v has the fingerprint of another", b)
		}
		seen[b.Fingerprint()] = true
	}
}

// FuzzAccept: whatever the file is like, the change is read back as the first or the
// last of its list, and all else means what it did.
func FuzzAccept(f *testing.F) {
	for _, text := range []string{
		"", Template(), "accepted:\n- {statistic: p(95), up_to: 5%, reason: x}\npreset: none\n", "accepted: # one day\n\npreset: none",
		"accepted:\n  - statistic: p(95)\n    up_to: 5%\n    reason: |\n      x\n", "{preset: none}", "preset: none\n...\n", "\ufeffdimensions: [a]\r\n", "accepted: []",
	} {
		f.Add(text, "GET /x", "signed, !12")
	}
	f.Add("", "a \"b\": #c\n", "\x7f\u2028é\U0001f600 {")
	f.Fuzz(func(t *testing.T, text, endpoint, reason string) {
		if !utf8.ValidString(endpoint) || !utf8.ValidString(reason) { // no report has others
			return
		}
		// A file's values have no white space around them.
		endpoint, reason = strings.TrimSpace(endpoint), strings.TrimSpace(reason)
		before, err := Parse(file, []byte(text))
		if err != nil {
			return
		}
		more := Accepted{GateKey{"http_req_duration", endpoint, statistic(t, "p(95)")}, 0.2, reason}
		after, err := Accept(file, []byte(text), []Accepted{more})
		if err != nil {
			return
		}
		have, err := Parse(file, after)
		if err != nil {
			t.Fatalf("%q can't be read: %v", after, err)
		}
		if !slices.Contains([]int{0, len(before.Accepted)}, slices.Index(have.Accepted, more)) {
			t.Fatalf("%q: accepted are %+v, want %+v among them", after, have.Accepted, more)
		}
		have.Accepted = slices.DeleteFunc(have.Accepted, func(a Accepted) bool { return a == more })
		if len(have.Accepted) == 0 {
			have.Accepted = before.Accepted // nil or empty
		}
		if !reflect.DeepEqual(have, before) {
			t.Fatalf("%q\nmeans %+v\nand was %+v", after, have, before)
		}
	})
}
