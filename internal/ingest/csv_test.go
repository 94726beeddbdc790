package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"k6report/internal/k6gen"
	"k6report/internal/run"
)

const aHeader = "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata\n"

// aCSVRequest is all rows of a request.
func aCSVRequest(at, tags string, duration float64) string {
	var b strings.Builder
	for _, part := range partNames {
		value := 0.0
		switch part {
		case "http_reqs":
			value = 1
		case "http_req_duration", "http_req_waiting":
			value = duration
		}
		fmt.Fprintf(&b, "%s,%s,%.6f,%s\n", part, at, value, tags)
	}
	return b.String()
}

const aRow = ",,,true,::g1,GET,ping,HTTP/1.1,a,,204,,,ping,plan=x&persona=dev,rid=r-1"

// csvOf reads CSV without detection. A segment size of 0 reads as a stream.
func csvOf(t testing.TB, data []byte, o Options) (*run.Run, error) {
	t.Helper()
	o.Progress = func(int64) {}
	rd := &reader{options: o}
	rd.b = rd.builder()
	f := rd.begin(format{id: "x"})
	in := &input{name: "x", stream: bytes.NewReader(data), size: int64(len(data)), head: data[:min(len(data), headSize)]}
	if o.segmentSize > 0 {
		in.file = newFile(data)
	}
	if err := readCSV(context.Background(), in, rd); err != nil {
		return nil, err
	}
	f.spans = []span{spanOf("x", rd.parts)}
	if err := rd.combine(); err != nil {
		return nil, err
	}
	return rd.finish([]Source{{Name: "x"}})
}

