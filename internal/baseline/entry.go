package baseline

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"k6report/internal/run"
)

// Entry is one run of a baseline.
type Entry struct {
	// ID is the run's; never empty.
	ID string `json:"id"`
	// Started is when the run started, zero when that is unknown; Added is when
	// the entry was made.
	Started time.Time `json:"started,omitzero"`
	Added   time.Time `json:"added,omitzero"`
	// Status is the verdict of the run's report when it was added, such as
	// "passed"; Invalid says why a run that was added all the same is invalid.
	Status  string `json:"status"`
	Invalid string `json:"invalid,omitempty"`
	// Values are the run's gates, in a fixed order; they outlive the run itself.
	Values []Value `json:"values"`
	// Labels are what was said of the run, with --label or by the CI system.
	Labels map[string]string `json:"labels,omitempty"`
	// Commit is what the run measured, as a full hash; "" when unknown.
	Commit string `json:"commit,omitempty"`
	// Epoch names the stretch of the baseline that the run belongs to: each
	// accepted change starts a new one. "" is the first.
	Epoch string `json:"epoch,omitempty"`
	// Accepted are the fingerprints of the accepted changes that the epoch has
	// within it, sorted: they excuse nothing any more.
	Accepted []string `json:"accepted,omitempty"`
	// Reason says why the epoch began; "" when nobody said.
	Reason string `json:"reason,omitempty"`
	// Run is the run without what comparisons don't need (see [run.Thin]); nil
	// in an entry that was thinned to its values, and in lists.
	Run *run.Run `json:"-"`
	// Whole says that the entry's blob holds a run.
	Whole bool `json:"-"`
}

// Value is one gate's statistic of a run.
type Value struct {
	Metric    string `json:"metric"`
	Endpoint  string `json:"endpoint,omitempty"` // empty: the whole run
	Statistic string `json:"statistic"`
	// Value is in the metric's unit.
	Value float64 `json:"value"`
	// SE is the standard error of ln(Value) within the run; nil when unknown.
	SE *float64 `json:"se,omitempty"`
	// Count is the number of samples that it rests on, Events those that a rate
	// counts.
	Count  uint64 `json:"count"`
	Events uint64 `json:"events,omitempty"`
}

// An entry's blob is a magic word and a version, a checksum of all that
// follows, the length of the envelope, the envelope as JSON, and a snapshot or
// nothing.
const (
	entryMagic   = "k6rbase"
	entryVersion = 1
	entryHeader  = len(entryMagic) + 1 + 4 + 4
	// mostEnvelope bounds what is read of an envelope: 10,000 values fit.
	mostEnvelope = 4 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode writes an entry as a blob.
func Encode(e *Entry) ([]byte, error) {
	var snapshot bytes.Buffer
	if e.Run != nil {
		if err := run.Encode(&snapshot, e.Run); err != nil {
			return nil, fmt.Errorf("encode baseline entry %s: %w", e.ID, err)
		}
	}
	return seal(e, snapshot.Bytes())
}

// seal puts an entry's envelope before a snapshot.
func seal(e *Entry, snapshot []byte) ([]byte, error) {
	envelope, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode baseline entry %s: %w", e.ID, err)
	}
	if len(envelope) > mostEnvelope {
		return nil, fmt.Errorf("encode baseline entry %s: its labels and values have %d bytes, at most %d are kept", e.ID, len(envelope), mostEnvelope)
	}
	blob := append(make([]byte, 0, entryHeader+len(envelope)+len(snapshot)), entryMagic...)
	blob = append(blob, entryVersion, 0, 0, 0, 0)
	blob = binary.LittleEndian.AppendUint32(blob, uint32(len(envelope)))
	blob = append(append(blob, envelope...), snapshot...)
	sum := crc32.Checksum(blob[entryHeader-4:], castagnoli)
	binary.LittleEndian.PutUint32(blob[len(entryMagic)+1:], sum)
	return blob, nil
}

// Decode reads a blob. An error says what is wrong with it; a blob is either
// whole or refused.
func Decode(blob []byte) (*Entry, error) {
	e, snapshot, err := decodeEnvelope(blob)
	if err != nil || !e.Whole {
		return e, err
	}
	if e.Run, err = run.Decode(bytes.NewReader(snapshot)); err != nil {
		return nil, fmt.Errorf("read baseline entry %s: %w", e.ID, err)
	}
	return e, nil
}

// decodeEnvelope reads a blob without the run in it, but for its checksum.
func decodeEnvelope(blob []byte) (e *Entry, snapshot []byte, err error) {
	envelope, snapshot, err := open(blob)
	if err != nil {
		return nil, nil, fmt.Errorf("read baseline entry: %w", err)
	}
	e = new(Entry)
	if err := json.Unmarshal(envelope, e); err != nil {
		return nil, nil, fmt.Errorf("read baseline entry: %w", err)
	}
	if e.ID == "" {
		return nil, nil, errors.New("read baseline entry: it names no run")
	}
	e.Whole = len(snapshot) > 0
	return e, snapshot, nil
}

// open checks a blob and takes it apart.
func open(blob []byte) (envelope, snapshot []byte, err error) {
	switch {
	case len(blob) == 0:
		return nil, nil, errors.New("it is empty")
	case !bytes.HasPrefix(blob, []byte(entryMagic)):
		return nil, nil, errors.New("it is no baseline entry; add a run with k6report baseline add")
	case len(blob) < entryHeader:
		return nil, nil, errors.New("it is cut off")
	}
	if version := blob[len(entryMagic)]; version != entryVersion {
		return nil, nil, fmt.Errorf("it has version %d, this k6report reads version %d: use a newer k6report", version, entryVersion)
	}
	body := blob[len(entryMagic)+1+4:]
	if sum := binary.LittleEndian.Uint32(blob[len(entryMagic)+1:]); sum != crc32.Checksum(body, castagnoli) {
		return nil, nil, errors.New("it is damaged: its checksum is wrong")
	}
	length := uint64(binary.LittleEndian.Uint32(body))
	body = body[4:]
	if length > mostEnvelope || length > uint64(len(body)) {
		return nil, nil, errors.New("it is damaged: its envelope has no end")
	}
	return body[:length], body[length:], nil
}
