package run_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/run"
)

// tagged is one sample of a counter.
func tagged(i int, tags ...run.Tag) event {
	return event{at: epoch + int64(i)*1000, metric: "n", value: 1, tags: tags}
}

func tag(name string, value any) run.Tag { return run.Tag{Name: name, Value: fmt.Sprint(value)} }

var counter = []run.Metric{{Name: "n", Type: run.Counter, Submetrics: []run.Submetric{
	{Name: "n{user:7}", Tags: []run.Tag{{Name: "user", Value: "7"}}},
}}}

func TestFoldingByValues(t *testing.T) {
	tests := []struct {
		name       string
		tag        string
		dimensions []string
		kept       int // as many values as stay
	}{
		{"tag", "user", nil, 64},
		{"endpoint", "name", nil, 2000},
		{"dimension", "user", []string{"user"}, 1000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := world{options: run.Options{Dimensions: test.dimensions}, metrics: counter}
			var events []event
			for i := range test.kept {
				events = append(events, tagged(i, tag(test.tag, i), tag("method", "GET")))
			}
			if r := w.build(events); len(r.Folding.Tags) != 0 || len(r.Series) != test.kept {
				t.Errorf("%d values: %d series, folded %q", test.kept, len(r.Series), r.Folding.Tags)
			}
			rng := rand.New(rand.NewPCG(1, 1))
			events = append(events, tagged(0, tag(test.tag, "one more"), tag("method", "GET")))
			r := w.same(t, rng, events, 3)
			if !slices.Equal(r.Folding.Tags, []string{test.tag}) || r.Folding.Level != 0 {
				t.Errorf("folded %q at level %d, want %q at 0", r.Folding.Tags, r.Folding.Level, test.tag)
			}
			if got := r.Select("n", nil).Count; got != uint64(len(events)) {
				t.Errorf("%d of %d samples are left", got, len(events))
			}
			seven := run.NewTagSet(tag("user", 7))
			if got := r.Select("n", func(s run.TagSet) bool { return s.Contains(seven) }).Count; test.tag == "user" && got != 1 {
				t.Errorf("the submetric holds %d samples, want 1", got)
			}
		})
	}
}

// TestFoldingOnlyTogether merges parts of which none passes a limit.
func TestFoldingOnlyTogether(t *testing.T) {
	w := world{metrics: counter}
	var parts []*run.Run
	var all []event
	for p := range 3 {
		var events []event
		for i := range 40 {
			events = append(events, tagged(i, tag("user", 40*p+i), tag("method", "GET")))
		}
		parts = append(parts, w.build(events))
		all = append(all, events...)
	}
	for _, p := range parts {
		if len(p.Folding.Tags) > 0 {
			t.Fatal("a part is folded already")
		}
	}
	left := run.Merge(run.Merge(parts[0], parts[1]), parts[2])
	right := run.Merge(parts[2], run.Merge(parts[1], parts[0]))
	want := encode(t, w.build(all))
	if string(encode(t, left)) != string(want) || string(encode(t, right)) != string(want) {
		t.Error("folding after merging differs from folding before")
	}
	if len(left.Folding.Tags) != 1 || len(left.Series) != 2 { // user 7, and the others
		t.Errorf("%d series, folded %q", len(left.Series), left.Folding.Tags)
	}
}

// TestFoldingByNames passes the limit on the number of tags, with one of them
// over the limit of its values before, at, and after.
func TestFoldingByNames(t *testing.T) {
	w := world{options: run.Options{Dimensions: []string{"tenant"}}, metrics: counter}
	var events []event
	for i := range 70 {
		events = append(events,
			tagged(i, tag(fmt.Sprintf("tag%d", i), i), tag("tenant", "a"), tag("user", i), tag("method", "GET")),
			tagged(i, tag("user", "7"), tag("status", i)))
	}
	r := w.same(t, rand.New(rand.NewPCG(1, 1)), events, 20)
	if r.Folding.Level != 1 || !slices.Equal(r.Folding.Tags, []string{"status"}) {
		t.Errorf("level %d, folded %q; want level 1, and only status of k6's own", r.Folding.Level, r.Folding.Tags)
	}
	for _, s := range r.Series {
		for name, value := range s.Tags.All() {
			if name != "tenant" && name != "method" && (name != "user" || value != "7") {
				t.Errorf("%s=%s is still there", name, value)
			}
		}
	}
}

