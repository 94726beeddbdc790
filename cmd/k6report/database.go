package main

import (
	"crypto/tls"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k6report/internal/ingest"
	"k6report/internal/ingest/influx"
)

// database is a kind of database from which a run can be read.
type database struct {
	// is reports whether a SOURCE is one.
	is   func(source string) bool
	open func(a *app, source string) (ingest.Source, error)
	// form says how to name one.
	form string
}

func databases() []database {
	return []database{
		{influx.IsURL, (*app).influxSource, "runs in InfluxDB are influxdb://HOST:8086/DATABASE?testid=ID (1.x), influxdb2://HOST:8086/BUCKET?org=ORG&testid=ID (2.x, Cloud), with influxdb+https:// and influxdb2+https:// for TLS"},
	}
}

// databaseOf is the kind of database that a SOURCE is in; false where it is in none.
func databaseOf(source string) (database, bool) {
	for _, db := range databases() {
		if db.is(source) {
			return db, true
		}
	}
	return database{}, false
}

func howToNameADatabase() string {
	var forms []string
	for _, db := range databases() {
		forms = append(forms, db.form)
	}
	return strings.Join(forms, "; ")
}

// influxSource is the source of a URL, with what the environment says of it: who
// asks (INFLUX_USERNAME and INFLUX_PASSWORD, or INFLUX_TOKEN), whether any
// certificate is trusted (INFLUX_SKIP_VERIFY), and what package net/http looks
// for: proxies and SSL_CERT_FILE.
func (a *app) influxSource(url string) (ingest.Source, error) {
	address, err := influx.Parse(url)
	if err != nil {
		return ingest.Source{}, usageError{err}
	}
	skip := false
	if text := a.variable("INFLUX_SKIP_VERIFY"); text != "" {
		if skip, err = strconv.ParseBool(text); err != nil {
			return ingest.Source{}, usageError{hinted{err, "set INFLUX_SKIP_VERIFY to true or false"}}
		}
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: skip, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 8,
		DisableCompression:  true, // on a near network packing takes longer than sending
		ForceAttemptHTTP2:   true,
	}
	return ingest.Source{Name: address.Name, Database: ingest.InfluxDB{DB: influx.Open(address, influx.Options{
		HTTP: &http.Client{Transport: transport},
		Credentials: influx.Credentials{
			Username: a.variable("INFLUX_USERNAME"),
			Password: a.variable("INFLUX_PASSWORD"),
			Token:    a.variable("INFLUX_TOKEN"),
		},
	})}}, nil
}

// variable is a variable of the environment, "" when it is not set.
func (a *app) variable(name string) string {
	value, _ := a.getenv(name)
	return value
}