func unpack(t testing.TB, s Source) []byte {
	t.Helper()
	z, err := gzip.NewReader(s.Reader)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestCSVAgainstJSON holds the CSV of a run against the JSON of the same run.
func TestCSVAgainstJSON(t *testing.T) {
	want := read(t, Options{}, testdata(t, "k6csv.json.gz")...)
	got := read(t, Options{}, testdata(t, "k6.csv.gz")...)
	for _, m := range want.Metrics {
		have, _ := got.Metric(m.Name)
		w, g := want.Select(m.Name, nil), got.Select(m.Name, nil)
		if w.Count != g.Count || w.Nonzero != g.Nonzero || math.Abs(w.Max-g.Max) > 1e-6 || math.Abs(w.Sum.Float()-g.Sum.Float()) > 1e-6*float64(w.Count) {
			t.Errorf("%s: %+v in CSV, %+v in JSON", m.Name, g.Stats, w.Stats)
		}
		if m.Name == "queue_depth" { // nothing tells
			if have.Type != run.Unknown {
				t.Errorf("%s is inferred to be a %s", m.Name, have.Type)
			}
			continue
		}
		if have.Type != m.Type || have.Contains != m.Contains && w.Count > 0 {
			t.Errorf("%s is a %s of %q in CSV, a %s of %q in JSON", m.Name, have.Type, have.Contains, m.Type, m.Contains)
		}
	}
	joined := uint64(0)
	if len(want.Requests.Tables) < 4 || len(want.Requests.Tables) != len(got.Requests.Tables) || got.Requests.Unjoined != 0 {
		t.Fatalf("%d tables in CSV, %d in JSON; %d times without a request", len(got.Requests.Tables), len(want.Requests.Tables), got.Requests.Unjoined)
	}
	for i, w := range want.Requests.Tables {
		g := got.Requests.Tables[i]
		count := func(t run.Table) (n, failed, joined uint64) {
			for _, b := range t.Blocks {
				n, failed = n+b.Count, failed+b.Failed
				for _, row := range b.Rows.List {
					joined += row.Joined
				}
			}
			return n, failed, joined
		}
		wn, wf, wj := count(w)
		gn, gf, gj := count(g)
		if w.Endpoint != g.Endpoint || wn != gn || wf != gf || wj != gj {
			t.Errorf("%v: %d requests, %d failed, %d joined in CSV; %v: %d, %d, %d in JSON", g.Endpoint, gn, gf, gj, w.Endpoint, wn, wf, wj)
		}
		joined += gj
	}
	if joined < 30 {
		t.Errorf("only %d requests were joined", joined)
	}
	problems := make(map[string]run.Problem)
	for _, p := range got.Problems {
		problems[p.Code] = p
	}
	if p := problems["types_inferred"]; p.Count != 3 || !strings.Contains(p.Message, "orders_total as a counter, success_rate as a rate") {
		t.Errorf("types inferred: %+v", p)
	}
	if _, said := problems["times_in_seconds"]; !said || len(problems) > 3 {
		t.Errorf("problems %+v", got.Problems)
	}
	groups := make(map[string]bool)
	for i := range got.Series {
		groups[got.Series[i].Tags.Value("group")] = true
	}
	if !groups["::say \"hi\", twice\nor more"] {
		t.Errorf("groups %v", groups)
	}
}

// TestCSVTimes reads all forms of times.
func TestCSVTimes(t *testing.T) {
	for file, seconds := range map[string]bool{"k6-unix_milli.csv.gz": false, "k6-rfc3339.csv.gz": true, "k6-rfc3339_nano.csv.gz": false} {
		r := read(t, Options{}, testdata(t, file)...)
		said := slices.ContainsFunc(r.Problems, func(p run.Problem) bool { return p.Code == "times_in_seconds" })
		// Tags vu and iter are metadata, and join what has no rid.
		if n := r.Select("http_reqs", nil).Count; n < 100 || said != seconds || r.Duration().Seconds() < 3 || r.Duration().Seconds() > 6 {
			t.Errorf("%s: %d requests in %v, in seconds: %v", file, n, r.Duration(), said)
		}
		if !strings.HasSuffix(r.ID, "-t1") {
			t.Errorf("%s: run %s", file, r.ID)
		}
	}
	var c csvClock
	const want = 1795729158 * int64(1e9)
	for text, ns := range map[string]int64{
		"1795729158": want, "1795729158123": want + 123e6, "1795729158123456": want + 123456e3, "1795729158123456789": want + 123456789,
		"2026-11-26T21:39:18Z": want, "2026-11-26T22:39:18+01:00": want, "2026-11-26T21:39:18.5Z": want + 5e8, "0": 0,
	} {
		if got, ok := c.parse([]byte(text)); !ok || got != ns {
			t.Errorf("%s is %d, %v, want %d", text, got, ok, ns)
		}
	}
	for _, text := range []string{"", "-1", "1.5", "1e9", "x", "99999999999", "9999999999999999999", "99999999999999999999", "2026-11-26", "2026-11-26 21:39:18Z"} {
		if got, ok := c.parse([]byte(text)); ok {
			t.Errorf("%s is read as %d", text, got)
		}
	}
}

// TestCSVDoubtful: each trouble has its place, and what else there is counts.
func TestCSVDoubtful(t *testing.T) {
	good := "http_reqs,1795729158,1.000000," + aRow + "\n"
	for _, c := range []struct {
		name, text, code, says string
		line                   int64
		samples                uint64
	}{
		{"few columns", good + "http_reqs,1,2\n" + good, "bad_line", "it has 3 columns, the header 19", 3, 2},
		{"many columns", good + "http_reqs,1795729158,1.000000,,,,true," + aRow + ",x\n" + good, "bad_line", "columns, the header 19", 3, 2},
		{"no number", good + strings.Replace(good, "1.000000", "NaN", 1) + good, "bad_line", `the value "NaN" is not a finite number`, 3, 2},
		{"no time", good + good + strings.Replace(good, "1795729158", "yesterday", 1), "bad_line", `"yesterday" is not a time`, 4, 2},
		{"no name", strings.Replace(good, "http_reqs", "", 1) + good, "bad_line", "the sample names no metric", 2, 1},
		{"a stray quote", good + strings.Replace(good, "::g1", `::g"1`, 1) + strings.Repeat(good, 4000), "bad_line", "it is not CSV", 3, 4001},
		{"an open quote", good + strings.Replace(good, "::g1", `"::g1`, 1) + strings.Repeat(good, 4000), "bad_line", "it is not CSV", 3, 4001},
		{"behind quoted lines", strings.Replace(good, "::g1", "\"::g\n1\n\"", 1) + "x\n" + good, "bad_line", "it has 1 columns", 5, 2},
		{"cut off", good + good[:len(good)-20], "truncated", "the last line is cut off", 3, 1},
		{"cut off in quotes", good + strings.Replace(good, "::g1", "\"::g\n1", 1)[:60], "truncated", "the last line is cut off", 3, 1},
		{"another header", good + strings.Replace(aHeader, ",check", "", 1) + good, "bad_line", "another header with other columns", 3, 2},
	} {
		for _, size := range []int64{0, 100} {
			r, err := csvOf(t, []byte(aHeader+c.text), Options{segmentSize: size, Workers: 2})
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if n := r.Select("http_reqs", nil).Count; n != c.samples {
				t.Errorf("%s: %d samples, want %d", c.name, n, c.samples)
			}
			at := slices.IndexFunc(r.Problems, func(p run.Problem) bool { return p.Code == c.code })
			if at < 0 || !strings.Contains(r.Problems[at].Message, c.says) || r.Problems[at].Line != c.line || r.Problems[at].Source != "x" {
				t.Errorf("%s: problems %+v, want %s at line %d: %s", c.name, r.Problems, c.code, c.line, c.says)
			}
		}
	}
	// Several files behind one another, Windows' line ends, a byte order mark,
	// quotes around everything: nothing to say.
	row := strings.TrimSuffix(good, "\n")
	quoted := `"` + strings.ReplaceAll(row, ",", `","`) + "\"\n"
	for _, text := range []string{
		aHeader + good + aHeader + good,
		strings.ReplaceAll(aHeader+good+good, "\n", "\r\n"),
		byteOrderMark + aHeader + good + good[:len(good)-1],
		aHeader + quoted + good + "\n\n",
		`"` + strings.ReplaceAll(strings.TrimSuffix(aHeader, "\n"), ",", `","`) + "\"\n" + good + good,
	} {
		r := read(t, Options{}, Source{Name: "x", Reader: strings.NewReader(text)})
		if sel := r.Select("http_reqs", nil); sel.Count != 2 || len(r.SeriesOf("http_reqs")) != 1 {
			t.Errorf("%d samples in %d series of %q", sel.Count, len(r.SeriesOf("http_reqs")), text)
		}
		for _, p := range r.Problems {
			if p.Code != "times_in_seconds" && p.Code != "request_incomplete" {
				t.Errorf("%+v of %q", p, text)
			}
		}
	}
}

// TestCSVRefused: clear words where nothing can be read.
func TestCSVRefused(t *testing.T) {
	for text, says := range map[string]string{
		strings.ReplaceAll(aHeader, ",", ";"):                             "not separated by commas",
		strings.ReplaceAll(aHeader, ",", "\t"):                            "not separated by commas",
		strings.Replace(aHeader, "error,", "check,", 1):                   `the column "check" twice`,
		aHeader + "a\nb\n":                                                "none of its 3 lines is a row of k6 CSV",
		aHeader:                                                           "there are no samples in it",
		csvOpening + strings.Repeat(",x", headSize):                       "longer than 256 kB",
		aHeader + "http_reqs,1795729158,1,,,,,,,,,,,,,,,testid=a,\n" + "": "",
	} {
		_, err := Read(context.Background(), []Source{{Name: "x.csv", Reader: strings.NewReader(text)}}, Options{})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", clip(text), err, says)
		}
	}
}

