package report

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fill sets every field of v to something legal, strings to anything at all.
func fill(t *rapid.T, v reflect.Value) {
	text := rapid.OneOf(rapid.String(), rapid.Just("<b>\xff\xfe&\u2028\x1b[31m\r\n"), rapid.StringMatching(`p\(9[0-9]\)<[0-9]+`))
	switch v.Interface().(type) {
	case Status:
		v.Set(reflect.ValueOf(rapid.SampledFrom(Statuses()).Draw(t, "status")))
		return
	case Severity:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]Severity{Info, Warning, Error, Invalid}).Draw(t, "severity")))
		return
	case time.Time:
		sec := rapid.Int64Range(-1e9, 4e9).Draw(t, "seconds")
		zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "hours")*3600)
		v.Set(reflect.ValueOf(time.Unix(sec, rapid.Int64Range(0, 999999999).Draw(t, "nanos")).In(zone)))
		return
	case Chart, Trend:
		return // their parts have to fit each other, see fitting
	case Points:
		v.Set(reflect.ValueOf(points(t, rapid.IntRange(0, 4).Draw(t, "points"))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text.Draw(t, "text"))
	case reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Float64Range(0, 1), rapid.Just(math.Copysign(0, -1)), rapid.Just(math.SmallestNonzeroFloat64)).Draw(t, "number"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "integer"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 2).Draw(t, "length"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	case reflect.Map:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.ValueOf(rapid.MapOfN(text, text, 0, 3).Draw(t, "map")))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("no way to fill a %s", v.Type())
	}
}

func points(t *rapid.T, n int) Points {
	p := make(Points, n)
	for i := range p {
		p[i] = rapid.OneOf(rapid.Float64Range(-1e9, 1e9), rapid.Just(math.NaN())).Draw(t, "point")
	}
	return p
}

func fitting(t *rapid.T, r *Report) {
	r.Schema = SchemaID
	r.Verdict.Also = nil
	for i := range r.Notes {
		r.Notes[i].Code = rapid.StringMatching(`[a-z][a-z0-9_]{0,20}`).Draw(t, "code")
	}
	for i := range r.Charts {
		c := &r.Charts[i]
		c.Kind, c.Title = KindLine, rapid.String().Draw(t, "title")
		n := rapid.IntRange(0, 3).Draw(t, "n")
		for x := range n {
			c.X = append(c.X, float64(x)/2)
		}
		c.Series = []Series{{Name: "p95", Y: points(t, n)}}
	}
	if r.Trend != nil {
		r.Trend.Runs = make([]TrendRun, 2)
		r.Trend.Series = []TrendSeries{{Y: points(t, 2), Changes: []Change{{Index: 1}}}}
	}
}

func encode(t interface {
	Helper()
	Fatal(...any)
}, r *Report,
) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Report
		fill(t, reflect.ValueOf(&r).Elem())
		fitting(t, &r)
		first := encode(t, &r)
		if again := encode(t, &r); !bytes.Equal(first, again) {
			t.Fatal("the same report gave other bytes")
		}
		back, err := Decode(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if second := encode(t, back); !bytes.Equal(first, second) {
			t.Fatalf("round trip changed the bytes:\n%s\n%s", first, second)
		}
		if !bytes.HasSuffix(first, []byte("}\n")) {
			t.Fatal("no line break at the end")
		}
	})
}

func TestEncodeKeepsItsArgument(t *testing.T) {
	r := &Report{Schema: SchemaID, Verdict: Verdict{Status: Passed, Headline: "\xff"}}
	encode(t, r)
	if r.Verdict.Headline != "\xff" || r.Charts != nil {
		t.Errorf("Encode changed the report: %+v", r)
	}
}

func TestEncodeForm(t *testing.T) {
	r := &Report{Schema: SchemaID, Verdict: Verdict{Status: Passed, Headline: "a\xffb"}}
	r.Run.Metrics = []Metric{{Name: "m", Values: Values{{"p(95)", 1.5}, {"avg", 2}, {"p(95)", 3}}}}
	r.Run.Thresholds = []Threshold{{Expression: "p(95)<500 & more"}}
	r.Charts = []Chart{{ID: "x", Kind: KindLine, X: Points{0, 1}, Series: []Series{{Y: Points{math.NaN(), 2}}}}}
	got := string(encode(t, r))
	for _, want := range []string{
		`"headline": "a` + "\uFFFD" + `b"`, // not the escape, which wouldn't survive a round trip
		`"p(95)<500 & more"`,
		`"ok": null`,
		`"observed": null`,
		`"endpoints": []`,
		`"notes": []`,
		`"labels": {}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for _, not := range []string{"started", "overhead", "vus_max", ": 3"} {
		if strings.Contains(got, not) {
			t.Errorf("unexpected %q in\n%s", not, got)
		}
	}
	squeezed := strings.Join(strings.Fields(got), "")
	for _, want := range []string{`"values":{"p(95)":1.5,"avg":2}`, `"y":[null,2]`} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	ok := string(encode(t, &Report{Schema: SchemaID, Verdict: Verdict{Status: Passed}}))
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", "EOF"},
		{"other document", `{"metrics":{}}`, "names no schema"},
		{"not an object", `[1]`, "names no schema"},
		{"later schema", `{"schema":"k6report.report/v2","verdict":7}`, `"k6report.report/v2"`},
		{"cut off", ok[:len(ok)/2], "unexpected EOF"},
		{"two documents", ok + ok, "more in it"},
		{"unknown status", strings.Replace(ok, `"passed"`, `"great"`, 1), `"great"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := Decode(strings.NewReader(tc.in)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %s", err, tc.want)
			}
		})
	}
}

func TestDecodeSkipsUnknownFields(t *testing.T) {
	ok := string(encode(t, &Report{Schema: SchemaID, Verdict: Verdict{Status: Passed}}))
	r, err := Decode(strings.NewReader(strings.Replace(ok, `"verdict": {`, `"novelty": [1], "verdict": {"mood": "good",`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict.Status != Passed {
		t.Errorf("status %q", r.Verdict.Status)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":"k6report.report/v1","verdict":{"status":"passed"},"charts":[{"kind":"line","x":[0],"series":[{"y":[null]}]}]}`))
	f.Add([]byte(`{"schema":"k6report.report/v1","verdict":{"status":"passed"},"run":{"metrics":[{"values":{"a":1,"a":2,"b":null}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		first := encode(t, r)
		back, err := Decode(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if second := encode(t, back); !bytes.Equal(first, second) {
			t.Fatalf("round trip changed the bytes:\n%s\n%s", first, second)
		}
	})
}
