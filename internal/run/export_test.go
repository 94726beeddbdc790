package run

import "maps"

// DecodePayload and EncodePayload are a snapshot without header and zstd, whose
// own code a fuzzer would spend its time on.
func DecodePayload(payload []byte) (*Run, error) {
	r, err := decodePayload(payload)
	if err != nil {
		return nil, err
	}
	return r, r.Check()
}

func EncodePayload(r *Run) ([]byte, error) { return encodePayload(r) }

// Streams is how many streams a payload has.
const Streams = streams

// StreamBlocks is the place of the one that holds the heads of blocks.
const StreamBlocks = streamBlocks

// WithRoom is withRoom.
func WithRoom(list []int) []int { return withRoom(list) }

// Longer is longer.
func Longer(list []int, n int) []int { return longer(list, n) }

// ReadRowsAtOnce makes each goroutine of Decode read so many rows and about a table,
// until the test ends.
func ReadRowsAtOnce(t interface{ Cleanup(func()) }, n int) {
	was := rowsAtOnce
	rowsAtOnce = n
	t.Cleanup(func() { rowsAtOnce = was })
}

// StreamRows is the place of the one with the bins of rows.
const StreamRows = streamRows

// BoundBins has Decode take at most n bins of sketches, until the test ends.
func BoundBins(t interface{ Cleanup(func()) }, n int) {
	was := maxBins
	maxBins = int64(n)
	t.Cleanup(func() { maxBins = was })
}

// BinsOf is how many bins the sketches of a run have.
func BinsOf(r *Run) int {
	n := 0
	count := func(s *Sketch) {
		if s != nil {
			for range s.pos.ascending() {
				n++
			}
			for range s.neg.ascending() {
				n++
			}
		}
	}
	for _, s := range r.Series {
		count(s.Sketch)
	}
	for _, t := range r.Requests.Tables {
		for _, b := range t.Blocks {
			count(b.Durations)
		}
	}
	return n
}

// Recounted reports whether what a Builder keeps count of is what its tables hold.
func Recounted(b *Builder) bool {
	r := &b.requests
	r.flush()
	var held size
	blocks := make(map[int64]struct{})
	for _, t := range r.tables {
		for i := range t.blocks {
			held.rows += len(t.blocks[i].rows.List)
			for range t.blocks[i].durations.sketch().Bins() {
				held.cells++
			}
			blocks[t.blocks[i].index] = struct{}{}
		}
	}
	return held == r.size && maps.Equal(blocks, r.blocks)
}
