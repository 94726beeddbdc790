// Package signalr is a server of SignalR's JSON protocol over websockets:
// negotiation, handshake, invocations with their completions, groups, pings
// and close. It has neither the other transports nor streams, and knows
// nothing of workflows: methods come in, events go out to groups.
package signalr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Options of a Server. All are required, except where said.
type Options struct {
	Methods map[string]Method
	// Queue is how many messages may wait for a connection that reads slowly;
	// events beyond are dropped and counted, completions wait.
	Queue int
	// KeepAlive is how long a connection may be silent before it gets a ping.
	KeepAlive time.Duration
	// ClientTimeout is how long a client may be silent before it counts as
	// gone; clients ping, too.
	ClientTimeout time.Duration
	MaxMessage    int           // of a client, in bytes
	NewID         func() string // unguessable: whoever knows it may connect
	Now           func() time.Time
	Log           *slog.Logger
	// Check is how long it takes to find out who connects; 0 for no time.
	Check time.Duration
	// AcceptSlots is how many connections may be made at once; 0 for any number.
	AcceptSlots int
	// Confirm is how many listeners must confirm an event, each by a pong, one
	// after the other and one event at a time; 0 for none, as it should be.
	Confirm int
	// Buffer is how many bytes are kept for each connection beside its queue.
	Buffer int
}

// Method does what a client invoked. Its error is told to the client. ctx ends
// with the connection.
type Method func(ctx context.Context, caller *Caller, arguments []json.RawMessage) (any, error)

// Server serves hub connections. It is safe for concurrent use.
type Server struct {
	Options
	dropped atomic.Int64
	running sync.WaitGroup // connections
	slots   chan struct{}  // nil for any number
	fanout  sync.Mutex     // held while an event is confirmed

	mu     sync.RWMutex
	closed bool
	tokens map[string]time.Time // negotiated, not yet connected, until when
	conns  map[*conn]struct{}
	groups map[string]map[*conn]struct{}
}

// Limits of negotiation: who asks for a token has to use it soon.
const (
	tokenLife  = 30 * time.Second
	tokenLimit = 100_000
)

// New returns a Server.
func New(o Options) *Server {
	s := &Server{
		Options: o, tokens: map[string]time.Time{},
		conns: map[*conn]struct{}{}, groups: map[string]map[*conn]struct{}{},
	}
	if o.AcceptSlots > 0 {
		s.slots = make(chan struct{}, o.AcceptSlots)
	}
	return s
}

// Stats tell how the hub is.
type Stats struct {
	Connections int
	Dropped     int64 // events since the start
}

// Stats tell how the hub is.
func (s *Server) Stats() Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Stats{Connections: len(s.conns), Dropped: s.dropped.Load()}
}

// ServeHTTP implements http.Handler: POST …/negotiate, and the websocket at the
// path itself.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/negotiate"):
		s.negotiate(w, r)
	default:
		s.connect(w, r)
	}
}

type transport struct {
	Transport       string   `json:"transport"`
	TransferFormats []string `json:"transferFormats"`
}

type negotiation struct {
	NegotiateVersion    int         `json:"negotiateVersion"`
	ConnectionID        string      `json:"connectionId"`
	ConnectionToken     string      `json:"connectionToken,omitempty"`
	AvailableTransports []transport `json:"availableTransports"`
}

func (s *Server) negotiate(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "negotiate with POST", http.StatusMethodNotAllowed)
		return
	}
	token := s.NewID()
	if !s.issue(token) {
		http.Error(w, "the hub takes no more connections", http.StatusServiceUnavailable)
		return
	}
	answer := negotiation{
		ConnectionID:        token,
		AvailableTransports: []transport{{"WebSockets", []string{"Text"}}},
	}
	// In version 0 the id is the token; since 1 they are two, so that the id
	// may be shown around.
	if r.URL.Query().Get("negotiateVersion") >= "1" {
		answer.NegotiateVersion, answer.ConnectionID, answer.ConnectionToken = 1, s.NewID(), token
	}
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, "encode the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(body); err != nil {
		s.Log.Debug("answer a negotiation", "error", err)
	}
}

