// Package blobstest is the test that every place for baselines has to pass.
package blobstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"

	"k6report/internal/baseline"
)

// Run holds a place to what baselines expect of it. fresh returns an empty one.
func Run(t *testing.T, fresh func(t *testing.T) baseline.Blobs) {
	t.Run("Empty", func(t *testing.T) {
		b := fresh(t)
		if names, err := b.List(t.Context(), ""); err != nil || len(names) != 0 {
			t.Errorf("an empty place holds %v, %v", names, err)
		}
		if _, err := b.Get(t.Context(), "main/run.k6run"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what isn't there: %v", err)
		}
		if err := b.Delete(t.Context(), "main/run.k6run"); err != nil {
			t.Errorf("deleting what isn't there: %v", err)
		}
	})
	t.Run("Content", func(t *testing.T) {
		b := fresh(t)
		for i, content := range [][]byte{[]byte("one"), bytes.Repeat([]byte{0, 0xff, '\n'}, 100_000), []byte("again")} {
			put(t, b, "main/run.k6run", content)
			if got, err := b.Get(t.Context(), "main/run.k6run"); err != nil || !bytes.Equal(got, content) {
				t.Errorf("content %d is another, %v", i, err)
			}
		}
		if err := b.Delete(t.Context(), "main/run.k6run"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Get(t.Context(), "main/run.k6run"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what was deleted: %v", err)
		}
	})
	t.Run("Names", func(t *testing.T) {
		b := fresh(t)
		want := []string{"main/a.k6run", "main/b.k6run", "main-2/a.k6run"}
		for _, name := range want {
			put(t, b, name, []byte(name))
		}
		for prefix, want := range map[string][]string{"": want, "main/": want[:2], "main-2/": want[2:], "other/": nil} {
			got, err := b.List(t.Context(), prefix)
			slices.Sort(got)
			want = slices.Sorted(slices.Values(want))
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("below %q are %v, %v, want %v", prefix, got, err, want)
			}
		}
	})
	t.Run("Hostile", func(t *testing.T) {
		b := fresh(t)
		for _, name := range []string{"", "../x", "a/../../x", "/etc/x", "a//b", ".hidden", "a\\b", "a b", "a\x00b", "a/", "a..b/x", "%2e%2e/x"} {
			if err := b.Put(t.Context(), name, []byte("x")); err == nil {
				t.Errorf("%q was put", name)
			}
			if _, err := b.Get(t.Context(), name); err == nil {
				t.Errorf("%q was got", name)
			}
			if err := b.Delete(t.Context(), name); err == nil {
				t.Errorf("%q was deleted", name)
			}
		}
	})
	t.Run("Together", func(t *testing.T) { together(t, fresh(t)) })
	t.Run("Ended", func(t *testing.T) {
		b := fresh(t)
		put(t, b, "main/run.k6run", []byte("old"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Put(ctx, "main/run.k6run", []byte("new")); err == nil {
			t.Error("a put after the end succeeds")
		}
		if got, err := b.Get(t.Context(), "main/run.k6run"); err != nil || string(got) != "old" {
			t.Errorf("the old content is %q, %v", got, err)
		}
	})
}

// together lets several writers put, each its own names and one that all share.
func together(t *testing.T, b baseline.Blobs) {
	const writers, each = 4, 10
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				name := fmt.Sprintf("main/%d-%d.k6run", w, i)
				if err := b.Put(t.Context(), name, bytes.Repeat([]byte{byte('0' + w)}, 5000)); err != nil {
					t.Error(err)
				}
				if err := b.Put(t.Context(), "main/shared.k6run", bytes.Repeat([]byte{byte('0' + w)}, 5000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	names, err := b.List(t.Context(), "main/")
	if err != nil || len(names) != writers*each+1 {
		t.Errorf("%d blobs of %d, %v", len(names), writers*each+1, err)
	}
	for _, name := range names {
		content, err := b.Get(t.Context(), name)
		if err != nil || len(content) != 5000 || bytes.Count(content, content[:1]) != 5000 {
			t.Errorf("%s is not whole: %d bytes, %v", name, len(content), err)
		}
	}
}

func put(t *testing.T, b baseline.Blobs, name string, content []byte) {
	t.Helper()
	if err := b.Put(t.Context(), name, content); err != nil {
		t.Fatal(err)
	}
}
