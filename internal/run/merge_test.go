package run_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"k6report/internal/needs"
	"k6report/internal/run"
)

// epoch is when the runs of these tests start.
var epoch = time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC).UnixNano()

// event is something that a Builder is told.
type event struct {
	at     int64
	metric string
	value  float64
	tags   []run.Tag

	protocol string // of a request; "" for a plain sample
	total    float64
	parts    [6]float64
	failed   bool
	joins    []join

	define  *run.Metric
	problem *run.Problem
	label   *run.Tag
	source  *run.Source

	unjoined bool
}

type join struct {
	metric string
	ms     float64
}

// world is what all Builders of a run know beforehand.
type world struct {
	options run.Options
	metrics []run.Metric
}

// build makes a run of events.
func (w world) build(events []event) *run.Run { return w.builder(events).Finish() }

// builder gives events to one Builder.
func (w world) builder(events []event) *run.Builder {
	b := run.NewBuilder(w.options)
	for _, m := range w.metrics {
		b.Define(m)
	}
	for _, e := range events {
		switch {
		case e.define != nil:
			b.Define(*e.define)
			continue
		case e.problem != nil:
			b.Problem(*e.problem)
			continue
		case e.label != nil:
			b.Label(e.label.Name, e.label.Value)
			continue
		case e.source != nil:
			b.Source(*e.source)
			continue
		case e.unjoined:
			b.Unjoined()
			continue
		}
		tags := b.Tags(e.tags)
		b.Series(b.Metric(e.metric), tags).Add(e.at, e.value)
		if e.protocol == "" {
			continue
		}
		place := b.AddRequest(e.protocol, tags, &run.Request{
			Start: e.at, Duration: e.value, Total: e.total, Parts: e.parts, Failed: e.failed, Timeout: e.failed,
		})
		for i, j := range e.joins {
			b.Join(place, j.metric, j.ms, i == 0)
		}
	}
	return b
}

// encode writes a snapshot of a sound run.
func encode(t fataler, r *run.Run) []byte {
	t.Helper()
	if err := r.Check(); err != nil {
		t.Fatalf("the run is not sound: %v", err)
	}
	var b bytes.Buffer
	if err := run.Encode(&b, r); err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b.Bytes()
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// split deals events out to parts.
func split(rng *rand.Rand, events []event, parts int) [][]event {
	dealt := make([][]event, parts)
	for _, i := range rng.Perm(len(events)) {
		k := rng.IntN(parts)
		dealt[k] = append(dealt[k], events[i])
	}
	return dealt
}

// mergeAnyhow merges parts in a random order and association.
func mergeAnyhow(rng *rand.Rand, parts []*run.Run) *run.Run {
	for len(parts) > 1 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		n := 2 + rng.IntN(len(parts)-1)
		parts = append([]*run.Run{run.Merge(parts[:n]...)}, parts[n:]...)
	}
	return run.Merge(parts...)
}

// absorbAnyhow puts Builders together in a random order and association.
func absorbAnyhow(t fataler, rng *rand.Rand, builders []*run.Builder) *run.Run {
	t.Helper()
	for len(builders) > 1 {
		rng.Shuffle(len(builders), func(i, j int) { builders[i], builders[j] = builders[j], builders[i] })
		if builders[0].Absorb(builders[1]); !run.Recounted(builders[0]) {
			t.Fatalf("it holds other rows and blocks than it counts")
		}
		builders = slices.Delete(builders, 1, 2)
	}
	return builders[0].Finish()
}

