package outbound_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k6report/testbed/internal/callee"
	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/timing"
)

func startCallee(t *testing.T) *callee.Server {
	t.Helper()
	s, err := callee.Start(callee.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newClient(t *testing.T, s *callee.Server, conns int) *outbound.Client {
	t.Helper()
	c := outbound.New(outbound.Options{
		BaseURL: s.URL, Roots: s.Roots, Conns: conns, Timeout: 10 * time.Second, Now: time.Now,
	})
	t.Cleanup(c.Close)
	return c
}

// call calls once and answers the parts of its time.
func call(ctx context.Context, t *testing.T, c *outbound.Client, item string) map[string]time.Duration {
	t.Helper()
	rec := timing.Start(time.Now)
	status, body, err := c.Call(timing.With(ctx, rec), "/quote", url.Values{"item": {item}})
	if err != nil || status != 200 || body.(map[string]any)["item"] != item {
		t.Errorf("call: %d %v, %v", status, body, err)
	}
	rec.Finish()
	parts, sum := map[string]time.Duration{}, time.Duration(0)
	for _, p := range rec.Parts() {
		parts[p.Name] += p.Duration
		sum += p.Duration
	}
	if sum > rec.Total() {
		t.Errorf("parts %v sum up to more than %v", parts, rec.Total())
	}
	return parts
}

func TestTheFirstCallConnectsTheNextReuses(t *testing.T) {
	c := newClient(t, startCallee(t), 4)
	first, second := call(t.Context(), t, c, "a b&c"), call(t.Context(), t, c, "d")
	for _, name := range []string{timing.HTTPDNS, timing.HTTPConnect, timing.HTTPCall} {
		if first[name] <= 0 {
			t.Errorf("the first call has no %s: %v", name, first)
		}
	}
	for _, name := range []string{timing.HTTPDNS, timing.HTTPConnect} {
		if _, there := second[name]; there {
			t.Errorf("the second call has %s: %v", name, second)
		}
	}
	if stats := c.Stats(); stats.Open != 1 || stats.ReuseShare != 0.5 {
		t.Errorf("stats %+v, want one connection, half of the calls on a ready one", stats)
	}
}

// The server answers nobody before all three calls have asked for the one
// connection, so two of them wait for it for at least as long as it then takes.
func TestACallWaitsForAConnection(t *testing.T) {
	const calls, delay = 3, 20 * time.Millisecond
	var asked atomic.Int64
	allAsked := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-allAsked
		time.Sleep(delay)
		_ = json.NewEncoder(w).Encode(map[string]string{"item": r.URL.Query().Get("item")})
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := outbound.New(outbound.Options{BaseURL: server.URL, Roots: roots, Conns: 1, Timeout: time.Minute, Now: time.Now})
	defer c.Close()

	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GetConn: func(string) {
		if asked.Add(1) == calls {
			close(allAsked)
		}
	}})
	waited := make([]time.Duration, calls)
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			parts := call(ctx, t, c, "x")
			waited[i] = parts[timing.HTTPPoolWait]
			if parts[timing.HTTPCall] < delay {
				t.Errorf("the callee took %v, less than its delay", parts[timing.HTTPCall])
			}
		})
	}
	wg.Wait()
	slices.Sort(waited)
	if waited[1] < delay || waited[2] < 2*delay || c.Stats().Open != 1 {
		t.Errorf("waited %v with %d connections, want at least one and two calls of %v", waited, c.Stats().Open, delay)
	}
}

func TestFailures(t *testing.T) {
	s := startCallee(t)
	c := newClient(t, s, 1)
	for path, want := range map[string]string{
		"/unavailable": "503 Service Unavailable", "/none": "404 Not Found",
	} {
		if _, _, err := c.Call(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("call %s: %v, want %s", path, err, want)
		}
	}
	stranger := outbound.New(outbound.Options{BaseURL: s.URL, Conns: 1, Timeout: time.Second, Now: time.Now})
	defer stranger.Close()
	if _, _, err := stranger.Call(t.Context(), "/quote", nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate nobody vouches for: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Call(ctx, "/quote", nil); err == nil {
		t.Error("a cancelled call succeeded")
	}
}
