// Package outbound calls other services over HTTP and finds out where the
// time of a call went: waiting for a connection of the pool, looking up the
// name, connecting, or waiting for the callee.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"k6report/testbed/internal/timing"
)

// maxBody is how much of an answer is read, in bytes.
const maxBody = 1 << 20

// Options of a Client.
type Options struct {
	BaseURL string         // the one service that is called, https://HOST:PORT
	Roots   *x509.CertPool // whom to trust; nil for the system's
	Conns   int            // connections at most; more calls wait. At least 1.
	Timeout time.Duration  // of a call, from asking for a connection
	// Idle is how many connections are kept for the next call: 0 for all,
	// below 0 for none.
	Idle     int
	Resolver *net.Resolver // of the service's name; nil for the system's
	Now      timing.Clock
}

// Client calls one service. It is safe for concurrent use.
type Client struct {
	base      string
	now       timing.Clock
	http      *http.Client
	transport *http.Transport
	open      atomic.Int64
	calls     atomic.Int64
	reused    atomic.Int64
}

// Stats tell how the connections are used.
type Stats struct {
	Open int // connections at present
	// ReuseShare is the fraction of calls so far that found a connection ready,
	// 0 to 1; 1 before the first call.
	ReuseShare float64
}

// New returns a Client.
func New(o Options) *Client {
	c := &Client{base: strings.TrimRight(o.BaseURL, "/"), now: o.Now}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Resolver: o.Resolver}
	idle := o.Idle
	if idle == 0 {
		idle = o.Conns
	}
	c.transport = &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			// One family: racing two would blur what connecting costs.
			conn, err := dialer.DialContext(ctx, "tcp4", address)
			if err != nil {
				return nil, err
			}
			c.open.Add(1)
			return &countedConn{Conn: conn, open: &c.open}, nil
		},
		TLSClientConfig:     &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 5 * time.Second,
		MaxConnsPerHost:     o.Conns,
		DisableKeepAlives:   idle < 0,
		MaxIdleConns:        max(0, idle),
		MaxIdleConnsPerHost: max(0, idle),
		IdleConnTimeout:     90 * time.Second,
	}
	c.http = &http.Client{Transport: c.transport, Timeout: o.Timeout}
	return c
}

// countedConn takes itself off the count when it is closed.
type countedConn struct {
	net.Conn
	open   *atomic.Int64
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// Stats tells how the connections are used.
func (c *Client) Stats() Stats {
	s := Stats{Open: int(c.open.Load()), ReuseShare: 1}
	if calls := c.calls.Load(); calls > 0 {
		s.ReuseShare = float64(c.reused.Load()) / float64(calls)
	}
	return s
}

// Close closes idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Call sends a GET to a path of the service and answers the status and the
// JSON body. Its time goes to http-pool-wait, http-dns, http-connect and
// http-call. A status of 400 or more is an error.
func (c *Client) Call(ctx context.Context, path string, query url.Values) (status int, body any, err error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	rec := timing.From(ctx)
	span := rec.Begin(timing.HTTPCall)
	defer span.End()
	watch := newWatch(c.now)
	req, err := http.NewRequestWithContext(watch.attach(ctx), http.MethodGet, target, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("call %s: %w", path, err)
	}
	resp, err := c.http.Do(req)
	times := watch.times()
	c.calls.Add(1)
	if times.reused {
		c.reused.Add(1)
	}
	span.Carve(timing.HTTPPoolWait, times.wait)
	if times.dns > 0 {
		span.Carve(timing.HTTPDNS, times.dns)
	}
	if times.connect > 0 {
		span.Carve(timing.HTTPConnect, times.connect)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("call %s: %w", path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody)) // to the end, or the connection can't be used again
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("call %s: read the answer: %w", path, err)
	case resp.StatusCode >= http.StatusBadRequest:
		return resp.StatusCode, nil, fmt.Errorf("call %s: the callee answered %s", path, resp.Status)
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("call %s: the answer is not JSON: %w", path, err)
	}
	return resp.StatusCode, body, nil
}
