package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"k6report/internal/analyze"
)

// healthOf is a system under test as far as the run verb looks at it, and an
// InfluxDB as far as k6report asks.
func healthOf(instance string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"healthy","instanceId":%q}`, instance)
	})
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

// engineCommand starts a system under test with an instance id, and a stranger
// beside it: engine ID. ENGINE is its URL, ELSEWHERE another that does not look
// like this machine, STRANGER that of the other program.
func engineCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: engine ID")
	}
	engine, stranger := httptest.NewServer(healthOf(args[0])), httptest.NewServer(http.NotFoundHandler())
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		healthOf(args[0]).ServeHTTP(w, r)
	}))
	for _, server := range []*httptest.Server{engine, stranger, sick} {
		ts.Defer(server.Close)
	}
	ts.Setenv("ENGINE", engine.URL)
	ts.Setenv("ELSEWHERE", strings.Replace(engine.URL, "127.0.0.1", "0.0.0.0", 1))
	ts.Setenv("STRANGER", stranger.URL)
	ts.Setenv("SICK", sick.URL)
}

func TestAsksBeforeHeavyLevels(t *testing.T) {
	for _, tc := range []struct {
		target, answer string
		levels         string
		asks           string // the start of the question; "" for none
		started        bool
	}{
		{"http://127.0.0.1:8080", "", "smoke load soak", "", true},
		{"http://localhost:8080", "", "stress", "", true},
		{"http://[::1]:8080", "", "stress", "", true},
		{"https://staging.example.com", "", "smoke baseline", "", true},
		{"https://staging.example.com", "y\n", "stress", "Level stress puts", true},
		{"https://staging.example.com", "Yes\n", "smoke stress db", "Levels stress, db put", true},
		{"https://staging.example.com", "\n", "load", "Level load puts", false},
		{"http://127.0.0.1:8080", "no\n", "ultimate", "Level ultimate puts", false},
		{"http://127.0.0.1:8080", "y\n", "smoke ultimate", "Level ultimate puts", true},
		{"http://127.0.0.1.example.com", "", "load", "Level load puts", false},
		{"http://0.0.0.0:80", "", "load", "Level load puts", false},
	} {
		a, _, stderr := terminal(t, 80)
		a.stdin = strings.NewReader(tc.answer)
		target, err := url.Parse(tc.target)
		if err != nil {
			t.Fatal(err)
		}
		var chosen []level
		for _, l := range levels() {
			if strings.Contains(" "+tc.levels+" ", " "+l.name+" ") {
				chosen = append(chosen, l)
			}
		}
		err = a.mayLoad(&runFlags{}, chosen, target)
		if (err == nil) != tc.started || !strings.HasPrefix(stderr.String(), tc.asks) || tc.asks == "" && stderr.Len() > 0 {
			t.Errorf("%s on %s: asked %q, %v", tc.levels, tc.target, stderr, err)
		}
		if err := a.mayLoad(&runFlags{yes: true}, chosen, target); err != nil {
			t.Errorf("%s with --yes: %v", tc.levels, err)
		}
	}
}

func TestIdentifyGivesUpWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	a, _, _ := terminal(t, 80)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.identify(ctx, target); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Ctrl-C between two runs says what was not made.
func TestInterruptBetweenRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, _, stderr := terminal(t, 80)
	s := &series{jobs: []job{{name: "s", dir: "out/1"}, {name: "s", dir: "out/2"}}}
	err := runner{app: a, flags: &runFlags{}}.runAll(ctx, s)
	if want := "k6report: run 1 of 2: s\nk6report: run 1 of 2, s, was interrupted; not made: 1 more\n"; !errors.Is(err, context.Canceled) || stderr.String() != want {
		t.Errorf("error %v, standard error:\n%s\nwant\n%s", err, stderr, want)
	}
}

func TestPlanText(t *testing.T) {
	for want, o := range map[string]analyze.Outlook{
		"5m, up to 101/s, at most 1,250 VUs, 30,300 requests at least": {Seconds: 300, PeakPerS: 101, MaxVUs: 1250, Iterations: 30300},
		"1h, what one VU comes to":                                     {Seconds: 3600, Looping: 1},
		"6 s, at most 1 VU, what one VU comes to":                      {Seconds: 6, MaxVUs: 1, Looping: 1},
		"1m 30s, up to 0.5/s, 45 requests at least and what 180 VUs come to": {
			Seconds: 90, PeakPerS: 0.5, Iterations: 45, Looping: 180,
		},
		"at most 5 VUs, 31 requests at least":  {MaxVUs: 5, Iterations: 31},
		"7.5 s, what 2 VUs come to":            {Seconds: 7.5, Looping: 2},
		"5 s, 2.5 requests at least":           {Seconds: 5, Iterations: 2.5},
		"5 s, 1e+19 requests at least":         {Seconds: 5, Iterations: 1e19},
		"nothing that is known before it runs": {},
	} {
		if got := planText(o, "requests at least"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestRunProgress draws what k6 says, on one line that goes away.
func TestRunProgress(t *testing.T) {
	a, _, stderr := terminal(t, 100)
	p := a.runProgress(&common{}, job{name: "smoke", lasts: 10 * time.Second})
	log := p.messages(stderr)
	fmt.Fprint(p, "     execution: local\n\nrunning (0m02.5s), 01/10 VUs, 123 complete and 0 inter")
	if strings.Contains(stderr.String(), "123") {
		t.Errorf("half a line was taken for a whole: %q", stderr)
	}
	fmt.Fprint(p, "rupted iterations\nsmoke   [  25% ] 01/10 VUs  02.5s/10.0s\n")
	if got := stderr.String(); !strings.Contains(got, "smoke 3s · 1/10 VUs · 123 iterations") || !strings.Contains(got, "25%") || strings.Contains(got, "\n") {
		t.Errorf("drawn %q", got)
	}
	stderr.Reset()
	fmt.Fprint(log, "a warning\n")
	if got := stderr.String(); !strings.HasSuffix(got, "a warning\n") || strings.Contains(got, "123") {
		t.Errorf("a message beside the bar: %q", got)
	}
	stderr.Reset()
	fmt.Fprint(p, "running (0m30.0s), 00/10 VUs, 500 complete and 0 interrupted iterations\n")
	if got := stderr.String(); !strings.Contains(got, "500 iterations") || strings.Contains(got, "100%") {
		t.Errorf("drawn %q beyond the plan", got)
	}
	fmt.Fprint(p, strings.Repeat("x", 1<<17))
	if len(p.rest) > 1<<16 {
		t.Errorf("%d bytes of a line without end are kept", len(p.rest))
	}
	p.finish()
	if strings.Contains(stderr.String(), "\n") {
		t.Errorf("left %q on the terminal", stderr)
	}
	for name, c := range map[string]common{"quiet": {quiet: true}, "verbose": {verbose: true}} {
		if a.runProgress(&c, job{}) != nil {
			t.Errorf("%s, and a bar is drawn", name)
		}
	}
	a.stderrTerminal = false
	none := a.runProgress(&common{}, job{})
	none.finish()
	if none != nil || none.messages(stderr) != stderr {
		t.Error("a bar is drawn away from a terminal")
	}
}
