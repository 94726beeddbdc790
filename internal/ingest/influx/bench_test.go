package influx

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api"
)

// fluxRun is an answer as a 2.x gives it: series of k6's metrics of so many
// endpoints, with so many points each.
func fluxRun(endpoints, points int) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	b.WriteString("#datatype,string,long,dateTime:RFC3339,double,string,string,string,string,string\r\n" +
		"#group,false,false,false,false,true,true,true,true,true\r\n#default,_result,,,,,,,,\r\n" +
		",result,table,_time,_value,_measurement,method,name,status,testid\r\n")
	start := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	table := 0
	for endpoint := range endpoints {
		for _, metric := range []string{"http_reqs", "http_req_duration", "http_req_waiting"} {
			for i := range points {
				at := start.Add(time.Duration(i)*time.Millisecond + time.Duration(rng.IntN(1e6)))
				fmt.Fprintf(&b, ",,%d,%s,%.6f,%s,GET,endpoint_%d,200,bench\r\n", table, at.Format(time.RFC3339Nano), 20*rng.ExpFloat64(), metric, endpoint)
			}
			table++
		}
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// ofClient reads an answer by the iterator of InfluxDB's own client.
func ofClient(answer []byte, each func(at time.Time, value float64, tag string)) error {
	rows := api.NewQueryTableResult(io.NopCloser(bytes.NewReader(answer)))
	for rows.Next() {
		value, _ := rows.Record().Value().(float64)
		name, _ := rows.Record().ValueByKey("name").(string)
		each(rows.Record().Time(), value, name)
	}
	return rows.Err()
}

// TestFluxAgainstClient holds the decoder against the client: same points in the
// same order.
func TestFluxAgainstClient(t *testing.T) {
	answer := fluxRun(3, 50)
	var want, got []string
	if err := ofClient(answer, func(at time.Time, value float64, name string) {
		want = append(want, fmt.Sprint(at.UnixNano(), value, name))
	}); err != nil {
		t.Fatal(err)
	}
	b := &Block{most: 10_000}
	if err := newFluxDecoder(bytes.NewReader(answer)).decode(b, nil); err != nil {
		t.Fatal(err)
	}
	for s := range b.All() {
		for i, at := range s.Times {
			got = append(got, fmt.Sprint(at, s.Values[i], s.Tags[1].Value))
		}
	}
	if len(got) != 450 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d points, want %d:\n%v\n%v", len(got), len(want), got[:min(3, len(got))], want[:min(3, len(want))])
	}
}

// BenchmarkFlux reads the same answer by the decoder of this package and by the
// iterator of InfluxDB's client; the last one tells how many times faster the
// first is.
func BenchmarkFlux(b *testing.B) {
	answer := fluxRun(20, 2000)
	const points = 20 * 3 * 2000
	var own, client time.Duration // a round
	measure := func(name string, to *time.Duration, read func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(answer)))
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
			*to = b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(points/to.Seconds(), "points/s")
			if own > 0 && client > 0 {
				b.ReportMetric(client.Seconds()/own.Seconds(), "times-slower")
			}
		})
	}
	block := &Block{most: points}
	measure("decoder", &own, func() error {
		block.reset()
		return newFluxDecoder(bytes.NewReader(answer)).decode(block, nil)
	})
	measure("client", &client, func() error {
		return ofClient(answer, func(time.Time, float64, string) {})
	})
}
