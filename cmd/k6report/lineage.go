package main

import (
	"context"
	"errors"
	"slices"
)

// lineage tells what a run's code is built on.
type lineage struct {
	// head is the commit whose ancestors count; "" is the run's own.
	head string
	// ask asks somebody who knows more than the clone which of some commits, the
	// most important first, head is built on; nil is nobody.
	ask func(ctx context.Context, head string, commits []string) (map[string]bool, error)
	// into is the branch that the code is to go into, where runs of that don't join
	// the baseline by themselves; else "".
	into string
}

// complete asks about what git could not tell: CI jobs have shallow clones.
// commits are oldest first. gitErr is git's reason for telling nothing, if so.
func (l lineage) complete(ctx context.Context, head string, commits []string, kin map[string]kinship, gitErr error) (map[string]kinship, error) {
	var none errNoHistory
	if l.ask == nil || gitErr != nil && !errors.As(gitErr, &none) || !commitName.MatchString(head) {
		return kin, gitErr
	}
	var open []string
	for _, c := range slices.Backward(commits) {
		if kin[c] == unknownKin && commitName.MatchString(c) && !slices.Contains(open, c) {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return kin, gitErr
	}
	told, err := l.ask(ctx, head, open)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && gitErr != nil:
		return kin, errNoHistory{none.reason + "; " + err.Error()}
	case err != nil:
		return kin, nil //nolint:nilerr // what stays unknown gets a note
	}
	if kin == nil {
		kin = make(map[string]kinship)
	}
	for c, is := range told {
		kin[c] = stranger
		if is {
			kin[c] = ancestor
		}
	}
	return kin, nil
}
