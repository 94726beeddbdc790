package main

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/listener"
	"k6report/testbed/internal/timing"
)

// gauges answers what /health tells.
func (p *process) gauges(t *testing.T) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for name, value := range get(t, p.url+"/health")["gauges"].(map[string]any) {
		found[name] = value.(float64)
	}
	return found
}

// sends sends so many requests, four at once.
func (p *process) sends(t *testing.T, n int, what string) {
	t.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				send(t, p.url, what)
			}
		})
	}
	wg.Wait()
}

// state answers the gauges after a block of executions, and the parts of these.
func (tr trial) state(t *testing.T, p *process) figures {
	t.Helper()
	block := tr.load(t, p.url, median)
	for name, value := range p.gauges(t) {
		block[name] = value
	}
	return block
}

// Floors of gauges, below which a change means nothing.
const (
	heapFloor  = 1 << 20
	shareFloor = 0.002
)

// alone claims that a gauge rises, and nothing else as much: no part of the
// time that a request takes, and none of the other gauges but those that may.
func alone(gauge string, ratio, floor float64, may ...string) []claim {
	claims := []claim{times(gauge, ratio, floor)}
	allowed := map[string]bool{gauge: true}
	for _, name := range may {
		allowed[name] = true
	}
	const noticed = 0.5 // ms; below it and the like, how one engine differs from another is chance
	for _, part := range append(parts(), timing.Total) {
		if !allowed[part] {
			claims = append(claims, calmer(part, noticed, gauge, floor))
		}
	}
	for name, noticed := range map[string]float64{
		"dbPoolInUse": 1, "executionsRunning": 1, "goroutines": 20, "heapAfterGcBytes": heapFloor, "gcShare": 10 * shareFloor,
		"allocBytesPerSecond": 32 << 20, "memoryBytes": 16 << 20, "httpConns": 1, "hubConnections": 1, "hubDropped": 1,
	} {
		if !allowed[name] {
			claims = append(claims, calmer(name, noticed, gauge, floor))
		}
	}
	return claims
}

func TestALeakKeepsWhatRequestsBring(t *testing.T) {
	for _, of := range []struct {
		setting
		requests int
	}{{setting{"leak", 2}, 150}, {setting{"leak=mild", 2}, 750}} { // 7.5 MB
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name)
			// Both are asked the same, and as often: 7.5 MB are kept, then three times as much.
			var early, late figures
			for _, p := range []*process{good, bad} {
				p.sends(t, of.requests, "GET /api/v1/tasks")
			}
			tr := trial{workflow: "report", atOnce: 2}
			early = tr.state(t, bad)
			for _, p := range []*process{good, bad} {
				p.sends(t, 3*of.requests, "GET /api/v1/tasks")
			}
			pair := byTurns(func(p *process) figures { return tr.state(t, p) }, good, bad)
			show(t, alone("heapAfterGcBytes", of.ratio, heapFloor, "memoryBytes"), func(turn int) (healthy, faulty figures) {
				healthy, faulty = pair(turn)
				late = faulty
				return healthy, faulty
			})
			// What was kept last may not be counted yet: the heap has to double first.
			if r := late["heapAfterGcBytes"] / early["heapAfterGcBytes"]; r < 1.4 {
				t.Errorf("four times the requests make %v times the heap", r)
			}
		})
	}
}

// Allocations are told as a rate over a second and more, so each pair is of as
// many requests in the same stretch of time.
func TestCopiedScopesAreAllocated(t *testing.T) {
	for _, of := range []setting{{"graph-memory", 4}, {"graph-memory=mild", 1.3}} {
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name)
			tr := trial{workflow: "layered-120", atOnce: 1}
			single := tr.pairs(t, good, bad, median)
			f, _ := fault.Find("graph-memory")
			claims := alone("allocBytesPerSecond", of.ratio, heapFloor,
				append(f.Parts, "gcShare", "memoryBytes", "heapAfterGcBytes", timing.Total)...)
			if of.name == f.Name { // copied once, the collector's work is lost among the rest
				claims = append(claims, times("gcShare", 1.5, shareFloor))
			}
			show(t, claims, func(turn int) (healthy, faulty figures) {
				for began, i := time.Now(), 0; time.Since(began) < 1100*time.Millisecond; i++ {
					healthy, faulty = single(i)
				}
				for into, p := range map[*figures]*process{&healthy: good, &faulty: bad} {
					for name, value := range p.gauges(t) {
						(*into)[name] = value
					}
				}
				return healthy, faulty
			})
		})
	}
}

func listeners(t *testing.T, p *process, n int, pause time.Duration, workflows ...string) {
	t.Helper()
	for range n {
		l, err := listener.Start(t.Context(), listener.Options{
			BaseURL: p.url, Tenant: "default", Workflows: workflows, Pause: pause,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
	}
	for deadline := time.Now().Add(20 * time.Second); p.gauges(t)["hubConnections"] < float64(n); {
		if time.Now().After(deadline) {
			t.Fatalf("%v of %d listeners are there", p.gauges(t)["hubConnections"], n)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestBroadcastWaitsForSlowListeners(t *testing.T) {
	for _, of := range []setting{{"ws-fanout", 10}, {"ws-fanout=mild", 5}} {
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name)
			for _, p := range []*process{good, bad} {
				listeners(t, p, 2, time.Millisecond, "diamond")
			}
			tr := trial{workflow: "diamond", atOnce: 2}
			f, _ := fault.Find("ws-fanout")
			show(t, signals(f, of.ratio, nil), tr.pairs(t, good, bad, median))
		})
	}
}

func TestHubConnectionsTakeMemory(t *testing.T) {
	const n = 80
	for _, of := range []setting{{"ws-memory", 2}, {"ws-memory=mild", 1.5}} {
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name)
			for _, p := range []*process{good, bad} {
				listeners(t, p, n, 0)
				p.sends(t, 100, "POST /api/v1/workflows/report/execute") // so that the heap is counted
			}
			tr := trial{workflow: "report", atOnce: 2}
			show(t, alone("heapAfterGcBytes", of.ratio, heapFloor, "memoryBytes"),
				byTurns(func(p *process) figures { return tr.state(t, p) }, good, bad))
		})
	}
}

func TestFewAcceptSlotsKeepConnectionsWaiting(t *testing.T) {
	const n = 10
	for _, of := range []setting{{"ws-accept", 2}, {"ws-accept=mild", 1.4}} {
		t.Run(of.name, func(t *testing.T) {
			good, bad := onSQLite(t, of.name, "--hub-check", "10ms")
			tr := trial{workflow: "diamond", atOnce: 1}
			show(t, alone(connecting, of.ratio, least), byTurns(func(p *process) figures {
				state := tr.state(t, p)
				state[connecting] = connect(t, p, n)
				return state
			}, good, bad))
		})
	}
}

// connecting is how long it takes to connect to the hub.
const connecting = "connecting"

// connect makes connections to the hub, all at once, and answers how long each
// took on average, in ms.
func connect(t *testing.T, p *process, n int) float64 {
	t.Helper()
	took := make([]float64, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			began := time.Now()
			l, err := listener.Start(t.Context(), listener.Options{BaseURL: p.url})
			took[i] = time.Since(began).Seconds() * 1000
			if err != nil {
				t.Error(err)
				return
			}
			_ = l.Close()
		})
	}
	wg.Wait()
	return mean(took)
}
