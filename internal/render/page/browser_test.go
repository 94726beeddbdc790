package page

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"k6report/internal/analyze"
	"k6report/internal/needs"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

// browser is Debian's Chromium, for all tests of a page.
func browser(t *testing.T) context.Context {
	t.Helper()
	needs.Time(t, "it takes a browser")
	program, err := exec.LookPath("chromium")
	if err != nil {
		needs.LeaveOut(t, "%s", "chromium is not installed; tools/install.sh chromium does it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// visit opens a report's page in a tab of its own. Whatever the page does that
// a page of ours must not do fails the test: an error in the console, a
// request, a dialog, an exception.
func visit(t *testing.T, ctx context.Context, r *report.Report, width int64, more ...func(context.Context) error) context.Context {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(pageOf(t, r)), 0o600); err != nil {
		t.Fatal(err)
	}
	tab, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Listen(tab, func(event any) { judge(t, event) }); err != nil {
		t.Fatal(err)
	}
	steps := append([]func(context.Context) error{
		command(network.Enable, network.EnableParams{}),
		command(cdplog.Enable, cdp.Empty{}),
		command(runtime.Enable, cdp.Empty{}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500,
		}),
	}, more...)
	for _, step := range append(steps, func(ctx context.Context) error { return chromedp.Do(ctx, chromedp.Navigate("file://"+file)) }) {
		if err := step(tab); err != nil {
			t.Fatal(err)
		}
	}
	return tab
}

// command is one of the protocol's as a step of a visit.
func command[P, R any](c cdp.Command[P, R], params P) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, c, params)
		return err
	}
}

// judge fails the test on events that a page of ours must not cause.
func judge(t *testing.T, event any) {
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		t.Errorf("the console says: %.300s", e.Entry.Text)
	case *runtime.EventExceptionThrown:
		t.Errorf("an exception: %.300s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		t.Errorf("something was logged")
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "file://") || !strings.HasSuffix(e.Request.URL, "/report.html") {
			t.Errorf("a request for %.100s", e.Request.URL)
		}
	case *cdppage.EventJavascriptDialogOpening:
		t.Errorf("a dialog: %.100s", e.Message)
	}
}

