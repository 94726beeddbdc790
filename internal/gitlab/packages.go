package gitlab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"k6report/internal/forge"
)

// Packages keeps blobs in a project's generic package registry, where a job
// token may read and write: a package k6report-FOLDER for each folder of names,
// a version for each content of a blob, one file in it. A version ends with the
// hash of its content: what was not uploaded whole is known from what was, a
// replaced blob never shows half of each, and what was got once need not be got
// again.
//
// It satisfies the interface that package baseline keeps runs in. It is safe for
// concurrent use; of two that put the same blob at once, the later wins.
type Packages struct {
	client  *Client
	project any // its number, or its path
	cache   Cache
	deleter *Client // may delete what client may not; nil is nobody
	warn    func(error)

	mu    sync.Mutex
	index map[string][]version // by blob name, the newest first
}

// Cache keeps contents on this machine, under names of letters, digits, dots,
// dashes, underscores and slashes. A Get of what isn't there is an error.
type Cache interface {
	List(ctx context.Context, prefix string) ([]string, error)
	Get(ctx context.Context, name string) ([]byte, error)
	Put(ctx context.Context, name string, content []byte) error
	Delete(ctx context.Context, name string) error
}

// version is one of a blob that is there.
type version struct {
	id   int64
	name string
	hash string
}

// Packages are those of a project, by its number or its path. cache may be nil.
func (c *Client) Packages(project any, cache Cache) *Packages {
	return &Packages{client: c, project: project, cache: cache, index: make(map[string][]version)}
}

// DeleteWith has packages that the client may not delete deleted by another one,
// whose token may be a Maintainer's.
func (p *Packages) DeleteWith(other *Client) { p.deleter = other }

// WarnWith has what fails and costs nothing but room told to a function.
func (p *Packages) WarnWith(warn func(error)) { p.warn = warn }

const (
	packagePrefix = "k6report-"
	blobFile      = "blob"
	mostBlob      = 64 << 20
	hashBytes     = 16 // of a SHA-256: no two runs share it
)

// place is the package and the beginning of the versions of a blob: its folder
// and its name. Slashes can't stand in a package's name: two dots do, which no
// folder may have.
func place(name string) (pkg, base string, err error) {
	at := strings.LastIndexByte(name, '/')
	if at <= 0 || at == len(name)-1 || !plainName(name) {
		return "", "", fmt.Errorf("%q can't be a blob's name: use letters, digits, dots, dashes and underscores, with a folder before a slash", name)
	}
	return packageOf(name[:at]), name[at+1:], nil
}

func packageOf(folder string) string {
	return packagePrefix + strings.ReplaceAll(folder, "/", "..")
}

// plainName checks each part of a name.
func plainName(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.Contains(part, "..") || strings.IndexFunc(part, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
		}) >= 0 {
			return false
		}
	}
	return true
}

// blobOf reads a package and a version back; false for what isn't ours. A
// version is NAME+HASH, or NAME+HASH+N where a content came back.
func blobOf(pkg, text string) (name, hash string, ok bool) {
	folder, ours := strings.CutPrefix(pkg, packagePrefix)
	parts := strings.Split(text, "+")
	if !ours || len(parts) < 2 || len(parts[1]) != 2*hashBytes {
		return "", "", false
	}
	name = strings.ReplaceAll(folder, "..", "/") + "/" + parts[0]
	return name, parts[1], plainName(name)
}

func contentHash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:hashBytes])
}

