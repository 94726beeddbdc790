package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// All that the program is built with may be part of it, and is listed.
func TestDependencies(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	var table, texts bytes.Buffer
	if err := write(t.Context(), &table, "./cmd/k6report", false); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("docs", "licences.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(page, table.Bytes()) {
		t.Errorf("docs/licences.md is not what the program is built with: make it anew with `make licences`\n%s", &table)
	}
	if err := write(t.Context(), &texts, "./cmd/k6report", true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"github.com/inconshreveable/mousetrap", // of Windows alone
		"SIL OPEN FONT LICENSE", "The Go Authors", "Apache License",
	} {
		if !strings.Contains(texts.String(), want) {
			t.Errorf("the texts lack %q", want)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		path     string
		licences []string
		ok       bool
	}{
		{"a", []string{"MIT"}, true},
		{"a", []string{"Apache-2.0", "BSD-3-Clause"}, true},
		{"a", nil, false},
		{"a", []string{"GPL-3.0"}, false},
		{"a", []string{"GPL-2.0", "MIT"}, false}, // parts under each, as far as is known
		{choices[0], []string{"FTL", "GPL-2.0"}, true},
		{choices[0], []string{"GPL-2.0"}, false},
	} {
		m := module{Path: tc.path, licences: tc.licences}
		if err := m.judge(); (err == nil) != tc.ok {
			t.Errorf("%s under %v: %v", tc.path, tc.licences, err)
		}
	}
}

// A module without a licence, or with one that is not known, is refused.
func TestIdentify(t *testing.T) {
	for name, text := range map[string]string{"LICENSE": "Do what I say, and ask before.", "README": "MIT"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m := module{Path: "example.com/a", Version: "v1", Dir: dir}
		if err := m.identify(); err == nil || !strings.Contains(err.Error(), "example.com/a v1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
