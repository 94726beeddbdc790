package main

import (
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k6report/testbed/internal/timing"
)

// blockSize is how many requests of a kind a block has.
const blockSize = 8

// pairs loads the two engines by turns.
func (tr trial) pairs(t *testing.T, good, bad *process, middle func([]float64) float64) func(turn int) (healthy, faulty figures) {
	t.Helper()
	for _, p := range []*process{good, bad} {
		for range 5 { // what comes first pays for what all need
			send(t, p.url, "POST /api/v1/workflows/"+tr.workflow+"/execute")
		}
	}
	return byTurns(func(p *process) figures { return tr.load(t, p.url, middle) }, good, bad)
}

// byTurns lets now the one engine begin, now the other.
func byTurns(block func(*process) figures, good, bad *process) func(turn int) (healthy, faulty figures) {
	return func(turn int) (healthy, faulty figures) {
		if turn%2 == 0 {
			healthy = block(good)
			return healthy, block(bad)
		}
		faulty = block(bad)
		return block(good), faulty
	}
}

// load sends a block of requests, several at once, and answers the middle of
// each part and of the total.
func (tr trial) load(t *testing.T, url string, middle func([]float64) float64) figures {
	t.Helper()
	paths := []string{"POST /api/v1/workflows/" + tr.workflow + "/execute"}
	if tr.list {
		paths = append(paths, "GET /api/v1/workflows/"+tr.workflow+"/executions")
	}
	var mu sync.Mutex
	found := map[string][]float64{}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range tr.atOnce {
		wg.Go(func() {
			for next.Add(1) <= blockSize {
				turn := map[string]float64{}
				for _, path := range paths {
					for name, ms := range send(t, url, path) {
						turn[name] += ms
					}
				}
				mu.Lock()
				for name, ms := range turn {
					found[name] = append(found[name], ms)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	result := figures{}
	for name, values := range found {
		result[name] = middle(append(values, make([]float64, max(0, blockSize-len(values)))...)) // where it isn't, it took no time
	}
	return result
}

// send answers the parts of a request's time, in ms.
func send(t *testing.T, url, what string) map[string]float64 {
	return sendWith(t, url, what, nil)
}

func sendWith(t *testing.T, url, what string, header http.Header) map[string]float64 {
	method, path, _ := strings.Cut(what, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	maps.Copy(req.Header, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %d %s %v", what, resp.StatusCode, text, err)
		return nil
	}
	parts := map[string]float64{}
	for _, entry := range strings.Split(resp.Header.Get("Server-Timing"), ", ") {
		name, digits, _ := strings.Cut(entry, ";dur=")
		ms, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			t.Errorf("%s: Server-Timing %q", what, entry)
		}
		parts[name] = ms
	}
	rest := parts[timing.Total]
	for name, ms := range parts {
		if name != timing.Total {
			rest -= ms
		}
	}
	parts[unnamed] = rest
	return parts
}
