package run

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
)

// encoder fills the streams of a snapshot.
type encoder struct {
	streams [streams][]byte
	strings map[string]int
	order   []string
	low     [packedStreams]bitBuffer
	text    int // of tags
}

func (e *encoder) uint(stream int, n uint64) {
	e.streams[stream] = binary.AppendUvarint(e.streams[stream], n)
}

func (e *encoder) int(stream int, n int64) {
	e.streams[stream] = binary.AppendVarint(e.streams[stream], n)
}

func (e *encoder) float(stream int, v float64) {
	e.streams[stream] = binary.LittleEndian.AppendUint64(e.streams[stream], math.Float64bits(v))
}

func (e *encoder) sum(stream int, s Sum) {
	e.int(stream, s.Hi)
	e.uint(stream, s.Lo)
}

func (e *encoder) string(stream int, s string) {
	at, known := e.strings[s]
	if !known {
		at = len(e.order)
		e.strings[s] = at
		e.order = append(e.order, s)
	}
	e.uint(stream, uint64(at))
}

func (e *encoder) series(s *Series, started int64) {
	e.string(streamKeys, s.Metric)
	tags := s.Tags.List()
	e.uint(streamKeys, uint64(len(tags)))
	for _, t := range tags {
		e.string(streamKeys, t.Name)
		e.string(streamKeys, t.Value)
		e.text += len(t.Name) + len(t.Value)
	}
	e.uint(streamStats, s.Count)
	e.uint(streamStats, s.Nonzero)
	e.uint(streamStats, s.Outside)
	e.sum(streamStats, s.Sum)
	e.float(streamFloats, s.Min)
	e.float(streamFloats, s.Max)
	e.int(streamLatest, s.Latest.Time-started)
	e.float(streamFloats, s.Latest.Value)
	if s.Sketch == nil {
		e.uint(streamSketches, 0)
	} else {
		e.uint(streamSketches, uint64(s.Sketch.bits))
		e.sketch(s.Sketch, streamBins, streamBinCounts)
	}
	e.uint(streamWindows, uint64(len(s.Windows)))
	unit, mean := windowUnit(s)
	e.uint(streamWindows, uint64(unit))
	last := int64(0)
	for _, w := range s.Windows {
		e.int(streamWindows, w.Index-last)
		last = w.Index
		e.uint(streamWindowCounts, w.Count)
		if unit == 0 {
			e.sum(streamWindowSums, w.Sum)
			continue
		}
		n, _ := w.Sum.in(unit)
		e.packed(packedWindows, n-int64(w.Count)*mean)
	}
}

// windowUnit is the greatest power of ten in which the sums of a series and of
// its windows are whole numbers of 64 bits, 0 if there is none: most are of
// values with few decimals. The mean is of a sample, in that unit.
func windowUnit(s *Series) (unit uint64, mean int64) {
	for unit = sumUnit; unit > 0 && s.Count > 0; unit /= 10 {
		sum, fits := s.Sum.in(unit)
		for i := 0; fits && i < len(s.Windows); i++ {
			_, fits = s.Windows[i].Sum.in(unit)
		}
		if fits {
			return unit, sum / int64(s.Count)
		}
	}
	return 0, 0
}

func (e *encoder) sketch(s *Sketch, bins, counts int) {
	e.uint(counts, s.low)
	e.uint(counts, s.zero)
	e.uint(counts, s.high)
	for _, b := range []*bank{&s.neg, &s.pos} {
		n := 0
		for range b.ascending() {
			n++
		}
		e.uint(bins, uint64(n))
		last := uint32(0)
		var near neighbours
		for bin, count := range b.ascending() {
			e.uint(bins, uint64(bin-last))
			last = bin
			e.uint(counts+near.context(), count)
			near.next(count)
		}
	}
}

// contexts is in how many streams the counts of bins are: neighbouring bins
// hold about as many values, so a stream for each magnitude of the neighbours
// compresses better than one for all.
const contexts = 16

