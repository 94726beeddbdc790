package baseline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"k6report/internal/baseline"
	"k6report/internal/baseline/blobstest"
	"k6report/internal/needs"
	"k6report/internal/run"
)

func TestDir(t *testing.T) {
	blobstest.Run(t, func(t *testing.T) baseline.Blobs { return baseline.Dir(filepath.Join(t.TempDir(), "not", "yet")) })
}

// aRun is a run of a few requests that began at a second.
func aRun(t *testing.T, second int64) *run.Run {
	t.Helper()
	b := run.NewBuilder(run.Options{})
	b.Label("commit", "4f0c2d81")
	b.Define(run.Metric{Name: "http_reqs", Type: run.Counter})
	b.Define(run.Metric{Name: "vus_max", Type: run.Gauge})
	for _, metric := range []string{"http_reqs", "vus_max"} {
		tags := b.Tags([]run.Tag{{Name: "name", Value: "ping"}})
		s := b.Series(b.Metric(metric), tags)
		for i := range int64(5) {
			s.Add((second+i)*1e9, 1)
		}
	}
	return b.Finish()
}

func entry(t *testing.T, second int64) *baseline.Entry {
	t.Helper()
	e := baseline.NewEntry(aRun(t, second), []string{"vus_max"})
	e.Added = time.Unix(second+60, 0).UTC()
	e.Status = "passed"
	e.Values = []baseline.Value{{Metric: "http_req_duration", Endpoint: "ping", Statistic: "p(95)", Value: 12.5, Count: 5}}
	return e
}

