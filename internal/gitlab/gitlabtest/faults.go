package gitlabtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// Fault is something that goes wrong with requests.
type Fault struct {
	// Method and Path choose the requests: Path is a part of theirs. Empty is
	// every one.
	Method, Path string
	// Skip lets the first ones through; Times is how often it happens, 0 is
	// always.
	Skip, Times int
	// After says that what was asked is done before it goes wrong.
	After bool
	// Status is answered, with Header and Body; 0 cuts the connection, unless
	// Delay alone is wanted.
	Status int
	Header map[string]string
	Body   string
	// Delay is waited before anything; with Slow nothing else happens.
	Delay time.Duration
	Slow  bool
	// Do is called before anything else, without the server being locked: what
	// another client does meanwhile.
	Do func()
}

// Break orders a fault. Of several that fit a request, the first one happens.
func (s *Server) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend ends all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault is the one that a request meets; nil for none.
func (s *Server) fault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Method != "" && f.Method != r.Method || !strings.Contains(r.URL.Path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		met := *f
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		f.Times--
		return &met
	}
	return nil
}

// faulty lets requests meet their faults.
func (s *Server) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.fault(r)
		if f == nil {
			next.ServeHTTP(w, r)
			return
		}
		if f.Do != nil {
			f.Do()
		}
		if f.Delay > 0 {
			select {
			case <-time.After(f.Delay):
			case <-r.Context().Done():
				return
			}
		}
		if f.Slow || f.Do != nil && f.Status == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if f.After {
			next.ServeHTTP(httptest.NewRecorder(), r)
		} else {
			s.mu.Lock()
			s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query()})
			s.mu.Unlock()
		}
		if f.Status == 0 {
			panic(http.ErrAbortHandler)
		}
		for name, value := range f.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body)) // whoever asked may be gone
	})
}
