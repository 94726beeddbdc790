// Package report is the document that k6report makes of a run: the verdict,
// the measured numbers, every finding with its uncertainty, the points of the
// charts and the notes that limit what may be concluded.
//
// A Report is self-sufficient: any renderer shows it without the run it came
// from, today or from the saved report.json next year. It holds results only.
// It does not compute them (package analyze does) and does not show them
// (package render does), and it imports nothing else of the module.
//
// Conventions, unless a field says otherwise: times are milliseconds, points
// in time are seconds since the run's start, sizes are bytes, rates are per
// second, shares, rates of errors and changes are fractions (0.1 = 10 %). A
// number that does not exist is nil, which is absent or null in JSON, never 0.
// Lists keep the order in which they are to be shown.
package report

// SchemaID names the version of the document. A reader refuses any other.
const SchemaID = "k6report.report/v1"

// Report is the whole document; the order of its fields is the order of
// report.json. The optional sections are nil when their question was not
// asked of this run.
type Report struct {
	Schema      string       `json:"schema"` // the document's version
	Generator   Generator    `json:"generator"`
	Verdict     Verdict      `json:"verdict"`
	Run         Run          `json:"run"`
	Overhead    *Overhead    `json:"overhead,omitempty"`
	Attribution *Attribution `json:"attribution,omitempty"`
	Comparison  *Comparison  `json:"comparison,omitempty"`
	Saturation  *Saturation  `json:"saturation,omitempty"`
	Soak        *Soak        `json:"soak,omitempty"`
	Trend       *Trend       `json:"trend,omitempty"`
	Charts      []Chart      `json:"charts"`
	Notes       []Note       `json:"notes"`
	Method      []Method     `json:"method"`
}

// Generator is the program that made the report.
type Generator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Verdict is the answer in one word, one number and one sentence.
type Verdict struct {
	Status Status `json:"status"`
	// Also are the other statuses that hold of this run, in the contract's
	// order and without the first; empty when there are none.
	Also     []Status `json:"also,omitempty"`
	ExitCode int      `json:"exit_code"` // of the process, by --fail-on
	// Headline is one sentence without a line break, no markup. It begins with a
	// capital, or with a name of the test as that is written.
	Headline string `json:"headline"`
	// Told are the positions in Report.Notes, from 0, of the notes that the
	// headline repeats; empty: of none.
	Told []int `json:"told,omitempty"`
}

// Note is a limitation, an assumption or a warning that belongs to the
// result. Code is stable (lower case, underscores) and what scripts rely on;
// Message is for people and may change.
type Note struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Where is what the note is about (a file and line, an endpoint, a gate);
	// empty when it is about the run as a whole.
	Where string `json:"where,omitempty"`
}

// Severity says what a Note does to the conclusions.
type Severity string

// The severities, from the mildest.
const (
	Info    Severity = "info"    // an assumption or a cut that the reader should know
	Warning Severity = "warning" // a conclusion is weaker than it looks
	Error   Severity = "error"   // something asked for could not be done or read
	Invalid Severity = "invalid" // the run says nothing about the build
)

// Method is one paragraph of the method section, in plain words.
type Method struct {
	Topic string `json:"topic"`
	Text  string `json:"text"`
}

// Num returns a pointer to v, or nil when v is NaN or infinite: the way from
// a computation, where NaN means "not there", into the document.
func Num(v float64) *float64 {
	if v-v != 0 { // NaN or ±Inf
		return nil
	}
	return &v
}

// Int returns a pointer to v.
func Int(v int64) *int64 { return &v }

// Bool returns a pointer to v.
func Bool(v bool) *bool { return &v }
