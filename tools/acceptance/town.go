package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/ingest/influx/influxtest"
)

// town is where the team lives: what outlasts a job.
type town struct {
	tools
	root, out, path string
	gitlab          *gitlabtest.Server
	influx          *influxtest.Server
	say             io.Writer
	load            load

	tip    string           // of main
	bases  map[int64]string // of the merge requests that are open
	config []byte           // k6report.yaml, nil while there is none
	last   *job
	// comments are the texts of the merge requests' comments, as the last job left them.
	comments  map[int64]string
	uncounted bool // runs in the registry aren't held against what is expected
	mistakes  int  // that GitLab has told of so far
	leave     func()
}

// settle starts what is there all week.
func settle(ctx context.Context, root, out, path string) (*town, error) {
	t := &town{path: path, load: fullLoad(), bases: make(map[int64]string), comments: make(map[int64]string)}
	var err error
	if t.root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if t.out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	if t.influxd, err = influxtest.Find(t.root); err != nil {
		return nil, fmt.Errorf("find influxd: %w; tools/install.sh influxd builds it", err)
	}
	for program, at := range map[*string]string{
		&t.engine: "bin/engine", &t.product: "bin/k6report", &t.k6: ".tools/bin/k6", &t.postgres: "testbed/scripts/postgres.sh",
	} {
		*program = filepath.Join(t.root, at)
		if _, err := os.Stat(*program); err != nil {
			return nil, fmt.Errorf("%w; make acceptance builds what is missing", err)
		}
	}
	if err := empty(t.out); err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("", "k6report-acceptance-")
	if err != nil {
		return nil, err
	}
	if t.influx, err = influxtest.Start(ctx, t.influxd, data, influxtest.Options{}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	t.gitlab = gitlabtest.New()
	t.leave = func() {
		t.gitlab.Close()
		t.influx.Stop()
		_ = os.RemoveAll(data) // a folder of the system's temporary ones
	}
	t.tip = t.commit(0, "")
	if err := t.influx.Query(ctx, "CREATE DATABASE k6"); err != nil {
		t.leave()
		return nil, err
	}
	return t, nil
}

// commit adds a commit of a step and answers its hash; parent is "" for the first.
func (t *town) commit(number int, parent string) string {
	sha := fmt.Sprintf("c%039x", number)
	if parent == "" {
		t.gitlab.AddCommit(sha)
	} else {
		t.gitlab.AddCommit(sha, parent)
	}
	return sha
}

// prepare makes the job of a step.
func (t *town) prepare(s numbered) (*job, error) {
	const between = 10 // pipelines of the rest of the company
	j := &job{step: s.step, number: s.number, pipeline: int64(1000 + between*s.number)}
	switch {
	case j.retry:
		j.base, j.commit = t.last.base, t.last.commit
	case j.mr != 0:
		if t.bases[j.mr] == "" {
			t.bases[j.mr] = t.tip
			t.gitlab.OpenMergeRequest(j.mr, branch(j.mr))
		}
		j.base = t.bases[j.mr]
		j.commit = t.commit(s.number, j.base)
	case j.kind == schedule:
		j.commit = t.tip
	default:
		t.tip = t.commit(s.number, t.tip)
		j.commit = t.tip
	}
	switch {
	case j.retry:
		j.pipeline = t.last.pipeline
	case j.late:
		j.pipeline = t.last.pipeline - 1
	}
	name := fmt.Sprintf("%02d-main", s.number)
	if j.mr != 0 {
		name = fmt.Sprintf("%02d-mr%d", s.number, j.mr)
	}
	j.dir = filepath.Join(t.out, name)
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return nil, err
	}
	if t.config != nil {
		return j, os.WriteFile(filepath.Join(j.dir, "k6report.yaml"), t.config, 0o644)
	}
	return j, nil
}

// step lives through one pipeline.
func (t *town) step(ctx context.Context, s numbered) (o outcome, err error) {
	j, err := t.prepare(s)
	if err != nil {
		return o, err
	}
	log, err := os.Create(filepath.Join(j.dir, "job.log"))
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	j.log = log
	if j.accept != "" {
		if err := t.accepts(ctx, j, t.last.dir); err != nil {
			return o, err
		}
	}
	of := gitlabtest.Job{ID: int64(900 + j.number), Name: "load-test", Status: "running"}
	t.gitlab.RunOn(j.pipeline, j.ref(), j.commit)
	t.gitlab.AddPipelineOf(j.mr, j.pipeline, of.Status, of)
	began := time.Now() //nolint:forbidigo // how long a job takes is real time
	code, err := t.amid(ctx, j)
	if err != nil {
		return o, err
	}
	of.Status = map[bool]string{true: "success", false: "failed"}[code == 0]
	t.gitlab.AddPipelineOf(j.mr, j.pipeline, of.Status, of)
	o = t.look(j, code)
	o.took = time.Since(began) //nolint:forbidigo // see above
	t.last = j
	return o, t.keep(j)
}

// amid does a job on an engine of its own, with whatever happens meanwhile.
func (t *town) amid(ctx context.Context, j *job) (int, error) {
	d, err := t.deploy(ctx, j.engine)
	if err != nil {
		return 0, err
	}
	defer d.stop()
	j.url = d.URL
	meanwhile, over := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var failed error // valid once wg is done
	switch j.happens {
	case neighbour:
		wg.Go(func() { failed = busy(meanwhile, 4*time.Second, 6*time.Second) })
	case crowd:
		wg.Go(func() { failed = busy(meanwhile, 0, time.Hour) })
	case crash:
		wg.Go(func() { failed = d.crashing(meanwhile) })
	case gateway:
		t.gitlab.Break(gitlabtest.Fault{Method: http.MethodPost, Path: "/notes", Status: http.StatusBadGateway, After: true, Times: 1})
	}
	code, err := t.do(ctx, j)
	over()
	wg.Wait()
	t.gitlab.Mend()
	return code, errors.Join(err, failed)
}

// ours marks a folder that is the acceptance's to empty.
const ours = ".acceptance"

// empty makes a folder, or removes what an earlier week left in it. It refuses one
// with anything else in it.
func empty(folder string) error {
	left, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into -out: %w", err)
	}
	if _, err := os.Stat(filepath.Join(folder, ours)); err != nil && len(left) > 0 {
		return fmt.Errorf("%s is not empty, and not of an earlier week: give another folder with -out, for this one would be emptied", folder)
	}
	return errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, ours), nil, 0o644))
}