// same fails unless any way to cut and merge events gives one and the same run.
// It returns that run.
func (w world) same(t fataler, rng *rand.Rand, events []event, rounds int) *run.Run {
	t.Helper()
	whole := w.build(events)
	want := encode(t, whole)
	for range rounds {
		var parts []*run.Run
		var builders []*run.Builder
		for _, part := range split(rng, events, 1+rng.IntN(5)) {
			parts = append(parts, w.build(part))
			builders = append(builders, w.builder(part))
		}
		merged, absorbed := mergeAnyhow(rng, parts), absorbAnyhow(t, rng, builders)
		if got := encode(t, merged); !bytes.Equal(got, want) {
			t.Fatalf("another order gives another run: %s", difference(whole, merged))
		}
		if got := encode(t, absorbed); !bytes.Equal(got, want) {
			t.Fatalf("put together before it is finished, another run: %s", difference(whole, absorbed))
		}
	}
	return whole
}

// difference names the first parts in which runs differ.
func difference(a, b *run.Run) string {
	var out []string
	compare := func(what string, x, y any) {
		if s, u := fmt.Sprintf("%+v", x), fmt.Sprintf("%+v", y); s != u {
			out = append(out, fmt.Sprintf("%s: %.300s\nnot %.300s", what, s, u))
		}
	}
	compare("id", a.ID, b.ID)
	compare("labels", a.Labels, b.Labels)
	compare("metrics", a.Metrics, b.Metrics)
	compare("sources", a.Sources, b.Sources)
	compare("problems", a.Problems, b.Problems)
	compare("folded", a.Folding.Tags, b.Folding.Tags)
	compare("level", a.Folding.Level, b.Folding.Level)
	compare("tag names", a.Folding.TagNames, b.Folding.TagNames)
	compare("dimensions", a.Folding.Dimensions, b.Folding.Dimensions)
	compare("seen", a.Folding.Seen, b.Folding.Seen)
	compare("windows", a.WindowLength, b.WindowLength)
	compare("blocks", a.Requests.BlockLength, b.Requests.BlockLength)
	compare("columns", a.Requests.Columns, b.Requests.Columns)
	compare("no times", a.Requests.NoTimes, b.Requests.NoTimes)
	compare("number of series", len(a.Series), len(b.Series))
	compare("number of tables", len(a.Requests.Tables), len(b.Requests.Tables))
	for i := range min(len(a.Series), len(b.Series)) {
		x, y := a.Series[i], b.Series[i]
		what := "series " + x.Metric + " " + x.Tags.String()
		compare(what, y.Metric+" "+y.Tags.String(), x.Metric+" "+x.Tags.String())
		compare(what, x.Stats, y.Stats)
		compare(what, x.Latest, y.Latest)
		compare(what, x.Windows, y.Windows)
	}
	for i := range min(len(a.Requests.Tables), len(b.Requests.Tables)) {
		x, y := a.Requests.Tables[i], b.Requests.Tables[i]
		compare("table", x.Endpoint, y.Endpoint)
		for k := range min(len(x.Blocks), len(y.Blocks)) {
			compare("block", x.Blocks[k].Rows, y.Blocks[k].Rows)
		}
	}
	return strings.Join(out[:min(len(out), 5)], "\n")
}

// TestMergeIsOrderless draws runs in which limits are passed or just not.
func TestMergeIsOrderless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		w, events := draw(t, rng)
		w.same(t, rng, events, 3)
	})
}

