package main

import (
	"context"
	"encoding/pem"
	"errors"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/needs"
)

// toolCondition is [influxd] for scripts that need the program: false where it
// is missing and under -short, an error where K6REPORT_REQUIRE_ALL=1 wants it.
func toolCondition(condition string) (bool, error) {
	if condition != "influxd" {
		return false, errors.New("there is no such condition")
	}
	if testing.Short() && !needs.All() {
		return false, nil
	}
	_, err := influxtest.Find(filepath.Join("..", ".."))
	if err != nil && needs.All() {
		return false, err
	}
	return err == nil, nil
}

// influxdKey is where a script keeps its server.
type influxdKey struct{}

// influxdCommand starts a real InfluxDB 1.8 with a database k6: influxd
// [-flux] [-auth]. INFLUXDB is where it listens. With -auth it asks who: reader
// with the password "right to read" may read k6, nobody with "no right" nothing.
func influxdCommand(ts *testscript.TestScript, neg bool, args []string) {
	flags := flag.NewFlagSet("influxd", flag.ContinueOnError)
	flags.SetOutput(ts.Stderr())
	flux := flags.Bool("flux", false, "")
	auth := flags.Bool("auth", false, "")
	ts.Check(flags.Parse(args))
	if neg || flags.NArg() > 0 {
		ts.Fatalf("usage: influxd [-flux] [-auth]")
	}
	path, err := influxtest.Find(filepath.Join("..", ".."))
	ts.Check(err)
	server, err := influxtest.Start(context.Background(), path, ts.MkAbs("influxdb"), influxtest.Options{Flux: *flux, Auth: *auth})
	ts.Check(err)
	ts.Defer(server.Stop)
	if *auth {
		// The first user can be made by anyone.
		ts.Check(server.Query(context.Background(), "CREATE USER root WITH PASSWORD 'all rights' WITH ALL PRIVILEGES"))
		server.As("root", "all rights")
	}
	ts.Check(server.Query(context.Background(), "CREATE DATABASE k6"))
	if *auth {
		ts.Check(server.Query(context.Background(), "CREATE USER reader WITH PASSWORD 'right to read'; GRANT READ ON k6 TO reader; CREATE USER nobody WITH PASSWORD 'no right'"))
	}
	ts.Setenv("INFLUXDB", server.Addr)
	*ts.Value(influxdKey{}).(**influxtest.Server) = server
}

// pointsCommand writes k6 JSON to the database k6 as k6 does: points FILE...
func pointsCommand(ts *testscript.TestScript, neg bool, args []string) {
	server := *ts.Value(influxdKey{}).(**influxtest.Server)
	if neg || len(args) == 0 || server == nil {
		ts.Fatalf("usage: points FILE..., behind influxd")
	}
	for _, name := range args {
		n, err := server.WriteK6(context.Background(), "k6", strings.NewReader(ts.ReadFile(name)), nil)
		ts.Check(err)
		ts.Logf("%d points of %s", n, name)
	}
}

// twoCommand starts a server that answers like InfluxDB 2.x over TLS, with the
// points of the database in the bucket k6 of acme, for the token "t0ken". TWO is
// where it listens, ca.pem its certificate.
func twoCommand(ts *testscript.TestScript, neg bool, args []string) {
	upstream := *ts.Value(influxdKey{}).(**influxtest.Server)
	if neg || len(args) > 0 || upstream == nil {
		ts.Fatalf("usage: influxdb2, behind influxd -flux")
	}
	server := httptest.NewTLSServer(influxtest.Two{Org: "acme", Bucket: "k6", Token: "t0ken", Upstream: upstream, Database: "k6"})
	ts.Defer(server.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), certificate, 0o600))
	ts.Setenv("TWO", server.Listener.Addr().String())
}