// issue remembers a token for a while.
func (s *Server) issue(token string) bool {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= tokenLimit {
		for t, until := range s.tokens {
			if until.Before(now) {
				delete(s.tokens, t)
			}
		}
	}
	if s.closed || len(s.tokens) >= tokenLimit {
		return false
	}
	s.tokens[token] = now.Add(tokenLife)
	return true
}

// redeem takes a token back. A client that skips negotiation has none, as the
// protocol allows.
func (s *Server) redeem(token string) bool {
	if token == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	until, known := s.tokens[token]
	delete(s.tokens, token)
	return known && !until.Before(s.Now())
}

// Send sends an event to every connection that is in at least one of the
// groups, once. It waits for nobody: a connection whose queue is full loses
// the event. It answers how many connections it is on its way to.
func (s *Server) Send(groups []string, target string, arguments ...any) (int, error) {
	listeners := s.listeners(groups)
	if len(listeners) == 0 {
		return 0, nil
	}
	record, err := encode(invocation{Type: typeInvocation, Target: target, Arguments: arguments})
	if err != nil {
		return 0, err
	}
	if s.Confirm > 0 {
		return s.confirm(listeners, record), nil
	}
	sent := 0
	for c := range listeners {
		if c.offer(record) {
			sent++
		} else {
			s.dropped.Add(1)
		}
	}
	return sent, nil
}

// listeners are the connections that are in at least one of the groups.
func (s *Server) listeners(groups []string) map[*conn]struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := map[*conn]struct{}{}
	for _, g := range groups {
		for c := range s.groups[g] {
			found[c] = struct{}{}
		}
	}
	return found
}

// confirmTimeout is how long a listener may take to confirm an event.
const confirmTimeout = time.Second

// confirm sends a record and waits for each of the first listeners.
func (s *Server) confirm(listeners map[*conn]struct{}, record []byte) int {
	s.fanout.Lock()
	defer s.fanout.Unlock()
	sent, confirmed := 0, 0
	for c := range listeners {
		if confirmed == s.Confirm {
			if c.offer(record) {
				sent++
			} else {
				s.dropped.Add(1)
			}
			continue
		}
		confirmed++
		ctx, cancel := context.WithTimeout(context.Background(), confirmTimeout)
		err := c.ws.Write(ctx, websocket.MessageText, record)
		if err == nil {
			err = c.ws.Ping(ctx)
		}
		cancel()
		if err != nil {
			s.dropped.Add(1)
			continue
		}
		sent++
	}
	return sent
}

// admit waits for a slot and finds out who connects. It answers how to give the
// slot back.
func (s *Server) admit(ctx context.Context) (leave func(), err error) {
	leave = func() {}
	if s.slots != nil {
		select {
		case s.slots <- struct{}{}:
			leave = func() { <-s.slots }
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.Check > 0 {
		select {
		case <-time.After(s.Check):
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	return leave, nil
}

// add takes a connection in, unless the hub is closed.
func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return true
}

// remove takes it out of everything.
func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range c.groups {
		s.leave(c, g)
	}
	delete(s.conns, c)
	s.running.Done()
}

func (s *Server) leave(c *conn, group string) {
	delete(c.groups, group)
	delete(s.groups[group], c)
	if len(s.groups[group]) == 0 {
		delete(s.groups, group)
	}
}

// Close tells all clients to go, and waits until they are gone or ctx is done;
// then it cuts them off.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.stop(closing{Type: typeClose, AllowReconnect: true})
	}
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() { s.running.Wait(); close(gone) }()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	s.mu.RLock()
	var errs []error
	for c := range s.conns {
		errs = append(errs, c.ws.CloseNow())
	}
	s.mu.RUnlock()
	<-gone
	return fmt.Errorf("hub connections did not close in time: %w", errors.Join(append(errs, ctx.Err())...))
}
