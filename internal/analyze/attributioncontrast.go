package analyze

import (
	"math"
	"math/rand/v2"
	"slices"

	"k6report/internal/run"
	"k6report/internal/stat"
)

// contrast holds a hard case against its reference: mean times by part, in
// milliseconds, over the cells that both have. The reference is weighted with
// the hard case's mix of cells, so that only what changed within cells is left.
//
// a_j = (hard_j − reference_j) / Σ(hard − reference), and Σ a_j = 1.
type contrast struct {
	reference, hard []float64
	// mix is the rest of the difference between the means of all requests, which
	// a different mix of endpoints explains.
	mix float64
	// shared is the share of the hard case's requests that have a reference.
	shared float64
}

func total(parts []float64) float64 {
	sum := 0.0
	for _, p := range parts {
		sum += p
	}
	return sum
}

// change is by how much the time of a request grew, without the mix.
func (c *contrast) change() float64 {
	sum := 0.0
	for i := range c.hard {
		sum += c.hard[i] - c.reference[i]
	}
	return sum
}

// shares is each part's share of the change; nil where nothing changed.
func (c *contrast) shares() []float64 {
	change := c.change()
	if change == 0 {
		return nil
	}
	out := make([]float64, len(c.hard))
	for i := range out {
		out[i] = (c.hard[i] - c.reference[i]) / change
	}
	return out
}

// flat is a sample made ready for being added up many times: each cell of each
// block a row of numbers, the count first.
type flat struct {
	width    int // numbers of a cell, with the count
	segments []flatSegment
	runs     int
}

type flatSegment struct {
	run    int
	blocks []flatBlock
}

type flatBlock struct {
	cells  []int
	values []float64 // width for each of cells
}

// flatten groups the parts: group is the column of each, of so many.
func (s *sample) flatten(group []int, groups int) *flat {
	out := &flat{width: groups + 1, runs: s.runs}
	for _, g := range s.segments {
		to := flatSegment{run: g.run}
		for _, b := range g.blocks {
			block := flatBlock{values: make([]float64, len(b.cells)*out.width)}
			for i := range b.cells {
				c := &b.cells[i]
				block.cells = append(block.cells, c.cell)
				row := block.values[i*out.width:]
				row[0] = c.n
				for j, ms := range c.parts {
					row[1+group[j]] += ms
				}
			}
			to.blocks = append(to.blocks, block)
		}
		out.segments = append(out.segments, to)
	}
	return out
}

// addUp adds the blocks up by cell, each as often as weights says; nil is once.
func (f *flat) addUp(weights [][]float64, sums []float64) {
	clear(sums)
	for i := range f.segments {
		for j := range f.segments[i].blocks {
			w := 1.0
			if weights != nil {
				if w = weights[i][j]; w == 0 {
					continue
				}
			}
			b := &f.segments[i].blocks[j]
			for k, cell := range b.cells {
				from, to := b.values[k*f.width:(k+1)*f.width], sums[cell*f.width:(cell+1)*f.width]
				for x, v := range from {
					to[x] += w * v
				}
			}
		}
	}
}

// contrastOf compares sums by cell. It is false when no cell is in both.
func contrastOf(hard, reference []float64, width int) (contrast, bool) {
	out := contrast{reference: make([]float64, width-1), hard: make([]float64, width-1)}
	shared := 0.0
	var all, from struct{ n, ms float64 }
	for at := 0; at < len(hard); at += width {
		all.n += hard[at]
		from.n += reference[at]
		all.ms += total(hard[at+1 : at+width])
		from.ms += total(reference[at+1 : at+width])
		if hard[at] > 0 && reference[at] > 0 {
			shared += hard[at]
		}
	}
	if shared == 0 {
		return contrast{}, false
	}
	for at := 0; at < len(hard); at += width {
		if hard[at] == 0 || reference[at] == 0 {
			continue
		}
		share := hard[at] / shared
		for j := range out.hard {
			out.hard[j] += share * (hard[at+1+j] / hard[at])
			out.reference[j] += share * (reference[at+1+j] / reference[at])
		}
	}
	out.shared = shared / all.n
	out.mix = all.ms/all.n - from.ms/from.n - out.change()
	return out, true
}

