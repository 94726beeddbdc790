package run_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"k6report/internal/run"
)

func decode(t fataler, snapshot []byte) *run.Run {
	t.Helper()
	r, err := run.Decode(bytes.NewReader(snapshot))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return r
}

// TestRoundTrip decodes what Merge's test draws to equal bytes, also after
// another Merge.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		w, events := draw(t, rng)
		r := w.build(events)
		want := encode(t, r)
		back := decode(t, want)
		if !bytes.Equal(encode(t, back), want) {
			t.Fatalf("another run comes back: %s", difference(r, back))
		}
		if merged := run.Merge(back); !bytes.Equal(encode(t, merged), want) {
			t.Fatalf("a merge of one changes it: %s", difference(r, merged))
		}
	})
}

// TestManyRows: they are read by several goroutines, each of which begins in the
// middle of the streams.
func TestManyRows(t *testing.T) {
	run.ReadRowsAtOnce(t, 1)
	b := run.NewBuilder(run.Options{})
	feed(b, load{seed: 3, duration: time.Minute, rate: 100, endpoints: 8, components: true})
	r := b.Finish()
	if n := len(r.Requests.Tables); n < 8 {
		t.Fatalf("the run has %d tables", n)
	}
	want := encode(t, r)
	if back := decode(t, want); !bytes.Equal(encode(t, back), want) {
		t.Errorf("another run comes back: %s", difference(r, back))
	}
	payload, err := run.EncodePayload(r)
	if err != nil {
		t.Fatal(err)
	}
	head, all := cutStreams(t, payload)
	for at := run.StreamRows; at < run.Streams; at++ {
		if len(all[at]) == 0 {
			continue
		}
		shorter := slices.Clone(all)
		shorter[at] = shorter[at][:len(shorter[at])/2]
		if _, err := run.DecodePayload(joinStreams(head, shorter)); err == nil {
			t.Errorf("half of stream %d is missed by nobody", at)
		}
	}
}

// TestRowsOfMeans: where no request has times of the server, a block comes back with
// one row that says the same of all its requests; where one has, with all of them.
func TestRowsOfMeans(t *testing.T) {
	for _, components := range []bool{false, true} {
		b := run.NewBuilder(run.Options{})
		feed(b, load{seed: 3, duration: time.Minute, rate: 100, endpoints: 2, components: components})
		r := b.Finish()
		back := decode(t, encode(t, r))
		for i, table := range r.Requests.Tables {
			for j, block := range table.Blocks {
				want := block.Rows
				if !components {
					var all run.Row
					sums := make([]int64, len(run.ClientColumns()))
					for k, row := range block.Rows.List {
						all.Count += row.Count
						all.Total += row.Total
						for column, sum := range block.Rows.SumsOf(k) {
							sums[column] += sum
						}
					}
					all.Bin = run.RowOf(float64(all.Total) / float64(all.Count) / 1000)
					for len(sums) > 0 && sums[len(sums)-1] == 0 {
						sums = sums[:len(sums)-1]
					}
					want = run.Rows{List: []run.Row{all}, Sums: sums, Width: len(sums)}
				}
				if got := back.Requests.Tables[i].Blocks[j].Rows; !reflect.DeepEqual(got, want) {
					t.Fatalf("components %t, table %d, block %d: %+v, want %+v", components, i, j, got, want)
				}
			}
		}
	}
}

// Sums that cancel out take no room: a column that only they use is not there the
// second time either.
func TestMeansThatCancelOut(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	feed(b, load{seed: 3, duration: 4 * time.Second, rate: 20, endpoints: 1})
	r := b.Finish()
	r.Requests.Columns = append(r.Requests.Columns, "a", "b")
	rows := &r.Requests.Tables[0].Blocks[0].Rows
	if len(rows.List) < 2 {
		t.Fatalf("there are %d rows", len(rows.List))
	}
	wide := run.Rows{List: rows.List, Sums: make([]int64, 8*len(rows.List)), Width: 8}
	for i := range rows.List {
		copy(wide.SumsOf(i), rows.SumsOf(i))
	}
	for i, sum := range []int64{5, -5} {
		wide.SumsOf(i)[7] = sum
	}
	*rows = wide
	first := encode(t, r)
	if !bytes.Equal(encode(t, decode(t, first)), first) {
		t.Error("a decoded run has two encodings")
	}
}

// Series and distributions of tables are read at the same time, and share what they
// may take.
func TestSketchesShareTheirRoom(t *testing.T) {
	payload, err := run.EncodePayload(small())
	if err != nil {
		t.Fatal(err)
	}
	for most, refused := range map[int]bool{run.BinsOf(small()): false, run.BinsOf(small()) - 1: true} {
		run.BoundBins(t, most)
		if _, err := run.DecodePayload(payload); (err != nil) != refused {
			t.Errorf("at most %d bins: %v", most, err)
		}
	}
}

