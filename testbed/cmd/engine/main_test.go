package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k6report/testbed/internal/needs"
	"k6report/testbed/internal/suite"
)

// TestMain lets the test binary be the engine, so that signals and exit codes
// are those of a real process.
func TestMain(m *testing.M) {
	if os.Getenv("ENGINE_TEST_MAIN") == "1" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	url    string
}

func startEngine(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), "ENGINE_TEST_MAIN=1", "TMPDIR="+t.TempDir())
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("first line %q, %v; log:\n%s", line, err, &p.stderr)
	}
	p.url = url
	return p
}

func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("after SIGTERM: %v; log:\n%s", err, &p.stderr)
	}
}

func get(t *testing.T, url string) map[string]any {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d, %v", url, resp.StatusCode, err)
	}
	return body
}

func TestEngineServesSeededDataAndStops(t *testing.T) {
	addrFile := filepath.Join(t.TempDir(), "addr")
	p := startEngine(t, "--addr-file", addrFile)
	told, err := os.ReadFile(addrFile)
	if err != nil || string(told) != p.url+"\n" {
		t.Errorf("address file holds %q, %v; want %q", told, err, p.url)
	}
	if id := get(t, p.url+"/health")["instanceId"]; id == "" || id == nil {
		t.Error("no instance id")
	}
	for _, w := range get(t, p.url+"/api/v1/workflows")["items"].([]any) {
		name := w.(map[string]any)["name"].(string)
		list := get(t, p.url+"/api/v1/workflows/"+name+"/executions")["items"].([]any)
		if len(list) == 0 {
			t.Errorf("no seeded executions of %s", name)
		}
	}
	p.stop(t)
	if !strings.Contains(p.stderr.String(), "msg=stopping") {
		t.Errorf("the log tells nothing of stopping:\n%s", &p.stderr)
	}
	var tmp string
	for _, e := range p.cmd.Env {
		if dir, ok := strings.CutPrefix(e, "TMPDIR="); ok {
			tmp = dir // the last one counts, as for the process
		}
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) != 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func TestADatabaseFileIsKept(t *testing.T) {
	db := filepath.Join(t.TempDir(), "engine.db")
	first := startEngine(t, "--db", db)
	before := get(t, first.url+"/api/v1/workflows/diamond")["statistics"].(map[string]any)["executions"].(float64)
	first.stop(t)
	second := startEngine(t, "--db", db)
	w := get(t, second.url+"/api/v1/workflows/diamond")
	after := w["statistics"].(map[string]any)["executions"].(float64)
	if after != 2*before || w["version"] != 1.0 {
		t.Errorf("after a restart: %v executions of version %v, want %v of 1", after, w["version"], 2*before)
	}
	second.stop(t)
}

// What is being worked on when the engine is told to stop is finished, answered
// and kept.
func TestStopsAfterWhatItWorksOn(t *testing.T) {
	db := filepath.Join(t.TempDir(), "engine.db")
	executions := func(p *process) float64 {
		return get(t, p.url+"/api/v1/workflows/quote")["statistics"].(map[string]any)["executions"].(float64)
	}
	// Long enough that it is under way when it is told to stop, however busy the
	// machine is; where it was answered before that was seen, another one is sent.
	p := startEngine(t, "--db", db, "--callee-delay", "1s")
	before, sent := executions(p), 0.0
	var answer chan string
	execute := func() {
		sent++
		answer = make(chan string, 1)
		to := answer
		go func() {
			resp, err := http.Post(p.url+"/api/v1/workflows/quote/execute", "application/json", http.NoBody)
			if err != nil {
				to <- err.Error()
				return
			}
			_, err = io.Copy(io.Discard, resp.Body)
			to <- fmt.Sprint(resp.StatusCode, errors.Join(err, resp.Body.Close()))
		}()
	}
	execute()
	for get(t, p.url+"/health")["gauges"].(map[string]any)["executionsRunning"] != 1.0 {
		select {
		case early := <-answer:
			if early != "200 <nil>" || sent == 10 {
				t.Fatalf("execution %v was answered before it was seen: %s", sent, early)
			}
			execute()
		default:
		}
	}
	p.stop(t)
	if got := <-answer; got != "200 <nil>" {
		t.Errorf("the execution that was under way ended with %s", got)
	}
	again := startEngine(t, "--db", db)
	if got := executions(again); got != 2*before+sent { // the seeded ones are there anew
		t.Errorf("%v executions are kept, want %v", got, 2*before+sent)
	}
	again.stop(t)
}

func TestOnPostgreSQL(t *testing.T) {
	needs.Time(t, "starts a server")
	cluster, err := suite.StartCluster(t.Context(), "../../scripts/postgres.sh")
	if errors.Is(err, suite.ErrNotInstalled) {
		needs.LeaveOut(t, "%v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	p := startEngine(t, "--db", cluster.URL, "--db-conns", "7")
	gauges := get(t, p.url+"/health")["gauges"].(map[string]any)
	if gauges["dbPoolSize"] != 7.0 {
		t.Errorf("gauges = %v, want a pool of 7", gauges)
	}
	list := get(t, p.url+"/api/v1/workflows/quotes-5/executions")["items"].([]any)
	if len(list) == 0 {
		t.Error("no seeded executions")
	}
	get(t, p.url+"/api/v1/executions/"+list[0].(map[string]any)["executionId"].(string)+"/trace")
	p.stop(t)
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"stray"}, {"--workers", "0"}, {"--db-conns", "-1"}, {"--log-level", "loud"}} {
		err := run(t.Context(), args, io.Discard, io.Discard)
		if !errors.As(err, new(*usageError)) {
			t.Errorf("%v: %v, want a usage error", args, err)
		}
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestAPortThatIsTakenIsToldBeforeAnythingElse(t *testing.T) {
	p := startEngine(t, "--db", ":memory:")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := run(ctx, []string{"--addr", strings.TrimPrefix(p.url, "http://")}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "listen on 127.0.0.1:") {
		t.Errorf("error = %v", err)
	}
	p.stop(t)
}