// question is a hard case and its reference, and what holding one against the
// other gives.
type question struct {
	name            string
	where           string // which requests it is asked of, for a sentence: ", in checkout"; empty: all
	hard, reference sample
	cells           *cellIndex
	// How much both sides rest on, before any banding.
	hardSize, referenceSize size
	// Sums by cell, as flat adds them up, the parts apart.
	hardSums, referenceSums []float64

	parts      contrast // by part of the partition
	components contrast // by component, in config's order
	asked      bool     // false: nothing to compare
	apart      bool     // each endpoint is asked about alone, too
	certain    certainty
}

// componentOf is the component's number of each part.
func (p *partition) componentOf() []int {
	out := make([]int, len(p.parts))
	for i, part := range p.parts {
		out[i] = componentRank(part.component)
	}
	return out
}

// inServer says which parts pass in the server, and are known to: of requests without
// any of its times, and until a websocket is open, the network's is in them, too.
func (p *partition) inServer() []bool {
	out := make([]bool, len(p.parts))
	for i, of := range p.componentOf() {
		out[i] = !components[of].Outside && i != partUntimed && i != partAccept
	}
	return out
}

// answer fills in the contrasts.
func (q *question) answer(p *partition) {
	one := make([]int, len(p.parts))
	for i := range one {
		one[i] = i
	}
	h, r := q.hard.flatten(one, len(one)), q.reference.flatten(one, len(one))
	q.hardSize, q.referenceSize = q.hard.size(), q.reference.size()
	q.hardSums = make([]float64, len(q.cells.keys)*h.width)
	q.referenceSums = make([]float64, len(q.hardSums))
	h.addUp(nil, q.hardSums)
	r.addUp(nil, q.referenceSums)
	q.parts, q.asked = q.contrast(one, len(one), nil)
	if q.asked {
		q.components = contrast{
			reference: grouped(q.parts.reference, p.componentOf()), hard: grouped(q.parts.hard, p.componentOf()),
			mix: q.parts.mix, shared: q.parts.shared,
		}
	}
}

// contrast compares by groups of parts; only narrows the cells.
func (q *question) contrast(group []int, groups int, only func(cellKey) bool) (contrast, bool) {
	from, width := len(group)+1, groups+1
	hard, reference := make([]float64, 0, len(q.cells.keys)*width), make([]float64, 0, len(q.cells.keys)*width)
	collect := func(to, sums []float64) []float64 {
		at := len(to)
		to = append(to, make([]float64, width)...)
		to[at] = sums[0]
		for j, ms := range sums[1:from] {
			to[at+1+group[j]] += ms
		}
		return to
	}
	for i, key := range q.cells.keys {
		if only == nil || only(key) {
			hard = collect(hard, q.hardSums[i*from:])
			reference = collect(reference, q.referenceSums[i*from:])
		}
	}
	return contrastOf(hard, reference, width)
}

func grouped(parts []float64, group []int) []float64 {
	out := make([]float64, len(components))
	for i, ms := range parts {
		out[group[i]] += ms
	}
	return out
}

// The bootstrap of attributions: the same seed in each report, so that the same
// input gives the same bytes.
const (
	attributionDraws = 500
	attributionSeed  = 20261126
	// trust is how sure a named component, and the change itself, must be.
	trust = 0.95
)

// bounds are those of a change in milliseconds, at 95 %.
type bounds struct{ low, high float64 }

// holdZero reports whether there may be no change at all: then shares of it are
// shares of noise.
func (b bounds) holdZero() bool { return b.low <= 0 && b.high >= 0 }

func boundsOf(changes []float64) bounds {
	if len(changes) == 0 {
		return bounds{math.Inf(-1), math.Inf(1)}
	}
	slices.Sort(changes)
	return bounds{stat.Quantile(changes, (1-trust)/2), stat.Quantile(changes, (1+trust)/2)}
}

