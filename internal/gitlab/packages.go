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
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"
)

// Packages keeps blobs in a project's generic package registry, where a job
// token may read and write: a package k6report-FOLDER for each folder of names,
// a version for each blob, one file in it. The content's hash stands before it, so
// that a broken upload is known from a whole one.
//
// It satisfies the interface that package baseline keeps runs in.
type Packages struct {
	client  *Client
	project int64
}

// Packages are those of a project.
func (c *Client) Packages(project int64) *Packages { return &Packages{c, project} }

const (
	packagePrefix = "k6report-"
	blobFile      = "blob"
	mostBlob      = 64 << 20
)

// place is the package and version of a blob: its folder and its name. Slashes
// can't stand in a package's name: two dots do, which no folder may have.
func place(name string) (pkg, version string, err error) {
	at := strings.LastIndexByte(name, '/')
	if at <= 0 || at == len(name)-1 || !plainName(name) {
		return "", "", fmt.Errorf("%q can't be a blob's name: use letters, digits, dots, dashes and underscores, with a folder before a slash", name)
	}
	return packagePrefix + strings.ReplaceAll(name[:at], "/", ".."), name[at+1:], nil
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

// folder is what place made of a folder, back.
func folder(pkg string) (string, bool) {
	text, ours := strings.CutPrefix(pkg, packagePrefix)
	return strings.ReplaceAll(text, "..", "/"), ours
}

// List are the names that begin with a prefix.
func (p *Packages) List(ctx context.Context, prefix string) ([]string, error) {
	packages, err := p.packages(ctx, "")
	if err != nil {
		return nil, err
	}
	var names []string
	seen := make(map[string]bool)
	for _, pkg := range packages {
		dir, ours := folder(pkg.Name)
		name := dir + "/" + pkg.Version
		if ours && strings.HasPrefix(name, prefix) && !seen[name] && plainName(name) {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names, nil
}

// packages are our packages; of one name, if it is given.
func (p *Packages) packages(ctx context.Context, name string) ([]*gitlab.Package, error) {
	kind, wanted := "generic", packagePrefix
	if name != "" {
		wanted = name
	}
	opt := &gitlab.ListProjectPackagesOptions{PackageType: &kind, PackageName: &wanted}
	opt.PerPage = 100
	var found []*gitlab.Package
	err := p.client.pages(ctx, "list the baselines in the package registry", func(ctx context.Context, page int64) (*gitlab.Response, error) {
		opt.Page = page
		list, resp, err := p.client.api.Packages.ListProjectPackages(p.project, opt, gitlab.WithContext(ctx))
		for _, pkg := range list {
			if pkg.Status == "" || pkg.Status == "default" || pkg.Status == "hidden" {
				if name == "" || pkg.Name == name { // GitLab searches, it does not compare
					found = append(found, pkg)
				}
			}
		}
		return resp, err
	})
	return found, err
}

// Get is a blob's content; the error is fs.ErrNotExist where there is none.
// What was not uploaded whole is refused.
func (p *Packages) Get(ctx context.Context, name string) ([]byte, error) {
	pkg, version, err := place(name)
	if err != nil {
		return nil, err
	}
	doing := "get " + name + " from the package registry"
	call, cancel := p.client.within(ctx)
	defer cancel()
	content, resp, err := p.client.api.GenericPackages.DownloadPackageFile(p.project, pkg, version, blobFile, gitlab.WithContext(call))
	if resp != nil && resp.StatusCode == http.StatusNotFound || errors.Is(err, gitlab.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", doing, fs.ErrNotExist)
	}
	if err != nil {
		return nil, wrap(doing, err)
	}
	whole, err := unsealed(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return whole, nil
}

// A blob is sent with its hash before it: object storage has been seen to keep
// what a broken connection left.
func sealed(content []byte) []byte {
	sum := sha256.Sum256(content)
	return append([]byte(hex.EncodeToString(sum[:])+"\n"), content...)
}

func unsealed(sent []byte) ([]byte, error) {
	hash, content, ok := bytes.Cut(sent, []byte("\n"))
	sum := sha256.Sum256(content)
	if !ok || string(hash) != hex.EncodeToString(sum[:]) {
		return nil, errors.New("it is not whole: an upload broke off; remove it and add the run again")
	}
	return content, nil
}

// Put makes or replaces a blob.
func (p *Packages) Put(ctx context.Context, name string, content []byte) error {
	pkg, version, err := place(name)
	if err != nil {
		return err
	}
	if len(content) > mostBlob {
		return fmt.Errorf("put %s into the package registry: it has %d bytes, at most %d are sensible", name, len(content), mostBlob)
	}
	doing := "put " + name + " into the package registry"
	call, cancel := p.client.within(ctx)
	defer cancel()
	_, _, err = p.client.api.GenericPackages.PublishPackageFile(p.project, pkg, version, blobFile, bytes.NewReader(sealed(content)), nil, gitlab.WithContext(call))
	return wrap(doing, err)
}

// Delete takes a blob away; one that isn't there is no error. Developers may
// not delete packages: see [Forbidden].
func (p *Packages) Delete(ctx context.Context, name string) error {
	pkg, version, err := place(name)
	if err != nil {
		return err
	}
	list, err := p.packages(ctx, pkg)
	if err != nil {
		return err
	}
	for _, found := range list {
		if found.Version != version {
			continue
		}
		call, cancel := p.client.within(ctx)
		_, err := p.client.api.Packages.DeleteProjectPackage(p.project, found.ID, gitlab.WithContext(call))
		cancel()
		if err := wrap("delete "+name+" from the package registry", err); err != nil && statusOf(err) != http.StatusNotFound {
			return err
		}
	}
	return nil
}

// Forbidden reports whether GitLab refused something for want of rights.
func Forbidden(err error) bool {
	status := statusOf(err)
	return status == http.StatusForbidden || status == http.StatusUnauthorized
}
