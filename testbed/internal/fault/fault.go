// Package fault is the catalogue of what can be wrong with the engine on
// purpose. Each fault is a real constraint wherever there is one, comes in a
// mild and a strong setting, and states the truth that an analysis of a load
// test has to find out.
//
// The engine reads the settings, the laboratory the truth: both from one table.
package fault

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Strength is how bad a fault is.
type Strength string

// The strengths of every fault but slow, which takes a factor as well.
const (
	Mild   Strength = "mild"
	Strong Strength = "strong"
)

// Expect is what an analysis should make of a fault.
type Expect string

// The kinds of answers.
const (
	Bottleneck   Expect = "bottleneck"   // its components named, with their details
	Finding      Expect = "finding"      // a gauge that drifts or is too high
	Fairness     Expect = "fairness"     // tenants that fare differently
	Nothing      Expect = "nothing"      // no bottleneck
	Unattributed Expect = "unattributed" // inconclusive: the time is in no component
	HostWide     Expect = "host-wide"    // inconclusive: everything is slower alike
)

// Truth is a component and the sub-part of it that is to blame, in the words
// of k6report's report.json.
type Truth struct {
	Component string
	Detail    string // "" where only the component counts
}

// Fault is one entry of the catalogue.
type Fault struct {
	Name   string
	How    string // what is done to the engine
	Shows  string // where it shows
	Truth  []Truth
	Expect Expect
	// Parts are the Server-Timing names that grow, and Gauges the fields of
	// /health; either may be empty.
	Parts, Gauges []string
	// Queues says that it grows with the load, so that one run under two loads
	// is enough to tell.
	Queues bool
	// PostgreSQL says that SQLite has nothing of the kind; there the engine
	// doesn't start.
	PostgreSQL bool
	set        func(*Knobs, level)
}

// level is a chosen setting; of factor faults, a number.
type level struct {
	strong bool
	factor float64 // 0 when not given
}

// pick chooses by strength.
func pick[T any](l level, mild, strong T) T {
	if l.strong {
		return strong
	}
	return mild
}

// Setting is a fault and how bad it is, as the flag --fault names it.
type Setting struct {
	Fault Fault
	Text  string // what was asked for: "db-pool=strong"
	level level
}

// Find returns the fault of a name.
func Find(name string) (Fault, bool) {
	all := Catalogue()
	at := slices.IndexFunc(all, func(f Fault) bool { return f.Name == name })
	if at < 0 {
		return Fault{}, false
	}
	return all[at], true
}

// Names lists the faults' names in the order of the catalogue.
func Names() []string {
	var names []string
	for _, f := range Catalogue() {
		names = append(names, f.Name)
	}
	return names
}

// Parse reads NAME, NAME=mild, NAME=strong or, of slow, NAME=FACTOR with a
// factor from 1 to 100. Without a strength it is strong.
func Parse(text string) (Setting, error) {
	name, value, given := strings.Cut(text, "=")
	f, known := Find(name)
	if !known {
		return Setting{}, fmt.Errorf("no fault %q; there are %s", name, strings.Join(Names(), ", "))
	}
	s := Setting{Fault: f, Text: text}
	switch {
	case !given || value == string(Strong):
		s.level.strong = true
	case value == string(Mild):
	case name == slowName:
		factor, err := strconv.ParseFloat(value, 64)
		if err != nil || !(factor >= 1 && factor <= 100) || math.IsNaN(factor) {
			return Setting{}, fmt.Errorf("fault %s=%s: want a factor from 1 to 100, mild or strong", name, value)
		}
		s.level.factor = factor
	default:
		return Setting{}, fmt.Errorf("fault %s=%s: want mild or strong", name, value)
	}
	return s, nil
}

// Settings are the values of a repeatable flag.
type Settings []Setting

// String implements flag.Value.
func (s *Settings) String() string {
	var list []string
	for _, one := range *s {
		list = append(list, one.Text)
	}
	return strings.Join(list, ",")
}

// Set implements flag.Value.
func (s *Settings) Set(text string) error {
	one, err := Parse(text)
	if err == nil {
		*s = append(*s, one)
	}
	return err
}

// ErrUnsupported says that the database can't have the fault.
var ErrUnsupported = errors.New("unsupported: the fault needs PostgreSQL")

// Knobs turns the settings into constraints. Faults add up; of two that turn
// one knob, the later counts. It answers ErrUnsupported for a fault that needs
// PostgreSQL where there is none.
func (s Settings) Knobs(postgres bool) (Knobs, error) {
	var k Knobs
	for _, one := range s {
		if one.Fault.PostgreSQL && !postgres {
			return Knobs{}, fmt.Errorf("fault %s on SQLite: %w", one.Fault.Name, ErrUnsupported)
		}
		one.Fault.set(&k, one.level)
	}
	return k, nil
}

// Index says what is left of the index that lists executions.
type Index int

// What there may be.
const (
	WholeIndex   Index = iota
	PartialIndex       // by the workflow's name alone: its executions have to be sorted
	NoIndex
)

// HotRow says who shares the row that each execution keeps locked.
type HotRow int

// Who that may be.
const (
	NoHotRow HotRow = iota
	HotRowPerWorkflow
	HotRowOfAll
)

// HotRange says who shares the records that each execution keeps locked.
type HotRange int

// Who that may be.
const (
	NoHotRange HotRange = iota
	HotRangePerTenant
	HotRangeOfAll
)

// Compile says how often the templates' grammar is compiled.
type Compile int

// How often that may be.
const (
	CompileOnce Compile = iota
	CompilePerText
	CompilePerExpression
)

// Knobs are the constraints. The zero value is a healthy engine.
type Knobs struct {
	DBConns     int           // connections of the pool; 0 for what the engine's flags say
	HotRow      HotRow        // each execution begins with updating a row that it shares
	HotRange    HotRange      // each execution begins with locking records that it shares
	Index       Index         // of listing executions
	CommitDelay time.Duration // PostgreSQL waits before each flush of its log
	WriteFactor float64       // of a transaction's statement time; 0 as 1

	PathEnds    int // the last so many tasks' depths are found by walking every path to them
	Compile     Compile
	ScopeCopies int // deep copies of what templates see, made for each task

	HTTPConns   int           // connections to the callee; 0 for what the flags say
	HTTPIdle    int           // connections kept for the next call; 0 for all, below 0 for none
	DNSDelay    time.Duration // of looking up the callee's name; 0 for no lookup by a server
	CalleeDelay time.Duration // of the callee's answer; 0 for what the flags say

	Confirm     int // listeners that must confirm an event, in turn and under one lock
	AcceptSlots int // hub connections that may be made at once; 0 for any number
	ConnBuffer  int // bytes kept for each hub connection

	Executions int // that run at once; 0 for what the flags say
	Leak       int // bytes kept of each request for ever
	Untimed    time.Duration
	// Of each Period, the process is stopped for Busy. 0 leaves it alone.
	Busy, Period time.Duration
}
