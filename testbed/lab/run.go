package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"k6report/testbed/internal/listener"
	"k6report/testbed/internal/seed"
	"k6report/testbed/internal/store/postgres"
	"k6report/testbed/internal/suite"
)

// Programs are the binaries that the laboratory runs.
type Programs struct {
	Engine, K6, K6Report string
}

// Lab runs trials and keeps what they gave.
type Lab struct {
	Programs
	Script string   // scenarios/lab.js
	OS     []string // the environment of the programs
	Out    string   // the folder of results: one for each trial
	Plan   Plan
	// Server is the URL of a PostgreSQL server for databases to throw away; ""
	// where no trial needs one.
	Server string
	Log    io.Writer // progress
	Now    func() time.Time
	// Limit is for how long trials are begun; 0 until all are done. One is begun
	// only where the time is enough for it.
	Limit time.Duration
}

// ErrLimit says that trials are left, for the time was over.
var ErrLimit = errors.New("trials are left: start the laboratory again to go on")

// overhead is what a trial takes beside its load: a database, the engine's
// start, k6's set-up, the snapshot.
const overhead = 6 * time.Second

// The files of a trial's folder. record is written last: where it is, the
// trial is done.
const (
	snapshotFile = "run.k6run"
	unjoinedFile = "unjoined.k6run" // of the same samples without metadata
	recordFile   = "trial.json"
	engineLog    = "engine.log"
	k6Log        = "k6.log"
)

// record is what is kept of a trial beside its snapshot.
type record struct {
	Key      string    `json:"key"`
	Seed     int       `json:"seed"`
	Started  time.Time `json:"started"`
	WarmupS  float64   `json:"warmup_s"`
	StayS    float64   `json:"stay_s"`
	Exit     int       `json:"k6_exit"`
	Database string    `json:"database"`
}

func (l *Lab) folder(t Trial) string { return filepath.Join(l.Out, t.Key()) }

// done says whether a trial was run with the same durations.
func (l *Lab) done(t Trial) bool {
	text, err := os.ReadFile(filepath.Join(l.folder(t), recordFile))
	var r record
	if err != nil || json.Unmarshal(text, &r) != nil {
		return false
	}
	return r.WarmupS == l.Plan.Warmup.Seconds() && r.StayS == l.Plan.Stay.Seconds()
}

