package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// maxBody is the largest request body that is read, in bytes.
const maxBody = 1 << 20

// statusClientGone is logged when nobody waits for the answer any more; nginx
// gave it its number.
const statusClientGone = 499

// problemError is an error with a status for the client.
type problemError struct {
	status  int
	code    string // stable, for programs
	message string // for people
	details any    // nil for none
}

func (e *problemError) Error() string { return e.message }

func problem(status int, code, format string, args ...any) *problemError {
	return &problemError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *problemError {
	return problem(http.StatusBadRequest, "bad_request", format, args...)
}

// errorBody is the JSON of every failed request.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details any    `json:"details,omitempty"`
}

func internalError() answer {
	return answer{http.StatusInternalServerError, errorBody{errorDetail{
		Code: "internal", Message: "the engine failed; its log says why",
	}}}
}

// failure turns an error into an answer. What a client can't change is logged
// and not told.
func (s *Server) failure(r *http.Request, err error) answer {
	var told *problemError
	var input *engine.InputError
	var definition *engine.DefinitionError
	switch {
	case errors.As(err, &told):
	case errors.As(err, &input):
		told = &problemError{http.StatusBadRequest, "invalid_input", input.Error(), input.Faults}
	case errors.As(err, &definition):
		told = problem(http.StatusBadRequest, "invalid_workflow", "%v", definition)
	case errors.Is(err, store.ErrNotFound):
		told = problem(http.StatusNotFound, "not_found", "%v", err)
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		told = problem(statusClientGone, "client_gone", "the client closed the connection")
	default:
		s.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		return internalError()
	}
	return answer{told.status, errorBody{errorDetail{told.code, told.message, told.details}}}
}

// write sends the answer. The body is made before the header is sent, since
// its making is one of the times in the header.
func (s *Server) write(w http.ResponseWriter, r *http.Request, a answer) {
	span := timing.From(r.Context()).Begin(timing.Serialize)
	body, err := json.Marshal(a.body)
	span.End()
	if err != nil {
		s.Log.Error("encode an answer", "path", r.URL.Path, "error", err)
		a.status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal"}}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	if _, err := w.Write(body); err != nil {
		s.Log.Debug("send an answer", "path", r.URL.Path, "error", err)
	}
}

// decode reads the request's JSON body into into; an empty body leaves it as
// it is.
func decode(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		_, err = d.Token()
		if err == nil {
			return badRequest("the body has something after its JSON value")
		}
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &tooLong):
		return problem(http.StatusRequestEntityTooLarge, "too_large", "the body is longer than %d bytes", maxBody)
	default:
		return badRequest("the body is not the JSON expected here: %v", err)
	}
}

// tenant reads whose request it is; without a header it is "default"'s.
func tenant(r *http.Request) (string, error) {
	name := r.Header.Get("X-Tenant")
	if name == "" {
		return "default", nil
	}
	if !workflow.ValidName(name) {
		return "", badRequest("X-Tenant %q: want 1 to 64 letters, digits, '-' or '_'", name)
	}
	return name, nil
}

// page reads skip (0 without) and take (20 without).
func page(r *http.Request) (store.Page, error) {
	skip, err := number(r, "skip", 0, 0, 1_000_000)
	if err != nil {
		return store.Page{}, err
	}
	take, err := number(r, "take", 20, 1, store.MaxTake)
	return store.Page{Skip: skip, Take: take}, err
}

func number(r *http.Request, name string, without, least, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequest("%s is %q; want a number from %d to %d", name, text, least, most)
	}
	return n, nil
}

// listBody is one page of a list.
type listBody[T any] struct {
	Items   []T  `json:"items"`
	Skip    int  `json:"skip"`
	Take    int  `json:"take"`
	HasMore bool `json:"hasMore"`
}

// list cuts off the item that only tells of a next page.
func list[From, To any](items []From, p store.Page, line func(From) To) listBody[To] {
	b := listBody[To]{Items: []To{}, Skip: p.Skip, Take: p.Take, HasMore: len(items) > p.Take}
	for _, item := range items[:min(len(items), p.Take)] {
		b.Items = append(b.Items, line(item))
	}
	return b
}

// milliseconds is how the API tells durations.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
