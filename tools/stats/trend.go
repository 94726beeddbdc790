package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"k6report/internal/analyze"
	"k6report/internal/config"
)

// trends are made-up histories of one gate.
type trends struct {
	output
	series int
	seed   uint64
}

func trendCommand(ctx context.Context, args []string, log io.Writer) (string, output, error) {
	var t trends
	f := flag.NewFlagSet("trend", flag.ContinueOnError)
	t.flags(f, "trend")
	f.IntVar(&t.series, "series", 2000, "made-up `series` of each kind")
	f.Uint64Var(&t.seed, "seed", 1, "of the random numbers")
	if err := parse(f, args, log); err != nil {
		return "", t.output, err
	}
	heading := fmt.Sprintf("Printed by `make stats`: `stats trend -series %d -seed %d`.\n", t.series, t.seed)
	text, err := sections(ctx, heading, t.stationary, t.steps, t.soon)
	return text, t.output, err
}

// past is how a made-up history scatters and where it changes.
type past struct {
	runs  int
	sd    float64 // of ln(value)
	heavy bool    // Student's t with 4 degrees of freedom
	memo  float64 // what a run keeps of the deviation of the one before
	at    int     // the first run after the step; 0: there is none
	step  float64 // of ln(value)
}

// found is what the very code of k6report trend makes of a history: the runs at
// which it changed.
func (p past) found(rng *rand.Rand) []int {
	m := model{heavy: p.heavy}
	runs := make([]analyze.PastRun, p.runs)
	last := m.noise(rng)
	for i := range runs {
		last = p.memo*last + math.Sqrt(1-p.memo*p.memo)*m.noise(rng)
		y := p.sd * last
		if p.at > 0 && i >= p.at {
			y += p.step
		}
		runs[i].Values = []analyze.GateValue{{Metric: "http_req_duration", Statistic: "avg(95)", Value: 20 * math.Exp(y)}}
	}
	statistic, _ := config.ParseStatistic("avg(95)") // which it is
	c := &config.Config{Gates: []config.Gate{{GateKey: config.GateKey{Metric: "http_req_duration", Statistic: statistic}}}}
	var at []int
	for _, series := range analyze.Trend("made up", runs, c).Series {
		for _, change := range series.Changes {
			at = append(at, change.Index)
		}
	}
	return at
}

// many counts the histories of which something holds.
func (t *trends) many(ctx context.Context, cell uint64, p func(rng *rand.Rand) past, holds func(p past, at []int) bool) (int, error) {
	onto := workers()
	counts := make([]int, onto)
	err := onAll(ctx, onto, t.series, func(w, i int) {
		rng := random(t.seed, cell, i)
		if made := p(rng); holds(made, made.found(rng)) {
			counts[w]++
		}
	})
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum, err
}

// shape is a distribution with its name.
type shape struct {
	name  string
	heavy bool
	memo  float64
}

var shapes = []shape{{"normal", false, 0}, {"heavy tails", true, 0}}

// stationary counts changes where there are none.
func (t *trends) stationary(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Trend: histories without a change** (%d a row; %% without a change point, in brackets where the true share lies with 95 %%; goal 99 %%):\n\n", t.series)
	fmt.Fprintln(w, "| noise | spread between runs | runs | no change point | goal |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---|")
	cell := uint64(100)
	for _, s := range append(shapes, shape{"each run keeps 0.3 of the last one's deviation", false, 0.3}) {
		for _, sd := range []float64{0.01, 0.05, 0.15} {
			for _, n := range []int{20, 100, 500} {
				cell++
				still, err := t.many(ctx, cell, func(*rand.Rand) past { return past{runs: n, sd: sd, heavy: s.heavy, memo: s.memo} },
					func(_ past, at []int) bool { return len(at) == 0 })
				if err != nil {
					return err
				}
				verdict := goal(float64(still) >= 0.99*float64(t.series))
				if s.memo > 0 {
					verdict = "none: not independent"
				}
				fmt.Fprintf(w, "| %s | %s %% | %d | %s | %s |\n", s.name, percent(sd), n, rate(still, t.series), verdict)
			}
		}
	}
	return nil
}

// A step of 10 % is three standard deviations between runs.
const tenPercent = 0.0953101798

// steps counts how often a step is located.
func (t *trends) steps(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Trend: a step of 10 %%, three times the spread between runs**, 10 to 40 runs from the beginning and as many from the end (%% of %d histories located within 2 runs; goal 95 %%):\n\n", t.series)
	fmt.Fprintln(w, "| noise | step | runs | exactly | within 2 runs | and nothing else found | goal |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---|")
	cell := uint64(200)
	for _, s := range shapes {
		for _, step := range []float64{tenPercent, -tenPercent} {
			for _, n := range []int{30, 60, 200} {
				cell++
				made := func(rng *rand.Rand) past {
					margin := 10 + rng.IntN(min(n/2-10, 30)+1)
					at := margin + rng.IntN(n-2*margin+1)
					return past{runs: n, sd: tenPercent / 3, heavy: s.heavy, at: at, step: step}
				}
				within := func(p past, at []int, most int) bool {
					for _, i := range at {
						if i >= p.at-most && i <= p.at+most {
							return true
						}
					}
					return false
				}
				var counts [3]int
				for i, holds := range []func(past, []int) bool{
					func(p past, at []int) bool { return within(p, at, 0) },
					func(p past, at []int) bool { return within(p, at, 2) },
					func(p past, at []int) bool { return within(p, at, 2) && len(at) == 1 },
				} {
					var err error
					if counts[i], err = t.many(ctx, cell, made, holds); err != nil {
						return err
					}
				}
				fmt.Fprintf(w, "| %s | %s %% | %d | %s | %s | %s | %s |\n", s.name, map[bool]string{true: "+10", false: "−9.1"}[step > 0], n,
					rate(counts[0], t.series), rate(counts[1], t.series), rate(counts[2], t.series), goal(float64(counts[1]) >= 0.95*float64(t.series)))
			}
		}
	}
	return nil
}

// soon counts how many runs after a step it is found.
func (t *trends) soon(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Trend: how soon**: a step of 10 %% after 45 runs (normal, %% of %d histories in which it is found within 2 runs):\n\n", t.series)
	fmt.Fprintln(w, "| spread between runs | 3 runs after | 5 | 8 | 12 | 20 |")
	fmt.Fprintln(w, "|---:|---:|---:|---:|---:|---:|")
	cell := uint64(300)
	for _, sd := range []float64{0.01, 0.02, tenPercent / 3, 0.05} {
		fmt.Fprintf(w, "| %s %% |", percent(sd))
		for _, after := range []int{3, 5, 8, 12, 20} {
			cell++
			const before = 45
			n, err := t.many(ctx, cell, func(*rand.Rand) past { return past{runs: before + after, sd: sd, at: before, step: tenPercent} },
				func(p past, at []int) bool { return len(at) > 0 && at[len(at)-1] >= p.at-2 && at[len(at)-1] <= p.at+2 })
			if err != nil {
				return err
			}
			fmt.Fprintf(w, " %s |", percent(float64(n)/float64(t.series)))
		}
		fmt.Fprintln(w)
	}
	return nil
}
