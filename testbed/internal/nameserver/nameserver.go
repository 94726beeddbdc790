// Package nameserver answers questions for IPv4 addresses, after a while: a
// name service that is far away or overloaded. Every name is on the loopback.
package nameserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxQuestion is more than a question without extensions can be long, in bytes.
const maxQuestion = 1232

// ttl is what an answer may be kept for, in seconds: Go's client keeps none.
const ttl = 1

// Server is a running name server.
type Server struct {
	conn    net.PacketConn
	delay   time.Duration
	answers sync.WaitGroup
	served  chan error
}

// Start listens on a free port of the loopback and answers each question
// after delay, until Close.
func Start(delay time.Duration) (*Server, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("start the name server: %w", err)
	}
	s := &Server{conn: conn, delay: delay, served: make(chan error, 1)}
	go func() { s.served <- s.serve() }()
	return s, nil
}

// Resolver asks this server and nobody else.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", s.conn.LocalAddr().String())
	}}
}

// Close stops answering.
func (s *Server) Close() error {
	err := s.conn.Close()
	if served := <-s.served; !errors.Is(served, net.ErrClosed) {
		err = errors.Join(err, served)
	}
	s.answers.Wait()
	if err != nil {
		return fmt.Errorf("stop the name server: %w", err)
	}
	return nil
}

// serve takes questions until the connection is closed. Those asked at the same
// time wait at the same time: the server is far away, not slow.
func (s *Server) serve() error {
	buffer := make([]byte, maxQuestion)
	for {
		n, from, err := s.conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		reply, err := answer(buffer[:n])
		if err != nil {
			continue // not a question: nobody waits for an answer
		}
		s.answers.Add(1)
		time.AfterFunc(s.delay, func() {
			defer s.answers.Done()
			_, _ = s.conn.WriteTo(reply, from) // who asked asks again
		})
	}
}

// answer makes the reply to a question.
func answer(question []byte) ([]byte, error) {
	var p dnsmessage.Parser
	header, err := p.Start(question)
	if err != nil {
		return nil, err
	}
	q, err := p.Question()
	if err != nil {
		return nil, err
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{
		ID: header.ID, Response: true, Authoritative: true,
		RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
	})
	if err := errors.Join(b.StartQuestions(), b.Question(q), b.StartAnswers()); err != nil {
		return nil, err
	}
	if q.Type == dnsmessage.TypeA {
		err := b.AResource(
			dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: ttl},
			dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}})
		if err != nil {
			return nil, err
		}
	}
	return b.Finish()
}
