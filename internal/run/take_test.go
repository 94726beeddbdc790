package run_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"k6report/internal/run"
)

// parts are Builders of the same endpoints one after another, with so many of them
// that lists, pages, folding and longer blocks all occur.
func parts(endpoints int) []*run.Builder {
	var list []*run.Builder
	for seed := range uint64(3) {
		b := run.NewBuilder(run.Options{})
		feed(b, load{seed: seed + 1, duration: 20 * time.Second, rate: 400, endpoints: endpoints, components: true})
		list = append(list, b)
	}
	return list
}

// TestTake: taking parts over, or putting them together before they are finished,
// gives the same bytes as adding them, and as putting the result together once more.
func TestTake(t *testing.T) {
	for _, endpoints := range []int{1, 20, 2500} {
		if testing.Short() && endpoints > 20 {
			continue
		}
		added, taken, absorbed := run.NewBuilder(run.Options{}), run.NewBuilder(run.Options{}), run.NewBuilder(run.Options{})
		for _, p := range parts(endpoints) {
			added.AddRun(p.Finish())
		}
		for _, p := range parts(endpoints) {
			taken.Take(inPages(p.Finish()))
		}
		for _, p := range parts(endpoints) {
			absorbed.Absorb(p)
		}
		want := encode(t, added.Finish())
		for what, b := range map[string]*run.Builder{"taken over": taken, "put together": absorbed} {
			r := b.Finish()
			if !bytes.Equal(encode(t, r), want) {
				t.Errorf("%d endpoints: %s, parts give another run than added", endpoints, what)
			}
			if !bytes.Equal(encode(t, run.Merge(r)), want) {
				t.Errorf("%d endpoints: put together once more, a run changes", endpoints)
			}
		}
	}
}

// inPages is a run with the same durations, added in the order of no list.
func inPages(r *run.Run) *run.Run {
	for i := range r.Requests.Tables {
		for j := range r.Requests.Tables[i].Blocks {
			d := &r.Requests.Tables[i].Blocks[j].Durations
			bins := binsOf(*d)
			*d = run.NewSketch(run.BlockBits)
			for _, b := range slices.Backward(bins) {
				(*d).AddN(b.Low, b.n)
			}
		}
	}
	return r
}

// TestAbsorbOfLittle: a Builder that only has requests, without samples, and one that
// only has times of another's requests, as what crosses the border of two segments.
func TestAbsorbOfLittle(t *testing.T) {
	options := run.Options{ExcludedGroups: []string{"::g"}}
	build := func() (whole, first, second *run.Builder) {
		whole, first, second = run.NewBuilder(options), run.NewBuilder(options), run.NewBuilder(options)
		request := func(b *run.Builder, at int64) run.Place {
			return b.AddRequest("http", b.Tags([]run.Tag{{Name: "name", Value: "e"}}), &run.Request{Start: at, Duration: 5, Total: 5})
		}
		whole.Join(request(whole, epoch), "db_ms", 2, true)
		second.Join(request(first, epoch), "db_ms", 2, true)
		return whole, first, second
	}
	whole, first, second := build()
	want := whole.Finish()
	if !run.Recounted(second) {
		t.Error("it holds other rows and blocks than it counts")
	}
	first.Absorb(second)
	absorbed := run.NewBuilder(options)
	absorbed.Absorb(first)
	_, first, second = build()
	for what, r := range map[string]*run.Run{"absorbed": absorbed.Finish(), "merged": run.Merge(second.Finish(), first.Finish())} {
		if !bytes.Equal(encode(t, r), encode(t, want)) {
			t.Errorf("%s: another run: %s", what, difference(want, r))
		}
		if got := r.Requests.ExcludedGroups; !slices.Equal(got, options.ExcludedGroups) {
			t.Errorf("%s: without the groups %v, want %v", what, got, options.ExcludedGroups)
		}
	}
}

// TestTakeLengthens: parts that fit by themselves, and not together.
func TestTakeLengthens(t *testing.T) {
	part := func(from int) *run.Run {
		b := run.NewBuilder(run.Options{})
		b.Define(run.Metric{Name: "d", Type: run.Trend})
		tags := b.Tags([]run.Tag{tag("name", 1)})
		for second := from; second < from+250; second++ {
			at := epoch + int64(second)*1e9
			b.Series(b.Metric("d"), tags).Add(at, float64(second))
			b.AddRequest("http", tags, &run.Request{Start: at, Duration: 5, Total: 5})
		}
		return b.Finish()
	}
	want := encode(t, run.Merge(part(0), part(250)))
	b := run.NewBuilder(run.Options{})
	b.Take(part(0))
	b.Take(part(250))
	r := b.Finish()
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, r), want) {
		t.Error("taken over, parts give another run than added")
	}
}
