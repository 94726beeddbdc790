package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/timing"
)

func TestUntracedTimeIsInNoPart(t *testing.T) {
	for _, of := range []setting{{"untraced", 5}, {"untraced=mild", 2.5}} {
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name)
			tr := trial{workflow: "diamond", atOnce: 2}
			claims := []claim{grows(unnamed, of.ratio), grows(timing.Total, 1.5)}
			for _, part := range parts() {
				if part != unnamed {
					claims = append(claims, growsLess(part, []string{part}, 0.3, []string{unnamed}))
				}
			}
			show(t, claims, tr.pairs(t, good, bad, median))
		})
	}
}

// Stops hit some requests and not others, so blocks are long, and their means
// are compared.
func TestThrottlingSlowsEverythingAlike(t *testing.T) {
	for _, of := range []setting{{"throttle", 1.7}, {"throttle=mild", 1.15}} {
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name)
			tr := trial{workflow: "layered-120", atOnce: 1}
			single := tr.pairs(t, good, bad, mean)
			const joined = 2
			show(t, alike(of.ratio), func(turn int) (healthy, faulty figures) {
				healthy, faulty = figures{}, figures{}
				for i := range joined {
					h, f := single(turn*joined + i)
					for name, ms := range h {
						healthy[name] += ms / joined
					}
					for name, ms := range f {
						faulty[name] += ms / joined
					}
				}
				return healthy, faulty
			})
			bad.stop(t) // in order, however often it is stopped on the way
		})
	}
}

// alike claims that the total grows, and each part that is worth mentioning
// with it.
func alike(ratio float64) []claim {
	const worth, apart = 0.1, 2.0
	claims := []claim{grows(timing.Total, ratio)}
	for _, part := range parts() {
		claims = append(claims, claim{
			what: fmt.Sprintf("%s grows as the total does, within a factor of %v", part, apart),
			of: func(healthy, faulty figures) (float64, bool) {
				if healthy[part] < worth*healthy[timing.Total] {
					return 1, true
				}
				r := faulty[part] / healthy[part] / (faulty[timing.Total] / healthy[timing.Total])
				return r, r >= 1/apart && r <= apart
			},
		})
	}
	return claims
}

// crowd has tenants execute, one request after the other of each of their
// users, until the two that have one user have had so many answers. It answers
// the parts of these.
func crowd(t *testing.T, url string, noisy, answers int) []map[string]float64 {
	t.Helper()
	const execute = "POST /api/v1/workflows/quote/execute"
	var left atomic.Int64
	var mu sync.Mutex
	var others []map[string]float64
	var wg sync.WaitGroup
	tenants := []string{"globex", "initech"}
	left.Store(int64(len(tenants)))
	for range noisy {
		wg.Go(func() {
			for left.Load() > 0 {
				sendFor(t, url, "acme", execute)
			}
		})
	}
	for _, tenant := range tenants {
		wg.Go(func() {
			defer left.Add(-1)
			for range answers {
				took := sendFor(t, url, tenant, execute)
				mu.Lock()
				others = append(others, took)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return others
}

// A tenant that sends ten times its share costs the others time, in the queue,
// where few executions run at once; elsewhere it costs them little.
func TestANoisyTenantSlowsTheOthers(t *testing.T) {
	const share, answers = 10, 4
	for _, of := range []setting{{"tenant", 3}, {"tenant=mild", 2}} {
		t.Run(of.name, func(t *testing.T) {
			// Executions wait for the callee more than for a processor: two of them don't make a queue.
			good, bad := onSQLite(t, of.name, "--callee-delay", "10ms")
			block := func(p *process) figures {
				found := map[string][]float64{}
				for _, one := range crowd(t, p.url, share, answers) {
					for _, part := range append(parts(), timing.Total) {
						found[part] = append(found[part], one[part])
					}
				}
				result := figures{"p95": p95(found[timing.Total])}
				for name, values := range found {
					result[name] = median(values)
				}
				fair := []float64{}
				for _, one := range crowd(t, p.url, 1, answers) {
					fair = append(fair, one[timing.Total])
				}
				result["fair p95"] = p95(fair)
				return result
			}
			f, _ := fault.Find("tenant")
			claims := append(signals(f, of.ratio, nil), grows("p95", of.ratio), claim{
				what: "a noisy tenant costs the others more than in a healthy engine",
				of: func(healthy, faulty figures) (float64, bool) {
					r := faulty["p95"] / faulty["fair p95"] / (healthy["p95"] / healthy["fair p95"])
					return r, r >= 1.3
				},
			})
			for _, p := range []*process{good, bad} {
				crowd(t, p.url, share, 1)
			}
			show(t, claims, byTurns(block, good, bad))
		})
	}
}

func p95(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)*95+99)/100-1] // the nearest rank
}

// sendFor sends a request as a tenant does.
func sendFor(t *testing.T, url, tenant, what string) map[string]float64 {
	t.Helper()
	return sendWith(t, url, what, http.Header{"X-Tenant": {tenant}})
}
