package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// listener is a client of the hub.
type listener struct {
	t  *testing.T
	ws *websocket.Conn
}

func (b *bench) listen(t *testing.T, query string) *listener {
	t.Helper()
	ws, resp, err := websocket.Dial(t.Context(), b.url+HubPath+query, nil) //nolint:bodyclose // Dial closes it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	serverTiming(t, resp.Header)
	l := &listener{t, ws}
	l.write(`{"protocol":"json","version":1}`)
	if got := l.next(); len(got) != 0 {
		t.Fatalf("handshake answered %v", got)
	}
	return l
}

func (l *listener) write(record string) {
	l.t.Helper()
	if err := l.ws.Write(l.t.Context(), websocket.MessageText, []byte(record+"\x1e")); err != nil {
		l.t.Fatal(err)
	}
}

// next reads a record: this server sends one a websocket message.
func (l *listener) next() map[string]any {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := l.ws.Read(ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSuffix(string(data), "\x1e")), &m); err != nil {
		l.t.Fatalf("%q: %v", data, err)
	}
	return m
}

// invoke answers the completion and the events that came before it.
func (l *listener) invoke(target, arguments string) (completion map[string]any, events []map[string]any) {
	l.t.Helper()
	l.write(fmt.Sprintf(`{"type":1,"invocationId":"1","target":%q,"arguments":%s}`, target, arguments))
	for {
		m := l.next()
		if m["type"] == 3.0 {
			return m, events
		}
		events = append(events, m)
	}
}

// story checks the events of one execution: their kinds, counted, and their
// numbers.
func story(t *testing.T, events []map[string]any, want map[string]int) {
	t.Helper()
	seen, highest := map[string]int{}, 0.0
	numbers := map[float64]bool{}
	for _, e := range events {
		seen[e["target"].(string)]++
		body := e["arguments"].([]any)[0].(map[string]any)
		n := body["sequence"].(float64)
		numbers[n], highest = true, max(highest, n)
		if body["executionId"] == "" || body["sentAt"].(float64) < 1e12 {
			t.Errorf("event %v", e)
		}
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("events %v, want %v", seen, want)
	}
	if len(numbers) != len(events) || int(highest) != len(events) {
		t.Errorf("%d events have %d numbers up to %v", len(events), len(numbers), highest)
	}
}

func TestExecutingOverTheHub(t *testing.T) {
	b := newBench(t)
	l := b.listen(t, "?tenant=acme")
	answer, events := l.invoke("ExecuteWorkflow", `["diamond",{"orderId":"o-9"}]`)
	result, _ := answer["result"].(map[string]any)
	if answer["error"] != nil || result["success"] != true || len(result["taskDetails"].([]any)) != 4 {
		t.Fatalf("answer = %v", answer)
	}
	story(t, events, map[string]int{"WorkflowStarted": 1, "TaskStarted": 4, "TaskCompleted": 4, "WorkflowCompleted": 1})
	last := events[len(events)-1]["arguments"].([]any)[0].(map[string]any)
	if last["executionId"] != result["executionId"] || last["success"] != true || last["executionTimeMs"] != result["executionTimeMs"] {
		t.Errorf("last event = %v", last)
	}
	b.do(t, "GET", "/api/v1/executions/"+result["executionId"].(string), "", "X-Tenant", "acme").expect(t, 200, "")

	for arguments, want := range map[string]string{
		`["none"]`: "not found", `[]`: "want a workflow's name", `["diamond",7]`: "not a JSON object",
		`["diamond",{"orderId":7}]`: "orderId is number",
	} {
		if answer, _ := l.invoke("ExecuteWorkflow", arguments); !strings.Contains(fmt.Sprint(answer["error"]), want) {
			t.Errorf("%s was answered with %v", arguments, answer)
		}
	}
}

func TestVisualizationGroupsHearTheirTenantsExecutions(t *testing.T) {
	b := newBench(t)
	mine, theirs := b.listen(t, "?tenant=acme"), b.listen(t, "?tenant=globex")
	for _, l := range []*listener{mine, theirs} {
		if answer, _ := l.invoke("JoinVisualizationGroup", `["guarded"]`); answer["error"] != nil {
			t.Fatalf("join = %v", answer)
		}
	}
	if health := b.do(t, "GET", "/health", ""); health.at(t, "gauges", "hubConnections") != 2.0 {
		t.Errorf("gauges = %v", health.at(t, "gauges"))
	}
	b.do(t, "POST", "/api/v1/workflows/guarded/execute", `{"input":{"approved":false}}`, "X-Tenant", "acme").expect(t, 502, "")
	b.do(t, "POST", "/api/v1/workflows/diamond/execute", "", "X-Tenant", "acme").expect(t, 200, "")
	// An invocation's answer comes after what was sent before it.
	_, heard := mine.invoke("LeaveVisualizationGroup", `["guarded"]`)
	story(t, heard, map[string]int{"WorkflowStarted": 1, "TaskStarted": 2, "TaskCompleted": 2, "WorkflowCompleted": 1})
	if last := heard[len(heard)-1]["arguments"].([]any)[0].(map[string]any); last["success"] != false || last["error"] == nil {
		t.Errorf("last event = %v", last)
	}
	if _, heard := theirs.invoke("LeaveVisualizationGroup", `["guarded"]`); len(heard) != 0 {
		t.Errorf("another tenant heard %v", heard)
	}
	b.do(t, "POST", "/api/v1/workflows/guarded/execute", "", "X-Tenant", "acme").expect(t, 200, "")
	if _, heard := mine.invoke("SubscribeToExecution", `["x"]`); len(heard) != 0 {
		t.Errorf("after leaving, heard %v", heard)
	}
}

func TestHubRefuses(t *testing.T) {
	b := newBench(t)
	l := b.listen(t, "")
	for _, call := range [][2]string{
		{"SubscribeToExecution", `[]`},
		{"SubscribeToExecution", `["a/b"]`},
		{"UnsubscribeFromExecution", `[7]`},
		{"JoinVisualizationGroup", `["x","y"]`},
		{"LeaveVisualizationGroup", `[null]`},
		{"DropTables", `[]`},
	} {
		if answer, _ := l.invoke(call[0], call[1]); answer["error"] == nil {
			t.Errorf("%v was answered with %v", call, answer)
		}
	}
	bad := b.listen(t, "?tenant=a%2Fb")
	if answer, _ := bad.invoke("JoinVisualizationGroup", `["x"]`); answer["error"] == nil {
		t.Errorf("a tenant with a slash joined: %v", answer)
	}
	r := b.do(t, "POST", HubPath+"/negotiate?negotiateVersion=1", "")
	if r.status != http.StatusOK || r.at(t, "connectionToken") == "" {
		t.Errorf("negotiation = %v", r.json)
	}
}
