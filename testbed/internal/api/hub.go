package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/signalr"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// HubPath is where the hub is.
const HubPath = "/hubs/workflow"

// hubMaxMessage is the longest message of a client, in bytes.
const hubMaxMessage = 64 << 10

// HubOptions are what a hub is made of.
type HubOptions struct {
	Queue     int // events that may wait for a slow listener
	KeepAlive time.Duration
	// NewToken makes what opens a connection: unguessable.
	NewToken func() string
	Now      timing.Clock
	Log      *slog.Logger
	// Check, AcceptSlots, Confirm and Buffer are those of signalr.Options; 0 is
	// a healthy hub.
	Check                        time.Duration
	AcceptSlots, Confirm, Buffer int
}

// Hub tells listeners of executions as they go on. The engine comes later,
// since it in turn publishes to the hub.
type Hub struct {
	*signalr.Server
	now    timing.Clock
	log    *slog.Logger
	engine *engine.Engine
}

// NewHub returns a hub that knows its methods, but no engine yet.
func NewHub(o HubOptions) *Hub {
	h := &Hub{now: o.Now, log: o.Log}
	h.Server = signalr.New(signalr.Options{
		Methods: map[string]signalr.Method{
			"ExecuteWorkflow":          h.executeWorkflow,
			"SubscribeToExecution":     membership("an execution's id", executionGroup, (*signalr.Caller).Join),
			"UnsubscribeFromExecution": membership("an execution's id", executionGroup, (*signalr.Caller).Leave),
			"JoinVisualizationGroup":   membership("a workflow's name", workflowGroup, (*signalr.Caller).Join),
			"LeaveVisualizationGroup":  membership("a workflow's name", workflowGroup, (*signalr.Caller).Leave),
		},
		Queue: o.Queue, KeepAlive: o.KeepAlive, ClientTimeout: 2 * o.KeepAlive, MaxMessage: hubMaxMessage,
		NewID: o.NewToken, Now: o.Now, Log: o.Log,
		Check: o.Check, AcceptSlots: o.AcceptSlots, Confirm: o.Confirm, Buffer: o.Buffer,
	})
	return h
}

// Groups keep tenants apart: a name can't hold a slash.
func executionGroup(tenant, id string) string  { return tenant + "/execution/" + id }
func workflowGroup(tenant, name string) string { return tenant + "/workflow/" + name }

// hubTenant reads whose connection it is: from the header, or, for browsers,
// which can't set one, from the address.
func hubTenant(r *http.Request) (string, error) {
	name := r.URL.Query().Get("tenant")
	if name == "" {
		return tenant(r)
	}
	if !workflow.ValidName(name) {
		return "", badRequest("tenant %q: want 1 to 64 letters, digits, '-' or '_'", name)
	}
	return name, nil
}

// membership is a method with one argument that names a group.
func membership(what string, group func(tenant, name string) string, change func(*signalr.Caller, string)) signalr.Method {
	return func(_ context.Context, caller *signalr.Caller, arguments []json.RawMessage) (any, error) {
		who, err := hubTenant(caller.Request)
		if err != nil {
			return nil, err
		}
		var name string
		if len(arguments) != 1 || json.Unmarshal(arguments[0], &name) != nil || !workflow.ValidName(name) {
			return nil, fmt.Errorf("want one argument, %s", what)
		}
		change(caller, group(who, name))
		return nil, nil
	}
}

// executeWorkflow takes a workflow's name and, perhaps, its input. The caller
// hears the execution's events before it gets the answer.
func (h *Hub) executeWorkflow(
	ctx context.Context, caller *signalr.Caller, arguments []json.RawMessage,
) (any, error) {
	who, err := hubTenant(caller.Request)
	if err != nil {
		return nil, err
	}
	request := engine.Request{Tenant: who, ID: h.engine.NewID()}
	if len(arguments) < 1 || len(arguments) > 2 || json.Unmarshal(arguments[0], &request.Workflow) != nil {
		return nil, errors.New("want a workflow's name and, perhaps, its input")
	}
	if len(arguments) == 2 && json.Unmarshal(arguments[1], &request.Input) != nil {
		return nil, errors.New("the input is not a JSON object")
	}
	group := executionGroup(who, request.ID)
	caller.Join(group)
	defer caller.Leave(group)
	// The request's own timeline ended when the connection was opened.
	record, err := h.engine.Execute(timing.With(ctx, nil), request)
	var input *engine.InputError
	switch {
	case err == nil:
		return executionBodyOf(record), nil
	case errors.As(err, &input), errors.Is(err, store.ErrNotFound):
		return nil, err
	default:
		h.log.Error("execution over the hub failed", "workflow", request.Workflow, "error", err)
		return nil, errors.New("the engine failed; its log says why")
	}
}

// eventBody is the argument of every event.
type eventBody struct {
	ExecutionID  string `json:"executionId"`
	WorkflowName string `json:"workflowName"`
	// Sequence counts an execution's events from 1; WorkflowCompleted has the
	// highest, which is how many there were.
	Sequence int64 `json:"sequence"`
	// SentAt is when the engine sent it, in milliseconds since 1970.
	SentAt          float64  `json:"sentAt"`
	TaskID          string   `json:"taskId,omitempty"`
	Success         *bool    `json:"success,omitempty"` // of completions
	Error           string   `json:"error,omitempty"`
	DurationMs      *float64 `json:"durationMs,omitempty"`      // of TaskCompleted
	ExecutionTimeMs *float64 `json:"executionTimeMs,omitempty"` // of WorkflowCompleted
}

// Publish sends an event to those who listen to the execution or to its
// workflow.
func (h *Hub) Publish(ctx context.Context, e engine.Event) {
	defer timing.From(ctx).Begin(timing.WSPublish).End()
	b := eventBody{
		ExecutionID: e.ExecutionID, WorkflowName: e.Workflow, Sequence: e.Sequence, TaskID: e.TaskID,
		SentAt: float64(h.now().UnixMicro()) / 1000,
	}
	if t := e.Task; t != nil {
		success, took := t.Success(), milliseconds(t.Completed.Sub(t.Started))
		b.Success, b.DurationMs, b.Error = &success, &took, t.Error
	}
	if r := e.Record; r != nil {
		success, took := r.Status == workflow.Completed, milliseconds(r.Duration)
		b.Success, b.ExecutionTimeMs, b.Error = &success, &took, r.Error
	}
	groups := []string{executionGroup(e.Tenant, e.ExecutionID), workflowGroup(e.Tenant, e.Workflow)}
	if _, err := h.Send(groups, string(e.Kind), b); err != nil {
		h.log.Error("publish an event", "kind", e.Kind, "error", err)
	}
}

// Serve gives the hub the engine that its clients execute workflows on. It
// must be called before the first connection.
func (h *Hub) Serve(e *engine.Engine) { h.engine = e }
