package redact

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
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
		"the token " + token + ".":                                            "the token ***.",
		password:                                                              "***",
		`{"x":"p\"ss w\u003crd\u00261"}`:                                      `{"x":"***"}`,
		"q=p%22ss+w%3Crd%261":                                                 "q=***",
		"p&#34;ss w&lt;rd&amp;1":                                              "***",
		"https://me:pw@host/x":                                                "https://***@host/x",
		"GET /x?page=2&access_token=abc&n=1":                                  "GET /x?page=2&access_token=***&n=1",
		"Authorization: Bearer abc":                                           "Authorization: Bearer ***",
		"PRIVATE-TOKEN: abc":                                                  "PRIVATE-TOKEN: ***",
		"glcbt-64_0123456789abcd ghp_0123456789012345678901":                  "*** ***",
		"k6 run and the tokens of a lexer; p95 of get_token=3.2":              "k6 run and the tokens of a lexer; p95 of get_token=3.2",
		"https://me:p@ss@host/x?mail=a@b":                                     "https://***@host/x?mail=a@b",
		`{"Authorization":["Bearer abc"],"n":1}`:                              "{\"Authorization\":[\"Bearer ***\"],\"n\":1}",
		`"msg":"{\"Private-Token\":\"abc\",\"n\":1}"`:                         `"msg":"{\"Private-Token\":\"***\",\"n\":1}"`,
		"map[Authorization:[Basic YTpi] X:[y]]":                               "map[Authorization:[Basic ***] X:[y]]",
		"Authorization:\nfollows":                                             "Authorization:\nfollows",
		`msg="a <glpat-abcdefghij0123456789>\nglpat-abcdefghij0123456789\tx"`: `msg="a <***>\n***\tx"`,
		`{"msg":"\u003cglpat-abcdefghij0123456789\u003e\u003d\u003CAKIA0123456789ABCDEF"}`: `{"msg":"\u003c***\u003e\u003d\u003C***"}`,
		`{"msg":"GET /x?a=1\u0026access_token=abc\u0026n=1 HTTP/1.1\nHost: h"}`:            `{"msg":"GET /x?a=1\u0026access_token=***\u0026n=1 HTTP/1.1\nHost: h"}`,
		`"{\"url\":\"http://h/?token=abc\",\"n\":1}"`:                                      `"{\"url\":\"http://h/?token=***\",\"n\":1}"`,
		// What was masked before keeps what follows it.
		"of m{url:http://h/?token=***,name:http://h/?token=abc}": "of m{url:http://h/?token=***,name:http://h/?token=***",
		"of m{name:x,url:http://h/?token=***}":                   "of m{name:x,url:http://h/?token=***}",
		"of m{url:http://***@h,mail:a@b}":                        "of m{url:http://***@h,mail:a@b}",
		"an e-mail me@example.com":                               "an e-mail me@example.com",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// The value of a header is masked up to its end, and nothing beyond.