// TestCSVOfMadeUpRun holds the CSV that k6gen makes up against its JSON: the same
// run, with every time of the server joined.
func TestCSVOfMadeUpRun(t *testing.T) {
	o := k6gen.Options{Seed: 3, Start: time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC), Duration: 4 * time.Second, Rate: 200, Endpoints: 3, Components: true}
	var lines, rows bytes.Buffer
	for out, csv := range map[*bytes.Buffer]bool{&lines: false, &rows: true} {
		o.CSV = csv
		if _, err := k6gen.Write(out, o); err != nil {
			t.Fatal(err)
		}
	}
	want := read(t, Options{}, Source{Name: "x", Reader: &lines})
	got := read(t, Options{Workers: 2, segmentSize: 20_000}, Source{Name: "x", Reader: newFile(rows.Bytes())})
	if len(got.Requests.Tables) != len(want.Requests.Tables) || !reflect.DeepEqual(got.Requests.Columns, want.Requests.Columns) {
		t.Fatalf("%d tables of %v, want %d of %v", len(got.Requests.Tables), got.Requests.Columns, len(want.Requests.Tables), want.Requests.Columns)
	}
	for i := range want.Requests.Tables {
		if !reflect.DeepEqual(got.Requests.Tables[i].Blocks, want.Requests.Tables[i].Blocks) {
			t.Errorf("requests of %v differ", want.Requests.Tables[i].Endpoint)
		}
	}
}

// TestCSVPairs: nothing is escaped, so a piece without = belongs to the one
// before.
func TestCSVPairs(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a=1": "[a 1]", "a=1&b=2": "[a 1][b 2]", "a=x&y&b=2": "[a x&y][b 2]", "a=b=c": "[a b=c]", "x&a=1": "[a 1]", "a=": "[a ]", "a=&&b=": "[a &][b ]",
	} {
		got, again := "", ""
		csvPairs(text, func(k, v string) { got += fmt.Sprintf("[%s %s]", k, v) })
		csvPairs(sortedPairs(text), func(k, v string) { again += fmt.Sprintf("[%s %s]", k, v) })
		if got != want || again != want {
			t.Errorf("%q gives %s and %s, want %s", text, got, again, want)
		}
	}
}

