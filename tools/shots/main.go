// Command shots photographs report pages in Chromium as their readers meet
// them: on a desktop, on a phone, in the dark, on paper, and without scripts.
//
//	shots FOLDER...                 writes FOLDER/shots/*.png of FOLDER/report.html
//	shots -docs GALLERY -to FOLDER  writes the pictures of docs/reading-a-report.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// way is one of meeting a page.
type way struct {
	name          string
	width, height int64
	// most is the height of the picture, in pixels of the page.
	most      float64
	dark      bool
	paper     bool
	noScripts bool
}

func ways() []way {
	return []way{
		{name: "desktop", width: 1180, height: 820, most: 6000},
		{name: "screen", width: 1180, height: 820, most: 820},
		{name: "phone", width: 390, height: 844, most: 5000},
		{name: "dark", width: 1180, height: 820, most: 3500, dark: true},
		{name: "paper", width: 794, height: 1123, most: 4500, paper: true},
		{name: "noscript", width: 1180, height: 820, most: 3500, noScripts: true},
	}
}

//nolint:forbidigo // a command is where arguments and streams come from
func main() {
	gallery := flag.String("docs", "", "take the pictures of the documentation from this `folder` of reports")
	to := flag.String("to", "docs/pictures", "and write them into this `folder`")
	flag.Parse()
	if err := run(context.Background(), flag.Args(), *gallery, *to); err != nil {
		fmt.Fprintln(os.Stderr, "shots: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folders []string, gallery, to string) error {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return fmt.Errorf("chromium is not installed; tools/install.sh chromium does it: %w", err)
	}
	profile, err := os.MkdirTemp("", "shots")
	if err != nil {
		return fmt.Errorf("make a folder for the browser: %w", err)
	}
	defer os.RemoveAll(profile) //nolint:errcheck // a folder of the system's temporary ones
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile))
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	defer stop()
	ctx, end := chromedp.NewContext(ctx)
	defer end()
	if err := chromedp.Do(ctx); err != nil {
		return fmt.Errorf("start Chromium: %w", err)
	}
	var failed []error
	for _, folder := range folders {
		for _, w := range ways() {
			if err := shoot(ctx, folder, w); err != nil {
				failed = append(failed, fmt.Errorf("photograph %s, %s: %w", folder, w.name, err))
			}
		}
	}
	if gallery != "" {
		for _, p := range details() {
			if err := detail(ctx, gallery, to, p); err != nil {
				failed = append(failed, fmt.Errorf("photograph %s of %s: %w", p.name, p.state, err))
			}
		}
	}
	return errors.Join(failed...)
}

// part is a stretch of a page that the documentation shows.
type part struct {
	name, state string
	// from and until are selectors of the first and the last element.
	from, until string
	width       int64
}

func details() []part {
	return []part{
		{name: "head", state: "regression-with-cause", from: "header", until: ".answers", width: 1000},
		{name: "compared", state: "regression-with-cause", from: "#compared", until: "#chart-distribution", width: 1180},
		{name: "why", state: "regression-with-cause", from: "#chart-delta", until: "#chart-attribution", width: 1000},
		{name: "time", state: "thirty-minutes", from: "#chart-latency", until: "#chart-latency", width: 560},
		{name: "endpoints", state: "healthy-smoke", from: "#endpoints", until: "#table-endpoints", width: 1000},
		{name: "capacity", state: "capacity", from: "#chart-saturation", until: "#chart-saturation", width: 560},
	}
}

// detail photographs a part of a page, with a little room around it.
func detail(ctx context.Context, gallery, to string, p part) error {
	tab, done := chromedp.NewContext(ctx)
	defer done()
	if err := open(tab, filepath.Join(gallery, p.state), way{width: p.width, height: 820}); err != nil {
		return err
	}
	const around = 8
	box, err := chromedp.Run(tab, chromedp.Evaluate[[]float64](fmt.Sprintf(
		`(() => { const a = document.querySelector(%q).getBoundingClientRect(), b = Array.from(document.querySelectorAll(%q)).pop().getBoundingClientRect(); const x = Math.min(a.left, b.left), y = a.top + scrollY; return [x, y, Math.max(a.right, b.right) - x, b.bottom + scrollY - y]; })()`, p.from, p.until)))
	if err != nil {
		return err
	}
	return capture(tab, to, p.name, &page.Viewport{
		X: max(0, box[0]-around), Y: max(0, box[1]-around), Width: min(box[2]+2*around, float64(p.width)), Height: box[3] + 2*around, Scale: 1,
	})
}

// shoot writes one picture, in a tab of its own.
func shoot(ctx context.Context, folder string, w way) error {
	tab, done := chromedp.NewContext(ctx)
	defer done()
	if err := open(tab, folder, w); err != nil {
		return err
	}
	layout, err := chromedp.Call(tab, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return err
	}
	return capture(tab, filepath.Join(folder, "shots"), w.name,
		&page.Viewport{Width: float64(w.width), Height: min(w.most, layout.CSSContentSize.Height), Scale: 1})
}

// open opens a folder's page in a tab as it is met.
func open(tab context.Context, folder string, w way) error {
	file, err := filepath.Abs(filepath.Join(folder, "report.html"))
	if err != nil {
		return err
	}
	if _, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: w.width, Height: w.height, DeviceScaleFactor: 1, Mobile: w.width < 500,
	}); err != nil {
		return err
	}
	media := emulation.SetEmulatedMediaParams{}
	if w.dark {
		media.Features = []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}
	}
	if w.paper {
		media.Media = "print"
	}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		return err
	}
	if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: w.noScripts}); err != nil {
		return err
	}
	return chromedp.Do(tab, chromedp.Navigate("file://"+file))
}

// capture writes a part of the page, also of what is out of the window.
func capture(tab context.Context, folder, name string, clip *page.Viewport) error {
	beyond := true
	shot, err := chromedp.Call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond, Clip: clip})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".png"), shot.Data, 0o644)
}