// refresh reads which versions there are, of a folder or of all ("").
func (p *Packages) refresh(ctx context.Context, folder string) error {
	kind, wanted := "generic", packagePrefix
	if folder != "" {
		wanted = packageOf(folder)
	}
	opt := &gitlab.ListProjectPackagesOptions{PackageType: &kind, PackageName: &wanted}
	opt.PerPage = 100
	found := make(map[string][]version)
	err := p.client.pages(ctx, "list the baselines in the package registry", func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := p.client.api.Packages.ListProjectPackages(p.project, opt, gitlab.WithContext(ctx))
		for _, pkg := range list {
			if folder != "" && pkg.Name != wanted { // GitLab searches, it does not compare
				continue
			}
			if name, hash, ok := blobOf(pkg.Name, pkg.Version); ok && pkg.Status != "pending_destruction" {
				found[name] = append(found[name], version{pkg.ID, pkg.Version, hash})
			}
		}
		return resp, err
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.index {
		if folder == "" || strings.HasPrefix(name, folder+"/") && !strings.Contains(name[len(folder)+1:], "/") {
			delete(p.index, name)
		}
	}
	for name, versions := range found {
		slices.SortFunc(versions, func(a, b version) int { return int(b.id - a.id) })
		p.index[name] = slices.CompactFunc(versions, func(a, b version) bool { return a.id == b.id })
	}
	return nil
}

// versions are those of a blob that are known.
func (p *Packages) versions(name string) []version {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.index[name])
}

// List are the names that begin with a prefix.
func (p *Packages) List(ctx context.Context, prefix string) ([]string, error) {
	folder := ""
	if at := strings.LastIndexByte(prefix, '/'); at > 0 && at == len(prefix)-1 && plainName(prefix[:at]) {
		folder = prefix[:at]
	}
	if err := p.refresh(ctx, folder); err != nil {
		return nil, err
	}
	p.mu.Lock()
	var names []string
	current := make(map[string]bool)
	for name, versions := range p.index {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
		current[cacheName(name, versions[0].hash)] = true
	}
	p.mu.Unlock()
	slices.Sort(names)
	if folder != "" {
		p.forget(ctx, folder+"/", current)
	}
	return names, nil
}

func cacheName(blob, hash string) string {
	return blob[:strings.LastIndexByte(blob, '/')] + "/" + hash
}

// forget takes out of the cache what is in the registry no more.
func (p *Packages) forget(ctx context.Context, prefix string, current map[string]bool) {
	if p.cache == nil {
		return
	}
	kept, err := p.cache.List(ctx, prefix)
	if err != nil {
		return // it only costs room
	}
	for _, name := range kept {
		if !current[name] && !strings.Contains(name[len(prefix):], "/") {
			_ = p.cache.Delete(ctx, name) // it only costs room
		}
	}
}

// Get is a blob's content; the error is fs.ErrNotExist where there is none.
// What was not uploaded whole is passed over for what was there before, and
// refused when that is nothing.
func (p *Packages) Get(ctx context.Context, name string) ([]byte, error) {
	pkg, base, err := place(name)
	if err != nil {
		return nil, err
	}
	doing := "get " + name + " from the package registry"
	for fresh := false; ; fresh = true {
		content, err := p.newestWhole(ctx, doing, pkg, name, fresh)
		switch {
		case err == nil || !errors.Is(err, fs.ErrNotExist):
			return content, err
		case fresh:
			return nil, fmt.Errorf("%s: %w", doing, fs.ErrNotExist)
		}
		// Nothing is known of it, or what was known is gone: it may have been
		// replaced, and what it replaced must not come back.
		if err := p.refresh(ctx, strings.TrimSuffix(name, "/"+base)); err != nil {
			return nil, err
		}
	}
}

// newestWhole is the content of the newest version that is whole. A version that
// is gone is passed over only where the list of them is fresh.
func (p *Packages) newestWhole(ctx context.Context, doing, pkg, name string, fresh bool) ([]byte, error) {
	none := fs.ErrNotExist
	for _, v := range p.versions(name) {
		content, err := p.content(ctx, doing, pkg, name, v)
		switch {
		case errors.Is(err, errBroken):
			none = fmt.Errorf("%s: %w", doing, errBroken)
		case errors.Is(err, fs.ErrNotExist) && fresh:
		default:
			return content, err
		}
	}
	return nil, none
}

var errBroken = errors.New("it is not whole: an upload broke off; add the run again")

