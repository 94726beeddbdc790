package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"k6report/internal/redact"
	"k6report/internal/run"
)

const secret = "hunter2-hunter2"

// hide masks a value, and the parameters of URLs that are called tokens.
func hide(s string) string {
	s = strings.ReplaceAll(s, secret, "***")
	if at := strings.Index(s, "token="); at >= 0 {
		s = s[:at] + "token=***"
	}
	return s
}

// held is what a snapshot of a run holds, unpacked.
func held(t *testing.T, r *run.Run) []byte {
	t.Helper()
	snapshot := encoded(t, r)
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	payload, err := z.DecodeAll(snapshot[bytes.Index(snapshot, []byte("\x28\xb5\x2f\xfd")):], nil)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// secretSources are sources of each kind with a secret in all that a load test
// may name.
func secretSources() map[string]string {
	s := "x " + secret
	tags := fmt.Sprintf(`{"name":%q,"url":"http://h/?token=abcdef","method":"GET","status":"200","scenario":%q,"group":"::%s","%s":"y","long":"%s%s"}`,
		s, s, s, secret, strings.Repeat("é", (maxTagValue-6)/2), secret)
	submetric := `http_req_duration{url:http://h/?token=abcdef,name:` + s + `}`
	json := fmt.Sprintf(`{"type":"Metric","metric":"http_req_duration","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":[],"submetrics":[{"name":%q,"tags":{"url":"http://h/?token=abcdef","name":%q}}]}}`+"\n", submetric, s)
	for ms := range 20 {
		json += aRequest(at(100*ms), tags, 5) + aPoint("mine", at(100*ms), "1", tags)
	}
	// The metric's name is one that only a mask of its own would find.
	return map[string]string{
		"json": json + `{"type":"Point","metric":"` + s + `","data":{"time":"` + at(3000) + `","value":1,"tags":{"check":"` + s + `"}}}` + "\nbad " + s + "\n",
		"csv": "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags\n" +
			strings.Repeat(fmt.Sprintf("vus,1764000000,3,%[1]s,%[1]s,,,::%[1]s,,%[1]s,,%[1]s,,,,,http://h/?token=abcdef,a=%[1]s\n", s), 3),
		"summary": fmt.Sprintf(`{"metrics":{"x":{"avg":1,"thresholds":{"avg<2":false}},%q:{"avg":1},%q:{"value":1}},"root_group":{"checks":{"a":{"name":%q,"path":"::%s","passes":2,"fails":1}},"groups":{"g":{"path":"::%s","checks":{"a":{"name":"in","passes":1,"fails":0}}}}}}`,
			submetric, s, s, s, s),
		"plan":      fmt.Sprintf(`{"scenarios":{%q:{"executor":"constant-vus","vus":1,"duration":"1m"}},"maxVUs":1,"thresholds":{%q:["p(95)<1",%q]}}`, s, submetric, s),
		"execution": fmt.Sprintf(`{"k6_version":"v1 %s","exit_code":1,"meaning":%q,"labels":{"a":%q,%q:"b"}}`, s, s, s, secret),
	}
}

// TestNoSecretIsKept: whatever the sources hold and however they come in, what
// a snapshot keeps is masked.
func TestNoSecretIsKept(t *testing.T) {
	options := Options{Mask: hide, Labels: map[string]string{"commit": secret, secret: "x"}, Workers: 2, segmentSize: 3000}
	check := func(name string, r *run.Run) {
		payload := held(t, r)
		unwanted := []string{secret, "abcdef"}
		if !strings.HasPrefix(name, "snapshot") { // where what was cut before can't be known
			unwanted = append(unwanted, secret[:6])
		}
		for _, text := range unwanted {
			if at := bytes.Index(payload, []byte(text)); at >= 0 {
				t.Errorf("%s: %q is kept: …%s", name, text, payload[max(0, at-60):at+20])
			}
		}
		if !bytes.Contains(payload, []byte("***")) {
			t.Errorf("%s: nothing was masked", name)
		}
	}
	all := secretSources()
	for _, kinds := range []string{"json", "csv", "summary", "json summary plan execution", "csv execution"} {
		var sources, plain []Source
		for _, kind := range strings.Fields(kinds) {
			sources = append(sources, Source{Name: kind + " " + secret, Reader: newFile([]byte(all[kind]))})
			plain = append(plain, Source{Name: kind + " " + secret, Reader: strings.NewReader(all[kind])})
		}
		check(kinds, read(t, options, sources...))

		// A snapshot that was kept before there was a mask.
		open := read(t, Options{Labels: options.Labels}, plain...)
		if payload := held(t, open); !bytes.Contains(payload, []byte(secret)) {
			t.Fatalf("%s: there is nothing to mask", kinds)
		}
		check("snapshot of "+kinds, read(t, options, Source{Name: "s", Reader: bytes.NewReader(encoded(t, open))}))
		check("snapshot and more of "+kinds, read(t, options, Source{Name: "s", Reader: bytes.NewReader(encoded(t, open))}, Source{Name: "e", Reader: strings.NewReader(all["execution"])}))
	}
	// A clean snapshot stays as it is, but for the labels given with it.
	clean := read(t, Options{}, Source{Name: "s", Reader: strings.NewReader(aRequest(at(0), aTags, 5) + aRequest(at(100), aTags, 5))})
	check("clean snapshot", read(t, options, Source{Name: "s", Reader: bytes.NewReader(encoded(t, clean))}))
}

// TestSubmetricsAreMaskedApart: the samples that a threshold's tags name are
// still found, and its name can still be read.
func TestSubmetricsAreMaskedApart(t *testing.T) {
	text := strings.NewReader(secretSources()["json"])
	r := read(t, Options{Mask: hide}, Source{Name: "x", Reader: text})
	m, _ := r.Metric("http_req_duration")
	if len(m.Submetrics) != 1 {
		t.Fatalf("%+v", m)
	}
	sub := m.Submetrics[0]
	if want := "http_req_duration{url:http://h/?token=***,name:x ***}"; sub.Name != want {
		t.Errorf("the submetric is called %s, want %s", sub.Name, want)
	}
	_, tags, ok := submetric(sub.Name)
	if want := run.NewTagSet(tags...); !ok || run.NewTagSet(sub.Tags...) != want {
		t.Errorf("the tags of %s are %v", sub.Name, sub.Tags)
	}
	sel := r.Select("http_req_duration", func(set run.TagSet) bool { return set.Contains(run.NewTagSet(sub.Tags...)) })
	if sel.Count != 20 {
		t.Errorf("%d of 20 samples are the submetric's", sel.Count)
	}
}

// TestOwnWordsStay: a password may be a word that k6 or k6report uses.
func TestOwnWordsStay(t *testing.T) {
	words := []string{"http_req_duration", "scenario", "influxdb", "default", "k6-json"}
	mask, _ := Masks(func(s string) string {
		for _, w := range words {
			s = strings.ReplaceAll(s, w, "***")
		}
		return s
	}, nil)
	for text, want := range map[string]string{
		"http_req_duration": "", "scenario": "", "influxdb": "", "default": "", "k6-json": "",
		"http_req_duration{name:x}": "", "http_req_duration{name:influxdb1}": "http_req_duration{name:***1}",
		"the influxdb": "the ***",
	} {
		if got := mask(text); got != cmp.Or(want, text) {
			t.Errorf("%s becomes %s", text, got)
		}
	}
	if text, metric := Masks(nil, nil); text != nil || metric != nil {
		t.Error("no mask becomes one")
	}
}

// TestMasksTwice: what was masked stays as it is, and a submetric stays one: texts
// are masked by the Builder of each goroutine, by the one of the whole, and again
// whenever a snapshot is read.
func TestMasksTwice(t *testing.T) {
	for _, tt := range []struct{ secrets, text, want, metric string }{
		{"", "mine{url:http://h/?token=abc,name:x}", "mine{url:http://h/?token=***,name:x}", ""},
		{"", "mine{url:http://h/?token=abc}", "mine{url:http://h/?token=***}", ""},
		{"", `mine{ url : "http://h/?token=abc" ,name:'x'}`, `mine{ url : "http://h/?token=***" ,name:'x'}`, ""},
		{"", "mine{url:http://u:p@h/,mail:a@b.c}", "mine{url:http://***@h/,mail:a@b.c}", ""},
		{"", "http_req_duration{url:http://h/?token=abc,name:x}", "http_req_duration{url:http://h/?token=***,name:x}", ""},
		{"", "my-metric{url:http://h/?token=abc,name:x}", "my-metric{url:http://h/?token=***,name:x}", ""},
		{"", "ghp_abcdefghijklmnopqrstuvwxyz{url:http://h/?token=abc,name:x}", "***{url:http://h/?token=***,name:x}", ""},
		{"", "AKIAABCDEFGHIJKLMNOP", "***", ""},
		{"postgres", "postgres_wait_ms", "***_wait_ms", "postgres_wait_ms"},
		{"postgres", "postgres", "***", "postgres"},
		{"postgres", "postgres wait", "*** wait", ""},
		{"postgres", "postgres_ms{db:postgres-1,name:x}", "***_ms{db:***-1,name:x}", "postgres_ms{db:***-1,name:x}"},
		{"scenario", "http_req_duration{scenario:scenario1}", "http_req_duration{scenario:***1}", ""},
		// A secret across the parts of what looks like a submetric.
		{`{"a":"bcdef"}`, `mine{"a":"bcdef"}`, "mine***", ""},
		{`ab:cd,ef:gh`, `mine{ab:cd,ef:gh}`, "mine{***}", ""},
	} {
		var secrets []string
		if tt.secrets != "" {
			secrets = []string{tt.secrets}
		}
		text, metric := Masks(redact.New(secrets).Text, redact.Patterns)
		for name, m := range map[string]struct {
			mask func(string) string
			want string
		}{"text": {text, tt.want}, "metric": {metric, cmp.Or(tt.metric, tt.want)}} {
			once := m.mask(tt.text)
			if once != m.want {
				t.Errorf("%s %s becomes %s, want %s", name, tt.text, once, m.want)
			}
			if twice := m.mask(once); twice != once {
				t.Errorf("%s %s becomes %s, and then %s", name, tt.text, once, twice)
			}
		}
	}
}

// TestRulesSeeWhatIsMasked: a secret that is part of ordinary words hides them, but
// rules of the configuration apply as without it.
func TestRulesSeeWhatIsMasked(t *testing.T) {
	lines := aPoint("vus", at(0), "1", "{}")
	for i, tags := range []string{
		`{"group":"::postgres::deep","method":"GET","name":"out","scenario":"a","status":"200"}`,
		`{"group":"","method":"GET","name":"http://h/postgres/7","scenario":"a","status":"200"}`,
		`{"group":"","method":"GET","url":"http://h/postgres/8","scenario":"a","status":"200"}`,
	} {
		tags = strings.TrimSuffix(tags, "}") + `,"vu":"1","iter":"` + fmt.Sprint(i) + `"}`
		lines += aRequest(at(100*i), tags, 50) + aPoint("postgres_wait_ms", at(100*i), "7", tags)
	}
	for _, name := range []string{"by id", "postgres by id"} {
		o := Options{
			Patterns: redact.Patterns, Mask: redact.New([]string{"postgres"}).Text, ExcludedGroups: []string{"::postgres"},
			EndpointName: func(method, url string) (string, bool) {
				return name, method == "GET" && strings.HasPrefix(url, "http://h/postgres/")
			},
			Metrics: []run.Metric{{Name: "postgres_wait_ms", Type: run.Trend, Contains: "time"}},
		}
		r := read(t, o, Source{Name: "x", Reader: strings.NewReader(lines)})
		want := strings.ReplaceAll(name, "postgres", "***")
		if len(r.Requests.Tables) != 1 || r.Requests.Tables[0].Name != want {
			t.Errorf("tables %+v, want one called %q", r.Requests.Tables, want)
		}
		if columns := r.Requests.Columns; columns[len(columns)-1] != "postgres_wait_ms" {
			t.Errorf("columns %q", columns)
		}
		if n := r.Select("postgres_wait_ms", nil).Count; n != 3 {
			t.Errorf("%d of 3 samples are the metric's", n)
		}
		if payload := held(t, r); bytes.Contains(bytes.ReplaceAll(payload, []byte("postgres_wait_ms"), nil), []byte("postgres")) {
			t.Error("the secret is kept elsewhere than in the metric's name")
		}
	}
}

// TestOnlyWhatIsKeptIsMasked: another URL in each request, virtual users and
// iterations are not masked only to be left out.
func TestOnlyWhatIsKeptIsMasked(t *testing.T) {
	lines := `{"type":"Metric","metric":"m","data":{"name":"m","type":"trend","contains":"time","thresholds":[],"submetrics":[{"name":"m{status:200}","tags":{"status":"200"}}]}}` + "\n"
	for i := range 20 {
		lines += aRequest(at(100*i), strings.ReplaceAll(`{"method":"GET","name":"x","url":"http://h/gone#","vu":"gone#","iter":"gone#","status":"200"}`, "#", fmt.Sprint(i)), 5)
	}
	var kept []string
	r := read(t, Options{Mask: func(s string) string { kept = append(kept, s); return s }}, Source{Name: "x", Reader: strings.NewReader(lines)})
	if n := r.Select("http_reqs", nil).Count; n != 20 {
		t.Errorf("%d of 20 requests", n)
	}
	for _, s := range kept {
		if strings.Contains(s, "gone") {
			t.Errorf("%s was masked, and left out", s)
		}
	}
}
