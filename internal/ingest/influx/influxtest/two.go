package influxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// Two answers like an InfluxDB 2.x with one organisation, one bucket and one
// token: by its addresses, headers and errors. Questions that it takes are
// answered by a 1.8 with Flux on, whose annotated CSV is the same.
type Two struct {
	Org, Bucket, Token string
	// Upstream is the 1.8 and Database where its points are; without Upstream the
	// bucket is empty.
	Upstream *Server
	Database string
}

// inBucket finds the bucket in a query of k6report.
var inBucket = regexp.MustCompile(`from\(bucket: "([^"\\]*)"\)`)

// ServeHTTP answers. What 2.x says where was taken from its API description and
// its error messages.
func (two Two) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Influxdb-Build", "OSS")
	w.Header().Set("X-Influxdb-Version", "v2.7.12")
	fail := func(code int, kind, message string) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Platform-Error-Code", kind)
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": kind, "message": message}) // whoever asked sees that it is cut
	}
	if r.Header.Get("Authorization") != "Token "+two.Token {
		fail(http.StatusUnauthorized, "unauthorized", "unauthorized access")
		return
	}
	switch org := r.URL.Query().Get("org"); {
	case r.URL.Path != "/api/v2/query" || r.Method != http.MethodPost:
		fail(http.StatusNotFound, "not found", "path not found")
		return
	case org == "":
		fail(http.StatusBadRequest, "invalid", "Please provide either orgID or org")
		return
	case org != two.Org:
		fail(http.StatusNotFound, "not found", fmt.Sprintf("organization name %q not found", org))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked is gone
	}
	var question map[string]any
	if err := json.Unmarshal(body, &question); err != nil {
		fail(http.StatusBadRequest, "invalid", "failed to decode request body: "+err.Error())
		return
	}
	query, _ := question["query"].(string)
	bucket := inBucket.FindStringSubmatch(query)
	switch {
	case bucket == nil:
		fail(http.StatusBadRequest, "invalid", "compilation failed: no bucket")
		return
	case bucket[1] != two.Bucket:
		fail(http.StatusNotFound, "not found", fmt.Sprintf("failed to initialize execute state: could not find bucket %q", bucket[1]))
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	if two.Upstream == nil {
		_, _ = io.WriteString(w, "\r\n")
		return
	}
	question["query"] = strings.ReplaceAll(query, bucket[0], fmt.Sprintf("from(bucket: %q)", two.Database+"/autogen"))
	two.forward(w, r, question, fail)
}

// forward has the 1.8 answer.
func (two Two) forward(w http.ResponseWriter, r *http.Request, question map[string]any, fail func(code int, kind, message string)) {
	body, err := json.Marshal(question)
	if err != nil {
		fail(http.StatusInternalServerError, "internal error", err.Error())
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "http://"+two.Upstream.Addr+"/api/v2/query", bytes.NewReader(body))
	if err != nil {
		fail(http.StatusInternalServerError, "internal error", err.Error())
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/csv")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fail(http.StatusInternalServerError, "internal error", err.Error())
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // a cut shows at the end of the answer
}
