package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"k6report/testbed/internal/api"
	"k6report/testbed/internal/callee"
	"k6report/testbed/internal/engine"
	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/gauge"
	"k6report/testbed/internal/graph"
	"k6report/testbed/internal/nameserver"
	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/seed"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/store/postgres"
	"k6report/testbed/internal/store/sqlite"
	"k6report/testbed/internal/task"
	"k6report/testbed/internal/template"
)

// run serves until ctx is done and everything under way has finished.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.logLevel}))
	// Listen first: a port that is taken should not cost the seeding.
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.addr, err)
	}
	defer listener.Close() // the server closes it, too, once it serves

	db, closeDB, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeDB()) }()

	downstream, err := callee.Start(callee.Options{Delay: c.calleeDelay, Now: time.Now, Log: log})
	if err != nil {
		return err
	}
	client, closeClient, err := openClient(c, downstream)
	defer func() {
		finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.grace)
		defer cancel()
		err = errors.Join(err, closeClient(), downstream.Close(finish))
	}()
	if err != nil {
		return err
	}

	hub := api.NewHub(api.HubOptions{
		Queue: c.hubQueue, KeepAlive: 15 * time.Second, NewToken: rand.Text, Now: time.Now, Log: log,
		Check: c.hubCheck, AcceptSlots: c.knobs.AcceptSlots, Confirm: c.knobs.Confirm, Buffer: c.knobs.ConnBuffer,
	})
	handler, err := assemble(ctx, c, db, client, hub, log)
	if err != nil {
		return err
	}
	for _, f := range c.faults {
		log.Warn("faulty on purpose", "fault", f.Text, "how", f.Fault.How)
	}
	if c.knobs.Busy > 0 {
		release, failed := throttle(ctx, c.knobs.Busy, c.knobs.Period)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, release()) }()
	}
	return serve(ctx, c, listener, handler, hub, stdout, log)
}

// openClient makes the client of the downstream service, and says how to close
// it, whatever the error.
func openClient(c settings, downstream *callee.Server) (*outbound.Client, func() error, error) {
	o := outbound.Options{
		BaseURL: downstream.URL, Roots: downstream.Roots, Conns: c.httpConns, Timeout: 30 * time.Second, Now: time.Now,
		Idle: c.knobs.HTTPIdle,
	}
	closeNames := func() error { return nil }
	if c.knobs.DNSDelay > 0 {
		names, err := nameserver.Start(c.knobs.DNSDelay)
		if err != nil {
			return nil, closeNames, err
		}
		o.BaseURL, o.Resolver, closeNames = downstream.Named, names.Resolver(), names.Close
	}
	client := outbound.New(o)
	return client, func() error { client.Close(); return closeNames() }, nil
}

// assemble puts the engine together and seeds it.
func assemble(
	ctx context.Context, c settings, db store.Store, client *outbound.Client, hub *api.Hub, log *slog.Logger,
) (http.Handler, error) {
	running := runner.Options{
		Kinds: task.Kinds(client), Resolver: template.NewWastefulResolver(compile(c.knobs.Compile)), Workers: c.workers,
		Now: time.Now, ScopeCopies: c.knobs.ScopeCopies,
	}
	if ends := c.knobs.PathEnds; ends > 0 {
		running.Plan = func(nodes []graph.Node) (graph.Graph, error) { return graph.BuildByPaths(nodes, ends) }
	}
	dry := running
	dry.Kinds = task.DryKinds()
	e := engine.New(engine.Options{
		Store: db, Limit: c.limit, NewID: newID, Runner: runner.New(running), Dry: runner.New(dry),
		Publish: hub.Publish,
	})
	if err := seed.Fill(ctx, e, c.samples); err != nil {
		return nil, err
	}
	if pg, ok := db.(*postgres.Store); ok && c.dbRows > 0 {
		if err := pg.Fill(ctx, c.dbRows, seed.Tenants()); err != nil {
			return nil, err
		}
	}
	return api.New(api.Options{
		Engine: e, Store: db, Gauges: gauge.NewSampler(time.Now), Callee: client, Hub: hub, Log: log, Now: time.Now,
		InstanceID: rand.Text(), Interference: &api.Interference{Wait: c.knobs.Untimed, Keep: c.knobs.Leak},
	}), nil
}

func compile(c fault.Compile) template.Compile {
	switch c {
	case fault.CompilePerText:
		return template.PerText
	case fault.CompilePerExpression:
		return template.PerExpression
	default:
		return template.Once
	}
}

// newID gives ids that rise with time, which keeps the index of a growing
// table compact.
func newID() string {
	return uuid.Must(uuid.NewV7()).String() // fails only where crypto/rand does: nowhere
}

// openStore opens the database and says how to close it and clean up.
func openStore(ctx context.Context, c settings) (store.Store, func() error, error) {
	if isPostgres(c.db) {
		db, err := postgres.Open(ctx, postgres.Options{
			URL: c.db, Conns: c.conns(), Now: time.Now, Hold: c.dbHold, Faults: postgres.Faults{
				HotRow: c.knobs.HotRow, HotRange: c.knobs.HotRange, Index: c.knobs.Index,
				CommitDelay: c.knobs.CommitDelay, WriteFactor: c.knobs.WriteFactor,
			},
		})
		if err != nil {
			return nil, nil, err
		}
		return db, db.Close, nil
	}
	path, remove := c.db, func() error { return nil }
	if path == "" {
		folder, err := os.MkdirTemp("", "k6report-engine-")
		if err != nil {
			return nil, nil, fmt.Errorf("make a folder for the database: %w", err)
		}
		path = filepath.Join(folder, "engine.db")
		remove = func() error { return os.RemoveAll(folder) }
	}
	db, err := sqlite.Open(ctx, sqlite.Options{
		Path: path, Readers: c.conns(), Now: time.Now, Hold: c.dbHold, WriteFactor: c.knobs.WriteFactor,
	})
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return db, func() error { return errors.Join(db.Close(), remove()) }, nil
}

func serve(
	ctx context.Context, c settings, listener net.Listener, handler http.Handler, hub *api.Hub,
	stdout io.Writer, log *slog.Logger,
) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	url := "http://" + listener.Addr().String()
	if err := announce(c.addrFile, url, stdout); err != nil {
		return errors.Join(err, server.Close())
	}
	log.Info("serving", "url", url)
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", url, err)
	case <-ctx.Done():
	}
	log.Info("stopping", "grace", c.grace)
	// ctx is done already: finishing has its own time.
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.grace)
	defer cancel()
	// The server doesn't count hub connections among its own.
	err := hub.Close(finish)
	if shutdown := server.Shutdown(finish); shutdown != nil {
		err = errors.Join(err, fmt.Errorf("requests did not finish in %v: %w", c.grace, shutdown), server.Close())
	}
	return err
}

// announce tells where the server is: the connection queue takes requests
// from here on.
func announce(file, url string, stdout io.Writer) error {
	if file != "" {
		if err := writeWhole(file, url+"\n"); err != nil {
			return fmt.Errorf("tell the address: %w", err)
		}
	}
	if _, err := fmt.Fprintf(stdout, "listening on %s\n", url); err != nil {
		return fmt.Errorf("tell the address: %w", err)
	}
	return nil
}

// writeWhole writes a file so that a reader never sees half of it.
func writeWhole(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
