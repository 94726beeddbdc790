package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a release holds beside the program is of the release's version, which its
// configuration hands on.
func TestReleaseFilesTellTheVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	root := filepath.Join("..", "..")
	config, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(config), "- tools/release-files.sh .cache/release-files {{ .Version }}\n") {
		t.Error("the release does not hand on its version")
	}
	folder := filepath.Join(t.TempDir(), "files")
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, "tools", "release-files.sh"), folder, "7.6.5-tried").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(folder, "man", "k6report-analyze.1"))
	if err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(string(page), ".SH"); !strings.Contains(head, `"k6report 7.6.5-tried"`) {
		t.Errorf("the manual page begins with\n%s", head)
	}
	if _, err := os.Stat(filepath.Join(folder, "k6report")); err == nil {
		t.Error("the program of this machine is left behind")
	}
}
