package influx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// answer writes a piece of an answer as influxd does.
func answer(partial bool, points ...float64) []byte {
	var out bytes.Buffer
	w := msgp.NewWriter(&out)
	_ = w.WriteMapHeader(1)
	_ = w.WriteString("results")
	_ = w.WriteArrayHeader(1)
	_ = w.WriteMapHeader(3)
	_ = w.WriteString("statement_id")
	_ = w.WriteInt(0)
	_ = w.WriteString("series")
	_ = w.WriteArrayHeader(1)
	_ = w.WriteMapHeader(4)
	_ = w.WriteString("name")
	_ = w.WriteString("http_reqs")
	_ = w.WriteString("tags")
	_ = w.WriteMapStrStr(map[string]string{"method": "GET", "status": "200", "group": ""})
	_ = w.WriteString("columns")
	_ = w.WriteArrayHeader(2)
	_ = w.WriteString("time")
	_ = w.WriteString("value")
	_ = w.WriteString("values")
	_ = w.WriteArrayHeader(uint32(len(points)))
	for i, v := range points {
		_ = w.WriteArrayHeader(2)
		_ = w.WriteInt64(int64(1e18) + int64(i))
		_ = w.WriteIntf(v)
	}
	_ = w.WriteString("partial")
	_ = w.WriteBool(partial)
	_ = w.Flush()
	return out.Bytes()
}

// failure is an error as influxd sends it within an answer.
func failure(text string) []byte {
	var out bytes.Buffer
	w := msgp.NewWriter(&out)
	_ = w.WriteMapHeader(1)
	_ = w.WriteString("results")
	_ = w.WriteArrayHeader(1)
	_ = w.WriteMapHeader(1)
	_ = w.WriteString("error")
	_ = w.WriteString(text)
	_ = w.Flush()
	return out.Bytes()
}

func TestMessagePack(t *testing.T) {
	b := &Block{most: 100}
	err := newDecoder(bytes.NewReader(slices.Concat(answer(true, 1, 2), answer(false, 3)))).decode(points{block: b})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for s := range b.All() {
		got = append(got, fmt.Sprint(s))
	}
	want := []string{"{http_reqs [{method GET} {status 200}] [1000000000000000000 1000000000000000000 1000000000000000001] [1 3 2] []}"} // in order of time
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestMessagePackCut holds that no prefix of an answer passes for the whole.
func TestMessagePackCut(t *testing.T) {
	whole := slices.Concat(answer(true, 1, 2), answer(false, 3))
	for n := range whole {
		err := newDecoder(bytes.NewReader(whole[:n])).decode(points{block: &Block{most: 100}})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the first %d of %d bytes: %v, want %v", n, len(whole), err, io.ErrUnexpectedEOF)
		}
	}
}

func FuzzMessagePack(f *testing.F) {
	f.Add(answer(false, 1, 2.5))
	f.Add(failure("timeout"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, in []byte) {
		b := &Block{most: 1000}
		d := newDecoder(bytes.NewReader(in))
		err := d.decode(points{block: b})
		if err == nil && len(in) == 0 {
			t.Error("nothing passes for an answer")
		}
		if len(b.times) != len(b.values) || len(b.times) > b.most {
			t.Errorf("%d times, %d values", len(b.times), len(b.values))
		}
		for s := range b.All() {
			if !slices.IsSorted(s.Times) {
				t.Errorf("times are not in order: %v", s.Times)
			}
		}
		_ = newDecoder(bytes.NewReader(in)).decode(&facts{}) // it must return
	})
}

const fluxAnswer = "#datatype,string,long,dateTime:RFC3339,double,string,string,string\r\n" +
	"#group,false,false,false,false,true,true,true\r\n" +
	"#default,_result,,,,,,\r\n" +
	",result,table,_time,_value,_measurement,name,status\r\n" +
	",,0,2026-01-01T00:00:00.000000001Z,1.5,http_reqs,\"a, \"\"b\"\"\",200\r\n" +
	",,1,2026-01-01T00:00:00.000000002Z,1,http_reqs,c,200\r\n" +
	",,1,2026-01-01T00:00:00.000000003Z,1e3,http_reqs,c,200\r\n" +
	",,1,2026-01-01T00:00:00.000000004Z,2,http_reqs,c,\r\n" +
	"\r\n" +
	"#datatype,string,long,dateTime:RFC3339,string,string\r\n" +
	"#group,false,false,false,false,true\r\n" +
	"#default,_result,,,,\r\n" +
	",result,table,_time,_value,_measurement\r\n" +
	",,2,2026-01-01T00:00:00Z,text,foreign\r\n\r\n"

