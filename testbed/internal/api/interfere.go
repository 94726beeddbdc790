package api

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Interference is what a fault does to each request of the API, outside of
// every part of its times. The zero value does nothing. It is safe for
// concurrent use.
type Interference struct {
	Wait time.Duration
	Keep int // bytes

	mu   sync.Mutex
	kept [][]byte
}

func (i *Interference) meet(r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		return
	}
	if i.Keep > 0 {
		garbage := make([]byte, i.Keep)
		for at := 0; at < len(garbage); at += 512 {
			garbage[at] = 1 // what is never written to might never be there
		}
		i.mu.Lock()
		i.kept = append(i.kept, garbage)
		i.mu.Unlock()
	}
	if i.Wait > 0 {
		select {
		case <-time.After(i.Wait):
		case <-r.Context().Done():
		}
	}
}
