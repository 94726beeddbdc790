package analyze

import (
	"math"
	"slices"
	"testing"

	"k6report/internal/report"
)

func TestSharesOfADistribution(t *testing.T) {
	var d distribution
	for _, v := range []float64{1, 2, 4, 10} {
		d.add(v, 25)
	}
	if got, want := d.shares(report.Points{0.5, 1, 3, 4, 9.99, 10}), (report.Points{0, 0.25, 0.5, 0.75, 0.75, 1}); !slices.Equal(got, want) {
		t.Errorf("shares are %v, want %v", got, want)
	}
	x := latencies([]distribution{d, {values: []float64{0, 100}}})
	if len(x) != distributionPoints || x[0] != 1 || x[len(x)-1] != 100 || !slices.IsSorted(x) {
		t.Errorf("latencies run from %v to %v", x[0], x[len(x)-1])
	}
	if ratio, first := x[100]/x[99], x[1]/x[0]; math.Abs(ratio-first) > 2e-3 {
		t.Errorf("the steps are %v and %v", first, ratio)
	}
	if x := latencies([]distribution{{values: []float64{0, 3}}}); x != nil {
		t.Errorf("one latency makes a scale: %v", x)
	}
}

func TestDistributionOfComparedRuns(t *testing.T) {
	b := baselineOf(3, nil)
	alone := Analyze(comparableRun(10, nil), Options{}).Chart(report.ChartDistribution)
	if alone == nil || len(alone.Series) != 1 || alone.Endpoint != "" {
		t.Fatalf("of a run by itself: %+v", alone)
	}
	// Half of the requests take 10 ms, the others 30 ms.
	i, _ := slices.BinarySearch(alone.X, 18)
	if got := alone.Series[0].Y[i]; math.Abs(got-0.5) > 0.01 {
		t.Errorf("%v of the requests took up to 18 ms, want half", got)
	}
	if y := alone.Series[0].Y; !slices.IsSorted(y) || y[len(y)-1] != 1 {
		t.Error("the share does not rise to all requests")
	}
	same := Analyze(comparableRun(10, nil), Options{Baseline: b}).Chart(report.ChartDistribution)
	if same == nil || len(same.Series) != 2 || same.Series[1].Name != "baseline" || same.Endpoint != "" {
		t.Errorf("of the same build: %+v", same)
	}
	slow := slower("order", 1.5)
	worse := Analyze(comparableRun(10, slow), Options{Baseline: b, Rerun: comparableRun(11, slow)}).Chart(report.ChartDistribution)
	if worse == nil || worse.Endpoint != "order" || len(worse.Series) != 2 {
		t.Fatalf("of a slower endpoint: %+v", worse)
	}
	i, _ = slices.BinarySearch(worse.X, 36)
	if now, before := worse.Series[0].Y[i], worse.Series[1].Y[i]; now > 0.2 || before < 0.8 {
		t.Errorf("up to 36 ms took %v now, %v before", now, before)
	}
}
