package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"strings"
)

// simulation is what is made up.
type simulation struct {
	output
	reports int
	seed    uint64
}

func simulateCommand(ctx context.Context, args []string, log io.Writer) (string, output, error) {
	var s simulation
	f := flag.NewFlagSet("simulate", flag.ContinueOnError)
	s.flags(f, "simulate")
	f.IntVar(&s.reports, "reports", 10_000, "made-up `reports` of each kind")
	f.Uint64Var(&s.seed, "seed", 1, "of the random numbers")
	if err := parse(f, args, log); err != nil {
		return "", s.output, err
	}
	heading := fmt.Sprintf("Printed by `make stats`: `stats simulate -reports %d -seed %d`.\n", s.reports, s.seed)
	text, err := sections(ctx, heading, s.falseAlarms, s.power, s.bounds, s.symmetry, s.overload)
	return text, s.output, err
}

// many makes up reports.
func (s *simulation) many(ctx context.Context, m model, cell uint64) (tally, error) {
	m.gates = madeGates()
	onto := workers()
	parts := make([]tally, onto)
	err := onAll(ctx, onto, s.reports, func(w, i int) { parts[w].count(&m, m.report(random(s.seed, cell, i))) })
	var all tally
	for _, p := range parts {
		all.add(p)
	}
	return all, err
}

var spreads = []float64{0.005, 0.01, 0.015, 0.02, 0.035, 0.05}

// falseAlarms are those of unchanged builds.
func (s *simulation) falseAlarms(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Unchanged builds** (10 gates, %d reports a row; %% of reports, in brackets where the true share lies with 95 %%):\n\n", s.reports)
	fmt.Fprintln(w, "| noise | baselines | worst spread between runs | confirmed regressions | suspicions | goal |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	kinds := []struct {
		name  string
		noise model
		most  float64
	}{
		{"normal", model{}, 0.01},
		{"heavy tails (Student's t, 4 degrees)", model{heavy: true}, 0.01},
		{"heavy tails (one run in ten three times as far off)", model{mixed: true}, 0.01},
		{"half of it shared by both candidate runs", model{shared: 0.5}, 0.02},
	}
	cell := uint64(1)
	for _, k := range kinds {
		for _, runs := range []int{5, 8} {
			var worst, suspected tally
			at := 0.0
			for _, sd := range spreads {
				m := k.noise
				m.runs, m.sd = runs, sd
				t, err := s.many(ctx, m, cell)
				if err != nil {
					return err
				}
				cell++
				if worst.of == 0 || t.regressed > worst.regressed {
					worst, at = t, sd
				}
				if t.suspected >= suspected.suspected {
					suspected = t
				}
			}
			met := float64(worst.regressed) <= k.most*float64(worst.of) && float64(suspected.suspected) <= 0.1*float64(suspected.of)
			fmt.Fprintf(w, "| %s | %d | %s %% | %s | %s | ≤ %s, ≤ 10: %s |\n", k.name, runs, percent(at), rate(worst.regressed, worst.of), rate(suspected.suspected, suspected.of), percent(k.most), goal(met))
		}
	}
	fmt.Fprintf(w, "\nEach row is the worst of true spreads between runs of %s %%.\n", joinPercent(spreads))
	return nil
}

func joinPercent(list []float64) string {
	var parts []string
	for _, v := range list {
		parts = append(parts, percent(v))
	}
	return strings.Join(parts, ", ")
}

