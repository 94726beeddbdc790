package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"k6report/internal/ingest/influx"
	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/run"
)

// plainSamples are samples of a real run without what InfluxDB does not keep:
// definitions, metadata, and all but the last of samples with the same metric,
// tags and time. edit may change tags and times.
func plainSamples(t *testing.T, name string, edit func(tags map[string]string, at time.Time) time.Time) []byte {
	t.Helper()
	type point struct {
		Metric string `json:"metric"`
		Type   string `json:"type"`
		Data   struct {
			Time  time.Time         `json:"time"`
			Value float64           `json:"value"`
			Tags  map[string]string `json:"tags"`
		} `json:"data"`
	}
	last := make(map[string]int)
	var lines [][]byte
	for line := range bytes.Lines(unpacked(t, name)) {
		var p point
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if p.Type != "Point" {
			continue
		}
		p.Data.Time = edit(p.Data.Tags, p.Data.Time)
		for name, value := range p.Data.Tags {
			// A line of its protocol has no newline in a tag.
			p.Data.Tags[name] = strings.ReplaceAll(value, "\n", " ")
			if value == "" {
				delete(p.Data.Tags, name)
			}
		}
		out, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint(p.Metric, p.Data.Tags, p.Data.Time.UnixNano())
		if at, again := last[key]; again {
			lines[at] = nil
		}
		last[key] = len(lines)
		lines = append(lines, append(out, '\n'))
	}
	return bytes.Join(lines, nil)
}

func tagged(testid string) func(map[string]string, time.Time) time.Time {
	return func(tags map[string]string, at time.Time) time.Time {
		tags["testid"] = testid
		return at
	}
}