// cutStreams takes a payload apart, joinStreams puts it together.
func cutStreams(t *testing.T, payload []byte) (head []byte, all [][]byte) {
	t.Helper()
	next := func() []byte {
		n, size := binary.Uvarint(payload)
		s := payload[size : size+int(n)]
		payload = payload[size+int(n):]
		return s
	}
	head = next()
	for range run.Streams {
		all = append(all, next())
	}
	return head, all
}

func joinStreams(head []byte, all [][]byte) []byte {
	payload := append(binary.AppendUvarint(nil, uint64(len(head))), head...)
	for _, s := range all {
		payload = append(binary.AppendUvarint(payload, uint64(len(s))), s...)
	}
	return payload
}

// small is a run with some of everything.
func small() *run.Run {
	b := run.NewBuilder(run.Options{Dimensions: []string{"tenant"}})
	feed(b, load{seed: 1, duration: 4 * time.Second, rate: 20, endpoints: 2, components: true})
	b.Define(run.Metric{Name: "vus", Type: run.Gauge, Thresholds: []string{"value<5"}})
	b.Series(b.Metric("vus"), b.Tags(nil)).Add(epoch, 3)
	b.Series(b.Metric("far"), b.Tags(nil)).Add(epoch, -1e13)
	b.Series(b.Metric("far"), b.Tags(nil)).Add(epoch, 1<<39)
	b.Label("commit", "abc")
	b.Source(run.Source{Name: "x.json", Format: "k6-json", Lines: 5, Samples: 4, Skipped: 1})
	b.Problem(run.Problem{Code: "bad_line", Source: "x.json", Line: 3, Message: "it is bad", Count: 1})
	b.SetPlan(&run.Plan{Scenarios: []run.Scenario{{Name: "default", Executor: "constant-vus", VUs: 3}}})
	b.SetReported(&run.Reported{Metrics: []run.ReportedMetric{{Name: "vus", Values: []run.ReportedValue{{Name: "value", Value: 3}}}}})
	b.SetExecution(&run.Execution{K6Version: "v1.8.1", ExitCode: 99})
	return b.Finish()
}

// TestKnowledgeComesBack: what is in the head, none of which Merge's test has.
func TestKnowledgeComesBack(t *testing.T) {
	r := small()
	back := decode(t, encode(t, r))
	for _, pair := range [][2]any{{*r.Plan, *back.Plan}, {*r.Reported, *back.Reported}, {*r.Execution, *back.Execution}, {r.ID, back.ID}} {
		if a, b := fmt.Sprint(pair[0]), fmt.Sprint(pair[1]); a != b {
			t.Errorf("%s became %s", a, b)
		}
	}
	merged := run.Merge(r, back)
	for _, p := range merged.Problems {
		if strings.HasPrefix(p.Code, "several_") {
			t.Errorf("a run and its snapshot contradict each other: %s", p.Code)
		}
	}
}

// TestNoTextNoLoss: names that aren't UTF-8 are legal file names, and tags of
// other readers.
func TestNoTextNoLoss(t *testing.T) {
	b := run.NewBuilder(run.Options{Dimensions: []string{"\xff"}})
	b.Define(run.Metric{Name: "m\xff", Thresholds: []string{"\xff"}, Submetrics: []run.Submetric{{Name: "m\xff{a:\xff}", Tags: []run.Tag{tag("a", "\xff")}}}})
	for i, value := range []string{"\xff", "\xfe", "\xff\xfe", "\uFFFD", "<&>\u2028\""} {
		tags := b.Tags([]run.Tag{tag("name", value)})
		b.Series(b.Metric("m\xff"), tags).Add(epoch, float64(i))
		b.Join(b.AddRequest("http", tags, &run.Request{Start: epoch, Total: 1, Duration: 1}), "j\xff", 1, true)
	}
	b.Source(run.Source{Name: "\xff.json"})
	b.Label("l\xff", "\xff")
	b.Problem(run.Problem{Code: "c", Source: "\xff.json", Message: "\xff"})
	r := b.Finish()
	if n := r.Select("m\uFFFD", nil).Count; n != 5 {
		t.Errorf("%d of 5 samples are left", n)
	}
	want := encode(t, r)
	if !bytes.Equal(encode(t, decode(t, want)), want) {
		t.Error("another run comes back")
	}
}

// The parts of a snapshot's header.
const (
	versionAt  = 8
	checksumAt = 9
	bodyAt     = 13
	payloadAt  = 21
)

