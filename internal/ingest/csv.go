package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k6report/internal/run"
)

// The columns that k6 names beside those of its tags. The first three come
// first, the last two last.
const (
	csvMetric   = "metric_name"
	csvTime     = "timestamp"
	csvValue    = "metric_value"
	csvExtra    = "extra_tags"
	csvMetadata = "metadata"

	csvOpening = csvMetric + "," + csvTime + "," + csvValue // of a header
	csvFirst   = 3                                          // column of the first tag
)

// csvColumns is what the header of a CSV file says.
type csvColumns struct {
	text  []byte   // the header as it is written, without its end
	names []string // all of them
	// extra and metadata are the places of these columns, -1 where they are
	// missing, as in the files of old versions of k6.
	extra, metadata int
	// usual says that tags, extra_tags and metadata come in the order in which
	// k6 writes them, so that rows can be taken apart from their end.
	usual bool
}

// isCSV knows k6's CSV by its header, also with another separator, to say what
// is wrong with it.
func isCSV(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	plain := strings.NewReplacer(`"`, "", ";", ",", "\t", ",").Replace(string(line))
	return strings.HasPrefix(plain, csvOpening)
}

// readCSVHeader reads the header of a file from its head.
func readCSVHeader(head []byte) (*csvColumns, error) {
	line, _, found := bytes.Cut(head, []byte("\n"))
	if !found && len(head) >= headSize {
		return nil, errors.New("its header is longer than 256 kB, which no header of k6 is")
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	names, err := csvFields(line)
	if err != nil || len(names) < csvFirst || strings.Join(names[:csvFirst], ",") != csvOpening {
		return nil, fmt.Errorf("its columns are not separated by commas, or not those of k6 (%s): give the file as k6 wrote it with --out csv=FILE, not as a spreadsheet saved it", clip(string(line)))
	}
	c := &csvColumns{text: bytes.Clone(line), names: names}
	c.extra, c.metadata = slices.Index(names, csvExtra), slices.Index(names, csvMetadata)
	n := len(names)
	c.usual = c.extra == n-2 && c.metadata == n-1
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("its header names the column %q twice: give the file as k6 wrote it", clip(name))
		}
	}
	return c, nil
}

// csvFields takes one record apart.
func csvFields(record []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(record))
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		err = parse.Err
	}
	return fields, err
}

// readCSV reads samples as k6 writes them with --out csv.
func readCSV(ctx context.Context, in *input, rd *reader) error {
	columns, err := readCSVHeader(in.head)
	if err != nil {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	rd.untyped = append(rd.untyped, in.name)
	err = readText(ctx, in, rd, text{
		reader: func(c *collector, o Options) textReader {
			return &csvReader{csvParser: newCSVParser(c, columns, o.strictOnly)}
		},
		border: csvBorder,
		heads:  1,
		none:   "a row of k6 CSV: give the file that k6 wrote with --out csv=FILE",
	})
	if err != nil {
		return err
	}
	if wholeSeconds(rd.parts[len(rd.parts)-1]) {
		rd.b.Problem(run.Problem{
			Code: "times_in_seconds", Source: in.name,
			Message: "the times are whole seconds, as k6 writes CSV unless told otherwise: requests are put together again by their order; set K6_CSV_TIME_FORMAT=unix_nano for exact times",
		})
	}
	return nil
}

// wholeSeconds reports whether all metrics end at a whole second: by chance, not even
// a few do.
func wholeSeconds(r *run.Run) bool {
	ends := make(map[string]int64)
	for i := range r.Series {
		s := &r.Series[i]
		if end, known := ends[s.Metric]; !known || end < s.Latest.Time {
			ends[s.Metric] = s.Latest.Time
		}
	}
	for _, end := range ends {
		if end%1e9 != 0 {
			return false
		}
	}
	return len(ends) > 0
}

// csvStart finds the times at the start of a file.
func csvStart(head []byte) start {
	s := start{part: parts}
	var c csvClock
	for line := range bytes.Lines(head) {
		name, rest, _ := bytes.Cut(line, []byte(","))
		text, _, _ := bytes.Cut(rest, []byte(","))
		at, ok := c.parse(text)
		if !ok {
			continue
		}
		if s.first == 0 {
			s.first = at
			if r, part, _ := roleOf(string(name)); r == rolePart {
				s.part = part
			}
		}
		s.latest = max(s.latest, at)
	}
	return s
}

// csvClock reads times in all forms of K6_CSV_TIME_FORMAT. They are told apart
// by their size: as seconds, milliseconds, microseconds and nanoseconds the
// times of our days have 10, 13, 16 and 19 digits.
type csvClock struct{ rfc3339 clock }

func (c *csvClock) parse(b []byte) (ns int64, ok bool) {
	if len(b) == 0 || len(b) > 64 {
		return 0, false
	}
	if len(b) > 4 && b[4] == '-' {
		return c.rfc3339.parse(b)
	}
	n := int64(0)
	for _, digit := range b {
		if digit -= '0'; digit > 9 || len(b) > 19 {
			return 0, false
		}
		n = n*10 + int64(digit)
	}
	switch {
	case n < 0: // beyond 64 bits
		return 0, false
	case n < 1e11:
		// 1e11 s is the year 5138, which 64 bits of nanoseconds can't tell.
		if n > maxUnix {
			return 0, false
		}
		return n * 1e9, true
	case n < 1e14:
		if n > maxUnix*1e3 {
			return 0, false
		}
		return n * 1e6, true
	case n < 1e17:
		if n > maxUnix*1e6 {
			return 0, false
		}
		return n * 1e3, true
	}
	return n, n < maxUnix*1e9
}

// maxUnix is the first second of the year 2262, as for times in JSON.
const maxUnix = 9214646400

// csvPairs reads k=v&k=v, in which nothing is escaped: a piece without = goes on
// with the value before. Where a value holds both & and =, no reader can tell.
func csvPairs(text string, each func(name, value string)) {
	name, value, begun := "", "", false
	for piece := range strings.SplitSeq(text, "&") {
		k, v, ok := strings.Cut(piece, "=")
		if !ok && begun {
			value += "&" + piece
			continue
		}
		if begun {
			each(name, value)
		}
		name, value, begun = k, v, ok
	}
	if begun {
		each(name, value)
	}
}
