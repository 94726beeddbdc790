package analyze

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"k6report/internal/component"
	"k6report/internal/run"
)

// foreign is requests of somebody else's server: what its Server-Timing entries
// say of a request, and what the client waited.
type foreign struct {
	endpoint string
	perS     float64
	silent   bool // no entry at all
	request  func(rng *rand.Rand) (waited float64, told times)
}

func foreignRun(list ...foreign) *run.Run {
	const seconds = 30
	m := newRun()
	for n, f := range list {
		rng := rand.New(rand.NewPCG(11, uint64(n)))
		for i := range int(f.perS * seconds) {
			at := float64(i) / f.perS
			waited, told := f.request(rng)
			q := run.Request{Start: t0 + int64(at*1e9), Duration: waited, Total: waited}
			q.Parts[run.ColumnWaiting] = waited
			tags := "scenario=s status=200 expected_response=true method=GET name=" + f.endpoint
			place := m.AddRequest("http", m.tagged(tags), &q)
			m.add("http_req_duration", tags, at+waited/1000, waited)
			m.add("http_reqs", tags, at+waited/1000, 1)
			first := true
			for _, entry := range sortedKeys(told) {
				if f.silent {
					break
				}
				metric := timingPrefix + entry + timingSuffix
				m.Define(run.Metric{Name: metric, Type: run.Trend, Contains: "time"})
				m.Join(place, metric, told[entry], first)
				m.add(metric, "scenario=s endpoint="+f.endpoint, at+waited/1000, told[entry])
				first = false
			}
		}
	}
	return m.Finish()
}

// shop is a server with names of its own: sql, cache, render and a total.
func shop(more times, scale float64, total bool) func(*rand.Rand) (float64, times) {
	return func(rng *rand.Rand) (float64, times) {
		told := times{"sql": noisy(rng, 4), "cache": noisy(rng, 1), "render": noisy(rng, 3)}
		for name, ms := range more {
			told[name] += noisy(rng, ms)
		}
		sum := told["untold"]
		delete(told, "untold")
		for _, name := range sortedKeys(told) {
			sum += told[name]
		}
		for name := range told {
			told[name] *= scale
		}
		if total {
			told["total"] = sum * scale
		}
		return sum + noisy(rng, 1), told
	}
}

const shopNames = `components: [{match: sql, component: database}, {match: cache, component: database, part: cache}, {match: render, component: graph}]`

// Engines of other make: the answers are right, or honestly none.
func TestServersOfOtherMake(t *testing.T) {
	one := func(f func(*rand.Rand) (float64, times)) *run.Run {
		return foreignRun(foreign{endpoint: "cart", perS: 40, request: f})
	}
	overlapping := func(more float64) func(*rand.Rand) (float64, times) {
		return func(rng *rand.Rand) (float64, times) {
			sql, render := noisy(rng, 6+more), noisy(rng, 6) // side by side
			all := max(sql, render)
			return all + 1, times{"sql": sql, "render": render, "total": all}
		}
	}
	silent := func(perS, ms float64) foreign {
		return foreign{endpoint: "static", perS: perS, silent: true, request: func(rng *rand.Rand) (float64, times) { return noisy(rng, ms), nil }}
	}
	cart := func(more times) foreign { return foreign{endpoint: "cart", perS: 40, request: shop(more, 1, true)} }
	renamed := foreign{endpoint: "cart_v2", perS: 40, request: shop(times{"sql": 6}, 1, true)}
	ping := foreign{endpoint: "ping", perS: 5, request: shop(times{"render": 6}, 1, true)}
	slowPing := foreign{endpoint: "ping", perS: 8, request: shop(times{"render": 12}, 1, true)}
	for _, c := range []struct {
		name, yaml     string
		base, slow     *run.Run
		truth, because string // the component, or why there is none
	}{
		{"own names", shopNames, one(shop(nil, 1, true)), one(shop(times{"sql": 6}, 1, true)), component.Database, ""},
		{"own names, another part", shopNames, one(shop(nil, 1, true)), one(shop(times{"render": 6}, 1, true)), component.Graph, ""},
		{"no total", shopNames, one(shop(nil, 1, false)), one(shop(times{"sql": 6}, 1, false)), component.Database, ""},
		{"no total, slow elsewhere", shopNames, one(shop(nil, 1, false)), one(shop(times{"untold": 6}, 1, false)), "", "in no component"},
		{"slow where nothing is timed", shopNames, one(shop(nil, 1, true)), one(shop(times{"untold": 6}, 1, true)), "", "in no component"},
		{"half of the names mapped", `components: [{match: sql, component: database}]`, one(shop(nil, 1, true)), one(shop(times{"render": 6}, 1, true)), "", "in no component"},
		{"microseconds", shopNames, one(shop(nil, 1000, true)), one(shop(times{"sql": 6}, 1000, true)), "", "exceed what clients waited"},
		{"seconds", shopNames, one(shop(nil, 0.001, true)), one(shop(times{"sql": 6}, 0.001, true)), "", "in milliseconds"},
		{"seconds since yesterday", shopNames, one(shop(nil, 1, true)), one(shop(nil, 0.001, true)), "", "may be none"},
		{"work side by side, timed twice", shopNames, one(overlapping(0)), one(overlapping(6)), "", "exceed what clients waited"},
		{"an endpoint without times", shopNames, foreignRun(cart(nil), silent(10, 2)), foreignRun(cart(times{"sql": 6}), silent(10, 2)), "", "known of 80 %"},
		{"a seldom endpoint without times", shopNames, foreignRun(cart(nil), silent(2, 2)), foreignRun(cart(times{"sql": 6}), silent(2, 2)), component.Database, ""},
		{"a seldom endpoint without times is what is slow", shopNames, foreignRun(cart(nil), silent(2, 2)), foreignRun(cart(nil), silent(2, 200)), "", "in no component"},
		{"times since yesterday", shopNames, foreignRun(foreign{endpoint: "cart", perS: 40, silent: true, request: shop(nil, 1, true)}), one(shop(times{"sql": 6}, 1, true)), "", "like isn't held against like"},
		{"the endpoint has another name now", shopNames, foreignRun(cart(nil), ping), foreignRun(renamed, slowPing), "", "endpoints that both sides have"},
		{"more of an expensive endpoint", shopNames, foreignRun(cart(nil), ping), foreignRun(foreign{"cart", 20, false, shop(nil, 1, true)}, foreign{"ping", 20, false, shop(times{"render": 6}, 1, true)}), "", "may be none"},
	} {
		a, _ := explained(t, c.slow, c.yaml, held{baseline: []*run.Run{c.base}, direct: true})
		named := ""
		if len(a.Bottlenecks) == 1 {
			named = a.Bottlenecks[0].Component
		}
		if len(a.Bottlenecks) > 1 || named != c.truth || !strings.Contains(a.Reason, c.because) {
			t.Errorf("%s: %s %v: %s; want %q %q", c.name, a.Status, a.Bottlenecks, a.Reason, c.truth, c.because)
		}
		sum := 0.0
		for _, part := range a.Components {
			sum += part.Share
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: shares add up to %v", c.name, sum)
		}
	}
}
