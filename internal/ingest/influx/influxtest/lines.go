package influxtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// batchPoints is how many points go into one request; k6 sends more.
const batchPoints = 20_000

// WriteK6 writes samples of k6 JSON into a database as k6's own output does:
// tags as tags, but vu, iter and url as fields of text, and no metadata. more
// are tags that every point gets. It returns the number of points.
func (s *Server) WriteK6(ctx context.Context, database string, samples io.Reader, more map[string]string) (points int64, err error) {
	lines := bufio.NewScanner(samples)
	lines.Buffer(nil, 1<<20)
	var batch bytes.Buffer
	held := 0
	flush := func() error {
		if held == 0 {
			return nil
		}
		held = 0
		defer batch.Reset()
		return s.Write(ctx, database, bytes.NewReader(batch.Bytes()))
	}
	known := make(map[string]string)
	for lines.Scan() {
		wrote, err := point(&batch, lines.Bytes(), more, known)
		if err != nil {
			return points, err
		}
		if !wrote {
			continue
		}
		points++
		if held++; held == batchPoints {
			if err := flush(); err != nil {
				return points, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return points, err
	}
	return points, flush()
}

// point turns one line of k6 JSON into one of line protocol; false is a line
// without a sample. known saves what becomes of tags, by their text.
func point(to *bytes.Buffer, line []byte, more, known map[string]string) (bool, error) {
	var l struct {
		Metric, Type string
		Data         struct {
			Time  time.Time
			Value float64
			Tags  json.RawMessage
		}
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return false, fmt.Errorf("read k6 JSON: %w", err)
	}
	if l.Type != "Point" {
		return false, nil
	}
	text, ok := known[string(l.Data.Tags)]
	if !ok {
		var tags map[string]string
		if err := json.Unmarshal(l.Data.Tags, &tags); err != nil {
			return false, fmt.Errorf("read tags of k6 JSON: %w", err)
		}
		maps.Copy(tags, more)
		text = encode(tags)
		known[string(l.Data.Tags)] = text
	}
	fmt.Fprintf(to, "%s%s%s %d\n", escaper.Replace(l.Metric), text, strconv.FormatFloat(l.Data.Value, 'g', -1, 64), l.Data.Time.UnixNano())
	return true, nil
}

// escaper escapes names and tags of line protocol.
var escaper = strings.NewReplacer(`,`, `\,`, `=`, `\=`, ` `, `\ `, "\n", `\ `)

// encode writes tags and fields up to the value.
func encode(tags map[string]string) string {
	var text, fields strings.Builder
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		value := tags[name]
		switch name {
		case "vu", "iter", "url":
			fmt.Fprintf(&fields, `%s="%s",`, name, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value))
			continue
		}
		if value != "" { // InfluxDB has no empty tags
			fmt.Fprintf(&text, ",%s=%s", escaper.Replace(name), escaper.Replace(value))
		}
	}
	return text.String() + " " + fields.String() + "value="
}
