package gitlab_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"k6report/internal/baseline"
	"k6report/internal/baseline/blobstest"
	"k6report/internal/forge"
	"k6report/internal/gitlab"
	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/run"
)

func registry(t *testing.T, s *gitlabtest.Server, cache gitlab.Cache) *gitlab.Packages {
	t.Helper()
	c, err := gitlab.NewClient(gitlab.Options{API: s.API(), JobToken: gitlabtest.JobToken})
	if err != nil {
		t.Fatal(err)
	}
	return c.Packages(int64(gitlabtest.Project), cache)
}

func newServer(t *testing.T) *gitlabtest.Server {
	t.Helper()
	s := gitlabtest.New()
	s.SetMaintainer(gitlabtest.JobToken, true)
	t.Cleanup(func() {
		s.Close()
		for _, m := range s.Mistakes() {
			t.Errorf("GitLab would not understand %s", m)
		}
	})
	return s
}

// The registry passes the test of every place for baselines, with a cache, and
// without, and with pages of three.
func TestPackagesAreAPlaceForBaselines(t *testing.T) {
	t.Run("Plain", func(t *testing.T) {
		blobstest.Run(t, func(t *testing.T) baseline.Blobs { return registry(t, newServer(t), nil) })
	})
	t.Run("Cached", func(t *testing.T) {
		blobstest.Run(t, func(t *testing.T) baseline.Blobs { return registry(t, newServer(t), baseline.Dir(t.TempDir())) })
	})
	t.Run("ShortPages", func(t *testing.T) {
		blobstest.Run(t, func(t *testing.T) baseline.Blobs {
			s := newServer(t)
			s.SetPageSize(3)
			return registry(t, s, nil)
		})
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Developers may not delete packages: they can replace what is there all the
// same, and the newest counts, also when a content comes back.
func TestReplacingTakesNoRightToDelete(t *testing.T) {
	s := newServer(t)
	s.SetMaintainer(gitlabtest.JobToken, false)
	for _, content := range []string{"one", "two", "one", "two", "two"} {
		must(t, registry(t, s, nil).Put(t.Context(), "main/run.k6run", []byte(content)))
		got, err := registry(t, s, nil).Get(t.Context(), "main/run.k6run")
		if err != nil || string(got) != content {
			t.Errorf("got %q, %v, want %q", got, err, content)
		}
	}
	names, err := registry(t, s, nil).List(t.Context(), "")
	if err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	err = registry(t, s, nil).Delete(t.Context(), "main/run.k6run")
	if !forge.Forbidden(err) {
		t.Errorf("deleting: %v", err)
	}
}

func TestBrokenUploadsAreKnown(t *testing.T) {
	s := newServer(t)
	s.SetMaintainer(gitlabtest.JobToken, false)
	p := registry(t, s, nil)
	must(t, p.Put(t.Context(), "main/run.k6run", []byte("a whole run")))
	must(t, p.Put(t.Context(), "main/run.k6run", []byte("a newer run")))
	cut := true
	s.Spoil(gitlabtest.Project, func(content []byte) []byte {
		if bytes.Contains(content, []byte("newer")) && cut {
			return content[:5]
		}
		return content
	})
	// What was there before the broken one still counts.
	if got, err := registry(t, s, nil).Get(t.Context(), "main/run.k6run"); err != nil || string(got) != "a whole run" {
		t.Errorf("%q, %v", got, err)
	}
	// To put it again mends it.
	must(t, registry(t, s, nil).Put(t.Context(), "main/run.k6run", []byte("a newer run")))
	if got, err := registry(t, s, nil).Get(t.Context(), "main/run.k6run"); err != nil || string(got) != "a newer run" {
		t.Errorf("%q, %v", got, err)
	}
	s.Spoil(gitlabtest.Project, func(content []byte) []byte { return content[1:] })
	if _, err := registry(t, s, nil).Get(t.Context(), "main/run.k6run"); err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("spoiled: %v", err)
	}
	// An upload whose answer is lost is sent again: that is harmless.
	s.Break(gitlabtest.Fault{Method: "PUT", Path: "/generic/", Status: 502, After: true, Times: 1})
	must(t, registry(t, s, nil).Put(t.Context(), "main/other.k6run", []byte("other")))
	if got, err := registry(t, s, nil).Get(t.Context(), "main/other.k6run"); err != nil || string(got) != "other" {
		t.Errorf("%q, %v", got, err)
	}
}

// Whatever breaks off amid deleting leaves the blob as it was or takes it away:
// an older content never comes back.
func TestDeletingLeavesNoOlderContent(t *testing.T) {
	for done := range 4 {
		s := newServer(t)
		s.SetMaintainer(gitlabtest.JobToken, false)
		for _, content := range []string{"one", "two", "three"} {
			must(t, registry(t, s, nil).Put(t.Context(), "main/run.k6run", []byte(content)))
		}
		s.SetMaintainer(gitlabtest.JobToken, true)
		p := registry(t, s, nil)
		s.Break(gitlabtest.Fault{Method: "DELETE", Skip: done, Status: http.StatusBadRequest})
		err := p.Delete(t.Context(), "main/run.k6run")
		if (err == nil) != (done == 3) {
			t.Errorf("broken after %d: %v", done, err)
		}
		for name, p := range map[string]*gitlab.Packages{"the same": p, "another": registry(t, s, nil)} {
			got, err := p.Get(t.Context(), "main/run.k6run")
			if gone := errors.Is(err, fs.ErrNotExist); done == 3 && !gone || done < 3 && string(got) != "three" {
				t.Errorf("broken after %d, %s sees %q, %v", done, name, got, err)
			}
		}
	}
}

// What another job took away or replaced after it was listed is not there, or is
// what it is now: never what it had replaced.
func TestWhatWentAfterItWasListed(t *testing.T) {
	s := newServer(t)
	s.SetMaintainer(gitlabtest.JobToken, false)
	must(t, registry(t, s, nil).Put(t.Context(), "main/run.k6run", []byte("one")))
	must(t, registry(t, s, nil).Put(t.Context(), "main/run.k6run", []byte("two")))
	must(t, registry(t, s, nil).Put(t.Context(), "main/gone.k6run", []byte("x")))
	p := registry(t, s, nil)
	if names, err := p.List(t.Context(), "main/"); err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	s.SetMaintainer(gitlabtest.JobToken, true)
	must(t, registry(t, s, nil).Delete(t.Context(), "main/gone.k6run"))
	if _, err := p.Get(t.Context(), "main/gone.k6run"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gone: %v", err)
	}
	for _, known := range s.Packages(gitlabtest.Project) {
		if string(known.Content) == "two" { // and what it replaced stays
			s.DeletePackage(gitlabtest.Project, known.ID)
		}
	}
	s.SetMaintainer(gitlabtest.JobToken, false)
	must(t, registry(t, s, nil).Put(t.Context(), "main/run.k6run", []byte("three")))
	if got, err := p.Get(t.Context(), "main/run.k6run"); err != nil || string(got) != "three" {
		t.Errorf("replaced: %q, %v", got, err)
	}
	// A package without its file is not there, either.
	s.Break(gitlabtest.Fault{Method: "GET", Path: "/generic/", Status: http.StatusNotFound})
	if _, err := registry(t, s, nil).Get(t.Context(), "main/run.k6run"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
}

func TestWhatIsCachedIsNotGotAgain(t *testing.T) {
	s := newServer(t)
	dir := baseline.Dir(t.TempDir())
	must(t, registry(t, s, nil).Put(t.Context(), "main/a.k6run", []byte("a")))
	must(t, registry(t, s, nil).Put(t.Context(), "main/b.k6run", []byte("b")))
	downloads := func() int {
		n := 0
		for _, r := range s.Requests() {
			if r.Method == "GET" && strings.Contains(r.Path, "/generic/") {
				n++
			}
		}
		s.ForgetRequests()
		return n
	}
	read := func() {
		p := registry(t, s, dir)
		names, err := p.List(t.Context(), "main/")
		must(t, err)
		for _, name := range names {
			_, err := p.Get(t.Context(), name)
			must(t, err)
		}
	}
	read()
	if n := downloads(); n != 2 {
		t.Errorf("%d downloads, want 2", n)
	}
	read()
	if n := downloads(); n != 0 {
		t.Errorf("%d downloads of what is cached", n)
	}
	must(t, registry(t, s, dir).Put(t.Context(), "main/a.k6run", []byte("newer")))
	read()
	if n := downloads(); n != 1 {
		t.Errorf("%d downloads after one was replaced", n)
	}
	kept, err := dir.List(t.Context(), "")
	if err != nil || len(kept) != 2 {
		t.Errorf("the cache holds %v, %v", kept, err)
	}
	// A spoiled cache costs a download.
	for _, name := range kept {
		must(t, dir.Put(t.Context(), name, []byte("spoiled")))
	}
	read()
	if n := downloads(); n != 2 {
		t.Errorf("%d downloads of what is spoiled", n)
	}
}

func TestConcurrentAddsOfRuns(t *testing.T) {
	s := newServer(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			st, err := baseline.Open(registry(t, s, nil), "main")
			if err == nil {
				err = st.Add(t.Context(), &baseline.Entry{ID: "run-" + string(rune('a'+i)), Status: "passed"})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	st, err := baseline.Open(registry(t, s, nil), "main")
	must(t, err)
	entries, damaged, err := st.List(t.Context())
	if err != nil || len(damaged) > 0 || len(entries) != 8 {
		t.Errorf("%d entries, %v, %v", len(entries), damaged, err)
	}
}

// A registry that refuses says nothing of the runs: none is damaged, and none is
// missing but what it says is not there.
func TestARunThatIsRefusedIsNotDamaged(t *testing.T) {
	s := newServer(t)
	st, err := baseline.Open(registry(t, s, nil), "main")
	must(t, err)
	for _, id := range []string{"run-a", "run-b"} {
		must(t, st.Add(t.Context(), &baseline.Entry{ID: id, Status: "passed"}))
	}
	for status, refused := range map[int]bool{401: true, 403: true, 413: true, 404: false} {
		s.Break(gitlabtest.Fault{Method: "GET", Path: "/generic/", Status: status})
		entries, damaged, err := st.List(t.Context())
		if baseline.Unreachable(err) != refused || (err == nil) == refused || len(entries)+len(damaged) > 0 {
			t.Errorf("%d: %d entries, damaged %v, %v", status, len(entries), damaged, err)
		}
		s.Mend()
	}
}

// Thinning old runs of a registry takes no right to delete either.
func TestPruningARegistry(t *testing.T) {
	s := newServer(t)
	s.SetMaintainer(gitlabtest.JobToken, false)
	st, err := baseline.Open(registry(t, s, baseline.Dir(t.TempDir())), "main")
	must(t, err)
	for i := range int64(4) {
		b := run.NewBuilder(run.Options{})
		b.Define(run.Metric{Name: "vus_max", Type: run.Gauge})
		b.Series(b.Metric("vus_max"), b.Tags(nil)).Add((1_700_000_000+i)*1e9, 1)
		e := baseline.NewEntry(b.Finish(), []string{"vus_max"})
		e.Status = "passed"
		must(t, st.Add(t.Context(), e))
	}
	thinned, err := st.Prune(t.Context(), 2)
	if err != nil || thinned != 2 {
		t.Errorf("%d thinned, %v", thinned, err)
	}
	fresh, err := baseline.Open(registry(t, s, nil), "main")
	must(t, err)
	entries, damaged, err := fresh.List(t.Context())
	must(t, err)
	var whole []bool
	for _, e := range entries {
		whole = append(whole, e.Whole)
	}
	if len(damaged) > 0 || !slices.Equal(whole, []bool{false, false, true, true}) {
		t.Errorf("whole are %v, damaged %v", whole, damaged)
	}
}

// A fork's job reads the parent's registry where it is public, without a token.
func TestForksReadAPublicRegistry(t *testing.T) {
	s := newServer(t)
	must(t, registry(t, s, nil).Put(t.Context(), "main/a.k6run", []byte("a")))
	c, err := gitlab.NewClient(gitlab.Options{API: s.API()})
	must(t, err)
	if _, err := c.Packages(int64(gitlabtest.Project), nil).List(t.Context(), "main/"); err == nil {
		t.Error("a private registry is read without a token")
	}
	s.SetPublic(gitlabtest.Project)
	if got, err := c.Packages(int64(gitlabtest.Project), nil).Get(t.Context(), "main/a.k6run"); err != nil || string(got) != "a" {
		t.Errorf("%q, %v", got, err)
	}
	if err := c.Packages(int64(gitlabtest.Project), nil).Put(t.Context(), "main/a.k6run", nil); err == nil {
		t.Error("written without a token")
	}
}

// The job of a Developer deletes with the token of a Maintainer, where it has
// one, and only what it may not delete itself.
func TestDeletingTakesTheTokenThatMay(t *testing.T) {
	s := newServer(t)
	s.SetMaintainer(gitlabtest.JobToken, false)
	p := registry(t, s, nil)
	must(t, p.Put(t.Context(), "main/a.k6run", []byte("a")))
	if err := p.Delete(t.Context(), "main/a.k6run"); !forge.Forbidden(err) || len(s.Packages(gitlabtest.Project)) != 1 {
		t.Fatalf("a Developer's job deletes: %v", err)
	}
	for token, may := range map[string]bool{gitlabtest.ReadToken: false, gitlabtest.WriteToken: true} {
		other, err := gitlab.NewClient(gitlab.Options{API: s.API(), Token: token})
		must(t, err)
		p := registry(t, s, nil)
		p.DeleteWith(other)
		err = p.Delete(t.Context(), "main/a.k6run")
		if (err == nil) != may || forge.Forbidden(err) == may {
			t.Errorf("%v", err)
		}
		if !may {
			continue
		}
		must(t, p.Put(t.Context(), "main/a.k6run", []byte("a"))) // for the other token
	}
}
