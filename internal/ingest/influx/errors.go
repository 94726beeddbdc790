package influx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Error is why a database could not be read.
type Error struct {
	what, hint string
	err        error
	again      bool // trying again may help
}

// Error says what was being done and what went wrong.
func (e *Error) Error() string { return e.what }

// Hint is what to do about it.
func (e *Error) Hint() string { return e.hint }

func (e *Error) Unwrap() error { return e.err }

// errSilent ends a request whose server says nothing for too long.
var errSilent = errors.New("the server says nothing")

// failed explains why a request got no answer, or only a part of one.
func (d *Database) failed(ctx context.Context, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var (
		dial *net.OpError
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		head tls.RecordHeaderError
	)
	e := &Error{what: fmt.Sprintf("read %s: %v", d.Name, plain(err)), err: err}
	switch {
	case context.Cause(ctx) != nil && !errors.Is(context.Cause(ctx), errSilent):
		return context.Cause(ctx)
	case errors.Is(context.Cause(ctx), errSilent):
		e.what = fmt.Sprintf("read %s: the server has said nothing for %v", d.Name, d.o.Patience)
		e.hint, e.again = "look at the load of the server; a shorter run, by from= and to=, asks less of it", true
	case errors.As(err, &cert):
		e.hint = "if the certificate is of your own authority, name its file in SSL_CERT_FILE; INFLUX_SKIP_VERIFY=true trusts any"
	case errors.As(err, &head), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.hint = "the server does not speak TLS there: leave out +https"
	case errors.As(err, &dns):
		e.hint = "check the host in the URL"
	case errors.As(err, &dial) && dial.Op == "dial":
		e.hint, e.again = "start InfluxDB, or check host and port in the URL", true
	default:
		e.what = fmt.Sprintf("read %s: the answer broke off (%v)", d.Name, plain(err))
		e.hint, e.again = "look at the log of the server: it was stopped, or something between here and there ended the connection", true
	}
	return e
}

// plain drops the URL that package net/http puts before an error.
func plain(err error) error {
	var wrapped interface {
		error
		Timeout() bool
		Temporary() bool
		Unwrap() error
	}
	for errors.As(err, &wrapped) && wrapped.Unwrap() != nil && strings.Contains(err.Error(), "http") {
		if err = wrapped.Unwrap(); err == nil {
			break
		}
	}
	return err
}

// refused explains an answer other than 200.
func (d *Database) refused(code int, said string, head http.Header) error {
	e := &Error{what: fmt.Sprintf("read %s: the server answers %d %s", d.Name, code, http.StatusText(code))}
	if said = clip(said); said != "" {
		e.what += ": " + said
	}
	version := head.Get("X-Influxdb-Version")
	switch {
	case code == http.StatusBadRequest && version == "" && strings.HasPrefix(d.Server, "http://"):
		scheme, _, _ := strings.Cut(d.Name, "://")
		scheme, _, _ = strings.Cut(scheme, "+")
		e.hint = "check that an InfluxDB answers there; if it speaks TLS, write " + scheme + "+https://"
	case !d.Flux && strings.HasPrefix(strings.TrimPrefix(version, "v"), "2"):
		e.hint = "this is InfluxDB " + clip(version) + ": write " + formFlux
	case code == http.StatusBadRequest && d.Flux && d.Org == "":
		e.hint = "name the organisation in the URL: " + formFlux
	case code == http.StatusUnauthorized:
		e.hint = "set " + credentialNames(d.Flux) + " in the environment"
	case code == http.StatusForbidden && d.Flux: // the client loses what a 1.8 without Flux says
		e.hint = "Flux is off in this server (then use influxdb://, or set flux-enabled = true), or the token has no right to read " + d.Database
	case code == http.StatusForbidden:
		e.hint = "give the user or token the right to read " + d.Database
	case code == http.StatusNotFound && d.Flux:
		e.hint = "check bucket and org in the URL; InfluxDB 1.x is influxdb://"
	case code == http.StatusNotFound:
		e.hint = "there is no InfluxDB 1.x at this address; 2.x and Cloud are " + formFlux
	case code == http.StatusRequestEntityTooLarge:
		e.hint = "the server, or a proxy before it, takes only short questions: raise max-body-size there"
	case code == http.StatusTooManyRequests, code >= 500:
		e.hint, e.again = "look at the log of the server", true
	default:
		e.hint = "check that an InfluxDB answers there"
	}
	return e
}

// complained explains an error inside of an answer.
func (d *Database) complained(said string) error {
	e := &Error{what: fmt.Sprintf("read %s: the server says: %s", d.Name, clip(said))}
	low := strings.ToLower(said)
	switch {
	case strings.Contains(low, "database not found"), strings.HasSuffix(low, "no database"), strings.Contains(low, "could not find bucket"), strings.Contains(low, "bucket") && strings.Contains(low, "not found"), strings.Contains(low, "failed to look up bucket"):
		e.hint, e.err = "check the name in the URL", errNoDatabase
		if d.Flux { // 2.x does not tell one from the other
			e.hint += ", and that the token may read it"
		}
	case strings.Contains(low, "retention policy not found"):
		e.hint = "check rp= in the URL"
	case strings.Contains(low, "not authorized"), strings.Contains(low, "unauthorized"), strings.Contains(low, "no permission"):
		e.hint = "give the user or token the right to read " + d.Database
	case strings.Contains(low, "org"):
		e.hint = "check org= in the URL"
	case strings.Contains(low, "timeout"), strings.Contains(low, "shutdown"), strings.Contains(low, "engine is closed"), strings.Contains(low, "max-concurrent"):
		e.hint, e.again = "look at the log of the server, and at its limits on queries", true
	default:
		e.hint = "look at the log of the server"
	}
	return e
}

var errNoDatabase = errors.New("no such database")

// garbage is an answer that is none of InfluxDB.
func (d *Database) garbage(what string) error {
	return &Error{
		what: fmt.Sprintf("read %s: what comes back is no answer of InfluxDB: %s", d.Name, clip(what)),
		hint: "check the address: another program, or a proxy's page, answers there",
	}
}

// decoded is what decoding an answer came to, in which the server may have said an
// error.
func (d *Database) decoded(err error, said string) error {
	switch {
	case errors.Is(err, errSaid):
		return d.complained(said)
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errTooMany), isRead(err):
		return err
	}
	return d.garbage(err.Error())
}

// clip shortens a foreign text for a message.
func clip(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
