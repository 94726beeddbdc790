package baseline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"k6report/internal/run"
)

// Ending is that of an entry's name.
const Ending = ".k6run"

// Store is one baseline: the entries below a name. Two of them may write at
// the same time, in one process or two.
type Store struct {
	blobs Blobs
	name  string
}

// Open returns the baseline of that name, which needs no entries yet.
func Open(blobs Blobs, name string) (*Store, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return &Store{blobs: blobs, name: name}, nil
}

// Name is the baseline's.
func (s *Store) Name() string { return s.name }

// Damaged is an entry that could not be read: it is left where it is, and out
// of everything.
type Damaged struct {
	ID   string // what its name says
	Name string // the blob's
	Err  error
}

func (s *Store) blob(id string) (string, error) {
	if SafeName(id) != id {
		return "", fmt.Errorf("%q is no run's id; k6report baseline list shows them", id)
	}
	return s.name + "/" + id + Ending, nil
}

// Add keeps an entry. One of the same run is replaced.
func (s *Store) Add(ctx context.Context, e *Entry) error {
	name, err := s.blob(e.ID)
	if err != nil {
		return err
	}
	content, err := Encode(e)
	if err != nil {
		return err
	}
	return s.blobs.Put(ctx, name, content)
}

// ErrNoRun is returned for a run that the baseline does not hold.
var ErrNoRun = errors.New("the baseline holds no such run")

// content is the blob of a run.
func (s *Store) content(ctx context.Context, id string) (name string, content []byte, err error) {
	if name, err = s.blob(id); err != nil {
		return "", nil, err
	}
	content, err = s.blobs.Get(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s of %s: %w", id, s.name, ErrNoRun)
	}
	return name, content, err
}

// Get is the entry of a run, with the run.
func (s *Store) Get(ctx context.Context, id string) (*Entry, error) {
	_, content, err := s.content(ctx, id)
	if err != nil {
		return nil, err
	}
	return Decode(content)
}

// Describe is the entry of a run, without the run.
func (s *Store) Describe(ctx context.Context, id string) (*Entry, error) {
	_, content, err := s.content(ctx, id)
	if err != nil {
		return nil, err
	}
	e, _, err := decodeEnvelope(content)
	return e, err
}

// Update changes what is said of a run. Where thin, the run itself is given up
// for good. A change that another writer makes to the same entry meanwhile may
// be lost; what is there is always whole.
func (s *Store) Update(ctx context.Context, id string, thin bool, change func(*Entry)) error {
	name, content, err := s.content(ctx, id)
	if err != nil {
		return err
	}
	e, snapshot, err := decodeEnvelope(content)
	if err != nil {
		return err
	}
	if thin {
		snapshot = nil
	}
	if change != nil {
		change(e)
	}
	if content, err = seal(e, snapshot); err != nil {
		return err
	}
	return s.blobs.Put(ctx, name, content)
}

// Remove takes a run out, even one whose entry is damaged.
func (s *Store) Remove(ctx context.Context, id string) error {
	name, err := s.blob(id)
	if err != nil {
		return err
	}
	if _, err := s.blobs.Get(ctx, name); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s of %s: %w", id, s.name, ErrNoRun)
	}
	return s.blobs.Delete(ctx, name)
}

// IDs are the runs, the oldest first: a run's id begins with its start.
func (s *Store) IDs(ctx context.Context) ([]string, error) {
	names, err := s.blobs.List(ctx, s.name+"/")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, name := range names {
		id, ok := strings.CutSuffix(strings.TrimPrefix(name, s.name+"/"), Ending)
		if ok && !strings.Contains(id, "/") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// List are all entries without their runs, the oldest first, and those that
// are damaged. Where the place can't be reached for one there is no list: one with
// a gap would be taken for the whole.
func (s *Store) List(ctx context.Context) ([]*Entry, []Damaged, error) {
	ids, err := s.IDs(ctx)
	if err != nil {
		return nil, nil, err
	}
	described, errs, err := s.describeAll(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	var entries []*Entry
	var damaged []Damaged
	for i, id := range ids {
		switch err := errs[i]; {
		case err == nil:
			entries = append(entries, described[i])
		case errors.Is(err, ErrNoRun): // taken away since
		default:
			damaged = append(damaged, Damaged{id, s.name + "/" + id + Ending, err})
		}
	}
	slices.SortStableFunc(entries, func(a, b *Entry) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return entries, damaged, nil
}

// readers is how many entries are read at once: a registry far away takes its
// time for each.
const readers = 8

// describeAll are the entries, and why some can't be read. It ends with the first
// that can't be reached.
func (s *Store) describeAll(ctx context.Context, ids []string) (entries []*Entry, errs []error, err error) {
	entries, errs = make([]*Entry, len(ids)), make([]error, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, id := range ids {
		group.Go(func() error {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			entries[i], errs[i] = s.Describe(ctx, id)
			if Unreachable(errs[i]) || ctx.Err() != nil {
				return errs[i]
			}
			return nil
		})
	}
	return entries, errs, group.Wait()
}

// Prune thins all entries to their values, for the trend, but the newest keep
// valid ones and what lies between them. It returns how many it thinned.
func (s *Store) Prune(ctx context.Context, keep int) (int, error) {
	entries, _, err := s.List(ctx)
	if err != nil {
		return 0, err
	}
	thinned, kept := 0, 0
	for _, e := range slices.Backward(entries) {
		switch {
		case !e.Whole:
		case kept < keep:
			if e.Invalid == "" {
				kept++
			}
		default:
			err := s.Update(ctx, e.ID, true, nil)
			if errors.Is(err, ErrNoRun) { // taken away since
				continue
			}
			if err != nil {
				return thinned, err
			}
			thinned++
		}
	}
	return thinned, nil
}

// Names are the baselines that blobs hold, in order.
func Names(ctx context.Context, blobs Blobs) ([]string, error) {
	all, err := blobs.List(ctx, "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, blob := range all {
		if i := strings.LastIndexByte(blob, '/'); i > 0 && strings.HasSuffix(blob, Ending) {
			names = append(names, blob[:i])
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// NewEntry is the entry of a run, thinned; what isn't in the run itself
// (verdict, values, epoch, when it was added) is the caller's to fill in.
func NewEntry(r *run.Run, keepSeries []string) *Entry {
	e := &Entry{ID: SafeName(r.ID), Run: run.Thin(r, keepSeries), Whole: true}
	for _, l := range r.Labels {
		if e.Labels == nil {
			e.Labels = make(map[string]string)
		}
		e.Labels[l.Name] = l.Value
	}
	e.Commit = e.Labels["commit"]
	if r.Started != 0 {
		e.Started = time.Unix(0, r.Started).UTC()
	}
	return e
}
