package gauge

import (
	"math"
	"runtime"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	borders := []float64{math.Inf(-1), 0.001, 0.002, 0.004, math.Inf(1)}
	for _, tt := range []struct {
		counts []uint64
		want   time.Duration
	}{
		{[]uint64{0, 0, 0, 0}, 0},
		{[]uint64{100, 0, 0, 0}, time.Millisecond},
		{[]uint64{0, 99, 1, 0}, 2 * time.Millisecond},
		{[]uint64{0, 98, 2, 0}, 4 * time.Millisecond},
		{[]uint64{0, 0, 0, 1}, 4 * time.Millisecond},
	} {
		if got := quantile(borders, tt.counts, 0.99); got != tt.want {
			t.Errorf("p99 of %v = %v, want %v", tt.counts, got, tt.want)
		}
	}
}

func TestReadFollowsTheProcess(t *testing.T) {
	at := time.Unix(0, 0)
	s := NewSampler(func() time.Time { return at })
	kept := make([]byte, 8<<20)
	runtime.GC()
	r := s.Read()
	if r.HeapAfterGC < 8<<20 {
		t.Errorf("heap after GC is %d with 8 MiB kept", r.HeapAfterGC)
	}
	runtime.KeepAlive(kept)
	if r.Memory <= r.HeapAfterGC {
		t.Errorf("%d bytes of memory, %d of them in the heap", r.Memory, r.HeapAfterGC)
	}
	if r.Goroutines < 1 {
		t.Errorf("%d goroutines", r.Goroutines)
	}
	if r.GCShare <= 0 || r.GCShare > 1 {
		t.Errorf("GC share after a collection = %v, want more than 0, at most 1", r.GCShare)
	}
	if r.SchedLatencyP99 < 0 {
		t.Errorf("scheduling latency %v", r.SchedLatencyP99)
	}
}

func TestReadTellsWhatIsAllocated(t *testing.T) {
	at := time.Unix(0, 0)
	s := NewSampler(func() time.Time { return at })
	const block, blocks = 1 << 20, 20
	for range blocks {
		runtime.KeepAlive(make([]byte, block))
	}
	at = at.Add(2 * time.Second)
	if r := s.Read(); r.AllocRate < blocks*block/2 {
		t.Errorf("%v bytes a second, want %v or more", r.AllocRate, blocks*block/2)
	}
}

func TestReadComparesWithTheLastSeconds(t *testing.T) {
	at := time.Unix(0, 0)
	s := NewSampler(func() time.Time { return at })
	runtime.GC()
	for range 2 { // after two windows the collection is out of sight
		at = at.Add(window)
		s.Read()
	}
	if r := s.Read(); r.GCShare != 0 {
		t.Errorf("GC share = %v with no collection in the window, want 0", r.GCShare)
	}
}
