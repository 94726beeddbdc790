package run_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"k6report/internal/run"
)

func decode(t fataler, snapshot []byte) *run.Run {
	t.Helper()
	r, err := run.Decode(bytes.NewReader(snapshot))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return r
}

// TestRoundTrip decodes what Merge's test draws to equal bytes, also after
// another Merge.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		w, events := draw(t, rng)
		r := w.build(events)
		want := encode(t, r)
		back := decode(t, want)
		if !bytes.Equal(encode(t, back), want) {
			t.Fatalf("another run comes back: %s", difference(r, back))
		}
		if merged := run.Merge(back); !bytes.Equal(encode(t, merged), want) {
			t.Fatalf("a merge of one changes it: %s", difference(r, merged))
		}
	})
}
