// Command licences lists what the program is built with and under which
// licences, and fails where one of them is not compatible with the program's
// own, Apache-2.0, or can't be told.
//
//	licences          a table in Markdown
//	licences -texts   all texts, as a release has to carry them
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/google/licensecheck"
)

// compatible are the licences whose code may be part of a program under
// Apache-2.0 without conditions on the whole: permissive ones, the one of the
// fonts, which binds only the fonts, and Mozilla's, which binds only its files.
var compatible = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "FTL", "ISC", "MIT", "MPL-2.0", "OFL-1.1", "Unlicense", "Zlib"}

// choices are modules under several licences of which one may be chosen: there
// it is enough that one is compatible.
var choices = []string{"github.com/golang/freetype"}

// platforms are those that are released: each has dependencies of its own.
var platforms = []string{"linux", "darwin", "windows"}

// mostlyLicence is the least percentage of a file that has to be known texts.
const mostlyLicence = 75

// licenceFile matches the files that tell under which licence a module is.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|ftl|unlicense)([-._].*)?$`)

// module is one that the program is built with.
type module struct {
	Path, Version, Dir string

	files    []string // within Dir
	licences []string // SPDX identifiers, sorted
}

//nolint:forbidigo // a command is where arguments and streams come from
func main() {
	texts := flag.Bool("texts", false, "write the texts of all licences instead of the table")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	out := bufio.NewWriter(os.Stdout)
	err := errors.Join(write(ctx, out, "./cmd/k6report", *texts), out.Flush())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences: error:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, w io.Writer, program string, texts bool) error {
	modules, err := builtWith(ctx, program)
	if err != nil {
		return err
	}
	for i := range modules {
		if err := modules[i].identify(); err != nil {
			return err
		}
	}
	if texts {
		return writeTexts(ctx, w, modules)
	}
	fmt.Fprint(w, "| module | version | licences |\n|---|---|---|\n")
	for _, m := range modules {
		fmt.Fprintf(w, "| %s | %s | %s |\n", m.Path, m.Version, strings.Join(m.licences, ", "))
	}
	return nil
}

// builtWith lists the modules of which code is in the program, on any platform.
func builtWith(ctx context.Context, program string) ([]module, error) {
	byPath := map[string]module{}
	for _, system := range platforms {
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Module", program) //nolint:gosec // the program's own path
		cmd.Env = append(cmd.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		var said bytes.Buffer
		cmd.Stderr = &said
		listed, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w: %s", system, err, bytes.TrimSpace(said.Bytes()))
		}
		for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
			var p struct {
				Module *struct {
					module
					Main bool
				}
			}
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("read what go list says: %w", err)
			}
			if m := p.Module; m != nil && !m.Main {
				byPath[m.Path] = m.module
			}
		}
	}
	var modules []module
	for _, m := range byPath {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// identify finds the module's licences.
func (m *module) identify() error {
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return fmt.Errorf("%s %s: %w", m.Path, m.Version, err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.EqualFold(name, "licenses") && e.IsDir():
			more, err := filepath.Glob(filepath.Join(m.Dir, name, "*"))
			if err != nil {
				return err
			}
			for _, file := range more {
				m.files = append(m.files, filepath.Join(name, filepath.Base(file)))
			}
		case licenceFile.MatchString(name) && !e.IsDir():
			m.files = append(m.files, name)
		}
	}
	for _, name := range m.files {
		text, err := os.ReadFile(filepath.Join(m.Dir, name))
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Path, m.Version, err)
		}
		found := licensecheck.Scan(text)
		if found.Percent < mostlyLicence {
			continue // a notice, or a word on which of the others apply
		}
		for _, match := range found.Match {
			if !slices.Contains(m.licences, match.ID) {
				m.licences = append(m.licences, match.ID)
			}
		}
	}
	slices.Sort(m.licences)
	return m.judge()
}

// judge refuses a module whose licence is unknown or not compatible.
func (m *module) judge() error {
	if len(m.licences) == 0 {
		return fmt.Errorf("%s %s: none of its files is a licence that is known: read it, and decide", m.Path, m.Version)
	}
	refused := slices.DeleteFunc(slices.Clone(m.licences), func(id string) bool { return slices.Contains(compatible, id) })
	if len(refused) == len(m.licences) || len(refused) > 0 && !slices.Contains(choices, m.Path) {
		return fmt.Errorf("%s %s is under %s, which is not on the list of compatible licences: take another library", m.Path, m.Version, strings.Join(refused, ", "))
	}
	return nil
}

func writeTexts(ctx context.Context, w io.Writer, modules []module) error {
	fmt.Fprint(w, "k6report is built with Go and the modules below, each under its own licence.\n")
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	language := module{Path: "go", Version: strings.TrimPrefix(runtime.Version(), "go"), Dir: string(bytes.TrimSpace(root)), files: []string{"LICENSE"}}
	for _, m := range append([]module{language}, modules...) {
		for _, name := range m.files {
			text, err := os.ReadFile(filepath.Join(m.Dir, name))
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\n%s\n%s %s, %s\n\n%s\n", strings.Repeat("=", 80), m.Path, m.Version, filepath.ToSlash(name), bytes.TrimSpace(text))
		}
	}
	return nil
}
