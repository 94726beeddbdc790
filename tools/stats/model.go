package main

import (
	"math"
	"math/rand/v2"

	"k6report/internal/analyze"
	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/threshold"
)

// model is how made-up runs scatter.
type model struct {
	runs   int     // of the baseline
	sd     float64 // of ln(statistic) between runs, of every gate on latency
	heavy  bool    // Student's t with 4 degrees of freedom instead of a normal
	mixed  bool    // one run in ten scatters three times as much as the others
	shared float64 // share of the variance that both candidate runs have in common
	// change is the true one of the gates it is of, in ln(statistic).
	change  float64
	changed func(gate int) bool
	gates   []config.Gate // of madeGates
}

// Made-up runs have ten gates: four averages, four p95, the throughput and the
// error rate.
const (
	averages    = 4
	latencies   = 8
	throughput  = 8
	errorRate   = 9
	gates       = 10
	requests    = 2000  // of a run
	failures    = 0.001 // of the requests
	withinShare = 0.5   // the standard error within a run, of the spread between runs
)

// outcome is what became of one made-up report.
type outcome struct {
	first, final []report.Gate // after one run, and with the second if there was one
}

func (o outcome) has(list []report.Gate, verdict string) bool {
	for i := range list {
		if list[i].Verdict == verdict {
			return true
		}
	}
	return false
}

// noise draws a deviation with a standard deviation of 1.
func (m *model) noise(rng *rand.Rand) float64 {
	z := rng.NormFloat64()
	switch {
	case m.mixed:
		const share, wider = 0.1, 3.0
		if rng.Float64() < share {
			z *= wider
		}
		return z / math.Sqrt(1-share+share*wider*wider)
	case !m.heavy:
		return z
	}
	const degrees = 4
	chi := 0.0
	for range degrees {
		x := rng.NormFloat64()
		chi += x * x
	}
	return z / math.Sqrt(chi/degrees) / math.Sqrt(degrees/(degrees-2.0))
}

// report makes up a baseline and a candidate, and judges them as k6report does:
// a second run is made only when the first is suspected of something, or looks
// improved.
func (m *model) report(rng *rand.Rand) outcome {
	inputs := make([]analyze.GateInput, gates)
	second := make([]analyze.GateValue, gates)
	for g := range inputs {
		in := &inputs[g]
		in.Gate = m.gates[g]
		for range m.runs {
			in.Base = append(in.Base, m.value(rng, g, m.noise(rng), 0))
		}
		change := 0.0
		if m.changed != nil && m.changed(g) {
			change = m.change
		}
		common := m.noise(rng)
		mix := func() float64 {
			return math.Sqrt(m.shared)*common + math.Sqrt(1-m.shared)*m.noise(rng)
		}
		in.Candidates = []analyze.GateValue{m.value(rng, g, mix(), change)}
		second[g] = m.value(rng, g, mix(), change)
	}
	first := analyze.Decide(inputs, analyze.Rules{})
	out := outcome{first: first, final: first}
	if !out.has(first, report.GateSuspected) && !out.has(first, report.GateImproved) {
		return out
	}
	for g := range inputs {
		inputs[g].Candidates = append(inputs[g].Candidates, second[g])
	}
	out.final = analyze.Decide(inputs, analyze.Rules{})
	return out
}

func madeGates() []config.Gate {
	var out []config.Gate
	for g := range gates {
		out = append(out, gateOf(g))
	}
	return out
}

func gateOf(g int) config.Gate {
	names := [gates]string{"a", "b", "c", "d", "a", "b", "c", "d"}
	metric, statistic, change := "http_req_duration", "p(95)", config.DefaultSmallestChange
	switch {
	case g < averages:
		statistic = "avg(95)"
	case g == throughput:
		metric, statistic = "http_reqs", "rate"
	case g == errorRate:
		metric, statistic, change = "http_req_failed", "rate", config.DefaultSmallestRise
	}
	s, err := config.ParseStatistic(statistic)
	if err != nil {
		s = config.Statistic{Statistic: threshold.Statistic{Method: threshold.Rate}}
	}
	return config.Gate{GateKey: config.GateKey{Metric: metric, Endpoint: names[g], Statistic: s}, SmallestChange: change}
}

// value makes up a gate of one run.
func (m *model) value(rng *rand.Rand, gate int, noise, change float64) analyze.GateValue {
	v := analyze.GateValue{Count: requests}
	switch gate {
	case errorRate:
		// The rate scatters between runs, too.
		v.Events = poisson(rng, failures*requests*math.Exp(0.3*noise)*math.Exp(change))
		v.Value = float64(v.Events) / requests
	case throughput: // set by the plan, and reached
		v.Value = 100 * math.Exp(0.001*noise+change)
		v.SE = new(float64)
		*v.SE = 0.0005
	default:
		v.Value = 20 * math.Exp(m.sd*noise+change)
		v.SE = new(float64)
		*v.SE = m.sd * withinShare
	}
	return v
}

func poisson(rng *rand.Rand, mean float64) uint64 {
	limit, product, n := math.Exp(-mean), rng.Float64(), uint64(0)
	for product > limit {
		product *= rng.Float64()
		n++
	}
	return n
}
