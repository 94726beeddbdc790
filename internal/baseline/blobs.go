package baseline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// Blobs is a place where bytes are kept under names. Names are the parts of a
// path with slashes between them, checked by [CheckName].
//
// Implementations are safe for several goroutines and processes: a Get sees a
// blob whole or not at all.
type Blobs interface {
	// List are the names that begin with a prefix, in any order.
	List(ctx context.Context, prefix string) ([]string, error)
	// Get is a blob's content; the error is fs.ErrNotExist where there is none, and
	// [Unreachable] where the place can't be asked.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put makes or replaces a blob.
	Put(ctx context.Context, name string, content []byte) error
	// Delete takes a blob away; one that isn't there is no error.
	Delete(ctx context.Context, name string) error
}

// Unreachable reports whether an error is of the place where entries are kept, and
// says nothing of the entry: another moment, or another token, may have it whole.
// Such errors have a method Unreachable() bool.
func Unreachable(err error) bool {
	var u interface{ Unreachable() bool }
	return errors.As(err, &u) && u.Unreachable()
}

// longestName bounds a part of a name: file systems allow 255 bytes, of which a
// temporary name needs some.
const longestName = 150

// CheckName refuses names that could leave their place or mean something to a
// file system: each part is of letters, digits, dots, dashes and underscores,
// and begins with no dot and holds no two of them side by side.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || len(part) > longestName || part[0] == '.' || strings.Contains(part, "..") || strings.IndexFunc(part, unsafeLetter) >= 0 {
			return fmt.Errorf("%q can't be a baseline's name: use letters, digits, dots, dashes and underscores, at most %d of them", name, longestName)
		}
	}
	return nil
}

func unsafeLetter(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
		return false
	}
	return true
}

// SafeName makes one part of a name of any text, another of another: text that
// is one already stays, else what may not stand in it becomes an underscore and
// a hash of the text follows, so that no two runs share an entry.
func SafeName(text string) string {
	if CheckName(text) == nil && !strings.Contains(text, "/") {
		return text
	}
	safe := strings.Map(func(r rune) rune {
		if unsafeLetter(r) || r == '.' {
			return '_'
		}
		return r
	}, text)
	const short = longestName - 20
	return fmt.Sprintf("%s-%x", safe[:min(len(safe), short)], sha256.Sum256([]byte(text)))[:min(len(safe), short)+1+12]
}
