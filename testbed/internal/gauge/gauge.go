// Package gauge reads what the Go runtime says about the process: the part of
// a server's state that no single request can show.
package gauge

import (
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"k6report/testbed/internal/timing"
)

// Reading is the runtime's state. Shares and latencies are of the time since
// a reading at least a second ago, so that they follow the load.
type Reading struct {
	Goroutines int
	// HeapAfterGC is what the last garbage collection left alive, in bytes; 0
	// before the first.
	HeapAfterGC uint64
	// GCShare is the fraction of processor time spent on garbage collection, 0
	// to 1. The runtime knows it as of the last collection.
	GCShare float64
	// SchedLatencyP99 is how long goroutines that could run waited for a
	// processor, exceeded by one in a hundred of them. It is the upper border of
	// the runtime's own histogram bin.
	SchedLatencyP99 time.Duration
	// AllocRate is how much memory is asked for, in bytes a second, whether or
	// not it is needed for long.
	AllocRate float64
	// Memory is what the process has of the operating system, in bytes.
	Memory uint64
}

const (
	heapLive   = "/gc/heap/live:bytes"
	gcSeconds  = "/cpu/classes/gc/total:cpu-seconds"
	cpuSeconds = "/cpu/classes/total:cpu-seconds"
	schedWait  = "/sched/latencies:seconds"
	allocated  = "/gc/heap/allocs:bytes"
	mapped     = "/memory/classes/total:bytes"
	released   = "/memory/classes/heap/released:bytes"
)

// window is how old the reading that others are compared with has to be.
const window = time.Second

// Sampler takes readings. It is safe for concurrent use.
type Sampler struct {
	now timing.Clock

	mu        sync.Mutex
	base, mid snapshot // a reading compares with base; mid becomes the next
}

// snapshot is the runtime's counters at one time.
type snapshot struct {
	at       time.Time
	gc, cpu  float64
	counts   []uint64
	borders  []float64
	heapLive uint64
	alloc    uint64
	memory   uint64
}

// NewSampler starts a sampler.
func NewSampler(now timing.Clock) *Sampler {
	first := take(now())
	return &Sampler{now: now, base: first, mid: first}
}

// Read takes a reading.
func (s *Sampler) Read() Reading {
	at := take(s.now())
	s.mu.Lock()
	if at.at.Sub(s.mid.at) >= window {
		s.base, s.mid = s.mid, at
	}
	base := s.base
	s.mu.Unlock()
	return Reading{
		Goroutines:      runtime.NumGoroutine(),
		HeapAfterGC:     at.heapLive,
		GCShare:         share(at.gc-base.gc, at.cpu-base.cpu),
		SchedLatencyP99: quantile(at.borders, since(base.counts, at.counts), 0.99),
		AllocRate:       rate(at.alloc-base.alloc, at.at.Sub(base.at)),
		Memory:          at.memory,
	}
}

func take(now time.Time) snapshot {
	samples := []metrics.Sample{
		{Name: heapLive},
		{Name: gcSeconds},
		{Name: cpuSeconds},
		{Name: schedWait},
		{Name: allocated},
		{Name: mapped},
		{Name: released},
	}
	metrics.Read(samples)
	latencies := samples[3].Value.Float64Histogram()
	return snapshot{
		at: now, heapLive: samples[0].Value.Uint64(),
		gc: samples[1].Value.Float64(), cpu: samples[2].Value.Float64(),
		counts: latencies.Counts, borders: latencies.Buckets,
		alloc: samples[4].Value.Uint64(), memory: samples[5].Value.Uint64() - samples[6].Value.Uint64(),
	}
}

func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, part/whole))
}

func rate(n uint64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(n) / took.Seconds()
}

func since(before, now []uint64) []uint64 {
	counts := make([]uint64, len(now))
	for i := range now {
		counts[i] = now[i] - before[i]
	}
	return counts
}

// quantile answers the upper border of the bin in which the q-th of the
// counted values lies, 0 when nothing was counted. Bin i lies between borders
// i and i+1; the outermost may be infinite, then the finite border counts.
func quantile(borders []float64, counts []uint64, q float64) time.Duration {
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return 0
	}
	rank, seen := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range counts {
		if seen += n; seen >= rank {
			border := borders[i+1]
			if math.IsInf(border, 1) {
				border = borders[i]
			}
			return time.Duration(border * float64(time.Second))
		}
	}
	return 0
}
