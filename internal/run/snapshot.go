package run

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A snapshot is a Run on disk:
//
//	magic    8 bytes "k6report"
//	version  1 byte: below 32 and none of 9 to 13, which text may go on with
//	checksum 4 bytes, CRC-32C of what follows
//	length   8 bytes, of the payload before compression
//	payload  zstd
//
// The payload is a JSON head (what is small and may grow new keys) and streams
// of integers, one for each kind of number, since equal kinds compress
// together. Integers are little endian or varints.
const (
	snapshotMagic   = "k6report"
	snapshotVersion = 1
	snapshotHeader  = len(snapshotMagic) + 1 + 4 + 8
	// maxSnapshot bounds the payload, maxHead its head, and maxObjects the
	// objects in it, of which each may take 100 times the memory of its text.
	maxSnapshot = 128 << 20
	maxHead     = 32 << 20
	maxObjects  = 1 << 19
)

// MagicPrefix is how snapshots of every version start.
const MagicPrefix = snapshotMagic

type snapshotHead struct {
	ID           string        `json:"id"`
	Labels       []Tag         `json:"labels,omitempty"`
	Started      int64         `json:"started"`
	Ended        int64         `json:"ended"`
	Sources      []Source      `json:"sources,omitempty"`
	Metrics      []Metric      `json:"metrics,omitempty"`
	Folding      Folding       `json:"folding,omitzero"`
	Plan         *Plan         `json:"plan,omitempty"`
	Reported     *Reported     `json:"reported,omitempty"`
	Execution    *Execution    `json:"execution,omitempty"`
	Problems     []Problem     `json:"problems,omitempty"`
	WindowLength time.Duration `json:"window_length"`
	BlockLength  time.Duration `json:"block_length,omitempty"`
	Columns      []string      `json:"columns,omitempty"`
	NoTimes      []string      `json:"no_times,omitempty"`
	Unjoined     uint64        `json:"unjoined,omitempty"`
	Excluded     []string      `json:"excluded_groups,omitempty"`
	Strings      []string      `json:"strings,omitempty"`
	Series       int           `json:"series"`
	Tables       []tableHead   `json:"tables,omitempty"`
}

type tableHead struct {
	Endpoint
	First  int64 `json:"first"`
	Last   int64 `json:"last"`
	Blocks int   `json:"blocks"`
	Width  int   `json:"width"` // columns in use
}

// The streams of a payload.
const (
	streamKeys = iota
	streamStats
	streamFloats
	streamLatest
	streamSketches
	streamBins
	streamWindows
	streamWindowCounts
	streamWindowSums
	streamBlocks
	streamDurations
	streamRows
	streamRowCounts
	streamRowJoined
	streamBinCounts      // and as many more as there are contexts
	streamDurationCounts = streamBinCounts + contexts
	streamPacked         = streamDurationCounts + contexts
	streams              = streamPacked + 2*packedStreams
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode writes a snapshot. Equal runs give equal bytes. It fails for a run that
// Decode would refuse for its size, hundreds of times that of a usual one.
//
// All of the run comes back but, of a run in which no request has times of the
// server, the rows: there each block keeps one, that of its mean. Nothing tells
// such requests apart by their times but where others are held against them.
func Encode(w io.Writer, r *Run) error {
	payload, err := encodePayload(r)
	if err != nil {
		return fmt.Errorf("encode snapshot of run %s: %w", r.ID, err)
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return fmt.Errorf("encode snapshot of run %s: %w", r.ID, err)
	}
	body := binary.LittleEndian.AppendUint64(nil, uint64(len(payload)))
	body = packer.EncodeAll(payload, body)
	header := append([]byte(snapshotMagic), snapshotVersion)
	header = binary.LittleEndian.AppendUint32(header, crc32.Checksum(body, castagnoli))
	if _, err := w.Write(append(header, body...)); err != nil {
		return fmt.Errorf("write snapshot of run %s: %w", r.ID, err)
	}
	return nil
}

// Decode reads a snapshot. It refuses what it can't read whole: another
// format, a newer version, damaged bytes, a Run that contradicts itself. Its
// memory is bounded, whatever it is given.
func Decode(r io.Reader) (*Run, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSnapshot+1))
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	payload, err := unpack(data)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	run, err := decodePayload(payload)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	if err := run.Check(); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	return run, nil
}

// unpack checks the header and returns the payload.
func unpack(data []byte) ([]byte, error) {
	const version = len(snapshotMagic)
	switch {
	case len(data) <= version || string(data[:version]) != snapshotMagic:
		return nil, errors.New("this is not a k6report snapshot")
	case data[version] > snapshotVersion:
		return nil, fmt.Errorf("it has format %d, this k6report reads up to format %d: update k6report", data[version], snapshotVersion)
	case data[version] < snapshotVersion:
		return nil, fmt.Errorf("there is no format %d: the file is damaged; take it again from where it came", data[version])
	case len(data) < snapshotHeader:
		return nil, errors.New("it is cut off: take it again from where it came")
	case len(data) > maxSnapshot:
		return nil, fmt.Errorf("it is larger than %d MB", maxSnapshot>>20)
	}
	body := data[version+5:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[version+1:]) {
		return nil, errors.New("the checksum does not match: the file is damaged or cut off; take it again from where it came")
	}
	length := binary.LittleEndian.Uint64(body)
	if length > maxSnapshot {
		return nil, fmt.Errorf("its content is larger than %d MB", maxSnapshot>>20)
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSnapshot))
	if err != nil {
		return nil, err
	}
	defer unpacker.Close()
	payload, err := unpacker.DecodeAll(body[8:], nil)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if uint64(len(payload)) != length {
		return nil, fmt.Errorf("it holds %d bytes where it claims %d", len(payload), length)
	}
	return payload, nil
}

