package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"k6report/internal/run"
)

// totals adds up the request tables.
type totals struct {
	count, joined uint64
	columns       map[string]int64 // µs
	unjoined      uint64
	incomplete    uint64
}

func totalsOf(r *run.Run) totals {
	t := totals{columns: map[string]int64{}, unjoined: r.Requests.Unjoined}
	for _, table := range r.Requests.Tables {
		if table.Protocol == run.ProtocolIteration {
			continue
		}
		for _, b := range table.Blocks {
			t.count += b.Count
			for k, row := range b.Rows.List {
				t.joined += row.Joined
				for i, sum := range b.Rows.SumsOf(k) {
					t.columns[r.Requests.Columns[i]] += sum
				}
			}
		}
	}
	for _, p := range r.Problems {
		if p.Code == "request_incomplete" {
			t.incomplete += p.Count
		}
	}
	return t
}

// everyWay reads lines as a stream and in short segments, which must agree.
func everyWay(t *testing.T, text string) totals {
	t.Helper()
	data := []byte(text)
	want, errWant := linesOf(t, data, Options{})
	for _, size := range []int64{1, 333, 4096, 100_000} {
		size = max(size, int64(len(data)/2000))
		got, err := linesOf(t, data, Options{Workers: 2, segmentSize: size})
		equalRuns(t, fmt.Sprintf("segments of %d", size), want, got, errWant, err)
	}
	if errWant != nil {
		t.Fatal(errWant)
	}
	return totalsOf(want)
}

// at is a time so many ms after aTime.
func at(ms int) string {
	return fmt.Sprintf("2026-11-23T11:%02d:%02d.%03dZ", ms/60_000, ms/1000%60, ms%1000)
}

func metaTags(tags, meta string) string { return tags + `,"metadata":` + meta }

func TestJoinByRid(t *testing.T) {
	tags := `{"name":"a","method":"GET"}`
	one, two := metaTags(tags, `{"rid":"1"}`), metaTags(tags, `{"vu":"3","rid":"2"}`)
	got := everyWay(t, aRequest(at(0), one, 10)+aRequest(at(1), two, 20)+
		aPoint("db_ms", at(5), "4", metaTags(`{"endpoint":"other"}`, `{"rid":"1"}`))+
		aPoint("db_ms", at(5), "8", metaTags(`{}`, `{"rid":"2"}`))+
		aPoint("lock_ms", at(5), "1", metaTags(`{}`, `{"rid":"2"}`))+
		aPoint("db_ms", at(5), "16", metaTags(`{}`, `{"rid":"nobody's"}`))+
		aPoint("plain_ms", at(5), "16", `{}`))
	if got.count != 2 || got.joined != 2 || got.unjoined != 1 || got.columns["db_ms"] != 12_000 || got.columns["lock_ms"] != 1000 {
		t.Errorf("%+v", got)
	}
	if _, there := got.columns["plain_ms"]; there {
		t.Error("a sample without a reference was joined")
	}
}

// TestJoinByUser: without rid, virtual user, iteration and endpoint tell the
// request, in metadata or, as old versions of k6 write, in tags.
func TestJoinByUser(t *testing.T) {
	meta := func(vu, iter string) string { return `{"iter":"` + iter + `","vu":"` + vu + `"}` }
	a, b := `{"name":"a"}`, `{"name":"b"}`
	got := everyWay(t, aRequest(at(0), metaTags(a, meta("1", "0")), 10)+
		aRequest(at(1), metaTags(b, meta("1", "0")), 10)+
		aRequest(at(2), metaTags(a, meta("2", "0")), 10)+
		aRequest(at(3), `{"name":"a","vu":"3","iter":"0"}`, 10)+
		aPoint("db_ms", at(4), "1", metaTags(`{"endpoint":"a"}`, meta("1", "0")))+
		aPoint("db_ms", at(4), "2", metaTags(`{"endpoint":"b"}`, meta("1", "0")))+
		aPoint("db_ms", at(4), "4", metaTags(`{"endpoint":"b"}`, meta("2", "0")))+ // no such request
		aPoint("db_ms", at(4), "8", metaTags(`{"endpoint":"a"}`, meta("1", "1")))+ // nor this
		aPoint("db_ms", at(4), "16", `{"endpoint":"a","iter":"0","vu":"3"}`))
	if got.count != 4 || got.joined != 3 || got.unjoined != 2 || got.columns["db_ms"] != 19_000 {
		t.Errorf("%+v", got)
	}
}

