package outbound

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"

	"k6report/testbed/internal/timing"
)

// watch notes when a call got its connection and what was done to get it. The
// transport dials on goroutines of its own, and may go on dialling for a call
// that meanwhile got another's connection: hence the lock, and times that are
// cut at the moment the call had its connection.
type watch struct {
	now timing.Clock

	mu                         sync.Mutex
	asked, got                 time.Time
	reused                     bool
	dnsFrom, dnsTo             time.Time
	connectFrom, connectTo     time.Time // the first attempt's start, the last one's end
	handshakeFrom, handshakeTo time.Time
}

func newWatch(now timing.Clock) *watch { return &watch{now: now} }

func (w *watch) attach(ctx context.Context) context.Context {
	note := func(at *time.Time, keepFirst bool) {
		t := w.now()
		w.mu.Lock()
		defer w.mu.Unlock()
		if !keepFirst || at.IsZero() {
			*at = t
		}
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { note(&w.asked, true) },
		GotConn: func(info httptrace.GotConnInfo) {
			note(&w.got, false)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reused = info.Reused
		},
		DNSStart:          func(httptrace.DNSStartInfo) { note(&w.dnsFrom, true) },
		DNSDone:           func(httptrace.DNSDoneInfo) { note(&w.dnsTo, false) },
		ConnectStart:      func(string, string) { note(&w.connectFrom, true) },
		ConnectDone:       func(string, string, error) { note(&w.connectTo, false) },
		TLSHandshakeStart: func() { note(&w.handshakeFrom, true) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { note(&w.handshakeTo, false) },
	})
}

// callTimes are the parts of a call before it had its connection.
type callTimes struct {
	wait    time.Duration // for the pool
	dns     time.Duration
	connect time.Duration // TCP and TLS
	reused  bool
}

// times sums up once the call is over. A call that failed without a
// connection waited until now.
func (w *watch) times() callTimes {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked.IsZero() {
		return callTimes{}
	}
	end := w.got
	if end.IsZero() {
		end = now
	}
	t := callTimes{reused: w.reused, wait: end.Sub(w.asked)}
	if w.reused {
		return t // what it dialled meanwhile, if anything, was not what it waited for
	}
	within := func(from, to time.Time) time.Duration {
		if from.IsZero() || !from.Before(end) {
			return 0
		}
		if to.IsZero() || to.After(end) {
			to = end
		}
		return max(0, to.Sub(from))
	}
	t.dns = within(w.dnsFrom, w.dnsTo)
	t.connect = within(w.connectFrom, w.connectTo) + within(w.handshakeFrom, w.handshakeTo)
	t.wait = max(0, t.wait-t.dns-t.connect)
	return t
}
