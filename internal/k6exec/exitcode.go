package k6exec

// Exit codes of k6 that a caller may want to tell apart.
const (
	ExitOK         = 0
	ExitThresholds = 99  // a threshold failed; the run itself may be fine
	ExitConfig     = 104 // nothing was run
	ExitAborted    = 105 // interrupted by a signal
	ExitException  = 107 // the script threw, at its start or in setup
	ExitTestAbort  = 108 // the script called test.abort()
	ExitTestFail   = 110 // the script called test.fail()
)

// Explain says what an exit code of k6 means and what to do about it. The remedy
// is "" where there is nothing to do. An unknown code is said to be one; -1 is
// the code that an Execution has when a signal ended k6.
//
// Source: k6's errext/exitcodes, 1.8.1. The numbers are the same in 2.x.
func Explain(code int) (meaning, remedy string) {
	switch code {
	case ExitOK:
		return "k6 finished and every threshold passed", ""
	case 97:
		return "the cloud test run failed", "look at the run in Grafana Cloud k6"
	case 98:
		return "k6 lost sight of the cloud test run", "check the connection to Grafana Cloud k6 and run again"
	case ExitThresholds:
		return "at least one threshold failed", "see the thresholds in the report"
	case 100:
		return "setup() took too long", "make setup() faster or raise the script's setupTimeout"
	case 101:
		return "teardown() took too long", "make teardown() faster or raise the script's teardownTimeout"
	case 102:
		return "a part of the test took too long", "see k6's log for the part"
	case 103:
		return "the run was stopped through k6's REST API", "run again and leave it alone"
	case ExitConfig:
		return "k6 refused the configuration", "see k6's log for the option; `k6 inspect SCRIPT` checks a script without running it"
	case ExitAborted:
		return "the run was interrupted", "run again to its end; what was measured until then can be read"
	case 106:
		return "k6 could not start its REST API",
			"free the port, or pass --address with another one or with ''"
	case ExitException:
		return "the script threw an exception", "see k6's log for the line; nothing or only a part was measured"
	case ExitTestAbort:
		return "the script aborted the test with test.abort()", "see k6's log for its reason"
	case 109:
		return "k6 itself crashed", "see k6's log and report it to k6 with the script"
	case ExitTestFail:
		return "the script marked the test as failed with test.fail()", "see k6's log for its reason"
	case 255:
		return "k6 failed for a reason that has no code of its own",
			"see k6's log; often a script that is not there or an output that can't be written"
	case -1:
		return "k6 was ended by a signal", "if nobody stopped it, the machine may have run out of memory"
	}
	return "k6 ended with a code that is not one of its own", "see k6's log"
}
