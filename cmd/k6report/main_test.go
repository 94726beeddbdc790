package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6gen"
)

// TestMain puts the program itself on PATH, and what its examples need beside
// it: all of them are this test binary under another name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"k6report": main,
		"fakek6":   func() { os.Exit(fakeK6(os.Args[1:])) },
		"killat":   func() { os.Exit(killAt(os.Args[1:])) },
		"zcat":     zcat,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		Condition:          toolCondition,
		Setup: func(e *testscript.Env) error {
			e.Values[influxdKey{}] = new(*influxtest.Server)
			if err := clearEnvironment(e); err != nil {
				return err
			}
			e.Values[serverKey] = new(*gitlabtest.Server)
			return putK6(filepath.Join(e.WorkDir, "bin"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gen":       genCommand,
			"gitlab":    gitlabCommand,
			"plant":     plantCommand,
			"made":      madeCommand,
			"keep":      keepCommand,
			"history":   historyCommand,
			"commit":    commitCommand,
			"status":    statusCommand,
			"files":     filesCommand,
			"schema":    schemaCommand,
			"ascii":     asciiCommand,
			"touch":     touchCommand,
			"engine":    engineCommand,
			"influxd":   influxdCommand,
			"influxdb2": twoCommand,
			"points":    pointsCommand,
		},
	})
}

// endAtOnce keeps a program under the race detector from sleeping a second
// when it ends.
const endAtOnce = "GORACE=atexit_sleep_ms=0"

// clearEnvironment keeps the settings of whoever runs the tests out of them.
func clearEnvironment(e *testscript.Env) error {
	e.Vars = slices.DeleteFunc(e.Vars, func(v string) bool {
		return strings.HasPrefix(v, environmentPrefix) || strings.HasPrefix(v, "K6_") || strings.HasPrefix(v, "INFLUX_") || strings.HasPrefix(v, "NO_COLOR=") ||
			strings.HasPrefix(v, "CI_") || strings.HasPrefix(v, "GITLAB") || strings.HasPrefix(v, "GITHUB_") || strings.HasPrefix(v, "GH_")
	})
	e.Vars = append(e.Vars, endAtOnce)
	return nil
}

// statusCommand is exec for a program that ends with a given code:
// status CODE PROGRAM ARGS...
func statusCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// filesCommand says what a folder holds, all of it and nothing else, below it
// too; a folder that is not there holds nothing: files DIR NAME...
func filesCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: files DIR NAME...")
	}
	got, err := filesBelow(ts.MkAbs(args[0]))
	ts.Check(err)
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

// filesOfARun are what k6report run leaves besides pictures, sorted.
func filesOfARun() []string {
	names := []string{samplesFile, summaryFile, planFile, executionFile, logFile}
	for _, f := range formats() {
		names = append(names, f.may...)
	}
	names = withoutPictures(names)
	slices.Sort(names)
	return names
}

// withoutPictures leaves out files of which there are as many as there is to be
// drawn.
func withoutPictures(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return path.Base(path.Dir(name)) == chartsFolder })
}

func filesBelow(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	slices.Sort(names)
	return names, err
}

// schemaCommand holds a file (or stdout) against the published schema.
func schemaCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: schema FILE")
	}
	ts.Check(checkSchema([]byte(ts.ReadFile(args[0]))))
}

func checkSchema(document []byte) error {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// asciiCommand says that a file (or stdout) holds seven bits, or with ! more.
func asciiCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: ascii FILE")
	}
	at := strings.IndexFunc(ts.ReadFile(args[0]), func(c rune) bool { return c > 0x7e || c < ' ' && c != '\n' })
	if at >= 0 != neg {
		ts.Fatalf("the first character that is not ASCII is at %d", at)
	}
}

// touchCommand sets when a file was last written: touch TIME FILE.
func touchCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: touch TIME FILE")
	}
	at, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	ts.Check(os.Chtimes(ts.MkAbs(args[1]), at, at))
}

// generated is a made-up run in k6 JSON.
type generated struct {
	seconds    int
	rate       float64
	seed       uint64
	threshold  string // of http_req_duration
	components bool
	testid     string // a tag of all samples; "" for none
	group      string // of the requests to endpoint_1
}

func (g generated) write(w io.Writer) error {
	var head bytes.Buffer
	o := k6gen.Options{
		Seed: g.seed, Start: time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC),
		Duration: time.Duration(g.seconds) * time.Second, Rate: g.rate, Endpoints: 3, Components: g.components,
	}
	if g.threshold == "" && g.testid == "" && g.group == "" {
		_, err := k6gen.Write(w, o)
		return err
	}
	if _, err := k6gen.Write(&head, o); err != nil {
		return err
	}
	written := head.Bytes()
	if g.threshold != "" {
		none := `"name":"http_req_duration","type":"trend","contains":"time","thresholds":[`
		written = bytes.Replace(written, []byte(none), []byte(none+strconv.Quote(g.threshold)), 1)
	}
	if g.testid != "" {
		written = bytes.ReplaceAll(written, []byte(`"tags":{"`), []byte(`"tags":{"testid":`+strconv.Quote(g.testid)+`,"`))
	}
	if g.group != "" {
		const behind = `,"method":"GET","name":"endpoint_1"`
		written = bytes.ReplaceAll(written, []byte(`"group":""`+behind), []byte(`"group":`+strconv.Quote(g.group)+behind))
	}
	_, err := w.Write(written)
	return err
}

// writeFile writes the run into a file, compressed when its name says so.
func (g generated) writeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if !strings.HasSuffix(path, ".gz") {
		return errors.Join(g.write(f), f.Close())
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(g.write(z), z.Close(), f.Close())
}

// genCommand makes up a run: gen [flags] FILE.
func genCommand(ts *testscript.TestScript, neg bool, args []string) {
	var g generated
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	flags.SetOutput(ts.Stderr())
	flags.IntVar(&g.seconds, "seconds", 3, "")
	flags.Float64Var(&g.rate, "rate", 40, "")
	flags.Uint64Var(&g.seed, "seed", 1, "")
	flags.StringVar(&g.threshold, "threshold", "", "")
	flags.BoolVar(&g.components, "components", false, "")
	flags.StringVar(&g.testid, "testid", "", "")
	flags.StringVar(&g.group, "group", "", "")
	ts.Check(flags.Parse(args))
	if neg || flags.NArg() != 1 {
		ts.Fatalf("usage: gen [flags] FILE")
	}
	ts.Check(g.writeFile(ts.MkAbs(flags.Arg(0))))
}

// zcat prints what is in a gzip file, as the program in an example does.
func zcat() {
	err := func() error {
		f, err := os.Open(os.Args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, z)
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
