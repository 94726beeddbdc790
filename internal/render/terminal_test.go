package render

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"k6report/internal/render/plain"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

func terminalView(t testing.TB, r *report.Report, opts TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Terminal(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// saved is r as it comes back from a file, for that is what is shown too.
func saved(t testing.TB, r *report.Report) *report.Report {
	t.Helper()
	var b bytes.Buffer
	if err := report.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	back, err := report.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestTerminalGoldens(t *testing.T) {
	for _, tc := range []struct {
		sample string
		opts   TerminalOptions
	}{
		{"minimal", TerminalOptions{}},
		{"nodata", TerminalOptions{Width: 80}},
		{"healthy", TerminalOptions{}},
		{"healthy", TerminalOptions{Color: true}},
		{"threshold_failed", TerminalOptions{Width: 80}},
		{"threshold_failed", TerminalOptions{Width: 140}},
		{"invalid", TerminalOptions{ASCII: true}},
		{"wide", TerminalOptions{Width: 80}},
		{"wide", TerminalOptions{Width: 200}},
		{"wide", TerminalOptions{ASCII: true, Width: 120}},
		{"hostile", TerminalOptions{Width: 80}},
		{"full", TerminalOptions{}},
		{"full", TerminalOptions{Verbose: true, Width: 140}},
	} {
		name := tc.sample
		for _, x := range []struct {
			on  bool
			tag string
		}{
			{tc.opts.Width > 0, fmt.Sprintf("-%d", tc.opts.Width)},
			{tc.opts.ASCII, "-ascii"},
			{tc.opts.Color, "-color"},
			{tc.opts.Verbose, "-verbose"},
		} {
			if x.on {
				name += x.tag
			}
		}
		t.Run(name, func(t *testing.T) {
			got := terminalView(t, saved(t, sample.All()[tc.sample]), tc.opts)
			golden := filepath.Join("testdata", "terminal", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("not as in %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// colorCodes are the only escape sequences that may appear.
var colorCodes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// safe fails unless out can do nothing to a terminal but show text.
func safe(t testing.TB, out string, opts TerminalOptions) {
	t.Helper()
	if opts.Color {
		out = colorCodes.ReplaceAllString(out, "")
	}
	if !utf8.ValidString(out) {
		t.Error("the output is no UTF-8")
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if w := columns(line); w > opts.Width {
			t.Errorf("%d columns, want at most %d: %q", w, opts.Width, line)
		}
		for _, r := range line {
			switch {
			case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.Is(unicode.Cf, r):
				t.Errorf("%U in %q", r, line)
			case opts.ASCII && r > 0x7e:
				t.Errorf("%U in an ASCII view: %q", r, line)
			}
		}
	}
}

func TestEverySampleIsSafeAtEveryWidth(t *testing.T) {
	for name, r := range sample.All() {
		for i, width := range []int{60, 80, 99, 120, 140, 200, 300} {
			for _, opts := range []TerminalOptions{
				{Width: width},
				{Width: width, ASCII: i%2 == 0, Color: true, Verbose: true},
				{Width: width, ASCII: i%2 == 1, Verbose: true},
			} {
				if testing.Short() && i%3 > 0 {
					continue
				}
				safe(t, terminalView(t, r, opts), opts)
				if t.Failed() {
					t.Fatalf("sample %s, %+v", name, opts)
				}
			}
		}
	}
}

func TestColourChangesNothingElse(t *testing.T) {
	r := sample.Full()
	plainView := terminalView(t, r, TerminalOptions{Verbose: true})
	coloured := terminalView(t, r, TerminalOptions{Verbose: true, Color: true})
	if !strings.Contains(coloured, "\x1b[") {
		t.Fatal("no colour at all")
	}
	if diff := cmp.Diff(plainView, colorCodes.ReplaceAllString(coloured, "")); diff != "" {
		t.Errorf("apart from colour (-without +with):\n%s", diff)
	}
}

func TestRenderingLeavesTheReportAlone(t *testing.T) {
	r, before := sample.Full(), sample.Full()
	terminalView(t, r, TerminalOptions{Verbose: true})
	terminalView(t, r, TerminalOptions{})
	if diff := cmp.Diff(before, r, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestAnOrdinaryRunFitsAScreen(t *testing.T) {
	if n := strings.Count(terminalView(t, sample.Healthy(), TerminalOptions{Width: 100}), "\n"); n > 45 {
		t.Errorf("%d lines, want at most 45", n)
	}
}

func TestTheVerdictComesFirst(t *testing.T) {
	for _, s := range report.Statuses() {
		r := sample.Healthy()
		r.Verdict.Status = s
		out := strings.TrimSpace(terminalView(t, r, TerminalOptions{}))
		word := strings.ToUpper(strings.ReplaceAll(string(s), "_", " "))
		if !strings.HasPrefix(out, word) {
			t.Errorf("status %s: the view begins with %.40q", s, out)
		}
	}
}

func TestVerboseShowsEveryRow(t *testing.T) {
	r := sample.Wide()
	out := terminalView(t, r, TerminalOptions{Width: 300, Verbose: true})
	for _, e := range r.Run.Endpoints {
		if !strings.Contains(out, plain.Line(e.Name)) {
			t.Errorf("no %s", e.Name)
		}
	}
	short := terminalView(t, r, TerminalOptions{Width: 300})
	if !strings.Contains(short, "188 more endpoints") {
		t.Error("the short view doesn't say what it leaves out")
	}
}

func TestMissedTargetsAreShownBeyondTheFirstRows(t *testing.T) {
	r := sample.Wide()
	r.Run.Endpoints[150].Name = "slow_one"
	r.Run.Endpoints[150].Targets = []report.Target{{Expression: "p(95)<500", OK: report.Bool(false)}}
	out := terminalView(t, r, TerminalOptions{})
	if !regexp.MustCompile(`(?m)^  slow_one .*✗ p95<500$`).MatchString(out) {
		t.Errorf("the endpoint isn't there:\n%s", out)
	}
}

// FuzzTerminal puts any text into every string of a report.
func FuzzTerminal(f *testing.F) {
	f.Add(sample.Attack(), uint8(80), false)
	f.Add("e\u0301\u0301\u0301\u0301\u0301\u0301", uint8(100), false)
	f.Add("각🇩🇪🇩 👨‍👩‍👧 \u200d\ufe0f❤️\u2764", uint8(61), false)
	f.Add("\u00ad\u034f\u3164\u115f\ufff9\U000e0041", uint8(90), true)
	f.Add("עברית العربية\u0600\u061c", uint8(133), false)
	full := sample.Full()
	f.Fuzz(func(t *testing.T, text string, width uint8, seven bool) {
		r := saved(t, full)
		replaceText(reflect.ValueOf(r), text)
		opts := TerminalOptions{Width: max(60, int(width)), ASCII: seven}
		safe(t, terminalView(t, r, opts), opts)
		opts.Verbose, opts.Color = true, true
		safe(t, terminalView(t, r, opts), opts)
	})
}

// replaceText sets every string in a report to text.
func replaceText(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if !v.IsNil() {
			replaceText(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceText(v.Index(i), text)
		}
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf(text), reflect.ValueOf(text))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				replaceText(v.Field(i), text)
			}
		}
	}
}
