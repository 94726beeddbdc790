package signalr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"pgregory.net/rapid"
)

// hub is a server under test with methods that join and leave groups, echo,
// fail, and block until the connection ends.
func newHub(t *testing.T, change func(*Options)) (*Server, string) {
	t.Helper()
	var ids atomic.Int64
	o := Options{
		Queue: 16, KeepAlive: time.Minute, ClientTimeout: time.Minute, MaxMessage: 1000, Now: time.Now,
		NewID: func() string { return fmt.Sprintf("id-%d", ids.Add(1)) },
		Log:   slog.New(slog.DiscardHandler),
		Methods: map[string]Method{
			"Join": func(_ context.Context, c *Caller, args []json.RawMessage) (any, error) {
				c.Join(string(args[0]))
				return nil, nil
			},
			"Leave": func(_ context.Context, c *Caller, args []json.RawMessage) (any, error) {
				c.Leave(string(args[0]))
				return nil, nil
			},
			"Echo": func(_ context.Context, _ *Caller, args []json.RawMessage) (any, error) { return args, nil },
			"Fail": func(context.Context, *Caller, []json.RawMessage) (any, error) { return 1, errors.New("no luck") },
		},
	}
	if change != nil {
		change(&o)
	}
	s := New(o)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return s, server.URL + "/hub"
}

// client is a client of the protocol, as bare as can be.
type client struct {
	t     *testing.T
	ws    *websocket.Conn
	split splitter
	ready []map[string]any
}

func dial(t *testing.T, url string) *client {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), url, nil) //nolint:bodyclose // Dial closes it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	return &client{t: t, ws: ws, split: splitter{limit: 1 << 20}}
}

func connect(t *testing.T, url string) *client {
	t.Helper()
	c := dial(t, url)
	c.write(`{"protocol":"json","version":1}`)
	if got := c.next(); len(got) != 0 {
		t.Fatalf("handshake answered %v, want {}", got)
	}
	return c
}

func (c *client) write(records ...string) {
	c.t.Helper()
	text := strings.Join(records, "\x1e") + "\x1e"
	if err := c.ws.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// read answers the next record, or why there is none.
func (c *client) read() (map[string]any, error) {
	for len(c.ready) == 0 {
		ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
		_, data, err := c.ws.Read(ctx)
		cancel()
		if err != nil {
			return nil, err
		}
		records, err := c.split.feed(data)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			var m map[string]any
			if err := json.Unmarshal(r, &m); err != nil {
				return nil, err
			}
			c.ready = append(c.ready, m)
		}
	}
	first := c.ready[0]
	c.ready = c.ready[1:]
	return first, nil
}

