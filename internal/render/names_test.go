package render

import (
	"fmt"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

// long is a name of n letters without two stretches alike.
func long(prefix string, n int) string {
	var b strings.Builder
	b.WriteString(prefix)
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "_%d", i)
	}
	return b.String()[:n]
}

func TestVerboseLosesNoName(t *testing.T) {
	for _, width := range []int{60, 80, 100, 200, mostWidth} {
		for _, n := range []int{40, 57, 90, 130, 600} {
			r := sample.Full()
			r.Run.Metrics[0].Name = long("metric", n)
			r.Run.Thresholds[0].Metric = long("threshold", n)
			r.Run.Checks[0].Name, r.Run.Checks[0].Group = long("check", n), ""
			r.Run.Endpoints[0].Name = long("endpoint", n)
			r.Run.Errors[0].Text = long("error", n)
			r.Run.Labels = map[string]string{"label": long("value", n)}
			opts := TerminalOptions{Width: width, Verbose: true}
			out := terminalView(t, r, opts)
			safe(t, out, opts)
			// Names that are wider than a line go on in the next.
			joined := strings.Join(strings.Fields(out), "")
			for _, name := range []string{"metric", "threshold", "check", "endpoint", "error", "value"} {
				text, where := long(name, n), out
				if n > width-4 || name == "value" {
					where = joined
				}
				if !strings.Contains(where, text) {
					t.Errorf("%d columns: no %s of %d letters", width, name, n)
				}
			}
		}
	}
}

func TestAFileHasNamesInTheirRows(t *testing.T) {
	r := sample.Full()
	r.Run.Thresholds[0].Metric = long("threshold", 150)
	out := terminalView(t, r, TerminalOptions{Verbose: true})
	if !strings.Contains(out, long("threshold", 150)+"  rate") {
		t.Error("without a width a row is broken up")
	}
}

func TestVerboseDropsNumbersBeforeItBreaksRowsUp(t *testing.T) {
	out := terminalView(t, sample.Full(), TerminalOptions{Width: 100, Verbose: true})
	if !strings.Contains(out, "\n  execute_workflow  POST ") {
		t.Errorf("a short name isn't in its row:\n%s", out)
	}
}

func TestAWarningIsNeverCut(t *testing.T) {
	r := sample.Healthy()
	text := strings.Repeat("word ", 150) + "end"
	for _, severity := range []report.Severity{report.Warning, report.Error, report.Invalid} {
		r.Notes = []report.Note{{Code: "code", Severity: severity, Message: text}}
		if out := terminalView(t, r, TerminalOptions{Width: 80}); !strings.Contains(out, "word end\n") {
			t.Errorf("a note of severity %s is cut", severity)
		}
	}
}

func TestNarrowTablesHaveShortHeads(t *testing.T) {
	r := sample.Healthy()
	r.Run.Errors[0].Text = long("error", 100)
	if out := terminalView(t, r, TerminalOptions{Width: 80}); !strings.Contains(out, "OF EP. %") || strings.Contains(out, "OF ENDPOINT %") {
		t.Error("a table that is too wide keeps its long heads")
	}
	if out := terminalView(t, r, TerminalOptions{Width: 200}); !strings.Contains(out, "OF ENDPOINT %") {
		t.Error("there is room for the head of the share")
	}
}