func TestFluxCSV(t *testing.T) {
	b := &Block{most: 100}
	if err := newFluxDecoder(strings.NewReader(fluxAnswer)).decode(b, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for s := range b.All() {
		got = append(got, fmt.Sprint(s))
	}
	const at = 1767225600000000000
	want := []string{
		fmt.Sprintf(`{http_reqs [{name a, "b"} {status 200}] [%d] [1.5] []}`, at+1),
		fmt.Sprintf(`{http_reqs [{name c} {status 200}] [%d %d] [1 1000] []}`, at+2, at+3),
		fmt.Sprintf(`{http_reqs [{name c}] [%d] [2] []}`, at+4),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestFluxCSVError(t *testing.T) {
	d := newFluxDecoder(strings.NewReader(fluxAnswer + "error,reference\r\n\"it, broke\",897\r\n"))
	if err := d.decode(&Block{most: 100}, nil); !errors.Is(err, errSaid) || d.said != "it, broke" {
		t.Errorf("got %v, %q", err, d.said)
	}
}

// FuzzFluxCSV holds rows read fast against the same rows read by encoding/csv
// alone: the same points, or the same error.
func FuzzFluxCSV(f *testing.F) {
	f.Add(fluxAnswer)
	f.Add("error,reference\r\nbroken,1\r\n")
	f.Add("<html>\n")
	f.Add(strings.Replace(fluxAnswer, "true,true,true", strings.Repeat("\xaf", 2000)+"true,true,true", 1))
	for _, value := range []string{"-0", "0x1p-2", "1_0", "NaN", "+Inf", "1e400", "", " 1", "7.25e-3"} {
		f.Add(strings.Replace(fluxAnswer, ",1e3,", ","+value+",", 1))
	}
	for _, at := range []string{"1677-01-01T00:00:00Z", "2262-06-01T00:00:00Z", "2026-01-01T01:00:00.5+01:00", "2026-01-01", "", `"2026-01-01T00:00:00Z"`} {
		f.Add(strings.Replace(fluxAnswer, "2026-01-01T00:00:00.000000003Z", at, 1))
	}
	f.Add(strings.Replace(fluxAnswer, ",2,http_reqs,c,\r", ",2,http_reqs,c\r", 1))
	f.Fuzz(func(t *testing.T, in string) {
		read := func(strictOnly bool) (points string, err error) {
			b := &Block{most: 1000}
			d := newFluxDecoder(strings.NewReader(in))
			d.strictOnly = strictOnly
			err = d.decode(b, nil)
			var said strings.Builder
			for s := range b.All() {
				fmt.Fprintf(&said, "%q %q %d %v\n", s.Measurement, s.Tags, s.Times, s.Values)
			}
			return said.String(), err
		}
		fast, errFast := read(false)
		strict, errStrict := read(true)
		if fast != strict || fmt.Sprint(errFast) != fmt.Sprint(errStrict) {
			t.Errorf("fast:\n%s%v\nstrict:\n%s%v", fast, errFast, strict, errStrict)
		}
	})
}

// TestNanosecondsOf: the bounds are those of 64 bits of nanoseconds.
func TestNanosecondsOf(t *testing.T) {
	for text, want := range map[string]int64{
		"1970-01-01T00:00:00.000000001Z": 1, "1969-12-31T23:59:59Z": -1e9,
		"1677-09-21T00:12:43.145224192Z": math.MinInt64, "2262-04-11T23:47:16.854775807Z": math.MaxInt64,
	} {
		if got, ok := nanosecondsOf(text); !ok || got != want {
			t.Errorf("%s is %d, %t; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"1677-09-21T00:12:43.145224191Z", "2262-04-11T23:47:16.854775808Z", "9999-01-01T00:00:00Z", "", "noon"} {
		if got, ok := nanosecondsOf(text); ok {
			t.Errorf("%s is %d", text, got)
		}
	}
}
