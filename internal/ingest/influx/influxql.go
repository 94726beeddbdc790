package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// influxql asks a server in InfluxQL, as 1.x has it in any configuration. Of
// the forms of answer MessagePack is the shortest and the fastest to decode.
type influxql struct{ *Database }

const msgpackType = "application/x-msgpack"

func (q influxql) ask(ctx context.Context, statement string, to rows) error {
	form := url.Values{"q": {statement}, "db": {q.Database.Database}, "epoch": {"ns"}, "chunked": {"true"}}
	return q.listen(ctx, func(ctx context.Context, hear func(io.Reader) io.Reader) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Server+"/query", strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", msgpackType)
		switch c := q.o.Credentials; {
		case c.Token != "" && c.Username == "":
			req.Header.Set("Authorization", "Token "+c.Token)
		case c.Username != "":
			req.SetBasicAuth(c.Username, c.Password)
		}
		resp, err := q.o.HTTP.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return q.take(resp, hear(resp.Body), to)
	})
}

// take reads an answer.
func (q influxql) take(resp *http.Response, body io.Reader, to rows) error {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK {
		return q.refused(resp.StatusCode, saidIn(kind, body), resp.Header)
	}
	if kind != msgpackType {
		head, _ := io.ReadAll(io.LimitReader(body, 4096)) // for the message only
		return q.garbage(fmt.Sprintf("%s (%s)", strings.TrimSpace(clip(string(head))), kind))
	}
	d := newDecoder(body)
	err := d.decode(to)
	return q.decoded(err, d.said)
}

// saidIn is the text of an error in the body of an answer.
func saidIn(kind string, body io.Reader) string {
	said, _ := io.ReadAll(io.LimitReader(body, 64<<10)) // as much as there is
	var object struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	switch {
	case kind == msgpackType:
		d := newDecoder(strings.NewReader(string(said)))
		if errors.Is(d.decode(&facts{}), errSaid) {
			return d.said
		}
		return ""
	case json.Unmarshal(said, &object) == nil && object.Error+object.Message != "":
		return object.Error + object.Message
	case strings.Contains(kind, "html"):
		return ""
	}
	return string(said)
}

// from names measurements in the database.
func (q influxql) from(measurements ...string) string {
	policy := ""
	if q.Policy != "" {
		policy = quoteIdent(q.Policy)
	}
	var list []string
	for _, m := range measurements {
		list = append(list, quoteIdent(q.Database.Database)+"."+policy+"."+quoteIdent(m))
	}
	return strings.Join(list, ", ")
}

// where is the condition for a time and, where known, a run.
func where(from, to int64, conditions ...string) string {
	if from > 0 {
		conditions = append(conditions, fmt.Sprintf("time >= %d", from))
	}
	if to > 0 {
		conditions = append(conditions, fmt.Sprintf("time < %d", to))
	}
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

func isRun(testid string) string { return quoteIdent(testidTag) + " = " + quoteText(testid) }

func (q influxql) marks(ctx context.Context, from, to int64, testid *string) ([]mark, error) {
	var conditions []string
	if testid != nil {
		conditions = append(conditions, isRun(*testid))
	}
	var marks []mark
	for _, end := range []string{"FIRST", "LAST"} {
		var f facts
		err := q.ask(ctx, fmt.Sprintf(`SELECT %s("value") FROM %s%s GROUP BY %s`, end, q.from(markers...), where(from, to, conditions...), quoteIdent(testidTag)), &f)
		if err != nil {
			return nil, err
		}
		for _, r := range f.rows {
			marks = append(marks, mark{testid: r.tags[testidTag], marker: r.name, at: r.time})
		}
	}
	return marks, nil
}

func (q influxql) active(ctx context.Context, r Found, step time.Duration) ([]int64, error) {
	var f facts
	err := q.ask(ctx, fmt.Sprintf(`SELECT COUNT("value") FROM %s%s GROUP BY time(%ds) fill(none)`,
		q.from(markers[0]), where(r.Started, r.Ended+1, isRun(r.TestID)), int64(step.Seconds())), &f)
	var times []int64
	for _, row := range f.rows {
		times = append(times, row.time)
	}
	return times, err
}

func (q influxql) measurements(ctx context.Context, r Found) ([]measurement, error) {
	on := " ON " + quoteIdent(q.Database.Database)
	var fields, keys facts
	if err := q.ask(ctx, "SHOW FIELD KEYS"+on, &fields); err != nil {
		return nil, err
	}
	condition := ""
	if r.TestID != "" {
		condition = " WHERE " + isRun(r.TestID)
	}
	if err := q.ask(ctx, "SHOW TAG KEYS"+on+condition, &keys); err != nil {
		return nil, err
	}
	byName := make(map[string]*measurement)
	for _, row := range fields.rows {
		m := byName[row.name]
		if m == nil {
			m = &measurement{name: row.name, tags: make(map[string]bool)}
			byName[row.name] = m
		}
		if len(row.text) == 2 {
			m.value = m.value || row.text[0] == "value" && row.text[1] == "float"
			m.url = m.url || row.text[0] == "url" && row.text[1] == "string"
		}
	}
	for _, row := range keys.rows {
		if m := byName[row.name]; m != nil && len(row.text) == 1 {
			m.tags[row.text[0]] = true
		}
	}
	ofK6 := fmt.Sprintf(" WITH KEY = %s WHERE %s =~ /^%s/", quoteIdent(groupTag), quoteIdent(groupTag), groupStart)
	if r.TestID != "" {
		ofK6 += " AND " + isRun(r.TestID)
	}
	var groups facts
	if err := q.ask(ctx, "SHOW TAG VALUES"+on+ofK6, &groups); err != nil {
		return nil, err
	}
	for _, row := range groups.rows {
		if m := byName[row.name]; m != nil {
			m.group = true
		}
	}
	return sortedMeasurements(byName), nil
}

func (q influxql) read(ctx context.Context, r Found, from, to int64, into *Block) error {
	fields := `"value"`
	if r.urls {
		fields += `, "url"`
	}
	return q.ask(ctx, fmt.Sprintf("SELECT %s FROM %s%s GROUP BY *", fields, q.from(r.Measurements...), where(from, to, isRun(r.TestID))),
		points{into, r.urls})
}
