package gitlab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// Options configure a Client. Every field but API may be left zero.
type Options struct {
	// API is the address of the API, with or without /api/v4 at its end.
	API string
	// Token is sent as Private-Token (project, group or personal access token),
	// JobToken as Job-Token where Token is empty.
	Token, JobToken string
	// CAFile holds further certificates that are trusted.
	CAFile string
	// Transport carries requests; nil is a new one.
	Transport http.RoundTripper
	// Sleep waits, or returns the context's error; nil sleeps.
	Sleep func(context.Context, time.Duration) error
	// Now is the clock, for dates in Retry-After; nil is the system's.
	Now func() time.Time
	// Deadline bounds one call with all its repetitions; 0 is a minute.
	Deadline time.Duration
	// UserAgent names the program.
	UserAgent string
}

// Client talks to one GitLab. It is safe for concurrent use.
type Client struct {
	api      *gitlab.Client
	deadline time.Duration

	meMu sync.Mutex
	me   int64 // whom the token belongs to; 0 when not asked yet
}

// unlimited keeps client-go from asking the server for its rate limits first.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

// NewClient makes a client; it sends nothing.
func NewClient(o Options) (*Client, error) {
	transport := o.Transport
	if transport == nil {
		var err error
		if transport, err = newTransport(o.CAFile, o.Deadline); err != nil {
			return nil, err
		}
	}
	// client-go's own retries would post a note six times when the answer is a 502,
	// sleep for as long as the server says, and ignore Retry-After.
	h := &http.Client{
		Transport:     sayer{&forge.Patience{Next: transport, Sleep: o.Sleep, Now: o.Now}},
		CheckRedirect: dropSecrets,
	}
	var auth gitlab.AuthSource = gitlab.AccessTokenAuthSource{Token: o.Token}
	switch {
	case o.Token == "" && o.JobToken != "":
		auth = gitlab.JobTokenAuthSource{Token: o.JobToken}
	case o.Token == "":
		auth = gitlab.Unauthenticated{}
	}
	api, err := gitlab.NewAuthSourceClient(
		auth, gitlab.WithBaseURL(o.API), gitlab.WithHTTPClient(h), gitlab.WithoutRetries(),
		gitlab.WithCustomLimiter(unlimited{}), gitlab.WithUserAgent(o.UserAgent),
	)
	if err != nil {
		return nil, fmt.Errorf("talk to GitLab: %w", err)
	}
	c := &Client{api: api, deadline: o.Deadline}
	if c.deadline == 0 {
		c.deadline = time.Minute
	}
	return c, nil
}

// firstWait is how long a connection may stay silent before it is given up, and
// another tried, where no deadline was asked for.
const firstWait = 20 * time.Second

func newTransport(caFile string, deadline time.Duration) (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = max(firstWait, deadline) // a longer one is meant for slow answers
	if caFile == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read CI_SERVER_TLS_CA_FILE: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read CI_SERVER_TLS_CA_FILE: %s holds no certificate", caFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}

// dropSecrets keeps tokens from following a redirect to another host, as
// packages do to object storage: net/http knows only of Authorization.
func dropSecrets(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return http.ErrUseLastResponse
	}
	if !sameOrigin(r.URL, via[0].URL) {
		for _, name := range []string{"Private-Token", "Job-Token", "Deploy-Token", "Authorization", "Cookie"} {
			r.Header.Del(name)
		}
	}
	return nil
}

// sameOrigin reports whether a token for one address may be sent to another.
// From plain HTTP to HTTPS of the same host it may, never the other way.
func sameOrigin(a, b *url.URL) bool {
	return a.Hostname() == b.Hostname() && (a.Scheme == b.Scheme && a.Port() == b.Port() || a.Scheme == "https" && b.Scheme == "http" && b.Port() == "" && a.Port() == "")
}

// within bounds one step.
func (c *Client) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.deadline)
}
