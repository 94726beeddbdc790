package redact

import (
	"bytes"
	"strings"
	"testing"
)

const (
	token    = "glpat-abcdefghij0123456789"
	password = `p"ss w<rd&1`
)

func TestText(t *testing.T) {
	r := New([]string{token, password, "k6", ""})
	for text, want := range map[string]string{
		"the token " + token + ".":                               "the token ***.",
		password:                                                 "***",
		`{"x":"p\"ss w\u003crd\u00261"}`:                         `{"x":"***"}`,
		"q=p%22ss+w%3Crd%261":                                    "q=***",
		"p&#34;ss w&lt;rd&amp;1":                                 "***",
		"https://me:pw@host/x":                                   "https://***@host/x",
		"GET /x?page=2&access_token=abc&n=1":                     "GET /x?page=2&access_token=***&n=1",
		"Authorization: Bearer abc":                              "Authorization: Bearer ***",
		"PRIVATE-TOKEN: abc":                                     "PRIVATE-TOKEN: ***",
		"glcbt-64_0123456789abcd ghp_0123456789012345678901":     "*** ***",
		"k6 run and the tokens of a lexer; p95 of get_token=3.2": "k6 run and the tokens of a lexer; p95 of get_token=3.2",
		"an e-mail me@example.com":                               "an e-mail me@example.com",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestValue(t *testing.T) {
	type word string
	type inner struct {
		Text *string
		Word word
		List []string
		Map  map[string]string
		F    []float64
	}
	text := "a " + token
	v := &struct {
		In   []inner
		any  string
		Some any
	}{In: []inner{{&text, word(token), []string{"x", token}, map[string]string{"k": token}, []float64{1}}}}
	New(nil).Value(v)
	in := v.In[0]
	if text != "a ***" || in.Word != "***" || in.List[1] != "***" || in.Map["k"] != "***" || in.List[0] != "x" {
		t.Errorf("%+v", in)
	}
}

// However a text is cut into pieces, no secret comes through, and nothing else
// is lost.
func TestWriterAtEveryCut(t *testing.T) {
	text := "before " + token + " " + password + " after\nx" + token + "\rprogress [y/N] "
	var whole bytes.Buffer
	r := New([]string{token, password})
	for first := range len(text) {
		for _, step := range []int{1, 3, 7, len(text)} {
			var out bytes.Buffer
			w := r.Writer(&out)
			if _, err := w.Write([]byte(text[:first])); err != nil {
				t.Fatal(err)
			}
			for at := first; at < len(text); at += step {
				if _, err := w.Write([]byte(text[at:min(at+step, len(text))])); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.HasSuffix(out.String(), "[y/N] ") {
				t.Fatalf("a question is held back: %q", out.String())
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if got, want := out.String(), "before *** *** after\nx***\rprogress [y/N] "; got != want {
				t.Fatalf("cut at %d and every %d: %q, want %q", first, step, got, want)
			}
		}
	}
	w := r.Writer(&whole)
	if _, err := w.Write(bytes.Repeat([]byte("x"), mostHeld+1)); err != nil || whole.Len() != mostHeld+1 {
		t.Errorf("%d bytes of an endless word, %v", whole.Len(), err)
	}
}
