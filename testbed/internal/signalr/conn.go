package signalr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	handshakeTimeout = 15 * time.Second
	// writeTimeout is how long one message may take to leave: a client that
	// takes nothing for so long is gone.
	writeTimeout = 10 * time.Second
)

// conn is one client's connection.
type conn struct {
	server *Server
	ws     *websocket.Conn
	queue  chan []byte
	groups map[string]struct{} // guarded by the server's lock
	buffer []byte              // kept for as long as the connection is

	once     sync.Once
	ending   chan struct{} // closed when the connection should end
	farewell closing       // what to say then; written before ending is closed
}

// Caller is the client of an invocation.
type Caller struct {
	// Request is the one that opened the connection.
	Request *http.Request
	conn    *conn
}

// Join puts the client into a group; being in it already is fine.
func (c *Caller) Join(group string) {
	s := c.conn.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[group] == nil {
		s.groups[group] = map[*conn]struct{}{}
	}
	s.groups[group][c.conn] = struct{}{}
	c.conn.groups[group] = struct{}{}
}

// Leave takes the client out of a group, if it is in it.
func (c *Caller) Leave(group string) {
	s := c.conn.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(c.conn, group)
}

// connect upgrades a request and serves the connection to its end.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) {
	if !s.redeem(r.URL.Query().Get("id")) {
		http.Error(w, "no connection with that id; negotiate first", http.StatusNotFound)
		return
	}
	leave, err := s.admit(r.Context())
	if err != nil {
		s.Log.Debug("accept a hub connection", "error", err)
		return // nobody waits for an answer
	}
	ws, err := websocket.Accept(w, r, nil)
	leave()
	if err != nil {
		s.Log.Debug("accept a hub connection", "error", err)
		return // Accept has answered
	}
	defer ws.CloseNow() //nolint:errcheck // the last resort; in order it is closed below
	ws.SetReadLimit(int64(s.MaxMessage) + 1)
	c := &conn{
		server: s, ws: ws, queue: make(chan []byte, s.Queue),
		groups: map[string]struct{}{}, ending: make(chan struct{}), buffer: make([]byte, s.Buffer),
	}
	if !s.add(c) {
		_ = ws.Close(websocket.StatusGoingAway, "the hub is closed")
		return
	}
	defer s.remove(c)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if err := c.serve(ctx, cancel, r); err != nil {
		s.Log.Debug("hub connection ended", "error", err)
	}
	runtime.KeepAlive(c.buffer)
}

// serve reads until either side ends the connection. The writer is a goroutine
// of its own, so that pings go out while a method runs.
func (c *conn) serve(ctx context.Context, cancel context.CancelFunc, r *http.Request) error {
	split := &splitter{limit: c.server.MaxMessage}
	early, err := c.handshake(ctx, split)
	if err != nil {
		return errors.Join(err, c.ws.Close(websocket.StatusProtocolError, "handshake failed"))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel() // a reader must not wait for a client that can't be told anything
		c.write(ctx)
	})
	err = c.read(ctx, split, early, &Caller{Request: r, conn: c})
	c.stop(farewellFor(err))
	wg.Wait()
	return err
}

func farewellFor(err error) closing {
	c := closing{Type: typeClose}
	var bad *protocolError
	if errors.As(err, &bad) {
		c.Error = bad.Error()
	}
	return c
}

// protocolError is a client's breach of the protocol.
type protocolError struct{ reason string }

func (e *protocolError) Error() string { return e.reason }

// handshake answers the records that came along with the handshake's.
func (c *conn) handshake(ctx context.Context, split *splitter) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	var records [][]byte
	for len(records) == 0 {
		_, data, err := c.ws.Read(ctx)
		if err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
		if records, err = split.feed(data); err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
	}
	var request handshakeRequest
	var response handshakeResponse
	if err := json.Unmarshal(records[0], &request); err != nil {
		response.Error = "the handshake is not JSON"
	} else if request.Protocol != "json" || request.Version != 1 {
		response.Error = fmt.Sprintf("protocol %q version %d: want \"json\" version 1", request.Protocol, request.Version)
	}
	record, err := encode(response)
	if err != nil {
		return nil, err
	}
	if err := c.ws.Write(ctx, websocket.MessageText, record); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if response.Error != "" {
		return nil, &protocolError{response.Error}
	}
	return records[1:], nil
}

