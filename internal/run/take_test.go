package run_test

import (
	"bytes"
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