// certainty is what replicates of the data say of an answer.
type certainty struct {
	bounds
	endpoints map[run.Endpoint]bounds // of each alone, where they are apart
	// first is the share of replicates in which the component that ranks first
	// does so, pair that in which the two that rank highest do, in any order.
	first, pair float64
}

// bootstrap draws blocks of time anew, within runs and levels, in stretches as
// long as neighbours resemble each other; where there are several runs on both
// sides, runs are drawn first, for they differ by more than their blocks do.
// The bands of a question stay as they are.
func (q *question) bootstrap(p *partition) {
	group, groups := p.componentOf(), len(components)
	h, r := q.hard.flatten(group, groups), q.reference.flatten(group, groups)
	rng := rand.New(rand.NewPCG(attributionSeed, 0))
	several := h.runs > 1 && r.runs > 1
	hard := make([]float64, len(q.cells.keys)*h.width)
	reference := make([]float64, len(hard))
	hw, rw := h.weights(), r.weights()
	one, two := ranking(&q.components)
	type alone struct {
		endpoint run.Endpoint
		cells    []int
		changes  []float64
	}
	var changes []float64
	var endpoints []alone
	if q.apart {
		for e, cells := range q.cells.byEndpoint() {
			endpoints = append(endpoints, alone{e, cells, make([]float64, 0, attributionDraws)})
		}
	}
	q.certain = certainty{endpoints: make(map[run.Endpoint]bounds, len(endpoints))}
	for range attributionDraws {
		h.draw(rng, several, hw)
		r.draw(rng, several, rw)
		h.addUp(hw, hard)
		r.addUp(rw, reference)
		c, ok := contrastOf(hard, reference, h.width)
		if !ok {
			continue
		}
		changes = append(changes, c.change())
		switch a, b := ranking(&c); {
		case a == one && b == two:
			q.certain.first++
			q.certain.pair++
		case a == one:
			q.certain.first++
		case a == two && b == one:
			q.certain.pair++
		}
		for i := range endpoints {
			e := &endpoints[i]
			if change, ok := changeWithin(hard, reference, h.width, e.cells); ok {
				e.changes = append(e.changes, change)
			}
		}
	}
	q.certain.first /= max(1, float64(len(changes)))
	q.certain.pair /= max(1, float64(len(changes)))
	q.certain.bounds = boundsOf(changes)
	for _, e := range endpoints {
		q.certain.endpoints[e.endpoint] = boundsOf(e.changes)
	}
}

// changeWithin is the change of some cells alone, as [contrastOf] has it of all;
// false when none of them is in both.
func changeWithin(hard, reference []float64, width int, cells []int) (float64, bool) {
	shared, sum := 0.0, 0.0
	for _, cell := range cells {
		h, r := hard[cell*width:(cell+1)*width], reference[cell*width:(cell+1)*width]
		if h[0] > 0 && r[0] > 0 {
			shared += h[0]
			sum += h[0] * (total(h[1:])/h[0] - total(r[1:])/r[0])
		}
	}
	return sum / shared, shared > 0
}

func (f *flat) weights() [][]float64 {
	out := make([][]float64, len(f.segments))
	for i := range out {
		out[i] = make([]float64, len(f.segments[i].blocks))
	}
	return out
}

// draw draws one replicate.
func (f *flat) draw(rng *rand.Rand, runs bool, weights [][]float64) {
	times := make([]float64, f.runs)
	if runs {
		for range times {
			times[rng.IntN(len(times))]++
		}
	}
	for i := range weights {
		stat.BlockBootstrap(rng, weights[i])
		if runs {
			for j := range weights[i] {
				weights[i][j] *= times[f.segments[i].run]
			}
		}
	}
}

// ranking is the two components with the largest parts of the change.
func ranking(c *contrast) (first, second int) {
	sign := 1.0
	if c.change() < 0 {
		sign = -1
	}
	first, second = -1, -1
	for i := range c.hard {
		excess := func(k int) float64 { return sign * (c.hard[k] - c.reference[k]) }
		switch {
		case first < 0 || excess(i) > excess(first):
			first, second = i, first
		case second < 0 || excess(i) > excess(second):
			second = i
		}
	}
	return first, second
}