// sealed makes the checksum right.
func sealed(snapshot []byte) []byte {
	sum := crc32.Checksum(snapshot[bodyAt:], crc32.MakeTable(crc32.Castagnoli))
	binary.LittleEndian.PutUint32(snapshot[checksumAt:], sum)
	return snapshot
}

// packed makes a snapshot of a payload.
func packed(t testing.TB, payload []byte) []byte {
	t.Helper()
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	out := append([]byte(run.MagicPrefix+"\x01"), 0, 0, 0, 0)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(payload)))
	return sealed(packer.EncodeAll(payload, out))
}

// unpacked is the payload of a snapshot.
func unpacked(t testing.TB, snapshot []byte) []byte {
	t.Helper()
	unpacker, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unpacker.Close()
	payload, err := unpacker.DecodeAll(snapshot[payloadAt:], nil)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestDecodeRefuses(t *testing.T) {
	good := encode(t, small())
	changed := func(at int, to byte) []byte {
		c := bytes.Clone(good)
		c[at] = to
		return c
	}
	tests := []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"nothing", nil, "not a k6report snapshot"},
		{"another format", []byte(`{"type":"Metric"} and more of it`), "not a k6report snapshot"},
		{"half a magic", good[:5], "not a k6report snapshot"},
		{"a changed magic", changed(3, 'x'), "not a k6report snapshot"},
		{"a newer version", changed(versionAt, 2), "update k6report"},
		{"no version", changed(versionAt, 0), "damaged"},
		{"no more than a header", good[:payloadAt-1], "cut off"},
		{"a header alone", good[:payloadAt], "checksum"},
		{"one byte less", good[:len(good)-1], "checksum"},
		{"one byte more", append(bytes.Clone(good), 0), "checksum"},
		{"a payload larger than any", sealed(func() []byte {
			c := bytes.Clone(good)
			binary.LittleEndian.PutUint64(c[bodyAt:], 1<<62)
			return c
		}()), "larger than"},
		{"another length", sealed(changed(bodyAt, good[bodyAt]+1)), "where it claims"},
		{"no zstd", sealed(append(bytes.Clone(good[:payloadAt]), "no frame"...)), "unpack"},
		{"no head", packed(t, nil), "too early"},
		{"an empty head", packed(t, append([]byte{2}, "{}"...)), "too early"},
		{"a head of nothing", packed(t, append(append([]byte{2}, "{}"...), make([]byte, 200)...)), "no id|too many"},
		{"more streams", packed(t, append(unpacked(t, good), 0)), "too many"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := run.Decode(bytes.NewReader(test.bytes))
			if err == nil {
				t.Fatal("it is read")
			}
			for _, want := range strings.Split(test.want, "|") {
				if strings.Contains(err.Error(), want) {
					return
				}
			}
			t.Errorf("the error is %q, it lacks %q", err, test.want)
		})
	}
}

// TestDecodeRefusesDamage cuts a snapshot, flips bits of it, and cuts its
// payload too, where no checksum helps.
func TestDecodeRefusesDamage(t *testing.T) {
	good := encode(t, small())
	for n := 0; n < len(good); n += 1 + n/64 {
		if _, err := run.Decode(bytes.NewReader(good[:n])); err == nil {
			t.Fatalf("%d of %d bytes are read as a run", n, len(good))
		}
	}
	for at := 0; at < len(good); at += 1 + at/64 {
		c := bytes.Clone(good)
		c[at] ^= 1 << (at % 8)
		if _, err := run.Decode(bytes.NewReader(c)); err == nil {
			t.Fatalf("a changed byte %d goes unseen", at)
		}
	}
	payload := unpacked(t, good)
	for n := 0; n < len(payload); n += 1 + n/256 {
		if _, err := run.DecodePayload(payload[:n]); err == nil {
			t.Fatalf("%d of %d bytes of payload are read as a run", n, len(payload))
		}
	}
}