// content is that of a version, from the cache where it is.
func (p *Packages) content(ctx context.Context, doing, pkg, name string, v version) ([]byte, error) {
	if p.cache != nil {
		if content, err := p.cache.Get(ctx, cacheName(name, v.hash)); err == nil && contentHash(content) == v.hash {
			return content, nil
		}
	}
	call, cancel := p.client.within(ctx)
	defer cancel()
	content, resp, err := p.client.api.GenericPackages.DownloadPackageFile(p.project, pkg, v.name, blobFile, gitlab.WithContext(call))
	switch {
	case resp != nil && resp.StatusCode == http.StatusNotFound, errors.Is(err, gitlab.ErrNotFound):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, wrap(doing, err)
	case contentHash(content) != v.hash:
		return nil, errBroken
	}
	if p.cache != nil {
		_ = p.cache.Put(ctx, cacheName(name, v.hash), content) // without it, it is got again
	}
	return content, nil
}

// Put makes or replaces a blob.
func (p *Packages) Put(ctx context.Context, name string, content []byte) error {
	pkg, base, err := place(name)
	if err != nil {
		return err
	}
	if len(content) > mostBlob {
		return fmt.Errorf("put %s into the package registry: it has %d bytes, at most %d are sensible", name, len(content), mostBlob)
	}
	before := p.versions(name)
	if len(before) == 0 {
		if err := p.refresh(ctx, strings.TrimSuffix(name, "/"+base)); err != nil {
			return err
		}
		before = p.versions(name)
	}
	hash := contentHash(content)
	target := base + "+" + hash
	if len(before) > 0 && before[0].hash == hash {
		target = before[0].name // the same again, which mends a broken upload
	}
	for n := 2; slices.ContainsFunc(before[min(1, len(before)):], func(v version) bool { return v.name == target }); n++ {
		target = fmt.Sprintf("%s+%s+%d", base, hash, n) // the newest version counts
	}
	call, cancel := p.client.within(ctx)
	defer cancel()
	_, _, err = p.client.api.GenericPackages.PublishPackageFile(p.project, pkg, target, blobFile, bytes.NewReader(content), nil, gitlab.WithContext(call))
	if err != nil {
		return wrap("put "+name+" into the package registry", err)
	}
	// What it replaces goes, where the token may delete; else it is passed over.
	for _, old := range slices.Backward(before) {
		if old.name == target {
			continue
		}
		if err := p.remove(ctx, name, old); err != nil {
			if p.warn != nil {
				p.warn(fmt.Errorf("what was replaced stays in the package registry: %w", err))
			}
			break
		}
	}
	p.forgetVersions(name) // the number of the new version is GitLab's to say
	return nil
}

// forgetVersions has the versions of a blob listed again before they are used.
func (p *Packages) forgetVersions(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.index, name)
}

func (p *Packages) remove(ctx context.Context, name string, v version) error {
	err := p.removeAs(ctx, p.client, name, v)
	if p.deleter != nil && forge.Forbidden(err) {
		err = p.removeAs(ctx, p.deleter, name, v)
	}
	return err
}

func (p *Packages) removeAs(ctx context.Context, c *Client, name string, v version) error {
	call, cancel := c.within(ctx)
	defer cancel()
	_, err := c.api.Packages.DeleteProjectPackage(p.project, v.id, gitlab.WithContext(call))
	wrapped := wrap("delete "+name+" from the package registry", err)
	switch status := forge.StatusOf(wrapped); status {
	case http.StatusNotFound:
		return nil
	case http.StatusForbidden, http.StatusUnauthorized:
		return &forge.Error{
			Forge: "GitLab", Doing: "delete " + name + " from the package registry", Status: status, Err: err,
			Remedy: "deleting packages takes the role Maintainer: run it with a token of that role in a protected K6REPORT_GITLAB_TOKEN, or delete the package on the project's page",
		}
	}
	return wrapped
}

// Delete takes a blob away; one that isn't there is no error. Its oldest version
// goes first: whatever breaks off leaves it as it was, never an older content in
// its place. Developers may not delete packages: see [forge.Forbidden].
func (p *Packages) Delete(ctx context.Context, name string) error {
	_, base, err := place(name)
	if err != nil {
		return err
	}
	if err := p.refresh(ctx, strings.TrimSuffix(name, "/"+base)); err != nil {
		return err
	}
	versions := p.versions(name)
	p.forgetVersions(name) // whatever comes of it
	for _, v := range slices.Backward(versions) {
		if err := p.remove(ctx, name, v); err != nil {
			return err
		}
	}
	return nil
}
