package report

import (
	"fmt"
	"slices"
	"strings"
)

// Status is the verdict in one word.
type Status string

// The statuses in the contract's order: a verdict has the first that holds.
const (
	Regressed       Status = "regressed"        // confirmed slower, less or more failing than the baseline
	ThresholdFailed Status = "threshold_failed" // a k6 threshold or a configured service level
	RunInvalid      Status = "invalid"          // the run says nothing about the build
	NotComparable   Status = "not_comparable"   // the baseline measured something else
	Suspected       Status = "suspected"        // looks regressed, not confirmed by a second run
	Inconclusive    Status = "inconclusive"     // every gate is
	Improved        Status = "improved"
	Passed          Status = "passed"
)

// Statuses are all statuses, the one that takes precedence first.
func Statuses() []Status {
	return []Status{
		Regressed, ThresholdFailed, RunInvalid, NotComparable,
		Suspected, Inconclusive, Improved, Passed,
	}
}

// Exit codes of the contract that follow from a verdict. Codes 1, 2 and 130
// are the command's own and never come from a report.
const (
	ExitOK              = 0
	ExitRegressed       = 3
	ExitThresholdFailed = 4
	ExitOtherStatus     = 5
)

// ExitCode is the process's exit code for a run of which status, and also the
// statuses in also, hold, when failOn names the statuses that fail a build.
// The first status in the contract's order that both holds and is named
// decides; none is ExitOK.
func ExitCode(status Status, failOn []Status, also ...Status) int {
	for _, s := range Statuses() {
		if s != status && !slices.Contains(also, s) || !slices.Contains(failOn, s) {
			continue
		}
		switch s {
		case Regressed:
			return ExitRegressed
		case ThresholdFailed:
			return ExitThresholdFailed
		default:
			return ExitOtherStatus
		}
	}
	return ExitOK
}

// DefaultFailOn is what --fail-on means when it isn't given; the ci verb adds
// RunInvalid.
func DefaultFailOn() []Status { return []Status{Regressed, ThresholdFailed} }

// ParseFailOn reads the value of --fail-on: statuses separated by commas,
// "all" (every status but improved and passed) or "none". An empty list is
// DefaultFailOn. The result has the contract's order and no duplicates.
func ParseFailOn(list string) ([]Status, error) {
	var named []Status
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	for _, word := range words {
		switch s := Status(word); {
		case word == "all":
			named = append(named, Regressed, ThresholdFailed, RunInvalid, NotComparable, Suspected, Inconclusive)
		case word == "none" && len(words) == 1:
			return nil, nil
		case slices.Contains(Statuses(), s):
			named = append(named, s)
		default:
			return nil, fmt.Errorf("read --fail-on: %q is no status; use all, none or a list of %s", word, joinStatuses(Statuses()))
		}
	}
	if len(words) == 0 {
		return DefaultFailOn(), nil
	}
	ordered := slices.DeleteFunc(Statuses(), func(s Status) bool { return !slices.Contains(named, s) })
	return ordered, nil
}

func joinStatuses(list []Status) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}
