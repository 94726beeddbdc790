package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"k6report/internal/config"
	"k6report/internal/report"
)

// common are the flags that verbs share.
type common struct {
	out     string
	formats []string
	open    bool
	json    bool
	config  string
	failOn  string
	// alsoFailOn is a status that --fail-on holds by itself, beside the usual
	// ones; "" is none.
	alsoFailOn report.Status
	labels     []string
	// instances is how many load generators are expected; 0 is any number.
	instances int
	color     string
	ascii     bool
	verbose   bool
	quiet     bool
	// sections of the terminal view; nil are all.
	sections []string

	// What a run is compared with: see [common.comparison].
	baseline    string
	store       string
	rerun       string
	confirmRuns int
	force       bool
	// lineage tells which runs of a baseline come before; zero asks git alone.
	lineage lineage
}

// What --json prints: of verbs with a report, and of those on what is kept.
const (
	reportAsJSON = "print report.json instead of the terminal view"
	resultAsJSON = "print the result as JSON"
)

// view adds the flags of what is printed.
func (c *common) view(f *pflag.FlagSet, asJSON string) {
	f.BoolVar(&c.json, "json", false, asJSON)
	f.StringVar(&c.color, "color", "auto", "`when` to use colour: auto, always or never")
	f.BoolVar(&c.ascii, "ascii", false, "print nothing but ASCII")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "print everything, not just a screenful")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "print no report and no progress")
}

// files adds the flags of what is written, and says where that is.
func (c *common) files(f *pflag.FlagSet, out string) {
	f.StringVarP(&c.out, "out", "o", "", out)
	f.StringSliceVar(&c.formats, "formats", []string{"all"}, "the files to write: "+strings.Join(formatNames(), ", ")+" or all")
	f.BoolVar(&c.open, "open", false, "open "+pageFile+" in a browser; BROWSER names another than the usual one")
}

// analysis adds the flags of how a run is read and judged.
func (c *common) analysis(f *pflag.FlagSet) {
	c.reading(f)
	f.StringVar(&c.failOn, "fail-on", "", fmt.Sprintf("`statuses` for an exit code other than 0: a list, all or none (default %s)", strings.Join(c.usualFailOn(), ",")))
}

// reading adds the flags of how a run is read.
func (c *common) reading(f *pflag.FlagSet) {
	c.configured(f)
	f.StringArrayVar(&c.labels, "label", nil, "say something of the run, such as commit=abc; may be repeated")
}

// reportsInto is what --out means to verbs that write nothing without it.
const reportsInto = "write reports into this `folder`"

// configured adds --config.
func (c *common) configured(f *pflag.FlagSet) {
	f.StringVar(&c.config, "config", "", "configuration `file` (default k6report.yaml when there)")
}

// labelMap reads --label K=V.
func (c *common) labelMap() (map[string]string, error) {
	labels := make(map[string]string)
	for _, l := range c.labels {
		name, value, ok := strings.Cut(l, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("read --label: %q is not NAME=VALUE", l)}
		}
		labels[name] = value
	}
	return labels, nil
}

// checkOutput checks what is to be shown and written before anything is read,
// and returns the names of the formats wanted.
func (c *common) checkOutput() ([]string, error) {
	if !slices.Contains([]string{"auto", "always", "never"}, c.color) {
		return nil, usageError{fmt.Errorf("read --color: %q is none of auto, always, never", c.color)}
	}
	wanted, err := c.wantedFormats()
	if err != nil {
		return nil, err
	}
	return wanted, c.checkOpen(wanted)
}

// useColor decides on colour by --color, NO_COLOR and the terminal.
func (a *app) useColor(c *common) bool {
	switch c.color {
	case "always":
		return true
	case "never":
		return false
	}
	_, no := a.getenv("NO_COLOR")
	term, _ := a.getenv("TERM")
	return a.stdoutTerminal && !no && term != "dumb"
}

const defaultConfig = "k6report.yaml"

// loadConfig reads the configuration; without --config an absent file is an
// empty one.
func (c *common) loadConfig() (*config.Config, error) {
	name := c.config
	if name == "" {
		name = defaultConfig
	}
	data, err := os.ReadFile(name)
	if err != nil {
		if c.config == "" && errors.Is(err, fs.ErrNotExist) {
			return &config.Config{}, nil
		}
		return nil, usageError{fmt.Errorf("read configuration: %w", err)}
	}
	parsed, err := config.Parse(name, data)
	if err != nil {
		return nil, usageError{err}
	}
	return parsed, nil
}

// statuses reads --fail-on.
func (c *common) statuses() ([]report.Status, error) {
	list, err := report.ParseFailOn(cmp.Or(c.failOn, strings.Join(c.usualFailOn(), ",")))
	if err != nil {
		return nil, usageError{err}
	}
	return list, nil
}

// usualFailOn is what --fail-on means when it isn't given.
func (c *common) usualFailOn() []string {
	var names []string
	for _, s := range report.DefaultFailOn() {
		names = append(names, string(s))
	}
	if c.alsoFailOn != "" {
		names = append(names, string(c.alsoFailOn))
	}
	return names
}

// wantedFormats checks --formats.
func (c *common) wantedFormats() ([]string, error) {
	var wanted []string
	for _, name := range c.formats {
		switch {
		case name == "all":
			return formatNames(), nil
		case slices.Contains(formatNames(), name):
			wanted = append(wanted, name)
		default:
			return nil, usageError{fmt.Errorf("read --formats: %q is none of %s, all", name, strings.Join(formatNames(), ", "))}
		}
	}
	return wanted, nil
}
