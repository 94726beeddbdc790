package main

import (
	"fmt"
	"os"
	"path/filepath"

	"k6report/internal/report"
)

// reportWanted is the hint for a verb that was given something else.
const reportWanted = "a report.json is wanted, as k6report analyze --out DIR writes it"

// savedReport reads a report.json, or that of a folder, and masks what an earlier
// version, or a program without our secrets, may have left in it: every report
// that is read goes through here. hint is what to do where it is none.
func (a *app) savedReport(path, hint string) (*report.Report, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, reportFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, readError(err)
	}
	defer f.Close()
	rep, err := report.Decode(f)
	if err != nil {
		return nil, notReport{hinted{fmt.Errorf("%s: %w", path, err), hint}}
	}
	maskReport(a.redactor, rep)
	return rep, nil
}

// notReport says that a file is no report, or one of a later version.
type notReport struct{ hinted }

// reportFolder is the folder of a saved report, which may be named itself.
func reportFolder(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}
