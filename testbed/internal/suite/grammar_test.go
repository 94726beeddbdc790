package suite

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The grammar of https://www.w3.org/TR/server-timing/ with the tokens, quoted
// strings and lists of RFC 9110.
const (
	token  = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
	quoted = `"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"`
	param  = token + `[ \t]*=[ \t]*(?:` + token + `|` + quoted + `)`
	timed  = token + `(?:[ \t]*;[ \t]*` + param + `)*`
)

// Every answer of the engine keeps to it, errors too, and each name that the
// suite has a metric for has one duration.
func TestServerTimingKeepsToTheGrammar(t *testing.T) {
	endToEnd(t)
	e := startEngine(t)
	header := regexp.MustCompile(`^` + timed + `(?:[ \t]*,[ \t]*` + timed + `)*$`)
	metric := regexp.MustCompile(timed)
	duration := regexp.MustCompile(`;[ \t]*dur[ \t]*=[ \t]*([0-9.]+)[ \t]*(?:;|$)`)
	for _, request := range []struct {
		method, path, body string
		status             int
	}{
		{http.MethodGet, "/health", "", 200},
		{http.MethodGet, "/api/v1/workflows", "", 200},
		{http.MethodGet, "/api/v1/workflows/order-chain", "", 200},
		{http.MethodGet, "/api/v1/workflows/order-chain/executions", "", 200},
		{http.MethodGet, "/api/v1/tasks", "", 200},
		{http.MethodPost, "/api/v1/workflows/order-chain/execute", `{"input":{"orderId":"o-1"}}`, 200},
		{http.MethodPost, "/api/v1/workflows/fan-out-5/execute", `{"input":{"orderId":"o-1"}}`, 200},
		{http.MethodPost, "/api/v1/workflows/order-chain/execute", `{`, 400},
		{http.MethodGet, "/api/v1/workflows/none", "", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), request.method, e.URL+request.path, strings.NewReader(request.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // only the head counts
		if response.StatusCode != request.status {
			t.Errorf("%s %s: status %d, want %d", request.method, request.path, response.StatusCode, request.status)
		}
		values := response.Header.Values("Server-Timing")
		if len(values) == 0 {
			t.Errorf("%s %s: no times", request.method, request.path)
		}
		total := 0
		for _, value := range values {
			if !header.MatchString(value) {
				t.Errorf("%s %s: %q is not of the grammar", request.method, request.path, value)
			}
			for _, m := range metric.FindAllString(value, -1) {
				found := duration.FindAllStringSubmatch(m, -1)
				if len(found) != 1 {
					t.Errorf("%s %s: %q has %d durations", request.method, request.path, m, len(found))
					continue
				}
				if ms, err := strconv.ParseFloat(found[0][1], 64); err != nil || ms < 0 {
					t.Errorf("%s %s: %q: duration %v, %v", request.method, request.path, m, ms, err)
				}
				if strings.HasPrefix(m, "total;") {
					total++
				}
			}
		}
		if total != 1 {
			t.Errorf("%s %s: %d totals in %q", request.method, request.path, total, values)
		}
	}
}
