package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "GET", "/health", "")
	r.expect(t, 200, "")
	if r.at(t, "instanceId") != "test-instance" || r.at(t, "status") != "healthy" {
		t.Errorf("health = %v", r.json)
	}
	for _, name := range []string{
		"dbPoolSize", "dbPoolInUse", "executionsLimit", "executionsRunning", "goroutines",
		"heapAfterGcBytes", "gcShare", "schedLatencyMs", "hubConnections", "httpConns", "httpReuseShare", "hubDropped",
		"allocBytesPerSecond", "memoryBytes",
	} {
		if value, ok := r.at(t, "gauges", name).(float64); !ok || value < 0 {
			t.Errorf("gauge %s = %v", name, value)
		}
	}
	b.do(t, "GET", "/health/live", "").expect(t, 200, "")
	b.do(t, "GET", "/health/ready", "").expect(t, 200, "")

	if err := b.Store.Close(); err != nil {
		t.Fatal(err)
	}
	b.do(t, "GET", "/health/live", "").expect(t, 200, "")
	b.do(t, "GET", "/health", "").expect(t, 200, "")
	b.do(t, "GET", "/health/ready", "").expect(t, 503, "not_ready")
	r = b.do(t, "GET", "/api/v1/workflows", "")
	r.expect(t, 500, "internal")
	if message := r.at(t, "error", "message").(string); strings.Contains(message, "sql") {
		t.Errorf("the client is told of the inside: %q", message)
	}
}

func TestWorkflows(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "GET", "/api/v1/workflows?skip=1&take=2", "")
	r.expect(t, 200, "")
	r.hasTimes(t, "db-pool-wait", "db-read", "serialize")
	if r.length(t, "items") != 2 || r.at(t, "hasMore") != true || r.at(t, "skip") != 1.0 || r.at(t, "take") != 2.0 {
		t.Errorf("second page = %v", r.json)
	}
	if r.at(t, "items", 0, "name") != "fan-out-5" || r.at(t, "items", 0, "taskCount") != 6.0 {
		t.Errorf("first of the second page = %v", r.json)
	}
	if r := b.do(t, "GET", "/api/v1/workflows", ""); r.at(t, "hasMore") != false || r.length(t, "items") < 6 {
		t.Errorf("all = %v", r.json)
	}

	r = b.do(t, "GET", "/api/v1/workflows/order-chain", "")
	r.expect(t, 200, "")
	if r.at(t, "version") != 1.0 || r.length(t, "tasks") != 4 || r.at(t, "statistics", "averageMs") != nil {
		t.Errorf("workflow = %v", r.json)
	}
	b.do(t, "POST", "/api/v1/workflows/order-chain/execute", "").expect(t, 200, "")
	r = b.do(t, "GET", "/api/v1/workflows/order-chain", "")
	if r.at(t, "statistics", "executions") != 1.0 || r.at(t, "statistics", "averageMs").(float64) <= 0 {
		t.Errorf("statistics after an execution = %v", r.json)
	}
	b.do(t, "GET", "/api/v1/workflows/none", "").expect(t, 404, "not_found")
}

func TestExecuteAnswers(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/workflows/order-chain/execute",
		`{"input":{"orderId":"o-7","customer":{"name":"Grace","country":"US"}}}`)
	r.expect(t, 200, "")
	r.hasTimes(t, "queue", "db-pool-wait", "db-read", "graph-build", "template-resolve", "db-write", "db-commit",
		"ws-publish", "serialize")
	if r.at(t, "success") != true || r.at(t, "workflowName") != "order-chain" || r.at(t, "executionId") != "e-0001" {
		t.Errorf("execution = %v", r.json)
	}
	message := r.at(t, "output", "message").(string)
	if !strings.HasPrefix(message, "Dear Grace, order o-7 is reserved as ") {
		t.Errorf("output = %q", message)
	}
	if r.length(t, "taskDetails") != 4 || r.at(t, "taskDetails", 3, "taskId") != "confirm" {
		t.Errorf("taskDetails = %v", r.at(t, "taskDetails"))
	}
	took, build := r.at(t, "executionTimeMs").(float64), r.at(t, "graphBuildDurationMs").(float64)
	if took <= 0 || build <= 0 || build >= took || took > r.times["total"] {
		t.Errorf("execution %v ms, graph %v ms, request %v ms", took, build, r.times["total"])
	}
	cost := func(name string) float64 { return r.at(t, "orchestrationCost", name).(float64) }
	sum := cost("setupMicros") + cost("teardownMicros") + cost("schedulingOverheadMicros")
	if total := cost("totalOrchestrationCostMicros"); total <= 0 || total-sum > 0.01 || sum-total > 0.01 {
		t.Errorf("cost %v, parts sum up to %v", total, sum)
	}
	if p := cost("orchestrationCostPercentage"); p <= 0 || p >= 100 {
		t.Errorf("cost is %v %%", p)
	}
}

