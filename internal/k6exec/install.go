package k6exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// InstallOptions says which k6 to build and where to put it.
type InstallOptions struct {
	Version  string    // such as PinnedVersion
	Dir      string    // folder for the program, made if absent
	Env      []string  // the whole environment; its PATH must lead to go
	Progress io.Writer // what `go install` prints; nil discards it
}

// Install builds k6 from the Go module proxy with `go install`, which takes
// some minutes the first time, and returns the program's path. Nothing is built
// when the folder already holds that version.
func Install(ctx context.Context, o InstallOptions) (string, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return "", fmt.Errorf("install k6 %s: %w", o.Version, err)
	}
	search := Search{Explicit: filepath.Join(dir, "k6")}
	if k6, err := Find(search); err == nil {
		if v, err := ReadVersion(ctx, k6, o.Env); err == nil && v.Text == o.Version {
			return k6, nil
		}
	}
	if err := goInstall(ctx, dir, o); err != nil {
		return "", fmt.Errorf("install k6 %s: %w", o.Version, err)
	}
	k6, err := Find(search)
	if err != nil {
		return "", fmt.Errorf("install k6 %s: go built something else: %w", o.Version, err)
	}
	return k6, nil
}

func goInstall(ctx context.Context, dir string, o InstallOptions) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path, _ := LookupEnv(o.Env, "PATH")
	tool, err := lookPath("go", path)
	if err != nil {
		return errors.New("go is not on PATH: install Go from https://go.dev/dl, or k6 by its own installer")
	}
	cmd := exec.CommandContext(ctx, tool, "install", modulePath(o.Version)+"@"+o.Version)
	cmd.Env = setEnv(setEnv(o.Env, "GOBIN", dir), "CGO_ENABLED", "0")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &lossy{w: o.Progress}, &lossy{w: o.Progress}, pipeGrace
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("go install: %w", err)
	}
	return nil
}

// modulePath returns the module of a k6 version: Go wants the major version in
// it from the second on.
func modulePath(version string) string {
	if major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "."); major != "0" && major != "1" {
		return "go.k6.io/k6/v" + major
	}
	return "go.k6.io/k6"
}