// read handles records, one after the other, until the connection ends. nil
// means that the client closed it in order.
func (c *conn) read(ctx context.Context, split *splitter, records [][]byte, caller *Caller) error {
	for {
		for _, record := range records {
			done, err := c.handle(ctx, record, caller)
			if done || err != nil {
				return err
			}
		}
		data, err := c.receive(ctx)
		if err != nil {
			if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
				return nil
			}
			return fmt.Errorf("read from a hub client: %w", err)
		}
		if records, err = split.feed(data); err != nil {
			return &protocolError{err.Error()}
		}
	}
}

func (c *conn) receive(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.server.ClientTimeout)
	defer cancel()
	_, data, err := c.ws.Read(ctx)
	return data, err
}

func (c *conn) handle(ctx context.Context, record []byte, caller *Caller) (done bool, err error) {
	var in incoming
	if err := json.Unmarshal(record, &in); err != nil {
		return false, &protocolError{fmt.Sprintf("a message is not JSON: %v", err)}
	}
	switch in.Type {
	case typeInvocation:
		return false, c.invoke(ctx, in, caller)
	case typeStreamInvocation:
		return false, c.complete(ctx, in, nil, errors.New("this hub has no streams"))
	case typeClose:
		return true, nil
	default: // pings, cancellations, and what later versions may bring
		return false, nil
	}
}

func (c *conn) invoke(ctx context.Context, in incoming, caller *Caller) error {
	method := c.server.Methods[in.Target]
	if method == nil {
		return c.complete(ctx, in, nil, fmt.Errorf("the hub has no method %q", in.Target))
	}
	result, err := method(ctx, caller, in.Arguments)
	return c.complete(ctx, in, result, err)
}

// complete answers an invocation, if an answer is wanted.
func (c *conn) complete(ctx context.Context, in incoming, result any, failure error) error {
	if in.InvocationID == "" {
		if failure != nil {
			c.server.Log.Debug("hub invocation failed", "target", in.Target, "error", failure)
		}
		return nil
	}
	message := completion{Type: typeCompletion, InvocationID: in.InvocationID, Result: result}
	if failure != nil {
		message.Result, message.Error = nil, failure.Error()
	}
	record, err := encode(message)
	if err != nil {
		return err
	}
	select {
	case c.queue <- record:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("answer %q: %w", in.Target, ctx.Err())
	}
}

// offer puts a record into the queue if there is room.
func (c *conn) offer(record []byte) bool {
	select {
	case c.queue <- record:
		return true
	default:
		return false
	}
}

// stop asks the writer to say farewell; the first one's words count.
func (c *conn) stop(farewell closing) {
	c.once.Do(func() {
		c.farewell = farewell
		close(c.ending)
	})
}

// write sends what is queued, pings when there is nothing, and closes the
// websocket in the end.
func (c *conn) write(ctx context.Context) {
	ticker := time.NewTicker(c.server.KeepAlive)
	defer ticker.Stop()
	for {
		var err error
		select {
		case record := <-c.queue:
			err = c.send(ctx, record)
			ticker.Reset(c.server.KeepAlive)
		case <-ticker.C:
			err = c.sendMessage(ctx, ping{Type: typePing})
		case <-c.ending:
			c.finish(ctx)
			return
		case <-ctx.Done():
			return
		}
		if err != nil {
			c.server.Log.Debug("write to a hub client", "error", err)
			return
		}
	}
}

// finish sends what is still queued, the farewell, and closes.
func (c *conn) finish(ctx context.Context) {
	for {
		select {
		case record := <-c.queue:
			if c.send(ctx, record) != nil {
				return
			}
			continue
		default:
		}
		break
	}
	if c.sendMessage(ctx, c.farewell) != nil {
		return
	}
	code := websocket.StatusNormalClosure
	if c.farewell.AllowReconnect {
		code = websocket.StatusGoingAway
	}
	_ = c.ws.Close(code, "") // a client that has gone already doesn't answer
}

func (c *conn) sendMessage(ctx context.Context, message any) error {
	record, err := encode(message)
	if err != nil {
		return err
	}
	return c.send(ctx, record)
}

func (c *conn) send(ctx context.Context, record []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, record)
}
