package plain

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                                       "",
		"list_workflows":                         "list_workflows",
		"a\r\n\tb\u2028c\u2029d\u0085e":          "a b c d e",
		"  a   b  ":                              "a b",
		"\x1b[31mred\x1b[0m":                     "�[31mred�[0m",
		"\x00\x01\x7f\x9b\u009b":                 "�",
		"a\xffb":                                 "a�b",
		"\u202egnp.exe\u2069":                    "�gnp.exe�",
		"soft\u00adhy\u200bphen\ufeff":           "softhyphen",
		"\u0301start":                            "start",
		"e\u0301" + strings.Repeat("\u0301", 50): "é\u0301\u0301\u0301",
		"\u1112\u1161\u11ab":                     "한",
		"👍🏽 🇩🇪":                                  "👍 DE",
		"❤\ufe0f":                                "❤",
		"👨\u200d👩":                               "👨👩",
		"日本語":                                    "日本語",
		"a\u3164b\u115f":                         "ab", // fillers
		"\ue000\uffff":                           "�",  // private use, no character
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
	long := Line(strings.Repeat("ä", 10_000))
	if n := utf8.RuneCountInString(long); n != longest+1 {
		t.Errorf("10,000 runes became %d", n)
	}
}