// power is how often a build that is 10 % slower is found.
func (s *simulation) power(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Builds that are 10 %% slower** on one endpoint (its average and p95; confirmed by a second run, %% of %d reports):\n\n", s.reports)
	fmt.Fprintln(w, "| spread between runs | 5 baselines | 8 baselines | goal |")
	fmt.Fprintln(w, "|---|---|---|---|")
	goals := map[float64][2]float64{0.01: {0.75, 0.95}, 0.015: {0.55, 0.90}}
	cell := uint64(1000)
	for _, sd := range []float64{0.01, 0.015, 0.02, 0.035} {
		line := fmt.Sprintf("| %s %% ", percent(sd))
		met := true
		for i, runs := range []int{5, 8} {
			t, err := s.many(ctx, model{runs: runs, sd: sd, change: math.Log(1.1), changed: func(g int) bool { return g == 0 || g == averages }}, cell)
			if err != nil {
				return err
			}
			cell++
			if least, ok := goals[sd]; ok {
				met = met && float64(t.changed) >= least[i]*float64(t.of)
			}
			line += "| " + rate(t.changed, t.of) + " "
		}
		text := "–"
		if least, ok := goals[sd]; ok {
			text = fmt.Sprintf("≥ %.0f, %.0f: %s", 100*least[0], 100*least[1], goal(met))
		}
		fmt.Fprintln(w, line+"| "+text+" |")
	}
	fmt.Fprintf(w, "\nThe same with the p95 alone slower:\n\n| spread between runs | 5 baselines | 8 baselines |\n|---|---|---|\n")
	for _, sd := range []float64{0.01, 0.015, 0.02} {
		line := fmt.Sprintf("| %s %% ", percent(sd))
		for _, runs := range []int{5, 8} {
			t, err := s.many(ctx, model{runs: runs, sd: sd, change: math.Log(1.1), changed: func(g int) bool { return g == averages }}, cell)
			if err != nil {
				return err
			}
			cell++
			line += "| " + rate(t.changed, t.of) + " "
		}
		fmt.Fprintln(w, line+"|")
	}
	return nil
}

// bounds is how often the change lies under what is said to be excluded.
func (s *simulation) bounds(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**The bound** above which a change is excluded holds in 95 %% of cases (8 gates of %d reports a cell, half of them 4 %% slower; goal 95 ± 2):\n\n", s.reports)
	fmt.Fprintln(w, "| spread between runs | 5 baselines | 8 baselines | 8, heavy tails | goal |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	cell := uint64(2000)
	for _, sd := range spreads {
		line := fmt.Sprintf("| %s %% ", percent(sd))
		met := true
		for _, k := range []struct {
			runs  int
			heavy bool
		}{{5, false}, {8, false}, {8, true}} {
			t, err := s.many(ctx, model{runs: k.runs, sd: sd, heavy: k.heavy, change: math.Log(1.04), changed: func(g int) bool { return g%2 == 0 && g < latencies }}, cell)
			if err != nil {
				return err
			}
			cell++
			share := float64(t.held) / float64(t.bounds)
			met = met && math.Abs(share-0.95) <= 0.02
			line += "| " + percent(share) + " "
		}
		fmt.Fprintln(w, line+"| "+goal(met)+" |")
	}
	return nil
}

// symmetry holds improvements against regressions of the same size.
func (s *simulation) symmetry(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\n**Improvements mirror regressions** (two runs, %% of %d reports):\n\n", s.reports)
	fmt.Fprintln(w, "| true change | spread | 5 baselines: regressed | improved | 8 baselines: regressed | improved | goal |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	cell := uint64(3000)
	for _, k := range []struct{ change, sd float64 }{{0, 0.02}, {math.Log(1.1), 0.01}, {math.Log(1.1), 0.02}} {
		line := fmt.Sprintf("| × or ÷ %.2g | %s %% ", math.Exp(k.change), percent(k.sd))
		met := true
		for _, runs := range []int{5, 8} {
			of := func(sign float64) (tally, error) {
				cell++
				return s.many(ctx, model{runs: runs, sd: k.sd, change: sign * k.change, changed: func(g int) bool { return g < latencies }}, cell)
			}
			up, err := of(1)
			if err != nil {
				return err
			}
			down, err := of(-1)
			if err != nil {
				return err
			}
			a, b := float64(up.changed)/float64(up.of), float64(down.changedBetter)/float64(down.of)
			// Within three standard errors of the difference.
			met = met && math.Abs(a-b) <= 3*math.Sqrt((a*(1-a)+b*(1-b))/float64(s.reports))+1/float64(s.reports)
			line += "| " + rate(up.changed, up.of) + " | " + rate(down.changedBetter, down.of) + " "
		}
		fmt.Fprintln(w, line+"| alike: "+goal(met)+" |")
	}
	return nil
}
