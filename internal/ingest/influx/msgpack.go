package influx

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// Limits on what an answer may make us hold.
const (
	maxText = 1 << 20
	maxTags = 1 << 10
)

// table is the head of a piece of one series in an answer of InfluxQL.
type table struct {
	name    string
	tags    map[string]string
	columns []string
}

// rows takes the rows of an answer. Each is asked for a reader of one value at
// a time, since points are millions and all else is little.
type rows interface {
	begin(t table) error
	// row reads one row of so many values.
	row(d *decoder, values int) error
}

// decoder reads InfluxDB's answers in MessagePack. An answer is a sequence of
// maps, each with a piece of the results:
//
//	{results: [{statement_id, series: [{name, tags, columns, values: [[…]…], partial}], partial}]}
//	{error: text}
type decoder struct {
	r   *msgp.Reader
	key []byte
	// said is the text of an error that the server sent within its answer.
	said string
	// partial says that the piece read last was not the end of its result.
	partial bool
	pieces  int
}

var (
	errSaid  = errors.New("the server sent an error")
	errShape = errors.New("it is not shaped like an answer")
)

func newDecoder(r io.Reader) *decoder {
	d := &decoder{r: msgp.NewReaderSize(r, 64<<10)}
	d.r.SetMaxStringLength(maxText)
	d.r.SetMaxRecursionDepth(16)
	return d
}

// decode reads a whole answer. errSaid is an error of the server, in d.said;
// io.ErrUnexpectedEOF is an answer without its end; every other error that does
// not come from the reader is an answer of another shape.
func (d *decoder) decode(to rows) error {
	for {
		if _, err := d.r.NextType(); errors.Is(err, io.EOF) {
			if d.pieces == 0 || d.partial {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err := d.piece(to); err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		d.pieces++
	}
}

// each reads a map with a function for each key.
func (d *decoder) each(take func(key string) error) error {
	n, err := d.r.ReadMapHeader()
	if err != nil {
		return err
	}
	for range n {
		// Not ReadMapKey, which also takes bytes, of any length that is claimed.
		if d.key, err = d.r.ReadStringAsBytes(d.key); err != nil {
			return err
		}
		if err := take(string(d.key)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) list(take func() error) error {
	n, err := d.r.ReadArrayHeader()
	if err != nil {
		return err
	}
	for range n {
		if err := take(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) piece(to rows) error {
	return d.each(func(key string) error {
		switch key {
		case "error":
			return d.error()
		case "results":
			return d.list(func() error { return d.result(to) })
		}
		return d.r.Skip()
	})
}

func (d *decoder) error() (err error) {
	if d.said, err = d.r.ReadString(); err != nil {
		return err
	}
	return errSaid
}

func (d *decoder) result(to rows) error {
	d.partial = false
	return d.each(func(key string) (err error) {
		switch key {
		case "error":
			return d.error()
		case "series":
			return d.list(func() error { return d.series(to) })
		case "partial":
			d.partial, err = d.r.ReadBool()
			return err
		}
		return d.r.Skip()
	})
}

// series reads a series. The server writes what describes it before its rows.
func (d *decoder) series(to rows) error {
	var t table
	return d.each(func(key string) (err error) {
		switch key {
		case "name":
			t.name, err = d.r.ReadString()
			return err
		case "tags":
			t.tags = make(map[string]string)
			return d.each(func(name string) error {
				value, err := d.r.ReadString()
				if err == nil && len(t.tags) == maxTags {
					err = fmt.Errorf("%w: a series has more than %d tags", errShape, maxTags)
				}
				t.tags[name] = value
				return err
			})
		case "columns":
			return d.list(func() error {
				name, err := d.r.ReadString()
				if err == nil && len(t.columns) == maxTags {
					err = fmt.Errorf("%w: a series has more than %d columns", errShape, maxTags)
				}
				t.columns = append(t.columns, name)
				return err
			})
		case "values":
			if err := to.begin(t); err != nil {
				return err
			}
			return d.list(func() error {
				n, err := d.r.ReadArrayHeader()
				if err != nil {
					return err
				}
				if int(n) != len(t.columns) {
					return fmt.Errorf("%w: a row has %d values for %d columns", errShape, n, len(t.columns))
				}
				return to.row(d, int(n))
			})
		}
		return d.r.Skip()
	})
}

// number reads a number; ok is false where there is none, or something else.
func (d *decoder) number() (v float64, ok bool, err error) {
	kind, err := d.r.NextType()
	if err != nil {
		return 0, false, err
	}
	switch kind {
	case msgp.Float64Type, msgp.Float32Type:
		v, err = d.r.ReadFloat64()
	case msgp.IntType:
		var n int64
		n, err = d.r.ReadInt64()
		v = float64(n)
	case msgp.UintType:
		var n uint64
		n, err = d.r.ReadUint64()
		v = float64(n)
	default:
		return 0, false, d.r.Skip()
	}
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0), err
}

// text reads a text; something else is "".
func (d *decoder) text() (string, error) {
	kind, err := d.r.NextType()
	if err != nil {
		return "", err
	}
	if kind != msgp.StrType {
		return "", d.r.Skip()
	}
	return d.r.ReadString()
}

// points is the rows of a Block: time, value and perhaps url.
type points struct {
	block *Block
	urls  bool
}

func (p points) begin(t table) error {
	want := 2
	if p.urls {
		want = 3
	}
	if len(t.columns) != want || t.columns[0] != "time" {
		return fmt.Errorf("%w: the columns are not those asked for", errShape)
	}
	p.block.begin(t.name, tagsOf(t.tags))
	return nil
}

func (p points) row(d *decoder, _ int) error {
	at, err := d.r.ReadInt64()
	if err != nil {
		return err
	}
	v, ok, err := d.number()
	if err != nil {
		return err
	}
	url := ""
	if p.urls {
		if url, err = d.text(); err != nil {
			return err
		}
	}
	if !ok {
		return nil // a point with other fields only
	}
	if p.urls {
		p.block.urls = append(p.block.urls, url)
	}
	return p.block.add(at, v)
}

// facts are the few rows of all other answers, each with its table: the times
// and texts of it.
type facts struct {
	rows []fact
	now  table
}

type fact struct {
	table
	time int64
	text []string // of columns behind the first; numbers are ""
}

// maxFacts bounds the rows of such an answer.
const maxFacts = 2_000_000

func (f *facts) begin(t table) error {
	f.now = t
	return nil
}

func (f *facts) row(d *decoder, values int) error {
	if len(f.rows) == maxFacts {
		return fmt.Errorf("%w: it has more than %d rows", errShape, maxFacts)
	}
	row := fact{table: f.now}
	for i := range values {
		kind, err := d.r.NextType()
		switch {
		case err != nil:
		case i == 0 && f.now.columns[0] == "time" && (kind == msgp.IntType || kind == msgp.UintType):
			row.time, err = d.r.ReadInt64()
		default:
			var text string
			text, err = d.text()
			row.text = append(row.text, text)
		}
		if err != nil {
			return err
		}
	}
	f.rows = append(f.rows, row)
	return nil
}
