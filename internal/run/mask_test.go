package run_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k6report/internal/run"
)

const secret = "hunter2-hunter2"

func hide(s string) string { return strings.ReplaceAll(s, secret, "***") }

// plant fills every text of a value with the secret, and every list with an
// element.
func plant(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("a " + secret)
	case reflect.Pointer:
		if v.Type() != reflect.TypeFor[*run.Sketch]() {
			v.Set(reflect.New(v.Type().Elem()))
			plant(v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		plant(v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[run.TagSet]() {
			v.Set(reflect.ValueOf(run.NewTagSet(run.Tag{Name: secret, Value: secret}, run.Tag{Name: "url", Value: "https://x/?k=" + secret})))
			return
		}
		for i := range v.NumField() {
			plant(v.Field(i))
		}
	default:
	}
}

// texts are all texts that a value leads to, by where they are.
func texts(at string, v reflect.Value, visit func(at, text string)) {
	switch v.Kind() {
	case reflect.String:
		visit(at, v.String())
	case reflect.Pointer:
		texts(at, v.Elem(), visit)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			texts(fmt.Sprintf("%s[%d]", at, i), v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			texts(at+"."+v.Type().Field(i).Name, v.Field(i), visit)
		}
	default:
	}
}

// planted is a run with a secret in every text that it has room for.
func planted() *run.Run {
	kept := small()
	sketch, durations, rows := kept.SeriesOf("http_req_duration")[0], kept.Requests.Tables[0].Blocks, kept.Requests.BlockLength
	r := new(run.Run)
	plant(reflect.ValueOf(r).Elem())
	r.Problems[0].Code = "bad_line"
	r.Started, r.Ended = kept.Started, kept.Ended
	r.WindowLength, r.Folding.Level = kept.WindowLength, 0
	s := &r.Series[0]
	s.Stats, s.Latest, s.Sketch, s.Windows = sketch.Stats, sketch.Latest, sketch.Sketch, sketch.Windows
	r.Requests.BlockLength, r.Requests.Tables[0].Blocks = rows, durations
	r.Requests.Tables[0].First, r.Requests.Tables[0].Last = kept.Requests.Tables[0].First, kept.Requests.Tables[0].Last
	r.Requests.Columns = kept.Requests.Columns
	r.Requests.Columns[len(r.Requests.Columns)-1] = secret
	return r
}

// TestMaskReachesEverything: whatever text of a run holds a secret, what a
// Builder makes of it does not, nor what is read back from a snapshot.
func TestMaskReachesEverything(t *testing.T) {
	r := planted()
	seen := 0
	texts("run", reflect.ValueOf(r), func(_, text string) {
		if strings.Contains(text, secret) {
			seen++
		}
	})
	if seen < 35 {
		t.Fatalf("only %d secrets were planted", seen)
	}
	for _, take := range []bool{false, true} {
		r := planted()
		b := run.NewBuilder(run.Options{Mask: hide, Dimensions: []string{secret}, ExcludedGroups: []string{"::" + secret}})
		if !b.Masks(r) {
			t.Error("there is nothing to mask")
		}
		b.Label(secret, secret)
		b.Source(run.Source{Name: secret, Format: secret})
		b.Problem(run.Problem{Code: "x", Source: secret, Message: secret})
		b.Define(run.Metric{Name: secret, Contains: secret, Thresholds: []string{secret}, Submetrics: r.Metrics[0].Submetrics})
		b.SetPlan(r.Plan)
		b.SetReported(r.Reported)
		b.SetExecution(r.Execution)
		tags := b.Tags([]run.Tag{{Name: secret, Value: secret}, {Name: "name", Value: secret}})
		b.Series(b.Metric("m "+secret), tags).Add(r.Started, 1)
		b.Join(b.AddRequest("http", tags, &run.Request{Start: r.Started, Duration: 1, Total: 1}), "n_ms "+secret, 1, true)
		if take {
			b.Take(r)
		} else {
			b.AddRun(r)
		}
		made := b.Finish()
		for name, r := range map[string]*run.Run{"made": made, "read back": decode(t, encode(t, made))} {
			if b.Masks(r) {
				t.Errorf("%s: there is still something to mask", name)
			}
			texts(name, reflect.ValueOf(r), func(at, text string) {
				if strings.Contains(text, secret) {
					t.Errorf("%s: %q", at, text)
				}
			})
		}
	}
}

// TestMaskLeavesTheRun: AddRun masks a copy.
func TestMaskLeavesTheRun(t *testing.T) {
	r := planted()
	all := func() (list []string) {
		texts("run", reflect.ValueOf(r), func(at, text string) { list = append(list, at+" "+text) })
		return list
	}
	want := all()
	run.NewBuilder(run.Options{Mask: hide}).AddRun(r)
	if got := all(); !slices.Equal(got, want) {
		t.Errorf("the run was changed:\n%s", strings.Join(got, "\n"))
	}
}

// TestMaskJoinsWhatBecomesOne: series, tables and columns that differ in secrets
// only are one without them, and lose nothing.
func TestMaskJoinsWhatBecomesOne(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	for i := range 3 {
		tags := b.Tags([]run.Tag{{Name: "name", Value: fmt.Sprintf("key%d", i)}})
		b.Series(b.Metric("http_req_duration"), tags).Add(epoch, float64(i))
		place := b.AddRequest("http", tags, &run.Request{Start: epoch, Duration: 5, Total: 5})
		b.Join(place, "key0_ms", 1, true)
		b.Join(place, "key1_ms", 2, false)
	}
	mask := func(s string) string {
		for i := range 3 {
			s = strings.ReplaceAll(s, fmt.Sprintf("key%d", i), "***")
		}
		return s
	}
	m := run.NewBuilder(run.Options{Mask: mask})
	m.Take(b.Finish())
	r := m.Finish()
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	if len(r.Series) != 1 || r.Series[0].Count != 3 || len(r.Requests.Tables) != 1 {
		t.Fatalf("%d series, %d tables", len(r.Series), len(r.Requests.Tables))
	}
	rows := r.Requests.Tables[0].Blocks[0].Rows
	if at := len(run.ClientColumns()); len(rows.List) != 1 || rows.List[0].Count != 3 || rows.SumsOf(0)[at] != 9000 {
		t.Errorf("rows %+v: 9 ms joined are lost", rows)
	}
}

// TestMaskOfMetrics: the names of metrics and submetrics go through a mask of their
// own, wherever a run holds them, and nothing else does.
func TestMaskOfMetrics(t *testing.T) {
	b := run.NewBuilder(run.Options{Mask: hide, MaskMetric: func(s string) string { return s }})
	b.Join(b.AddRequest("http", b.Tags(nil), &run.Request{Start: epoch, Duration: 1, Total: 1}), "n "+secret, 1, true)
	b.Define(run.Metric{Name: "a " + secret, Type: run.Counter}) // a column of this name is none of times
	b.Take(planted())
	var kept []string
	texts("", reflect.ValueOf(b.Finish()), func(at, text string) {
		if at = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(at, ""); strings.Contains(text, secret) && !slices.Contains(kept, at) {
			kept = append(kept, at)
		}
	})
	slices.Sort(kept)
	want := []string{
		".Metrics.Name", ".Metrics.Submetrics.Name", ".Plan.Thresholds.Metric", ".Reported.Metrics.Name",
		".Requests.Columns", ".Requests.NoTimes", ".Series.Key.Metric",
	}
	if !slices.Equal(kept, want) {
		t.Errorf("a name of a metric is kept in %q, want %q", kept, want)
	}
}

// TestMaskOncePerText: a text is masked once, however often it comes.
func TestMaskOncePerText(t *testing.T) {
	calls := make(map[string]int)
	b := run.NewBuilder(run.Options{Mask: func(s string) string { calls[s]++; return hide(s) }})
	for range 100 {
		b.Series(b.Metric("m"), b.Tags([]run.Tag{{Name: "name", Value: secret}})).Add(epoch, 1)
	}
	for text, n := range calls {
		if n > 1 {
			t.Errorf("%q was masked %d times", text, n)
		}
	}
	if calls[secret] != 1 {
		t.Errorf("%v", calls)
	}
}

// TestMergedIsMaskedOnce: of a run that is added, no text is masked twice.
func TestMergedIsMaskedOnce(t *testing.T) {
	b := run.NewBuilder(run.Options{Mask: func(s string) string { return s + "*" }, MaskMetric: func(s string) string { return s }})
	b.AddRun(small())
	r := b.Finish()
	if len(r.Series) == 0 || len(r.Sources) == 0 || len(r.Problems) == 0 || len(r.Metrics) == 0 {
		t.Fatalf("%+v", r)
	}
	r.ID = "" // made of the others
	texts("run", reflect.ValueOf(r), func(at, text string) {
		if strings.Contains(text, "**") {
			t.Errorf("%s: %q", at, text)
		}
	})
}
