package render

import (
	"strings"
	"testing"
)

// Code holds what it is given, whichever character that has a meaning in a code
// span, or in a table around it.
func TestCodeHoldsEverySign(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "", "a": "`a`",
		"a|b": "`a\\|b`", "|": "`\\|`", "a||b": "`a\\|\\|b`", "a`|`b": "``a`\\|`b``",
		"a`b": "``a`b``", "a``b`c": "```a``b`c```", "`a": "`` `a ``", "a`": "`` a` ``", "``": "``` `` ```",
		`a\`: "` a\\ `", `a\b`: "`a\\b`",
		"a\nb": "`a b`", "a\r/merge": "`a /merge`", "a\u2028b": "`a b`",
		strings.Repeat("ä", 201): "`" + strings.Repeat("ä", 133) + "…" + strings.Repeat("ä", 66) + "`",
	} {
		if got := code(in); got != want {
			t.Errorf("code(%q) = %s, want %s", in, got, want)
		}
	}
}

// A word stands as it is only where each of its characters is harmless there.
func TestProseKnowsEverySign(t *testing.T) {
	// What has no meaning, alone, before, within and behind a word.
	for _, in := range []string{
		"%", "·", "→", "±", "–", "−", "✓", "✗", "?", "!", "i", "…", ":", ",", ".", ";", ")", "(", "",
		"a,", "a.", "a;", "a:", "a)", "5a%", "a?", "(a", "+a", "−a", "±a", "✓a", "✗a",
		"a-b", "a−b", "a'b", "a’b", "a,b", "a…b", "a×b", "a(b", "a)b", "a-", "1-", "0.41a", "500/s", "a_b", "5-fold",
		"1", "−5", "-5", "1,234.5", "12:30", "12:30:59", "12:30,", "12:30:59.", "12:30;",
		"1234567", "1234567)", "0..1", "abcdef", "abcdefg", "ABC-D1", "1ABC-1", "ABC_-x",
	} {
		if got := prose(in); got != in {
			t.Errorf("prose(%q) = %s", in, got)
		}
	}
	// What has one there: it is in a code span.
	for _, in := range []string{
		"-", "*", "_", "#", ">", "<", "~", "=", "|", "$", "&", "^", "@", "/", `\`, `"`, "'", "[", "]", "{", "}", "%%%", "...",
		"-a", "'a", ",a", "×a", "/a", ".a", "_a", "a_", "a__b", "a/b", "a.b", "1a..2", "a..", "www", "www.a", "wwwa", "WWWa", "(wwwa",
		"a!", "a!1", "!1", "@a", "a@b", "#1", "a#1", "$1", "~a", "%a", "&1", "^a", "*a*", "a*b", "a+b", "a=b", "a~b", "a|b", "a<b", "a>b", "<a>", "[a]", "a[b", "a]b", "{a}",
		`a"b`, `a\b`, "a:b", "a;b", "a?b", "a%b", "a://b", ":a:", "+a+", "a&b", "a$b", "a^b",
		"abcdef1", "ABCDEF1", "1234567a", "abcdef1)", "ABC-1", "A_B-12", "(ABC-1)", "ABC-1.", "ABC-1C", "a,ABC-1", "1:30", "12:3", "12:30!",
		"<a", "<1<", "**1",
	} {
		if got := prose(in); got != code(in) {
			t.Errorf("prose(%q) = %s, want %s", in, got, code(in))
		}
	}
	for in, want := range map[string]string{
		"<1": `\<1`, "<−0.5*": `\<−0.5\*`, "5*": `5\*`,
		"@a,": "`@a`,", "@a;": "`@a`;", "abcdef1,": "`abcdef1`,", "ABC-1,": "`ABC-1`,",
		"a`b": "``a`b``", "a  b\n@c": "a b `@c`",
	} {
		if got := prose(in); got != want {
			t.Errorf("prose(%q) = %s, want %s", in, got, want)
		}
	}
}

// In HTML every character stands for itself, in code and beside it.
func TestHTMLEscapesEverySign(t *testing.T) {
	for in, want := range map[string]string{
		"a & b": "a &amp; b", "a > b": "a &gt; b", "a < b": "a &lt; b", "don't": "don&#39;t", `a "b"`: "a &#34;b&#34;",
		`\<1`: "&lt;1", `5\*`: "5*", `a\b`: `a\b`, "a|b": "a|b", `a\|b`: `a\|b`,
		"`a&b`": "<code>a&amp;b</code>", "`<b>`": "<code>&lt;b&gt;</code>", "`a'b`": "<code>a&#39;b</code>", "`a\"b`": "<code>a&#34;b</code>",
		"`a\\|b`": "<code>a|b</code>", "`a\\<b\\*`": "<code>a\\&lt;b\\*</code>", "` a\\ `": "<code>a\\</code>",
		"``a`b``": "<code>a`b</code>", "``a```b``": "<code>a```b</code>", "`` `a `` b": "<code>`a</code> b",
		"x `a` y `b` z": "x <code>a</code> y <code>b</code> z", "`a": "`a", "``a`": "``a`", "`<a": "`&lt;a",
	} {
		if got := htmlWords(in); got != want {
			t.Errorf("htmlWords(%q) = %s, want %s", in, got, want)
		}
	}
}
