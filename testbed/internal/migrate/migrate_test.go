package migrate

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

func TestUpAppliesWhatIsMissingInOrder(t *testing.T) {
	files := fstest.MapFS{
		"0002_b.sql": {Data: []byte("two")}, "0001_a.sql": {Data: []byte("one")},
		"0003_c.sql": {Data: []byte("three")}, "README.md": {Data: []byte("no")},
	}
	var ran []string
	apply := func(_ context.Context, name, sql string) error { ran = append(ran, name+"="+sql); return nil }
	if err := Up(t.Context(), files, []string{"0001_a.sql"}, apply); err != nil {
		t.Fatal(err)
	}
	if want := []string{"0002_b.sql=two", "0003_c.sql=three"}; !reflect.DeepEqual(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

func TestUpStopsAtAFailure(t *testing.T) {
	files := fstest.MapFS{"0001_a.sql": {}, "0002_b.sql": {}}
	broken, calls := errors.New("syntax error"), 0
	err := Up(t.Context(), files, nil, func(context.Context, string, string) error { calls++; return broken })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "0001_a.sql") || calls != 1 {
		t.Errorf("after %d calls: %v", calls, err)
	}
}
