package run_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"k6report/internal/run"
)

// parts are runs of the same endpoints one after another, with so many of them
// that lists, pages, folding and longer blocks all occur.
func parts(endpoints int) []*run.Run {
	var list []*run.Run
	for seed := range uint64(3) {
		b := run.NewBuilder(run.Options{})
		feed(b, load{seed: seed + 1, duration: 20 * time.Second, rate: 400, endpoints: endpoints, components: true})
		list = append(list, b.Finish())
	}
	return list
}

// TestTake: taking parts over gives the same bytes as adding them, and as
// putting the result together once more.
func TestTake(t *testing.T) {
	for _, endpoints := range []int{1, 20, 2500} {
		if testing.Short() && endpoints > 20 {
			continue
		}
		want := encode(t, run.Merge(parts(endpoints)...))
		b := run.NewBuilder(run.Options{})
		for _, p := range parts(endpoints) {
			b.Take(p)
		}
		taken := b.Finish()
		if err := taken.Check(); err != nil {
			t.Errorf("%d endpoints: %v", endpoints, err)
		}
		if !bytes.Equal(encode(t, taken), want) {
			t.Errorf("%d endpoints: taken over, parts give another run than added", endpoints)
		}
		if !bytes.Equal(encode(t, run.Merge(taken)), want) {
			t.Errorf("%d endpoints: put together once more, a run changes", endpoints)
		}
	}
}

// TestAbsorb: Builders put together give the same bytes as their runs.
func TestAbsorb(t *testing.T) {
	for _, endpoints := range []int{1, 20, 2500} {
		if testing.Short() && endpoints > 20 {
			continue
		}
		want := encode(t, run.Merge(parts(endpoints)...))
		whole := run.NewBuilder(run.Options{})
		for seed := range uint64(3) {
			b := run.NewBuilder(run.Options{})
			feed(b, load{seed: seed + 1, duration: 20 * time.Second, rate: 400, endpoints: endpoints, components: true})
			whole.Absorb(b)
		}
		if !bytes.Equal(encode(t, whole.Finish()), want) {
			t.Errorf("%d endpoints: Builders give another run than theirs added", endpoints)
		}
	}
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
