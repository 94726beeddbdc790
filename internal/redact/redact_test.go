package redact

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
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
		"https://me:p@ss@host/x?mail=a@b":                        "https://***@host/x?mail=a@b",
		`{"Authorization":["Bearer abc"],"n":1}`:                 "{\"Authorization\":[\"Bearer ***\"],\"n\":1}",
		`"msg":"{\"Private-Token\":\"abc\",\"n\":1}"`:            `"msg":"{\"Private-Token\":\"***\",\"n\":1}"`,
		"map[Authorization:[Basic YTpi] X:[y]]":                  "map[Authorization:[Basic *** X:[y]]",
		"Authorization:\nfollows":                                "Authorization:\nfollows",
		"an e-mail me@example.com":                               "an e-mail me@example.com",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// A value is found as k6 prints it: in logs of both formats, and in what scripts
// make of it there; and without the white space around it.
func TestSpellings(t *testing.T) {
	const secret = "\tp\"ss\\w<r d>&1!é\n"
	r := New([]string{secret, "      \n", "  short \n\n"})
	value := strings.TrimSpace(secret)
	encode := func(s string, escapeHTML bool) string {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(b.String())
	}
	stringified := encode(value, false)
	for _, text := range []string{
		secret, value, strconv.Quote(value), stringified, encode(value, true),
		strconv.Quote(stringified), encode(stringified, true), encode(stringified, false),
		"x=p%22ss%5Cw%3Cr%20d%3E%261!%C3%A9", url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
	} {
		got := r.Text(text)
		if strings.Contains(got, "ss") || strings.Contains(got, "1") || strings.Count(got, Mask) != 1 {
			t.Errorf("%s becomes %s", text, got)
		}
	}
	if text := "a        b  short \n\n"; r.Text(text) != text {
		t.Errorf("%q becomes %q", text, r.Text(text))
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

// Values of every kind are reached, where they can be changed and where they
// can't.
func TestValueReachesEverything(t *testing.T) {
	type inner struct {
		Text string
		own  string
	}
	v := map[string]any{
		"text": token, "list": []any{token, 1.5, nil}, "deep": map[string]any{"x": []string{token}}, "struct": inner{token, token},
		"maps":  map[int]map[string]inner{1: {"x": {Text: token}}},
		"lists": map[string][]string{"x": {token}}, "pointer": &inner{Text: token}, "array": [1]string{token}, "number": 7,
	}
	New(nil).Value(&v)
	got := fmt.Sprintf("%v %v", v, v["pointer"])
	if n := strings.Count(got, Mask); n != 8 || v["number"] != 7 {
		t.Errorf("%d are masked: %s", n, got)
	}
	if strings.Count(got, token) != 1 || v["struct"].(inner).own != token {
		t.Errorf("what is not exported stays: %s", got)
	}
	some := any(token)
	New(nil).Value(&some)
	if some != Mask {
		t.Errorf("an interface: %v", some)
	}
}

func TestJSON(t *testing.T) {
	r := New([]string{password})
	for in, want := range map[string]string{
		`{ "b": 1.50,"a":[] }`:                       `{ "b": 1.50,"a":[] }`,
		`{"u":"h?token=a\"b","n":12345678901234567}`: "{\n  \"n\": 12345678901234567,\n  \"u\": \"h?token=***\\\"b\"\n}",
		`["p\"ss w\u003crd\u00261"]`:                 "[\n  \"***\"\n]",
	} {
		if got, err := r.JSON([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "{", "1 2"} {
		if _, err := r.JSON([]byte(in)); err == nil {
			t.Errorf("%q is JSON", in)
		}
	}
}
