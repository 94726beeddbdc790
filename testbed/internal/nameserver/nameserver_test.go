package nameserver

import (
	"net"
	"slices"
	"testing"
	"time"
)

func TestAnswersAfterAWhile(t *testing.T) {
	const delay = 20 * time.Millisecond
	s, err := Start(delay)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	found, err := s.Resolver().LookupIP(t.Context(), "ip4", "callee.test")
	took := time.Since(began)
	if err != nil || !slices.EqualFunc(found, []net.IP{{127, 0, 0, 1}}, net.IP.Equal) {
		t.Errorf("callee.test is at %v, %v", found, err)
	}
	if took < delay {
		t.Errorf("an answer after %v, want %v or more", took, delay)
	}
	// What is no question must not end the server.
	stray, err := net.Dial("udp4", s.conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stray.Close()
	if _, err := stray.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolver().LookupIP(t.Context(), "ip4", "other.test"); err != nil {
		t.Errorf("after a stray packet: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
