package lab

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"k6report/testbed/internal/suite"
)

// The short form of the laboratory: six faults of one setup, once each.
func TestShortForm(t *testing.T) {
	if testing.Short() {
		t.Skip("loads the machine for two minutes: not with -short")
	}
	k6, err := exec.LookPath("k6")
	if err != nil {
		missing(t, errors.New("k6 is not installed; tools/install.sh k6 does it"))
	}
	bin := t.TempDir()
	build(t, "..", filepath.Join(bin, "engine"), "./cmd/engine")
	build(t, filepath.Join("..", ".."), filepath.Join(bin, "k6report"), "./cmd/k6report")
	help, err := exec.CommandContext(t.Context(), filepath.Join(bin, "k6report"), "compare", "--help").CombinedOutput()
	if err != nil || !bytes.Contains(help, []byte("compare OLD NEW")) { // without the verb, it is the help of all verbs
		t.Skip("k6report compares no runs yet")
	}
	cluster, err := suite.StartCluster(t.Context(), filepath.Join("..", "scripts", "postgres.sh"))
	if errors.Is(err, suite.ErrNotInstalled) {
		missing(t, err)
	} else if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	l := &Lab{
		Programs: Programs{Engine: filepath.Join(bin, "engine"), K6: k6, K6Report: filepath.Join(bin, "k6report")},
		Script:   filepath.Join("..", "..", "scenarios", "lab.js"), OS: os.Environ(), Out: t.TempDir(),
		Server: cluster.URL, Log: t.Output(), Now: time.Now,
		Plan: Plan{
			Databases: []string{Postgres}, Strong: 1, Warmup: time.Second, Stay: 7 * time.Second,
			Faults: []string{"none", "db-wal", "callee", "http-dns", "untraced", "leak"},
		},
	}
	if err := l.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, trial := range l.Plan.Trials() {
		if !l.done(trial) {
			t.Errorf("%s is not done", trial.Key())
		}
	}
	scored, err := l.Score(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	Print(t.Output(), scored)
	n := Count(scored)
	if len(scored) != 6 || n.WrongNew.hits > 0 || n.WrongOld.hits > 0 || n.Component.hits < 2 {
		t.Errorf("%d faults scored: %+v", len(scored), n)
	}
}

func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("K6REPORT_REQUIRE_ALL") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func build(t *testing.T, module, to, pkg string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", to, pkg)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