func open(t *testing.T, dir string) *baseline.Store {
	t.Helper()
	s, err := baseline.Open(baseline.Dir(dir), "main")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEntriesComeBack(t *testing.T) {
	s := open(t, t.TempDir())
	want := entry(t, 1_700_000_000)
	if err := s.Add(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Run" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	if got.Run == nil || got.Run.ID != want.Run.ID || got.Commit != "4f0c2d81" {
		t.Errorf("the run is %+v", got.Run)
	}
	if len(got.Run.SeriesOf("vus_max")) != 1 || len(got.Run.SeriesOf("http_reqs")) != 0 {
		t.Error("the thin run has other series than those to be kept")
	}
}

func TestEntriesAreListedByTime(t *testing.T) {
	s := open(t, t.TempDir())
	var want []string
	for _, second := range []int64{1_700_000_300, 1_700_000_000, 1_700_000_200} {
		e := entry(t, second)
		want = append(want, e.ID)
		if err := s.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	if err := s.Add(t.Context(), entry(t, 1_700_000_200)); err != nil { // replaced, not doubled
		t.Fatal(err)
	}
	entries, damaged, err := s.List(t.Context())
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed are %v, want %v", got, want)
	}
}

func TestDamagedEntriesAreNamedAndPassedOver(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	whole := entry(t, 1_700_000_000)
	if err := s.Add(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "main", whole.ID+baseline.Ending))
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(content)
	flipped[len(flipped)/2] ^= 1
	newer := slices.Clone(content)
	newer[7] = 9
	for name, c := range map[string][]byte{
		"a-empty": nil, "b-cut": content[:len(content)-1], "c-flipped": flipped, "d-other": []byte("PNG"), "e-newer": newer, "f-head": content[:10],
	} {
		if err := os.WriteFile(filepath.Join(dir, "main", name+baseline.Ending), c, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "main", ".x.k6run.7.tmp"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, damaged, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].ID != whole.ID {
		t.Errorf("%d entries are left", len(entries))
	}
	wrong := map[string]string{"a-empty": "empty", "b-cut": "checksum", "c-flipped": "checksum", "d-other": "no baseline entry", "e-newer": "version 9", "f-head": "cut off"}
	if len(damaged) != len(wrong) {
		t.Errorf("damaged are %v", damaged)
	}
	for _, d := range damaged {
		id := strings.TrimSuffix(strings.TrimPrefix(d.Name, "main/"), baseline.Ending)
		if want := wrong[id]; want == "" || !strings.Contains(d.Err.Error(), want) {
			t.Errorf("%s: %v, want %q", d.Name, d.Err, want)
		}
	}
	if err := s.Remove(t.Context(), "c-flipped"); err != nil {
		t.Errorf("a damaged entry can't be removed: %v", err)
	}
}

// away is the error of a place that can't be reached.
type away struct{}

func (away) Error() string     { return "nobody answers" }
func (away) Unreachable() bool { return true }

// partly is a folder of which one blob can't be got. Where the others hang, they
// do so until nobody waits for them any more.
type partly struct {
	baseline.Dir
	blob string
	err  error
	hang bool
}

func (p partly) Get(ctx context.Context, name string) ([]byte, error) {
	switch {
	case name == p.blob:
		return nil, p.err
	case p.hang:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return p.Dir.Get(ctx, name)
}

// What can't be reached is not damaged: there is no list without it, and nobody
// waits for the rest.
func TestWhatCantBeReachedIsNotDamaged(t *testing.T) {
	dir := t.TempDir()
	var ids []string
	for i := range int64(20) {
		e := entry(t, 1_700_000_000+100*i)
		if err := open(t, dir).Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	blob := "main/" + ids[3] + baseline.Ending
	for _, hang := range []bool{false, true} {
		s, err := baseline.Open(partly{baseline.Dir(dir), blob, fmt.Errorf("get it: %w", away{}), hang}, "main")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		entries, damaged, err := s.List(ctx)
		cancel()
		if !errors.Is(err, away{}) || !baseline.Unreachable(err) || len(entries)+len(damaged) > 0 {
			t.Errorf("hanging %v: %d entries, damaged %v, %v", hang, len(entries), damaged, err)
		}
		if _, err := s.Get(t.Context(), ids[3]); !baseline.Unreachable(err) {
			t.Errorf("got alone: %v", err)
		}
	}
	s, err := baseline.Open(partly{baseline.Dir(dir), blob, errors.New("it is not whole"), false}, "main")
	if err != nil {
		t.Fatal(err)
	}
	if entries, damaged, err := s.List(t.Context()); err != nil || len(entries) != 19 || len(damaged) != 1 {
		t.Errorf("one is damaged: %d entries, damaged %v, %v", len(entries), damaged, err)
	}
}

// missing leaves a test out where the file system lacks something, or fails it
// where nothing may be left out.
func missing(t *testing.T, what string, err error) {
	t.Helper()
	needs.LeaveOut(t, "this file system has no %s: %v", what, err)
}

// What is no file is neither followed nor waited for, and a huge file not read.
func TestWhatIsNoEntry(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	whole := entry(t, 1_700_000_000)
	if err := s.Add(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "main")
	if err := os.Symlink(filepath.Join(folder, whole.ID+baseline.Ending), filepath.Join(folder, "link"+baseline.Ending)); err != nil {
		missing(t, "links", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "folder"+baseline.Ending), 0o755); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(folder, "huge"+baseline.Ending)
	if err := errors.Join(os.WriteFile(huge, nil, 0o600), os.Truncate(huge, 1<<40)); err != nil {
		missing(t, "holes", err)
	}
	entries, damaged, err := s.List(t.Context())
	if err != nil || len(entries) != 1 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	var got []string
	for _, d := range damaged {
		got = append(got, d.ID)
	}
	if want := []string{"huge", "link"}; !slices.Equal(got, want) {
		t.Errorf("left out are %v, want %v", got, want)
	}
}

func TestPruneKeepsValues(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range int64(5) {
		if err := s.Add(t.Context(), entry(t, 1_700_000_000+100*i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{3, 0} { // the second time nothing is left to thin
		if n, err := s.Prune(t.Context(), 2); err != nil || n != want {
			t.Errorf("thinned %d, %v, want %d", n, err, want)
		}
	}
	entries, _, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Whole != (i >= 3) || len(e.Values) != 1 {
			t.Errorf("entry %d: run %v, %d values", i, e.Whole, len(e.Values))
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.Get(t.Context(), "none"); !errors.Is(err, baseline.ErrNoRun) {
		t.Errorf("%v", err)
	}
	if err := s.Remove(t.Context(), "none"); !errors.Is(err, baseline.ErrNoRun) {
		t.Errorf("%v", err)
	}
	if _, err := s.Get(t.Context(), "../../etc/passwd"); err == nil {
		t.Error("a path is no id")
	}
	for _, name := range []string{"../up", "", "/abs", "a//b", "a/../b", ".hidden", "a b", "a..b", strings.Repeat("x", 151)} {
		if _, err := baseline.Open(baseline.Dir(t.TempDir()), name); err == nil {
			t.Errorf("%q is a baseline's name", name)
		}
	}
}

// Invalid runs, which are never compared with, don't count among those kept.
func TestPruneCountsValidRuns(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range int64(5) {
		e := entry(t, 1_700_000_000+100*i)
		if i >= 3 {
			e.Invalid = "it dropped iterations"
		}
		if err := s.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Prune(t.Context(), 2); err != nil || n != 1 {
		t.Errorf("thinned %d, %v, want 1", n, err)
	}
}

// An update changes what is said of a run and leaves the run as it is.
func TestUpdate(t *testing.T) {
	s := open(t, t.TempDir())
	want := entry(t, 1_700_000_000)
	if err := s.Add(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), want.ID, false, func(e *baseline.Entry) { e.Epoch = "2" }); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Epoch != "2" || got.Run == nil || len(got.Values) != 1 || got.Status != "passed" {
		t.Errorf("%+v", got)
	}
	if err := s.Update(t.Context(), "none", false, nil); !errors.Is(err, baseline.ErrNoRun) {
		t.Errorf("%v", err)
	}
}

// Different runs have different entries, whatever they are called.
func TestSafeName(t *testing.T) {
	seen := make(map[string]string)
	for _, text := range []string{
		"20261101T120000Z-load", "a/b", "a_b", "a b", "", ".", "..", "...", "a..b", "../a", "\x00", "é", "\xff", "con", "-",
		strings.Repeat("x", 150), strings.Repeat("x", 151), strings.Repeat("x", 152), strings.Repeat("/", 400),
	} {
		safe := baseline.SafeName(text)
		if err := baseline.CheckName(safe); err != nil || strings.Contains(safe, "/") {
			t.Errorf("%q became %q: %v", text, safe, err)
		}
		if baseline.SafeName(safe) != safe {
			t.Errorf("%q is not safe, though it was made so", safe)
		}
		if before, ok := seen[safe]; ok {
			t.Errorf("%q and %q both became %q", before, text, safe)
		}
		seen[safe] = text
	}
	if got := baseline.SafeName("20261101T120000Z-load"); got != "20261101T120000Z-load" {
		t.Errorf("a safe name became %q", got)
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"main", "load/staging", "load"} {
		s, err := baseline.Open(baseline.Dir(dir), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Add(t.Context(), entry(t, 1_700_000_000)); err != nil {
			t.Fatal(err)
		}
		if ids, err := s.IDs(t.Context()); err != nil || len(ids) != 1 {
			t.Errorf("%s holds %v, %v", name, ids, err)
		}
	}
	names, err := baseline.Names(t.Context(), baseline.Dir(dir))
	if want := []string{"load", "load/staging", "main"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("names are %v, %v, want %v", names, err, want)
	}
}

func TestSweepTakesOldHalvesOnly(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Add(t.Context(), entry(t, 1_700_000_000)); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{
		".old.k6run.ABCDEFGH23.tmp": 2 * time.Hour, ".new.k6run.ABCDEFGH23.tmp": 0, ".other.tmp": 2 * time.Hour, "kept.k6run": 2 * time.Hour,
	} {
		path := filepath.Join(dir, "main", name)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := baseline.Dir(dir).Sweep(t.Context(), now.Add(-time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "main", ".old.k6run.ABCDEFGH23.tmp")); err == nil {
		t.Error("the old half is still there")
	}
	if n, err := baseline.Dir(filepath.Join(dir, "none")).Sweep(t.Context(), now); n != 0 || err != nil {
		t.Errorf("of no folder: %d, %v", n, err)
	}
}

// Damage that the checksum finds stops there; the fuzzer goes past it, with
// whatever stands behind a right one.
func FuzzDecode(f *testing.F) {
	whole, err := baseline.Encode(&baseline.Entry{ID: "x", Status: "passed"})
	if err != nil {
		f.Fatal(err)
	}
	const before = 12 // of what the checksum is of: the magic word, the version, the checksum
	f.Add(whole)
	f.Add(whole[:len(whole)-2])
	f.Add(append(whole, "no snapshot"...))
	f.Fuzz(func(t *testing.T, blob []byte) {
		if len(blob) > before {
			blob = slices.Clone(blob)
			sum := crc32.Checksum(blob[before:], crc32.MakeTable(crc32.Castagnoli))
			binary.LittleEndian.PutUint32(blob[before-4:], sum)
		}
		e, err := baseline.Decode(blob)
		if err != nil {
			return
		}
		again, err := baseline.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := baseline.Decode(again); err != nil {
			t.Fatal(err)
		}
	})
}
