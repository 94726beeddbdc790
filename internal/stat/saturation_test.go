package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"k6report/internal/stat"
)

func TestScalabilityFindsItsOwnCurve(t *testing.T) {
	want := stat.Scalability{Lambda: 40, Sigma: 0.03, Kappa: 0.0005}
	var points []stat.LoadPoint
	for _, n := range []float64{1, 2, 4, 8, 16, 32, 48, 64, 96} {
		points = append(points, stat.LoadPoint{Concurrency: n, Throughput: want.Throughput(n)})
	}
	got, ok := stat.FitScalability(points)
	if !ok || math.Abs(got.Lambda/want.Lambda-1) > 1e-6 || math.Abs(got.Sigma-want.Sigma) > 1e-6 || math.Abs(got.Kappa-want.Kappa) > 1e-8 {
		t.Fatalf("fit %+v (%v), want %+v", got, ok, want)
	}
	if peak := got.Peak(); math.Abs(peak-math.Sqrt(0.97/0.0005)) > 0.01 {
		t.Errorf("peak at %g", peak)
	}
	// One level that went wrong doesn't bend the curve.
	points[4].Throughput *= 0.5
	if got, _ := stat.FitScalability(points); math.Abs(got.Peak()/want.Peak()-1) > 0.05 {
		t.Errorf("peak at %g with an odd point, want %g", got.Peak(), want.Peak())
	}
}

// Intervals of 95 % hold the truth about as often as they say, with many levels and
// with the fewest that are fitted.
func TestScalabilityIntervalsHoldTheTruth(t *testing.T) {
	truth := stat.Scalability{Lambda: 40, Sigma: 0.03, Kappa: 0.0005} // peak at N = 44
	const tries = 200
	for _, tc := range []struct {
		at    []float64
		noise float64
	}{
		{[]float64{1, 2, 4, 8, 16, 24, 32, 48, 64, 96}, 0.02},
		{[]float64{1, 4, 16, 32, 64, 96}, 0.05},
	} {
		rng := rand.New(rand.NewPCG(3, 0))
		held := map[string]int{}
		var widths []float64
		for range tries {
			var points []stat.LoadPoint
			for _, n := range tc.at {
				points = append(points, stat.LoadPoint{Concurrency: n, Throughput: truth.Throughput(n) * math.Exp(tc.noise*rng.NormFloat64())})
			}
			fit, ok := stat.FitScalability(points)
			if !ok {
				t.Fatal("no fit")
			}
			i, ok := stat.BootstrapScalability(rng, points, fit, 200)
			if !ok {
				t.Fatal("no intervals")
			}
			for name, of := range map[string]struct {
				interval [2]float64
				truth    float64
			}{"sigma": {i.Sigma, truth.Sigma}, "kappa": {i.Kappa, truth.Kappa}, "peak": {i.Peak, truth.Peak()}} {
				if of.interval[0] <= of.truth && of.truth <= of.interval[1] {
					held[name]++
				}
			}
			widths = append(widths, i.Peak[1]/i.Peak[0])
		}
		slices.Sort(widths)
		t.Logf("%d levels, %g of noise: %v of %d hold it; the peak's high bound is %.2f times its low one", len(tc.at), tc.noise, held, tries, stat.Quantile(widths, 0.5))
		for name, n := range held {
			if n < tries*92/100 { // two standard errors under 95 %
				t.Errorf("%d levels, %g of noise: %d of %d intervals hold %s", len(tc.at), tc.noise, n, tries, name)
			}
		}
		if len(tc.at) == 10 && stat.Quantile(widths, 0.5) > 1.2 {
			t.Errorf("intervals of the peak are as wide as %.2f times", stat.Quantile(widths, 0.5))
		}
	}
}

func TestNoPeakWithoutCoherency(t *testing.T) {
	linear := stat.Scalability{Lambda: 10}
	var points []stat.LoadPoint
	for n := 1.0; n < 10; n++ {
		points = append(points, stat.LoadPoint{Concurrency: n, Throughput: linear.Throughput(n)})
	}
	got, ok := stat.FitScalability(points)
	if !ok || !math.IsInf(got.Peak(), 1) && got.Peak() < 1e4 {
		t.Errorf("%+v has a peak at %g", got, got.Peak())
	}
	if _, ok := stat.FitScalability(points[:2]); ok {
		t.Error("two points have a fit")
	}
	if _, ok := stat.FitScalability([]stat.LoadPoint{{1, 1}, {2, 0}, {3, 1}}); ok {
		t.Error("no throughput at all has a fit")
	}
}

