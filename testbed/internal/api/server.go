// Package api is the engine over HTTP: routes, answers as JSON, errors with a
// status, and a Server-Timing header on every answer. What the engine does is
// in package engine.
package api

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/gauge"
	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
)

// Options are what a Server is made of. All but the last are required.
type Options struct {
	Engine *engine.Engine
	Store  store.Store
	Gauges *gauge.Sampler
	Callee *outbound.Client
	Hub    *Hub
	Log    *slog.Logger
	Now    timing.Clock
	// InstanceID tells this process from any other that may listen on the same
	// port later.
	InstanceID string
	// Interference is met by each request; nil is none.
	Interference *Interference
}

// Server answers the engine's routes.
type Server struct {
	Options
	mux     *http.ServeMux
	started time.Time
}

// New returns a Server.
func New(o Options) *Server {
	o.Hub.Serve(o.Engine)
	s := &Server{Options: o, mux: http.NewServeMux(), started: o.Now()}
	s.routes()
	return s
}

func (s *Server) routes() {
	s.handle("GET /health", s.health)
	s.handle("GET /health/ready", s.ready)
	s.handle("GET /health/live", s.live)

	s.handle("GET /api/v1/workflows", s.listWorkflows)
	s.handle("GET /api/v1/workflows/{name}", s.getWorkflow)
	s.handle("POST /api/v1/workflows/{name}/execute", s.execute)
	s.handle("POST /api/v1/workflows/{name}/test", s.test)
	s.handle("POST /api/v1/workflows/test-execute", s.testExecute)
	s.handle("POST /api/v1/workflows/{name}/validate-input", s.validateInput)
	s.handle("GET /api/v1/workflows/{name}/versions", s.listVersions)
	s.handle("GET /api/v1/workflows/{name}/executions", s.listExecutions)
	s.handle("GET /api/v1/executions/{id}", s.getExecution)
	s.handle("GET /api/v1/executions/{id}/trace", s.getTrace)
	s.handle("GET /api/v1/tasks", s.listTasks)

	s.mux.Handle("POST "+HubPath+"/negotiate", s.Hub)
	s.mux.Handle("GET "+HubPath, s.Hub)
}

// answer is what a route has to say: a value for the body, as JSON.
type answer struct {
	status int
	body   any
}

func ok(body any) (answer, error) { return answer{http.StatusOK, body}, nil }

// handle registers a route that answers or fails.
func (s *Server) handle(pattern string, route func(*http.Request) (answer, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		a, err := route(r)
		if err != nil {
			a = s.failure(r, err)
		}
		s.write(w, r, a)
	})
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := timing.Start(s.Now)
	timed := &timedWriter{ResponseWriter: w, rec: rec}
	r = r.WithContext(timing.With(r.Context(), rec))
	defer func() {
		if p := recover(); p != nil {
			s.panicked(timed, r, p)
		}
		s.Log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", timed.status,
			"ms", float64(rec.Total().Microseconds())/1000)
	}()
	if s.Interference != nil {
		s.Interference.meet(r)
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.noRoute(timed, r)
		return
	}
	s.mux.ServeHTTP(timed, r)
}

// noRoute answers for the mux, whose own 404 and 405 are plain text.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	heard := &statusWriter{header: w.Header()}
	s.mux.ServeHTTP(heard, r)
	err := problem(http.StatusNotFound, "not_found", "there is no %s", r.URL.Path)
	if heard.status == http.StatusMethodNotAllowed {
		err = problem(http.StatusMethodNotAllowed, "method_not_allowed",
			"%s does not take %s, but %s", r.URL.Path, r.Method, w.Header().Get("Allow"))
	}
	s.write(w, r, s.failure(r, err))
}

func (s *Server) panicked(w *timedWriter, r *http.Request, p any) {
	if p == http.ErrAbortHandler { //nolint:errorlint // a panic's value, not an error chain
		panic(p)
	}
	s.Log.Error("panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	if w.status == 0 {
		s.write(w, r, internalError())
	}
}

// timedWriter puts the request's times into the header before it is sent.
type timedWriter struct {
	http.ResponseWriter
	rec    *timing.Recorder
	status int // 0 until the header is sent
}

func (w *timedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.Header().Set(timing.HeaderName, w.rec.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *timedWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// statusWriter hears what the mux would answer and says nothing itself.
type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header         { return w.header }
func (w *statusWriter) WriteHeader(status int)      { w.status = status }
func (w *statusWriter) Write(b []byte) (int, error) { return len(b), nil }
