package outbound_test

import (
	"testing"
	"time"

	"k6report/testbed/internal/nameserver"
	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/timing"
)

func TestWithoutIdleConnectionsEachCallConnects(t *testing.T) {
	s := startCallee(t)
	c := outbound.New(outbound.Options{
		BaseURL: s.URL, Roots: s.Roots, Conns: 4, Idle: -1, Timeout: 10 * time.Second, Now: time.Now,
	})
	t.Cleanup(c.Close)
	for range 3 {
		if parts := call(t.Context(), t, c, "a"); parts[timing.HTTPConnect] <= 0 {
			t.Errorf("a call without a connection of its own: %v", parts)
		}
	}
	if share := c.Stats().ReuseShare; share != 0 {
		t.Errorf("%v of the calls found a connection", share)
	}
}

func TestAFarAwayNameServerIsWaitedFor(t *testing.T) {
	const delay = 15 * time.Millisecond
	s := startCallee(t)
	names, err := nameserver.Start(delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := names.Close(); err != nil {
			t.Error(err)
		}
	})
	c := outbound.New(outbound.Options{
		BaseURL: s.Named, Roots: s.Roots, Conns: 4, Timeout: 10 * time.Second, Now: time.Now, Resolver: names.Resolver(),
	})
	t.Cleanup(c.Close)
	if parts := call(t.Context(), t, c, "a"); parts[timing.HTTPDNS] < delay {
		t.Errorf("parts %v, want %v or more for the name", parts, delay)
	}
	if parts := call(t.Context(), t, c, "b"); parts[timing.HTTPDNS] != 0 {
		t.Errorf("a kept connection asked for the name: %v", parts)
	}
}
