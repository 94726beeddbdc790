package render

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"k6report/internal/render/plain"
)

// Whatever the rune: it can't move the cursor, turn text around or leave its
// line, and where it takes no column it stands on a letter.
func TestPlainOfEveryRune(t *testing.T) {
	bad := func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Co, unicode.Bidi_Control)
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r == 0x20000 || r == 0xe1000 { // ideographs, unassigned and private from here on
			r += 0x2000
		} else if r > 0x22000 && r < 0xe0000 || r > 0xe3000 {
			r += 0xfff
		}
		s := plain.Line("a" + string(r) + "b")
		if i := strings.IndexFunc(s, bad); i >= 0 {
			t.Errorf("%U passes as %q", r, s)
		}
		if again := plain.Line(s); again != s {
			t.Errorf("%U: %q isn't final, it becomes %q", r, s, again)
		}
		if w := columns(s); w < 2 || w > 6 {
			t.Errorf("%U: %q takes %d columns", r, s, w)
		}
		if seven := ascii(s); strings.IndexFunc(seven, func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
			t.Errorf("%U: %q in ASCII is %q", r, s, seven)
		}
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"plain":         "plain",
		"é":             `\u00e9`,
		"👩":             `\U0001f469`,
		"a … b · −1 ±2": "a ... b | -1 +-2",
		"✓ ✗ ›":         "+ x >",
		"�":             "?",
	} {
		if got := ascii(in); got != want {
			t.Errorf("ascii(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tc := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 5, "short"},
		{"abcdefghij", 7, "abc…hij"},
		{"abcdefghij", 6, "abc…ij"},
		{"日本語日本語", 7, "日…本語"},
		{"日本語日本語", 6, "日…語"},
		{"abcdefghij", 2, "ab"},
		{"abcdefghij", 0, ""},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301…e\u0301"},
	} {
		got := shorten(tc.in, tc.width, "…")
		if columns(got) > tc.width {
			t.Errorf("shorten(%q, %d) = %q takes %d columns", tc.in, tc.width, got, columns(got))
		}
		if got != tc.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", tc.in, tc.width, got, tc.want)
		}
	}
}

func TestShortenApart(t *testing.T) {
	got := shortenApart([]string{
		"GET /api/v1/tenants/000/workflows/latest/executions",
		"GET /api/v1/tenants/001/workflows/latest/executions",
		"POST /an/entirely/different/and/long/endpoint/name",
		"short",
	}, 24, "…")
	want := []string{
		"GET /ap…ts/000/workflow…",
		"GET /ap…ts/001/workflow…",
		"POST /an/ent…dpoint/name",
		"short",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzShorten(f *testing.F) {
	f.Add("GET /api/v1", "GET /api/v2", 8)
	f.Add("日本語", "日本", 3)
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		a, b = plain.Line(a), plain.Line(b)
		if width < 0 || width > 200 {
			return
		}
		for _, ellipsis := range []string{"…", "..."} {
			for _, s := range append(shortenApart([]string{a, b}, width, ellipsis), shorten(a, width, ellipsis)) {
				if columns(s) > width {
					t.Errorf("%q takes %d columns, want %d", s, columns(s), width)
				}
			}
		}
		if columns(a) <= width && shorten(a, width, "…") != a {
			t.Errorf("%q was shortened though it fits %d", a, width)
		}
	})
}
