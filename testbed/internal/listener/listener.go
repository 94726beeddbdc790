// Package listener is a client of the engine's hub that reads slowly: somebody
// with a weak device or a long line.
package listener

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const (
	path         = "/hubs/workflow"
	separator    = "\x1e"
	pingEvery    = 5 * time.Second
	readLimit    = 1 << 20
	startTimeout = 20 * time.Second
)

// Options of a Listener.
type Options struct {
	BaseURL string // of the engine, http://HOST:PORT
	Tenant  string
	// Workflows are those whose executions it hears of.
	Workflows []string
	// Pause is how long it takes to read one message.
	Pause time.Duration
}

// Listener is a connection to the hub.
type Listener struct {
	ws    *websocket.Conn
	stop  context.CancelFunc
	ended chan error
}

// Start connects and listens until Close.
func Start(ctx context.Context, o Options) (*Listener, error) {
	dialing, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	target := "ws" + strings.TrimPrefix(o.BaseURL, "http") + path + "?tenant=" + url.QueryEscape(o.Tenant)
	ws, _, err := websocket.Dial(dialing, target, nil)
	if err != nil {
		return nil, fmt.Errorf("listen to the hub: %w", err)
	}
	ws.SetReadLimit(readLimit)
	records := []string{`{"protocol":"json","version":1}`}
	for _, name := range o.Workflows {
		argument, err := json.Marshal(name)
		if err != nil {
			return nil, errors.Join(err, ws.CloseNow())
		}
		records = append(records, `{"type":1,"target":"JoinVisualizationGroup","arguments":[`+string(argument)+`]}`)
	}
	text := strings.Join(records, separator) + separator
	if err := ws.Write(dialing, websocket.MessageText, []byte(text)); err != nil {
		return nil, fmt.Errorf("listen to the hub: %w", errors.Join(err, ws.CloseNow()))
	}
	running, stop := context.WithCancel(ctx)
	l := &Listener{ws: ws, stop: stop, ended: make(chan error, 1)}
	go func() { l.ended <- l.read(running, o.Pause) }()
	go l.ping(running)
	return l, nil
}

// read takes one message after the other. A pong to the hub's pings is sent
// by reading, too: who reads slowly confirms slowly.
func (l *Listener) read(ctx context.Context, pause time.Duration) error {
	for {
		if _, _, err := l.ws.Read(ctx); err != nil {
			return err
		}
		time.Sleep(pause)
	}
}

// ping keeps the connection from being given up.
func (l *Listener) ping(ctx context.Context) {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if l.ws.Write(ctx, websocket.MessageText, []byte(`{"type":6}`+separator)) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// Close ends the connection. It answers why it ended before, if it did.
func (l *Listener) Close() error {
	select {
	case err := <-l.ended:
		l.stop()
		return fmt.Errorf("a listener of the hub was cut off: %w", errors.Join(err, l.ws.CloseNow()))
	default:
	}
	l.stop()
	<-l.ended           //nolint:errcheck // it was ended here
	_ = l.ws.CloseNow() // the cancelled read has closed it
	return nil
}
