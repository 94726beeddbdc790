package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k6report/internal/analyze"
	"k6report/internal/report"
	"k6report/internal/run"
	"k6report/internal/stat"
)

// endpoint is the gated one of the real runs.
const endpoint = "execute_workflow"

// realRun is a run of the engine.
type realRun struct {
	name string
	run  *run.Run
}

func judgeCommand(_ context.Context, args []string, log io.Writer) (string, output, error) {
	var dir string
	var o output
	f := flag.NewFlagSet("judge", flag.ContinueOnError)
	o.flags(f, "runs")
	f.StringVar(&dir, "dir", "results/stats", "`folder` of the snapshots")
	if err := parse(f, args, log); err != nil {
		return "", o, err
	}
	unchanged, slowed, err := readRuns(dir)
	if err != nil {
		return "", o, err
	}
	if len(unchanged) < 7 {
		return "", o, fmt.Errorf("judge %s: it holds %d runs of the unchanged engine, too few; `stats runs` makes them", dir, len(unchanged))
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Printed by `make stats-runs`: `stats judge`, of %d runs of the unchanged engine", len(unchanged))
	for _, factor := range slices.Sorted(maps.Keys(slowed)) {
		fmt.Fprintf(&out, ", %d at `slow=%s`", len(slowed[factor]), factor)
	}
	first := analyze.Analyze(unchanged[0].run, analyze.Options{})
	fmt.Fprintf(&out, " (%s of %.0f s each).\n", plural(*first.Run.Load.Requests, "request", "requests"), *first.Run.DurationS)
	judgeUnchanged(&out, unchanged)
	judgeSlowed(&out, unchanged, slowed)
	return out.String(), o, nil
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func readRuns(dir string) (unchanged []realRun, slowed map[string][]realRun, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.k6run"))
	if err != nil || len(names) == 0 {
		return nil, nil, fmt.Errorf("read %s: there is no run; `stats runs` makes them", dir)
	}
	slowed = make(map[string][]realRun)
	slices.Sort(names)
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read the run: %w", err)
		}
		r, err := run.Decode(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
		_, after, isSlow := strings.Cut(filepath.Base(name), "-slow-")
		factor, _, _ := strings.Cut(after, "-")
		if isSlow {
			slowed[factor] = append(slowed[factor], realRun{name, r})
		} else {
			unchanged = append(unchanged, realRun{name, r})
		}
	}
	return unchanged, slowed, nil
}

// compared judges a candidate as k6report analyze does.
func compared(base []realRun, candidate *run.Run, second *run.Run) *report.Report {
	b := &analyze.Baseline{Name: "main"}
	for _, r := range base {
		b.Runs = append(b.Runs, r.run)
	}
	r := analyze.Analyze(candidate, analyze.Options{Baseline: b})
	if second != nil && holds(r, report.GateSuspected) {
		return analyze.Analyze(candidate, analyze.Options{Baseline: b, Rerun: second})
	}
	return r
}

func holds(r *report.Report, verdict string) bool {
	return r.Comparison != nil && slices.ContainsFunc(r.Comparison.Gates, func(g report.Gate) bool { return g.Verdict == verdict })
}

func judgeUnchanged(w io.Writer, runs []realRun) {
	fmt.Fprintf(w, "\n**Unchanged engine**: each run against the 5 or 8 before it, the next one as its second run.\n\n")
	fmt.Fprintln(w, "| baselines | comparisons | suspected by the first run | confirmed regressions | spread between runs: average, p95 |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, n := range []int{5, 8} {
		of, suspected, regressed := 0, 0, 0
		spreads := make(map[string][]float64)
		for i := n; i+1 < len(runs); i++ {
			of++
			first := compared(runs[i-n:i], runs[i].run, nil)
			if holds(first, report.GateSuspected) {
				suspected++
			}
			if holds(compared(runs[i-n:i], runs[i].run, runs[i+1].run), report.GateRegressed) {
				regressed++
			}
			for _, g := range first.Comparison.Gates {
				if g.Endpoint == endpoint && g.BaselineSpread != nil {
					spreads[g.Statistic] = append(spreads[g.Statistic], *g.BaselineSpread)
				}
			}
		}
		if of == 0 {
			continue
		}
		fmt.Fprintf(w, "| %d | %d | %d: %s %% | %d: %s %% | %s, %s %% |\n", n, of, suspected, rate(suspected, of), regressed, rate(regressed, of),
			percent(median(spreads["avg(95)"])), percent(median(spreads["p(95)"])))
	}
	fmt.Fprintln(w, "\nIn brackets where the true share lies with 95 %, were the comparisons independent; they share runs.")
}

func median(values []float64) float64 {
	values = slices.Clone(values)
	slices.Sort(values)
	return stat.Quantile(values, 0.5)
}

// judgeSlowed holds how often slowed runs are found against what the printed
// numbers promise.
func judgeSlowed(w io.Writer, unchanged []realRun, slowed map[string][]realRun) {
	fmt.Fprintf(w, "\n**Slowed engine**, the average of the fastest 95 %% of `%s`: how often it is suspected by one run, and how often it should be by what is printed (goal: within 10 points).\n\n", endpoint)
	fmt.Fprintln(w, "| fault | baselines | true change | runs | median detectable | found | should be | confirmed by the next | goal |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|")
	for _, factor := range slices.Sorted(maps.Keys(slowed)) {
		runs := slowed[factor]
		for _, n := range []int{5, 8} {
			if len(runs) == 0 || len(unchanged) < n {
				continue
			}
			fmt.Fprintln(w, slowedRow(factor, n, unchanged, runs))
		}
	}
}

func slowedRow(factor string, n int, unchanged, runs []realRun) string {
	change := math.Log(averageOf(runs) / averageOf(unchanged))
	found, confirmed, promised := 0, 0, 0.0
	var detectable []float64
	for i, r := range runs {
		base := before(unchanged, r.run.Started, n)
		g := gateOfInterest(compared(base, r.run, nil))
		if g == nil || g.Detectable == nil || g.Noise == nil {
			continue
		}
		detectable = append(detectable, *g.Detectable)
		if g.Verdict == report.GateSuspected {
			found++
		}
		promised += promise(g, n, change)
		second := runs[(i+1)%len(runs)].run
		if g := gateOfInterest(compared(base, r.run, second)); second != r.run && g != nil && g.Verdict == report.GateRegressed {
			confirmed++
		}
	}
	of := len(detectable)
	if of == 0 {
		return fmt.Sprintf("| slow=%s | %d | – | 0 | – | – | – | – | – |", factor, n)
	}
	promised /= float64(of)
	met := math.Abs(float64(found)/float64(of)-promised) <= 0.1
	return fmt.Sprintf("| slow=%s | %d | %+.1f %% | %d | %s %% | %d: %s %% | %s %% | %d | %s |", factor, n, 100*math.Expm1(change), of,
		percent(median(detectable)), found, rate(found, of), percent(promised), confirmed, goal(met))
}

// promise is the chance of being suspected that a gate with n baseline runs gives
// a true change, in logarithms: what it prints as detectable has one of 0.8.
func promise(g *report.Gate, n int, change float64) float64 {
	df := float64(n - 1)
	off := *g.Noise * math.Sqrt(1+1/float64(n))
	return stat.StudentTail((math.Log1p(*g.Detectable)-change)/off-stat.StudentQuantile(0.8, df), df)
}

// before are the n unchanged runs before a time, or the first n.
func before(runs []realRun, started int64, n int) []realRun {
	at := 0
	for at < len(runs) && runs[at].run.Started < started {
		at++
	}
	at = max(at, n)
	return runs[at-n : at]
}

func gateOfInterest(r *report.Report) *report.Gate {
	if r.Comparison == nil {
		return nil
	}
	for i := range r.Comparison.Gates {
		if g := &r.Comparison.Gates[i]; g.Endpoint == endpoint && g.Statistic == "avg(95)" {
			return g
		}
	}
	return nil
}

// averageOf is the mean over runs of what the gate compares.
func averageOf(runs []realRun) float64 {
	var logs []float64
	for _, r := range runs {
		for _, v := range analyze.GateValues(r.run, nil) {
			if v.Endpoint == endpoint && v.Statistic == "avg(95)" {
				logs = append(logs, math.Log(v.Value))
			}
		}
	}
	return math.Exp(stat.Mean(logs))
}
