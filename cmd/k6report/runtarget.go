package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// preflight is how long a service may take to say that it is there.
const preflight = 10 * time.Second

// mostHealth is more than any /health says.
const mostHealth = 1 << 20

// identify asks a target who it is, so that whatever else may have the port is
// not loaded. It returns the instance that must answer throughout the run; ""
// where several may stand behind one address.
func (a *app) identify(ctx context.Context, target *url.URL) (instance string, err error) {
	body, status, err := a.get(ctx, target.JoinPath("health"))
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", hinted{fmt.Errorf("the system under test does not answer: %w", err), "nothing was run: start it, or say with --url where it is"}
	}
	var health struct {
		InstanceID string `json:"instanceId"`
	}
	if err := json.Unmarshal(body, &health); err != nil || health.InstanceID == "" {
		return "", hinted{
			fmt.Errorf("what answers at %s is not the system under test: its /health has status %d and tells no instanceId", target, status),
			"nothing was run: another program may have the port; say with --url where the system is",
		}
	}
	expected, _ := a.getenv("INSTANCE_ID")
	switch {
	case status >= http.StatusBadRequest:
		return "", hinted{
			fmt.Errorf("the system under test at %s is not well: its /health has status %d", target, status),
			"nothing was run: a load test of it would tell nothing; see its log",
		}
	case expected != "" && expected != health.InstanceID:
		return "", hinted{
			fmt.Errorf("%s is instance %s, not %s as INSTANCE_ID says", target, health.InstanceID, expected),
			"nothing was run: another program may have the port, or the system was started again",
		}
	case expected == "" && !isLoopback(target):
		return "", nil
	}
	return health.InstanceID, nil
}

// get fetches a small document.
func (a *app) get(ctx context.Context, u *url.URL) (body []byte, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, preflight)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// What k6 is told to trust is trusted here.
	if insecure, _ := a.getenv("K6_INSECURE_SKIP_TLS_VERIFY"); insecure != "" {
		skip, _ := strconv.ParseBool(insecure)
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: skip}
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		return nil, 0, fmt.Errorf("%s: %w", u, failed.Err)
	} else if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, mostHealth))
	return body, response.StatusCode, err
}
