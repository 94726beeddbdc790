package analyze

import (
	"fmt"
	"math"
	"testing"

	"k6report/internal/report"
	"k6report/internal/run"
)

func metricOf(t testing.TB, r *report.Report, name string) report.Values {
	t.Helper()
	for _, m := range r.Run.Metrics {
		if m.Name == name {
			return m.Values
		}
	}
	t.Fatalf("there is no metric %s", name)
	return nil
}

func text(v report.Values) string {
	s := ""
	for _, x := range v {
		s += fmt.Sprintf("%s=%.6g ", x.Name, x.Value)
	}
	return s
}

func TestValuesOfEveryType(t *testing.T) {
	m := newRun()
	m.Define(run.Metric{Name: "cc", Type: run.Counter})
	m.Define(run.Metric{Name: "gg", Type: run.Gauge})
	m.Define(run.Metric{Name: "rr", Type: run.Rate})
	m.Define(run.Metric{Name: "tt", Type: run.Trend, Submetrics: []run.Submetric{{Name: "tt{a:b}", Tags: []run.Tag{{Name: "a", Value: "b"}}}}})
	m.Define(run.Metric{Name: "never", Type: run.Trend})
	m.add("cc", "", 0, 2, 3)
	m.add("cc", "", 10, 5) // the run takes 10 s
	m.add("gg", "", 1, 7)
	m.add("gg", "x=y", 2, 3)
	m.add("rr", "", 1, 1, 1, 1, 0)
	for i := range 101 {
		m.add("tt", "", 1, float64(i))
	}
	m.add("tt", "a=b", 1, 42)
	m.add("tt", "a=bb", 1, 42)
	m.add("what", "", 1, 4)
	r := analyzed(t, m, nil)
	for name, want := range map[string]string{
		"cc":      "count=10 rate=1 ",
		"gg":      "value=3 min=3 max=7 ",
		"rr":      "rate=0.75 passes=3 fails=1 ",
		"tt":      "count=103 avg=49.8447 min=0 med=49 max=100 p(90)=89.8 p(95)=94.9 p(99)=98.98 p(99.9)=99.898 ",
		"tt{a:b}": "count=1 avg=42 min=42 med=42 max=42 p(90)=42 p(95)=42 p(99)=42 p(99.9)=42 ",
		"never":   "",
		"what":    "count=1 avg=4 min=4 med=4 max=4 p(90)=4 p(95)=4 p(99)=4 p(99.9)=4 ",
	} {
		got := metricOf(t, r, name)
		if name == "tt" { // percentiles within 0.1 %
			for _, q := range []struct {
				name string
				want float64
			}{{"med", 49}, {"p(90)", 89.8}, {"p(99.9)", 99.898}} {
				if v, _ := got.Get(q.name); math.Abs(v-q.want) > 0.001*q.want+0.0001 {
					t.Errorf("%s of tt is %g, want %g", q.name, v, q.want)
				}
			}
			continue
		}
		if text(got) != want {
			t.Errorf("%s has %s, want %s", name, text(got), want)
		}
	}
	wantNote(t, r, "metric_type_unknown", report.Warning)
}

func TestGaugesOfSeveralGenerators(t *testing.T) {
	m := newRun()
	for _, instance := range []string{"a", "b"} {
		m.add("vus", "instance="+instance, 1, 50)
		m.add("vus", "instance="+instance, 2, 10)
		m.add("vus_max", "instance="+instance, 2, 60)
	}
	r := analyzed(t, m, nil)
	if got := text(metricOf(t, r, "vus")); got != "value=20 " {
		t.Errorf("vus of two generators: %s, want their sum alone", got)
	}
	wantCount(t, "most VUs", r.Run.Load.VUsMax, 120)
	if y := r.Chart(report.ChartVUs).Series[0].Y; y[0] != 100 || y[1] != 20 {
		t.Errorf("the chart of virtual users has %v", y)
	}
}

// k6 itself spells a submetric in one way in its plan and in another in its
// samples and summary.
func TestSubmetricOfTwoSpellings(t *testing.T) {
	m := newRun().traffic(traffic{to: 2, perS: 10})
	tags := []run.Tag{{Name: "name", Value: "get"}}
	m.Define(run.Metric{Name: "http_reqs", Submetrics: []run.Submetric{{Name: "http_reqs{ name: get }", Tags: tags}, {Name: "http_reqs{name: get}", Tags: tags}}})
	count := 0
	for _, metric := range analyzed(t, m, nil).Run.Metrics {
		if keyOfMetric(metric.Name) == keyOfMetric("http_reqs{name:get}") {
			count++
			if metric.Name != "http_reqs{name: get}" {
				t.Errorf("it is shown as %s", metric.Name)
			}
		}
	}
	if count != 1 {
		t.Errorf("it is shown %d times", count)
	}
}

func TestFewSamples(t *testing.T) {
	for _, tc := range []struct {
		n      int
		marked bool
		note   string
	}{
		{299, true, "p99.9 rests on fewer than 3000 samples in 2 metrics, p99 on fewer than 300 in 2 metrics"},
		{300, false, "p99.9 rests on fewer than 3000 samples in 2 metrics"},
		{2999, false, "p99.9 rests on fewer than 3000 samples in 2 metrics"},
		{3000, false, ""},
	} {
		r := analyzed(t, newRun().traffic(traffic{to: 10, perS: float64(tc.n) / 10}), nil)
		if few := r.Run.Endpoints[0].FewSamples; (len(few) == 1) != tc.marked {
			t.Errorf("%d samples: marked %v", tc.n, few)
		}
		n := noteOf(r, "few_samples")
		if got := n != nil; got != (tc.note != "") {
			t.Errorf("%d samples: note %v", tc.n, n)
		} else if got && n.Message[:len(tc.note)] != tc.note {
			t.Errorf("%d samples: %s", tc.n, n.Message)
		}
	}
}

func TestFewSamplesByPercentile(t *testing.T) {
	for n, want := range map[int]int{29: 3, 30: 2, 59: 2, 60: 1, 299: 1, 300: 0} {
		r := analyzed(t, newRun().traffic(traffic{to: 10, perS: float64(n) / 10}), nil)
		if few := r.Run.Endpoints[0].FewSamples; len(few) != want {
			t.Errorf("%d samples: marked %v, want %d percentiles", n, few, want)
		}
	}
}