// neighbours are the counts of the two bins before.
type neighbours [2]uint64

func (n *neighbours) next(count uint64) { n[0], n[1] = n[1], min(count, 1<<20) }

// context grows by 2 when the counts double.
func (n *neighbours) context() int {
	sum := n[0] + n[1]
	return min(bits.Len64(2*sum*sum), contexts-1)
}

// decoder reads the streams of a snapshot. After the first error it returns
// zeros; what it allocates is bounded by the bytes it was given.
type decoder struct {
	streams []stream
	strings []string
	low     [packedStreams]bitBuffer
	bins    *atomic.Int64 // of sketches, of all clones
	text    int           // of tags
	err     error
}

// stream is bytes of which the first at were read.
type stream struct {
	b  []byte
	at int
}

func (s *stream) left() int { return len(s.b) - s.at }

// maxBins bounds the memory of all sketches of a snapshot, at 8 bytes each.
var maxBins = int64(16 << 20)

// maxText bounds the memory of all tag sets of a snapshot: two bytes of a
// stream may stand for a long string.
const maxText = 128 << 20

// clone reads on from where d is, by itself.
func (d *decoder) clone() *decoder {
	c := *d
	c.streams = slices.Clone(d.streams)
	return &c
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// uint reads a number; most fit into a byte.
func (d *decoder) uint(stream int) uint64 {
	if v, ok := d.streams[stream].short(); ok && d.err == nil {
		return v
	}
	return d.longUint(stream)
}

// short reads a number that takes one byte, if that is what comes.
func (s *stream) short() (v uint64, ok bool) {
	if s.at >= len(s.b) || s.b[s.at] >= 0x80 {
		return 0, false
	}
	s.at++
	return uint64(s.b[s.at-1]), true
}

func (d *decoder) longUint(stream int) uint64 {
	if d.err != nil {
		return 0
	}
	s := &d.streams[stream]
	v, n := binary.Uvarint(s.b[s.at:])
	if n <= 0 {
		d.fail(fmt.Errorf("stream %d: it ends in a number, or holds one of more than 64 bits", stream))
		return 0
	}
	s.at += n
	return v
}

// skipUints goes past n numbers.
func (d *decoder) skipUints(stream, n int) {
	s := &d.streams[stream]
	at := s.at
	for ; n > 0 && at < len(s.b); at++ {
		if s.b[at] < 0x80 {
			n--
		}
	}
	if n > 0 {
		d.fail(fmt.Errorf("stream %d: it ends too early", stream))
	}
	s.at = at
}

func (d *decoder) int(stream int) int64 {
	u := d.uint(stream)
	return int64(u>>1) ^ -int64(u&1) // as encoding/binary has it
}

// length reads a number of elements, each of which takes a byte at least.
func (d *decoder) length(stream int, of int) int {
	n := d.uint(stream)
	if n > uint64(d.streams[of].left()) {
		d.fail(fmt.Errorf("stream %d: it claims %d elements", stream, n))
		return 0
	}
	return int(n)
}

func (d *decoder) float(stream int) float64 {
	s := &d.streams[stream]
	if d.err != nil || s.left() < 8 {
		d.fail(fmt.Errorf("stream %d: it ends in a number", stream))
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(s.b[s.at:]))
	s.at += 8
	if math.IsNaN(v) || math.IsInf(v, 0) {
		d.fail(fmt.Errorf("stream %d: %v is no sample", stream, v))
	}
	return v
}

func (d *decoder) sum(stream int) Sum { return Sum{Hi: d.int(stream), Lo: d.uint(stream)} }

func (d *decoder) string(stream int) string {
	at := d.uint(stream)
	if at >= uint64(len(d.strings)) {
		d.fail(fmt.Errorf("stream %d: there is no string %d", stream, at))
		return ""
	}
	return d.strings[at]
}

// floatsSize is what a series takes of its stream, maxSetSize more tags than
// any sample has.
const (
	floatsSize = 3 * 8
	maxSetSize = 1 << 12
)

func (d *decoder) series(s *Series, started int64) {
	s.Metric = d.string(streamKeys)
	n := d.length(streamKeys, streamKeys)
	if n > maxSetSize {
		d.fail(fmt.Errorf("a series has %d tags", n))
		return
	}
	tags := make([]Tag, n)
	for i := range tags {
		tags[i] = Tag{d.string(streamKeys), d.string(streamKeys)}
		d.text += len(tags[i].Name) + len(tags[i].Value)
	}
	if d.text > maxText {
		d.fail(errors.New("its tags need more memory than k6report gives them"))
	}
	if d.err != nil {
		return
	}
	s.Tags = NewTagSet(tags...)
	s.Count = d.uint(streamStats)
	s.Nonzero = d.uint(streamStats)
	s.Outside = d.uint(streamStats)
	s.Sum = d.sum(streamStats)
	s.Min = d.float(streamFloats)
	s.Max = d.float(streamFloats)
	s.Latest = Point{d.int(streamLatest) + started, d.float(streamFloats)}
	switch k := d.uint(streamSketches); k {
	case 0:
	case FineBits:
		s.Sketch = d.sketch(FineBits, streamBins, streamBinCounts)
	default:
		d.fail(fmt.Errorf("a sketch keeps %d bits", k))
	}
	d.windows(s)
}

func (d *decoder) windows(s *Series) {
	n := d.length(streamWindows, streamWindowCounts)
	unit, mean := d.uint(streamWindows), int64(0)
	if unit > 0 {
		sum, fits := s.Sum.in(unit)
		if !fits || s.Count == 0 || s.Count > maxCount {
			d.fail(fmt.Errorf("a series has no mean in units of %d", unit))
			return
		}
		mean = sum / int64(s.Count)
	}
	if n > maxWindows {
		d.fail(fmt.Errorf("a series has %d windows", n))
	}
	if d.err != nil {
		return
	}
	if n > 0 {
		s.Windows = make([]Window, n)
	}
	last := int64(0)
	for i := range s.Windows {
		w := &s.Windows[i]
		last += d.int(streamWindows)
		w.Index = last
		w.Count = d.uint(streamWindowCounts)
		if unit == 0 {
			w.Sum = d.sum(streamWindowSums)
			continue
		}
		w.Sum = sumOf(d.packed(packedWindows)+int64(w.Count)*mean, unit)
	}
}

func (d *decoder) sketch(k int, bins, counts int) *Sketch {
	s := NewSketch(k)
	s.low, s.zero, s.high = d.uint(counts), d.uint(counts), d.uint(counts)
	s.neg = d.bank(bins, counts, s.bits)
	s.pos = d.bank(bins, counts, s.bits)
	return s
}

// bank reads the bins of one sign. They are many: it is done without uint, and with
// what it fills on the stack.
func (d *decoder) bank(bins, counts int, k uint8) bank {
	var b bank
	n := d.length(bins, bins)
	if d.bins.Add(int64(n)) > maxBins {
		d.fail(fmt.Errorf("its sketches need more memory than k6report gives them"))
	}
	if d.err != nil || n == 0 {
		return b
	}
	b.room(n)
	last, bin := uint64(binOf(maxMagnitude/2, k)+1<<k), uint64(0)
	var near neighbours
	for i := range n {
		step, ok := d.streams[bins].short()
		if !ok {
			step = d.longUint(bins)
		}
		bin += step
		if bin >= last || step > last || i > 0 && step == 0 {
			d.fail(fmt.Errorf("a sketch has a bin that can't be"))
			return b
		}
		of := counts + near.context()
		count, ok := d.streams[of].short()
		if !ok {
			count = d.longUint(of)
		}
		b.push(uint32(bin), count)
		near.next(count)
	}
	return b
}