func evaluate[V any](t *testing.T, tab context.Context, script string) V {
	t.Helper()
	out, err := chromedp.Run(tab, chromedp.Evaluate[V](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.100s: %v", script, err)
	}
	return out
}

// Whatever the report holds: no script of its runs, nothing is asked for, and
// the page is no wider than the window, on a phone too.
func TestPagesInChromium(t *testing.T) {
	ctx := browser(t)
	axe := axeCore(t)
	for name, r := range sample.All() {
		for _, width := range []int64{390, 1180} {
			tab := visit(t, ctx, r, width)
			if wide := evaluate[int64](t, tab, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("%s: %d pixels wide in a window of %d", name, wide, width)
			}
			if got := evaluate[string](t, tab, "getComputedStyle(document.querySelector('.badge')).color"); got != "rgb(255, 255, 255)" {
				t.Errorf("%s: the style isn't used: the badge is %s", name, got)
			}
			if width < 500 || !slices.Contains([]string{"full", "wide", "nodata", "hostile", "assailed"}, name) {
				continue
			}
			evaluate[any](t, tab, axe)
			if bad := evaluate[[]string](t, tab, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.help + " (" + v.nodes.length + " times, the first: " + v.nodes[0].html.slice(0, 200) + ")"))`); len(bad) > 0 {
				t.Errorf("%s: axe-core finds\n%s", name, strings.Join(bad, "\n"))
			}
		}
	}
}

// axeCore is the accessibility checker's source.
func axeCore(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("../../../.tools/npm/node_modules/axe-core/axe.min.js")
	if err != nil {
		needs.LeaveOut(t, "%s", "axe-core is not installed; tools/install.sh axe-core does it")
	}
	return string(source) + ";0"
}

func TestDarkPagesHaveContrast(t *testing.T) {
	ctx := browser(t)
	axe := axeCore(t)
	tab := visit(t, ctx, sample.Full(), 1180, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}))
	if got := evaluate[string](t, tab, "getComputedStyle(document.body).backgroundColor"); got != "rgb(20, 24, 29)" {
		t.Errorf("the ground is %s", got)
	}
	if light, dark := "rgb(0, 114, 178)", evaluate[string](t, tab, "getComputedStyle(document.querySelector('.s-c0')).stroke"); dark == light {
		t.Error("a line in the dark has the colour of the day")
	}
	evaluate[any](t, tab, axe)
	if bad := evaluate[[]string](t, tab, `axe.run({runOnly: ["color-contrast"]}).then(r => r.violations.flatMap(v => v.nodes.map(n => n.html.slice(0, 150) + n.failureSummary)))`); len(bad) > 0 {
		t.Errorf("too little contrast:\n%s", strings.Join(bad, "\n"))
	}
}

func TestTablesSortAndFilter(t *testing.T) {
	ctx := browser(t)
	tab := visit(t, ctx, sample.Wide(), 1180)
	const p95 = `Array.from(document.querySelectorAll("#table-endpoints th")).find(h => h.textContent.startsWith("p95"))`
	const column = `Array.from(document.querySelectorAll("#table-endpoints tbody tr")).map(r => parseFloat(r.cells[` + p95 + `.cellIndex].textContent.replace(/,/g, "")))`
	for _, want := range []string{"descending", "ascending"} {
		evaluate[any](t, tab, p95+`.querySelector("button").click()`)
		if got := evaluate[string](t, tab, p95+`.getAttribute("aria-sort")`); got != want {
			t.Errorf("the column is %q, want %q", got, want)
		}
		values := evaluate[[]float64](t, tab, column)
		for i := 1; i < len(values); i++ {
			if want == "descending" && values[i] > values[i-1] || want == "ascending" && values[i] < values[i-1] {
				t.Fatalf("%s: %v before %v", want, values[i-1], values[i])
			}
		}
	}
	shown := evaluate[int](t, tab, `(() => { const i = document.querySelector("input.filter[data-table=table-endpoints]"); i.value = "tenants/017"; i.dispatchEvent(new Event("input")); return document.querySelectorAll("#table-endpoints tbody tr:not([hidden])").length; })()`)
	if shown != 0 && shown != 1 {
		t.Errorf("%d rows are left by a filter that fits one", shown)
	}
	shown = evaluate[int](t, tab, `(() => { const i = document.querySelector("input.filter[data-table=table-endpoints]"); i.value = "tenants/018"; i.dispatchEvent(new Event("input")); return document.querySelectorAll("#table-endpoints tbody tr:not([hidden])").length; })()`)
	if shown != 1 {
		t.Errorf("%d rows are left by a filter that fits one", shown)
	}
}

func TestChartsTellTheirValues(t *testing.T) {
	ctx := browser(t)
	tab := visit(t, ctx, sample.Full(), 1180)
	const figure = `document.querySelector("#chart-latency")`
	press := func(key string) string {
		return evaluate[string](t, tab, `(() => { const f = `+figure+`; f.querySelector(".plot").dispatchEvent(new KeyboardEvent("keydown", {key: "`+key+`"})); return f.querySelector("output").textContent; })()`)
	}
	c := sample.Full().Chart(report.ChartLatency)
	first, last := press("Home"), press("End")
	if !strings.HasPrefix(first, "0 s: p50 ") || !strings.Contains(first, "p95 ") || first == last {
		t.Errorf("the first value reads %q, the last %q; the chart begins at %v", first, last, c.X[0])
	}
	if back := press("ArrowLeft"); back == last || back == first {
		t.Errorf("the value before the last reads %q", back)
	}

	// A stretch that is drawn over is shown alone; the button shows all again.
	const line = figure + `.querySelector("path.n1").getAttribute("d")`
	whole := evaluate[string](t, tab, line)
	drag := `(() => { const s = ` + figure + `.querySelector("svg"); s.scrollIntoView(); const b = s.getBoundingClientRect(); const at = (x, type, on) => on.dispatchEvent(new PointerEvent(type, {clientX: b.left + b.width * x, clientY: b.top + 20, pointerType: "mouse", bubbles: true})); at(0.4, "pointerdown", s); at(0.6, "pointermove", s); at(0.6, "pointerup", window); return ` + line + `; })()`
	part := evaluate[string](t, tab, drag)
	if part == whole || len(part) >= len(whole) {
		t.Errorf("after zooming the line is %.80s", part)
	}
	if again := evaluate[string](t, tab, `(() => { `+figure+`.querySelector("button.reset").click(); return `+line+`; })()`); again != whole {
		t.Error("the whole run doesn't come back")
	}
}

func TestWithoutScriptsThePageIsWhole(t *testing.T) {
	ctx := browser(t)
	tab := visit(t, ctx, sample.Full(), 1180, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	text, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"execute_workflow", "pool exhaustion", "Latency over time", "http_req_failed", "Trend"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

// The first paint of a page of half an hour. What is tested has room for a busy
// machine; `make bench-reports` prints the figure, whose goal is 300 ms.
func TestFirstPaint(t *testing.T) {
	ctx := browser(t)
	r := analyze.Analyze(halfAnHour(t, 1), analyze.Options{})
	visit(t, ctx, r, 1180) // a warm browser
	var paints []float64
	for range 5 {
		tab := visit(t, ctx, r, 1180)
		paints = append(paints, evaluate[float64](t, tab, `new Promise(done => new PerformanceObserver((list, o) => { o.disconnect(); done(list.getEntries()[0].startTime); }).observe({type: "paint", buffered: true}))`))
	}
	slices.Sort(paints)
	t.Logf("first paint after %.0f ms (median of 5, at most %.0f ms)", paints[2], paints[4])
	if !(paints[0] > 0) || paints[0] > 1000 {
		t.Errorf("first paint after %v ms", paints)
	}
}
