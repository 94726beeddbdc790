package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program is one that is started as the engine is.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engine")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStart(t *testing.T) {
	// $1 to $4 are -addr, its value, -addr-file and its value.
	lives := program(t, `echo "http://$2 $5" >"$4"; exec sleep 60`)
	for name, end := range map[string]func(*Process){"stopped": (*Process).Stop, "killed": (*Process).Kill} {
		p, err := Start(t.Context(), lives, "127.0.0.1:7", "-flag")
		if err != nil {
			t.Fatal(err)
		}
		if p.URL != "http://127.0.0.1:7 -flag" {
			t.Errorf("%s: its address is %q", name, p.URL)
		}
		end(p)
		if p.failure == nil {
			t.Errorf("%s: it ended by itself", name)
		}
		p.Kill() // once more is no harm
	}
}

// An engine that ends at once is not waited for, and its own words are told.
func TestStartTellsWhy(t *testing.T) {
	_, err := Start(t.Context(), program(t, "echo 'no such fault' >&2; exit 2"), "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "exit status 2") || !strings.Contains(err.Error(), "no such fault") {
		t.Errorf("the error is %v", err)
	}
	if _, err := Start(t.Context(), filepath.Join(t.TempDir(), "absent"), "127.0.0.1:0"); err == nil {
		t.Error("a program that is absent was started")
	}
}
