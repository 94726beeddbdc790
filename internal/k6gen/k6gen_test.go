package k6gen

import (
	"bytes"
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