func TestEverySampleWorkflowRuns(t *testing.T) {
	b := newBench(t)
	for name, tasks := range map[string]int{
		"order-chain": 4, "fan-out-5": 6, "diamond": 4, "layered-120": 120, "report": 2, "guarded": 3,
		"quote": 3, "quotes-5": 6,
	} {
		r := b.do(t, "POST", "/api/v1/workflows/"+name+"/execute", `{"input":{}}`)
		r.expect(t, 200, "")
		if r.length(t, "taskDetails") != tasks {
			t.Errorf("%s ran %d tasks, want %d", name, r.length(t, "taskDetails"), tasks)
		}
	}
}

func TestExecuteRefuses(t *testing.T) {
	b := newBench(t)
	const path = "/api/v1/workflows/order-chain/execute"
	for body, message := range map[string]string{
		`{"input":`:                  "not the JSON expected",
		`{"inputs":{}}`:              `unknown field "inputs"`,
		`{"input":[]}`:               "not the JSON expected",
		`{"input":{}} x`:             "not the JSON expected",
		`{"input":{}}{}`:             "after its JSON value",
		`{"input":{"amount":"ten"}}`: "amount is string, want number",
	} {
		r := b.do(t, "POST", path, body)
		r.expect(t, 400, "")
		if got := r.at(t, "error", "message").(string); !strings.Contains(got, message) {
			t.Errorf("%s: %q, want it to say %q", body, got, message)
		}
	}
	r := b.do(t, "POST", path, `{"input":{"amount":"ten"}}`)
	r.expect(t, 400, "invalid_input")
	if r.at(t, "error", "details", 0, "field") != "amount" {
		t.Errorf("details = %v", r.json)
	}
	b.do(t, "POST", path, `{"input":{"x":"`+strings.Repeat("x", maxBody)+`"}}`).expect(t, 413, "too_large")
	b.do(t, "POST", path, "", "X-Tenant", "no such/name").expect(t, 400, "bad_request")
	b.do(t, "POST", "/api/v1/workflows/none/execute", "").expect(t, 404, "not_found")
}

func TestAFailedTaskIsABadGatewayAndIsStored(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/workflows/guarded/execute", `{"input":{"approved":false}}`)
	r.expect(t, 502, "")
	if r.at(t, "success") != false || !strings.Contains(r.at(t, "error").(string), "must be approved") {
		t.Errorf("answer = %v", r.json)
	}
	if r.length(t, "taskDetails") != 2 || r.at(t, "output") != nil {
		t.Errorf("taskDetails = %v", r.json)
	}
	id := r.at(t, "executionId").(string)
	if got := b.do(t, "GET", "/api/v1/executions/"+id, ""); got.at(t, "status") != "failed" {
		t.Errorf("stored as %v", got.json)
	}
	failed := b.do(t, "GET", "/api/v1/workflows/guarded/executions?status=failed", "")
	completed := b.do(t, "GET", "/api/v1/workflows/guarded/executions?status=completed", "")
	if failed.length(t, "items") != 1 || completed.length(t, "items") != 0 {
		t.Errorf("failed %v, completed %v", failed.json, completed.json)
	}
}

func TestExecutionsBelongToTheirTenant(t *testing.T) {
	b := newBench(t)
	executed := b.do(t, "POST", "/api/v1/workflows/diamond/execute", "", "X-Tenant", "acme")
	id := executed.at(t, "executionId").(string)
	for who, status := range map[string]int{"acme": 200, "globex": 404, "": 404} {
		b.do(t, "GET", "/api/v1/executions/"+id, "", "X-Tenant", who).expect(t, status, "")
		b.do(t, "GET", "/api/v1/executions/"+id+"/trace", "", "X-Tenant", who).expect(t, status, "")
		want := 0
		if status == 200 {
			want = 1
		}
		r := b.do(t, "GET", "/api/v1/workflows/diamond/executions", "", "X-Tenant", who)
		if r.length(t, "items") != want {
			t.Errorf("tenant %q lists %v", who, r.json)
		}
	}
	stored := b.do(t, "GET", "/api/v1/executions/"+id, "", "X-Tenant", "acme")
	stored.hasTimes(t, "db-pool-wait", "db-read")
	if stored.length(t, "taskDetails") != 4 || stored.at(t, "executionTimeMs") != executed.at(t, "executionTimeMs") {
		t.Errorf("stored %v, executed %v", stored.json, executed.json)
	}
}

