package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// fakeScript plays k6: it knows its version and has a plan. Where samples have
// to be made up or signals to be caught, it becomes fakeK6.
const fakeScript = `#!/bin/sh
if [ -n "$K6REPORT_GITLAB_TOKEN$GITLAB_TOKEN$GITHUB_TOKEN$GH_TOKEN" ]; then
	echo "a script could read a token that writes on a forge" >&2
	exit 1
fi
case $1 in
version)
	echo "k6 ${FAKE_VERSION:-v1.8.1} (go1.26.0, linux/amd64)"
	exit ;;
inspect)
	if [ "$FAKE_MODE" = throw ]; then
		echo 'level=error msg="Error: boom at script.js:1"' >&2
		exit 107
	fi
	if [ -n "$FAKE_PLAN" ]; then
		echo "$FAKE_PLAN"
		exit
	fi
	echo '{"scenarios":{"default":{"executor":"constant-vus","vus":2,"duration":"3s","gracefulStop":"30s"}},"totalDuration":"33s","maxVUs":2}'
	exit ;;
esac
exec fakek6 "$@"
`

// putK6 makes a fake k6 in a folder.
func putK6(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "k6"), []byte(fakeScript), 0o755)
}

// fakeK6 leaves the files of a run where it is told to. The environment says how
// the run goes:
//
//	FAKE_EXIT       its exit code (0)
//	FAKE_THRESHOLD  a threshold of http_req_duration
//	FAKE_ONLY       the argument without which these two and FAKE_MODE don't count
//	FAKE_SILENT     a part of an argument with which it leaves no file
//	FAKE_VERSION    what it says it is (v1.8.1)
//	FAKE_PLAN       what k6 inspect prints
//	FAKE_SAMPLES    a file to take for its samples; with "-confirm" in the
//	                folder's name FAKE_CONFIRM is
//	FAKE_MODE       words: "hang" until interrupted, "stuck" until killed,
//	                "silent" without any file; "throw" in its init code
func fakeK6(args []string) int {
	code, _ := strconv.Atoi(os.Getenv("FAKE_EXIT"))
	threshold := os.Getenv("FAKE_THRESHOLD")
	if only := os.Getenv("FAKE_ONLY"); only != "" && !slices.Contains(args, only) {
		code, threshold = 0, ""
	}
	if user := os.Getenv("K6_INFLUXDB_USERNAME"); user != "" {
		fmt.Fprintln(os.Stderr, "fake InfluxDB user", user, os.Getenv("K6_INFLUXDB_PASSWORD"))
	}
	fmt.Println("fake progress")
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	mode := os.Getenv("FAKE_MODE")
	if only := os.Getenv("FAKE_ONLY"); only != "" && !slices.Contains(args, only) {
		mode = ""
	}
	silent := strings.Contains(mode, "silent")
	if part := os.Getenv("FAKE_SILENT"); part != "" {
		silent = slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, part) })
	}
	if !silent {
		if err := fakeFiles(args, threshold); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 255
		}
	}
	fmt.Fprintln(os.Stderr, "fake message")
	for strings.Contains(mode, "hang") || strings.Contains(mode, "stuck") {
		<-interrupts
		fmt.Fprintln(os.Stderr, "fake was interrupted")
		if strings.Contains(mode, "hang") {
			return 105
		}
	}
	return code
}

// fakeFiles writes what k6 was told to write.
func fakeFiles(args []string, threshold string) error {
	g := generated{seconds: 3, rate: 40, seed: 1, threshold: threshold}
	for i, arg := range args {
		if arg == "--summary-export" {
			if err := os.WriteFile(args[i+1], []byte(`{"root_group":{},"metrics":{}}`), 0o600); err != nil {
				return err
			}
		}
		if file, ok := strings.CutPrefix(arg, "json="); ok {
			from := os.Getenv("FAKE_SAMPLES")
			if strings.Contains(file, "-confirm") {
				from = os.Getenv("FAKE_CONFIRM")
			}
			if from != "" {
				content, err := os.ReadFile(from)
				if err != nil {
					return err
				}
				if err := os.WriteFile(file, content, 0o600); err != nil {
					return err
				}
				continue
			}
			if err := g.writeFile(file); err != nil {
				return err
			}
		}
	}
	return nil
}
