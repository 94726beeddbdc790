package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"k6report/internal/stat"
)

// tails are how far a run lies from others of the same build whose noise has
// heavy tails: what internal/stat knows of it is learned here.
type tails struct {
	output
	samples int
	seed    uint64
}

func tailsCommand(ctx context.Context, args []string, log io.Writer) (string, output, error) {
	var t tails
	f := flag.NewFlagSet("tails", flag.ContinueOnError)
	f.IntVar(&t.samples, "samples", 2_000_000, "made-up `comparisons` of each number of runs")
	f.Uint64Var(&t.seed, "seed", 77, "of the random numbers; take another one than for simulate")
	if err := parse(f, args, log); err != nil {
		return "", t.output, err
	}
	runs := []int{3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 60}
	laws := make([]string, len(runs))
	err := onAll(ctx, workers(), len(runs), func(_, i int) { laws[i] = t.law(ctx, runs[i]) })
	return strings.Join(laws, "\n") + "\n", t.output, err
}

// law makes up comparisons of a run with n others, and fits what heavyLaws of
// internal/stat holds of it.
func (t *tails) law(ctx context.Context, n int) string {
	rng := rand.New(rand.NewPCG(t.seed, uint64(n)))
	m := model{heavy: true}
	others := make([]float64, n)
	at := make([]float64, t.samples)
	for i := range at {
		if i%10_000 == 0 && ctx.Err() != nil {
			return ""
		}
		for k := range others {
			others[k] = m.noise(rng)
		}
		at[i] = math.Abs(m.noise(rng)-stat.Mean(others)) / (stat.PooledSpread(others).SD * math.Sqrt(1+1/float64(n)))
	}
	slices.Sort(at)
	// Both sides are alike, so both tell of one.
	near, far := stat.Quantile(at, 1-2*0.01), stat.Quantile(at, 1-2*0.001)
	low, high := 1.0, 200.0
	for range 60 {
		nu := math.Sqrt(low * high)
		if stat.StudentQuantile(1-0.001, nu)/stat.StudentQuantile(1-0.01, nu) > far/near {
			low = nu
		} else {
			high = nu
		}
	}
	nu := math.Sqrt(low * high)
	return fmt.Sprintf("{%d, %.3f, %.4f}, // t at 0.01: %.2f; of the normal distribution: %.2f",
		n-1, nu, stat.StudentQuantile(1-0.01, nu)/near, near, stat.StudentQuantile(1-0.01, float64(n-1)))
}
