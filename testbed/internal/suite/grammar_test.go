package suite

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"os"
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

// answer is one that the engine gives.
type answer struct {
	route  string // as the engine's server registers it; "" for none of its own
	path   string
	body   string
	status int
	// upgrade asks for a websocket.
	upgrade bool
}

// answers are one of each route that goes well, and each kind that doesn't. %s
// stands for an execution's id.
func answers() []answer {
	const workflows = "/api/v1/workflows"
	const chain = workflows + "/order-chain"
	const input = `{"input":{"orderId":"o-1"}}`
	const draft = `{"workflow":{"name":"draft","tasks":[{"id":"a","kind":"transform","with":{"x":"{{input.y | \"z\"}}"}}]},"input":{}}`
	return []answer{
		{route: "GET /health", path: "/health", status: 200},
		{route: "GET /health/ready", path: "/health/ready", status: 200},
		{route: "GET /health/live", path: "/health/live", status: 200},
		{route: "GET /api/v1/workflows", path: workflows + "?skip=1&take=2", status: 200},
		{route: "GET /api/v1/workflows/{name}", path: chain, status: 200},
		{route: "POST /api/v1/workflows/{name}/execute", path: chain + "/execute", body: input, status: 200},
		{route: "POST /api/v1/workflows/{name}/test", path: chain + "/test", body: input, status: 200},
		{route: "POST /api/v1/workflows/test-execute", path: workflows + "/test-execute", body: draft, status: 200},
		{route: "POST /api/v1/workflows/{name}/validate-input", path: chain + "/validate-input", body: input, status: 200},
		{route: "GET /api/v1/workflows/{name}/versions", path: chain + "/versions", status: 200},
		{route: "GET /api/v1/workflows/{name}/executions", path: chain + "/executions?status=completed", status: 200},
		{route: "GET /api/v1/executions/{id}", path: "/api/v1/executions/%s", status: 200},
		{route: "GET /api/v1/executions/{id}/trace", path: "/api/v1/executions/%s/trace", status: 200},
		{route: "GET /api/v1/tasks", path: "/api/v1/tasks", status: 200},
		{route: "POST /hubs/workflow/negotiate", path: "/hubs/workflow/negotiate?negotiateVersion=1", status: 200},
		{route: "GET /hubs/workflow", path: "/hubs/workflow", status: 101, upgrade: true},

		{route: "GET /hubs/workflow", path: "/hubs/workflow", status: 426},
		{route: "GET /api/v1/workflows", path: workflows + "?take=x", status: 400},
		{route: "POST /api/v1/workflows/{name}/execute", path: workflows + "/quotes-5/execute", status: 200}, // branches side by side
		{route: "POST /api/v1/workflows/{name}/execute", path: chain + "/execute", body: `{`, status: 400},
		{route: "POST /api/v1/workflows/{name}/execute", path: workflows + "/guarded/execute", body: `{"input":{"approved":false}}`, status: 502},
		{route: "GET /api/v1/workflows/{name}", path: workflows + "/none", status: 404},
		{path: "/nowhere", status: 404},
		{route: "POST /nothing", path: "/api/v1/tasks", status: 405},
	}
}

// Every answer of the engine keeps to it, errors too, and each name that the
// suite has a metric for has one duration.
func TestServerTimingKeepsToTheGrammar(t *testing.T) {
	endToEnd(t)
	e := startEngine(t)
	id := ""
	for _, a := range answers() {
		t.Run(strings.TrimSpace(a.route+" "+strconv.Itoa(a.status)), func(t *testing.T) {
			response, made := a.get(t, e.URL, id) //nolint:bodyclose // get has closed it
			id = cmp.Or(id, made)
			if response.StatusCode != a.status {
				t.Errorf("status %d, want %d", response.StatusCode, a.status)
			}
			keepsToTheGrammar(t, response.Header.Values("Server-Timing"))
		})
	}
}

// get asks for the answer, and answers the id of the execution that it is about,
// if it is about one.
func (a answer) get(t *testing.T, engine, id string) (response *http.Response, made string) {
	t.Helper()
	method, _, _ := strings.Cut(a.route, " ")
	r, err := http.NewRequestWithContext(t.Context(), cmp.Or(method, http.MethodGet), engine+strings.Replace(a.path, "%s", id, 1), strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	if a.upgrade {
		r.Header = http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
			"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, // RFC 6455's own
		}
	}
	response, err = http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if a.upgrade {
		return response, "" // what follows is no answer, but the hub's
	}
	var body struct{ ExecutionID string }
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(text, &body) // some answers are plain text
	return response, body.ExecutionID
}

// keepsToTheGrammar holds the values of an answer's header to the grammar, each
// name in them to one duration, and all of them to one total.
func keepsToTheGrammar(t *testing.T, values []string) {
	t.Helper()
	header := regexp.MustCompile(`^` + timed + `(?:[ \t]*,[ \t]*` + timed + `)*$`)
	metric := regexp.MustCompile(timed)
	duration := regexp.MustCompile(`;[ \t]*dur[ \t]*=[ \t]*([0-9.]+)[ \t]*(?:;|$)`)
	if len(values) == 0 {
		t.Error("no times")
	}
	total, rest := 0.0, 0.0
	seen := map[string]int{}
	for _, value := range values {
		if !header.MatchString(value) {
			t.Errorf("%q is not of the grammar", value)
		}
		for _, m := range metric.FindAllString(value, -1) {
			name, _, _ := strings.Cut(m, ";")
			seen[name]++
			found := duration.FindAllStringSubmatch(m, -1)
			if len(found) != 1 {
				t.Errorf("%q has %d durations", m, len(found))
				continue
			}
			ms, err := strconv.ParseFloat(found[0][1], 64)
			if err != nil || ms < 0 {
				t.Errorf("%q: duration %v, %v", m, ms, err)
			}
			if name == "total" {
				total = ms
			} else {
				rest += ms
			}
		}
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	if seen["total"] != 1 || rest > total+1e-6 { // each is cut to whole microseconds
		t.Errorf("the parts are %v of a total of %v: %q", rest, total, values)
	}
}

// The table above forgets no route.
func TestEveryRouteIsHeldAgainstTheGrammar(t *testing.T) {
	source, err := os.ReadFile("../api/server.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(source), `"+HubPath+"`, "/hubs/workflow")
	text = strings.ReplaceAll(text, `"+HubPath`, `/hubs/workflow"`)
	registered := regexp.MustCompile(`"((?:GET|POST|PUT|PATCH|DELETE) /[^"]*)"`).FindAllStringSubmatch(text, -1)
	if len(registered) < 16 {
		t.Fatalf("found %d routes in the server's source", len(registered))
	}
	covered := map[string]bool{}
	for _, a := range answers() {
		covered[a.route] = covered[a.route] || a.status < 300
	}
	for _, m := range registered {
		if !covered[m[1]] {
			t.Errorf("%s is not asked", m[1])
		}
	}
}
