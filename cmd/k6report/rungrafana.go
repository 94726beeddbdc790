package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"k6report/internal/k6exec"
)

// influxDB is where --grafana writes to, by k6's own variables, else where
// the compose file of deploy/ puts it.
type influxDB struct {
	server   *url.URL
	database string
}

func (a *app) influxDB() (influxDB, error) {
	addr, _ := a.getenv("K6_INFLUXDB_ADDR")
	database, _ := a.getenv("K6_INFLUXDB_DB")
	text := cmp.Or(addr, "http://127.0.0.1:8086")
	server, err := url.Parse(text)
	if err != nil || server.Scheme != "http" && server.Scheme != "https" || server.Hostname() == "" || server.User != nil {
		return influxDB{}, usageError{hinted{
			fmt.Errorf("read K6_INFLUXDB_ADDR: %q is no URL of an InfluxDB", publicURL(text)),
			"it is http://HOST:PORT; a user and password go into INFLUX_USERNAME and INFLUX_PASSWORD",
		}}
	}
	return influxDB{server: server, database: cmp.Or(database, "k6")}, nil
}

// ready asks InfluxDB whether it is there: k6 itself would only fill its log.
func (db influxDB) ready(ctx context.Context, a *app) error {
	_, status, err := a.get(ctx, db.server.JoinPath("ping"))
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s/ping: %s", db.server, http.StatusText(status))
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return hinted{
			fmt.Errorf("--grafana: InfluxDB does not answer: %w", err),
			"nothing was run: docker compose -f deploy/compose.yaml up -d starts one; K6_INFLUXDB_ADDR says where another is",
		}
	}
	return nil
}

// output is what k6 takes for --out.
func (db influxDB) output() string { return "influxdb=" + db.server.JoinPath(db.database).String() }

// influxEnvironment hands the credentials on under the names that k6 knows.
func (a *app) influxEnvironment(env []string) []string {
	env = slices.Clone(env)
	for theirs, ours := range map[string]string{"K6_INFLUXDB_USERNAME": "INFLUX_USERNAME", "K6_INFLUXDB_PASSWORD": "INFLUX_PASSWORD"} {
		value, ok := a.getenv(ours)
		if _, set := a.getenv(theirs); ok && !set {
			env = append(env, theirs+"="+value)
		}
	}
	return env
}

// source is the run as k6report reads it from InfluxDB.
func (db influxDB) source(testid string) string {
	scheme := "influxdb://"
	if db.server.Scheme == "https" {
		scheme = "influxdb+https://"
	}
	return scheme + db.server.Host + strings.TrimSuffix(db.server.Path, "/") + "/" + url.PathEscape(db.database) +
		"?testid=" + url.QueryEscape(testid)
}

// sayGrafana says where in Grafana the run is.
func (r runner) sayGrafana(result k6exec.RunResult) {
	if r.influx == nil {
		return
	}
	if result.TestID == "" {
		r.app.say(&r.flags.common, "the run is in InfluxDB %s without a testid, which could not be added to the script's tags", r.influx.server)
		return
	}
	r.app.say(&r.flags.common, "in Grafana the run is testid %s; as a SOURCE: '%s'", result.TestID, r.influx.source(result.TestID))
}
