package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/stat"
)

// All kinds of noise have the standard deviation that they claim.
func TestNoise(t *testing.T) {
	for name, m := range map[string]model{"normal": {}, "heavy": {heavy: true}, "mixed": {mixed: true}} {
		rng := rand.New(rand.NewPCG(1, 1))
		sum, squares := 0.0, 0.0
		const n = 400_000
		for range n {
			x := m.noise(rng)
			sum, squares = sum+x, squares+x*x
		}
		if mean, sd := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.01 || math.Abs(sd-1) > 0.03 {
			t.Errorf("%s: mean %v, standard deviation %v", name, mean, sd)
		}
	}
}

// The same seed gives the same figures, however many processors there are.
func TestSameFigures(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want string
	for _, processors := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(processors)
		s := simulation{reports: 40, seed: 5}
		tr := trends{series: 10, seed: 5}
		ta := tails{samples: 500, seed: 5}
		counts, err := s.many(t.Context(), model{runs: 5, sd: 0.05, heavy: true}, 7)
		if err != nil {
			t.Fatal(err)
		}
		changes, err := tr.many(t.Context(), 7, func(*rand.Rand) past { return past{runs: 30, sd: 0.05, at: 15, step: 0.2} },
			func(_ past, at []int) bool { return len(at) == 1 })
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%+v %d %s", counts, changes, ta.law(t.Context(), 5))
		if want == "" {
			want = got
		}
		if got != want || counts.of != 40 || changes < 5 {
			t.Errorf("%d processors: %s, want %s", processors, got, want)
		}
	}
}

// Results replace what stands between the marks of their part, and no more.
func TestRewrite(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	const before = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n"
	if err := os.WriteFile(page, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (output{page, "x"}).rewrite(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if want := "a\n<!-- x:begin -->\n\nnew\n<!-- x:end -->\nb\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if err := (output{page, "y"}).rewrite(t.Context(), "new"); err == nil {
		t.Error("a page without the marks is rewritten")
	}
}

func TestDispatch(t *testing.T) {
	if err := dispatch(t.Context(), nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "simulate") {
		t.Errorf("without a subcommand: %v", err)
	}
	var out bytes.Buffer
	if err := dispatch(t.Context(), []string{"tails", "-samples", "2000"}, &out, io.Discard); err != nil || strings.Count(out.String(), "\n") != 13 {
		t.Errorf("%v\n%s", err, &out)
	}
	if err := dispatch(t.Context(), []string{"simulate", "more"}, io.Discard, io.Discard); err == nil {
		t.Error("an argument is taken")
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0.0", 0.00001: "< 0.01", 0.00006: "0.01", 0.0014: "0.14", 0.0099: "0.99", 0.00994: "0.99", 0.00996: "1.0",
		0.0714: "7.1", 0.5: "50.0", 1: "100.0",
	} {
		if got := percent(share); got != want {
			t.Errorf("%g is shown as %s, want %s", share, got, want)
		}
	}
	if got := percent(math.NaN()); got != "–" {
		t.Errorf("a share of nothing is shown as %s", got)
	}
	if got := rate(0, 0); got != "–" {
		t.Errorf("none of none is shown as %s", got)
	}
}

// TestPromise: by definition a change as large as what is detectable is suspected
// 4 times in 5, and what is printed says so.
func TestPromise(t *testing.T) {
	for _, n := range []int{5, 8} {
		g := &report.Gate{Detectable: new(0.12), Noise: new(0.02)}
		if got := promise(g, n, math.Log1p(0.12)); math.Abs(got-0.8) > 1e-9 {
			t.Errorf("%d baselines: the chance of what is detectable is %v", n, got)
		}
		if none, much := promise(g, n, 0), promise(g, n, 1); none > 0.05 || much < 0.999 {
			t.Errorf("%d baselines: chances of no change %v, of a large one %v", n, none, much)
		}
	}
}

// TestOnAll: every number has its turn, also when the processors change.
func TestOnAll(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const n = 100
	var seen [n]int
	err := onAll(t.Context(), 4, n, func(_, i int) {
		runtime.GOMAXPROCS(1 + i%3)
		seen[i]++
	})
	for i, times := range seen {
		if times != 1 || err != nil {
			t.Fatalf("%d had %d turns; %v", i, times, err)
		}
	}
}

// TestMethodSaysTheT: the t of the page are those that verdicts use.
func TestMethodSaysTheT(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "method.md"))
	if err != nil {
		t.Fatal(err)
	}
	const runs = 8
	far := stat.PredictionQuantile(0.99, runs-1)
	want := fmt.Sprintf("t has to be above %.2f, not only above %.2f", far, stat.StudentQuantile(0.99, runs-1))
	off := fmt.Sprintf("the run must lie %.2f standard deviations from the mean", far*math.Sqrt(1+1.0/runs))
	text := strings.Join(strings.Fields(string(page)), " ")
	if !strings.Contains(text, want) || !strings.Contains(text, off) {
		t.Errorf("the page doesn't say %q and %q", want, off)
	}
}
