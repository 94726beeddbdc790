package k6exec

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fakeEnv makes the test binary play another program; its value says which.
const fakeEnv = "K6EXEC_TEST_FAKE"

func TestMain(m *testing.M) {
	switch os.Getenv(fakeEnv) {
	case "":
		os.Exit(m.Run())
	case "k6":
		os.Exit(fakeK6(os.Args[1:]))
	case "go":
		os.Exit(fakeGo(os.Args[1:]))
	case "runner": // a process around Run, to be killed
		os.Exit(runner())
	}
}

// invocation is what the fake k6 was given.
type invocation struct {
	Args []string
	Env  []string
	Dir  string
}

// fakeK6 behaves as FAKE_MODE says and leaves its invocation in FAKE_RECORD.
func fakeK6(args []string) int {
	dir, _ := os.Getwd()
	if file := os.Getenv("FAKE_RECORD"); file != "" {
		b, err := json.Marshal(invocation{args, os.Environ(), dir})
		if err == nil {
			err = os.WriteFile(file, b, 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 77
		}
	}
	if len(args) > 0 && args[0] == "version" {
		fmt.Println(os.Getenv("FAKE_VERSION"))
		return 0
	}
	for i, a := range args { // as k6 does, it writes the files it is told to
		if a == "--out" && strings.HasPrefix(args[i+1], "json=") && os.Getenv("FAKE_MODE") != "refuse" {
			if err := os.WriteFile(strings.TrimPrefix(args[i+1], "json="), []byte("{}\n"), 0o600); err != nil {
				return 78
			}
		}
	}
	return fakeMode(os.Getenv("FAKE_MODE"))
}

func fakeMode(mode string) int {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt)
	switch mode {
	case "refuse":
		fmt.Fprintln(os.Stderr, "level=error msg=refused password=hunter2")
		return 104
	case "hang": // until interrupted, then as k6
		fmt.Println("running")
		<-interrupts
		fmt.Println("summary")
		return 105
	case "stubborn": // until killed
		fmt.Println("running")
		for range interrupts {
			fmt.Println("interrupt ignored")
		}
	case "socket": // tells that it lives, and by its end that it doesn't
		conn, err := net.Dial("unix", os.Getenv("FAKE_SOCKET"))
		if err != nil {
			return 79
		}
		fmt.Fprintln(conn, "alive")
		<-interrupts
		fmt.Fprintln(conn, "interrupted")
		return 105
	case "stdin":
		b, _ := io.ReadAll(os.Stdin)
		fmt.Printf("script of %d bytes\n", len(b))
	case "print":
		fmt.Println(os.Getenv("FAKE_STDOUT"))
		fmt.Fprintln(os.Stderr, os.Getenv("FAKE_STDERR"))
	}
	code, _ := strconv.Atoi(os.Getenv("FAKE_EXIT"))
	return code
}

// fakeGo plays `go install`: it puts itself into GOBIN, or fails.
func fakeGo(args []string) int {
	fmt.Println("go", strings.Join(args, " "), "CGO_ENABLED="+os.Getenv("CGO_ENABLED"))
	if os.Getenv("FAKE_EXIT") != "" {
		return 1
	}
	self, err := os.Executable()
	if err != nil {
		return 1
	}
	if err := os.Symlink(self, filepath.Join(os.Getenv("GOBIN"), "k6")); err != nil {
		return 1
	}
	return 0
}

// runner runs a fake k6 until it is killed itself.
func runner() int {
	exe, err := os.Executable()
	if err != nil {
		return 1
	}
	c, err := ParseRun([]string{"run", "x.js"})
	if err != nil {
		return 1
	}
	_, err = Run(context.Background(), RunOptions{
		K6: exe, Command: c, Now: time.Now, Env: fake("socket", "FAKE_SOCKET="+os.Getenv("FAKE_SOCKET")),
	})
	if err != nil {
		return 1
	}
	return 0
}

// noRaceWait spares each fake program the second that the race detector waits at
// its end.
const noRaceWait = "GORACE=atexit_sleep_ms=0"

// fake returns an environment that makes the test binary play k6.
func fake(mode string, more ...string) []string {
	return append([]string{fakeEnv + "=k6", "FAKE_MODE=" + mode, noRaceWait}, more...)
}

func self(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func mustParse(t *testing.T, args ...string) Command {
	t.Helper()
	c, err := ParseRun(args)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readInvocation(t *testing.T, file string) invocation {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var inv invocation
	if err := json.Unmarshal(b, &inv); err != nil {
		t.Fatal(err)
	}
	return inv
}

// wantArgs compares a command line.
func wantArgs(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("arguments\n  %q\nwant\n  %q", got, want)
	}
}
