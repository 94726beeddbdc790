package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cli/browser"

	"k6report/internal/report"
)

// checkOpen refuses --open where no page is wanted.
func (c *common) checkOpen(wanted []string) error {
	if c.open && !slices.Contains(wanted, pageFormat) {
		return usageError{hinted{errors.New("--open shows " + pageFile + ", which --formats leaves out"), "add " + pageFormat + " to --formats"}}
	}
	return nil
}

// openReport shows a report's page if --open asks for it: that under --out, or
// one of its own in the system's folder for temporary files.
func (a *app) openReport(ctx context.Context, c *common, r *report.Report) error {
	if !c.open {
		return nil
	}
	dir := c.out
	if dir == "" {
		made, err := os.MkdirTemp("", "k6report-")
		if err != nil {
			return fmt.Errorf("make a folder for the page: %w", err)
		}
		dir = made
		if err := a.writeFiles(ctx, dir, []string{pageFormat}, r, nil); err != nil {
			return err
		}
	}
	a.openPage(filepath.Join(dir, pageFile))
	return nil
}

// openPage opens a page in a browser. That there is none is worth a word, but
// no failure: the page is written.
func (a *app) openPage(name string) {
	absolute, err := filepath.Abs(name)
	if err == nil {
		err = a.browse(fileURL(absolute))
	}
	if err != nil {
		fmt.Fprintf(a.stderr, "k6report: warning: no browser opened: %v\n"+
			"k6report: hint: open %s yourself, or name your browser's command in BROWSER\n", err, filepath.ToSlash(name))
	}
}

// fileURL is the address of a file on this machine.
func fileURL(absolute string) string {
	path := filepath.ToSlash(absolute)
	if !strings.HasPrefix(path, "/") { // a drive of Windows
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// browse opens an address with the first command of BROWSER that there is, else
// with what the system opens pages with.
func (a *app) browse(address string) error {
	list, ok := a.getenv("BROWSER")
	if !ok {
		browser.Stdout, browser.Stderr = io.Discard, io.Discard // ours are for results and messages
		return browser.OpenURL(address)
	}
	for _, command := range filepath.SplitList(list) {
		words := strings.Fields(command)
		if len(words) == 0 {
			continue
		}
		program, err := exec.LookPath(words[0])
		if err != nil {
			continue
		}
		args := words[1:]
		if !slices.Contains(args, "%s") {
			args = append(args, "%s")
		}
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, "%s", address)
		}
		// Not bound to our context: the browser stays when we are done.
		if err := exec.Command(program, args...).Run(); err != nil { //nolint:noctx // see above
			return fmt.Errorf("run %s of BROWSER: %w", words[0], err)
		}
		return nil
	}
	return fmt.Errorf("there is no program %s, which BROWSER names", list)
}
