package gitlab

import (
	"context"
	"errors"
	"slices"
)

// kind is something of which there is to be one: a note and a thread of a merge
// request, an issue.
type kind[T any] interface {
	// list are ours of the key, the oldest first.
	list(ctx context.Context) ([]T, error)
	// pipeline is that which one was written by.
	pipeline(have T) int64
	// current reports whether one is already as it should be.
	current(have T) bool
	// wanted reports whether to make one where there is none.
	wanted() bool
	// newer is what is known of pipelines that are newer than ours.
	newer(ctx context.Context) (newer, error)
	create(ctx context.Context) error
	// bring makes one what it should be.
	bring(ctx context.Context, have T) error
	// remove takes away one beside that which is kept.
	remove(ctx context.Context, second, kept T) error
}

// mostRounds bounds how often somebody may take away what is to be written.
const mostRounds = 3

// keepOne makes the one of a kind say what pipeline mine has to say, whatever
// else is running. It may be called again: then it writes nothing.
//
// What cannot be written in time is found by its marker, never written twice. Of
// two jobs that race, both may make one; both then take away all but the oldest,
// and whoever finds an older pipeline's in it than its own writes again. An older
// pipeline that is late writes nothing while a newer one is still going to, nor
// where there is none although a newer one has ended well: that saw no reason for one.
// GitLab has no way to write only if nothing was written since.
func keepOne[T any](ctx context.Context, k kind[T], mine int64) (Done, error) {
	for round := 1; ; round++ {
		have, err := k.list(ctx)
		switch {
		case err != nil:
			return "", err
		case newest(k, have) > mine:
			return Left, nil // of several, whoever wrote it makes one, or the next pipeline does
		case len(have) == 0 && !k.wanted():
			return Skipped, nil
		case len(have) > 0 && k.current(have[0]):
			return Unchanged, removeOthers(ctx, k, have, mine)
		}
		newer, err := k.newer(ctx)
		switch {
		case err != nil:
			return "", err
		case newer == newerComing:
			return Left, nil
		case newer != newerNone && round == 1:
			continue // it may have written since these were listed
		case len(have) == 0 && newer == newerSaid:
			return Left, nil
		case len(have) == 0:
			return createOne(ctx, k, mine)
		}
		err = k.bring(ctx, have[0])
		switch {
		case statusOf(err) == 404 && round < mostRounds:
			continue // another job may have taken it away
		case err != nil:
			return "", err
		}
		return Updated, removeOthers(ctx, k, have, mine)
	}
}

// newest is the newest pipeline that any are of.
func newest[T any](k kind[T], have []T) int64 {
	var newest int64
	for _, one := range have {
		newest = max(newest, k.pipeline(one))
	}
	return newest
}

// createOne makes one and settles what else was made meanwhile.
func createOne[T any](ctx context.Context, k kind[T], mine int64) (Done, error) {
	err := k.create(ctx)
	if err != nil && !unsure(err) {
		return "", err
	}
	have, listErr := k.list(ctx) // the answer may have been lost
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
func settle[T any](ctx context.Context, k kind[T], have []T, mine int64) error {
	var gone error
	for range mostRounds { // another job may take away the survivor that we saw
		if len(have) == 0 {
			return nil
		}
		if err := removeOthers(ctx, k, have, mine); err != nil {
			return err
		}
		if newest(k, have) > mine || k.current(have[0]) {
			return nil
		}
		if gone = k.bring(ctx, have[0]); statusOf(gone) != 404 {
			return gone
		}
		var err error
		if have, err = k.list(ctx); err != nil {
			return err
		}
	}
	return gone
}

// removeOthers takes away all but the first and those of newer pipelines, which
// these take away. One that is gone already is fine.
func removeOthers[T any](ctx context.Context, k kind[T], have []T, mine int64) error {
	for _, one := range have[1:] {
		if k.pipeline(one) > mine {
			continue
		}
		if err := k.remove(ctx, one, have[0]); err != nil && statusOf(err) != 404 {
			return err
		}
	}
	return nil
}

// oldestFirst sorts by number, and leaves each once: a listing shows one again on
// the next page when something was added meanwhile.
func oldestFirst[T any](list []T, number func(T) int64) []T {
	slices.SortFunc(list, func(a, b T) int { return int(number(a) - number(b)) })
	return slices.CompactFunc(list, func(a, b T) bool { return number(a) == number(b) })
}