func (c *client) next() map[string]any {
	c.t.Helper()
	m, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// invoke calls a method and answers its completion.
func (c *client) invoke(target, arguments string) map[string]any {
	c.t.Helper()
	c.write(fmt.Sprintf(`{"type":1,"invocationId":"7","target":%q,"arguments":%s}`, target, arguments))
	m := c.next()
	if m["type"] != 3.0 || m["invocationId"] != "7" {
		c.t.Fatalf("%s was answered with %v", target, m)
	}
	return m
}

func post(t *testing.T, url string) (int, map[string]any) {
	t.Helper()
	resp, err := http.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	var body map[string]any
	_ = json.Unmarshal(text, &body)
	return resp.StatusCode, body
}

func TestNegotiatedTokensOpenOneConnection(t *testing.T) {
	s, url := newHub(t, nil)
	status, body := post(t, url+"/negotiate?negotiateVersion=1")
	token, _ := body["connectionToken"].(string)
	if status != 200 || token == "" || body["connectionId"] == token || body["negotiateVersion"] != 1.0 {
		t.Fatalf("negotiation %d %v", status, body)
	}
	transports := body["availableTransports"].([]any)[0].(map[string]any)
	if transports["transport"] != "WebSockets" {
		t.Errorf("transports %v", transports)
	}
	connect(t, url+"?id="+token)
	if s.Stats().Connections != 1 {
		t.Errorf("stats %+v", s.Stats())
	}
	for _, bad := range []string{token, "invented"} {
		_, resp, err := websocket.Dial(t.Context(), url+"?id="+bad, nil) //nolint:bodyclose // Dial closes it
		if err == nil || resp.StatusCode != 404 {
			t.Errorf("the token %q opened a connection", bad)
		}
	}
	if _, body := post(t, url+"/negotiate"); body["connectionToken"] != nil || body["connectionId"] == "" {
		t.Errorf("negotiation of version 0 answered %v", body)
	}
}

func TestTokensExpire(t *testing.T) {
	var now atomic.Int64
	_, url := newHub(t, func(o *Options) { o.Now = func() time.Time { return time.Unix(0, now.Load()) } })
	_, body := post(t, url+"/negotiate?negotiateVersion=1")
	now.Add(int64(tokenLife) + 1)
	token := body["connectionToken"].(string)
	if _, _, err := websocket.Dial(t.Context(), url+"?id="+token, nil); err == nil { //nolint:bodyclose // Dial closes it
		t.Error("a token that expired opened a connection")
	}
}

func TestInvocations(t *testing.T) {
	_, url := newHub(t, nil)
	c := connect(t, url)
	if m := c.invoke("Echo", `["a",{"b":[1,null]}]`); !reflect.DeepEqual(m["result"], []any{"a", map[string]any{"b": []any{1.0, nil}}}) {
		t.Errorf("echo = %v", m)
	}
	if m := c.invoke("Fail", `[]`); m["error"] != "no luck" || m["result"] != nil {
		t.Errorf("failure = %v", m)
	}
	if m := c.invoke("Nothing", `[]`); !strings.Contains(m["error"].(string), `no method "Nothing"`) {
		t.Errorf("unknown method = %v", m)
	}
	c.write(`{"type":4,"invocationId":"7","target":"Echo","arguments":[]}`)
	if m := c.next(); m["type"] != 3.0 || m["error"] == nil {
		t.Errorf("a stream was answered with %v", m)
	}
	// No invocationId, a ping, a cancellation and a type from the future want no
	// answer; the connection goes on.
	c.write(`{"type":1,"target":"Echo","arguments":[]}`, `{"type":1,"target":"Fail","arguments":[]}`,
		`{"type":6}`, `{"type":5,"invocationId":"9"}`, `{"type":99}`)
	if m := c.invoke("Echo", `[1]`); m["error"] != nil {
		t.Errorf("afterwards: %v", m)
	}
}

func TestRecordsMayComeWithTheHandshakeAndInPieces(t *testing.T) {
	_, url := newHub(t, nil)
	c := dial(t, url)
	c.write(`{"protocol":"json","version":1}`, `{"type":1,"invocationId":"7","target":"Echo","arguments":[1]}`)
	if c.next(); c.next()["invocationId"] != "7" {
		t.Error("the record that came along was lost")
	}
	whole := `{"type":1,"invocationId":"8","target":"Echo","arguments":[2]}` + "\x1e"
	for _, piece := range []string{whole[:9], whole[9:30], whole[30:]} {
		if err := c.ws.Write(t.Context(), websocket.MessageText, []byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if m := c.next(); m["invocationId"] != "8" {
		t.Errorf("a record in pieces: %v", m)
	}
}

func TestGroups(t *testing.T) {
	s, url := newHub(t, nil)
	a, b := connect(t, url), connect(t, url)
	a.invoke("Join", `["x"]`)
	a.invoke("Join", `["y"]`)
	b.invoke("Join", `["y"]`)
	expect := func(groups []string, want int) {
		t.Helper()
		if n, err := s.Send(groups, "Event", map[string]int{"n": want}); n != want || err != nil {
			t.Errorf("sent to %d of %v, %v; want %d", n, groups, err, want)
		}
	}
	expect([]string{`"none"`}, 0)
	expect([]string{`"x"`, `"y"`}, 2) // a is in both and gets it once
	for name, c := range map[string]*client{"a": a, "b": b} {
		m := c.next()
		if m["type"] != 1.0 || m["target"] != "Event" || !reflect.DeepEqual(m["arguments"], []any{map[string]any{"n": 2.0}}) {
			t.Errorf("%s got %v", name, m)
		}
	}
	a.invoke("Leave", `["y"]`) // nothing else was waiting for a
	expect([]string{`"y"`}, 1)
	b.next()
	if err := b.ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the hub to forget b", func() bool { return s.Stats().Connections == 1 })
	expect([]string{`"y"`}, 0)
}

func waitFor(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// A client that reads nothing fills its queue; the sender doesn't wait for it.
func TestASlowClientLosesEvents(t *testing.T) {
	s, url := newHub(t, func(o *Options) { o.Queue = 4 })
	c := connect(t, url)
	c.invoke("Join", `["x"]`)
	big := strings.Repeat("x", 1<<20)
	waitFor(t, "an event to be dropped", func() bool {
		_, err := s.Send([]string{`"x"`}, "Event", big)
		return err != nil || s.Stats().Dropped > 0
	})
	_ = c.ws.CloseNow()
	waitFor(t, "the hub to forget the client", func() bool { return s.Stats().Connections == 0 })
}

func TestHandshakeRefuses(t *testing.T) {
	_, url := newHub(t, nil)
	for record, want := range map[string]string{
		`{"protocol":"messagepack","version":1}`: "messagepack", `{"protocol":"json","version":2}`: "version 2",
		`hello`: "not JSON",
	} {
		c := dial(t, url)
		c.write(record)
		if m := c.next(); !strings.Contains(fmt.Sprint(m["error"]), want) {
			t.Errorf("%s was answered with %v", record, m)
		}
		if _, err := c.read(); err == nil {
			t.Errorf("after %s the connection goes on", record)
		}
	}
}

func TestBreachesEndTheConnection(t *testing.T) {
	_, url := newHub(t, nil)
	for name, record := range map[string]string{
		"not JSON": `{"type":`, "too long": `{"type":6,"x":"` + strings.Repeat("x", 1000) + `"}`,
	} {
		c := connect(t, url)
		c.write(record)
		m, err := c.read()
		if err == nil && (m["type"] != 7.0 || m["error"] == "") {
			t.Errorf("%s: %v", name, m)
		}
		if _, err := c.read(); err == nil {
			t.Errorf("%s: the connection goes on", name)
		}
	}
}

func TestPingsAndTimeouts(t *testing.T) {
	s, url := newHub(t, func(o *Options) { o.KeepAlive, o.ClientTimeout = 5*time.Millisecond, 400*time.Millisecond })
	c := connect(t, url)
	if m := c.next(); m["type"] != 6.0 {
		t.Errorf("a silent connection got %v, want a ping", m)
	}
	waitFor(t, "the silent client to be given up", func() bool { return s.Stats().Connections == 0 })
}

func TestTheClientCloses(t *testing.T) {
	s, url := newHub(t, nil)
	c := connect(t, url)
	c.write(`{"type":7}`)
	if m := c.next(); m["type"] != 7.0 || m["error"] != nil {
		t.Errorf("close was answered with %v", m)
	}
	if _, err := c.read(); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the websocket ended with %v", err)
	}
	waitFor(t, "the hub to forget the client", func() bool { return s.Stats().Connections == 0 })
}

func TestTheServerCloses(t *testing.T) {
	s, url := newHub(t, nil)
	c := connect(t, url)
	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	if m := c.next(); m["type"] != 7.0 || m["allowReconnect"] != true {
		t.Errorf("the server's farewell is %v", m)
	}
	if _, err := c.read(); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the websocket ended with %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if status, _ := post(t, url+"/negotiate"); status != 503 {
		t.Errorf("a closed hub negotiates: %d", status)
	}
}

func TestACloseThatTakesTooLongCutsOff(t *testing.T) {
	s, url := newHub(t, nil)
	dial(t, url) // never shakes hands
	waitFor(t, "the connection", func() bool { return s.Stats().Connections == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v, want it to say that time ran out", err)
	}
	if n := s.Stats().Connections; n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

func TestSplitterDoesNotMindHowBytesArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOf(rapid.StringMatching(`[a-z{}":]{0,20}`)).Draw(t, "records")
		stream := ""
		for _, r := range records {
			stream += r + "\x1e"
		}
		s := splitter{limit: 20}
		var got []string
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "bytes")
			parts, err := s.feed([]byte(stream[:n]))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range parts {
				got = append(got, string(p))
			}
			stream = stream[n:]
		}
		if strings.Join(got, "|") != strings.Join(records, "|") || len(got) != len(records) {
			t.Fatalf("got %q, want %q", got, records)
		}
		if _, err := s.feed([]byte(strings.Repeat("x", 21))); !errors.Is(err, errTooLong) {
			t.Fatalf("a record without end: %v", err)
		}
	})
}
