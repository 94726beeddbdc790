package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k6report/testbed/internal/callee"
	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/gauge"
	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/seed"
	"k6report/testbed/internal/store/sqlite"
	"k6report/testbed/internal/task"
	"k6report/testbed/internal/template"
)

// bench is a server on an empty in-memory store, with the sample workflows.
type bench struct {
	*Server
	url string
	log *bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.InMemory, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	downstream, err := callee.Start(callee.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.New(outbound.Options{
		BaseURL: downstream.URL, Roots: downstream.Roots, Conns: 10, Timeout: 10 * time.Second, Now: time.Now,
	})
	options := runner.Options{
		Kinds: task.Kinds(client), Resolver: template.NewResolver(), Workers: 4, Now: time.Now,
	}
	dry := options
	dry.Kinds = task.DryKinds()
	var ids atomic.Int64
	hub := NewHub(HubOptions{
		Queue: 100, KeepAlive: time.Minute, NewToken: rand.Text, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	e := engine.New(engine.Options{
		Store: db, Limit: 8, Publish: hub.Publish,
		Runner: runner.New(options), Dry: runner.New(dry),
		NewID: func() string { return fmt.Sprintf("e-%04d", ids.Add(1)) },
	})
	for _, d := range seed.Definitions() {
		if _, err := e.Deploy(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{log: &bytes.Buffer{}}
	b.Server = New(Options{
		Engine: e, Store: db, Gauges: gauge.NewSampler(time.Now), Now: time.Now, InstanceID: "test-instance",
		Callee: client, Hub: hub,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: b.log}, nil)),
	})
	server := httptest.NewServer(b)
	b.url = server.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := hub.Close(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
		client.Close()
		if err := downstream.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// reply is what came back, with its JSON body decoded.
type reply struct {
	status int
	header http.Header
	json   map[string]any
	times  map[string]float64
}

// do sends a request; headers are pairs of a name and a value.
func (b *bench) do(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, times: serverTiming(t, resp.Header)}
	if err := json.Unmarshal(text, &r.json); err != nil {
		t.Fatalf("%s %s answered %d with %q: %v", method, path, r.status, text, err)
	}
	return r
}

// serverTiming reads the header and holds it to its promise.
func serverTiming(t *testing.T, h http.Header) map[string]float64 {
	t.Helper()
	values := h.Values("Server-Timing")
	if len(values) != 1 {
		t.Fatalf("%d Server-Timing headers, want 1", len(values))
	}
	times, sum := map[string]float64{}, 0.0
	for _, metric := range strings.Split(values[0], ", ") {
		name, digits, _ := strings.Cut(metric, ";dur=")
		ms, err := strconv.ParseFloat(digits, 64)
		if err != nil || ms < 0 {
			t.Fatalf("Server-Timing %q: bad metric %q", values[0], metric)
		}
		times[name] = ms
		sum += ms
	}
	total, present := times["total"]
	if !present || sum-total > total+1e-9 {
		t.Errorf("Server-Timing %q: parts sum up to %v", values[0], sum-total)
	}
	return times
}

func (r reply) hasTimes(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, ok := r.times[name]; !ok {
			t.Errorf("Server-Timing %q lacks %s", r.header.Get("Server-Timing"), name)
		}
	}
}

// at walks into the JSON: names of objects, indexes of lists.
func (r reply) at(t *testing.T, path ...any) any {
	t.Helper()
	var at any = r.json
	for i, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := at.(map[string]any)
			value, ok := object[step]
			if !ok {
				t.Fatalf("the answer has no %v: %v", path[:i+1], r.json)
			}
			at = value
		case int:
			items, _ := at.([]any)
			if step >= len(items) {
				t.Fatalf("the answer has no %v: %v", path[:i+1], r.json)
			}
			at = items[step]
		}
	}
	return at
}

func (r reply) length(t *testing.T, path ...any) int {
	t.Helper()
	items, ok := r.at(t, path...).([]any)
	if !ok {
		t.Fatalf("%v is no list: %v", path, r.json)
	}
	return len(items)
}

func (r reply) expect(t *testing.T, status int, code string) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %v", r.status, status, r.json)
	}
	if code != "" && r.at(t, "error", "code") != code {
		t.Errorf("error %v, want code %s", r.json, code)
	}
}