func TestHeaders(t *testing.T) {
	for text, want := range map[string]string{
		// As dumps have them, alone and in a string.
		"Authorization: ApiKey s3cr3t":                                                                      "Authorization: ***",
		"GET / HTTP/1.1\nAuthorization: a b, c \t\r\nHost: h":                                               "GET / HTTP/1.1\nAuthorization: *** \t\r\nHost: h",
		"Proxy-Authorization: Negotiate YII=\nCookie: a=b; c=it's\nX: y":                                    "Proxy-Authorization: ***\nCookie: ***\nX: y",
		"Set-Cookie: sid=a; Path=/; HttpOnly\nX: y":                                                         "Set-Cookie: ***\nX: y",
		"Authorization: Digest username=\"M\", realm=\"t@h\", opaque=\"\", response=\"66\"\nX: \"y\"":       "Authorization: Digest ***\nX: \"y\"",
		"Authorization: AWS4-HMAC-SHA256 Credential=AK/2/s3, SignedHeaders=host;range, Signature=fe5\nX: y": "Authorization: ***\nX: y",
		`msg="Request:\nAuthorization: Bearer opaque123\nCookie: a=b; c=d\nX: y" n=1`:                       `msg="Request:\nAuthorization: Bearer ***\nCookie: ***\nX: y" n=1`,
		`msg="a\nAuthorization: Digest username=\"M\", response=\"66\"\r\nX: y" n=1`:                        `msg="a\nAuthorization: Digest ***\r\nX: y" n=1`,
		`{"msg":"Cookie: p={\"a\":\"b\"}; c=d\nX: y","n":1}`:                                                `{"msg":"Cookie: ***\nX: y","n":1}`,
		`msg="\"x\\nAuthorization: a b\\nX: y\"" n=1`:                                                       `msg="\"x\\nAuthorization: ***\\nX: y\"" n=1`,
		`Authorization: \nX: y`:                                  `Authorization: \nX: y`,
		`Authorization: a\\\nX: y`:                               `Authorization: ***\\\nX: y`,
		"Cookie: p={\"a\":\"b\"}; c=d\nCookie: \"a\"; [b]\nX: y": "Cookie: ***\nCookie: ***\nX: y",
		// What closes the text they stand in.
		`msg="Authorization: ApiKey a" n="1"`:                  `msg="Authorization: ***" n="1"`,
		`{"msg":"Authorization: ApiKey YWI=","n":"1"}`:         `{"msg":"Authorization: ***","n":"1"}`,
		`{"msg":"Authorization: Basic YW==","n":"1"}`:          `{"msg":"Authorization: Basic ***","n":"1"}`,
		`msg="see Authorization: ApiKey YWI=" n="1"`:           `msg="see Authorization: ***" n="1"`,
		`curl -H 'Authorization: Digest a="b", c="d"' h`:       `curl -H 'Authorization: Digest ***' h`,
		`curl -H "Cookie: a='b'; c=d" h`:                       `curl -H "Cookie: ***" h`,
		`{"cmd":"curl -H \"Authorization: a \\\"b\\\" c\" h"}`: `{"cmd":"curl -H \"Authorization: ***\" h"}`,
		`{"msg":"Authorization:","n":"1"}`:                     `{"msg":"Authorization:","n":"1"}`,
		`{"msg":"the Authorization: ","n":"1"}`:                `{"msg":"the Authorization: ","n":"1"}`,
		`{"msg":"the Authorization: a\\","n":"1"}`:             `{"msg":"the Authorization: ***","n":"1"}`,
		// As JSON, Go and JavaScript show them.
		`{"Authorization":["ApiKey a b"],"n":1}`:                                             `{"Authorization":["***"],"n":1}`,
		`{"Set-Cookie":["a=b; c=d","e=\"f\""],"n":["x"]}`:                                    `{"Set-Cookie":["***"],"n":["x"]}`,
		"{\n  \"Set-Cookie\": [\n    \"a=b\",\n    \"c=d\"\n  ],\n  \"n\": 1\n}":             "{\n  \"Set-Cookie\": [\n    \"***\"\n  ],\n  \"n\": 1\n}",
		`msg="{\n  \"Set-Cookie\": [\n    \"a=b\",\n    \"c=d\"\n  ],\n  \"n\": 1\n}" n="1"`: `msg="{\n  \"Set-Cookie\": [\n    \"***\"\n  ],\n  \"n\": 1\n}" n="1"`,
		`msg="{\"Authorization\":\"Digest a=\\\"b\\\" c\",\"n\":1}" n="1"`:                   `msg="{\"Authorization\":\"Digest ***\",\"n\":1}" n="1"`,
		`{"authorization":"a\\","n":"1"}`:                                                    `{"authorization":"***","n":"1"}`,
		`{"cookie":null,"authorization":[],"set-cookie":{"a":1},"Cookie":""}`:                `{"cookie":null,"authorization":[],"set-cookie":{"a":1},"Cookie":""}`,
		`msg="{ Authorization: \"ApiKey a b\", n: 1, 'Set-Cookie': [ 'a', 'b' ] }" n="1"`:    `msg="{ Authorization: \"***\", n: 1, 'Set-Cookie': [ '***' ] }" n="1"`,
		`{ Authorization: "ApiKey a b", n: 1 }`:                                              `{ Authorization: "***", n: 1 }`,
		"map[Cookie:[a=[1]; b=c d=e] X:[y]]":                                                 "map[Cookie:[***] X:[y]]",
		`level=info authorization="ApiKey a b" n=1`:                                          `level=info authorization="***" n=1`,
		// Others hold no blanks.
		"PRIVATE-TOKEN: a,b;c d":     "PRIVATE-TOKEN: *** d",
		`{"x-api-key":"a b"}`:        `{"x-api-key":"***"}`,
		`"x-api-key:a\\"x-api-key:b`: `"x-api-key:***"x-api-key:***`,
		// Nothing of the kind.
		"::authorization::login":          "::authorization::login",
		"cookies: 3, my_cookie: 4":        "cookies: 3, my_cookie: 4",
		"the authorization header failed": "the authorization header failed",
	} {
		got := New(nil).Text(text)
		if got != want {
			t.Errorf("%s\nbecomes %s\nnot     %s", text, got, want)
		}
		if again := New(nil).Text(got); again != got {
			t.Errorf("%s\nbecomes %s\nand     %s", text, got, again)
		}
		if json.Valid([]byte(text)) && !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON", got)
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
		Keys map[word]int
	}{Keys: map[word]int{token: 2, token + "x": 3, "x": 1}, In: []inner{{&text, word(token), []string{"x", token}, map[string]string{"k": token}, []float64{1}}}}
	New(nil).Value(v)
	if keys := slices.Sorted(maps.Keys(v.Keys)); !slices.Equal(keys, []word{"***", "*** 2", "x"}) || v.Keys["***"]+v.Keys["*** 2"] != 5 {
		t.Errorf("keys %v", v.Keys)
	}
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
	name := func(in []string, name string) string {
		if slices.Equal(in, []string{"own"}) {
			return name
		}
		inner, braced := strings.CutSuffix(name, "}")
		if inner = r.Text(inner); braced {
			inner += "}"
		}
		return inner
	}
	for in, want := range map[string]string{
		`{ "b": 1.50,"a":[] }`:                         `{ "b": 1.50,"a":[] }`,
		`{"u":"h?token=a\"b","n":12345678901234567}`:   "{\n  \"n\": 12345678901234567,\n  \"u\": \"h?token=***\\\"b\"\n}",
		`["p\"ss w\u003crd\u00261"]`:                   "[\n  \"***\"\n]",
		`{"own":{"?token=a":{"?token=a":1}},"x":null}`: "{\n  \"own\": {\n    \"?token=a\": {\n      \"?token=***\": 1\n    }\n  },\n  \"x\": null\n}",
		// Names that become the same, in the order of what they were.
		`[{"?token=c":3,"?token=b":2,"?token=*** 2":0,"?token=a":1}]`: "[\n  {\n    \"?token=***\": 1,\n    \"?token=*** 2\": 0,\n    \"?token=*** 3\": 2,\n    \"?token=*** 4\": 3\n  }\n]",
		`{"m{a:?token=***}":3,"m{a:?token=b}":2}`:                     "{\n  \"m{a:?token=*** 2}\": 2,\n  \"m{a:?token=***}\": 3\n}",
	} {
		got, err := JSON([]byte(in), r.Text, name)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
		if again, err := JSON(got, r.Text, name); err != nil || string(again) != string(got) {
			t.Errorf("%s twice: %s, %v", in, again, err)
		}
	}
	for _, in := range []string{"", "{", "1 2"} {
		if _, err := JSON([]byte(in), r.Text, name); err == nil {
			t.Errorf("%q is JSON", in)
		}
	}
}

// BenchmarkText is what most texts of a run cost: short ones without a secret.
func BenchmarkText(b *testing.B) {
	r := New([]string{token, password})
	for _, text := range []string{"GET", "::group::sub", "http_req_duration{name:x}", "http://h:8080/api/items/7?page=2"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				r.Text(text)
			}
		})
	}
}