func TestTrace(t *testing.T) {
	b := newBench(t)
	id := b.do(t, "POST", "/api/v1/workflows/diamond/execute", "").at(t, "executionId").(string)
	r := b.do(t, "GET", "/api/v1/executions/"+id+"/trace", "")
	r.expect(t, 200, "")
	r.hasTimes(t, "db-pool-wait", "db-trace")
	if r.length(t, "taskTimings") != 4 || r.length(t, "dependencyOrder") != 4 || r.length(t, "plannedParallelGroups") != 3 {
		t.Errorf("trace = %v", r.json)
	}
	end := r.at(t, "taskTimings", 3).(map[string]any)
	if end["taskId"] != "end" || len(end["waitedForTasks"].([]any)) != 2 || end["waitTimeMs"].(float64) < 0 || end["success"] != true {
		t.Errorf("timing of the last task = %v", end)
	}
	if start := r.at(t, "taskTimings", 0, "waitedForTasks").([]any); len(start) != 0 {
		t.Errorf("the first task waited for %v", start)
	}
	b.do(t, "GET", "/api/v1/executions/none/trace", "").expect(t, 404, "not_found")
}

func TestPagesAreChecked(t *testing.T) {
	b := newBench(t)
	for _, query := range []string{"skip=-1", "skip=x", "take=0", "take=201", "take=1e3"} {
		b.do(t, "GET", "/api/v1/workflows?"+query, "").expect(t, 400, "bad_request")
		b.do(t, "GET", "/api/v1/workflows/diamond/executions?"+query, "").expect(t, 400, "bad_request")
	}
	b.do(t, "GET", "/api/v1/workflows/diamond/executions?status=lost", "").expect(t, 400, "bad_request")
	b.do(t, "GET", "/api/v1/workflows/none/executions", "").expect(t, 404, "not_found")
}

func TestUnknownRoutesAnswerJSONWithTimes(t *testing.T) {
	b := newBench(t)
	b.do(t, "GET", "/nowhere", "").expect(t, 404, "not_found")
	r := b.do(t, "DELETE", "/api/v1/workflows/diamond", "")
	r.expect(t, 405, "method_not_allowed")
	if r.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow = %q", r.header.Get("Allow"))
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	b := newBench(t)
	b.handle("GET /panic", func(*http.Request) (answer, error) { panic("at the disco") })
	b.do(t, "GET", "/panic", "").expect(t, 500, "internal")
	if !strings.Contains(b.log.String(), "at the disco") {
		t.Errorf("the log says nothing of it: %s", b.log)
	}
	b.do(t, "GET", "/health/live", "").expect(t, 200, "")
}

func TestOutboundCallsAreTimed(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/workflows/quote/execute", `{"input":{"orderId":"o-1"}}`)
	r.expect(t, 200, "")
	r.hasTimes(t, "http-pool-wait", "http-dns", "http-connect", "http-call")
	if price, isNumber := r.at(t, "output", "price", "price").(float64); !isNumber || price < 0 {
		t.Errorf("price = %v", r.at(t, "output"))
	}
	r = b.do(t, "POST", "/api/v1/workflows/quote/execute", "")
	if _, connected := r.times["http-connect"]; connected {
		t.Errorf("the second call connected again: %v", r.times)
	}
	if health := b.do(t, "GET", "/health", ""); health.at(t, "gauges", "httpConns") != 1.0 {
		t.Errorf("gauges = %v", health.at(t, "gauges"))
	}
}