// TestFoldingBySets passes the limit on combinations at each level.
func TestFoldingBySets(t *testing.T) {
	needs.Time(t, "takes seconds")
	tests := []struct {
		tags  [3]string // of 60 values each
		level int
	}{
		{[3]string{"a", "b", "c"}, 1},
		{[3]string{"url", "error", "group"}, 2},
		{[3]string{"method", "status", "check"}, 3},
	}
	for _, test := range tests {
		w := world{metrics: counter}
		var events []event
		for i := range 30_000 { // combinations are counted with values reduced to 64
			events = append(events, tagged(i, tag(test.tags[0], i%60), tag(test.tags[1], i/60%60), tag(test.tags[2], i/600), tag("user", i%9)))
		}
		r := w.same(t, rand.New(rand.NewPCG(1, 1)), events, 1)
		if r.Folding.Level != test.level {
			t.Errorf("%v: level %d, want %d", test.tags, r.Folding.Level, test.level)
		}
		if got := r.Select("n", nil).Count; got != uint64(len(events)) {
			t.Errorf("%v: %d of %d samples are left", test.tags, got, len(events))
		}
	}
}

// TestMergeKeepsDimensions: only parts know what was configured.
func TestMergeKeepsDimensions(t *testing.T) {
	w := world{options: run.Options{Dimensions: []string{"tenant"}}, metrics: counter}
	var a, b []event
	for i := range 300 {
		a = append(a, tagged(i, tag("tenant", i)))
		b = append(b, tagged(i, tag("tenant", i+300)))
	}
	if r := run.Merge(w.build(a), w.build(b)); len(r.Series) != 600 {
		t.Errorf("%d of 600 tenants are left", len(r.Series))
	}
}

// TestBlocksOfFoldedEndpoints: what a budget made of blocks before endpoints
// were folded can't be known in another order.
func TestBlocksOfFoldedEndpoints(t *testing.T) {
	needs.Time(t, "takes seconds")
	w := world{}
	var dense, names []event
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 62_000 {
		ms := 1 + 1000*rng.Float64()
		dense = append(dense, event{
			at: epoch + rng.Int64N(100e9), metric: "d", value: ms, total: ms, protocol: "http",
			tags: []run.Tag{tag("name", i%1000)}, joins: []join{{fmt.Sprintf("part%02d", i%18), 1}},
		})
	}
	for i := range 2001 {
		names = append(names, event{at: epoch, metric: "d", value: 1, total: 1, protocol: "http", tags: []run.Tag{tag("name", i)}})
	}
	if budget := w.build(dense).Requests.BlockLength; budget < 4*time.Second {
		t.Fatalf("the budget of rows makes blocks of %v only", budget)
	}
	first := w.build(slices.Concat(names, dense))
	last := w.build(slices.Concat(dense, names))
	if first.Requests.BlockLength != last.Requests.BlockLength {
		t.Errorf("blocks of %v or %v by order", first.Requests.BlockLength, last.Requests.BlockLength)
	}
	if string(encode(t, first)) != string(encode(t, last)) {
		t.Errorf("the order matters: %s", difference(first, last))
	}
}

// TestLengths holds windows and blocks to powers of two that keep
// 300 and 120.
func TestLengths(t *testing.T) {
	tests := []struct {
		seconds       int
		window, block time.Duration
	}{
		{1, time.Second, time.Second},
		{119, time.Second, time.Second},
		{122, time.Second, 2 * time.Second},
		{299, time.Second, 4 * time.Second},
		{302, 2 * time.Second, 4 * time.Second},
		{8 * 3600, 128 * time.Second, 256 * time.Second},
	}
	for _, test := range tests {
		b := run.NewBuilder(run.Options{})
		tags := b.Tags(nil)
		for i := range test.seconds {
			at := epoch + int64(i)*1e9
			b.Series(b.Metric("m"), tags).Add(at, 1)
			b.AddRequest("http", tags, &run.Request{Start: at, Duration: 1, Total: 1})
		}
		r := b.Finish()
		if r.WindowLength != test.window || r.Requests.BlockLength != test.block {
			t.Errorf("%d s: windows of %v, blocks of %v; want %v, %v", test.seconds, r.WindowLength, r.Requests.BlockLength, test.window, test.block)
		}
		if n := len(r.Series[0].Windows); n > 300 {
			t.Errorf("%d s: %d windows", test.seconds, n)
		}
		if n := len(r.Requests.Tables[0].Blocks); n > 120 {
			t.Errorf("%d s: %d blocks", test.seconds, n)
		}
	}
}

