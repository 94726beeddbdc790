package forge

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Newer says what is known of pipelines that are newer than ours.
type Newer int

// What can be known of them.
const (
	NewerNone   Newer = iota
	NewerThere        // there is one
	NewerSaid         // its job has ended well: what it had to say is written
	NewerComing       // its job runs now, and so is going to write
)

// Kind is something of which there is to be one: a note and a thread of a request,
// an issue. A forge says how each is listed and written, [KeepOne] when. What the
// forge refuses or does not answer is an [Error].
type Kind[T any] interface {
	// List are ours of the key, the oldest first; see [OldestFirst].
	List(ctx context.Context) ([]T, error)
	// Pipeline is that which one was written by.
	Pipeline(have T) int64
	// Current reports whether one is already as it should be.
	Current(have T) bool
	// Wanted reports whether to make one where there is none.
	Wanted() bool
	// Newer is what is known of pipelines that are newer than ours.
	Newer(ctx context.Context) (Newer, error)
	// Create makes one.
	Create(ctx context.Context) error
	// Bring makes one what it should be.
	Bring(ctx context.Context, have T) error
	// Remove takes away one beside that which is kept.
	Remove(ctx context.Context, second, kept T) error
}

// mostRounds bounds how often somebody may take away what is to be written.
const mostRounds = 3

// KeepOne makes the one of a kind say what pipeline mine has to say, whatever
// else is running. It may be called again: then it writes nothing.
//
// What cannot be written in time is found by its marker, never written twice. Of
// two jobs that race, both may make one; both then take away all but the oldest,
// and whoever finds an older pipeline's in it than its own writes again. An older
// pipeline that is late writes nothing while a newer one is still going to, nor
// where there is none although a newer one has ended well: that saw no reason for one.
// No way is asked for to write only if nothing was written since: GitLab has none.
func KeepOne[T any](ctx context.Context, k Kind[T], mine int64) (Done, error) {
	for round := 1; ; round++ {
		have, err := k.List(ctx)
		switch {
		case err != nil:
			return "", err
		case newest(k, have) > mine:
			return Left, nil // of several, whoever wrote it makes one, or the next pipeline does
		case len(have) == 0 && !k.Wanted():
			return Skipped, nil
		case len(have) > 0 && k.Current(have[0]):
			return Unchanged, removeOthers(ctx, k, have, mine)
		}
		newer, err := k.Newer(ctx)
		switch {
		case err != nil:
			return "", err
		case newer == NewerComing:
			return Left, nil
		case newer != NewerNone && round == 1:
			continue // it may have written since these were listed
		case len(have) == 0 && newer == NewerSaid:
			return Left, nil
		case len(have) == 0:
			return createOne(ctx, k, mine)
		}
		err = k.Bring(ctx, have[0])
		switch {
		case StatusOf(err) == 404 && round < mostRounds:
			continue // another job may have taken it away
		case err != nil:
			return "", err
		}
		return Updated, removeOthers(ctx, k, have, mine)
	}
}

// newest is the newest pipeline that any are of.
func newest[T any](k Kind[T], have []T) int64 {
	var newest int64
	for _, one := range have {
		newest = max(newest, k.Pipeline(one))
	}
	return newest
}

// createOne makes one and settles what else was made meanwhile.
func createOne[T any](ctx context.Context, k Kind[T], mine int64) (Done, error) {
	err := k.Create(ctx)
	if err != nil && !unsure(err) {
		return "", err
	}
	have, listErr := k.List(ctx) // the answer may have been lost
	switch {
	case listErr != nil:
		return "", errors.Join(err, listErr)
	case len(have) == 0 && err != nil:
		return "", err // it was not done
	}
	// Where ours is not among them, another job may have taken it away as a second
	// one, or a person did: what is there gets the newest text all the same.
	return Created, settle(ctx, k, have, mine)
}

// settle leaves one of several, which says what the newest pipeline has to say.
func settle[T any](ctx context.Context, k Kind[T], have []T, mine int64) error {
	var gone error
	for range mostRounds { // another job may take away the survivor that we saw
		if len(have) == 0 {
			return nil
		}
		if err := removeOthers(ctx, k, have, mine); err != nil {
			return err
		}
		if newest(k, have) > mine || k.Current(have[0]) {
			return nil
		}
		if gone = k.Bring(ctx, have[0]); StatusOf(gone) != 404 {
			return gone
		}
		var err error
		if have, err = k.List(ctx); err != nil {
			return err
		}
	}
	return gone
}

// removeOthers takes away all but the first and those of newer pipelines, which
// these take away. One that is gone already is fine.
func removeOthers[T any](ctx context.Context, k Kind[T], have []T, mine int64) error {
	for _, one := range have[1:] {
		if k.Pipeline(one) > mine {
			continue
		}
		if err := k.Remove(ctx, one, have[0]); err != nil && StatusOf(err) != 404 {
			return err
		}
	}
	return nil
}

// OldestFirst sorts by number, and leaves each once: a listing shows one again on
// the next page when something was added meanwhile.
func OldestFirst[T any](list []T, number func(T) int64) []T {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(number(a), number(b)) })
	return slices.CompactFunc(list, func(a, b T) bool { return number(a) == number(b) })
}
