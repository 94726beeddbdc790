package fault

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestTheCatalogueIsWhole(t *testing.T) {
	want := strings.Fields(`db-pool db-row db-index db-wal db-exec slow graph-cpu graph-regex graph-memory http-limit
		http-churn http-dns callee ws-fanout ws-accept ws-memory leak tenant untraced throttle none two`)
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("faults %v, want %v", got, want)
	}
	for _, f := range Catalogue() {
		if f.How == "" || f.Shows == "" || f.Expect == "" {
			t.Errorf("%+v", f)
		}
		if named := f.Expect == Bottleneck || f.Expect == Finding || f.Expect == Fairness; named != (len(f.Truth) > 0) {
			t.Errorf("%s: expected is %s, the truth %v", f.Name, f.Expect, f.Truth)
		}
	}
}

// A fault does something, and something else when it is strong; but for the
// control, which does nothing.
func TestStrengthsDiffer(t *testing.T) {
	for _, name := range Names() {
		mild, strong := turned(t, name+"=mild"), turned(t, name)
		if name == "none" {
			if mild != (Knobs{}) || strong != (Knobs{}) {
				t.Errorf("none turns %+v and %+v", mild, strong)
			}
			continue
		}
		if mild == (Knobs{}) || strong == (Knobs{}) || mild == strong {
			t.Errorf("%s turns %+v mildly and %+v strongly", name, mild, strong)
		}
		if turned(t, name+"=strong") != strong {
			t.Errorf("%s without a strength is not strong", name)
		}
	}
}

func turned(t *testing.T, texts ...string) Knobs {
	t.Helper()
	var s Settings
	for _, text := range texts {
		if err := s.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	k, err := s.Knobs(true)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFaultsAddUp(t *testing.T) {
	k := turned(t, "http-limit", "callee=mild", "slow=1.25")
	if k.HTTPConns != 1 || k.CalleeDelay == 0 || k.WriteFactor != 1.25 {
		t.Errorf("knobs %+v", k)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "=", "db", "db-pool=", "db-pool=huge", "db-pool=1.5", "slow=", "slow=0.9", "slow=NaN", "slow=1e9", "slow=-1",
	} {
		if s, err := Parse(text); err == nil {
			t.Errorf("%q is %+v", text, s)
		}
	}
}

func TestSQLiteHasNotAll(t *testing.T) {
	var s Settings
	if err := s.Set("db-row"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Knobs(false); !errors.Is(err, ErrUnsupported) {
		t.Errorf("error = %v", err)
	}
}