// TestJoinLatest: of several requests with the same reference, a sample
// belongs to the last one before it.
func TestJoinLatest(t *testing.T) {
	tags := metaTags(`{"name":"a"}`, `{"rid":"1"}`)
	grpc := aPoint("grpc_req_duration", at(1), "3", tags)
	got := everyWay(t, aRequest(at(0), tags, 10)+grpc+aPoint("db_ms", at(1), "1", tags)+aRequest(at(2), tags, 20)+aPoint("db_ms", at(1), "2", tags))
	if got.count != 3 || got.joined != 2 || got.unjoined != 0 {
		t.Errorf("%+v", got)
	}
}

// TestJoinWindow: a sample finds its request among the last 4,096, not one
// further.
func TestJoinWindow(t *testing.T) {
	for between, joined := range map[int]uint64{joinWindow - 1: 1, joinWindow: 0} {
		var b strings.Builder
		b.WriteString(aRequest(at(0), metaTags(`{"name":"a"}`, `{"rid":"first"}`), 1))
		for i := range between {
			b.WriteString(aPoint("grpc_req_duration", at(i/2), "1", metaTags(`{"name":"g"}`, fmt.Sprintf(`{"rid":"%d"}`, i))))
		}
		b.WriteString(aPoint("db_ms", at(3000), "1", metaTags(`{}`, `{"rid":"first"}`)))
		if got := everyWay(t, b.String()); got.joined != joined || got.unjoined != 1-joined {
			t.Errorf("%d requests between: %d joined, want %d", between, got.joined, joined)
		}
	}
}

func TestSetupIsApart(t *testing.T) {
	var text string
	for _, group := range []string{"::setup", "::teardown::clean", "::g"} {
		tags := metaTags(`{"group":"`+group+`","name":"a"}`, `{"rid":"`+group+`"}`)
		text += aRequest(at(0), tags, 5) + aPoint("db_ms", at(1), "2", tags) + aPoint("grpc_req_duration", at(1), "2", tags)
	}
	r, err := linesOf(t, []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := totalsOf(r); got.count != 2 || got.joined != 1 || got.unjoined != 0 {
		t.Errorf("%+v", got)
	}
	if s := r.Select("http_req_duration", nil); s.Count != 3 {
		t.Errorf("%d durations count in the metric, want 3: as k6 counts", s.Count)
	}
}

// TestOrderWithinRequest: k6's order of the samples of a request is a habit.
func TestOrderWithinRequest(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	tags := metaTags(aTags, `{"rid":"1"}`)
	lines := strings.SplitAfter(strings.TrimSuffix(aRequest(at(7), tags, 12.5), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	var want totals
	for round := range 10 {
		got := everyWay(t, aRequest(at(1), aTags, 3)+strings.Join(lines, "")+aPoint("vus", at(7), "1", `{}`)+aPoint("db_ms", at(8), "1", tags))
		if round == 0 {
			want = got
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || got.count != 2 || got.joined != 1 {
			t.Fatalf("%+v, want %+v", got, want)
		}
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
}

// TestSamplesBetween: samples of other metrics don't end a request.
func TestSamplesBetween(t *testing.T) {
	lines := strings.SplitAfter(aRequest(at(7), aTags, 12.5), "\n")
	var b bytes.Buffer
	for _, line := range lines[:len(lines)-1] {
		b.WriteString(line + aPoint("vus", at(7), "1", `{}`) + aPoint("iteration_duration", at(7), "1", `{"scenario":"a"}`))
	}
	if got := everyWay(t, b.String()); got.count != 1 || got.incomplete != 0 {
		t.Errorf("%+v", got)
	}
}

func TestTwinRequests(t *testing.T) {
	request := aRequest(at(0), aTags, 5)
	if got := everyWay(t, request+request); got.count != 2 || got.columns["waiting"] != 10_000 {
		t.Errorf("two requests with equal time and tags, one after the other: %+v", got)
	}
}

func TestRequestIncomplete(t *testing.T) {
	lines := strings.SplitAfter(aRequest(at(0), aTags, 5), "\n")
	for missing, kept := range map[string]uint64{"http_req_waiting": 0, "http_req_blocked": 0, "http_reqs": 1, "http_req_failed": 1} {
		var some string
		for _, line := range lines {
			if !strings.Contains(line, `"`+missing+`"`) {
				some += line
			}
		}
		whole := aRequest(at(9), aTags, 5)
		got := everyWay(t, whole+some+whole+some)
		if got.count != 2+2*kept || got.incomplete != 2-2*kept {
			t.Errorf("without %s: %+v", missing, got)
		}
	}
}

// TestServerTimeBeforeItsRequest: what comes too early is counted, not guessed.
func TestServerTimeBeforeItsRequest(t *testing.T) {
	tags := metaTags(aTags, `{"rid":"1"}`)
	got := everyWay(t, aPoint("db_ms", at(0), "1", tags)+aRequest(at(0), tags, 5))
	if got.unjoined != 1 || got.joined != 0 || got.count != 1 {
		t.Errorf("%+v", got)
	}
}
