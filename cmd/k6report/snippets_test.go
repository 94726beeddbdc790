package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k6report/internal/needs"
)

// The snippets of docs/attribution.md run as they are printed, and answer with
// a header that scenarios/lib/server-timing.js reads.
func TestServerTimingSnippets(t *testing.T) {
	needs.Time(t, "builds a program")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "attribution.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		language, file, path string
		command              []string
	}{
		{"go", "main.go", "/orders", []string{"go", "run", "main.go"}},
		{"js", "main.js", "/", []string{"node", "main.js"}},
	} {
		t.Run(c.language, func(t *testing.T) {
			if _, err := exec.LookPath(c.command[0]); err != nil {
				needs.LeaveOut(t, "%s is missing", c.command[0])
			}
			_, snippet, found := bytes.Cut(page, []byte("```"+c.language+"\n"))
			snippet, _, closed := bytes.Cut(snippet, []byte("```"))
			if !found || !closed {
				t.Fatalf("no snippet of %s", c.language)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			port := listener.Addr().(*net.TCPAddr).Port
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			text := strings.ReplaceAll(string(snippet), "8080", fmt.Sprint(port))
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			header := served(t, dir, c.command, fmt.Sprintf("http://127.0.0.1:%d%s", port, c.path))
			if !strings.Contains(header, "db-read;dur=") || !strings.Contains(header, ", total;dur=") {
				t.Errorf("the header is %q", header)
			}
		})
	}
}

// served is the Server-Timing header that a program answers with.
func served(t *testing.T, dir string, command []string, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program := command[0]
	if program == "go" { // go run would leave its child behind
		build := exec.CommandContext(ctx, "go", "build", "-o", "program", command[2])
		build.Dir, build.Env = dir, append(os.Environ(), "GO111MODULE=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		command = []string{filepath.Join(dir, "program")}
	}
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	run.Dir = dir
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := run.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = run.Wait() // says that it was killed
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(request); err == nil {
			if err := res.Body.Close(); err != nil {
				t.Fatal(err)
			}
			return res.Header.Get("Server-Timing")
		}
		select {
		case <-ctx.Done():
			t.Fatal("the program does not answer")
		case <-tick.C:
		}
	}
}
