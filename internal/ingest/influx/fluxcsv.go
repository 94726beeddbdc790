package influx

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fluxRow is a row of an answer in Flux's annotated CSV, by column. Empty
// values are none.
type fluxRow struct {
	columns []string
	values  []string
}

func (r fluxRow) get(column string) string {
	if i := slices.Index(r.columns, column); i >= 0 {
		return r.values[i]
	}
	return ""
}

// fluxDecoder reads annotated CSV. Each table comes behind its annotations and
// a header, unless it has those of the table before. Rows of a series differ in
// nothing but _time and _value: where the rest is the same bytes as in the row
// before and holds no quotes, only these two are decoded. Every other row goes
// through encoding/csv.
type fluxDecoder struct {
	r      *bufio.Reader
	record []byte
	// Of the present table:
	header            []string
	types, defaults   []string
	fresh             bool // annotations came since the header
	usual             bool // _time and _value are columns 3 and 4
	prefix, suffix    []byte
	series            bool // prefix and suffix are those of the series begun last
	said, valueColumn string
	strictOnly        bool // tests switch the fast way off
}

func newFluxDecoder(r io.Reader) *fluxDecoder {
	return &fluxDecoder{r: bufio.NewReaderSize(r, 64<<10), valueColumn: "_value"}
}

// next reads a record with the quotes it is in, without its line end. The end
// of an answer is io.EOF; one within a record io.ErrUnexpectedEOF.
func (d *fluxDecoder) next() error {
	d.record = d.record[:0]
	quotes := 0
	for {
		part, err := d.r.ReadSlice('\n')
		d.record = append(d.record, part...)
		quotes += bytes.Count(part, []byte{'"'})
		switch {
		case len(d.record) > maxText:
			return fmt.Errorf("%w: a row is longer than %d bytes", errShape, maxText)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(d.record) > 0:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case quotes%2 == 0:
			d.record = bytes.TrimSuffix(d.record[:len(d.record)-1], []byte{'\r'})
			return nil
		}
	}
}

// decode reads an answer. Points go into the Block where there is one, all rows
// to each otherwise.
func (d *fluxDecoder) decode(b *Block, each func(fluxRow) error) error {
	for {
		err := d.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case len(d.record) == 0:
			d.header, d.fresh, d.series = nil, true, false
			continue
		}
		if b != nil && d.series && d.usual && !d.strictOnly {
			same, err := d.fast(b)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		if err := d.strict(b, each); err != nil {
			return err
		}
	}
}

// fast reads a row of the same series as the one before; false leaves it to
// strict.
func (d *fluxDecoder) fast(b *Block) (bool, error) {
	rest, ok := bytes.CutPrefix(d.record, d.prefix)
	if !ok || len(d.prefix) == 0 || bytes.IndexByte(d.record, '"') >= 0 {
		return false, nil
	}
	at, rest, ok := bytes.Cut(rest, []byte{','})
	if !ok {
		return false, nil
	}
	end := bytes.IndexByte(rest, ',')
	if end < 0 {
		end = len(rest)
	}
	if !bytes.Equal(rest[end:], d.suffix) {
		return false, nil
	}
	t, ok := nanosecondsOf(string(at))
	if !ok {
		return false, nil
	}
	v, err := strconv.ParseFloat(string(rest[:end]), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return false, nil
	}
	return true, b.add(t, v)
}

func (d *fluxDecoder) strict(b *Block, each func(fluxRow) error) error {
	d.series = false
	r := csv.NewReader(bytes.NewReader(d.record))
	r.FieldsPerRecord = -1
	fields, err := r.Read()
	if err != nil {
		return fmt.Errorf("%w: a row is not CSV", errShape)
	}
	switch fields[0] {
	case "#datatype":
		d.types, d.fresh = fields, true
		return nil
	case "#group":
		d.fresh = true
		return nil
	case "#default":
		d.defaults, d.fresh = fields, true
		return nil
	}
	if d.header == nil || d.fresh {
		return d.head(fields)
	}
	if len(fields) != len(d.header) {
		return fmt.Errorf("%w: a row has %d columns, its header %d", errShape, len(fields), len(d.header))
	}
	for i := range fields {
		if fields[i] == "" && i < len(d.defaults) {
			fields[i] = d.defaults[i]
		}
	}
	row := fluxRow{d.header, fields}
	if said := row.get("error"); said != "" && !slices.Contains(d.header, "table") {
		d.said = said
		return errSaid
	}
	if b == nil {
		return each(row)
	}
	return d.point(b, row)
}

// head takes a header.
func (d *fluxDecoder) head(fields []string) error {
	isError := slices.Contains(fields, "error")
	if !isError && (!slices.Contains(fields, "table") || len(fields) > maxTags || d.types != nil && len(d.types) != len(fields)) {
		return fmt.Errorf("%w: it has no header of a table", errShape)
	}
	if isError && !slices.Contains(fields, "table") {
		d.defaults = nil
	}
	d.header, d.fresh = fields, false
	d.usual = len(fields) >= 5 && fields[3] == "_time" && fields[4] == "_value"
	return nil
}

// notTags are the columns that Flux adds to tags.
var notTags = []string{"", "result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement"}

// point takes a row as a point.
func (d *fluxDecoder) point(b *Block, row fluxRow) error {
	value := slices.Index(row.columns, d.valueColumn)
	urls := d.valueColumn == "value"
	if value < 0 || value < len(d.types) && !slices.Contains([]string{"double", "long", "unsignedLong"}, d.types[value]) {
		return nil // of a measurement with another kind of value
	}
	t, ok := nanosecondsOf(row.get("_time"))
	if !ok {
		return fmt.Errorf("%w: %q is not a time", errShape, clip(row.get("_time")))
	}
	text := row.values[value]
	if text == "" {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%w: %q is not a number", errShape, clip(text))
	}
	tags := make(map[string]string)
	for i, name := range row.columns {
		if slices.Contains(notTags, name) || urls && (name == "value" || name == "url") {
			continue
		}
		tags[strings.ToValidUTF8(name, "\uFFFD")] = strings.ToValidUTF8(row.values[i], "\uFFFD")
	}
	b.begin(strings.ToValidUTF8(row.get("_measurement"), "\uFFFD"), tagsOf(tags))
	if urls {
		b.urls = append(b.urls, strings.ToValidUTF8(row.get("url"), "\uFFFD"))
	}
	if d.usual && bytes.IndexByte(d.record, '"') < 0 {
		d.remember()
	}
	return b.add(t, v)
}

// nanosecondsOf reads a time; ok is false for one that 64 bits of nanoseconds do
// not tell, from 21 September 1677 to 11 April 2262.
func nanosecondsOf(text string) (ns int64, ok bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	ns = t.UnixNano()
	return ns, err == nil && time.Unix(0, ns).Equal(t)
}

// remember keeps what rows of the same series have in common.
func (d *fluxDecoder) remember() {
	at := 0
	for range 3 {
		at += bytes.IndexByte(d.record[at:], ',') + 1
	}
	d.prefix = append(d.prefix[:0], d.record[:at]...)
	for range 2 {
		n := bytes.IndexByte(d.record[at:], ',')
		if n < 0 {
			at = len(d.record) + 1
			break
		}
		at += n + 1
	}
	d.suffix = append(d.suffix[:0], d.record[at-1:]...) // with its comma, if any
	d.series = true
}