func csvSeeds() []string {
	row := "http_reqs,1795729158,1.000000," + aRow + "\n"
	return []string{
		aHeader + aCSVRequest("1795729158", aRow, 1.5) + aCSVRequest("1795729158", aRow, 1.5),
		aHeader + aCSVRequest("1795729158", aRow, 3) + "db_ms,1795729158,1.5," + strings.Replace(aRow, "ping", "", 2) + "\n",
		aHeader + row + strings.Replace(row, "plan=x&persona=dev", "persona=dev&plan=x", 1) + strings.Replace(row, "::g1", `"::say ""hi"", you`+"\n"+`all"`, 1),
		strings.ReplaceAll(aHeader+row+row, "\n", "\r\n"),
		aHeader + strings.Replace(row, "rid=r-1", `"rid=a,b&vu=1"`, 1) + strings.Replace(row, "rid=r-1", "vu=1&iter=0", 1) + row,
		aHeader + strings.Replace(row, "::g1", `::g"1`, 1) + row + strings.Replace(row, "::g1", `"::g1`, 1) + row,
		"metric_name,timestamp,metric_value,extra_tags,metadata\nx,1,1,a=1,\nx,1,1,,\nx,1,1,\"a=1,2\",rid=1\n",
		"metric_name,timestamp,metric_value,name,extra_tags,metadata\nx,1,1,,a=1,\nx,1,1,\r,a=1,\r\nx,1,1,\"\r\n\",,\n",
		"metric_name,timestamp,metric_value\nx,1,1\n\"a,b\",1,1\n",
		"metric_name,timestamp,metric_value,metadata,extra_tags\nx,1,1,rid=1,a=1\n",
		aHeader + row[:len(row)/2], aHeader + "\n\n\"\n\"\n\x00,\xff\n" + row,
	}
}

// FuzzCSV: any bytes give the same Run with the fast path and without, in one
// piece and in segments so short that borders fall everywhere.
func FuzzCSV(f *testing.F) {
	for _, s := range csvSeeds() {
		f.Add([]byte(s), uint16(100))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		if len(data) > 1<<16 {
			return
		}
		fast, errFast := csvOf(t, data, Options{})
		strict, errStrict := csvOf(t, data, Options{strictOnly: true})
		equalRuns(t, "fast and strict", fast, strict, errFast, errStrict)
		cut, errCut := csvOf(t, data, Options{Workers: 2, segmentSize: max(int64(size), int64(len(data)/64), 1)})
		equalRuns(t, "stream and segments", fast, cut, errFast, errCut)
	})
}

// TestCSVWorkersChangeNothing reads a real file in pieces of many sizes, with
// newlines in quotes at their borders.
func TestCSVWorkersChangeNothing(t *testing.T) {
	data := unpack(t, testdata(t, "k6.csv.gz")[0])
	want, err := csvOf(t, data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for size := int64(1000); size < 40_000; size += 777 {
		got, err := csvOf(t, data, Options{Workers: 3, segmentSize: size})
		equalRuns(t, fmt.Sprint("segments of ", size), want, got, nil, err)
	}
}

// BenchmarkCSV and BenchmarkLines parse the same samples: rows/s here are to be
// held against lines/s there.
func BenchmarkCSV(b *testing.B) {
	for _, kind := range []string{"plain", "quoted"} {
		b.Run(kind, func(b *testing.B) {
			row := aRow
			if kind == "quoted" {
				row = strings.Replace(row, "::g1", `"::say ""hi"""`, 1)
			}
			var data []byte
			rows := 0
			for i := range 2000 {
				data = append(data, aCSVRequest(fmt.Sprint(1795729158+i/100), row, float64(i%50)+0.25)...)
				rows += len(partNames)
			}
			c := newCollector(run.NewBuilder(run.Options{}), run.NewBuilder(run.Options{}), Options{})
			columns, err := readCSVHeader([]byte(aHeader))
			if err != nil {
				b.Fatal(err)
			}
			r := &csvReader{csvParser: newCSVParser(c, columns, false)}
			c.begin("x")
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := r.read(context.Background(), bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(rows)/b.Elapsed().Seconds(), "samples/s")
		})
	}
}
