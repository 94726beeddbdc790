package k6gen

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestSameOptionsSameBytes(t *testing.T) {
	o := Options{Seed: 7, Start: time.Unix(1_700_000_000, 0), Duration: time.Second, Rate: 50, Endpoints: 3, Components: true}
	var first, second bytes.Buffer
	samples, err := Write(&first, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(&second, o); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same options gave different bytes")
	}
	if want := int64(50 * 18); samples != want {
		t.Errorf("%d samples, want %d", samples, want)
	}
}

func TestNoFailures(t *testing.T) {
	o := Options{Seed: 7, Start: time.Unix(1_700_000_000, 0), Duration: 20 * time.Second, Rate: 1000, Endpoints: 2}
	for _, none := range []bool{false, true} {
		o.NoFailures = none
		var b bytes.Buffer
		if _, err := Write(&b, o); err != nil {
			t.Fatal(err)
		}
		if failed := bytes.Contains(b.Bytes(), []byte(`"status":"500"`)); failed == none {
			t.Errorf("NoFailures %t: failed requests: %t", none, failed)
		}
	}
}

// full refuses what is written to it, and counts how often.
type full struct{ writes int }

var errFull = errors.New("disk full")

func (f *full) Write([]byte) (int, error) {
	f.writes++
	return 0, errFull
}

func TestEndsWithTheFirstError(t *testing.T) {
	o := Options{Duration: 1000 * time.Hour, Rate: 1000, Endpoints: 1} // terabytes
	var w full
	if _, err := Write(&w, o); !errors.Is(err, errFull) || w.writes != 1 {
		t.Errorf("%v after %d writes, want %v after one", err, w.writes, errFull)
	}
}
