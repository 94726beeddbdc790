// Package callee is the service that workflows call: an HTTPS server on the
// loopback with a certificate of its own making, so that connecting to it
// costs what connecting costs.
package callee

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Options of a server.
type Options struct {
	// Delay is how far away it is: the time an answer takes that costs no
	// processor time. 0 answers at once.
	Delay time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Server is a running callee.
type Server struct {
	URL    string         // https://localhost:PORT
	Named  string         // https://callee.test:PORT, which only a name server knows
	Roots  *x509.CertPool // trusts its certificate
	server *http.Server
	served chan error
}

// Start listens on a free port of the loopback and serves until Close.
func Start(o Options) (*Server, error) {
	certificate, roots, err := newCertificate(o.Now())
	if err != nil {
		return nil, fmt.Errorf("start the callee: %w", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the callee: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the callee: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quote", func(w http.ResponseWriter, r *http.Request) { quote(w, r, o.Delay) })
	mux.HandleFunc("GET /unavailable", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s := &Server{
		URL: "https://localhost:" + port, Named: "https://" + name + ":" + port, Roots: roots, served: make(chan error, 1),
		server: &http.Server{
			Handler:           mux,
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
			TLSConfig: &tls.Config{
				Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
				// Not HTTP/2: there, one connection would carry all calls at once, and a
				// pool of them would have nothing to wait for.
				NextProtos: []string{"http/1.1"},
			},
		},
	}
	go func() { s.served <- s.server.ServeTLS(listener, "", "") }()
	return s, nil
}

// Close finishes what is under way, until ctx is done, and stops.
func (s *Server) Close(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("stop the callee: %w", errors.Join(err, s.server.Close()))
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("the callee stopped by itself: %w", served))
	}
	return err
}

// quote answers a price for the item asked for: always the same for the same.
func quote(w http.ResponseWriter, r *http.Request, delay time.Duration) {
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	item := r.URL.Query().Get("item")
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone doesn't read errors either.
	_ = json.NewEncoder(w).Encode(map[string]any{
		"item": item, "price": float64(crc32.ChecksumIEEE([]byte(item))%10_000) / 100,
	})
}

// name is one that no file of hosts knows: .test is reserved for it (RFC 6761).
const name = "callee.test"

// newCertificate makes a key and a certificate for localhost and the name.
func newCertificate(now time.Time) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "k6report testbed callee"},
		DNSNames:     []string{"localhost", name},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots, nil
}
