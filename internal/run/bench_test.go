package run_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"k6report/internal/run"
)

func times(n int) []float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, n)
	for i := range values {
		values[i] = 5 * rng.ExpFloat64()
	}
	return values
}

func BenchmarkSketchAdd(b *testing.B) {
	values := times(1 << 12)
	s := run.NewSketch(run.FineBits)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Add(values[i%len(values)])
	}
}

func BenchmarkSketchMerge(b *testing.B) {
	from, to := sketchOf(run.FineBits, times(100_000)), run.NewSketch(run.FineBits)
	b.ReportAllocs()
	for b.Loop() {
		to.Merge(from)
	}
}

// BenchmarkMergeSketches adds up a block of time of twenty endpoints.
func BenchmarkMergeSketches(b *testing.B) {
	var parts []*run.Sketch
	for i := range 20 {
		parts = append(parts, sketchOf(run.BlockBits, times(1000*(i+1))))
	}
	b.ReportAllocs()
	for b.Loop() {
		run.MergeSketches(run.BlockBits, parts)
	}
}

func BenchmarkSeriesAdd(b *testing.B) {
	values := times(1 << 12)
	builder := run.NewBuilder(run.Options{})
	s := builder.Series(builder.Metric("d"), builder.Tags(nil))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Add(epoch+int64(i)*1e6, values[i%len(values)])
	}
}

func BenchmarkAddRequest(b *testing.B) {
	values := times(1 << 12)
	builder := run.NewBuilder(run.Options{})
	var endpoints []*run.Tags
	for i := range 20 {
		endpoints = append(endpoints, builder.Tags([]run.Tag{tag("name", i)}))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v := values[i%len(values)]
		builder.AddRequest("http", endpoints[i%len(endpoints)], &run.Request{
			Start: epoch + int64(i)*2e6, Duration: v, Parts: [6]float64{0.002, 0, 0, 0.02, v - 0.1, 0.08},
		})
	}
}

// minutes is five minutes of 20 endpoints with components.
func minutes() *run.Run {
	b := run.NewBuilder(run.Options{})
	feed(b, load{seed: 1, duration: 5 * time.Minute, rate: 200, endpoints: 20, components: true})
	return b.Finish()
}

func BenchmarkEncode(b *testing.B) {
	r := minutes()
	b.ReportAllocs()
	for b.Loop() {
		if err := run.Encode(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var snapshot bytes.Buffer
	if err := run.Encode(&snapshot, minutes()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(snapshot.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run.Decode(bytes.NewReader(snapshot.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAbsorb puts together what two goroutines read of 20 endpoints.
func BenchmarkAbsorb(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		var read [2]*run.Builder
		for i := range read {
			read[i] = run.NewBuilder(run.Options{})
			feed(read[i], load{seed: uint64(i + 1), duration: time.Minute, rate: 500, endpoints: 20, components: true})
		}
		b.StartTimer()
		read[0].Absorb(read[1])
	}
}
