//go:build unix

package main

import (
	"os"
	"testing"
)

// TestRunOutlivesItsReader runs k6 while whoever read the output has gone, as
// with "| head": the test goes on, its data and its reports are kept.
func TestRunOutlivesItsReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := prepare(t, dir, nil, "run", "--out", "out", "--", "k6", "run", "s.js")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stdout, p.Stderr = write, write
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	p.start(t)
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	wantFiles(t, dir, append([]string{"bin/k6"}, runFiles...)...)
}