// keep writes samples to a database of its own name.
func keep(t *testing.T, s *influxtest.Server, samples ...[]byte) {
	t.Helper()
	for _, data := range samples {
		if _, err := s.WriteK6(t.Context(), "k6", bytes.NewReader(data), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func database(t *testing.T, rawURL string, c influx.Credentials) Source {
	t.Helper()
	a, err := influx.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return Source{Name: a.Name, Database: InfluxDB{influx.Open(a, influx.Options{HTTP: &http.Client{}, Credentials: c, Pause: time.Millisecond})}}
}

func readURL(t *testing.T, rawURL string) (*run.Run, error) {
	t.Helper()
	return Read(t.Context(), []Source{database(t, rawURL, influx.Credentials{})}, Options{Workers: 2})
}

// urls are the same question in both languages.
func urls(s *influxtest.Server, query string) []string {
	return []string{"influxdb://" + s.Addr + "/k6?" + query, "influxdb2://" + s.Addr + "/k6/autogen?org=any&" + query}
}

// sameRun holds a run from a database against the same samples read as JSON.
func sameRun(t *testing.T, got *run.Run, samples []byte) {
	t.Helper()
	want, err := Read(t.Context(), []Source{{Name: "f", Reader: bytes.NewReader(samples)}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Started != want.Started || got.Ended != want.Ended || got.ID != want.ID {
		t.Errorf("%s from %d to %d, want %s from %d to %d", got.ID, got.Started, got.Ended, want.ID, want.Started, want.Ended)
	}
	if len(got.Series) != len(want.Series) {
		t.Errorf("%d series, want %d", len(got.Series), len(want.Series))
	}
	for i := range want.Series {
		w := want.Series[i]
		at := -1
		for k := range got.Series {
			if got.Series[k].Key == w.Key {
				at = k
			}
		}
		if at < 0 {
			t.Errorf("%s %v is missing", w.Metric, w.Tags)
			continue
		}
		g := got.Series[at]
		if g.Stats != w.Stats || g.Latest != w.Latest || !reflect.DeepEqual(g.Windows, w.Windows) {
			t.Errorf("%s %v: %+v, want %+v", w.Metric, w.Tags, g.Stats, w.Stats)
		}
		if g.Sketch != nil && !reflect.DeepEqual(g.Sketch, w.Sketch) {
			t.Errorf("%s %v: another distribution", w.Metric, w.Tags)
		}
	}
	if !reflect.DeepEqual(got.Requests, want.Requests) {
		t.Errorf("other requests:\n%+v\nwant\n%+v", got.Requests, want.Requests)
	}
}

// TestInfluxDB reads real runs from a real InfluxDB, in both languages.
func TestInfluxDB(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	one := plainSamples(t, "k6.json.gz", tagged("one"))
	two := plainSamples(t, "k6csv.json.gz", tagged("two"))
	untagged := func(by time.Duration) func(map[string]string, time.Time) time.Time {
		return func(tags map[string]string, at time.Time) time.Time {
			delete(tags, "testid")
			return at.Add(by)
		}
	}
	early, late := plainSamples(t, "k6csv.json.gz", untagged(-time.Hour)), plainSamples(t, "k6csv.json.gz", untagged(time.Hour))
	hostile := `x'; DROP DATABASE k6; -- " or true //${1}`
	evil := plainSamples(t, "k6csv.json.gz", tagged(hostile))
	keep(t, s, one, two, early, late, evil)
	at := time.Now().UnixNano() // the newest points, but nobody's run
	foreign := fmt.Sprintf("cpu,host=a value=1 %d\njobs,group=x value=1 %d\napp,testid=one value=3 %d\nvus_text,testid=one,scenario=x value=\"3\" %d\n", at, at, at, at)
	if err := s.Write(t.Context(), "k6", strings.NewReader(foreign)); err != nil {
		t.Fatal(err)
	}
	byID := map[string][]byte{"one": one, "two": two, hostile: evil}
	for id, samples := range byID {
		for _, u := range urls(s, "testid="+url.QueryEscape(id)) {
			r, err := readURL(t, u)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(u, func(t *testing.T) { sameRun(t, r, samples) })
			if _, ok := problem(r, "points_lost_unknown"); !ok {
				t.Errorf("%s: nothing says that points may be lost: %+v", u, r.Problems)
			}
			if p, ok := problem(r, "measurements_left_out"); (id == "one") != ok || ok && !strings.HasPrefix(p.Message, "app: ") {
				t.Errorf("%s: measurements left out: %v %+v", u, ok, p)
			}
		}
	}
	for _, u := range urls(s, "") {
		t.Run("runs of "+u, func(t *testing.T) { everyRun(t, u, early, late, byID) })
	}
	for _, u := range urls(s, "newest=true") {
		r, err := readURL(t, u)
		if err != nil {
			t.Fatal(err)
		}
		sameRun(t, r, late)
	}
	for _, u := range urls(s, "testid="+url.QueryEscape(`'; DROP DATABASE k6; SELECT '`)) {
		if _, err := readURL(t, u); err == nil || !strings.Contains(err.Error(), "there is no run with testid") {
			t.Errorf("%s: got %v", u, err)
		}
	}
	if r, err := readURL(t, urls(s, "testid=one")[0]); err != nil || len(r.Series) == 0 {
		t.Errorf("after hostile questions: %v", err)
	}
}

// TestGroupsOfK6: a measurement with nothing but a group is k6's where the group
// is, as one of set-up.
func TestGroupsOfK6(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	for _, tags := range []string{"", ",testid=one"} {
		lines := fmt.Sprintf("vus%[1]s value=3 %[2]d\nown%[1]s,group=::setup value=1.5 %[2]d\njobs%[1]s,group=x value=1 %[2]d\n", tags, time.Now().UnixNano())
		if err := s.Write(t.Context(), "k6", strings.NewReader(lines)); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range append(urls(s, "testid="), urls(s, "testid=one")...) {
		r, err := readURL(t, u)
		if err != nil {
			t.Fatal(err)
		}
		if own, jobs := r.Select("own", nil).Count, r.Select("jobs", nil).Count; own != 1 || jobs != 0 {
			t.Errorf("%s: %d points of the script's own metric, want 1; %d foreign ones", u, own, jobs)
		}
		if p, said := problem(r, "measurements_left_out"); said != strings.HasSuffix(u, "one") || said && !strings.HasPrefix(p.Message, "jobs: ") {
			t.Errorf("%s: %+v", u, p)
		}
	}
}

// TestPointsLost: with k6's summary the report says what the database lacks.
func TestPointsLost(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	whole := plainSamples(t, "k6csv.json.gz", tagged("whole"))
	keep(t, s, whole, without(t, plainSamples(t, "k6csv.json.gz", tagged("holed")), 3))
	n := bytes.Count(whole, []byte(`"http_req_waiting"`))
	summary := fmt.Sprintf(`{"root_group":{},"metrics":{"http_reqs":{"count":%d,"rate":1},"http_req_waiting":{"count":%d,"avg":1}}}`, n, n)
	for _, id := range []string{"whole", "holed"} {
		for _, u := range urls(s, "testid="+id) {
			r := read(t, Options{}, database(t, u, influx.Credentials{}), Source{Name: "summary.json", Reader: strings.NewReader(summary)})
			p, said := problem(r, codeLost)
			if said != (id == "holed") {
				t.Errorf("%s: %+v", u, r.Problems)
			}
			if said && (p.Count != 3 || !strings.Contains(p.Message, fmt.Sprintf("(3 of %d of http_req_waiting)", n)) || !strings.HasPrefix(p.Source, "influxdb")) {
				t.Errorf("%s: %+v", u, p)
			}
			if _, said := problem(r, codeLostUnknown); said {
				t.Errorf("%s: loss is said to be unknown beside a summary", u)
			}
		}
	}
}

// everyRun asks without saying for which run, and follows the advice.
func everyRun(t *testing.T, u string, early, late []byte, byID map[string][]byte) {
	_, err := readURL(t, u)
	var e *influx.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "there are 5 runs in it") {
		t.Fatalf("got %v", err)
	}
	found := regexp.MustCompile(`influxdb2?://\S+`).FindAllString(e.Hint(), -1)
	if len(found) != 5 {
		t.Fatalf("the advice is\n%s", e.Hint())
	}
	for i, advised := range found {
		r, err := readURL(t, advised)
		if err != nil {
			t.Errorf("following %s: %v", advised, err)
			continue
		}
		a, err := influx.Parse(advised)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case a.Tagged:
			sameRun(t, r, byID[a.TestID])
		case i == 0: // the newest comes first
			sameRun(t, r, late)
		default:
			sameRun(t, r, early)
		}
	}
}

// TestInfluxDBWithoutNames takes URLs, which are fields, where requests have no
// tag name.
func TestInfluxDBWithoutNames(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	samples := plainSamples(t, "k6.json.gz", func(tags map[string]string, at time.Time) time.Time {
		if name, ok := tags["name"]; ok && tags["url"] == "" {
			tags["url"] = name
		}
		delete(tags, "name")
		return at
	})
	keep(t, s, samples)
	for _, u := range urls(s, "") {
		r, err := readURL(t, u)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(u, func(t *testing.T) { sameRun(t, r, samples) })
	}
}

// TestInfluxDBAsksWho reads from a server that wants a name and a password.
func TestInfluxDBAsksWho(t *testing.T) {
	s := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{Auth: true})
	if err := s.Query(t.Context(), "CREATE USER me WITH PASSWORD 'secret' WITH ALL PRIVILEGES"); err != nil {
		t.Fatal(err)
	}
	read := func(c influx.Credentials) error {
		_, err := Read(context.Background(), []Source{database(t, "influxdb://"+s.Addr+"/k6", c)}, Options{})
		return err
	}
	if err := read(influx.Credentials{}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a name: %v", err)
	}
	if err := read(influx.Credentials{Username: "me", Password: "secret"}); err == nil || !strings.Contains(err.Error(), "database not found") {
		t.Errorf("with name and password: %v", err)
	}
}