// TestDecodeIsBounded gives claims that no content stands behind: Decode may
// take a multiple of the bytes of a payload, never what they claim.
func TestDecodeIsBounded(t *testing.T) {
	head := func(text string) []byte {
		return append(binary.AppendUvarint(nil, uint64(len(text))), text...)
	}
	stream := func(n int, b byte) []byte {
		return append(binary.AppendUvarint(nil, uint64(n)), bytes.Repeat([]byte{b}, n)...)
	}
	same := func(n int, b byte) []byte { return bytes.Repeat(stream(n, b), run.Streams) }
	const start = `{"id":"x","window_length":1000000000,"block_length":1000000000,"strings":["a"],`
	const table = `{"protocol":"p","name":"n","blocks":200000,"width":24}`
	longValue := `{"id":"x","window_length":1000000000,"series":1,"strings":["` + strings.Repeat("x", 2<<20) + `"`
	keys := []byte{0, 126} // a metric, and as many tags
	for i := range byte(126) {
		longValue += fmt.Sprintf(`,"a%d"`, i)
		keys = append(keys, i+1, 0)
	}
	longValue += `]}`
	const long = `{"protocol":"p","name":"n","blocks":3000000,"width":24}`
	tests := []struct {
		name    string
		payload []byte
	}{
		{"objects", head(start + `"metrics":[{}` + strings.Repeat(",{}", 1<<20) + `]}`)},
		{"nulls", head(start + `"metrics":[null` + strings.Repeat(",null", 1<<20) + `]}`)},
		{"text", head(start + `"labels":[{"name":"` + strings.Repeat("x", 33<<20) + `"}]}`)},
		{"series", append(head(start+`"series":4611686018427387904}`), same(1000, 0)...)},
		{"negative series", append(head(start+`"series":-1}`), same(1000, 0)...)},
		{"series of zeros", append(head(start+`"series":40000}`), same(1<<17, 0)...)},
		{"long sets", append(head(start+`"series":40000}`), same(1<<17, 0xff)...)},
		{"large numbers", append(head(start+`"series":40000}`), same(1<<17, 0x7f)...)},
		{"many blocks", append(head(start+`"series":0,"tables":[`+table+strings.Repeat(","+table, 20000)+`]}`), same(1<<17, 1)...)},
		{"heads without end", slices.Concat(head(start+`"series":0,"tables":[`+long+strings.Repeat(","+long, 9)+`]}`),
			bytes.Repeat(stream(0, 0), run.StreamBlocks), stream(16<<20, 0), bytes.Repeat(stream(0, 0), run.Streams-1-run.StreamBlocks))},
		{"blocks without rows", append(head(start+`"series":0,"tables":[`+strings.Replace(table, "200000", "120", 1)+`]}`), same(1<<14, 0)...)},
		{"a long value", slices.Concat(head(longValue), head(string(keys)), bytes.Repeat(stream(1<<10, 0), run.Streams-1))},
		{"wide rows", append(head(start+`"series":0,"tables":[`+strings.Replace(table, "200000", "120", 1)+`]}`), same(1<<17, 0x7f)...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := run.DecodePayload(test.payload)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it is read as a run")
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(16*len(test.payload)+1<<20) {
				t.Errorf("%d MB are allocated for a payload of %d MB", used>>20, len(test.payload)>>20)
			}
		})
	}
}

// TestEncodeRefuses a run that could not be read again.
func TestEncodeRefuses(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	b.Label("l", strings.Repeat("x", 33<<20))
	if err := run.Encode(&bytes.Buffer{}, b.Finish()); err == nil {
		t.Error("a head that Decode refuses is written")
	}
	b = run.NewBuilder(run.Options{})
	b.SetReported(&run.Reported{Metrics: []run.ReportedMetric{{Values: []run.ReportedValue{{Value: math.NaN()}}}}})
	if err := run.Encode(&bytes.Buffer{}, b.Finish()); err == nil {
		t.Error("a number that JSON doesn't have is written")
	}
}

// FuzzDecode holds to it that whatever Decode takes is sound, has one encoding,
// and can be merged and asked.
func FuzzDecode(f *testing.F) {
	run.ReadRowsAtOnce(f, 1) // several goroutines, also for little
	payload := func(t testing.TB, r *run.Run) []byte {
		t.Helper()
		p, err := run.EncodePayload(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	f.Add(payload(f, small()))
	f.Add(payload(f, run.NewBuilder(run.Options{}).Finish()))
	b := run.NewBuilder(run.Options{})
	for i := range 70 {
		b.Series(b.Metric("m"), b.Tags([]run.Tag{tag("a", i)})).Add(int64(i-35)*1e15, math.Ldexp(-1.5, i-32))
	}
	f.Add(payload(f, b.Finish()))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := run.DecodePayload(data)
		if err != nil {
			return
		}
		first := payload(t, r)
		again, err := run.DecodePayload(first)
		if err != nil {
			t.Fatalf("a decoded run can't be read again: %v", err)
		}
		if !bytes.Equal(payload(t, again), first) {
			t.Error("a decoded run has two encodings")
		}
		if err := run.Merge(r).Check(); err != nil {
			t.Errorf("a merge of a sound run is not sound: %v", err)
		}
		for _, m := range r.Metrics {
			sel := r.Select(m.Name, nil)
			if q, ok := sel.Quantile(0.5); ok && (q < sel.Min || q > sel.Max) {
				t.Errorf("the median %v of %s is outside %v to %v", q, m.Name, sel.Min, sel.Max)
			}
			if _, ok := sel.Mean(); ok && sel.Outside > 0 {
				t.Errorf("%s has a mean of a part of its samples", m.Name)
			}
		}
	})
}