// A series that only rises has S = n(n−1)/2, and Kendall's variance by hand.
func TestTrendAgainstTheTextbook(t *testing.T) {
	times, values := make([]float64, 12), []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for i := range times {
		times[i] = float64(i)
	}
	got := stat.FindTrend(times, values)
	// S = 66, Var = 12·11·29/18 = 212.67, z = 65/14.583 = 4.457: p = 8.3e-6.
	if math.Abs(got.P-8.3e-6) > 0.1e-6 || got.Slope != 1 || got.Start != 1 {
		t.Errorf("%+v", got)
	}
	long := make([]float64, 200)
	for i := range long {
		long[i] = float64(i)
	}
	if got := stat.FindTrend(long, long); !(got.P > 0 && got.P < 1e-50) {
		t.Errorf("what only rises for long has P = %v, which is small and not 0", got.P)
	}
	for i := range values {
		values[i] = 5
	}
	if got := stat.FindTrend(times, values); got.P != 1 || got.Slope != 0 {
		t.Errorf("a constant has the trend %+v", got)
	}
	if got := stat.FindTrend(times[:5], values[:5]); !math.IsNaN(got.P) {
		t.Errorf("five values have the trend %+v", got)
	}
}

// Autocorrelated noise without a trend is called one no more often than the
// level of the test says, which without the correction is far from true.
func TestTrendOfNoiseIsNone(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	found := 0
	const tries = 400
	for range tries {
		times, values := make([]float64, 60), make([]float64, 60)
		last := 0.0
		for i := range values {
			last = 0.5*last + rng.NormFloat64()
			times[i], values[i] = float64(i), last
		}
		if stat.FindTrend(stat.Decorrelate(times, values)).P < 0.01 {
			found++
		}
	}
	t.Logf("%d of %d", found, tries)
	if found > tries/20 {
		t.Errorf("%d of %d series of noise have a trend at 0.01", found, tries)
	}
	times, values := make([]float64, 60), make([]float64, 60)
	for i := range values {
		times[i], values[i] = float64(i), 100+0.3*float64(i)+rng.NormFloat64()
	}
	if got := stat.FindTrend(times, values); got.P > 1e-6 || math.Abs(got.Slope-0.3) > 0.02 {
		t.Errorf("a trend of 0.3 is %+v", got)
	}
}

// What rises with time on both sides is no relation; what follows beside it is,
// also where neighbours resemble each other.
func TestRelationBesideTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	const tries, n = 300, 60
	found, related := 0, 0
	for range tries {
		times, x, y := make([]float64, n), make([]float64, n), make([]float64, n)
		with := make([]float64, n)
		lastX, lastY := 0.0, 0.0
		for i := range n {
			lastX, lastY = 0.5*lastX+rng.NormFloat64(), 0.5*lastY+rng.NormFloat64()
			times[i], x[i], y[i] = float64(i), float64(i)+lastX, 3*float64(i)+lastY
			with[i] = y[i] + 2*lastX
		}
		if r, _ := stat.FindRelation(times, x, y); r.P < 0.01 {
			found++
		}
		if r, _ := stat.FindRelation(times, x, with); r.P < 0.01 && math.Abs(r.Slope-2) < 1 {
			related++
		}
	}
	t.Logf("%d of %d series that only rise together, %d that are related", found, tries, related)
	if found > tries/20 || related < tries*9/10 {
		t.Errorf("%d of %d series that only rise together have a relation, %d of those with one", found, tries, related)
	}
	// A step and nothing else, with a span; and what doesn't vary.
	times, x, y := make([]float64, 30), make([]float64, 30), make([]float64, 30)
	for i := range times {
		times[i], y[i] = float64(i), 0.01*rng.NormFloat64()
		if i >= 10 && i < 20 {
			x[i], y[i] = 5, y[i]+10
		}
	}
	if r, span := stat.FindRelation(times, x, y); !(r.P < 0.01) || math.Abs(r.Slope-2) > 0.1 || math.Abs(span-5) > 0.5 {
		t.Errorf("a step of 5 that brings 10: %+v over %g", r, span)
	}
	if r, span := stat.FindRelation(times, times, y); !math.IsNaN(r.P) && r.P < 0.01 && span > 1e-9 {
		t.Errorf("nothing but time: %+v over %g", r, span)
	}
}
