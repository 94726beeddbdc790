// Package k6exec runs k6: it finds the program, asks it for a script's plan,
// runs any k6 command with the outputs that a report needs, and explains how it
// ended. It supports k6 1.x and 2.x.
//
// It changes nothing about the test: the user's arguments are passed on as they
// are, and what is added (outputs, tags, switches for the environment) neither
// replaces a choice of the user nor an option of the script. It reads no samples
// and judges nothing. Environment, paths and clock are arguments.
package k6exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// PinnedVersion is the k6 that k6report is tested with and installs. It equals
// K6_VERSION in tools/versions.env; a test holds the two together.
const PinnedVersion = "v1.8.1"

// Search says where Find looks for k6, in this order.
type Search struct {
	Explicit string // a path, or a name to look up in Path; not "": nothing else is tried
	Path     string // the value of PATH; relative entries are ignored, as Go does
	ToolsDir string // a folder that holds k6, such as the project's .tools/bin; "" for none
}

// NotFoundError says that there is no k6 and where it was looked for.
type NotFoundError struct {
	Tried []string // places, in order
}

func (e *NotFoundError) Error() string {
	return "find k6: not in " + strings.Join(e.Tried, ", nor in ")
}

// Hint says what to do about it.
func (e *NotFoundError) Hint() string {
	return "install it with `go install go.k6.io/k6@" + PinnedVersion + "`, or say where it is"
}

// Find returns the path of k6. An error is a *NotFoundError.
func Find(s Search) (string, error) {
	if s.Explicit != "" {
		if strings.ContainsRune(s.Explicit, '/') || strings.ContainsRune(s.Explicit, filepath.Separator) {
			if found, err := exec.LookPath(s.Explicit); err == nil {
				return found, nil
			}
			return "", &NotFoundError{Tried: []string{s.Explicit}}
		}
		return lookPath(s.Explicit, s.Path)
	}
	found, err := lookPath("k6", s.Path)
	if err == nil || s.ToolsDir == "" {
		return found, err
	}
	if found, err := exec.LookPath(filepath.Join(s.ToolsDir, "k6")); err == nil {
		return found, nil
	}
	return "", &NotFoundError{Tried: []string{"PATH", s.ToolsDir}}
}

// lookPath is exec.LookPath for a given PATH instead of the process's own.
func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) { // a program of the current directory is never meant
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", &NotFoundError{Tried: []string{"PATH"}}
}

// Version is the version of a k6 program.
type Version struct {
	Major, Minor, Patch int
	Text                string // as k6 prints it, such as "v1.8.1" or "v2.0.0-rc1"
}

func (v Version) String() string { return v.Text }

// Majors of k6 that Run knows the command lines of.
const (
	oldestMajor = 1
	newestMajor = 2
)

// Check says whether Run can work with a k6 of this version. Where it can't, the
// error is a *VersionError. One newer than all that are known may work.
func (v Version) Check(path string) error {
	if v.Major < oldestMajor {
		return &VersionError{Path: path, Version: v}
	}
	return nil
}

// Unknown reports whether the version is newer than all that are known.
func (v Version) Unknown() bool { return v.Major > newestMajor }

// VersionError says that a k6 is too old.
type VersionError struct {
	Path    string // of the program
	Version Version
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s is k6 %s, which is too old: k6 v%d or v%d is needed", e.Path, e.Version, oldestMajor, newestMajor)
}

// Hint says how to get one that is new enough.
func (e *VersionError) Hint() string {
	return "install it with `go install go.k6.io/k6@" + PinnedVersion + "`, or say where one is with --k6; " +
		"what the old one wrote can be read: k6 run --out json=FILE"
}

// k6 prints "k6 v1.8.1 (go1.26.8, linux/amd64)", on Windows "k6.exe v…", and a
// line for each extension after it.
var versionLine = regexp.MustCompile(`^k6(?:\.exe)? (v(\d+)\.(\d+)\.(\d+)\S*)`)

// parseVersion reads what `k6 version` prints.
func parseVersion(out string) (Version, error) {
	m := versionLine.FindStringSubmatch(out)
	if m == nil {
		first, _, _ := strings.Cut(out, "\n")
		return Version{}, fmt.Errorf("not a k6 version: %q", first)
	}
	v := Version{Text: m[1]}
	for i, n := range []*int{&v.Major, &v.Minor, &v.Patch} {
		var err error
		if *n, err = strconv.Atoi(m[2+i]); err != nil {
			return Version{}, fmt.Errorf("not a k6 version: %q", m[1])
		}
	}
	return v, nil
}

// ReadVersion asks the program k6 for its version. env is its whole environment.
func ReadVersion(ctx context.Context, k6 string, env []string) (Version, error) {
	out, err := output(ctx, k6, "", quietEnv(env), "version")
	if err != nil {
		return Version{}, fmt.Errorf("ask %s for its version: %w", k6, err)
	}
	v, err := parseVersion(string(out))
	if err != nil {
		return Version{}, fmt.Errorf("ask %s for its version: %w", k6, err)
	}
	return v, nil
}

// pipeGrace is how long a program that was killed may leave its output open in
// a child of its own before it is cut off.
const pipeGrace = 2 * time.Second

// output runs a program that ends by itself and returns its standard output. Its
// error holds what the program said last on standard error.
func output(ctx context.Context, name, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, pipeGrace
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if said := lastLines(stderr.String(), 3); said != "" {
			return nil, fmt.Errorf("%w: %s", err, said)
		}
	}
	if err != nil {
		return nil, err
	}
	return stdout.Bytes(), nil
}

// lastLines returns the last n lines of s that are not empty, joined by " | ".
func lastLines(s string, n int) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// setEnv returns env with the variable set, whatever it was.
func setEnv(env []string, key, value string) []string {
	return append(env[:len(env):len(env)], key+"="+value) // the last one counts
}

// setEnvDefault returns env with the variable set unless it already is.
func setEnvDefault(env []string, key, value string) []string {
	if _, ok := LookupEnv(env, key); ok {
		return env
	}
	return setEnv(env, key, value)
}

// LookupEnv returns the value that a program started with env would see: the last
// entry counts and, on Windows, a name however it is written.
func LookupEnv(env []string, key string) (string, bool) {
	for i := len(env) - 1; i >= 0; i-- {
		k, v, ok := strings.Cut(env[i], "=")
		if ok && (k == key || runtime.GOOS == "windows" && strings.EqualFold(k, key)) {
			return v, true
		}
	}
	return "", false
}

// quietEnv keeps k6 from downloading another k6 for a script's extensions and
// from reporting its use, unless the user decided otherwise. As variables these
// work on every version; an unknown flag would be an error.
func quietEnv(env []string) []string {
	env = setEnvDefault(env, "K6_AUTO_EXTENSION_RESOLUTION", "false")
	return setEnvDefault(env, "K6_NO_USAGE_REPORT", "true")
}
