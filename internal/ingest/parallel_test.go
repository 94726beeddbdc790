package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"k6report/internal/k6gen"
)

// madeUp is a run of k6gen with a server's times.
func madeUp(t testing.TB, requests int) []byte {
	t.Helper()
	var b bytes.Buffer
	_, err := k6gen.Write(&b, k6gen.Options{
		Seed: 3, Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Duration: time.Duration(requests) * 10 * time.Millisecond, Rate: 100, Endpoints: 12, Components: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// firstLines cuts data after n lines.
func firstLines(data []byte, n int) []byte {
	return bytes.Join(bytes.SplitAfterN(data, []byte("\n"), n+1)[:n], nil)
}

// TestWorkersChangeNothing: the same bytes for any number of goroutines, with
// borders of segments inside requests, inside lines, and between requests and
// the server's times of them; and for gzip.
func TestWorkersChangeNothing(t *testing.T) {
	t.Parallel()
	inputs := []struct {
		name  string
		data  []byte
		sizes []int64
	}{
		{"real", firstLines(realRun(t), 5000), []int64{50_000, 1 << 19}},
		{"real, short", firstLines(realRun(t), 400), []int64{40, 150, 700, 1013}},
		{"made up", madeUp(t, 1000), []int64{60_011, 1 << 19}},
		{"made up, short", madeUp(t, 12), []int64{7, 250, 997}},
	}
	for _, in := range inputs {
		want := encoded(t, read(t, Options{}, Source{Name: "x", Reader: bytes.NewReader(in.data)}))
		for _, size := range in.sizes {
			for _, workers := range []int{1, 2, 7} {
				if testing.Short() && workers == 1 && len(in.data) > 1<<20 {
					continue
				}
				got := encoded(t, read(t, Options{Workers: workers, segmentSize: size}, Source{Name: "x", Reader: newFile(in.data)}))
				if !bytes.Equal(want, got) {
					t.Errorf("%s: %d workers on segments of %d bytes give another run than a stream", in.name, workers, size)
				}
			}
		}
		zipped := packed(t, in.data)
		for _, r := range []io.Reader{bytes.NewReader(zipped), newFile(zipped)} {
			if got := encoded(t, read(t, Options{Workers: 2}, Source{Name: "x", Reader: r})); !bytes.Equal(want, got) {
				t.Errorf("%s: gzip gives another run than plain text", in.name)
			}
		}
	}
}

// TestAnyCutInAnyOrder cuts a run into two to four files and gives them in any
// order, under names that say nothing.
func TestAnyCutInAnyOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"real", "made up"} {
		data, rounds := map[string][]byte{"real": firstLines(realRun(t), 1200), "made up": madeUp(t, 60)}[name], 150
		if testing.Short() {
			rounds = 20
		}
		lines := bytes.SplitAfter(data, []byte("\n"))
		want := read(t, Options{}, Source{Name: "x", Reader: bytes.NewReader(data)})
		for round := range rounds {
			within, shortest := len(lines), 36
			if round%3 == 0 {
				within, shortest = 60, 1 // several cuts in the same few requests
			}
			pieces := cutAt(rng, lines, 1+rng.IntN(3), within, shortest)
			var sources []Source
			for i, at := range rng.Perm(len(pieces)) {
				sources = append(sources, Source{Name: fmt.Sprintf("%d.json", i), Reader: bytes.NewReader(pieces[at])})
			}
			sameButSources(t, want, read(t, Options{}, sources...))
			if t.Failed() {
				for _, s := range pieces {
					t.Logf("%d lines from %+v", bytes.Count(s, []byte("\n")), jsonStart(s[:min(len(s), headSize)]))
				}
				t.Fatalf("%s, round %d: %d pieces", name, round, len(pieces))
			}
		}
	}
}

// cutAt cuts lines at random places among the first ones, into pieces that are
// not shorter than given.
func cutAt(rng *rand.Rand, lines [][]byte, cuts, within, shortest int) [][]byte {
	places := map[int]bool{}
	for range cuts {
		places[1+rng.IntN(within-2)] = true
	}
	var pieces [][]byte
	var piece []byte
	begun := 0
	for i, line := range lines {
		if places[i] && i-begun >= shortest {
			pieces = append(pieces, piece)
			piece, begun = nil, i
		}
		piece = append(piece, line...)
	}
	return append(pieces, piece)
}

// TestProgressCountsTheSource: what is reported adds up to the size of the
// source as it is.
func TestProgressCountsTheSource(t *testing.T) {
	data := firstLines(realRun(t), 1000)
	for _, b := range [][]byte{data, packed(t, data)} {
		for _, size := range []int64{0, 5000} {
			done := make(chan int64, 1)
			done <- 0
			o := Options{Workers: 2, segmentSize: size, Progress: func(n int64) { done <- n + <-done }}
			read(t, o, Source{Name: "x", Reader: newFile(b)})
			if got := <-done; got != int64(len(b)) {
				t.Errorf("segments of %d: %d bytes were reported, the file has %d", size, got, len(b))
			}
		}
	}
}

// TestCancel: reading ends with its context, also on a pipe that has nothing
// to give.
func TestCancel(t *testing.T) {
	fifo, w := io.Pipe()
	defer w.Close()
	begun := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(begun)
		if _, err := io.WriteString(w, aPoint("x", aTime, "1", `{}`)); err != nil {
			t.Error(err)
		}
	}()
	go func() {
		<-begun
		cancel()
	}()
	if _, err := Read(ctx, []Source{{Name: "-", Reader: fifo}}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("reading a pipe without an end: %v, want %v", err, context.Canceled)
	}

	ctx, cancel = context.WithCancel(t.Context())
	data := realRun(t)
	o := Options{Workers: 2, segmentSize: 10_000, Progress: func(int64) { cancel() }}
	if _, err := Read(ctx, []Source{{Name: "x", Reader: newFile(data)}}, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled on the way: %v, want %v", err, context.Canceled)
	}
}

// TestPipe reads a named pipe, whose size nobody knows.
func TestPipe(t *testing.T) {
	data := realRun(t)
	path := filepath.Join(t.TempDir(), "pipe")
	makePipe(t, path)
	go func() {
		if err := os.WriteFile(path, data, 0); err != nil {
			t.Error(err)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := encoded(t, read(t, Options{}, Source{Name: "x", Reader: bytes.NewReader(data)}))
	if got := encoded(t, read(t, Options{Workers: 2}, Source{Name: "x", Reader: f})); !bytes.Equal(want, got) {
		t.Error("a named pipe gives another run than a file")
	}
}
