package influx_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k6report/internal/ingest/influx"
	"k6report/internal/ingest/influx/influxtest"
)

// TestErrorsOf2x asks a server that answers like 2.x, over TLS and without, in
// every wrong way: each error says what is wrong and what to do about it.
func TestErrorsOf2x(t *testing.T) {
	plain := httptest.NewServer(influxtest.Two{Org: "acme", Bucket: "k6", Token: "s3cr3t"})
	t.Cleanup(plain.Close)
	sealed := httptest.NewTLSServer(influxtest.Two{Org: "acme", Bucket: "k6", Token: "s3cr3t"})
	t.Cleanup(sealed.Close)
	right := influx.Credentials{Token: "s3cr3t"}
	trusting := sealed.Client()
	for _, tt := range []struct {
		name, url  string
		who        influx.Credentials
		http       *http.Client
		want, hint string
	}{
		{"no token", "influxdb2://PLAIN/k6?org=acme", influx.Credentials{}, plain.Client(), "the server answers 401 Unauthorized: unauthorized access", "set INFLUX_TOKEN in the environment"},
		{"another token", "influxdb2://PLAIN/k6?org=acme", influx.Credentials{Token: "wrong"}, plain.Client(), "401 Unauthorized", "set INFLUX_TOKEN in the environment"},
		{"no organisation", "influxdb2://PLAIN/k6", right, plain.Client(), "the server answers 400 Bad Request: Please provide either orgID or org", "name the organisation in the URL: influxdb2://HOST:8086/BUCKET?org=ORG"},
		{"another organisation", "influxdb2://PLAIN/k6?org=other", right, plain.Client(), `organization name "other" not found`, "check bucket and org in the URL"},
		{"another bucket", "influxdb2://PLAIN/other?org=acme", right, plain.Client(), `could not find bucket "other"`, "check the name in the URL, and that the token may read it"},
		{"an empty bucket", "influxdb2://PLAIN/k6?org=acme", right, plain.Client(), "there is no run of k6 in it", "run k6 with"},
		{"InfluxQL", "influxdb://PLAIN/k6", influx.Credentials{}, plain.Client(), "401 Unauthorized", "this is InfluxDB v2.7.12: write influxdb2://HOST:8086/BUCKET?org=ORG"},
		{"InfluxQL with a token", "influxdb://PLAIN/k6", right, plain.Client(), "404 Not Found", "this is InfluxDB v2.7.12: write influxdb2://HOST:8086/BUCKET?org=ORG"},
		{"over TLS", "influxdb2+https://SEALED/k6?org=acme", right, trusting, "there is no run of k6 in it", "run k6 with"},
		{"over TLS, no token", "influxdb2+https://SEALED/k6?org=acme", influx.Credentials{}, trusting, "401 Unauthorized", "INFLUX_TOKEN"},
		{"a certificate nobody knows", "influxdb2+https://SEALED/k6?org=acme", right, &http.Client{}, "certificate signed by unknown authority", "SSL_CERT_FILE"},
		{"a certificate nobody knows, 1.x", "influxdb+https://SEALED/k6", right, &http.Client{}, "certificate signed by unknown authority", "INFLUX_SKIP_VERIFY=true"},
		{"TLS where there is none", "influxdb2+https://PLAIN/k6?org=acme", right, trusting, "HTTP response to HTTPS client", "leave out +https"},
		{"no TLS where there is one", "influxdb2://SEALED/k6?org=acme", right, trusting, "the server answers 400 Bad Request", "if it speaks TLS, write influxdb2+https://"},
		{"no TLS where there is one, 1.x", "influxdb://SEALED/k6", right, trusting, "the server answers 400 Bad Request", "if it speaks TLS, write influxdb+https://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := strings.NewReplacer("PLAIN", plain.Listener.Addr().String(), "SEALED", sealed.Listener.Addr().String()).Replace(tt.url)
			a, err := influx.Parse(url)
			if err != nil {
				t.Fatal(err)
			}
			_, err = influx.Open(a, influx.Options{HTTP: tt.http, Credentials: tt.who, Pause: time.Millisecond}).Find(t.Context(), func(string) bool { return true })
			var e *influx.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(e.Hint(), tt.hint) {
				t.Fatalf("got %v\nwant %s\nhint %s", err, tt.want, tt.hint)
			}
			if strings.Contains(err.Error()+e.Hint(), "s3cr3t") && tt.who == right {
				t.Errorf("the token is shown: %v, %s", err, e.Hint())
			}
		})
	}
}
