package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"k6report/internal/render/view"
)

// kinship is what is known of a commit's relation to another.
type kinship int

const (
	unknownKin kinship = iota // the commit isn't known here, or its history isn't
	ancestor                  // or the commit itself
	stranger                  // of another branch, or later
)

// commitName is a commit's hash, as a whole or in part. Nothing else is given to
// git: what stands in a run's labels is hostile.
var commitName = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// errNoHistory says that git can't tell, and why.
type errNoHistory struct{ reason string }

func (e errNoHistory) Error() string { return e.reason }

// ancestors asks git which commits are ancestors of another. Those
// not in the answer are unknown: they aren't in the clone, or a shallow clone
// ends before them. An [errNoHistory] says that nothing can be told.
func ancestors(ctx context.Context, g gitFolder, of string, commits []string) (map[string]kinship, error) {
	if !commitName.MatchString(of) {
		return nil, errNoHistory{fmt.Sprintf("%.60q is no commit's hash", of)}
	}
	shallow, err := g.output(ctx, "", "rev-parse", "--is-shallow-repository")
	if err != nil {
		return nil, err
	}
	hashes, err := g.resolve(ctx, append([]string{of}, commits...))
	if err != nil {
		return nil, err
	}
	if hashes[of] == "" {
		return nil, errNoHistory{"commit " + view.ShortCommit(of) + " is not in this clone"}
	}
	// What is reached from the others and not from the one: of these commits
	// exactly those that are no ancestors of it are among them.
	var ask strings.Builder
	fmt.Fprintf(&ask, "^%s\n", hashes[of])
	for _, c := range commits {
		if hashes[c] != "" {
			fmt.Fprintln(&ask, hashes[c])
		}
	}
	beyond, err := g.output(ctx, ask.String(), "rev-list", "--stdin")
	if err != nil {
		return nil, err
	}
	outside := make(map[string]bool)
	for hash := range strings.FieldsSeq(beyond) {
		outside[hash] = true
	}
	kin := make(map[string]kinship)
	for _, c := range commits {
		switch hash := hashes[c]; {
		case hash == "":
		case !outside[hash]:
			kin[c] = ancestor
		case strings.TrimSpace(shallow) != "true":
			// A shallow clone does not know what is before its end.
			kin[c] = stranger
		}
	}
	return kin, nil
}

// gitFolder is a folder that git is asked in, with an environment.
type gitFolder struct {
	dir string
	env []string
}

// output runs git.
func (g gitFolder) output(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", g.dir, "--no-pager"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	// Its messages are read below, and it must neither ask nor fetch anything.
	cmd.Env = append(slices.Clone(g.env), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	switch {
	case err == nil:
		return string(out), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "", errNoHistory{"git is not installed"}
	}
	reason, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(stderr.String()), "fatal: "), "\n")
	if strings.Contains(reason, "not a git repository") {
		reason = "this is no git repository"
	}
	return "", errNoHistory{reason}
}

// resolve finds the full hashes of commits; "" for those that aren't here.
func (g gitFolder) resolve(ctx context.Context, commits []string) (map[string]string, error) {
	hashes := make(map[string]string)
	var ask strings.Builder
	var asked []string
	for _, c := range commits {
		if _, done := hashes[c]; done || !commitName.MatchString(c) {
			continue
		}
		hashes[c] = ""
		asked = append(asked, c)
		fmt.Fprintf(&ask, "%s^{commit}\n", c)
	}
	out, err := g.output(ctx, ask.String(), "cat-file", "--batch-check=%(objectname) %(objecttype)")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(asked) {
		return nil, errNoHistory{"git gave an answer that can't be read"}
	}
	for i, c := range asked {
		if hash, kind, ok := strings.Cut(lines[i], " "); ok && kind == "commit" {
			hashes[c] = hash
		}
	}
	return hashes, nil
}
