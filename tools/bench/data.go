package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"k6report/internal/atomicfile"
	"k6report/internal/k6gen"
)

const (
	perRequest    = 9   // samples of a request; with the server's times twice as many
	bytesPerPoint = 264 // about
	rate          = 600 // requests per second
)

// The runs' sizes, in samples.
const (
	tenthGB = 400_000
	mainRun = 3_200_000
	oneGB   = 4_000_000
	eightGB = 31_000_000
)

// wanted are the options of a run of about so many samples, at a constant rate:
// a larger run is a longer one. 9 series an endpoint.
func (h *harness) wanted(points float64, endpoints int) k6gen.Options {
	return h.during(points/perRequest/rate, rate, endpoints)
}

// during are the options of a run of so many seconds, before scaling.
func (h *harness) during(seconds, rate float64, endpoints int) k6gen.Options {
	return k6gen.Options{
		Seed: h.seed, Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Duration: time.Duration(math.Ceil(seconds*h.scale)) * time.Second,
		Rate:     rate, Endpoints: endpoints, NoFailures: true,
	}
}

// points is how many samples a run of wanted has.
func points(o k6gen.Options) int64 {
	if o.Components {
		return o.Requests() * 2 * perRequest
	}
	return o.Requests() * perRequest
}

// input returns the file of a run, and its size. It is made up unless it is
// there already, and in the page cache; see warm.
func (h *harness) input(ctx context.Context, o k6gen.Options) (name string, size int64, err error) {
	name = filepath.Join(h.dir, fmt.Sprintf("run-%d-points-%d-endpoints-seed-%d.%s", points(o), o.Endpoints, o.Seed, extension(o)))
	if !upToDate(name, o) {
		fmt.Fprintf(h.log, "making up %s\n", filepath.Base(name))
		if err := h.room(points(o)); err != nil {
			return "", 0, err
		}
		f, err := atomicfile.Create(ctx, name)
		if err != nil {
			return "", 0, err
		}
		_, err = k6gen.Write(f, o)
		if err := commit(f, err); err != nil {
			return "", 0, fmt.Errorf("make up a run: %w", err)
		}
	}
	size, err = warm(name)
	return name, size, err
}

func extension(o k6gen.Options) string {
	switch {
	case o.CSV:
		return "csv"
	case o.Components:
		return "components.json"
	default:
		return "json"
	}
}

// upToDate reports whether a file begins as the run would: its name tells the
// options, its first second whether the generator is still the same. It is whole
// because it got its name after its last byte.
func upToDate(name string, o k6gen.Options) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var want bytes.Buffer
	o.Duration = time.Second
	if _, err := k6gen.Write(&want, o); err != nil {
		return false
	}
	got := make([]byte, want.Len())
	_, err = io.ReadFull(f, got)
	return err == nil && bytes.Equal(got, want.Bytes())
}

// compressed returns the gzip of a file, as k6 writes it, and its size.
func (h *harness) compressed(ctx context.Context, name string) (string, int64, error) {
	zipped := name + ".gz"
	from, err := os.Stat(name)
	if err != nil {
		return "", 0, fmt.Errorf("compress a run: %w", err)
	}
	if to, err := os.Stat(zipped); err != nil || to.ModTime().Before(from.ModTime()) {
		fmt.Fprintf(h.log, "making up %s\n", filepath.Base(zipped))
		if err := compress(ctx, zipped, name); err != nil {
			return "", 0, fmt.Errorf("compress a run: %w", err)
		}
	}
	size, err := warm(zipped)
	return zipped, size, err
}

func compress(ctx context.Context, to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := atomicfile.Create(ctx, to)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	_, err = io.Copy(z, in)
	return commit(f, errors.Join(err, z.Close()))
}

// commit gives a file its name unless writing it failed.
func commit(f *atomicfile.File, err error) error {
	if err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Commit()
}

// warm reads a file, so that the next one to do so finds it in memory. It is taken
// out of memory first: the pieces in which it lies there depend on how it came, and
// small ones take longer, for every program.
func warm(name string) (size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("read a run: %w", err)
	}
	defer f.Close()
	if err := forget(f); err != nil {
		return 0, fmt.Errorf("take a run out of the page cache: %w", err)
	}
	// Without WriteTo and ReadFrom, which could leave the bytes where they are.
	size, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	if err != nil {
		return 0, fmt.Errorf("read a run: %w", err)
	}
	return size, nil
}

var errNoRoom = errors.New("not enough room on the disk")

// room checks that a run fits, with a gigabyte to spare.
func (h *harness) room(points int64) error {
	free, known := freeBytes(h.dir)
	need := int64(float64(points)*bytesPerPoint*1.05 + 1e9*min(h.scale, 1))
	if known && free < need {
		return fmt.Errorf("%w: %.1f GB in %s, and %.1f GB are free", errNoRoom, float64(need)/1e9, h.dir, float64(free)/1e9)
	}
	return nil
}
