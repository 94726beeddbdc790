package threshold

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	p := func(percent float64) Statistic { return Statistic{Method: Percentile, Percent: percent} }
	m := func(method Method) Statistic { return Statistic{Method: method} }

	tests := []struct {
		input string
		want  Expression
		text  string // canonical
	}{
		{"count>20", Expression{m(Count), Greater, 20}, "count>20"},
		{"rate<0.01", Expression{m(Rate), Less, 0.01}, "rate<0.01"},
		{"value>=1", Expression{m(Value), GreaterEqual, 1}, "value>=1"},
		{"avg<=200", Expression{m(Avg), LessEqual, 200}, "avg<=200"},
		{"min!=0", Expression{m(Min), NotEqual, 0}, "min!=0"},
		{"med==3", Expression{m(Med), Equal, 3}, "med==3"},
		{"med===3", Expression{m(Med), Equal, 3}, "med==3"},
		{"max<1e3", Expression{m(Max), Less, 1000}, "max<1000"},
		{"p(95)<500", Expression{p(95), Less, 500}, "p(95)<500"},
		{"p(99.9) < 1500", Expression{p(99.9), Less, 1500}, "p(99.9)<1500"},
		{"p(99.90)<1", Expression{p(99.9), Less, 1}, "p(99.9)<1"},
		{"p(9.5e1)<1", Expression{p(95), Less, 1}, "p(95)<1"},
		{"p(0)<1", Expression{p(0), Less, 1}, "p(0)<1"},
		{"p(100)<1", Expression{p(100), Less, 1}, "p(100)<1"},
		{"p<1", Expression{p(0), Less, 1}, "p(0)<1"},
		{"\t avg \n >\u00a0 7 \r\n", Expression{m(Avg), Greater, 7}, "avg>7"},
		{"avg>-2.5", Expression{m(Avg), Greater, -2.5}, "avg>-2.5"},
		{"avg>+2", Expression{m(Avg), Greater, 2}, "avg>2"},
		{"avg>-0", Expression{m(Avg), Greater, 0}, "avg>0"},
		{"avg>.5", Expression{m(Avg), Greater, 0.5}, "avg>0.5"},
		{"avg>0x1p4", Expression{m(Avg), Greater, 16}, "avg>16"},
		{"avg<1_000", Expression{m(Avg), Less, 1000}, "avg<1000"},
		{"avg<1e300", Expression{m(Avg), Less, 1e300}, "avg<1e+300"},
		{"avg<1e-9", Expression{m(Avg), Less, 1e-9}, "avg<1e-09"},
		{"avg<inf", Expression{m(Avg), Less, math.Inf(1)}, "avg<+Inf"},
	}
	for _, tt := range tests {
		t.Run(tt.input, func(t *testing.T) {
			got, err := Parse(tt.input)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("Parse = %+v, want %+v", got, tt.want)
			}
			if got.String() != tt.text {
				t.Errorf("String = %q, want %q", got, tt.text)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const methods = "use count, rate, value, avg, min, med, max or p(N)"
	tests := []struct{ input, want string }{
		{"", `threshold "", character 1: an operator is missing: use <, <=, >, >=, ==, === or !=`},
		{"p(95)", `threshold "p(95)", character 6: an operator is missing: use <, <=, >, >=, ==, === or !=`},
		{"count!20", `threshold "count!20", character 6: "!" is no operator: use <, <=, >, >=, ==, === or !=`},
		{"rate=1", `threshold "rate=1", character 5: "=" is no operator: use <, <=, >, >=, ==, === or !=`},
		{"rate=<1", `threshold "rate=<1", character 5: "=" is no operator: use <, <=, >, >=, ==, === or !=`},
		{"<500", `threshold "<500", character 1: an aggregation method is missing: ` + methods},
		{" foo <500", `threshold " foo <500", character 2: "foo" is no aggregation method: ` + methods},
		{"AVG<500", `threshold "AVG<500", character 1: "AVG" is no aggregation method: ` + methods},
		{"é<500", `threshold "é<500", character 1: "é" is no aggregation method: ` + methods},
		{"p (95)<500", `threshold "p (95)<500", character 1: "p (95)" is no aggregation method: ` + methods},
		{"p(95<500", `threshold "p(95<500", character 5: ")" is missing`},
		{"p()<500", `threshold "p()<500", character 3: "" is not a number`},
		{"p( 95 )<500", `threshold "p( 95 )<500", character 3: " 95 " is not a number`},
		{"p(95))<500", `threshold "p(95))<500", character 3: "95)" is not a number`},
		{"p(101)<500", `threshold "p(101)<500", character 3: percentile 101 is outside 0 to 100`},
		{"p(-1)<500", `threshold "p(-1)<500", character 3: percentile -1 is outside 0 to 100`},
		{"p(NaN)<500", `threshold "p(NaN)<500", character 3: percentile NaN is outside 0 to 100`},
		{"avg<", `threshold "avg<", character 5: a number is missing after <`},
		{"avg<= ", `threshold "avg<= ", character 6: a number is missing after <=`},
		{"avg< 5ms", `threshold "avg< 5ms", character 6: "5ms" is not a number`},
		{"avg<1e999", `threshold "avg<1e999", character 5: "1e999" is not a number`},
		{"avg!==5", `threshold "avg!==5", character 6: "=5" is not a number`},
		{"1<avg<5", `threshold "1<avg<5", character 1: "1" is no aggregation method: ` + methods},
		{"avg<5<6", `threshold "avg<5<6", character 5: "5<6" is not a number`},
	}
	for _, tt := range tests {
		t.Run(tt.input, func(t *testing.T) {
			got, err := Parse(tt.input)
			if err == nil {
				t.Fatalf("Parse = %+v, want an error", got)
			}
			if err.Error() != tt.want {
				t.Errorf("error\n %s, want\n %s", err, tt.want)
			}
		})
	}
}

func TestEval(t *testing.T) {
	tests := []struct {
		expression          string
		below, equal, above bool // verdicts for 4, 5 and 6
	}{
		{"avg<5", true, false, false},
		{"avg<=5", true, true, false},
		{"avg>5", false, false, true},
		{"avg>=5", false, true, true},
		{"avg==5", false, true, false},
		{"avg===5", false, true, false},
		{"avg!=5", true, false, true},
		{"avg<NaN", false, false, false},
	}
	for _, tt := range tests {
		e, err := Parse(tt.expression)
		if err != nil {
			t.Fatal(err)
		}
		if b, eq, a := e.Eval(4), e.Eval(5), e.Eval(6); b != tt.below || eq != tt.equal || a != tt.above {
			t.Errorf("%s of 4, 5, 6 = %v %v %v, want %v %v %v",
				tt.expression, b, eq, a, tt.below, tt.equal, tt.above)
		}
	}
	if (Expression{Limit: 1}).Eval(1) {
		t.Error("an expression without an operator passes")
	}
}

func TestStatisticQuantile(t *testing.T) {
	tests := []struct {
		statistic string
		want      float64
		ok        bool
	}{
		{"p(99.9)", 0.999, true},
		{"p(0)", 0, true},
		{"med", 0.5, true},
		{"min", 0, false},
		{"avg", 0, false},
	}
	for _, tt := range tests {
		s, err := ParseStatistic(tt.statistic)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Quantile(); math.Abs(got-tt.want) > 1e-15 || ok != tt.ok {
			t.Errorf("Quantile of %s = %v, %v, want %v, %v", s, got, ok, tt.want, tt.ok)
		}
	}
}

func TestCheckType(t *testing.T) {
	statistics := []string{"count", "rate", "value", "avg", "min", "med", "max", "p(95)"}
	legal := map[string]string{ // by metric type, a mark for each statistic
		"counter": "yy------",
		"gauge":   "--y-----",
		"rate":    "-y------",
		"trend":   "---yyyyy",
	}
	for metricType, marks := range legal {
		for i, text := range statistics {
			s, err := ParseStatistic(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.CheckType(metricType) == nil; got != (marks[i] == 'y') {
				t.Errorf("%s of a %s: legal = %v", s, metricType, got)
			}
		}
	}

	for metricType, want := range map[string]string{
		"counter":   "avg can't be taken of a counter: use count, rate",
		"rate":      "avg can't be taken of a rate: use rate",
		"histogram": `metric type "histogram" is unknown: use counter, gauge, rate or trend`,
	} {
		if err := (Statistic{Method: Avg}).CheckType(metricType); err == nil || err.Error() != want {
			t.Errorf("avg of a %s: error %v, want %s", metricType, err, want)
		}
	}
	err := Statistic{Method: Rate}.CheckType("trend")
	if want := "rate can't be taken of a trend: use avg, min, max, med, p(N)"; err == nil || err.Error() != want {
		t.Errorf("rate of a trend: error %v, want %s", err, want)
	}
}

// grammar is k6's grammar a second time, as a regular expression, for the
// fuzzer to compare with; ASCII white space only.
var grammar = regexp.MustCompile(
	`(?s)^[\t\n\v\f\r ]*(?:count|rate|value|avg|min|med|max|p|p\(([^()]*)\))[\t\n\v\f\r ]*` +
		`(?:<=|<|>=|>|===|==|!=)[\t\n\v\f\r ]*([^<>=! \t\n\v\f\r]+)[\t\n\v\f\r ]*$`)

func grammarAccepts(input string) bool {
	match := grammar.FindStringSubmatchIndex(input)
	if match == nil {
		return false
	}
	if match[2] >= 0 {
		percent, err := strconv.ParseFloat(input[match[2]:match[3]], 64)
		if err != nil || math.IsNaN(percent) || percent < 0 || percent > 100 {
			return false
		}
	}
	_, err := strconv.ParseFloat(input[match[4]:match[5]], 64)
	return err == nil
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"p(95)<500", " p(99.9) >= 1e3 ", "rate===0.01", "count!=-0", "p<1", "med<=0x1p-2",
		"p(95<5", "avg=<5", "avg<NaN", "avg<1e999", "é<5", "avg!==5", "p(1e2)<+Inf",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		got, err := Parse(input)
		if ascii(input) && grammarAccepts(input) != (err == nil) {
			t.Fatalf("Parse(%q) = %+v, %v, but the grammar says %v", input, got, err, grammarAccepts(input))
		}
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(input) || syntax.Input != input {
				t.Fatalf("Parse(%q): error %#v has no place in the input", input, err)
			}
			_ = err.Error() // cuts the input at the offset: must not panic
			return
		}
		again, err := Parse(got.String())
		if err != nil {
			t.Fatalf("Parse(%q) prints as %q: %v", input, got, err)
		}
		if again != got && !math.IsNaN(got.Limit) {
			t.Fatalf("Parse(%q) = %+v, printed and read again %+v", input, got, again)
		}
		if again.String() != got.String() {
			t.Fatalf("%q isn't canonical: it becomes %q", got, again)
		}
	})
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