// draw makes a small run whose limits, by rapid's choice, are passed.
func draw(t *rapid.T, rng *rand.Rand) (world, []event) {
	w := world{metrics: []run.Metric{
		{Name: "duration", Type: run.Trend, Contains: "time", Thresholds: []string{"p(95)<500"}, Submetrics: []run.Submetric{
			{Name: "duration{user:u7}", Tags: []run.Tag{{Name: "user", Value: "u7"}}},
		}},
		{Name: "errors", Type: run.Rate},
		{Name: "data", Type: run.Counter},
		{Name: "vus", Type: run.Gauge},
	}}
	if rapid.Bool().Draw(t, "dimension") {
		w.options.Dimensions = []string{"tenant"}
	}
	users := rapid.SampledFrom([]int{1, 60, 66, 90}).Draw(t, "users")
	tenants := rapid.SampledFrom([]int{1, 70, 1010}).Draw(t, "tenants")
	names := rapid.SampledFrom([]int{0, 3, 64, 70}).Draw(t, "tag names")
	span := rapid.SampledFrom([]int{0, 5, 119, 130, 299, 350, 5000}).Draw(t, "seconds")
	columns := rapid.SampledFrom([]int{0, 2, 18, 22}).Draw(t, "columns")
	if rapid.Bool().Draw(t, "wanted") { // the last by name
		w.options.Wanted = func(metric string) int { return map[string]int{"part20": 1, "part21": 2}[metric] }
	}
	endpoints := rapid.SampledFrom([]int{1, 5, 70}).Draw(t, "methods")
	metrics := []string{"duration", "errors", "data", "vus", "untold"}
	n := rapid.IntRange(0, 1200).Draw(t, "events")
	var events []event
	for i := range n {
		e := event{
			at:     epoch + rng.Int64N(int64(span)*1e9+1)/1000*1000,
			metric: metrics[rng.IntN(len(metrics))],
			value:  value(rng),
			tags: []run.Tag{
				{Name: "method", Value: fmt.Sprintf("M%d", rng.IntN(endpoints))},
				{Name: "name", Value: fmt.Sprintf("e%d", rng.IntN(3))},
				{Name: "instance", Value: fmt.Sprintf("i%d", rng.IntN(2))},
			},
		}
		if rng.IntN(2) == 0 {
			e.tags = append(e.tags, run.Tag{Name: "user", Value: fmt.Sprintf("u%d", rng.IntN(users))})
		}
		if rng.IntN(2) == 0 || tenants > 100 {
			e.tags = append(e.tags, run.Tag{Name: "tenant", Value: fmt.Sprintf("t%d", rng.IntN(tenants))})
		}
		if names > 0 && rng.IntN(2) == 0 {
			e.tags = append(e.tags, run.Tag{Name: fmt.Sprintf("tag%d", i%names), Value: "x"})
		}
		if e.metric == "duration" && rng.IntN(3) > 0 {
			e.protocol, e.failed = []string{"http", run.ProtocolIteration}[rng.IntN(2)], rng.IntN(10) == 0
			if e.total = value(rng); rng.IntN(4) > 0 {
				e.parts = [6]float64{rng.Float64(), 0, 0, rng.Float64(), e.value, rng.Float64()}
			}
			for k := range columns {
				if rng.IntN(3) == 0 {
					e.joins = append(e.joins, join{fmt.Sprintf("part%02d", k), 5 * rng.Float64() * float64(rng.IntN(2))})
				}
			}
		}
		events = append(events, e)
	}
	late := []run.Metric{ // the last one's type is in dispute
		{Name: "part03", Type: run.Counter},
		{Name: "part20", Type: run.Rate},
		{Name: "untold", Type: run.Trend, Contains: "time"},
		{Name: "untold", Type: run.Gauge, Contains: "data"},
	}
	for _, m := range late[:rng.IntN(len(late)+1)] {
		events = append(events, event{define: &m})
	}
	for i := range rng.IntN(20) {
		events = append(events,
			event{problem: &run.Problem{
				Code: fmt.Sprintf("code%d", rng.IntN(3)), Source: fmt.Sprintf("file%d", rng.IntN(2)),
				Line: rng.Int64N(5), Message: fmt.Sprintf("m%d", rng.IntN(3)), Count: rng.Uint64N(3),
			}},
			event{unjoined: true},
			event{label: &run.Tag{Name: fmt.Sprintf("label%d", i%3), Value: fmt.Sprint(rng.IntN(9))}},
			event{source: &run.Source{Name: fmt.Sprint("s", rng.IntN(3)), Format: "k6-json", Lines: rng.Int64N(2), Skipped: rng.Int64N(2)}})
	}
	return w, events
}

