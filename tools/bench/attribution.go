package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k6report/internal/analyze"
	"k6report/internal/run"
)

// attributing looks at what the attribution adds to analyzing a run whose server
// tells its times. It is what a report of the run takes longer than one of the run
// without its tables of requests, which the attribution rests on; the rest is what
// the whole program takes otherwise, which has that work in it.
func (h *harness) attributing(ctx context.Context) ([]row, error) {
	o := h.wanted(mainRun/2, 2) // twice the samples a request
	o.Components = true
	name, size, err := h.input(ctx, o)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(h.log, "reading %s with component data\n", bytesOf(size))
	results, err := h.compare(ctx, h.n, h.k6report("analyze", "-q", name))
	if err != nil {
		return nil, err
	}
	snapshot := filepath.Join(h.dir, "attribution.k6run")
	if _, _, err := h.once(ctx, h.k6report("snapshot", "-q", name, "-o", snapshot)); err != nil {
		return nil, err
	}
	r, err := decoded(snapshot)
	if err != nil {
		return nil, err
	}
	without := *r
	without.Requests = run.Requests{}
	var times [2][]time.Duration
	for range h.n * quickFactor {
		for i, of := range []*run.Run{r, &without} {
			start := h.now()
			analyze.Analyze(of, analyze.Options{})
			times[i] = append(times[i], h.now().Sub(start))
		}
	}
	adds := median(times[0]) - median(times[1])
	whole := results[0].time
	return []row{atMost(fmt.Sprintf("analyze -q, %s with component data", bytesOf(size)), "without the attribution", whole, whole-adds, 1.15)}, nil
}

func decoded(snapshot string) (*run.Run, error) {
	f, err := os.Open(snapshot)
	if err != nil {
		return nil, fmt.Errorf("read a snapshot: %w", err)
	}
	defer f.Close()
	r, err := run.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read a snapshot: %w", err)
	}
	return r, nil
}
