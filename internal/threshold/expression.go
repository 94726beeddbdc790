package threshold

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Operator compares an observed value with a limit. k6's "===" is read as
// Equal: to k6, which compares floating-point numbers only, they are the same.
type Operator string

// The operators of k6.
const (
	Less         Operator = "<"
	LessEqual    Operator = "<="
	Greater      Operator = ">"
	GreaterEqual Operator = ">="
	Equal        Operator = "=="
	NotEqual     Operator = "!="
)

// Expression is one threshold: a statistic, an operator and a limit.
// Expressions that mean the same are equal with ==, however they were spelt
// (a NaN limit, which k6 accepts and which never holds but with "!=", excepted).
type Expression struct {
	Statistic Statistic
	Operator  Operator

	// Limit has the unit of the metric: milliseconds for times, a fraction for
	// rates, bytes for data.
	Limit float64
}

// Parse reads a threshold expression by k6's grammar:
//
//	expression = statistic operator number
//	statistic  = "count" | "rate" | "value" | "avg" | "min" | "med" | "max" | "p(" number ")"
//	operator   = ">" | ">=" | "<" | "<=" | "==" | "===" | "!="
//
// with any white space around each of the three. A number is what
// strconv.ParseFloat takes, exponents and signs included, as in k6, whose
// documented grammar is narrower than its parser. Whether the statistic fits
// the metric's type is another question: see [Statistic.CheckType].
// An error is a *SyntaxError.
func Parse(input string) (Expression, error) {
	at := strings.IndexAny(input, "<>=!")
	if at < 0 {
		return Expression{}, syntaxError("threshold", input, len(input),
			"an operator is missing: "+operatorList)
	}
	operator, width := operatorAt(input[at:])
	if width == 0 {
		return Expression{}, syntaxError("threshold", input, at,
			fmt.Sprintf("%q is no operator: %s", input[at:at+1], operatorList))
	}

	statistic, err := ParseStatistic(input[:at])
	if err != nil {
		return Expression{}, within("threshold", input, err)
	}

	right := input[at+width:]
	number := strings.TrimSpace(right)
	offset := at + width + strings.Index(right, number)
	if number == "" {
		return Expression{}, syntaxError("threshold", input, offset, "a number is missing after "+string(operator))
	}
	limit, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return Expression{}, syntaxError("threshold", input, offset, fmt.Sprintf("%q is not a number", number))
	}
	return Expression{Statistic: statistic, Operator: operator, Limit: positiveZero(limit)}, nil
}

const operatorList = "use <, <=, >, >=, ==, === or !="

// operatorAt returns the longest operator that s begins with and its length in
// bytes, 0 when there is none.
func operatorAt(s string) (Operator, int) {
	if strings.HasPrefix(s, "===") {
		return Equal, len("===")
	}
	for _, op := range []Operator{LessEqual, GreaterEqual, Equal, NotEqual, Less, Greater} {
		if strings.HasPrefix(s, string(op)) {
			return op, len(op)
		}
	}
	return "", 0
}

// String returns the canonical spelling, without white space: "p(95)<500".
// Parse reads it back to an equal expression.
func (e Expression) String() string {
	return e.Statistic.String() + string(e.Operator) + formatLimit(e.Limit)
}

// formatLimit spells ordinary numbers without an exponent, as people write them.
func formatLimit(v float64) string {
	if abs := math.Abs(v); v == 0 || (abs >= 1e-6 && abs < 1e15) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Eval reports whether the observed value, in the limit's unit, passes. A
// statistic without samples has no value: k6 lets its thresholds pass, callers
// here say that there is no data instead of calling Eval.
func (e Expression) Eval(observed float64) bool {
	switch e.Operator {
	case Less:
		return observed < e.Limit
	case LessEqual:
		return observed <= e.Limit
	case Greater:
		return observed > e.Limit
	case GreaterEqual:
		return observed >= e.Limit
	case Equal:
		return observed == e.Limit
	case NotEqual:
		return observed != e.Limit
	default:
		return false
	}
}

// SyntaxError says where and why a threshold, a statistic or a metric name
// could not be read.
type SyntaxError struct {
	What   string // "threshold", "statistic" or "metric name"
	Input  string // as it was given, whole
	Offset int    // of the offending text in Input, in bytes from 0; len(Input) is its end
	Reason string // what is wrong, and what would be right
}

// Error returns one line with the position counted in characters from 1.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s %q, character %d: %s",
		e.What, e.Input, utf8.RuneCountInString(e.Input[:e.Offset])+1, e.Reason)
}

func syntaxError(what, input string, offset int, reason string) *SyntaxError {
	return &SyntaxError{What: what, Input: input, Offset: offset, Reason: reason}
}

// within moves a part's error to the whole that begins with the part.
func within(what, input string, err error) error {
	var part *SyntaxError
	if errors.As(err, &part) {
		return syntaxError(what, input, part.Offset, part.Reason)
	}
	return err
}