func TestTestingStoresNothingAndCallsNobody(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "POST", "/api/v1/workflows/quote/test", `{"input":{"orderId":"a b"}}`)
	r.expect(t, 200, "")
	if _, stored := r.json["executionId"]; stored || r.at(t, "success") != true {
		t.Errorf("test = %v", r.json)
	}
	if got := r.at(t, "taskDetails", 1, "output", "request"); got != "GET /quote?item=a+b" {
		t.Errorf("the call would have been %v", got)
	}
	if _, written := r.times["db-write"]; written {
		t.Errorf("a test wrote: %v", r.times)
	}
	failing := b.do(t, "POST", "/api/v1/workflows/guarded/test", `{"input":{"approved":false}}`)
	failing.expect(t, 200, "")
	if failing.at(t, "success") != false {
		t.Errorf("test = %v", failing.json)
	}
	r = b.do(t, "POST", "/api/v1/workflows/test-execute",
		`{"workflow":{"name":"mine","tasks":[{"id":"a","kind":"transform","with":{"v":"{{input.x}}"}}]},"input":{"x":7}}`)
	r.expect(t, 200, "")
	if r.at(t, "output", "a", "v") != 7.0 {
		t.Errorf("test-execute = %v", r.json)
	}
	for _, w := range []string{"quote", "guarded"} {
		if list := b.do(t, "GET", "/api/v1/workflows/"+w+"/executions", ""); list.length(t, "items") != 0 {
			t.Errorf("a test of %s was stored: %v", w, list.json)
		}
	}
	b.do(t, "GET", "/api/v1/workflows/mine", "").expect(t, 404, "not_found")
	if health := b.do(t, "GET", "/health", ""); health.at(t, "gauges", "httpConns") != 0.0 {
		t.Errorf("a test called outside: %v", health.at(t, "gauges"))
	}
}

func TestTestExecuteRefuses(t *testing.T) {
	b := newBench(t)
	for body, want := range map[string]string{
		`{}`:                                   "no workflow",
		`{"workflow":{"name":"w","tasks":[]}}`: "1 to 1000 tasks",
		`{"workflow":{"name":"w","tasks":[{"id":"a","kind":"magic"}]}}`: `kind "magic"`,
		`{"workflow":{"name":"w","tasks":[{"id":"a","kind":"compute","dependsOn":["b"]},` +
			`{"id":"b","kind":"compute","dependsOn":["a"]}]}}`: "a -> b -> a",
	} {
		r := b.do(t, "POST", "/api/v1/workflows/test-execute", body)
		r.expect(t, 400, "")
		if message := r.at(t, "error", "message").(string); !strings.Contains(message, want) {
			t.Errorf("%s: %q, want it to say %q", body, message, want)
		}
	}
	b.do(t, "POST", "/api/v1/workflows/none/test", "").expect(t, 404, "not_found")
	b.do(t, "POST", "/api/v1/workflows/diamond/test", `{"input":{"orderId":1}}`).expect(t, 400, "invalid_input")
}

func TestValidateInput(t *testing.T) {
	b := newBench(t)
	const path = "/api/v1/workflows/order-chain/validate-input"
	good := b.do(t, "POST", path, `{"input":{"amount":5}}`)
	good.expect(t, 200, "")
	if good.at(t, "valid") != true || good.length(t, "errors") != 0 {
		t.Errorf("good input: %v", good.json)
	}
	bad := b.do(t, "POST", path, `{"input":{"amount":"5"}}`)
	bad.expect(t, 200, "")
	if bad.at(t, "valid") != false || bad.at(t, "errors", 0, "field") != "amount" {
		t.Errorf("bad input: %v", bad.json)
	}
	b.do(t, "POST", "/api/v1/workflows/none/validate-input", "").expect(t, 404, "not_found")
}

func TestVersionsAndTasks(t *testing.T) {
	b := newBench(t)
	r := b.do(t, "GET", "/api/v1/workflows/diamond/versions", "")
	r.expect(t, 200, "")
	r.hasTimes(t, "db-read")
	if r.length(t, "items") != 1 || r.at(t, "items", 0, "version") != 1.0 {
		t.Errorf("versions = %v", r.json)
	}
	b.do(t, "GET", "/api/v1/workflows/none/versions", "").expect(t, 404, "not_found")
	tasks := b.do(t, "GET", "/api/v1/tasks", "")
	tasks.expect(t, 200, "")
	for i := range tasks.length(t, "items") {
		kind := tasks.at(t, "items", i, "kind").(string)
		if b.Engine.Runner.Kinds[kind] == nil {
			t.Errorf("kind %s is listed and does not exist", kind)
		}
	}
	if n := tasks.length(t, "items"); n != len(b.Engine.Runner.Kinds) {
		t.Errorf("%d kinds are listed, there are %d", n, len(b.Engine.Runner.Kinds))
	}
}
