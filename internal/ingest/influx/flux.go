package influx

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// flux asks a server in Flux through InfluxDB's own client: 2.x, Cloud, and 1.8
// where Flux is on. The client carries the requests; its iterator over rows
// makes a map of every row, so the CSV is decoded here.
type flux struct {
	*Database
	service influxhttp.Service
}

func newFlux(d *Database) flux {
	token := d.o.Credentials.Token
	if token == "" && d.o.Credentials.Username != "" { // as 1.8 takes it
		token = d.o.Credentials.Username + ":" + d.o.Credentials.Password
	}
	options := influxdb2.DefaultOptions().SetHTTPClient(d.o.HTTP).SetLogLevel(0)
	return flux{d, influxdb2.NewClientWithOptions(d.Server, token, options).HTTPService()}
}

// fluxQuery is the body of a request; see InfluxDB's API description.
type fluxQuery struct {
	Query   string      `json:"query"`
	Type    string      `json:"type"`
	Dialect fluxDialect `json:"dialect"`
}

type fluxDialect struct {
	Header      bool     `json:"header"`
	Delimiter   string   `json:"delimiter"`
	Annotations []string `json:"annotations"`
}

// run asks a query. Points go into the Block where there is one, else all rows
// to each.
func (q flux) run(ctx context.Context, query string, urls bool, b *Block, each func(fluxRow) error) error {
	body, err := json.Marshal(fluxQuery{query, "flux", fluxDialect{true, ",", []string{"datatype", "group", "default"}}})
	if err != nil {
		return err
	}
	address := q.service.ServerAPIURL() + "query?" + url.Values{"org": {q.Org}}.Encode()
	return q.listen(ctx, func(ctx context.Context, hear func(io.Reader) io.Reader) error {
		failure := q.service.DoPostRequest(ctx, address, bytes.NewReader(body), func(req *http.Request) {
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/csv")
		}, func(resp *http.Response) error {
			defer resp.Body.Close()
			return q.take(resp, hear(resp.Body), urls, b, each)
		})
		switch {
		case failure == nil:
			return nil
		case failure.StatusCode != 0:
			said := cmp.Or(failure.Message, failure.Header.Get("X-Influxdb-Error"))
			// 1.8 answers 500 where a bucket names no database.
			if failure.StatusCode == http.StatusNotFound && strings.Contains(said, "bucket") || strings.HasSuffix(said, "no database") {
				return q.complained(said)
			}
			return q.refused(failure.StatusCode, said, failure.Header)
		case failure.Err != nil:
			return failure.Err
		}
		return failure
	})
}

func (q flux) take(resp *http.Response, body io.Reader, urls bool, b *Block, each func(fluxRow) error) error {
	if kind := resp.Header.Get("Content-Type"); !strings.Contains(kind, "csv") {
		head, _ := io.ReadAll(io.LimitReader(body, 4096)) // for the message only
		return q.garbage(fmt.Sprintf("%s (%s)", head, kind))
	}
	d := newFluxDecoder(body)
	if urls {
		d.valueColumn = "value"
	}
	err := d.decode(b, each)
	return q.decoded(err, d.said)
}

// source is the part of a query that says which points are meant.
func (q flux) source(from, to int64, testid *string) string {
	bucket := q.Database.Database
	if to == 0 {
		to = maxTime
	}
	s := fmt.Sprintf("from(bucket: %s) |> range(start: %s, stop: %s)", quoteFlux(bucket), fluxTime(from), fluxTime(to))
	switch {
	case testid == nil:
		return s
	case *testid == "":
		return s + " |> filter(fn: (r) => not exists r.testid)"
	}
	return s + " |> filter(fn: (r) => r.testid == " + quoteFlux(*testid) + ")"
}

// among is the condition that a column has one of some values.
func among(column string, values []string) string {
	var list []string
	for _, v := range values {
		list = append(list, fmt.Sprintf("r.%s == %s", column, quoteFlux(v)))
	}
	return "(" + strings.Join(list, " or ") + ")"
}

func (q flux) marks(ctx context.Context, from, to int64, testid *string) ([]mark, error) {
	var marks []mark
	for _, end := range []string{"first", "last"} {
		query := q.source(from, to, testid) + ` |> filter(fn: (r) => r._field == "value" and ` + among("_measurement", markers) + ") |> " + end +
			`() |> keep(columns: ["_time", "_measurement", "testid"])`
		err := q.run(ctx, query, false, nil, func(row fluxRow) error {
			t, err := time.Parse(time.RFC3339Nano, row.get("_time"))
			if err != nil {
				return fmt.Errorf("%w: %q is not a time", errShape, clip(row.get("_time")))
			}
			if len(marks) == maxFacts {
				return fmt.Errorf("%w: it has more than %d rows", errShape, maxFacts)
			}
			marks = append(marks, mark{row.get("testid"), row.get("_measurement"), t.UnixNano()})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return marks, nil
}

func (q flux) active(ctx context.Context, r Found, step time.Duration) ([]int64, error) {
	query := q.source(r.Started, r.Ended+1, &r.TestID) + ` |> filter(fn: (r) => r._field == "value" and ` + among("_measurement", markers[:1]) + ")" +
		fmt.Sprintf(` |> group() |> window(every: %ds) |> count() |> keep(columns: ["_start"])`, int64(step.Seconds()))
	var times []int64
	err := q.run(ctx, query, false, nil, func(row fluxRow) error {
		t, err := time.Parse(time.RFC3339Nano, row.get("_start"))
		if err != nil || len(times) == maxFacts {
			return fmt.Errorf("%w: %q is not a time, or one too many", errShape, clip(row.get("_start")))
		}
		times = append(times, t.UnixNano()/int64(step)*int64(step)) // the first window begins with the range
		return nil
	})
	slices.Sort(times)
	return slices.Compact(times), err
}

func (q flux) measurements(ctx context.Context, r Found) ([]measurement, error) {
	byName := make(map[string]*measurement)
	query := q.source(r.from, r.to, &r.TestID) + ` |> filter(fn: (r) => r._field == "value" or r._field == "url") |> first() |> drop(columns: ["_start", "_stop", "_time"])`
	err := q.run(ctx, query, false, nil, func(row fluxRow) error {
		name := row.get("_measurement")
		m := byName[name]
		if m == nil {
			m = &measurement{name: name, tags: make(map[string]bool)}
			byName[name] = m
		}
		if row.get("_field") == "url" {
			m.url = true
			return nil
		}
		if _, err := json.Number(row.get("_value")).Float64(); err == nil {
			m.value = true
		}
		for i, column := range row.columns {
			if row.values[i] != "" && !slices.Contains(notTags, column) {
				m.tags[column] = true
				m.group = m.group || column == groupTag && strings.HasPrefix(row.values[i], groupStart)
			}
		}
		return nil
	})
	return sortedMeasurements(byName), err
}

func (q flux) read(ctx context.Context, r Found, from, to int64, into *Block) error {
	field := `r._field == "value"`
	if r.urls {
		field = `(r._field == "value" or r._field == "url")`
	}
	query := q.source(from, to, &r.TestID) + " |> filter(fn: (r) => " + field + " and " + among("_measurement", r.Measurements) + ")"
	if r.urls {
		query += ` |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`
	} else {
		query += ` |> drop(columns: ["_start", "_stop", "_field"])`
	}
	return q.run(ctx, query, r.urls, into, nil)
}
