package gitlabtest

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pkg is a version of a generic package.
type pkg struct {
	id            int64
	name, version string
	created       time.Time
	files         []pkgFile
}

type pkgFile struct {
	name    string
	content []byte
}

// Package is one of the registry, with the newest content of its file.
type Package struct {
	ID            int64
	Name, Version string
	Content       []byte
	Files         int
}

// Packages are those of a project, the oldest first.
func (s *Server) Packages(project int64) []Package {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Package
	for _, p := range s.projects[project].packages {
		out = append(out, Package{p.id, p.name, p.version, bytes.Clone(p.files[len(p.files)-1].content), len(p.files)})
	}
	return out
}

// DeletePackage lets somebody delete a version.
func (s *Server) DeletePackage(project, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.projects[project]
	p.packages = slices.DeleteFunc(p.packages, func(k *pkg) bool { return k.id == id })
}

// Spoil changes the content of all files of a project's packages.
func (s *Server) Spoil(project int64, change func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.projects[project].packages {
		for i := range p.files {
			p.files[i].content = change(p.files[i].content)
		}
	}
}

// What GitLab allows names of generic packages to be, from
// lib/gitlab/regex/packages.rb of its source.
var (
	packageName    = regexp.MustCompile(`^[A-Za-z0-9._\-+]+$`)
	packageVersion = regexp.MustCompile(`^[\w+.-]+$`)
)

func (c *call) listPackages() {
	p := c.project(readPackages)
	if p == nil {
		return
	}
	q := c.r.URL.Query()
	list := []map[string]any{}
	for _, k := range p.packages {
		// GitLab searches: what holds the name is found.
		if strings.Contains(k.name, q.Get("package_name")) && (q.Get("package_version") == "" || q.Get("package_version") == k.version) {
			list = append(list, map[string]any{
				"id": k.id, "name": k.name, "version": k.version, "package_type": "generic", "status": "default",
				"created_at": k.created.Format(time.RFC3339),
			})
		}
	}
	if q.Get("sort") == "desc" {
		slices.Reverse(list)
	}
	page(c, list, nil)
}

func (c *call) find(p *project) *pkg {
	for _, k := range p.packages {
		if k.name == c.r.PathValue("name") && k.version == c.r.PathValue("version") {
			return k
		}
	}
	return nil
}

func (c *call) putPackage() {
	p := c.project(writePackages)
	if p == nil {
		return
	}
	name, version := c.r.PathValue("name"), c.r.PathValue("version")
	if !packageName.MatchString(name) || !packageVersion.MatchString(version) || strings.Contains(version, "..") {
		c.reply(http.StatusBadRequest, map[string]string{"error": "package_name is invalid, package_version is invalid"})
		return
	}
	if c.r.ContentLength > 0 && int64(len(c.body)) < c.r.ContentLength {
		return // the sender went away
	}
	k := c.find(p)
	if k == nil {
		k = &pkg{id: c.id(), name: name, version: version, created: c.now()}
		p.packages = append(p.packages, k)
	}
	k.files = append(k.files, pkgFile{c.r.PathValue("file"), c.body})
	c.reply(http.StatusCreated, map[string]string{"message": "201 Created"})
}

func (c *call) getPackage() {
	p := c.project(readPackages)
	if p == nil {
		return
	}
	if k := c.find(p); k != nil {
		for _, f := range slices.Backward(k.files) {
			if f.name == c.r.PathValue("file") {
				c.w.Header().Set("Content-Type", "application/octet-stream")
				c.w.Header().Set("Content-Length", strconv.Itoa(len(f.content)))
				_, _ = c.w.Write(f.content) // whoever asked may be gone
				return
			}
		}
	}
	c.fail(http.StatusNotFound, "Not Found")
}

func (c *call) deletePackage() {
	p := c.project(writePackages)
	if p == nil {
		return
	}
	if !c.token.maintainer {
		c.fail(http.StatusForbidden, "Forbidden")
		return
	}
	id, _ := strconv.ParseInt(c.r.PathValue("package"), 10, 64)
	before := len(p.packages)
	p.packages = slices.DeleteFunc(p.packages, func(k *pkg) bool { return k.id == id })
	if len(p.packages) == before {
		c.fail(http.StatusNotFound, "Not found")
		return
	}
	c.w.WriteHeader(http.StatusNoContent)
}