func encodePayload(r *Run) ([]byte, error) {
	var e encoder
	head := snapshotHead{
		ID: r.ID, Labels: r.Labels, Started: r.Started, Ended: r.Ended, Sources: r.Sources,
		Metrics: r.Metrics, Folding: r.Folding, Plan: r.Plan, Reported: r.Reported,
		Execution: r.Execution, Problems: r.Problems, WindowLength: r.WindowLength,
		BlockLength: r.Requests.BlockLength, Columns: r.Requests.Columns,
		NoTimes: r.Requests.NoTimes, Unjoined: r.Requests.Unjoined, Excluded: r.Requests.ExcludedGroups,
		Series: len(r.Series),
	}
	e.strings = make(map[string]int)
	for i := range r.Series {
		e.series(&r.Series[i], r.Started)
	}
	if e.text > maxText {
		return nil, fmt.Errorf("its tags take %d MB, more than %d: give up tags", e.text>>20, maxText>>20)
	}
	mean := !slices.ContainsFunc(r.Requests.Tables, Table.Joined)
	for i := range r.Requests.Tables {
		t := r.Requests.Tables[i]
		if mean {
			t = t.means()
		}
		head.Tables = append(head.Tables, e.table(&t))
	}
	for k := range e.low {
		e.low[k].pad(&e.streams[streamPacked+2*k+1])
	}
	head.Strings = e.order
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	if err := checkHead(text); err != nil {
		return nil, err
	}
	payload := append(binary.AppendUvarint(nil, uint64(len(text))), text...)
	for _, s := range e.streams {
		payload = append(binary.AppendUvarint(payload, uint64(len(s))), s...)
	}
	if len(payload) > maxSnapshot {
		return nil, fmt.Errorf("it takes %d MB, more than %d: the run has too many series; give up tags", len(payload)>>20, maxSnapshot>>20)
	}
	return payload, nil
}

func checkHead(text []byte) error {
	if len(text) > maxHead || bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("null")) > maxObjects {
		return errors.New("its head holds more names and problems than k6report keeps")
	}
	return nil
}

func decodePayload(payload []byte) (*Run, error) {
	all := make([]stream, streams)
	text, rest, err := cutBytes(payload)
	if err != nil {
		return nil, err
	}
	if err := checkHead(text); err != nil {
		return nil, err
	}
	var head snapshotHead
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].b, rest, err = cutBytes(rest); err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("it holds %d bytes too many", len(rest))
	}
	r := &Run{
		ID: head.ID, Labels: head.Labels, Started: head.Started, Ended: head.Ended, Sources: head.Sources,
		Metrics: head.Metrics, Folding: head.Folding, Plan: head.Plan, Reported: head.Reported,
		Execution: head.Execution, Problems: head.Problems, WindowLength: head.WindowLength,
		Requests: Requests{
			BlockLength: head.BlockLength, Columns: head.Columns, NoTimes: head.NoTimes, Unjoined: head.Unjoined,
			ExcludedGroups: head.Excluded,
		},
	}
	if err := decodeStreams(r, &head, all); err != nil {
		return nil, err
	}
	return r, nil
}

// decodeStreams reads series and tables. Series, distributions of tables and rows
// share no stream: they are read at the same time.
func decodeStreams(r *Run, head *snapshotHead, all []stream) error {
	series := &decoder{streams: all, strings: head.Strings, bins: new(atomic.Int64)}
	durations, rows := series.clone(), series.clone()
	tables, sizes := rows.blocks(head.Tables)
	var others sync.WaitGroup
	others.Go(func() { rows.allRows(tables, head.Tables, sizes) })
	others.Go(func() { durations.allDurations(tables) })
	r.Series = series.allSeries(head.Series, head.Started)
	others.Wait()
	if err := cmp.Or(series.err, durations.err, rows.err); err != nil {
		return err
	}
	r.Requests.Tables = tables
	for i, s := range all {
		if left := len(s.b) - max(series.streams[i].at, durations.streams[i].at, rows.streams[i].at); left > 0 {
			return fmt.Errorf("stream %d holds %d bytes too many", i, left)
		}
	}
	return nil
}

// allSeries reads a number of series. The list grows with what is read: a claim
// costs its author a few bytes.
func (d *decoder) allSeries(n int, started int64) []Series {
	if n < 0 || n > d.streams[streamFloats].left()/floatsSize {
		d.fail(fmt.Errorf("it claims %d series", n))
		return nil
	}
	var list []Series
	for len(list) < n && d.err == nil {
		var s Series
		d.series(&s, started)
		if at := len(list); d.err == nil && at > 0 && list[at-1].Key.Compare(s.Key) >= 0 {
			d.fail(errors.New("series are out of order or there twice"))
		}
		list = append(list, s)
	}
	return list
}

func cutBytes(from []byte) (s, rest []byte, err error) {
	length, n := binary.Uvarint(from)
	if n <= 0 || length > uint64(len(from)-n) {
		return nil, nil, fmt.Errorf("it ends too early")
	}
	return from[n : n+int(length)], from[n+int(length):], nil
}

// means is the table with one row for all requests of a block.
func (t *Table) means() Table {
	means := *t
	means.Blocks = slices.Clone(t.Blocks)
	for i := range means.Blocks {
		means.Blocks[i].Rows = t.Blocks[i].Rows.mean()
	}
	return means
}

// width is the number of columns that the widest block of a table has.
func (t *Table) width() int {
	width := 0
	for i := range t.Blocks {
		width = max(width, t.Blocks[i].Rows.Width)
	}
	return width
}
