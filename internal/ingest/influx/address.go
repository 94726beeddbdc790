package influx

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Address is what a URL says: where the database is, and which run is meant.
type Address struct {
	// Name is the URL as it may be shown.
	Name   string
	Server string // http://host:port or https://host:port, with a path where it has one
	// Flux says that the server is asked in Flux: 2.x and Cloud.
	Flux bool
	// Database is the database of 1.x, or the bucket; Policy its retention
	// policy, "" is the default one. Org is the organisation of the bucket.
	Database, Policy, Org string

	// TestID is the value of the tag testid; Tagged says that the URL names it,
	// if only as "": runs without the tag.
	TestID string
	Tagged bool
	// From and To bound the run's points, in nanoseconds since the Unix epoch:
	// From is included, To not. 0 is no bound.
	From, To int64
	// Newest takes the newest run of those that fit.
	Newest bool
}

// The forms of a URL, for messages.
const (
	formInfluxQL = "influxdb://HOST:8086/DATABASE?testid=ID"
	formFlux     = "influxdb2://HOST:8086/BUCKET?org=ORG&testid=ID"
)

// IsURL reports whether a SOURCE is a URL that this package reads.
func IsURL(s string) bool {
	scheme, _, ok := strings.Cut(s, "://")
	return ok && slices.Contains([]string{"influxdb", "influxdb+http", "influxdb+https", "influxdb2", "influxdb2+http", "influxdb2+https"}, strings.ToLower(scheme))
}

// Parse reads a URL: influxdb://host:8086/DATABASE for InfluxQL, influxdb2://
// for Flux, with +https for TLS. Its parameters are testid, from, to, newest, rp
// (1.x) and org (2.x). Without a port it is 8086, but 443 for influxdb2+https.
// User info is refused: a command line is no place for secrets. An error shows
// nothing that may be one.
func Parse(raw string) (Address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		scheme, _, _ := strings.Cut(raw, "://")
		return Address{}, &Error{what: fmt.Sprintf("read %s://…: it is not a URL", scheme), hint: "write " + formInfluxQL + ", or " + formFlux}
	}
	scheme, transport, _ := strings.Cut(strings.ToLower(u.Scheme), "+")
	if transport == "" {
		transport = "http"
	}
	a := Address{Flux: scheme == "influxdb2"}
	form := formInfluxQL
	if a.Flux {
		form = formFlux
	}
	shown := *u
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	a.Name = shown.String()
	fail := func(what, hint string) (Address, error) {
		return Address{}, &Error{what: "read " + a.Name + ": " + what, hint: hint}
	}
	if u.User != nil {
		return fail("the URL holds a name or a password", "take it out, and set "+credentialNames(a.Flux)+" in the environment")
	}
	if u.Hostname() == "" {
		return fail("the URL names no host", "write "+form)
	}
	port := u.Port()
	if port == "" {
		port = "8086"
		if a.Flux && transport == "https" {
			port = "443"
		}
	}
	a.Server = transport + "://" + net.JoinHostPort(u.Hostname(), port)
	if _, err := url.Parse(a.Server); err != nil {
		return fail("its host is neither a name nor an address", "an address of IPv6 stands in brackets, as in [::1]:8086")
	}
	path := strings.Trim(u.Path, "/")
	if at := strings.LastIndexByte(path, '/'); at >= 0 && !a.Flux {
		a.Server += "/" + (&url.URL{Path: path[:at]}).EscapedPath() // behind a proxy
		path = path[at+1:]
	}
	if a.Database = path; path == "" {
		return fail("the URL names no database", "write "+form)
	}
	if err := a.parameters(u.RawQuery); err != nil {
		return fail(err.Error(), "write "+form+", with from= and to= as 2026-11-26T21:00:00Z, or with newest=true")
	}
	return a, nil
}

// parameters reads what stands behind the question mark.
func (a *Address) parameters(raw string) error {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("its parameters are not those of a URL: spaces are %20, & is %26")
	}
	shown := make(url.Values)
	for name, list := range values {
		if len(list) != 1 {
			return fmt.Errorf("the parameter %s is given %d times", strconv.Quote(name), len(list))
		}
		value := list[0]
		switch {
		case name == "testid":
			a.TestID, a.Tagged = value, true
		case name == "from":
			a.From, err = parseTime(value)
		case name == "to":
			a.To, err = parseTime(value)
		case name == "newest":
			a.Newest, err = strconv.ParseBool(value)
			if err != nil {
				err = errors.New("newest is neither true nor false")
			}
		case name == "rp" && !a.Flux:
			a.Policy = value
		case name == "org" && a.Flux:
			a.Org = value
		default: // perhaps a secret: the value is not shown
			return fmt.Errorf("there is no parameter %s", strconv.Quote(name))
		}
		if err != nil {
			return err
		}
		shown.Set(name, value)
	}
	if a.To != 0 && a.To <= a.From {
		return errors.New("to is not after from")
	}
	if len(shown) > 0 {
		a.Name += "?" + shown.Encode()
	}
	return nil
}

// parseTime reads RFC 3339, or a time in seconds, milliseconds, microseconds or
// nanoseconds since the Unix epoch, told apart by their size.
func parseTime(s string) (ns int64, err error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() < 1970 || t.Year() > 2261 {
				return 0, fmt.Errorf("%s lies outside the years 1970 to 2261", strconv.Quote(s))
			}
			return max(t.UnixNano(), 1), nil
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s is not a time", strconv.Quote(s))
	}
	for _, unit := range []struct{ below, by int64 }{{1e11, 1e9}, {1e14, 1e6}, {1e17, 1e3}} {
		if n < unit.below {
			if n > maxTime/unit.by {
				return 0, fmt.Errorf("%s lies outside the years 1970 to 2261", strconv.Quote(s))
			}
			return n * unit.by, nil
		}
	}
	return n, nil
}

// maxTime is the first moment of the year 2262.
const maxTime = 9214646400 * int64(time.Second)

// with is the address as a URL that also says what query says.
func (a Address) with(query ...string) string {
	base, have, _ := strings.Cut(a.Name, "?")
	values, err := url.ParseQuery(have)
	if err != nil {
		values = make(url.Values)
	}
	values.Del("newest")
	for i := 0; i+1 < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	return base + "?" + values.Encode()
}

func credentialNames(flux bool) string {
	if flux {
		return "INFLUX_TOKEN"
	}
	return "INFLUX_USERNAME and INFLUX_PASSWORD, or INFLUX_TOKEN"
}
