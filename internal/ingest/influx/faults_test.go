package influx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a server that answers every question in one way.
func fake(t *testing.T, scheme string, handler http.HandlerFunc) *Database {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	a, err := Parse(scheme + "://" + strings.TrimPrefix(server.URL, "http://") + "/k6?testid=one")
	if err != nil {
		t.Fatal(err)
	}
	return Open(a, Options{HTTP: server.Client(), Patience: 10 * time.Second, Pause: time.Millisecond})
}

func isK6(string) bool { return true }

// status answers with a code and a text.
func status(code int, kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(text))
	}
}

// cut answers with a part, and ends the connection.
func cut(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte(text))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name, scheme string
		answer       http.HandlerFunc
		want, hint   string
		asked        int32
	}{
		{"401", "influxdb", status(401, "application/json", `{"error":"authorization failed"}`), "the server answers 401 Unauthorized: authorization failed", "INFLUX_USERNAME", 1},
		{"401", "influxdb2", status(401, "application/json", `{"code":"unauthorized","message":"unauthorized access"}`), "the server answers 401 Unauthorized: unauthorized access", "INFLUX_TOKEN", 1},
		{"403", "influxdb", status(403, "application/json", `{"error":"no"}`), "the server answers 403 Forbidden: no", "right to read k6", 1},
		{"Flux off", "influxdb2", status(403, "application/json", `{"error":"Flux query service disabled. Verify flux-enabled=true in the [http] section of the InfluxDB config."}`), "answers 403 Forbidden", "Flux is off", 1},
		{"404", "influxdb", status(404, "text/plain", "404 page not found\n"), "the server answers 404 Not Found: 404 page not found", "no InfluxDB 1.x", 1},
		{"404", "influxdb2", status(404, "application/json", `{"code":"not found","message":"bucket \"k6\" not found"}`), `the server says: bucket "k6" not found`, "check the name", 1},
		{"413", "influxdb", status(413, "text/plain", ""), "the server answers 413 Request Entity Too Large", "max-body-size", 1},
		{"413", "influxdb2", status(413, "text/plain", ""), "the server answers 413 Request Entity Too Large", "max-body-size", 1},
		{"503", "influxdb", status(503, "text/plain", "later"), "the server answers 503 Service Unavailable: later (tried 4 times)", "log of the server", 4},
		{"503", "influxdb2", status(503, "text/plain", "later"), "the server answers 503 Service Unavailable: later (tried 4 times)", "log of the server", 4},
		{"page", "influxdb", status(200, "text/html", "<html>Sign in</html>"), "what comes back is no answer of InfluxDB: <html>Sign in</html> (text/html)", "proxy", 1},
		{"page", "influxdb2", status(200, "text/html", "<html>Sign in</html>"), "what comes back is no answer of InfluxDB: <html>Sign in</html> (text/html)", "proxy", 1},
		{"garbage", "influxdb", status(200, msgpackType, "\xc1\xc1garbage"), "what comes back is no answer of InfluxDB", "proxy", 1},
		{"garbage", "influxdb2", status(200, "text/csv", "some,other\nfile,2\n"), "what comes back is no answer of InfluxDB", "proxy", 1},
		{"no database", "influxdb", status(200, msgpackType, string(failure("database not found: k6"))), "the server says: database not found: k6", "check the name", 2},
		{"error in a chunk", "influxdb", status(200, msgpackType, string(slices.Concat(answer(true, 1), failure("query timeout reached")))), "the server says: query timeout reached (tried 4 times)", "limits", 4},
		{"error in a table", "influxdb2", status(200, "text/csv", "error,reference\r\nquery timeout,1\r\n"), "the server says: query timeout (tried 4 times)", "limits", 4},
		{"killed", "influxdb", cut(msgpackType, string(answer(true, 1))), "the answer broke off", "log of the server", 4},
		{"killed", "influxdb2", cut("text/csv", fluxAnswer[:500]), "the answer broke off", "log of the server", 4},
		{"ended early", "influxdb", status(200, msgpackType, string(answer(true, 1))), "the answer broke off", "log of the server", 4},
	}
	for _, test := range tests {
		t.Run(test.scheme+" "+test.name, func(t *testing.T) {
			var asked atomic.Int32
			d := fake(t, test.scheme, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				test.answer(w, r)
			})
			_, err := d.Find(t.Context(), isK6)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) || !strings.Contains(e.Hint(), test.hint) {
				t.Fatalf("got %v\nwant %s, hint %s", err, test.want, test.hint)
			}
			if !strings.HasPrefix(err.Error(), "read "+test.scheme+"://127.0.0.1") {
				t.Errorf("%v does not say where", err)
			}
			if asked.Load() != test.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), test.asked)
			}
		})
	}
}

