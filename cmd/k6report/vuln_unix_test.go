//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The search for vulnerabilities tells what it found from that it could not look, and
// then what it asked and why that did not answer.
func TestTheSearchForVulnerabilities(t *testing.T) {
	const unreachable = `case "$*" in *-db*) exit "$DATABASE" ;; *) echo 'no such host' >&2; exit "$SITE" ;; esac`
	script, err := filepath.Abs(filepath.Join("..", "..", "tools", "vuln.sh"))
	if err != nil {
		t.Fatal(err)
	}
	const instead = "tools/vuln.sh: the files of the database are asked instead: golang.org/x/vulndb v0.0.0-2026\n"
	for _, tt := range []struct {
		name, site, database, registry, own string
		code                                int
		want                                string
	}{
		{"the site answers", "0", "1", "", "", 0, "no such host\n"},
		{"the site knows some", "3", "1", "", "", 3, "no such host\n"},
		{"the files answer", "1", "0", `"Dir": "/files",`, "", 0, "no such host\n" + instead},
		{"the files know some", "1", "3", `"Dir": "/files"`, "", 3, "no such host\n" + instead},
		{"nothing answers", "1", "1", `"Error": "no registry",`, "", 1, "no such host\nno registry\n" +
			"tools/vuln.sh: error: nothing is known of the vulnerabilities of some/module, see above\n" +
			"tools/vuln.sh: hint: it asks https://vuln.go.dev, then the registry of Go modules for golang.org/x/vulndb; GOVULNDB names another database\n"},
		{"another database does not answer", "0", "1", "", "file:///none", 1, "" +
			"tools/vuln.sh: error: nothing is known of the vulnerabilities of some/module, see above\n" +
			"tools/vuln.sh: hint: it asks file:///none; GOVULNDB names another database\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{
				"govulncheck": unreachable,
				"go":          `[ "$1" = mod ] && { printf '{\n\t"Version": "v0.0.0-2026",\n\t%s\n}\n' "$REGISTRY"; exit; }; echo some/module`,
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.CommandContext(t.Context(), "bash", script)
			c.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SITE="+tt.site, "DATABASE="+tt.database, "REGISTRY="+tt.registry, "GOVULNDB="+tt.own)
			var stderr strings.Builder
			c.Stderr = &stderr
			_ = c.Run() // the code says it
			if code := c.ProcessState.ExitCode(); code != tt.code || stderr.String() != tt.want {
				t.Errorf("exit code %d, standard error:\n%s\nwant %d\n%s", code, stderr.String(), tt.code, tt.want)
			}
		})
	}
}