// TestFoldingKeepsSetup: without their group, requests of set-up would be
// counted as the test's.
func TestFoldingKeepsSetup(t *testing.T) {
	setup := []string{"::setup", "::teardown::a"}
	for i := range 70 {
		setup = append(setup, fmt.Sprintf("::setup::%d", i))
	}
	var groups, names, sets []event
	for i := range 70 {
		groups = append(groups, tagged(i, tag("group", fmt.Sprintf("::g%d", i))))
		names = append(names, tagged(i, tag(fmt.Sprintf("tag%d", i), i)))
	}
	for i := range 70 * 300 {
		sets = append(sets, tagged(i, tag("url", i%70), tag("error", i/70)))
	}
	for _, others := range [][]event{groups, slices.Concat(groups, names), slices.Concat(groups, sets)} {
		events := slices.Clone(others)
		for i, group := range setup {
			events = append(events, tagged(i, tag("group", group)))
		}
		w := world{metrics: []run.Metric{{Name: "n", Type: run.Counter, Submetrics: []run.Submetric{
			{Name: "n{group:::setup}", Tags: []run.Tag{tag("group", "::setup")}},
		}}}}
		r := w.same(t, rand.New(rand.NewPCG(1, 1)), events, 1)
		if got := r.Select("n", func(s run.TagSet) bool { return run.IsSetup(s.Value("group")) }).Count; got != uint64(len(setup)) {
			t.Errorf("level %d: %d of %d samples of set-up are left apart", r.Folding.Level, got, len(setup))
		}
		exact := run.NewTagSet(tag("group", "::setup"))
		if got := r.Select("n", func(s run.TagSet) bool { return s.Contains(exact) }).Count; got != 1 {
			t.Errorf("level %d: the submetric holds %d samples, want 1", r.Folding.Level, got)
		}
		if len(r.Series) > 200 {
			t.Errorf("level %d: %d series", r.Folding.Level, len(r.Series))
		}
	}
}

// TestManySets: the more tag sets, the fewer windows each may
// have, whatever comes first.
func TestManySets(t *testing.T) {
	var events []event
	for i := range 2500 { // 50 by 50 values
		events = append(events, event{at: epoch + int64(i%200)*1e9, metric: "n", value: 1, tags: []run.Tag{tag("a", i%50), tag("b", i/50)}})
	}
	w := world{metrics: counter}
	if r := w.build(events[:250]); r.WindowLength != time.Second {
		t.Errorf("250 sets: windows of %v, want 1s", r.WindowLength)
	}
	if r := w.same(t, rand.New(rand.NewPCG(1, 1)), events[:500], 2); r.WindowLength != 2*time.Second {
		t.Errorf("500 sets: windows of %v, want 2s", r.WindowLength)
	}
	if r := w.same(t, rand.New(rand.NewPCG(1, 1)), events, 2); r.WindowLength != 4*time.Second || r.Folding.Level > 0 {
		t.Errorf("2500 sets: windows of %v at level %d, want 4s at 0", r.WindowLength, r.Folding.Level)
	}
}

// TestMemoryOfSeries fills a Builder up to the limits.
func TestMemoryOfSeries(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := run.NewBuilder(run.Options{Dimensions: []string{"tenant"}})
	var metrics []int
	for i := range 8 {
		name := fmt.Sprint("m", i)
		b.Define(run.Metric{Name: name, Type: run.Trend})
		metrics = append(metrics, b.Metric(name))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for second := range 100 {
		for i := range 2400 {
			tags := b.Tags([]run.Tag{tag("tenant", i%800), tag("method", i/800)})
			for _, m := range metrics {
				b.Series(m, tags).Add(epoch+int64(second)*1e9, 100+float64(rng.IntN(10)))
			}
		}
		if second == 0 && testing.Short() {
			break
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int(after.HeapAlloc - before.HeapAlloc)
	if r := b.Finish(); len(r.Series) != 2400*8 {
		t.Fatalf("%d series", len(r.Series))
	}
	t.Logf("%d MB", used>>20)
	if used > 100<<20 {
		t.Errorf("%d MB are in use", used>>20)
	}
}