// value draws what k6 may write, mostly times.
func value(rng *rand.Rand) float64 {
	switch rng.IntN(12) {
	case 0:
		return []float64{0, math.Copysign(0, -1), 1, 1e-12, 1 << 40, -1 << 41, 1e300}[rng.IntN(7)]
	case 1:
		return -rng.Float64() * 100
	case 2:
		return 1
	}
	return rng.ExpFloat64() * 50
}

// TestMergeOfBlocks holds to the same what depends on budgets of rows.
func TestMergeOfBlocks(t *testing.T) {
	needs.Time(t, "takes seconds")
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, 2))
	w := world{metrics: []run.Metric{{Name: "duration", Type: run.Trend}}}
	for _, endpoints := range []int{300, 2500} {
		var events []event
		for range 150_000 {
			ms := rng.ExpFloat64() * 1000
			events = append(events, event{
				at: epoch + rng.Int64N(100e9), metric: "duration", value: ms, total: ms, protocol: "http",
				tags:  []run.Tag{{Name: "name", Value: fmt.Sprint(rng.IntN(endpoints))}},
				joins: []join{{fmt.Sprintf("part%02d", rng.IntN(18)), ms / 2}},
			})
		}
		slices.SortFunc(events, func(a, b event) int { return strings.Compare(a.tags[0].Value, b.tags[0].Value) })
		r := w.same(t, rng, events, 1)
		if r.Requests.BlockLength == time.Second {
			t.Errorf("%d endpoints: the budget was not passed", endpoints)
		}
	}
}

// TestZeroHasOneSign: of samples at the same time the greatest is the latest,
// and 0 and -0 compare as equal.
func TestZeroHasOneSign(t *testing.T) {
	w := world{metrics: []run.Metric{{Name: "g", Type: run.Gauge}}}
	a := event{at: epoch, metric: "g", value: 0}
	b := event{at: epoch, metric: "g", value: math.Copysign(0, -1)}
	if !bytes.Equal(encode(t, w.build([]event{a, b})), encode(t, w.build([]event{b, a}))) {
		t.Error("the sign of 0 depends on the order")
	}
}

// TestTagGivenTwice counts as the set that it becomes.
func TestTagGivenTwice(t *testing.T) {
	var events []event
	for i := range 70 {
		events = append(events, event{at: epoch, metric: "g", value: 1, tags: []run.Tag{tag("a", i), tag("a", "last")}})
	}
	r := world{}.same(t, rand.New(rand.NewPCG(1, 1)), events, 3)
	if len(r.Folding.Tags) > 0 || len(r.Series) != 1 {
		t.Errorf("%d series, folded %q", len(r.Series), r.Folding.Tags)
	}
}

// TestMergeOfDefinitions: what a part doesn't know of submetrics must not
// depend on which part comes first.
func TestMergeOfDefinitions(t *testing.T) {
	samples := func(from int) []event {
		var events []event
		for i := range 40 {
			events = append(events, event{at: epoch, metric: "n", value: 1, tags: []run.Tag{tag("user", from+i)}})
		}
		return events
	}
	knows, other := world{metrics: counter}.build(samples(40)), world{}.build(samples(0)) // user 7
	if !bytes.Equal(encode(t, run.Merge(knows, other)), encode(t, run.Merge(other, knows))) {
		t.Error("the order of parts matters")
	}
	seven := run.NewTagSet(tag("user", 7))
	merged := run.Merge(other, knows)
	if n := merged.Select("n", func(s run.TagSet) bool { return s.Contains(seven) }).Count; n != 1 {
		t.Errorf("the submetric holds %d samples, want 1", n)
	}
}