// Run runs the trials that are not done yet. A trial that fails ends it, and so
// does Limit, with ErrLimit; what was done before stays done.
func (l *Lab) Run(ctx context.Context) error {
	var left []Trial
	for _, t := range l.Plan.Trials() {
		if !l.done(t) {
			left = append(left, t)
		}
	}
	if len(left) == 0 {
		return nil
	}
	began := l.Now()
	if err := l.warm(ctx, left[0].Healthy()); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	all := len(l.Plan.Trials())
	for i, t := range left {
		for again := 0; ; again++ {
			start := l.Now()
			if l.Limit > 0 && start.Sub(began)+l.Plan.lasts()+overhead > l.Limit {
				return fmt.Errorf("%d of %d %w", len(left)-i, all, ErrLimit)
			}
			if err := l.trial(ctx, t); err != nil {
				return fmt.Errorf("%s: %w", t.Key(), err)
			}
			took := l.Now().Sub(start)
			fmt.Fprintf(l.Log, "[%d/%d] %s: seed %d, %.0f s\n", all-len(left)+i+1, all, t.Key(), t.Seed, took.Seconds())
			if !l.disturbed(t, took) {
				break
			}
			if again == mostAgain {
				fmt.Fprintf(l.Log, "%s was disturbed every time: what is held against it may look better than it is\n", t.Key())
				break
			}
			fmt.Fprintf(l.Log, "%s took so long that the machine was busy with something else: once more\n", t.Key())
			if err := os.Remove(filepath.Join(l.folder(t), recordFile)); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostAgain is how often a disturbed trial is run again.
const mostAgain = 2

// disturbed says whether the machine was busy with something else while a
// healthy run was made, which all of its setup's faults are held against: what
// stands around the load took twice as long as usual (16 s instead of 3, and
// requests a hundred times as long, seen). Faults may be slow by themselves.
func (l *Lab) disturbed(t Trial, took time.Duration) bool {
	return t.Fault == "" && !t.Setup.Rows && took > l.Plan.lasts()+2*overhead
}

// warm runs a short trial and keeps nothing of it. The first run on a new server
// is slower than all others (time per request 5.9 ms instead of 3.7, seen), and
// what is compared with it would look better than it is.
func (l *Lab) warm(ctx context.Context, t Trial) (err error) {
	scratch, err := os.MkdirTemp("", "k6report-lab-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	first := *l
	first.Out, first.Plan.Warmup, first.Plan.Stay = scratch, 0, shortest
	return first.trial(ctx, t)
}

// shortest is the least that a plateau lasts.
const shortest = 5 * time.Second

func (l *Lab) trial(ctx context.Context, t Trial) (err error) {
	dir := l.folder(t)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, engineLog))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	flags, drop, err := l.database(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	flags = append(flags, t.Setup.Flags...)
	flags = append(flags, "--samples", "1", "--log-level", "warn")
	if t.Fault != "" {
		flags = append(flags, "--fault", t.Fault+"="+string(t.Strength))
	}
	started := l.Now()
	e, err := suite.StartEngine(ctx, l.Engine, log, flags...)
	if err != nil {
		return err
	}
	exit, err := l.load(ctx, t, e.URL)
	if err = errors.Join(err, e.Stop()); err != nil {
		return err
	}
	text, err := json.MarshalIndent(record{
		Key: t.Key(), Seed: t.Seed, Started: started, Exit: exit, Database: t.Database,
		WarmupS: l.Plan.Warmup.Seconds(), StayS: l.Plan.Stay.Seconds(),
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, recordFile), append(text, '\n'), 0o644)
}

// database answers the engine's flags for a database of the trial's own.
func (l *Lab) database(ctx context.Context, t Trial) (flags []string, drop func() error, err error) {
	if t.Database != Postgres {
		return nil, func() error { return nil }, nil
	}
	const name = "lab"
	if err := postgres.DropDatabase(ctx, l.Server, name); err != nil { // of a trial that was interrupted
		return nil, nil, err
	}
	url, err := postgres.CreateDatabase(ctx, l.Server, name, "")
	if err != nil {
		return nil, nil, err
	}
	return []string{"--db", url}, func() error {
		return postgres.DropDatabase(context.WithoutCancel(ctx), l.Server, name)
	}, nil
}

// load runs k6 against an engine and keeps the run as a snapshot.
func (l *Lab) load(ctx context.Context, t Trial, url string) (exit int, err error) {
	dir := l.folder(t)
	log, err := os.Create(filepath.Join(dir, k6Log))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	leave, err := l.listen(ctx, t, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	env := t.Setup.loadOf(t.Fault)
	env["BASE_URL"], env["SEED"] = url, strconv.Itoa(t.Seed)
	env["WARMUP"], env["STAY"] = seconds(l.Plan.Warmup), seconds(l.Plan.Stay)
	run := suite.Run{K6: l.K6, Script: l.Script, Env: env, OS: l.OS, Dir: dir, Log: log}
	result, err := run.Do(ctx)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if result.ExitCode != suite.ExitOK {
		return result.ExitCode, fmt.Errorf("k6 ended with %d; %s says why", result.ExitCode, log.Name())
	}
	plan := filepath.Join(dir, "plan.json")
	if err := l.inspect(ctx, env, plan); err != nil {
		return 0, err
	}
	loose := filepath.Join(dir, "unjoined.json")
	if err := unjoin(result.Samples, loose); err != nil {
		return 0, err
	}
	for _, of := range []struct{ samples, to string }{{result.Samples, snapshotFile}, {loose, unjoinedFile}} {
		out, err := l.command(ctx, l.K6Report, "snapshot", of.samples, result.Summary, plan,
			"-o", filepath.Join(dir, of.to), "--quiet").CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("k6report snapshot: %w: %s", err, out)
		}
	}
	// The snapshots hold all that an analysis needs, at a hundredth of the size.
	return result.ExitCode, errors.Join(os.Remove(result.Samples), os.Remove(loose), os.Remove(result.Summary), os.Remove(plan))
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func (l *Lab) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = l.OS
	return cmd
}

// inspect writes down the plan of the load.
func (l *Lab) inspect(ctx context.Context, env map[string]string, to string) error {
	args := []string{"inspect", "--execution-requirements"}
	for name, value := range env {
		args = append(args, "-e", name+"="+value)
	}
	cmd := l.command(ctx, l.K6, append(args, l.Script)...)
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], "K6_AUTO_EXTENSION_RESOLUTION=false")
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("k6 inspect: %w", err)
	}
	return os.WriteFile(to, text, 0o644)
}

// listen connects the setup's listeners, the late ones while the load runs. leave
// closes them, and tells which of the late ones could not join.
func (l *Lab) listen(ctx context.Context, t Trial, url string) (leave func() error, err error) {
	ctx, stop := context.WithCancel(ctx)
	var names []string
	for _, d := range seed.Definitions() {
		names = append(names, d.Name)
	}
	tenants := seed.Tenants()
	join := func(i int) (*listener.Listener, error) {
		o := listener.Options{BaseURL: url, Tenant: tenants[i%len(tenants)], Pause: t.Setup.Pause}
		if t.Setup.Pause > 0 {
			o.Workflows = names
		}
		return listener.Start(ctx, o)
	}
	var all []*listener.Listener
	closeAll := func() {
		for _, one := range all {
			_ = one.Close() // what a listener missed is in the engine's gauges
		}
	}
	// Each tenant that executes has as many listeners.
	for i := range t.Setup.Listeners * len(tenants) {
		one, err := join(i)
		if err != nil {
			stop()
			closeAll()
			return nil, err
		}
		all = append(all, one)
	}
	ended := make(chan struct{})
	var refused error
	go func() {
		defer close(ended)
		if t.Setup.Late == 0 {
			return
		}
		ticker := time.NewTicker((l.Plan.Warmup + 2*l.Plan.Stay) / time.Duration(t.Setup.Late))
		defer ticker.Stop()
		for i := range t.Setup.Late {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			switch one, err := join(i); {
			case err == nil:
				all = append(all, one)
			case ctx.Err() == nil: // not because the load is over
				refused = errors.Join(refused, fmt.Errorf("late listener %d: %w", i+1, err))
			}
		}
	}()
	return func() error { stop(); <-ended; closeAll(); return refused }, nil
}
