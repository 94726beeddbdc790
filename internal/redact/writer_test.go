package redact

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// pem is a value with ends of lines in it.
const pem = "-----BEGIN KEY-----\nMIIEabcdefgh\n-----END KEY-----"

// written is what comes through a Writer, cut into pieces at some places.
func written(t testing.TB, w *Writer, text string, cuts ...int) string {
	t.Helper()
	var out bytes.Buffer
	w.to = &out
	at := 0
	for _, cut := range append(cuts, len(text)) {
		n, err := w.Write([]byte(text[at:cut]))
		if err != nil || n != cut-at {
			t.Fatal(n, err)
		}
		at = cut
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// every is a cut behind each step bytes.
func every(step int, text string) []int {
	var cuts []int
	for at := step; at < len(text); at += step {
		cuts = append(cuts, at)
	}
	return cuts
}

// masks are texts with a secret each, and what may be seen of none of them.
func masks() map[string]string {
	return map[string]string{
		"GET /x\r\nAuthorization: Bearer s3cr3tvalue\r\nHost: h":               "s3cr3tvalue",
		"Authorization : \t Basic   s3cr3tvalue":                               "s3cr3tvalue",
		"proxy-authorization: s3cr3tvalue x":                                   "s3cr3tvalue",
		"PRIVATE-TOKEN: s3cr3tvalue":                                           "s3cr3tvalue",
		`level=info msg="{\"Authorization\": [\"Bearer s3cr3tvalue\"]}" x=y`:   "s3cr3tvalue",
		"job-token = s3cr3tvalue":                                              "s3cr3tvalue",
		"see https://me:s3cr3tvalue@host/x and":                                "s3cr3tvalue",
		"GET /x?page=2&access_token=s3cr3tvalue&n=1 200":                       "s3cr3tvalue",
		"a " + token + " b":                                                    "0123456789",
		"a ghp_0123456789012345678901, xoxb-x":                                 "0123456789012345678901",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl is one":             "c2lnbmF0dXJl",
		"the password is " + password + ", is it?":                             "w<rd&1",
		"key " + pem + "\nnext":                                                "MIIEabcdefgh",
		"cookie: a=b; c=it's s3cr3tvalue\r\nnext":                              "s3cr3tvalue",
		"{'Set-Cookie': [ 'a=b', 's3cr3tvalue' ], n: 1}":                       "s3cr3tvalue",
		"Cookie: a={\"b c\": \"s3cr3tvalue\"}; d\nCookie: \"b c\" s3cr3tvalue": "s3cr3tvalue",
		// As k6 logs with --http-debug, in both formats, shortened.
		`msg="Request:\nGET / HTTP/1.1\nAuthorization: Bearer s3cr3tvalue\nX: y\n\n\n" group= vu=1` + "\n":       "s3cr3tvalue",
		`msg="Request:\nPrivate-Token: s3cr3tvalue\nX: y\n\n\n" group= vu=1` + "\n":                              "s3cr3tvalue",
		`msg="x\nAuthorization: Digest username=\"M\", response=\"s3cr3tvalue\"\nX: y\n\n\n" group= vu=1` + "\n": "s3cr3tvalue",
		`msg="x\nAuthorization: ApiKey s3cr3tvalue\nX: y\n\n\n" group= vu=1` + "\n":                              "s3cr3tvalue",
		`msg="x\nSet-Cookie: sid=1; s3cr3tvalue; Path=/; HttpOnly\n\nok\n" group= vu=1` + "\n":                   "s3cr3tvalue",
		`msg="x\n` + token + `\tx" group=`: "0123456789",
		`msg="{\"headers\":{\"Authorization\":[\"x s3cr3tvalue\"],\"X\":[\"y\"]}}" source=console` + "\n":                        "s3cr3tvalue",
		`{"iter":0,"msg":"POST /x?page=2\u0026access_token=s3cr3tvalue\u0026n=1 HTTP/1.1\nHost: h","vu":1}` + "\n":               "s3cr3tvalue",
		`{"iter":0,"msg":"x\nAuthorization: Bearer s3cr3tvalue\nCookie: a=b; c=d\n\n{\"a\":\"\u003cb\u003e\"}\n","vu":1}` + "\n": "s3cr3tvalue",
		`{"iter":0,"msg":"x\nAuthorization: Digest realm=\"t@h\", response=\"s3cr3tvalue\"\nX: y","vu":1}` + "\n":                "s3cr3tvalue",
		`{"iter":0,"msg":"x\nX: \u003c` + token + `\u003e","vu":1}` + "\n":                                                       "0123456789",
	}
}

// However a text is cut into pieces, what comes through is what Text makes of it.
func TestWriterAtEveryCut(t *testing.T) {
	r := New([]string{token, password, pem})
	texts := []string{"see Cookie: a\", \"b c\"", "{\"Set-Cookie\": [\n  \"a b\",\n  \"s3cr3tvalue\"\n], \"n\": 1}", "Authorization: x " + pem + " s3cr3tvalue\nnext", "a Authorization: a=\"b c\" \"d", "before " + token + " " + password + " after\nx" + token + "\rprogress [y/N] "}
	for text, secret := range masks() {
		if strings.Contains(r.Text(text), secret) {
			t.Errorf("%q is not masked: %q", text, r.Text(text))
		}
		texts = append(texts, text)
	}
	for _, text := range texts {
		want := r.Text(text)
		for first := range len(text) {
			for second := first; second < len(text); second++ {
				if got := written(t, r.Writer(nil), text, first, second); got != want {
					t.Fatalf("%q cut at %d and %d: %q, want %q", text, first, second, got, want)
				}
			}
		}
		for step := 1; step < 10; step++ {
			if got := written(t, r.Writer(nil), text, every(step, text)...); got != want {
				t.Fatalf("%q in pieces of %d: %q, want %q", text, step, got, want)
			}
		}
	}
}

// A question is seen before it is answered, and a line before the next one.
func TestWriterHoldsBackLittle(t *testing.T) {
	for _, text := range []string{"go on? [y/N] ", "a line\n", "Authorization: needed\n", "progress 5%\r"} {
		var out bytes.Buffer
		w := New([]string{password}).Writer(&out)
		if _, err := w.Write([]byte(text)); err != nil || out.Len() < len(text)-3 {
			t.Errorf("of %q comes %q, %v", text, out.String(), err)
		}
	}
}

// What was masked before comes through as it is, and in order.
func TestMasked(t *testing.T) {
	var out bytes.Buffer
	w := New([]string{"postgres"}).Writer(&out)
	for _, to := range []io.Writer{w, w.Masked(), w} {
		if n, err := io.WriteString(to, "postgres_ms "); n != 12 || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Flush(); err != nil || out.String() != "***_ms postgres_ms ***_ms " {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// What is held back is bounded, and then, too, no secret comes through: not one
// that is cut by the bound, nor one that is longer.
func TestWriterHidesWhatIsTooLong(t *testing.T) {
	r := New([]string{token, password, pem})
	random := rand.New(rand.NewPCG(1, 2))
	for text, secret := range masks() {
		for _, around := range []string{"", strings.Repeat("x", 50), strings.Repeat("{\"a\":1},", 10), strings.Repeat("y=", 30)} {
			whole := around + text + around
			if strings.Contains(r.Text(whole), secret) {
				continue // behind a letter no token begins
			}
			for most := 1; most < 80; most += 5 {
				for step := 1; step < 40; step += 1 + random.IntN(5) {
					w := r.Writer(nil)
					w.most = most
					if got := written(t, w, whole, every(step, whole)...); strings.Contains(got, secret) || strings.Contains(got, secret[len(secret)/2:]) {
						t.Fatalf("%q in pieces of %d, %d held back: %q", whole, step, most, got)
					}
				}
			}
		}
	}
	long := strings.Repeat("x", mostHeld+len(pem)+100)
	var out bytes.Buffer
	w := r.Writer(&out)
	if _, err := w.Write([]byte(long)); err != nil || out.Len() < mostHeld {
		t.Errorf("%d bytes of an endless word, %v", out.Len(), err)
	}
	if err := w.Flush(); err != nil || out.String() != long {
		t.Errorf("%d bytes of an endless word, %v", out.Len(), err)
	}
	endless := "see " + token + strings.Repeat("z", 3*mostHeld)
	if got := written(t, r.Writer(nil), endless+" z\nnext line", every(1000, endless)...); got != "see ***\nnext line" {
		t.Errorf("an endless token: %d bytes, %.40q", len(got), got)
	}
}

func FuzzWriter(f *testing.F) {
	for text := range masks() {
		f.Add(text, uint16(3), uint16(9), byte(2))
	}
	r := New([]string{token, password, pem})
	f.Fuzz(func(t *testing.T, text string, first, second uint16, step byte) {
		if len(text) > 2000 {
			return
		}
		want := r.Text(text)
		a, b := int(first)%(len(text)+1), int(second)%(len(text)+1)
		if got := written(t, r.Writer(nil), text, min(a, b), max(a, b)); got != want {
			t.Errorf("%q cut at %d and %d: %q, want %q", text, a, b, got, want)
		}
		if got := written(t, r.Writer(nil), text, every(int(step)+1, text)...); got != want {
			t.Errorf("%q in pieces of %d: %q, want %q", text, int(step)+1, got, want)
		}
		if again := r.Text(want); again != want {
			t.Errorf("%q is masked twice: %q", want, again)
		}
	})
}