func TestLabels(t *testing.T) {
	part := func(value string) *run.Run {
		b := run.NewBuilder(run.Options{})
		b.Label("commit", value)
		return b.Finish()
	}
	if got := run.Merge(part("b"), part("c"), part("a")).Labels; len(got) != 1 || got[0].Value != "c" {
		t.Errorf("the labels are %v, want the greatest value", got)
	}
	b := run.NewBuilder(run.Options{})
	b.Label("commit", "a")
	b.AddRun(part("b"))
	if got := b.Finish().Labels; len(got) != 1 || got[0].Value != "a" {
		t.Errorf("the labels are %v: what is said now outranks what a part said", got)
	}
}

// TestSeveralPlans keeps one, whatever the order, and says so.
func TestSeveralPlans(t *testing.T) {
	part := func(vus int64) *run.Run {
		b := run.NewBuilder(run.Options{})
		b.SetPlan(&run.Plan{MaxVUs: vus, Thresholds: []run.MetricThresholds{}})
		b.SetExecution(&run.Execution{ExitCode: int(vus)})
		return b.Finish()
	}
	merged := run.Merge(part(1), part(2), part(3))
	if !bytes.Equal(encode(t, merged), encode(t, run.Merge(part(3), run.Merge(part(2), part(1))))) {
		t.Error("the order matters")
	}
	if merged.Plan.MaxVUs != 1 || len(merged.Problems) != 2 {
		t.Errorf("plan %+v, problems %v", merged.Plan, merged.Problems)
	}
	// An empty list comes back from a snapshot as none: not another plan.
	if again := run.Merge(part(1), decode(t, encode(t, part(1)))); len(again.Problems) > 0 {
		t.Errorf("a run contradicts its snapshot: %v", again.Problems)
	}
}

// TestSeveralExecutions keeps the worst, of equally bad ones the first as text: a crash of one generator must not hide
// behind the success of another.
func TestSeveralExecutions(t *testing.T) {
	part := func(code int) *run.Run {
		b := run.NewBuilder(run.Options{})
		b.SetExecution(&run.Execution{ExitCode: code, K6Version: fmt.Sprintf("v%d", 200-code)})
		return b.Finish()
	}
	for _, test := range []struct {
		codes []int
		want  int
	}{{[]int{0, 99, 0}, 99}, {[]int{99, 107, 0}, 107}, {[]int{0, -1, 99}, -1}, {[]int{105, 107, 99}, 107}} {
		a, b, c := part(test.codes[0]), part(test.codes[1]), part(test.codes[2])
		merged := run.Merge(run.Merge(a, b), c)
		if merged.Execution.ExitCode != test.want || len(merged.Problems) != 1 {
			t.Errorf("%v: kept %d, problems %v; want %d", test.codes, merged.Execution.ExitCode, merged.Problems, test.want)
		}
		if !bytes.Equal(encode(t, merged), encode(t, run.Merge(run.Merge(c, a), b))) {
			t.Errorf("%v: the order matters", test.codes)
		}
	}
}

// TestSeveralSummaries keeps none: what k6 says of parts is not the whole's.
func TestSeveralSummaries(t *testing.T) {
	part := func(seconds int) *run.Run {
		b := run.NewBuilder(run.Options{})
		b.SetReported(&run.Reported{Duration: time.Duration(seconds) * time.Second})
		return b.Finish()
	}
	left := run.Merge(run.Merge(part(1), part(2)), part(1))
	right := run.Merge(part(1), run.Merge(part(1), decode(t, encode(t, run.Merge(part(2), part(1))))))
	for _, r := range []*run.Run{left, right} {
		if r.Reported != nil || len(r.Problems) != 1 || r.Problems[0].Code != "several_summary" {
			t.Errorf("kept %+v, problems %v", r.Reported, r.Problems)
		}
	}
	if !bytes.Equal(encode(t, left), encode(t, right)) {
		t.Error("the order matters")
	}
	if r := run.Merge(part(1), part(1)); r.Reported == nil || len(r.Problems) > 0 {
		t.Errorf("the same summary twice: %+v, problems %v", r.Reported, r.Problems)
	}
}