// TestDown asks where nobody listens.
func TestDown(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	url := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	for _, scheme := range []string{"influxdb", "influxdb2"} {
		a, err := Parse(scheme + "://" + url + "/k6")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Open(a, Options{HTTP: &http.Client{}, Pause: time.Millisecond}).Find(t.Context(), isK6)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(e.Hint(), "start InfluxDB") {
			t.Errorf("%s: got %v", scheme, err)
		}
	}
}

// TestSilent gives up on a server that says nothing, at once and within an
// answer.
func TestSilent(t *testing.T) {
	for _, scheme := range []string{"influxdb", "influxdb2"} {
		for _, said := range []string{"", string(answer(true, 1))} {
			stop := make(chan struct{})
			d := fake(t, scheme, func(w http.ResponseWriter, r *http.Request) {
				if said != "" {
					w.Header().Set("Content-Type", map[string]string{"influxdb": msgpackType, "influxdb2": "text/csv"}[scheme])
					_, _ = w.Write([]byte(said))
					w.(http.Flusher).Flush()
				}
				select {
				case <-stop:
				case <-r.Context().Done():
				}
			})
			t.Cleanup(func() { close(stop) })
			d.o.Patience = 20 * time.Millisecond
			_, err := d.Find(t.Context(), isK6)
			if err == nil || !strings.Contains(err.Error(), "the server has said nothing for 20ms (tried 4 times)") {
				t.Errorf("%s: got %v", scheme, err)
			}
		}
	}
}

// TestCancelled ends with the context, not with a complaint about the server.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := fake(t, "influxdb", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server notices the end of a connection behind the body
		cancel()
		<-r.Context().Done()
	})
	if _, err := d.Find(ctx, isK6); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestRetries asks for a slice again that broke off, and counts no point twice.
func TestRetries(t *testing.T) {
	var asked atomic.Int32
	d := fake(t, "influxdb", func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			cut(msgpackType, string(answer(true, 1, 2)))(w, r)
		}
		status(200, msgpackType, string(slices.Concat(answer(true, 1, 2), answer(false, 3))))(w, r)
	})
	got := 0
	err := d.Fetch(t.Context(), Found{Started: 1, Ended: 2, Measurements: []string{"http_reqs"}}, 1, func(_ int, b *Block) error {
		got += b.Len()
		return nil
	})
	if err != nil || got != 3 || asked.Load() != 2 {
		t.Errorf("%d points after %d questions, %v; want 3 after 2", got, asked.Load(), err)
	}
}

// TestHalves asks for less where a slice holds more than a Block may.
func TestHalves(t *testing.T) {
	r := Found{Started: 1000, Ended: 2000}
	left, right, ok := stretch{0, 0}.halves(r)
	if !ok || left != (stretch{0, 1500}) || right != (stretch{1500, 0}) {
		t.Errorf("got %v, %v, %v", left, right, ok)
	}
	if _, _, ok := (stretch{1999, 2000}).halves(r); ok {
		t.Error("a nanosecond has halves")
	}
}
