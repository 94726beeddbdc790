package influx

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	const at = 1_764_190_800_000_000_000 // 2025-11-26T21:00:00Z
	tests := []struct {
		url  string
		want Address
	}{
		{"influxdb://h/k6", Address{Name: "influxdb://h/k6", Server: "http://h:8086", Database: "k6"}},
		{"influxdb+https://h:99/k6?testid=a%26b", Address{Name: "influxdb+https://h:99/k6?testid=a%26b", Server: "https://h:99", Database: "k6", TestID: "a&b", Tagged: true}},
		{"influxdb://h/k6?testid=", Address{Name: "influxdb://h/k6?testid=", Server: "http://h:8086", Database: "k6", Tagged: true}},
		{"influxdb://[::1]/proxy/k6?rp=week&newest=true", Address{Name: "influxdb://[::1]/proxy/k6?newest=true&rp=week", Server: "http://[::1]:8086/proxy", Database: "k6", Policy: "week", Newest: true}},
		{"influxdb://h/k6?from=2025-11-26T21:00:00Z&to=1764190801", Address{Name: "influxdb://h/k6?from=2025-11-26T21%3A00%3A00Z&to=1764190801", Server: "http://h:8086", Database: "k6", From: at, To: at + 1e9}},
		{"influxdb://h/a%3Fb%20c/k6", Address{Name: "influxdb://h/a%3Fb%20c/k6", Server: "http://h:8086/a%3Fb%20c", Database: "k6"}},
		{"influxdb2://h/k6/autogen?org=o", Address{Name: "influxdb2://h/k6/autogen?org=o", Server: "http://h:8086", Flux: true, Database: "k6/autogen", Org: "o"}},
		{"influxdb2+https://h/b?org=o", Address{Name: "influxdb2+https://h/b?org=o", Server: "https://h:443", Flux: true, Database: "b", Org: "o"}},
	}
	for _, test := range tests {
		got, err := Parse(test.url)
		if err != nil || got != test.want {
			t.Errorf("Parse(%q) = %+v, %v\nwant %+v", test.url, got, err, test.want)
		}
		if !IsURL(test.url) {
			t.Errorf("IsURL(%q) = false", test.url)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ url, want string }{
		{"influxdb://me:secret@h/k6", "read influxdb://h/k6: the URL holds a name or a password"},
		{"influxdb://h/k6?token=secret", `read influxdb://h/k6: there is no parameter "token"`},
		{"influxdb://h/k6?p=secret", `read influxdb://h/k6: there is no parameter "p"`},
		{"influxdb://h/k6?org=o", `read influxdb://h/k6: there is no parameter "org"`},
		{"influxdb2://h/k6?rp=o", `read influxdb2://h/k6: there is no parameter "rp"`},
		{"influxdb:///k6", "read influxdb:///k6: the URL names no host"},
		{"influxdb://h", "read influxdb://h: the URL names no database"},
		{"influxdb://h/k6?testid=a&testid=b", `read influxdb://h/k6: the parameter "testid" is given 2 times`},
		{"influxdb://h/k6?from=yesterday", `read influxdb://h/k6: "yesterday" is not a time`},
		{"influxdb://h/k6?from=2025-01-02&to=2025-01-01", "read influxdb://h/k6: to is not after from"},
		{"influxdb://h/k6?newest=perhaps", "read influxdb://h/k6: newest is neither true nor false"},
		{"influxdb://me:secret@h:port/k6", "read influxdb://…: it is not a URL"},
	}
	for _, test := range tests {
		_, err := Parse(test.url)
		var e *Error
		if !errors.As(err, &e) || err.Error() != test.want || e.Hint() == "" {
			t.Errorf("Parse(%q): %v, want %s, with a hint", test.url, err, test.want)
			continue
		}
		if strings.Contains(err.Error()+e.Hint(), "secret") {
			t.Errorf("Parse(%q) shows the secret: %v, %s", test.url, err, e.Hint())
		}
	}
}

func TestQuote(t *testing.T) {
	hostile := "a'; DROP DATABASE k6; --\\\n\"${x}\x00"
	tests := []struct{ got, want string }{
		{quoteText(hostile), `'a\'; DROP DATABASE k6; --\\\n"${x}` + "\x00'"},
		{quoteIdent(hostile), `"a'; DROP DATABASE k6; --\\\n\"${x}` + "\x00\""},
		{quoteFlux(hostile), `"a'; DROP DATABASE k6; --\\\x0a\"\x24{x}\x00"`},
		{quoteFlux("größer"), `"größer"`},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

// FuzzAddress: an address is shown as a URL that means the same, leads to the host that
// was named, and shows no password.
func FuzzAddress(f *testing.F) {
	for _, rest := range []string{"h/k6", "h:99/k6?testid=a%26b&newest=1", "[::1]/proxy/k6?rp=week", "h/a%3Fb/k6?from=2025-11-26&to=1764190801", "h//k6/?testid=", "@h/k6#x"} {
		f.Add(rest)
	}
	const secret = "s3cr3t-s3cr3t"
	f.Fuzz(func(t *testing.T, rest string) {
		for _, scheme := range []string{"influxdb://", "influxdb+https://", "influxdb2://"} {
			if _, err := Parse(scheme + "me:" + secret + "@" + rest); err == nil || strings.Contains(err.Error(), secret) {
				t.Fatalf("Parse(%q) with a password: %v", scheme+rest, err)
			}
			a, err := Parse(scheme + rest)
			if err != nil {
				continue
			}
			again, err := Parse(a.Name)
			if err != nil || again != a {
				t.Fatalf("Parse(%q) = %+v\nand of its name %+v, %v", scheme+rest, a, again, err)
			}
			server, err := url.Parse(a.Server)
			if err != nil || server.Hostname() == "" || server.Port() == "" || server.RawQuery != "" || server.Fragment != "" || server.User != nil {
				t.Fatalf("Parse(%q): the server is at %s, %v", scheme+rest, a.Server, err)
			}
		}
	})
}

// FuzzQuote: what is quoted is one literal, whose text is what was given.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a'; DROP DATABASE k6; --\\\n\"${x}\x00", "größer", `\`, `\x41`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		literals := map[string]string{quoteIdent(s): `"`, quoteText(s): `'`}
		if utf8.ValidString(s) {
			flux := quoteFlux(s)
			if literals[flux] = `"`; strings.Contains(flux, "$") {
				t.Fatalf("%q is quoted as %s, in which an expression may begin", s, flux)
			}
		}
		for literal, mark := range literals {
			if got, ok := unquoted(literal, mark); !ok || got != s {
				t.Fatalf("%q is quoted as %s, which is %q, %v", s, literal, got, ok)
			}
		}
	})
}

// unquoted is the text of a literal between two marks; false where it ends before, or
// goes over the end of the line.
func unquoted(literal, mark string) (string, bool) {
	inner, begins := strings.CutPrefix(literal, mark)
	inner, ends := strings.CutSuffix(inner, mark)
	var text []byte
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		switch {
		case c == '\n', c == mark[0], c == '\\' && i+1 == len(inner):
			return "", false
		case c == '\\' && inner[i+1] == 'x':
			n, err := strconv.ParseUint(inner[i+2:min(i+4, len(inner))], 16, 8)
			if err != nil {
				return "", false
			}
			c, i = byte(n), i+3
		case c == '\\' && inner[i+1] == 'n':
			c, i = '\n', i+1
		case c == '\\':
			c, i = inner[i+1], i+1
		}
		text = append(text, c)
	}
	return string(text), begins && ends
}
