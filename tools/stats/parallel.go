package main

import (
	"context"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
)

// workers is how many goroutines make things up.
func workers() int { return runtime.GOMAXPROCS(0) }

// onAll calls make for every number below n, on so many goroutines, until ctx is
// done. worker is the goroutine that calls, counted from 0.
func onAll(ctx context.Context, workers, n int, make func(worker, i int)) error {
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < n && ctx.Err() == nil; i += workers {
				make(w, i)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

// random are the random numbers of one thing that is made up: its own, so that
// the result doesn't depend on how many processors there are.
func random(seed, cell uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, cell<<32|uint64(i)))
}

// sections is a heading with what several parts write below it.
func sections(ctx context.Context, heading string, parts ...func(context.Context, io.Writer) error) (string, error) {
	var out strings.Builder
	out.WriteString(heading)
	for _, part := range parts {
		if err := part(ctx, &out); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}
